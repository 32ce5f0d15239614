//! A site's call: requests from elsewhere first, then the next poll, and what is read is kept before more is read.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use carrier::{clock_now, due};
use exchange::{CallEnd, Visit};
use gateway::AskError;
use modbus::UnitId;
use modbus::master::{Failure, Full, Master, Outcome, Output, Question, Ticket};
use store::{SampleBatch, SampleRow};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::collector::Collector;
use crate::config::{AfterPoll, Framing, Shelf};
use crate::keeping::Keeping;
use crate::limits;
use crate::listen::listen;
use crate::plan::Block;
use crate::round::Round;
use crate::site::{Answered, Letter, Presence, Site};
use crate::station;
use crate::trace::Passed;

/// Serves a site's call until it ends.
pub(crate) async fn serve(house: &Collector, site: &Arc<Site>, mut visit: Visit<'_>) -> CallEnd {
    let mut presence = site.arrive(visit.from(), visit.id().to_string());
    let shelf = Arc::clone(&presence.shelf);
    house.has_called(site);
    let end = match shelf.config.framing {
        Framing::Text => listen(house, site, &mut visit, &mut presence).await,
        Framing::Station => station::serve(house, site, &mut visit, &mut presence).await,
        _ => {
            let mut session = Session::new(house, site, shelf, visit, presence);
            let end = session.run().await;
            session.keep_the_rest().await;
            presence = session.presence;
            end
        }
    };
    drop(presence);
    site.trace(Passed::Ended(end.words().to_owned()));
    house.has_left(site);
    end
}

/// However often points are wanted, a site has time for somebody else's questions.
const LEAST_POLL: Duration = Duration::from_millis(100);

struct Session<'a> {
    house: &'a Collector,
    site: &'a Arc<Site>,
    shelf: Arc<Shelf>,
    visit: Visit<'a>,
    presence: Presence,
    master: Master,
    desk: Desk,
    letters: Vec<Letter>,
    asked: Option<Asked>,
    round: Option<Round>,
    next_round: Instant,
    points: Points,
    keeping: Option<Keeping>,
    changes: watch::Receiver<u64>,
}

/// What the master says.
#[derive(Default)]
struct Desk {
    send: Vec<u8>,
    done: VecDeque<Outcome>,
}

impl Output for Desk {
    fn send(&mut self, frame: &[u8]) {
        self.send.extend_from_slice(frame);
    }

    fn done(&mut self, _: Ticket, outcome: Outcome) {
        // There is one question at a time.
        self.done.push_back(outcome);
    }
}

enum Asked {
    Letter(Letter),
    Block(Block),
}

/// Whether the points were read in this call, as they are configured now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Points {
    Unread,
    Read,
}

/// What has happened.
enum News {
    Letter(Option<Letter>),
    Heard(Result<usize, CallEnd>),
    Timeout,
    Poll,
    Kept,
    /// What is configured of the site has changed.
    Changed,
}

impl<'a> Session<'a> {
    fn new(
        house: &'a Collector,
        site: &'a Arc<Site>,
        shelf: Arc<Shelf>,
        visit: Visit<'a>,
        presence: Presence,
    ) -> Self {
        // What was asked over the call before may be answered over this one.
        let master = Master::new(shelf.config.settings()).behind(clock_now(), site.owing());
        Self {
            house,
            site,
            shelf,
            visit,
            presence,
            master,
            desk: Desk::default(),
            letters: Vec::new(),
            asked: None,
            round: None,
            next_round: Instant::now(),
            points: Points::Unread,
            keeping: None,
            changes: site.changes(),
        }
    }

    async fn run(&mut self) -> CallEnd {
        let mut buffer = [0; limits::READ];
        loop {
            if let Err(end) = self.go_on().await {
                return end;
            }
            if self.is_over() {
                return CallEnd::ProgramEnded;
            }
            match self.news(&mut buffer).await {
                News::Letter(Some(letter)) => self.put(letter),
                // A newer call of the site has come, or nobody has the site any more.
                News::Letter(None) => return self.site.why_over(),
                News::Heard(Ok(0)) => return CallEnd::CallerHungUp,
                News::Heard(Ok(count)) => {
                    let bytes = buffer.get(..count).unwrap_or_default();
                    self.site.trace(Passed::Heard(bytes.to_vec()));
                    if let Err(error) = self.master.input(clock_now(), bytes, &mut self.desk) {
                        tracing::warn!(site = self.site.name(), "the call makes no sense: {error}");
                        return CallEnd::LineLost;
                    }
                }
                News::Heard(Err(end)) => return end,
                News::Timeout => self.master.timeout(clock_now(), &mut self.desk),
                News::Poll => self.begin_round(),
                News::Changed => self.change(),
                News::Kept => {
                    if let Some(keeping) = self.keeping.take() {
                        let samples = keeping.samples();
                        self.house.have_kept(self.site, &self.shelf, samples).await;
                    }
                }
            }
        }
    }

