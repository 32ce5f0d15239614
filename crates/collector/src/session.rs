//! A site's call: requests from elsewhere first, then the next poll, and what is read is kept before more is read.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use carrier::{clock_now, due};
use exchange::{CallEnd, Visit};
use gateway::AskError;
use modbus::UnitId;
use modbus::master::{Failure, Full, Master, Outcome, Output, Question, Ticket};
use modbus::pdu::{AnswerError, Exception, Response};
use store::{Refused, SampleBatch, SampleRow, SampleValue, Storing, quality};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::collector::Collector;
use crate::config::{AfterPoll, Framing, Shelf};
use crate::limits;
use crate::plan::Block;
use crate::point::Point;
use crate::quantity::kept;
use crate::site::{Answered, Letter, Presence, Site};
use crate::station;
use crate::text::{Field, Lines};
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
            session.say_what_is_lost();
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

/// Samples on their way to the disk.
pub(crate) struct Keeping {
    batch: SampleBatch,
    storing: Option<Storing>,
    again: Instant,
}

impl Keeping {
    pub(crate) fn new(house: &Collector, batch: SampleBatch) -> Self {
        let mut keeping = Self { batch, storing: None, again: Instant::now() };
        keeping.try_it(house);
        keeping
    }

    /// Which ones.
    pub(crate) fn samples(&self) -> &[SampleRow] {
        &self.batch.samples
    }

    fn try_it(&mut self, house: &Collector) {
        match house.store().put_samples(self.batch.clone()) {
            Ok(storing) => self.storing = Some(storing),
            Err(why) => self.failed(why),
        }
    }

    fn failed(&mut self, why: Refused) {
        tracing::warn!(site = %self.batch.site, "samples can't be kept now: {why}");
        self.storing = None;
        self.again = Instant::now() + limits::AGAIN;
    }

    /// Ready when they are kept. Dropped early, it can be called again.
    pub(crate) async fn kept(&mut self, house: &Collector) {
        loop {
            if let Some(storing) = &mut self.storing {
                match storing.await {
                    Ok(_) => return,
                    Err(why) => self.failed(why),
                }
            }
            tokio::time::sleep_until(self.again).await;
            self.try_it(house);
        }
    }
}

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

/// A poll of all points.
#[derive(Default)]
struct Round {
    blocks: VecDeque<Block>,
    /// Blocks as they were answered.
    shape: Vec<Block>,
    samples: Vec<SampleRow>,
    /// Units that have just given no answer: the others needn't wait for them again and again.
    silent: Vec<UnitId>,
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
        let master = Master::new(shelf.config.settings());
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
                        self.site.set_latest(&keeping.batch.samples);
                        judge(self.house, self.site, &self.shelf, &keeping.batch.samples).await;
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
        let Some(block) = round.blocks.pop_front() else {
            self.end_round();
            return true;
        };
        match block.request() {
            Some(request) if !round.silent.contains(&block.unit) => {
                let Block { unit, dialect, .. } = block;
                self.asked = Some(Asked::Block(block));
                self.order(unit, Question::Known(request, dialect));
            }
            _ => round.nothing(&self.shelf, block, quality::SILENT),
        }
        true
    }

    fn order(&mut self, unit: UnitId, question: Question) {
        let ordered = self.master.order(clock_now(), Ticket(0), unit, question, &mut self.desk);
        if ordered.is_err() {
            // It can't be: there is one question at a time.
            self.desk.done.push_back(Outcome::Failed(Failure::Closed));
        }
    }

    fn answered(&mut self, outcome: Outcome) {
        let answered = matches!(outcome, Outcome::Answer(_) | Outcome::Said);
        self.site.count(if answered { Answered::Yes } else { Answered::No });
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
        let blocks = self.site.blocks(&self.shelf).into();
        self.round = Some(Round { blocks, ..Round::default() });
    }

    fn end_round(&mut self) {
        let Some(round) = self.round.take() else { return };
        self.points = Points::Read;
        self.site.remember(&self.shelf, round.shape);
        if round.samples.is_empty() {
            return;
        }
        self.keeping = Some(Keeping::new(self.house, batch(self.site, round.samples)));
    }

    fn say_what_is_lost(&mut self) {
        self.letters.drain(..).for_each(Letter::give_back);
        let unkept = self.keeping.as_ref().filter(|keeping| keeping.storing.is_none());
        if let Some(keeping) = unkept {
            let (site, samples) = (self.site.name(), keeping.batch.samples.len());
            tracing::error!(site, samples, "the store has taken nothing until the call ended");
        }
    }
}

/// Tells which points are beyond their limits, and which aren't any more.
async fn judge(house: &Collector, site: &Site, shelf: &Shelf, samples: &[SampleRow]) {
    for sample in samples {
        let gauge = shelf.gauge(&sample.point);
        if let (Some(gauge), SampleValue::Number(number)) = (gauge, &sample.value) {
            house.judge(site, &gauge, *number).await;
        }
    }
}

fn batch(site: &Site, samples: Vec<SampleRow>) -> SampleBatch {
    SampleBatch { site: site.name().to_owned(), source: String::new(), samples }
}

