//! Another configuration for a station: a whole one, or some values of the one it has.

use std::fmt;

use store::SiteStation;
use telemetry::{Status, limits};
use tokio::sync::oneshot;

use crate::collector::{Answer, OrderError};
use crate::config::Framing;
use crate::site::Site;
use crate::told::clean;

/// What is to become of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// All of it, as a file.
    Whole(String),
    /// What becomes what.
    Values(Vec<(String, String)>),
}

/// A change on its way to a station's call.
#[derive(Debug)]
pub(crate) struct Renewal {
    pub(crate) change: Change,
    pub(crate) answer: oneshot::Sender<Renewed>,
}

/// What has come of a change: the versions before and behind it.
pub(crate) type Renewed = Result<(u64, u64), OrderError>;

impl Change {
    /// A whole file has tables; values are lines of `KEY=VALUE`.
    pub(crate) fn of(text: &str) -> Result<Self, String> {
        if Self::is_whole(text) {
            let most = limits::CONFIGURATION;
            return match text.len() > most {
                true => Err(format!("a configuration has {most} bytes at most")),
                false => Ok(Self::Whole(text.to_owned())),
            };
        }
        let value = |line: &str| {
            let (key, value) = line.split_once('=').ok_or_else(|| {
                format!(
                    "`{line}` is no change: write KEY=VALUE, or send a file with a [station] table"
                )
            })?;
            let (key, value) = (key.trim(), value.trim());
            match key.len().max(value.len()) > limits::TEXT {
                true => Err(format!("a value has {} bytes at most", limits::TEXT)),
                false => Ok((key.to_owned(), value.to_owned())),
            }
        };
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let values = lines.map(value).collect::<Result<Vec<_>, String>>()?;
        match values.len() {
            0 => Err("nothing is to be changed".to_owned()),
            count if count > limits::CHANGES => {
                Err(format!("{} values at most at once", limits::CHANGES))
            }
            _ => Ok(Self::Values(values)),
        }
    }

    pub(crate) fn is_whole(text: &str) -> bool {
        text.lines().any(|line| line.trim_start().starts_with('['))
    }
}

/// Whether the site has a configuration that could be changed.
pub(crate) fn check(site: &Site) -> Result<(), OrderError> {
    match site.shelf().config.framing {
        Framing::Station => Ok(()),
        _ => Err(OrderError::Bad(
            "only a station can be sent a configuration; the site's table would need: framing = \"station\"".to_owned(),
        )),
    }
}

/// Sends a change over the site's call.
pub(crate) async fn renew(site: &Site, change: Change) -> Result<Answer, OrderError> {
    check(site)?;
    let (answer, answered) = oneshot::channel();
    site.send_renewal(Renewal { change, answer })?;
    let away =
        |_| OrderError::Away("the call has ended before the station said anything".to_owned());
    let (old, new) = answered.await.map_err(away)??;
    let version = |version| match version {
        0 => "the file's".to_owned(),
        version => format!("version {version}"),
    };
    Ok(Answer::Written { what: "configuration".to_owned(), old: version(old), new: version(new) })
}

/// What a station has said of itself, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StationNow {
    /// When.
    pub said: std::time::SystemTime,
    /// What.
    pub status: Status,
}

impl StationNow {
    /// What a station says now, in characters that anybody can be shown.
    pub(crate) fn now(mut status: Status) -> Self {
        status.silent_names.iter_mut().for_each(|name| *name = clean(name));
        status.given_up = status.given_up.map(|(version, why)| (version, clean(&why)));
        Self { said: std::time::SystemTime::now(), status }
    }

    /// As it was kept; what nobody can read any more is nothing.
    pub(crate) fn of(row: &SiteStation) -> Option<Self> {
        match telemetry::Message::decode(&row.status) {
            Ok(telemetry::Message::Status(status)) => Some(Self { said: row.said, status }),
            _ => None,
        }
    }

    /// The version of the configuration that it has given up.
    pub(crate) fn given_up(&self) -> Option<u64> {
        self.status.given_up.as_ref().map(|(version, _)| *version)
    }

    pub(crate) fn row(&self) -> SiteStation {
        let status = telemetry::Message::Status(self.status.clone()).encode();
        SiteStation { said: self.said, status }
    }
}

impl fmt::Display for StationNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = &self.status;
        write!(f, "up {}s, {} of {} wait", status.uptime_s, status.waiting, status.room)?;
        if let Some(dbm) = status.signal_dbm {
            write!(f, ", {dbm} dBm")?;
        }
        if status.silent > 0 {
            write!(f, ", silent: {}", status.silent_names.join(" "))?;
        }
        if let Some((version, why)) = &status.given_up {
            write!(f, ", has given up configuration {version}: {why}")?;
        }
        match status.clock.offset_ms() {
            Some(off) => write!(f, ", clock {} ({off} ms)", status.clock.word()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_from_values_and_nonsense_is_refused() {
        assert!(matches!(Change::of("# x\n[station]\nname = 'a'\n"), Ok(Change::Whole(_))));
        let values = Change::of("call-every=1h\n\n m.level.high = 4.5 \n").unwrap();
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            values,
            Change::Values(vec![pair("call-every", "1h"), pair("m.level.high", "4.5")])
        );
        assert!(Change::of("").is_err() && Change::of("dance").is_err());
        assert!(Change::of(&"a=b\n".repeat(limits::CHANGES + 1)).is_err());
        assert!(Change::of(&format!("a={}", "x".repeat(251))).is_err());
        assert!(Change::of(&format!("[{}", "x".repeat(limits::CONFIGURATION))).is_err());
    }

    #[test]
    fn what_is_asked_is_itself_again() {
        for text in ["configure = call-every=1h\nm.every=2m", "configure = [station]\nname = 'a'\n"]
        {
            let ask: crate::Ask = text.parse().unwrap();
            assert_eq!(ask.to_string(), text);
        }
        assert!("configure".parse::<crate::Ask>().is_err());
        assert!("configure x = [station]".parse::<crate::Ask>().is_err());
        let write: crate::Ask = "write configure = [station]".parse().unwrap();
        assert!(matches!(write.target, crate::Target::Point(_)), "the right to write isn't enough");
    }
}
