//! What is to be asked of a site later: carried out while it is on the line, the most urgent first.
//!
//! A wish that writes is noted as being sent before it is: whoever is killed after that finds the note, and doesn't write
//! twice. A station knows the note's mark again and says what came of it, in whichever call; of anybody else nobody knows
//! any more, and the wish ends as `unknown`.
//!
//! ```text
//!             noted            answered
//!   waiting ────────► sending ──────────► done, failed
//!      ▲                 │  └─ the call, or the centre, ended: a station is asked again; else ──► unknown
//!      └─ never sent ────┘
//! ```
//!
//! What was sent goes before everything else of its site, so that a station need remember one mark at a time. A configuration
//! is sent again without such care: a station that has taken it says so, and takes it once.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use store::{OpenWish, Sending, Store, StoreError, WishRow};
use telemetry::Mark;
use tokio::time::Instant;

use crate::ask::{Ask, Writing};
use crate::collector::{Answer, Doubt, OrderError, Shared};
use crate::config::Framing;
use crate::owed::News;
use crate::site::Site;
use crate::terms::Turn;

/// What has become of a wish.
enum Fate {
    /// It waits on, and so do the others.
    Waits,
    /// It has ended without this.
    Ended,
    /// This, and in words.
    Over(&'static str, String),
}

impl Fate {
    fn of(answer: Result<Answer, OrderError>) -> Self {
        match answer {
            Ok(answer) => Self::Over("done", answer.to_string()),
            Err(error) => Self::Over("failed", error.to_string()),
        }
    }
}

/// What is to be done with a wish.
enum Step {
    Ask(WishRow),
    /// It was sent, its time is over, and nobody has said what came of it.
    GiveUp(WishRow),
}

impl Shared {
    /// Carries out what waits for a site that is on the line, and gives up what can't be known any more.
    pub(crate) fn wish(self: &Arc<Self>, site: &Arc<Site>) {
        if !site.begin_wishing() {
            return;
        }
        let (shared, site) = (Arc::clone(self), Arc::clone(site));
        // Whoever asks may do so on threads that end before ours.
        self.runtime.spawn(async move {
            loop {
                shared.grant(&site).await;
                if site.end_wishing() {
                    return;
                }
            }
        });
    }

    /// One after the other: what is more urgent and has come meanwhile goes first.
    async fn grant(&self, site: &Arc<Site>) {
        while let Some(step) = self.step(site).await {
            let goes_on = match step {
                Step::Ask(wish) => self.carry_out_wish(site, wish).await,
                Step::GiveUp(wish) => self.give_up(wish).await,
            };
            *site.under_way().await = None;
            if !goes_on {
                return;
            }
        }
    }

    /// What is to be done next, if there is something. From then on nobody can take it back.
    async fn step(&self, site: &Site) -> Option<Step> {
        let mut under_way = site.under_way().await;
        let (name, owed) = (site.name().to_owned(), Arc::clone(&self.owed));
        let wishes = self.disk(move |store| {
            owed.tell_again(&store)?;
            store.wishes(&name)
        });
        let step = match wishes.await {
            Ok(wishes) => self.choose(site, wishes)?,
            Err(error) => {
                tracing::error!(
                    site = site.name(),
                    "what waits for it can't be looked up: {error}"
                );
                return None;
            }
        };
        let (Step::Ask(wish) | Step::GiveUp(wish)) = &step;
        *under_way = Some(wish.id);
        Some(step)
    }

    fn choose(&self, site: &Site, wishes: Vec<WishRow>) -> Option<Step> {
        let (sent, waiting): (Vec<_>, Vec<_>) =
            wishes.into_iter().partition(|wish| wish.sending.is_some());
        let on_line = site.is_on_line();
        for wish in sent {
            if self.turn(&OpenWish::from(&wish)) == Turn::Over {
                return Some(Step::GiveUp(wish));
            }
            if on_line {
                return Some(Step::Ask(wish));
            }
        }
        let mut waiting = waiting.into_iter().filter(|_| on_line);
        waiting.find(|wish| self.turn(&OpenWish::from(wish)) == Turn::Now).map(Step::Ask)
    }

