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
//! A configuration is sent again without such care: a station that has taken it says so, and takes it once.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::time::SystemTime;

use store::{Sending, Store, StoreError, WishRow};
use telemetry::Mark;

use crate::ask::{Ask, Writing};
use crate::collector::{Answer, Doubt, OrderError, Shared};
use crate::config::Framing;
use crate::site::Site;

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

impl Shared {
    /// Carries out what waits for a site that is on the line.
    pub(crate) fn wish(self: &Arc<Self>, site: &Arc<Site>) {
        if !site.begin_wishing() {
            return;
        }
        let (shared, site) = (Arc::clone(self), Arc::clone(site));
        tokio::spawn(async move {
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
        while site.is_on_line() {
            let name = site.name().to_owned();
            let Ok(waiting) = self.disk(move |store| store.wishes(&name)).await else {
                tracing::error!(site = site.name(), "what waits for the site can't be read");
                return;
            };
            let now = SystemTime::now();
            let is_due =
                |wish: &WishRow| wish.due.is_none_or(|due| due <= now) && wish.until >= now;
            let Some(wish) = waiting.into_iter().find(is_due) else { return };
            if !self.carry_out_wish(site, wish).await {
                return;
            }
        }
    }

    /// False: it waits on, and so do the others.
    async fn carry_out_wish(&self, site: &Arc<Site>, wish: WishRow) -> bool {
        let fate = match wish.text.parse::<Ask>() {
            Err(error) => Fate::Over("failed", error.to_string()),
            Ok(ask) => match ask.writing(site) {
                Ok(Some(writing)) => self.write(site, &wish, &ask, &writing).await,
                // It could be written when it was sent.
                Err(_) if wish.sending.is_some() => self.doubt(&wish, Doubt::CallEnded),
                Ok(None) | Err(_) => self.perform(site, &wish, &ask).await,
            },
        };
        match fate {
            Fate::Waits => false,
            Fate::Ended => true,
            Fate::Over(state, answer) => self.end(wish, state, answer).await,
        }
    }

    async fn perform(&self, site: &Site, wish: &WishRow, ask: &Ask) -> Fate {
        let answer = ask.perform(site, wish.priority).await;
        if matches!(answer, Err(OrderError::Away(_) | OrderError::Busy)) {
            return Fate::Waits;
        }
        self.note(site, ask, &answer, &wish.who);
        Fate::of(answer)
    }

    async fn write(&self, site: &Site, wish: &WishRow, ask: &Ask, writing: &Writing) -> Fate {
        let (id, priority) = (wish.id, wish.priority);
        let knows_marks = site.shelf().config.framing == Framing::Station;
        let sending = match &wish.sending {
            Some(sending) if knows_marks => sending.clone(),
            Some(_) => return self.doubt(wish, Doubt::CallEnded),
            None => {
                let sending = Sending { mark: number(), old: writing.old(site, priority).await };
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
        match writing.send(site, priority, Some(Mark(sending.mark))).await {
            Ok(()) => {
                let answer = Ok(writing.written(site, priority, sending.old).await);
                self.note(site, ask, &answer, &wish.who);
                Fate::of(answer)
            }
            Err(OrderError::Away(_) | OrderError::Busy) => {
                if wish.sending.is_none()
                    && let Err(error) = self.disk(move |store| store.send_wish(id, None)).await
                {
                    tracing::warn!(wish = id, "that it wasn't sent can't be noted: {error}");
                }
                Fate::Waits
            }
            Err(OrderError::Unknown(Doubt::CallEnded)) if knows_marks => Fate::Waits,
            Err(OrderError::Unknown(doubt)) => {
                let wish = WishRow { sending: Some(sending), ..wish.clone() };
                self.doubt(&wish, doubt)
            }
            Err(error) => {
                let answer = Err(error);
                self.note(site, ask, &answer, &wish.who);
                Fate::of(answer)
            }
        }
    }

    /// Nobody knows what came of it, and nobody will.
    fn doubt(&self, wish: &WishRow, doubt: Doubt) -> Fate {
        let ask = wish.text.parse().map_or_else(|_| wish.text.clone(), |ask: Ask| ask.summary());
        let old = wish.sending.as_ref().map_or(crate::ask::UNKNOWN, |sending| &sending.old);
        self.note_doubt(&wish.site, (ask, wish.who.clone()), old, doubt);
        Fate::Over("unknown", OrderError::Unknown(doubt).to_string())
    }

    /// Writes down what came of a wish; false: it can't be.
    async fn end(&self, wish: WishRow, state: &'static str, answer: String) -> bool {
        tracing::info!(site = wish.site, wish = wish.id, state, "{}", wish.text);
        let ended = self.disk(move |store| store.end_wish(wish.id, state, &answer)).await;
        if let Err(error) = &ended {
            tracing::error!(site = wish.site, "what came of a wish can't be written down: {error}");
        }
        ended.is_ok()
    }

    /// Ends what an earlier instance was sending to sites that don't know marks. Waits for the disk.
    pub(crate) fn settle_sent(&self, sites: &HashMap<String, Arc<Site>>) {
        let sent = match self.store().sent_wishes() {
            Ok(sent) => sent,
            Err(error) => return tracing::warn!("what was sent to sites can't be read: {error}"),
        };
        for wish in sent {
            let Some(site) = sites.get(&wish.site) else { continue };
            if site.shelf().config.framing != Framing::Station
                && let Fate::Over(state, answer) = self.doubt(&wish, Doubt::CentreEnded)
                && let Err(error) = self.store().end_wish(wish.id, state, &answer)
            {
                tracing::error!("what came of a wish can't be written down: {error}");
            }
        }
    }

    /// Ends what was sent and whose time is over.
    pub(crate) async fn give_sent_up(&self, sent: Vec<WishRow>) {
        let now = SystemTime::now();
        for wish in sent.into_iter().filter(|wish| wish.until < now) {
            let asks = self.site(&wish.site).is_some_and(|site| site.is_wishing());
            if !asks && let Fate::Over(state, answer) = self.doubt(&wish, Doubt::NoCall) {
                self.end(wish, state, answer).await;
            }
        }
    }

    /// Away from the tasks, since it waits for the disk.
    async fn disk<T: Send + 'static>(
        &self,
        act: impl FnOnce(Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.store().clone();
        let done = tokio::task::spawn_blocking(move || act(store)).await;
        done.unwrap_or(Err(StoreError::Closed))
    }
}

/// A number by chance, for a mark: it need only be another one each time.
fn number() -> u64 {
    RandomState::new().build_hasher().finish()
}