    async fn news(&mut self, buffer: &mut [u8]) -> News {
        let timeout = due(self.master.deadline());
        let idle = self.round.is_none() && self.keeping.is_none();
        let (house, keeping) = (self.house, &mut self.keeping);
        let kept = async {
            match keeping {
                Some(keeping) => keeping.kept(house).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            letter = self.presence.inbox.recv() => News::Letter(letter),
            heard = self.visit.receive(buffer) => News::Heard(heard),
            () = timeout => News::Timeout,
            () = kept => News::Kept,
            () = tokio::time::sleep_until(self.next_round), if idle => News::Poll,
            // Not while a round reads the points that there were.
            Ok(()) = self.changes.changed(), if idle => News::Changed,
        }
    }

    /// Goes by what is configured now: points are read at once, and what is written to who may. How the site is spoken to
    /// stays as it is until its next call.
    fn change(&mut self) {
        let fresh = self.site.shelf();
        if fresh.config.framing != self.shelf.config.framing {
            return tracing::info!(
                site = self.site.name(),
                "speaks otherwise from its next call on"
            );
        }
        if fresh.points != self.shelf.points {
            (self.next_round, self.points) = (Instant::now(), Points::Unread);
        }
        let every = fresh.config.poll.0.max(LEAST_POLL);
        self.next_round = self.next_round.min(Instant::now() + every);
        self.shelf = fresh;
    }

    /// Whether all is done for which the call was.
    fn is_over(&self) -> bool {
        let rests = self.round.is_none() && self.keeping.is_none() && self.asked.is_none();
        self.shelf.config.after_poll == AfterPoll::HangUp
            && rests
            && self.letters.is_empty()
            && self.points == Points::Read
            && !self.site.is_wishing()
    }

    /// Whoever asks when as many wait as may is told so at once.
    fn put(&mut self, letter: Letter) {
        self.letters.retain(|letter| !letter.answer.is_closed());
        if self.letters.len() < limits::LETTERS {
            return self.letters.push(letter);
        }
        // Who has left doesn't want to know.
        let _ = letter.answer.send(Err(AskError::Full(Full)));
    }

    /// Sends what is to be sent, takes what has come, and asks the next question.
    async fn go_on(&mut self) -> Result<(), CallEnd> {
        loop {
            if !self.desk.send.is_empty() {
                let frame = std::mem::take(&mut self.desk.send);
                self.visit.send(&frame).await?;
                self.site.trace(Passed::Said(frame));
            } else if let Some(outcome) = self.desk.done.pop_front() {
                self.answered(outcome);
            } else if self.asked.is_some() || !self.ask_next() {
                return Ok(());
            }
        }
    }

    /// Asks the next question; false if there is none.
    fn ask_next(&mut self) -> bool {
        self.letters.retain(|letter| !letter.answer.is_closed());
        let first = self.letters.iter().enumerate();
        // Of equals the first.
        if let Some((at, _)) = first.min_by_key(|(_, letter)| std::cmp::Reverse(letter.priority)) {
            let letter = self.letters.remove(at);
            let (unit, question) = (letter.unit, letter.question.clone());
            self.asked = Some(Asked::Letter(letter));
            self.order(unit, question);
            return true;
        }
        let Some(round) = &mut self.round else { return false };
        let Some((block, request)) = round.next(&self.shelf) else {
            self.end_round();
            return true;
        };
        let Block { unit, dialect, .. } = block;
        self.asked = Some(Asked::Block(block));
        self.order(unit, Question::Known(request, dialect));
        true
    }

    fn order(&mut self, unit: UnitId, question: Question) {
        let ordered = self.master.order(clock_now(), Ticket(0), unit, question, &mut self.desk);
        if ordered.is_err() {
            // It can't be: there is one question at a time.
            self.desk.done.push_back(Outcome::Failed(Failure::Closed));
        }
        self.site.set_owing(self.master.owing(clock_now()));
    }

    fn answered(&mut self, outcome: Outcome) {
        let answered = matches!(outcome, Outcome::Answer(_) | Outcome::Said);
        self.site.count(if answered { Answered::Yes } else { Answered::No });
        self.site.set_owing(self.master.owing(clock_now()));
        match self.asked.take() {
            Some(Asked::Letter(letter)) => {
                // Who has left doesn't want to know.
                let _ = letter.answer.send(Ok(outcome));
            }
            Some(Asked::Block(block)) => {
                if let Some(round) = &mut self.round {
                    round.take(&self.shelf, block, &outcome);
                }
            }
            None => {}
        }
    }

    fn begin_round(&mut self) {
        let every = self.shelf.config.poll.0.max(LEAST_POLL);
        self.next_round = Instant::now() + every;
        let mut known = self.site.known(&self.shelf);
        if self.points == Points::Unread {
            known.ask_all();
        }
        self.round = Some(Round::new(known, clock_now()));
    }

    fn end_round(&mut self) {
        let Some(round) = self.round.take() else { return };
        self.points = Points::Read;
        let (known, samples) = round.end();
        if let Some(borders) = self.site.remember(&self.shelf, known) {
            self.house.put_down_borders(self.site, borders);
        }
        if !samples.is_empty() {
            self.keeping = Some(Keeping::new(self.house, batch(self.site, samples)));
        }
    }

    /// What was read before the call ended is kept, also of a poll in which not everything was asked.
    async fn keep_the_rest(&mut self) {
        self.letters.drain(..).for_each(Letter::give_back);
        if let Some(keeping) = self.keeping.take() {
            self.house.keep_last(self.site, &self.shelf, keeping).await;
        }
        let samples = self.round.take().map(Round::into_samples).unwrap_or_default();
        if !samples.is_empty() {
            let keeping = Keeping::new(self.house, batch(self.site, samples));
            self.house.keep_last(self.site, &self.shelf, keeping).await;
        }
    }
}

fn batch(site: &Site, samples: Vec<SampleRow>) -> SampleBatch {
    SampleBatch { site: site.name().to_owned(), source: String::new(), samples }
}
