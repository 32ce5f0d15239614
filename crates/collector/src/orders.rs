//! What somebody wants of a site: carried out at once, kept for later, or taken back.

use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use store::{Store, StoreError, WishRow};
use tokio::time::timeout;

use crate::ask::{Ask, UNKNOWN, Writing};
use crate::collector::{Answer, Collector, Doubt, Order, OrderError, Shared, When, WithdrawError};
use crate::limits;
use crate::site::Site;

impl Collector {
    /// Carries an order out, or keeps it for later. What writes goes on when this is dropped, and onto the record.
    ///
    /// # Errors
    /// Nothing comes of it, and this is why.
    pub async fn carry_out(&self, order: Order) -> Result<Answer, OrderError> {
        let none = || OrderError::NoSite(order.site.clone(), self.some_names());
        let site = self.site(&order.site).ok_or_else(none)?;
        order.ask.check(&site)?;
        if order.when != When::Now {
            return self.shared().keep_for_later(&site, order).await;
        }
        let shared = Arc::clone(self.shared());
        let writes = order.ask.write.is_some();
        let doing = async move { shared.carry_out_now(&site, &order).await };
        if !writes {
            return doing.await;
        }
        let done = self.shared().runtime.spawn(doing).await;
        done.unwrap_or(Err(OrderError::Unknown(Doubt::CentreEnded)))
    }

    /// Takes back what was to be asked later, if it hasn't been sent. Says what it was. Goes on when this is dropped.
    ///
    /// # Errors
    /// It waits on, or has ended without this.
    pub async fn withdraw(&self, id: i64, who: &str) -> Result<WishRow, WithdrawError> {
        let (shared, who) = (Arc::clone(self.shared()), who.to_owned());
        let withdrawn = self.shared().runtime.spawn(async move { shared.withdraw(id, &who).await });
        withdrawn.await.unwrap_or(Err(WithdrawError::Store(StoreError::Closed)))
    }
}

impl Shared {
    async fn carry_out_now(&self, site: &Site, order: &Order) -> Result<Answer, OrderError> {
        let Order { ask, who, priority, .. } = order;
        let answer = match ask.writing(site) {
            Err(error) => Err(error),
            Ok(None) => match self.before(site, order, UNKNOWN) {
                Ok(()) => {
                    let asked = timeout(limits::PATIENCE, ask.perform(site, *priority));
                    asked.await.unwrap_or(Err(OrderError::Silent))
                }
                Err(error) => Err(error),
            },
            Ok(Some(writing)) => match self.write_now(site, &writing, order).await {
                Err((OrderError::Unknown(doubt), old)) => {
                    let what = (ask.summary(), who.clone());
                    self.note_doubt(site.name(), what, &old, doubt);
                    return Err(OrderError::Unknown(doubt));
                }
                written => written.map_err(|(error, _)| error),
            },
        };
        self.note(site, ask, &answer, who);
        answer
    }

    /// What writes is on record before it is sent.
    fn before(&self, site: &Site, order: &Order, old: &str) -> Result<(), OrderError> {
        if order.ask.write.is_none() {
            return Ok(());
        }
        self.note_before(site.name(), (&order.ask.summary(), &order.who), old)
    }

    async fn withdraw(&self, id: i64, who: &str) -> Result<WishRow, WithdrawError> {
        let find = move |store: Store| store.wish(id);
        let wish = self.disk(find).await?.ok_or(WithdrawError::NoWish(id))?;
        let site = self.site(&wish.site);
        // Nothing is begun meanwhile.
        let under_way = match &site {
            Some(site) => Some(site.under_way().await),
            None => None,
        };
        if under_way.as_deref() == Some(&Some(id)) {
            return Err(WithdrawError::Sent(id));
        }
        let (owed, by) = (Arc::clone(&self.owed), who.to_owned());
        let withdrawn = self.disk(move |store| {
            // It may have ended, without the store's knowing it.
            owed.tell_again(&store)?;
            store.withdraw_wish(id, &by)
        });
        if !withdrawn.await? {
            let state = self.disk(find).await?.ok_or(WithdrawError::NoWish(id))?.state;
            return Err(match state.as_str() {
                "sending" => WithdrawError::Sent(id),
                _ => WithdrawError::Over { id, state },
            });
        }
        drop(under_way);
        let ask = wish.text.parse().map_or_else(|_| wish.text.clone(), |ask: Ask| ask.summary());
        self.note_withdrawn(&wish, &ask, who);
        Ok(wish)
    }

    async fn keep_for_later(
        self: &Arc<Self>,
        site: &Arc<Site>,
        order: Order,
    ) -> Result<Answer, OrderError> {
        let now = SystemTime::now();
        let due = match order.when {
            When::At(at) => Some(at),
            When::Now | When::NextCall => None,
        };
        let until = due.unwrap_or(now).max(now).checked_add(order.expires.unwrap_or(limits::WISH));
        let until =
            until.ok_or_else(|| OrderError::Bad("it would wait beyond all times".to_owned()))?;
        let wish = WishRow {
            id: 0,
            site: order.site,
            text: order.ask.to_string(),
            who: order.who,
            priority: order.priority,
            made: now,
            due,
            until,
            sending: None,
            state: String::new(),
            answer: None,
            ended: None,
        };
        let id = self.disk(move |store| store.make_wish(wish)).await?;
        self.terms.lock().unwrap_or_else(PoisonError::into_inner).made(id);
        if site.is_on_line() && due.is_none_or(|due| due <= now) {
            self.wish(site);
        }
        Ok(Answer::Later(id))
    }

    /// Writes, and says what stood there and what stands there now; in vain, why, and what stood there. Each step has its
    /// own patience: what has been written was, however long it takes to read it again.
    async fn write_now(
        &self,
        site: &Site,
        writing: &Writing,
        order: &Order,
    ) -> Result<Answer, (OrderError, String)> {
        let priority = order.priority;
        let before = timeout(limits::PATIENCE, writing.old(site, priority)).await;
        // Nothing was sent so far.
        let old = before.map_err(|_| (OrderError::Silent, UNKNOWN.to_owned()))?;
        self.before(site, order, &old).map_err(|error| (error, old.clone()))?;
        let sent = timeout(limits::PATIENCE, writing.send(site, priority, None)).await;
        let sent = sent.unwrap_or(Err(OrderError::Unknown(Doubt::Silent)));
        sent.map_err(|error| (error, old.clone()))?;
        match timeout(limits::PATIENCE, writing.written(site, priority, old.clone())).await {
            Ok(written) => Ok(written),
            Err(_) => Ok(Answer::Written { what: writing.what(), old, new: UNKNOWN.to_owned() }),
        }
    }
}
