//! Calls as people and programs are shown them, wherever they are known from.

#[cfg(feature = "store")]
mod stored;
mod wanted;

use std::time::{Duration, SystemTime};

#[cfg(feature = "web")]
pub(crate) use wanted::Limit;
pub(crate) use wanted::{NoWanted, Wanted};

use crate::json::Json;
use crate::time::Civil;

/// A call, in progress or over.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Its name in the log; empty for the sum of callers who were turned away.
    pub(crate) number: String,
    /// Who knows of it: `exchange` or `line`.
    pub(crate) place: &'static str,
    /// `in` or `out`.
    pub(crate) direction: &'static str,
    /// The line's name, or the address where it came in.
    pub(crate) line: String,
    /// Who calls, or what was dialled.
    pub(crate) party: String,
    /// What it travels on.
    pub(crate) over: Option<String>,
    /// The address that was reached.
    pub(crate) reached: Option<String>,
    /// Whose call it is.
    pub(crate) account: Option<String>,
    /// When it rang, or was dialled.
    pub(crate) since: SystemTime,
    /// When its caller had logged in.
    pub(crate) login: Option<SystemTime>,
    /// When it was connected.
    pub(crate) started: Option<SystemTime>,
    /// When it ended.
    pub(crate) ended: Option<SystemTime>,
    /// How long it lasts, or lasted.
    pub(crate) lasts: Duration,
    /// Bytes to the other side.
    pub(crate) sent: u64,
    /// Bytes from the other side.
    pub(crate) received: u64,
    /// Why it ended: the code and the words.
    pub(crate) cause: Option<(String, String)>,
    /// How its program ended.
    pub(crate) status: Option<String>,
    /// How long a packet took there and back.
    pub(crate) round_trip: Option<Duration>,
    /// How many calls this tells of.
    pub(crate) count: u64,
}

/// The members of a call's object, which are the columns of a table for programs, too.
pub(crate) const MEMBERS: [&str; 20] = [
    "call",
    "place",
    "direction",
    "line",
    "party",
    "over",
    "reached",
    "account",
    "since",
    "login",
    "started",
    "ended",
    "seconds",
    "sent",
    "received",
    "cause",
    "words",
    "status",
    "round-trip-us",
    "count",
];

impl Call {
    /// An object with the members that there are.
    pub(crate) fn to_json(&self) -> Json {
        let time = |time: Option<SystemTime>| time.map_or(Json::Null, moment);
        let text = |text: &Option<String>| text.as_deref().into();
        let (cause, words) = self.cause.clone().unzip();
        let micros = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX).into();
        let values: [Json; MEMBERS.len()] = [
            self.number.as_str().into(),
            self.place.into(),
            self.direction.into(),
            self.line.as_str().into(),
            self.party.as_str().into(),
            text(&self.over),
            text(&self.reached),
            text(&self.account),
            moment(self.since),
            time(self.login),
            time(self.started),
            time(self.ended),
            self.lasts.as_secs().into(),
            self.sent.into(),
            self.received.into(),
            text(&cause),
            text(&words),
            text(&self.status),
            self.round_trip.map_or(Json::Null, micros),
            if self.count == 1 { Json::Null } else { self.count.into() },
        ];
        let members = MEMBERS.into_iter().zip(values);
        let there = members.filter(|(_, value)| *value != Json::Null);
        Json::Object(there.map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

/// A moment as programs read it.
fn moment(time: SystemTime) -> Json {
    Civil::from(time).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manual() -> String {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/records.md");
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn every_field_and_every_cause_is_in_the_manual() {
        let manual = manual();
        for member in MEMBERS {
            assert!(manual.contains(&format!("`{member}`")), "{member}");
        }
        for cause in at::result::Cause::ALL {
            assert!(manual.contains(&format!("`{}`", cause.code())), "{}", cause.code());
        }
    }
}
