//! Why a call did not come about.

use std::fmt;
use std::io;

use at::result::Cause;

use crate::{Denied, SshFailure, TlsFailure, TlsSetupError, cause_of};

/// Why a call did not come about.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name has no address.
    #[error("no host is called {host}")]
    UnknownHost {
        /// The name.
        host: String,
        /// The resolver's word for it.
        source: io::Error,
    },
    /// The name might have an address, but nobody can say.
    #[error("no name server answers for {host}")]
    NoResolver {
        /// The name.
        host: String,
        /// The resolver's word for it.
        source: io::Error,
    },
    /// There is no such network interface.
    #[error("this machine has no interface {zone}")]
    UnknownZone {
        /// Its name or number.
        zone: String,
        /// The system's word for it.
        source: io::Error,
    },
    /// The access list forbids the address.
    #[error("{place} is forbidden by {by}")]
    Denied {
        /// The address that the name stands for, or the path.
        place: String,
        /// Which rule.
        by: Denied,
    },
    /// The connection failed.
    #[error("{place} {}", words(source))]
    Failed {
        /// The address that was tried.
        place: String,
        /// The system's word for it.
        source: io::Error,
    },
    /// What was to carry the call inside this program, such as a real modem, could not.
    #[error("{place}: {}", cause.words())]
    NoTrunk {
        /// Who was called.
        place: String,
        /// Why.
        cause: Cause,
    },
    /// The far end answered, but no secure connection came about.
    #[error("no secure call to {place}: {why}")]
    Insecure {
        /// The address that was tried.
        place: String,
        /// Why not.
        why: TlsFailure,
    },
    /// The host answered, but gives no session.
    #[error("no session at {place}: {why}")]
    NoSession {
        /// The address that was tried.
        place: String,
        /// Why not.
        why: SshFailure,
    },
    /// The share of the budget was used up.
    #[error("{place} did not answer in time")]
    TimedOut {
        /// The address that was tried.
        place: String,
    },
    /// There was nothing to try.
    #[error("there is no address to call")]
    NoAddress,
    /// Several addresses were tried, none with success; never empty.
    #[error("{}", List(.0))]
    Several(Vec<DialError>),
}

impl DialError {
    /// The cause to tell the equipment.
    pub fn cause(&self) -> Cause {
        match self {
            Self::UnknownHost { .. } => Cause::UnknownHost,
            Self::NoResolver { .. } => Cause::NoResolver,
            Self::UnknownZone { .. } => Cause::NoRoute,
            Self::Denied { .. } => Cause::Denied,
            Self::Failed { source, .. } => cause_of(source),
            Self::NoTrunk { cause, .. } => *cause,
            Self::Insecure { why: TlsFailure::Lost(source), .. } => cause_of(source),
            Self::Insecure { why: TlsFailure::Setup(TlsSetupError::NotBuiltIn), .. } => {
                Cause::NoSuchCarrier
            }
            Self::Insecure { .. } => Cause::TlsFailed,
            Self::NoSession { why, .. } => why.cause(),
            Self::TimedOut { .. } => Cause::TimedOut,
            Self::NoAddress => Cause::UnknownHost,
            Self::Several(errors) => most_telling(errors),
        }
    }

    /// One error for several tries.
    pub(crate) fn several(mut errors: Vec<Self>) -> Self {
        match errors.len() {
            0 => Self::NoAddress,
            1 => errors.remove(0),
            _ => Self::Several(errors),
        }
    }
}

/// The cause from the try that came furthest: a host that refuses says more than one out of reach.
fn most_telling(errors: &[DialError]) -> Cause {
    let distance = |cause: &Cause| match cause {
        Cause::Refused | Cause::Busy => 0,
        Cause::TlsFailed
        | Cause::SshFailed
        | Cause::LoginFailed
        | Cause::HostKeyUnknown
        | Cause::HostKeyChanged => 1,
        Cause::Reset => 2,
        Cause::TimedOut | Cause::NoAnswer => 3,
        Cause::NoRoute => 4,
        Cause::UnknownHost => 5,
        Cause::NoResolver => 6,
        Cause::Denied => 7,
        _ => 8,
    };
    errors.iter().map(DialError::cause).min_by_key(distance).unwrap_or(Cause::UnknownHost)
}

fn words(error: &io::Error) -> String {
    match cause_of(error) {
        Cause::Refused => "refused the call".to_owned(),
        Cause::TimedOut => "did not answer".to_owned(),
        Cause::NoRoute => "is out of reach".to_owned(),
        Cause::Reset => "reset the connection".to_owned(),
        Cause::Denied => "may not be called from this machine".to_owned(),
        Cause::UnknownHost => "does not exist".to_owned(),
        _ => format!("can't be called: {error}"),
    }
}

struct List<'a>(&'a [DialError]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{error}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    fn failed(errno: Errno) -> DialError {
        DialError::Failed { place: "10.0.0.7:23".to_owned(), source: errno.into() }
    }

    #[test]
    fn every_way_to_fail_has_the_cause_that_the_modem_reports() {
        for (errno, cause) in [
            (Errno::CONNREFUSED, Cause::Refused),
            (Errno::TIMEDOUT, Cause::TimedOut),
            (Errno::NETUNREACH, Cause::NoRoute),
            (Errno::HOSTUNREACH, Cause::NoRoute),
            (Errno::NETDOWN, Cause::NoRoute),
            (Errno::MFILE, Cause::NoResources),
            (Errno::PERM, Cause::Denied),
        ] {
            assert_eq!(failed(errno).cause(), cause, "{errno:?}");
        }
    }

    #[test]
    fn of_several_tries_the_one_that_came_furthest_is_told() {
        let timed_out = DialError::TimedOut { place: "a".to_owned() };
        let errors = vec![failed(Errno::NETUNREACH), failed(Errno::CONNREFUSED), timed_out];
        assert_eq!(DialError::several(errors).cause(), Cause::Refused);
    }

    #[test]
    fn an_error_reads_as_a_sentence() {
        let errors = vec![failed(Errno::NETUNREACH), failed(Errno::CONNREFUSED)];
        let shown = DialError::several(errors).to_string();
        assert_eq!(shown, "10.0.0.7:23 is out of reach, 10.0.0.7:23 refused the call");
    }
}
