//! Alarms on their way: to the store, then to each who wants to know. Each has a task and a queue of his own, so that one
//! who is slow or away holds up nobody else; what waits survives a restart.

use std::collections::HashMap;
use std::sync::Arc;

use store::{AlarmNews, Noted, Store, TellingRow};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::collector::Leash;
use crate::config::{CollectorConfig, MailConfig};
use crate::{hook, limits, mail};

/// An alarm that has begun, or is over.
#[derive(Clone, Debug)]
pub(crate) struct News {
    pub(crate) site: String,
    pub(crate) kind: &'static str,
    pub(crate) subject: String,
    pub(crate) words: String,
    pub(crate) lasts: bool,
}

/// Why somebody couldn't be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Untold {
    /// He may be told later.
    #[error("{0}")]
    Away(#[from] std::io::Error),
    /// He doesn't want to hear this.
    #[error("it answers `{0}`")]
    Refused(String),
}

/// Who is told.
#[derive(Clone, Debug)]
enum Target {
    Hook(String),
    Mail(MailConfig),
}

impl Target {
    /// All of a configuration, each with the name of his queue. No address is in it: there may be a secret in one.
    fn all(config: &CollectorConfig) -> Vec<(String, Self)> {
        let hooks = config.hook.0.iter().enumerate();
        let mut all: Vec<_> =
            hooks.map(|(n, hook)| (format!("hook {}", n + 1), Self::Hook(hook.clone()))).collect();
        all.extend(config.mail.iter().map(|mail| ("mail".to_owned(), Self::Mail(mail.clone()))));
        all
    }

    async fn tell(&self, telling: &TellingRow) -> Result<(), Untold> {
        let told = async {
            match self {
                Self::Hook(place) => hook::post(place, telling).await,
                Self::Mail(config) => mail::send(config, telling).await,
            }
        };
        let told = tokio::time::timeout(limits::TELLING, told).await;
        told.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
    }
}

/// Tells until the collector is gone. `configured` says that others may want to know from now on.
pub(crate) async fn tell(
    mut news: mpsc::Receiver<News>,
    configured: Arc<Notify>,
    store: Store,
    collector: Leash,
) {
    let mut desks: HashMap<String, Arc<Notify>> = HashMap::new();
    let mut tasks = JoinSet::new();
    let unrecorded = Arc::new(Semaphore::new(limits::UNRECORDED));
    loop {
        tokio::select! {
            () = configured.notified() => {
                let Some(targets) = targets(&collector) else { return };
                let whom: Vec<String> = targets.into_iter().map(|(whom, _)| whom).collect();
                for whom in &whom {
                    let wake = desks.entry(whom.clone()).or_insert_with(|| {
                        let wake = Arc::new(Notify::new());
                        let desk = Desk { whom: whom.clone(), store: store.clone(), collector: collector.clone() };
                        tasks.spawn(desk.run(Arc::clone(&wake)));
                        wake
                    });
                    wake.notify_one();
                }
                let store = store.clone();
                let forgotten = tokio::task::spawn_blocking(move || store.tell_only(whom)).await;
                if let Ok(Err(error)) = forgotten {
                    tracing::warn!("who isn't told of alarms any more can't be forgotten: {error}");
                }
            }
            piece = news.recv() => {
                let Some(news) = piece else { return };
                put_down(&store, &collector, &unrecorded, news).await;
                desks.values().for_each(|wake| wake.notify_one());
            }
        }
    }
}

fn targets(collector: &Leash) -> Option<Vec<(String, Target)>> {
    Some(Target::all(&collector.upgrade()?.config()))
}

