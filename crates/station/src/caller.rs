//! When the centre is called, and again when it could not be reached.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use carrier::Call;
use settings::{SecretError, SecretRef};
use telemetry::{Cause, End, Hello};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::bells::Bells;
use crate::shelf::ShelfError;
use crate::talk::{Credentials, Site, TalkError, holds, log_in, stopped, talk};
use crate::{chance, limits};

/// A call that is being made; dropping it gives up.
pub type Calling = Pin<Box<dyn Future<Output = Result<Call, String>> + Send>>;

/// Whoever can call an address, or a number of the phonebook.
pub trait Phone: Send + Sync + std::fmt::Debug {
    /// Calls.
    fn call(&self, target: &str) -> Calling;
}

/// How a station's calls went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Calls in which everything was said.
    pub good: u64,
    /// Failures since the last of them.
    pub failures: u32,
    /// Why the last one failed.
    pub trouble: Option<String>,
}

pub(crate) struct Caller {
    pub(crate) site: Site,
    pub(crate) phone: Arc<dyn Phone>,
    pub(crate) bells: Arc<Bells>,
    pub(crate) calls: Arc<Mutex<Calls>>,
    pub(crate) stop: watch::Receiver<bool>,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error("{0}")]
    Nobody(String),
    #[error("nobody has answered within {0:?}")]
    Time(Duration),
    #[error("the password")]
    Password(#[source] SecretError),
    #[error(transparent)]
    Talk(#[from] TalkError),
    #[error(transparent)]
    Store(#[from] ShelfError),
}

/// How long at most the schedule isn't looked at, so that a clock that was set doesn't keep it waiting.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

impl Caller {
    pub(crate) async fn run(self) {
        let mut failures: u32 = 0;
        let mut failed = Cause::Schedule;
        loop {
            let retry = self.retry(failures, failed);
            let Some(cause) = self.wait(retry).await else { return };
            let outcome = self.call(cause).await;
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            match outcome {
                Ok(()) => {
                    failures = 0;
                    *calls = Calls { good: calls.good + 1, ..Calls::default() };
                }
                Err(error) => {
                    if cause != Cause::Retry {
                        (failures, failed) = (0, cause);
                    }
                    failures = failures.saturating_add(1);
                    let why = chain(&error);
                    tracing::info!(failures, "call failed: {why}");
                    calls.failures = failures;
                    calls.trouble = Some(why);
                }
            }
        }
    }

    /// When to call again after so many failures. A call that was only scheduled waits for its next turn in the end;
    /// what has happened doesn't.
    fn retry(&self, failures: u32, failed: Cause) -> Option<Instant> {
        let ladder = &self.site.config.retries.0;
        let step = usize::try_from(failures.checked_sub(1)?).unwrap_or(usize::MAX);
        let span = match (ladder.get(step), failed) {
            (Some(span), _) => *span,
            (None, Cause::Schedule) => return None,
            (None, _) => *ladder.last()?,
        };
        Some(Instant::now() + chance::about(span.0))
    }

    /// Waits for a cause to call; nothing: the station ends.
    async fn wait(&self, retry: Option<Instant>) -> Option<Cause> {
        let mut stop = self.stop.clone();
        if retry.is_none() && holds(&self.site.config) {
            // All stations of a centre that was restarted come back at once otherwise.
            sleep(chance::within(limits::ALARM)).await;
            return (!*self.stop.borrow()).then_some(Cause::Hold);
        }
        // One that was stored before a restart, or that came just as a call ended.
        if retry.is_none() && self.has_alarm().await {
            self.bells.alarm.notify_one();
        }
        let every = self.site.changes.span("call-every");
        let every = every.or(self.site.config.call_every.map(|span| span.0));
        let mut turn = every.map(|every| self.next_turn(every));
        loop {
            let left = turn.map(|turn: i64| {
                Duration::from_millis((turn - self.site.clock.now().0).max(0).unsigned_abs())
            });
            if left == Some(Duration::ZERO) {
                return Some(Cause::Schedule);
            }
            let until = Instant::now() + left.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN);
            tokio::select! {
                () = sleep_until(until) => {
                    // A clock that was put back must not keep it from calling for a year.
                    turn = every.map(|every| turn.unwrap_or(i64::MAX).min(self.next_turn(every)));
                }
                () = async { sleep_until(retry.unwrap_or(until)).await }, if retry.is_some() => {
                    return Some(Cause::Retry);
                }
                () = self.bells.demand.notified() => return Some(Cause::Demand),
                () = self.bells.alarm.notified(), if retry.is_none() => {
                    sleep(chance::within(limits::ALARM)).await;
                    if self.has_alarm().await {
                        return Some(Cause::Alarm);
                    }
                }
                () = stopped(&mut stop) => return None,
            }
        }
    }

    fn next_turn(&self, every: Duration) -> i64 {
        let every = i64::try_from(every.as_millis()).unwrap_or(i64::MAX);
        chance::next_turn(&self.site.config.name, every, self.site.clock.now().0)
    }

    async fn has_alarm(&self) -> bool {
        self.site.shelf.with(|shelf| shelf.has_alarm()).await.unwrap_or(false)
    }

    async fn call(&self, cause: Cause) -> Result<(), CallError> {
        let stored = self.bells.hear_stored();
        let login = match &self.site.config.login {
            Some(login) => {
                Some(Credentials { name: login.name.clone(), password: password(&login.password)? })
            }
            None => None,
        };
        let mut call = self.dial().await?;
        let from = call.peer().to_string();
        tracing::info!(to = from, ?cause, "calling the centre");
        let outcome = self.speak(&mut call, login.as_ref(), cause, stored).await;
        let counts = call.counts();
        call.hang_up(limits::HANG_UP).await;
        match outcome {
            Ok(()) | Err(TalkError::Ended(End::Done)) => {
                tracing::info!(
                    to = from,
                    sent = counts.sent,
                    received = counts.received,
                    "everything is said"
                );
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn speak(
        &self,
        call: &mut Call,
        login: Option<&Credentials>,
        cause: Cause,
        stored: watch::Receiver<u64>,
    ) -> Result<(), TalkError> {
        let heard = match login {
            Some(login) => log_in(call, login).await?,
            None => Vec::new(),
        };
        call.ask_binary();
        let (store, last, configuration) = self.site.shelf.with(|shelf| shelf.facts()).await?;
        let config = &self.site.config;
        let next = config.call_every.map_or(0, |every| every.0.as_secs());
        let mut hello = Hello::new(&config.name, store, cause);
        (hello.last, hello.configuration) = (last, configuration);
        hello.next_call_s = u32::try_from(next).unwrap_or(0);
        Box::pin(talk(&self.site, call, hello, &heard, stored, self.stop.clone())).await
    }

    async fn dial(&self) -> Result<Call, CallError> {
        let within = self.site.config.dialling.0;
        let mut why = CallError::Time(within);
        for target in &self.site.config.call.0 {
            match timeout(within, self.phone.call(target)).await {
                Ok(Ok(call)) => return Ok(call),
                Ok(Err(error)) => why = CallError::Nobody(error),
                Err(_) => why = CallError::Time(within),
            }
            tracing::debug!(target, "no call: {why}");
        }
        Err(why)
    }
}

fn password(place: &SecretRef) -> Result<Arc<settings::Secret>, CallError> {
    // Its path was made a whole one when the file was read.
    place.resolve("/".as_ref()).map_err(CallError::Password)
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        source = cause.source();
    }
    text
}
