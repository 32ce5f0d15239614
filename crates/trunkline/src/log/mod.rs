//! The log: one line per event on standard error.
//!
//! On a terminal with time and colour; under systemd without the time but with the priority in front, as
//! `journald` reads it; elsewhere with the date in UTC. Whatever comes from outside is shown escaped: a
//! caller can't write lines of his own.

mod filter;
mod line;

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::SystemTime;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

pub(crate) use filter::Filter;
#[cfg(feature = "configuration")]
pub(crate) use filter::FilterError;

use crate::style::Style;

/// The one log of the process.
static LOG: OnceLock<Log> = OnceLock::new();

/// Where the log goes, and so what its lines look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Somebody watches: the time of day, perhaps in colour.
    Terminal(Style),
    /// journald notes the time itself and takes the priority from `<6>`.
    Journal,
    /// A file or a pipe: the whole date.
    Plain,
}

/// Who says what is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SaidBy {
    /// The command line, whose word holds to the end.
    CommandLine,
    /// The configuration, which a reload may change.
    #[cfg(feature = "configuration")]
    Configuration,
}

struct Log {
    filter: RwLock<Filter>,
    #[cfg_attr(not(feature = "configuration"), expect(dead_code, reason = "nothing is reloaded"))]
    said_by: SaidBy,
    form: Form,
}

/// Begins to log, as `filter` wants. Only the first call counts.
pub(crate) fn start(filter: Filter, said_by: SaidBy) {
    let form = match (std::env::var_os("JOURNAL_STREAM"), io::stderr().is_terminal()) {
        (_, true) => Form::Terminal(Style::of(&io::stderr())),
        (Some(_), false) => Form::Journal,
        (None, false) => Form::Plain,
    };
    if LOG.set(Log { filter: RwLock::new(filter), said_by, form }).is_ok() {
        // Only a second subscriber makes this fail, and nobody else sets one.
        let _ = tracing::subscriber::set_global_default(Writer);
    }
}

/// What is logged now, as `--log` would say it.
#[cfg(feature = "exchange")]
pub(crate) fn wanted() -> String {
    let filter = LOG.get().map(|log| log.filter.read().unwrap_or_else(PoisonError::into_inner));
    filter.map(|filter| filter.to_string()).unwrap_or_default()
}

/// Logs as the configuration wants from now on, unless the command line has spoken.
#[cfg(feature = "configuration")]
pub(crate) fn change(filter: Filter) {
    if let Some(log) = LOG.get().filter(|log| log.said_by == SaidBy::Configuration) {
        *log.filter.write().unwrap_or_else(PoisonError::into_inner) = filter;
        tracing::callsite::rebuild_interest_cache();
    }
}

/// tracing's subscriber. Spans have no part in our lines: a call carries its id as a field.
struct Writer;

impl Subscriber for Writer {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && LOG.get().is_some_and(|log| log.enabled(metadata))
    }

    fn event(&self, event: &Event<'_>) {
        let Some(log) = LOG.get() else { return };
        let mut text = String::with_capacity(160);
        line::write(log.form, SystemTime::now(), event, &mut text);
        // One write for the whole line: lines of several threads and processes don't mix. When nobody can be
        // told, nobody can be told that either.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let filter = self.filter.read().unwrap_or_else(PoisonError::into_inner);
        filter.admits(metadata.target(), *metadata.level())
    }
}

/// syslog's number for a level.
const fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}
