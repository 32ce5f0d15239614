//! The house as it was a moment ago: taken at most once a second however many look, with what changed since when.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::limits;

/// Something that is shown in a list.
pub(crate) trait Listed: Serialize + PartialEq + Send + Sync + 'static {
    /// What it is known by among the others.
    fn key(&self) -> String;

    /// Everything that a search finds it by.
    fn words(&self, found_by: &mut dyn FnMut(&str));

    /// What it has carried so far, if it carries anything.
    fn traffic(&self) -> Option<Traffic<'_>> {
        None
    }
}

/// What a call has carried so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traffic<'a> {
    pub(crate) call: &'a str,
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

/// One row of a list.
#[derive(Debug, Serialize)]
pub(crate) struct Row<T> {
    #[serde(flatten)]
    pub(crate) value: T,
    #[serde(flatten)]
    pub(crate) rates: Rates,
    #[serde(skip)]
    pub(crate) key: String,
    /// What a search looks through, in small letters.
    #[serde(skip)]
    pub(crate) text: String,
    /// The version in which it last changed.
    #[serde(skip)]
    pub(crate) changed: u64,
}

/// Bytes per second; nothing for what carries nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Rates {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sent_rate: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) received_rate: Option<u64>,
}

impl Rates {
    pub(crate) fn sum(self) -> u64 {
        self.sent_rate.unwrap_or_default() + self.received_rate.unwrap_or_default()
    }
}

/// One list as it was.
pub(crate) struct Picture<T> {
    /// Grows from picture to picture, over restarts too.
    pub(crate) version: u64,
    at: Option<Instant>,
    /// Until when it will do.
    fresh_until: Option<Instant>,
    pub(crate) rows: Vec<Arc<Row<T>>>,
}

/// The last picture of a list, and how another is taken.
pub(crate) struct Camera<T> {
    take: Arc<dyn Fn() -> Vec<T> + Send + Sync>,
    last: Mutex<Arc<Picture<T>>>,
    /// Held by whoever takes one, so that the others wait for it instead of taking their own.
    taking: tokio::sync::Mutex<()>,
}

impl<T> fmt::Debug for Camera<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Camera(..)")
    }
}

impl<T: Listed> Camera<T> {
    pub(crate) fn new(take: impl Fn() -> Vec<T> + Send + Sync + 'static) -> Self {
        // Later than any version that a process before this one gave out: it gave out less than one a millisecond.
        let version = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(1, |since| u64::try_from(since.as_millis()).unwrap_or(1));
        Self {
            take: Arc::new(take),
            last: Mutex::new(Arc::new(Picture {
                version,
                at: None,
                fresh_until: None,
                rows: Vec::new(),
            })),
            taking: tokio::sync::Mutex::default(),
        }
    }

    /// The list as it was a second ago or less.
    pub(crate) async fn picture(&self) -> Arc<Picture<T>> {
        if let Some(fresh) = self.fresh() {
            return fresh;
        }
        let _taking = self.taking.lock().await;
        if let Some(fresh) = self.fresh() {
            return fresh;
        }
        let (take, before) = (Arc::clone(&self.take), self.last());
        let develop = move || {
            let values = take();
            Arc::new(develop(values, &before, Instant::now()))
        };
        match tokio::task::spawn_blocking(develop).await {
            Ok(picture) => {
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&picture);
                picture
            }
            // The server is ending, or the house has fallen over; both are told elsewhere.
            Err(_) => self.last(),
        }
    }

    /// Lets the next one who looks see what was just done.
    pub(crate) fn expire(&self) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let Picture { version, at, ref rows, .. } = **last;
        *last = Arc::new(Picture { version, at, fresh_until: None, rows: rows.clone() });
    }

    fn last(&self) -> Arc<Picture<T>> {
        Arc::clone(&self.last.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn fresh(&self) -> Option<Arc<Picture<T>>> {
        Some(self.last())
            .filter(|last| last.fresh_until.is_some_and(|until| Instant::now() < until))
    }
}

/// The next picture. What hasn't changed is the same row as before.
fn develop<T: Listed>(values: Vec<T>, before: &Picture<T>, now: Instant) -> Picture<T> {
    let version = before.version + 1;
    let span = before.at.map(|at| now.saturating_duration_since(at));
    let span = span.filter(|span| !span.is_zero() && *span <= limits::RATE);
    let known: HashMap<&str, &Arc<Row<T>>> =
        before.rows.iter().map(|row| (row.key.as_str(), row)).collect();
    let rows = values.into_iter().map(|value| {
        let key = value.key();
        let old = known.get(key.as_str()).copied();
        let rates = rates(&value, old.map(|old| &old.value), span);
        match old {
            Some(old) if old.value == value && old.rates == rates => Arc::clone(old),
            _ => Arc::new(Row { rates, text: text(&value), key, changed: version, value }),
        }
    });
    let fresh_until = Some(now + limits::PICTURE);
    Picture { version, at: Some(now), fresh_until, rows: rows.collect() }
}

fn rates<T: Listed>(value: &T, old: Option<&T>, span: Option<Duration>) -> Rates {
    let Some(now) = value.traffic() else { return Rates::default() };
    let zero = Rates { sent_rate: Some(0), received_rate: Some(0) };
    let Some(span) = span else { return zero };
    let old = old.and_then(Listed::traffic).filter(|old| old.call == now.call);
    let Some(old) = old else { return zero };
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1);
    let per_second =
        |now: u64, old: u64| Some(now.saturating_sub(old).saturating_mul(1_000) / millis);
    Rates {
        sent_rate: per_second(now.sent, old.sent),
        received_rate: per_second(now.received, old.received),
    }
}