    fn turn(&self, wish: &OpenWish) -> Turn {
        let mut terms = self.terms.lock().unwrap_or_else(PoisonError::into_inner);
        terms.turn(wish, (Instant::now(), SystemTime::now()))
    }

    /// False: it waits on, and so do the others.
    async fn carry_out_wish(&self, site: &Arc<Site>, wish: WishRow) -> bool {
        let fate = match wish.text.parse::<Ask>() {
            Err(error) => Fate::Over("failed", error.to_string()),
            // What can't be told later doesn't happen.
            Ok(ask) if ask.write.is_some() && !self.keeps_record() => Fate::Waits,
            Ok(ask) => match ask.writing(site) {
                Ok(Some(writing)) => self.write(site, &wish, &ask, &writing).await,
                Ok(None) => self.perform(site, &wish, &ask).await,
                // It could be written when it was sent.
                Err(_) if wish.sending.is_some() => self.doubt(&wish, Doubt::CallEnded),
                Err(error) => self.ended(site, &wish, &ask, Err(error)),
            },
        };
        match fate {
            Fate::Waits => false,
            Fate::Ended => true,
            Fate::Over(state, answer) => self.end(wish, state, answer).await,
        }
    }

    async fn perform(&self, site: &Site, wish: &WishRow, ask: &Ask) -> Fate {
        match ask.perform(site, wish.priority).await {
            Err(OrderError::Away(_) | OrderError::Busy) => Fate::Waits,
            answer => self.ended(site, wish, ask, answer),
        }
    }

    async fn write(&self, site: &Site, wish: &WishRow, ask: &Ask, writing: &Writing) -> Fate {
        let (id, priority) = (wish.id, wish.priority);
        let sending = match (&wish.sending, site.speaks()) {
            (Some(sending), Some(Framing::Station)) if sending.mark.is_some() => sending.clone(),
            (Some(sending), None) if sending.mark.is_some() => return Fate::Waits,
            // Who is there now knows nothing of it.
            (Some(_), _) => return self.doubt(wish, Doubt::CallEnded),
            (None, None) => return Fate::Waits,
            (None, Some(framing)) => {
                let mark = (framing == Framing::Station).then(number);
                let sending = Sending { mark, old: writing.old(site, priority).await };
                let note = sending.clone();
                let noted = self.disk(move |store| store.send_wish(id, Some(note))).await;
                match noted {
                    Ok(true) => sending,
                    // Its time was over while the old value was read, and that has been noted.
                    Ok(false) => return Fate::Ended,
                    Err(error) => {
                        tracing::error!(site = site.name(), wish = id, "it isn't sent: {error}");
                        return Fate::Waits;
                    }
                }
            }
        };
        match writing.send(site, priority, sending.mark.map(Mark)).await {
            Ok(()) => {
                let answer = Ok(writing.written(site, priority, sending.old).await);
                self.ended(site, wish, ask, answer)
            }
            Err(OrderError::Away(_) | OrderError::Busy) => {
                if wish.sending.is_none() {
                    self.owe(id, News::NotSent).await;
                }
                Fate::Waits
            }
            Err(OrderError::Unknown(Doubt::CallEnded)) if sending.mark.is_some() => Fate::Waits,
            Err(OrderError::Unknown(doubt)) => {
                let wish = WishRow { sending: Some(sending), ..wish.clone() };
                self.doubt(&wish, doubt)
            }
            Err(error) => self.ended(site, wish, ask, Err(error)),
        }
    }

    /// This has come of it, and goes on record.
    fn ended(
        &self,
        site: &Site,
        wish: &WishRow,
        ask: &Ask,
        answer: Result<Answer, OrderError>,
    ) -> Fate {
        self.note(site, ask, &answer, &wish.who);
        Fate::of(answer)
    }

    /// Nobody knows what came of it, and nobody will.
    fn doubt(&self, wish: &WishRow, doubt: Doubt) -> Fate {
        let ask = wish.text.parse().map_or_else(|_| wish.text.clone(), |ask: Ask| ask.summary());
        let old = wish.sending.as_ref().map_or(crate::ask::UNKNOWN, |sending| &sending.old);
        self.note_doubt(&wish.site, (ask, wish.who.clone()), old, doubt);
        Fate::Over("unknown", OrderError::Unknown(doubt).to_string())
    }