impl Round {
    fn take(&mut self, shelf: &Shelf, block: Block, outcome: &Outcome) {
        let pdu = match outcome {
            Outcome::Answer(pdu) => pdu,
            Outcome::Failed(Failure::Silent) => {
                self.silent.push(block.unit);
                return self.nothing(shelf, block, quality::SILENT);
            }
            Outcome::Said | Outcome::Failed(_) => return self.shape.push(block),
        };
        let Some(request) = block.request() else { return };
        match request.accept(pdu, block.dialect) {
            Ok(response) => {
                let now = SystemTime::now();
                for at in &block.points {
                    let Some(point) = shelf.points.get(*at) else { continue };
                    let value = value(point, &block, &response);
                    self.samples.push(sample(point, now, value));
                }
                self.shape.push(block);
            }
            Err(AnswerError::Exception(
                Exception::IllegalDataAddress | Exception::IllegalDataValue,
            )) => match block.halves(&shelf.points) {
                Some([low, high]) => {
                    self.blocks.push_front(high);
                    self.blocks.push_front(low);
                }
                None => self.nothing(shelf, block, quality::REFUSED),
            },
            Err(AnswerError::Exception(_)) => self.nothing(shelf, block, quality::REFUSED),
            Err(AnswerError::Malformed(_) | AnswerError::Other) => {
                self.nothing(shelf, block, quality::BAD);
            }
        }
    }

    /// Nothing is known of a block's points: that is kept, too.
    fn nothing(&mut self, shelf: &Shelf, block: Block, quality: u8) {
        let now = SystemTime::now();
        let points = block.points.iter().filter_map(|at| shelf.points.get(*at));
        self.samples.extend(
            points.map(|point| SampleRow { quality, ..sample(point, now, SampleValue::None) }),
        );
        self.shape.push(block);
    }
}

/// What a point's part of an answer says. What makes no sense is nothing.
fn value(point: &Point, block: &Block, response: &Response) -> SampleValue {
    let from = usize::from(point.address.number - block.first.number);
    match response {
        Response::ReadCoils(bits) | Response::ReadDiscreteInputs(bits) => {
            let bit = u16::try_from(from).ok().and_then(|from| bits.get(from));
            bit.map_or(SampleValue::None, |on| SampleValue::Number(f64::from(u8::from(on))))
        }
        Response::ReadHoldingRegisters(words) | Response::ReadInputRegisters(words) => {
            let from = from * usize::from(block.dialect.words());
            let words = words.get(from..from + usize::from(point.words()));
            let reading = words.and_then(|words| point.meaning.read(words).ok());
            reading.map_or(SampleValue::None, |reading| kept(&reading.value))
        }
        _ => SampleValue::None,
    }
}

fn sample(point: &Point, at: SystemTime, value: SampleValue) -> SampleRow {
    let quality = if value == SampleValue::None { quality::BAD } else { quality::GOOD };
    SampleRow { point: point.name.clone(), seq: 0, at, value, quality }
}

/// Listens to a site that pushes lines.
async fn listen(
    house: &Collector,
    site: &Arc<Site>,
    visit: &mut Visit<'_>,
    presence: &mut Presence,
) -> CallEnd {
    let mut buffer = [0; limits::READ];
    let mut lines = Lines::default();
    let (mut second, mut said) = (Instant::now(), 0);
    loop {
        let count = tokio::select! {
            heard = visit.receive(&mut buffer) => match heard {
                Ok(0) => return CallEnd::CallerHungUp,
                Ok(count) => count,
                Err(end) => return end,
            },
            letter = presence.inbox.recv() => match letter {
                // Who asks is told that nobody answers.
                Some(_) => continue,
                // A newer call of the site has come, or nobody has the site any more.
                None => return site.why_over(),
            },
        };
        let heard = buffer.get(..count).unwrap_or_default();
        site.trace(Passed::Heard(heard.to_vec()));
        let shelf = site.shelf();
        let mut samples = Vec::new();
        lines.push(heard, |line| {
            said += 1;
            let found = shelf.config.lines.0.iter().find_map(|pattern| pattern.0.read(line));
            match found {
                Some(fields) => samples.extend(fields.into_iter().map(pushed)),
                None => tracing::debug!(site = site.name(), "a line that no pattern describes"),
            }
        });
        if !samples.is_empty() {
            // It isn't listened to until that is kept: the call holds back what it still wants to say.
            let mut keeping = Keeping::new(house, batch(site, samples));
            keeping.kept(house).await;
            site.set_latest(&keeping.batch.samples);
            judge(house, site, &shelf, &keeping.batch.samples).await;
        }
        if said > limits::LINES {
            tokio::time::sleep_until(second + Duration::from_secs(1)).await;
        }
        if second.elapsed() >= Duration::from_secs(1) {
            (second, said) = (Instant::now(), 0);
        }
    }
}

fn pushed((point, field): (String, Field)) -> SampleRow {
    let (value, quality) = match field {
        Field::Number(number) => (SampleValue::Number(number), quality::GOOD),
        Field::Text(text) => (SampleValue::Text(text), quality::GOOD),
        Field::Bad => (SampleValue::None, quality::BAD),
    };
    SampleRow { point, seq: 0, at: SystemTime::now(), value, quality }
}
