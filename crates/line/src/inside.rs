//! Calls that end in this process: programs, other lines, the exchange.

mod program;

use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use at::result::Cause;
use carrier::{AccessList, Address, Call, Caller, DialError, Dialling, Peer, Trunks};
use tokio::net::UnixStream;

use crate::hunt::{Entrance, Handed};
use crate::shared::Letter;
use crate::switchboard::{Board, Switchboard};

/// Whoever answers `exchange:`.
pub trait Answering: fmt::Debug + Send + Sync {
    /// Takes a call of line `from`, which has called `called`.
    ///
    /// # Errors
    /// Why it can't be taken now.
    fn take(&self, call: Call, from: &str, called: &str) -> Result<(), Cause>;
}

/// What the process has besides its lines.
#[derive(Default)]
pub(crate) struct Beside {
    exchange: Mutex<Option<Arc<dyn Answering>>>,
    /// The hunt groups, which lines call like lines.
    groups: Mutex<Vec<Entrance>>,
}

impl Beside {
    /// Lets lines call these groups and no others.
    pub(crate) fn set_groups(&self, groups: Vec<Entrance>) {
        *lock(&self.groups) = groups;
    }
}

impl Switchboard {
    /// Lets lines call the exchange of this process.
    pub fn set_exchange(&self, exchange: Arc<dyn Answering>) {
        *lock(&self.board.beside.exchange) = Some(exchange);
    }
}

impl Switchboard {
    /// Has a line ring for somebody inside the process, and waits until it answers.
    ///
    /// # Errors
    /// There is no such line, it is in use, or it doesn't answer.
    pub async fn ring(&self, line: &str, from: Peer) -> Result<Call, Cause> {
        let called = self.board.line(line).ok_or(Cause::UnknownNumber)?;
        let (caller, knock) = Caller::inside(from).map_err(|error| carrier::cause_of(&error))?;
        let handed = Handed::from_line(caller);
        called.post(Letter::Caller(handed)).map_err(|_| Cause::LineInUse)?;
        knock.answered(Peer::Line(line.to_owned())).await.ok_or(Cause::LineInUse)
    }
}

/// One line's way to what is inside the process, for one call.
pub(crate) struct Inside {
    pub(crate) board: Arc<Board>,
    /// Who calls.
    pub(crate) line: String,
    /// Whom he has called, in the phonebook's words.
    pub(crate) party: String,
    /// Who runs a program.
    pub(crate) user: Option<String>,
    pub(crate) access: Arc<AccessList>,
}

impl fmt::Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside").field("line", &self.line).finish_non_exhaustive()
    }
}

impl Trunks for Inside {
    fn call(&self, address: &Address, within: Option<Duration>) -> Option<Dialling> {
        let place = address.to_string();
        let failed = |cause| DialError::NoTrunk { place: place.clone(), cause };
        let dialling = match address {
            Address::Exec(_) | Address::Line(_) | Address::Exchange if self.is_barred() => {
                Err(failed(Cause::Denied))
            }
            Address::Exec(argv) => return Some(self.program(argv)),
            Address::Line(name) => return Some(self.line(name, place)),
            Address::Exchange => self.exchange().map_err(failed),
            other => return self.board.trunks()?.call(other, within),
        };
        Some(Box::pin(ready(dialling)))
    }
}

impl Inside {
    /// What is inside the machine is one place to an access list.
    fn is_barred(&self) -> bool {
        self.access.check_unix().is_err()
    }

    fn line(&self, name: &str, place: String) -> Dialling {
        let outcome = self.knock(name);
        let called = Peer::Line(name.to_owned());
        Box::pin(async move {
            let failed = |cause| DialError::NoTrunk { place, cause };
            match outcome {
                // Whoever is turned away was so because the line is in use, or not ready.
                Ok(knock) => knock.answered(called).await.ok_or_else(|| failed(Cause::LineInUse)),
                Err(cause) => Err(failed(cause)),
            }
        })
    }

    fn knock(&self, name: &str) -> Result<carrier::Knock, Cause> {
        if name == self.line {
            return Err(Cause::LineInUse);
        }
        let knocks = || {
            Caller::inside(Peer::Line(self.line.clone())).map_err(|error| carrier::cause_of(&error))
        };
        let Some(line) = self.board.line(name) else {
            let groups = lock(&self.board.beside.groups);
            let group = groups.iter().find(|entrance| entrance.group == name).cloned();
            drop(groups);
            let (caller, knock) = knocks()?;
            return group.ok_or(Cause::UnknownNumber)?.enter(caller).map(|()| knock);
        };
        let (caller, knock) = knocks()?;
        let handed = Handed::from_line(caller);
        line.post(Letter::Caller(handed)).map_err(|_| Cause::LineInUse)?;
        Ok(knock)
    }

    fn exchange(&self) -> Result<Call, Cause> {
        let exchange = lock(&self.board.beside.exchange).clone().ok_or(Cause::NoSuchCarrier)?;
        let (here, there) = UnixStream::pair().map_err(|error| carrier::cause_of(&error))?;
        let call = Call::inside(there, Peer::Line(self.line.clone()));
        exchange.take(call, &self.line, &self.party)?;
        Ok(Call::inside(here, Peer::Internal("exchange")))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