async fn put_down(store: &Store, collector: &Leash, unrecorded: &Arc<Semaphore>, news: News) {
    let News { site, kind, subject, words, lasts } = news;
    let row = AlarmNews { site, kind: kind.to_owned(), subject, words, lasts };
    let targets = targets(collector).unwrap_or_default();
    let whom = targets.iter().map(|(whom, _)| whom.clone()).collect();
    let (store, copy) = (store.clone(), row.clone());
    let noted = tokio::task::spawn_blocking(move || store.note_alarm(copy, whom)).await;
    match noted {
        // Known already: it lasts since before a restart.
        Ok(Ok(Noted::Known)) | Err(_) => return,
        Ok(Ok(Noted::Fresh)) => {}
        Ok(Ok(Noted::Untold)) => {
            tracing::error!(
                site = row.site,
                "an alarm is only on record: too many wait to be told"
            );
        }
        Ok(Err(error)) => {
            tracing::error!("an alarm can't be put on record: {error}");
            // It is told all the same, once.
            for (whom, target) in targets {
                let Ok(turn) = Arc::clone(unrecorded).try_acquire_owned() else { break };
                let telling =
                    TellingRow { id: 0, made: std::time::SystemTime::now(), news: row.clone() };
                tokio::spawn(async move {
                    if let Err(error) = target.tell(&telling).await {
                        tracing::error!("an alarm can't be told to the {whom}: {error}");
                    }
                    drop(turn);
                });
            }
        }
    }
    let state = if row.lasts { "alarm" } else { "alarm is over" };
    tracing::warn!(site = row.site, kind = row.kind, "{state}: {}", row.words);
}

/// Tells one of those who want to know, one alarm after the other: they keep their order.
struct Desk {
    whom: String,
    store: Store,
    collector: Leash,
}

impl Desk {
    async fn run(self, wake: Arc<Notify>) {
        let mut refusals = 0;
        let mut pause = limits::PAUSE;
        // Which one is tried, and since when: the time of day may be set forward meanwhile.
        let mut tried = None;
        loop {
            let (store, whom) = (self.store.clone(), self.whom.clone());
            let next = tokio::task::spawn_blocking(move || store.next_telling(&whom)).await;
            let telling = match next {
                Ok(Ok(Some(telling))) => telling,
                Ok(Ok(None)) => {
                    wake.notified().await;
                    continue;
                }
                Ok(Err(error)) => {
                    tracing::warn!("what is to be told can't be read: {error}");
                    tokio::time::sleep(limits::AGAIN).await;
                    continue;
                }
                Err(_) => return,
            };
            let Some(targets) = targets(&self.collector) else { return };
            let Some((_, target)) = targets.into_iter().find(|(whom, _)| *whom == self.whom) else {
                wake.notified().await;
                continue;
            };
            let since = match tried {
                Some((id, since)) if id == telling.id => since,
                _ => Instant::now(),
            };
            tried = Some((telling.id, since));
            let whom = &self.whom;
            let error = match target.tell(&telling).await {
                Ok(()) => {
                    (refusals, pause) = (0, limits::PAUSE);
                    self.end(telling.id).await;
                    continue;
                }
                Err(error) => error,
            };
            refusals += u32::from(matches!(error, Untold::Refused(_)));
            let old = telling.made.elapsed().is_ok_and(|age| age > limits::TELLING_ENDS)
                && since.elapsed() > limits::TELLING_LEAST;
            if refusals >= limits::REFUSALS || old {
                tracing::error!(
                    site = telling.news.site,
                    "an alarm isn't told to the {whom}: {error}"
                );
                refusals = 0;
                self.end(telling.id).await;
                continue;
            }
            tracing::warn!(
                "the {whom} can't be told of an alarm now: {error}; trying again in {pause:?}"
            );
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(limits::LONGEST_PAUSE);
        }
    }

    /// It is told, or won't be: told twice is better than not.
    async fn end(&self, id: i64) {
        loop {
            let store = self.store.clone();
            match tokio::task::spawn_blocking(move || store.end_telling(id)).await {
                Ok(Err(error)) => tracing::warn!("that an alarm was told can't be kept: {error}"),
                Ok(Ok(())) | Err(_) => return,
            }
            tokio::time::sleep(limits::AGAIN).await;
        }
    }
}
