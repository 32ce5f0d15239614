//! When the centre is called, and again when it could not be reached.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use carrier::Call;
use settings::{SecretError, SecretRef};
use telemetry::{Cause, End, Hello};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::config::AlarmCalls;
use crate::shelf::{Failure, ShelfError, Standing};
use crate::talk::{Came, Credentials, Site, TalkError, holds, let_in, log_in, stopped, talk};
use crate::turns::{Look, Turns};
use crate::{chance, limits};

/// A call that is being made; dropping it gives up.
pub type Calling = Pin<Box<dyn Future<Output = Result<Call, String>> + Send>>;

/// Whoever can call an address, or a number of the phonebook.
pub trait Phone: Send + Sync + std::fmt::Debug {
    /// Calls.
    fn call(&self, target: &str) -> Calling;

    /// How well the modem by which it calls hears its network, in dBm; nothing where there is no such modem.
    fn signal_dbm(&self) -> Option<i16> {
        None
    }
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
    site: Site,
    standing: Standing,
    turns: Turns,
    /// When to call again, and why.
    again: Option<(Instant, Cause)>,
}

/// What ends a wait.
enum Wanted {
    /// A call of ours.
    Call(Cause),
    /// Somebody has called.
    Rung(Call),
}

/// Why calls by this configuration are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// The station ends.
    Ended,
    /// Another configuration counts.
    Renewed,
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
    #[error("[station] has no `answer`, so nobody may call it")]
    Closed,
    #[error("the station has to call, which goes before whoever hasn't said the password yet")]
    OwnFirst,
    #[error(transparent)]
    Talk(#[from] TalkError),
    #[error(transparent)]
    Store(#[from] ShelfError),
}

/// How long at most the schedule isn't looked at, so that a clock that was set doesn't keep it waiting.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// The same for a call that waits for its hours.
const LOOK_LATER: Duration = Duration::from_secs(3600);

impl Caller {
    pub(crate) fn new(site: Site, standing: Standing) -> Self {
        let turns = Turns::new(site.config.name.clone(), site.config.calendar());
        Self { site, standing, turns, again: None }
    }

    pub(crate) async fn run(mut self) -> Left {
        let mut failures: u32 = 0;
        let mut failed = Cause::Schedule;
        loop {
            let cause = match self.wait(failed).await {
                None => return Left::Ended,
                Some(Wanted::Call(cause)) => cause,
                Some(Wanted::Rung(call)) => match self.answer(call).await {
                    Came::Configuration => return Left::Renewed,
                    Came::Nothing | Came::Welcome => continue,
                },
            };
            let mut came = Came::Nothing;
            let bells = Arc::clone(&self.site.house.bells);
            let outcome = tokio::select! {
                outcome = self.call(cause, &mut came) => outcome,
                never = bells.refuse() => match never {},
            };
            let trouble = outcome.as_ref().err().map(|error| chain(error));
            {
                let house = &self.site.house;
                let mut calls = house.calls.lock().unwrap_or_else(PoisonError::into_inner);
                match &trouble {
                    None => {
                        failures = 0;
                        *calls = Calls { good: calls.good + 1, ..Calls::default() };
                    }
                    Some(why) => {
                        if cause != Cause::Retry {
                            (failures, failed) = (0, cause);
                        }
                        failures = failures.saturating_add(1);
                        tracing::info!(failures, "call failed: {why}");
                        calls.failures = failures;
                        calls.trouble = Some(why.clone());
                    }
                }
            }
            self.again = self.retry(failures, failed).map(|at| (at, Cause::Retry));
            if came == Came::Configuration {
                return Left::Renewed;
            }
            if let (Came::Nothing, Some(why)) = (came, trouble)
                && self.gives_up(why).await
            {
                return Left::Renewed;
            }
        }
    }

    /// Whether the configuration has had its trial, and goes.
    async fn gives_up(&self, why: String) -> bool {
        let given_up = self.site.house.shelf.with(move |shelf| match shelf.call_failed()? {
            Failure::Count(calls) if calls >= limits::TRIAL_CALLS => {
                shelf
                    .give_up_plan(&format!("{calls} calls have failed with it, the last: {why}"))?;
                Ok(true)
            }
            Failure::Count(_) | Failure::Nothing => Ok(false),
        });
        match given_up.await {
            Ok(given_up) => {
                if given_up {
                    tracing::warn!("the centre's configuration is given up: the one before counts");
                }
                given_up
            }
            Err(error) => {
                tracing::error!("the trial of a configuration can't be kept: {error}");
                false
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

    /// Waits for a cause to call, or for a call; nothing: the station ends.
    async fn wait(&mut self, failed: Cause) -> Option<Wanted> {
        let mut stop = self.site.house.stop.clone();
        let mut retry = self.again.take();
        if retry.is_none() && holds(&self.site.config) {
            // All stations of a centre that was restarted come back at once otherwise.
            sleep(chance::within(limits::ALARM)).await;
            return (!*stop.borrow()).then_some(Wanted::Call(Cause::Hold));
        }
        let bells = Arc::clone(&self.site.house.bells);
        if retry.is_none() {
            // One that was stored before a restart, or that came just as a call ended.
            if self.has_alarm().await {
                bells.alarm.notify_one();
            }
            if std::mem::replace(&mut self.standing, Standing::Proved) == Standing::Trial {
                bells.demand.notify_one();
            }
        }
        loop {
            let every = self.every();
            let pause = match self.turns.look(every, self.now_ms()) {
                Look::Now => return Some(Wanted::Call(Cause::Schedule)),
                Look::In(left) => Duration::from_millis(left).min(LOOK_AGAIN),
                Look::Never => LOOK_AGAIN,
            };
            let look = Instant::now() + pause;
            tokio::select! {
                () = sleep_until(look) => {}
                () = sleep_until(retry.map_or(look, |(at, _)| at)), if retry.is_some() => {
                    let cause = retry.map_or(failed, |(_, cause)| cause);
                    let why = if cause == Cause::Retry { failed } else { cause };
                    match self.held_back(why) {
                        None => return Some(Wanted::Call(cause)),
                        Some(span) => retry = Some((Instant::now() + span, cause)),
                    }
                }
                () = bells.demand.notified() => return Some(Wanted::Call(Cause::Demand)),
                () = bells.alarm.notified(), if retry.is_none() => {
                    sleep(chance::within(limits::ALARM)).await;
                    if self.has_alarm().await {
                        match self.held_back(Cause::Alarm) {
                            None => return Some(Wanted::Call(Cause::Alarm)),
                            Some(span) => retry = Some((Instant::now() + span, Cause::Alarm)),
                        }
                    }
                }
                call = bells.rung() => {
                    // What is due stays due.
                    self.again = retry;
                    return Some(Wanted::Rung(call));
                }
                () = stopped(&mut stop) => return None,
            }
        }
    }

    /// How long a call of this kind has to wait for its hours; nothing: it may be made.
    fn held_back(&self, cause: Cause) -> Option<Duration> {
        let waits = match cause {
            Cause::Schedule => true,
            Cause::Alarm => self.site.config.alarms == AlarmCalls::InHours,
            Cause::Demand | Cause::Retry | Cause::Hold => false,
        };
        let now_ms = self.now_ms();
        if !waits || self.turns.allows(now_ms) {
            return None;
        }
        // The clock may be set meanwhile.
        let Some((left, length)) = self.turns.opens_in(now_ms) else { return Some(LOOK_LATER) };
        let spread = limits::OPENING.min(Duration::from_millis(length / 2));
        Some(Duration::from_millis(left).saturating_add(chance::within(spread)).min(LOOK_LATER))
    }

    fn every(&self) -> Option<Duration> {
        let changed = self.site.changes.span("call-every");
        changed.or(self.site.config.call_every.map(|span| span.0))
    }

    fn now_ms(&self) -> i64 {
        self.site.house.clock.now().0
    }

    async fn has_alarm(&self) -> bool {
        self.site.house.shelf.with(|shelf| shelf.has_alarm()).await.unwrap_or(false)
    }

    async fn call(&mut self, cause: Cause, came: &mut Came) -> Result<(), CallError> {
        let stored = self.site.house.bells.hear_stored();
        let login = match &self.site.config.login {
            Some(login) => {
                Some(Credentials { name: login.name.clone(), password: password(&login.password)? })
            }
            None => None,
        };
        let mut call = self.dial().await?;
        let from = call.peer().to_string();
        tracing::info!(to = from, cause = cause.word(), "calling the centre");
        let outcome = self.speak(&mut call, login.as_ref(), (cause, stored), came).await;
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

    /// Serves whoever has called, if he is the centre.
    async fn answer(&mut self, mut call: Call) -> Came {
        let stored = self.site.house.bells.hear_stored();
        let from = call.peer().to_string();
        // That the centre has called proves nothing of how the station calls.
        let mut came = Came::Welcome;
        let bells = Arc::clone(&self.site.house.bells);
        let outcome = tokio::select! {
            outcome = self.serve(&mut call, stored, &mut came) => outcome,
            never = bells.refuse() => match never {},
        };
        call.hang_up(limits::HANG_UP).await;
        match outcome {
            Ok(()) | Err(CallError::Talk(TalkError::Ended(End::Done))) => {
                tracing::info!(from, "everything is said to the centre, which has called");
                let house = &self.site.house;
                let mut calls = house.calls.lock().unwrap_or_else(PoisonError::into_inner);
                calls.good += 1;
            }
            Err(error) => tracing::warn!(from, "a call to the station failed: {}", chain(&error)),
        }
        came
    }

    async fn serve(
        &mut self,
        call: &mut Call,
        stored: watch::Receiver<u64>,
        came: &mut Came,
    ) -> Result<(), CallError> {
        let answer = self.site.config.answer.as_ref().ok_or(CallError::Closed)?;
        let bells = &self.site.house.bells;
        let heard = tokio::select! {
            heard = let_in(call, password(&answer.password)?) => heard?,
            // A stranger who says nothing must not keep an alarm from being told.
            () = bells.alarm.notified(), if self.again.is_none() => {
                bells.alarm.notify_one();
                return Err(CallError::OwnFirst);
            }
            () = bells.demand.notified(), if self.again.is_none() => {
                bells.demand.notify_one();
                return Err(CallError::OwnFirst);
            }
        };
        Ok(self.greet(call, &heard, (Cause::Demand, stored), came).await?)
    }

    async fn speak(
        &mut self,
        call: &mut Call,
        login: Option<&Credentials>,
        (cause, stored): (Cause, watch::Receiver<u64>),
        came: &mut Came,
    ) -> Result<(), TalkError> {
        let heard = match login {
            Some(login) => log_in(call, login).await?,
            None => Vec::new(),
        };
        self.greet(call, &heard, (cause, stored), came).await
    }

    /// Speaks with the centre, which has said this so far.
    async fn greet(
        &mut self,
        call: &mut Call,
        heard: &[u8],
        (cause, stored): (Cause, watch::Receiver<u64>),
        came: &mut Came,
    ) -> Result<(), TalkError> {
        call.ask_binary();
        let (store, last, configuration) =
            self.site.house.shelf.with(|shelf| shelf.facts()).await?;
        let mut hello = Hello::new(&self.site.config.name, store, cause);
        (hello.last, hello.configuration) = (last, configuration);
        if let Look::In(left) = self.turns.look(self.every(), self.now_ms()) {
            hello.next_call_s = u32::try_from(left.div_ceil(1000)).unwrap_or(u32::MAX);
        }
        Box::pin(talk(&self.site, call, hello, heard, stored, came)).await
    }

    async fn dial(&self) -> Result<Call, CallError> {
        let within = self.site.config.dialling.0;
        let mut why = CallError::Time(within);
        for target in &self.site.config.call.0 {
            match timeout(within, self.site.house.phone.call(target)).await {
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
