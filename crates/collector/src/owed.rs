//! What the store is still to be told of wishes: it took nothing when they ended. Until it does, nobody asks or audits them
//! again. Whoever is killed meanwhile has forgotten it; what was to be written once was noted before.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use store::{Store, StoreError};

/// What isn't on disk yet, by the wish's number: no more than there are open wishes.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    news: Mutex<BTreeMap<i64, News>>,
    /// One tells at a time: what was told of a wish long ago must not come behind what is told of it now.
    turn: Mutex<()>,
}

/// What has become of a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// This, and in words.
    Ended(&'static str, String),
    /// It was noted as being sent, and wasn't.
    NotSent,
}

impl Owed {
    /// Tells the store; what it doesn't take it is told again. Waits for the disk.
    ///
    /// # Errors
    /// It takes nothing now.
    pub(crate) fn tell(&self, store: &Store, id: i64, news: News) -> Result<(), StoreError> {
        let told = news.tell(store, id);
        if told.is_err() {
            self.lock().insert(id, news);
        }
        told
    }

    /// Tells the store what it hasn't taken so far. Waits for the disk.
    ///
    /// # Errors
    /// It takes nothing yet.
    pub(crate) fn tell_again(&self, store: &Store) -> Result<(), StoreError> {
        if self.lock().is_empty() {
            return Ok(());
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let next = self.lock().first_key_value().map(|(id, news)| (*id, news.clone()));
            let Some((id, news)) = next else { return Ok(()) };
            news.tell(store, id)?;
            self.lock().remove(&id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<i64, News>> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl News {
    fn tell(&self, store: &Store, id: i64) -> Result<(), StoreError> {
        match self {
            Self::Ended(state, answer) => store.end_wish(id, state, answer),
            Self::NotSent => store.send_wish(id, None).map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use store::{Sending, WishRow};

    use super::*;

    fn wish() -> WishRow {
        let now = SystemTime::now();
        WishRow {
            id: 0,
            site: "pump".into(),
            text: "write h:1+1 = 7".into(),
            who: "ada".into(),
            priority: 0,
            made: now,
            due: None,
            until: now,
            sending: None,
            state: String::new(),
            answer: None,
            ended: None,
        }
    }

    #[test]
    fn what_a_full_disk_has_not_taken_it_is_told_when_it_has_room_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let store = Store::open(&path, &store::Settings::default()).unwrap();
        let sent = [store.make_wish(wish()).unwrap(), store.make_wish(wish()).unwrap()];
        for id in sent {
            let sending = Sending { mark: None, old: "5".into() };
            assert!(store.send_wish(id, Some(sending)).unwrap());
        }
        // Another store, which takes nothing any more.
        let full =
            Store::open(&folder.path().join("full.db"), &store::Settings::default()).unwrap();
        full.close(std::time::Duration::from_secs(5));
        let owed = Owed::default();
        owed.tell(&full, sent[0], News::Ended("done", "5 → 7".into())).unwrap_err();
        owed.tell(&full, sent[1], News::NotSent).unwrap_err();
        owed.tell_again(&full).unwrap_err();
        owed.tell_again(&store).unwrap();
        let [done, waits] = sent.map(|id| store.wish(id).unwrap().unwrap());
        assert_eq!((done.state.as_str(), done.answer.as_deref()), ("done", Some("5 → 7")));
        assert_eq!((waits.state.as_str(), waits.sending), ("waiting", None));
        // And only once.
        store.send_wish(sent[1], Some(Sending { mark: Some(9), old: "5".into() })).unwrap();
        owed.tell_again(&store).unwrap();
        assert_eq!(store.wish(sent[1]).unwrap().unwrap().state, "sending");
    }
}