fn text<T: Listed>(value: &T) -> String {
    let mut text = String::new();
    value.words(&mut |word| {
        text.push_str(&word.to_lowercase());
        text.push('\n');
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize)]
    struct Thing {
        name: &'static str,
        call: &'static str,
        sent: u64,
    }

    impl Listed for Thing {
        fn key(&self) -> String {
            self.name.to_owned()
        }

        fn words(&self, found_by: &mut dyn FnMut(&str)) {
            found_by(self.name);
        }

        fn traffic(&self) -> Option<Traffic<'_>> {
            Some(Traffic { call: self.call, sent: self.sent, received: 0 })
        }
    }

    fn next(
        before: &Picture<Thing>,
        secs: u64,
        things: &[(&'static str, &'static str, u64)],
    ) -> Picture<Thing> {
        let things = things.iter().map(|&(name, call, sent)| Thing { name, call, sent }).collect();
        let at = before.at.unwrap_or_else(Instant::now) + Duration::from_secs(secs);
        develop(things, before, at)
    }

    fn sent(picture: &Picture<Thing>) -> Vec<Option<u64>> {
        picture.rows.iter().map(|row| row.rates.sent_rate).collect()
    }

    #[test]
    fn rates_are_told_of_the_same_call_between_pictures_that_are_close() {
        let none = Picture { version: 7, at: None, fresh_until: None, rows: Vec::new() };
        let first = next(&none, 0, &[("A", "1", 500), ("B", "2", 10)]);
        assert_eq!(sent(&first), [Some(0), Some(0)]);
        let second = next(&first, 2, &[("A", "1", 2_500), ("B", "3", 1_000_000)]);
        assert_eq!(sent(&second), [Some(1_000), Some(0)]);
        let later = next(&second, 60, &[("A", "1", 9_000_000)]);
        assert_eq!(sent(&later), [Some(0)]);
    }

    #[test]
    fn what_has_not_changed_is_not_news() {
        let none = Picture { version: 7, at: None, fresh_until: None, rows: Vec::new() };
        let first = next(&none, 0, &[("A", "1", 5), ("B", "2", 5)]);
        let second = next(&first, 1, &[("A", "1", 5), ("B", "2", 6)]);
        let changed: Vec<_> = second.rows.iter().map(|row| row.changed).collect();
        assert_eq!((changed, second.version), (vec![8, 9], 9));
        assert_eq!(second.rows[0].text, "a\n");
    }

    #[tokio::test]
    async fn however_many_look_one_picture_is_taken() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let taken = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&taken);
        let camera = Camera::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            vec![Thing { name: "a", call: "", sent: 0 }]
        });
        let (one, two, three) = tokio::join!(camera.picture(), camera.picture(), camera.picture());
        assert_eq!([one.version, two.version, three.version], [one.version; 3]);
        assert_eq!(taken.load(Ordering::Relaxed), 1);
        camera.expire();
        assert_eq!(camera.picture().await.version, one.version + 1);
    }
}