    async fn give_up(&self, wish: WishRow) -> bool {
        match self.doubt(&wish, Doubt::NoCall) {
            Fate::Over(state, answer) => self.end(wish, state, answer).await,
            Fate::Waits | Fate::Ended => true,
        }
    }

    /// Writes down what came of a wish; false: it can't be yet.
    async fn end(&self, wish: WishRow, state: &'static str, answer: String) -> bool {
        tracing::info!(site = wish.site, wish = wish.id, state, "{}", wish.text);
        self.owe(wish.id, News::Ended(state, answer)).await
    }

    /// Tells the store what has become of a wish; false: it takes nothing, and is told again.
    async fn owe(&self, id: i64, news: News) -> bool {
        let owed = Arc::clone(&self.owed);
        let told = self.disk(move |store| owed.tell(&store, id, news)).await;
        if let Err(error) = &told {
            tracing::error!(wish = id, "what came of it can't be written down yet: {error}");
        }
        told.is_ok()
    }

    /// Ends what an earlier instance was sending to sites that don't know marks. Waits for the disk.
    pub(crate) fn settle_sent(&self, sites: &HashMap<String, Arc<Site>>) {
        let sent = match self.store().sent_wishes() {
            Ok(sent) => sent,
            Err(error) => return tracing::warn!("what was sent to sites can't be read: {error}"),
        };
        for wish in sent {
            let Some(site) = sites.get(&wish.site) else { continue };
            let known = wish.sending.as_ref().is_some_and(|sending| sending.mark.is_some())
                && site.shelf().config.framing == Framing::Station;
            if !known
                && let Fate::Over(state, answer) = self.doubt(&wish, Doubt::CentreEnded)
                && let Err(error) =
                    self.owed.tell(self.store(), wish.id, News::Ended(state, answer))
            {
                tracing::error!("what came of a wish can't be written down yet: {error}");
            }
        }
    }

    /// Looks which wishes are due, and which can't wait any longer.
    ///
    /// # Errors
    /// The store can't be used now.
    pub(crate) async fn look_at_wishes(self: &Arc<Self>) -> Result<(), StoreError> {
        let owed = Arc::clone(&self.owed);
        let open = self.disk(move |store| {
            owed.tell_again(&store)?;
            store.open_wishes()
        });
        let open = open.await?;
        self.terms.lock().unwrap_or_else(PoisonError::into_inner).keep_only(&open);
        let mut over = Vec::new();
        for wish in open {
            let (site, turn) = (self.site(&wish.site), self.turn(&wish));
            match (turn, wish.sent, site) {
                (Turn::Over, false, site) => {
                    let under_way = match site {
                        Some(site) => *site.under_way().await,
                        None => None,
                    };
                    // What is under way has its turn, however long that takes.
                    if under_way != Some(wish.id) {
                        over.push(wish.id);
                    }
                }
                (Turn::Over, true, None) => self.give_up_gone(wish.id).await?,
                (Turn::Over, true, Some(site)) => self.wish(&site),
                (Turn::Now, _, Some(site)) if site.is_on_line() => self.wish(&site),
                _ => {}
            }
        }
        match over.is_empty() {
            true => Ok(()),
            false => self.disk(move |store| store.expire_wishes(over)).await,
        }
    }

    /// Of a site that nobody has any more.
    async fn give_up_gone(&self, id: i64) -> Result<(), StoreError> {
        let wish = self.disk(move |store| store.wish(id)).await?;
        if let Some(wish) = wish.filter(|wish| wish.state == "sending") {
            self.give_up(wish).await;
        }
        Ok(())
    }

    /// Away from the tasks, since it waits for the disk.
    pub(crate) async fn disk<T: Send + 'static>(
        &self,
        act: impl FnOnce(Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.store().clone();
        let done = self.runtime.spawn_blocking(move || act(store)).await;
        done.unwrap_or(Err(StoreError::Closed))
    }
}

/// A number by chance, for a mark: it need only be another one each time.
fn number() -> u64 {
    RandomState::new().build_hasher().finish()
}
