//! What an instance can be asked.

#[cfg(feature = "collector")]
use super::SiteRequest;
use crate::calls::{NoWanted, Wanted};
use crate::json::{Json, JsonError};

/// An order or a question to a running instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// How do the lines stand?
    Lines,
    /// Which calls are there, and which have been lately?
    Calls(Wanted),
    /// End the call of this line, or the call of this number.
    HangUp(String),
    /// Show what passes on this line until the asker has seen enough.
    Trace(String),
    /// How do the real modems stand?
    Modems,
    /// Take this line or modem out of service for callers, or put it back.
    BusyOut(String, Busy),
    /// Something about sites, or of one.
    #[cfg(feature = "collector")]
    Site(SiteRequest),
    /// Have the station call the centre.
    #[cfg(feature = "station")]
    StationCall,
    /// Read the configuration again.
    Reload,
    /// Put on record what a command has done to the account of this name.
    Note(Deed, String),
}

/// What a command does to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Added,
    Changed,
    Removed,
}

impl Deed {
    /// As the audit log has it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Added => "account-added",
            Self::Changed => "account-changed",
            Self::Removed => "account-removed",
        }
    }
}

/// Whether callers are to find a line or modem busy, whatever it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    /// It takes no calls.
    On,
    /// It does.
    Off,
}

impl Busy {
    const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
        }
    }
}

/// Something nobody can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestError {
    /// Not even JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Some part of it.
    #[error(transparent)]
    Wanted(#[from] NoWanted),
    /// No such order.
    #[error(
        "expected `do` to be one of lines, calls, hang-up, trace, modems, busy-out, reload, note, sites, points, alarms, ask, wish, wishes, withdraw, samples, station-call"
    )]
    Unknown,
    /// The order needs to know for whom.
    #[error("`{0}` is missing")]
    Missing(&'static str),
}

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, RequestError> {
        let json = Json::parse(text)?;
        let named =
            |key: &'static str| json.text(key).map(str::to_owned).ok_or(RequestError::Missing(key));
        match json.text("do") {
            Some("lines") => Ok(Self::Lines),
            Some("calls") => {
                Ok(Self::Calls(Wanted::parse(json.get("wanted").unwrap_or(&Json::Null))?))
            }
            Some("hang-up") => named("call").map(Self::HangUp),
            Some("trace") => named("line").map(Self::Trace),
            Some("modems") => Ok(Self::Modems),
            Some("busy-out") => {
                let wanted = [Busy::Off, Busy::On];
                let wanted =
                    wanted.into_iter().find(|wanted| json.text("busy") == Some(wanted.word()));
                Ok(Self::BusyOut(named("name")?, wanted.ok_or(RequestError::Missing("busy"))?))
            }
            #[cfg(feature = "station")]
            Some("station-call") => Ok(Self::StationCall),
            Some("reload") => Ok(Self::Reload),
            Some("note") => {
                let deeds = [Deed::Added, Deed::Changed, Deed::Removed];
                let deed = deeds.into_iter().find(|deed| json.text("what") == Some(deed.word()));
                Ok(Self::Note(deed.ok_or(RequestError::Missing("what"))?, named("account")?))
            }
            #[cfg(feature = "collector")]
            Some(what) => {
                SiteRequest::parse(what, &json)?.map(Self::Site).ok_or(RequestError::Unknown)
            }
            _ => Err(RequestError::Unknown),
        }
    }

    /// The request as it is sent.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Lines => Json::object([("do", "lines".into())]),
            Self::Calls(wanted) => {
                Json::object([("do", "calls".into()), ("wanted", wanted.to_json())])
            }
            Self::HangUp(call) => {
                Json::object([("do", "hang-up".into()), ("call", call.as_str().into())])
            }
            Self::Trace(line) => {
                Json::object([("do", "trace".into()), ("line", line.as_str().into())])
            }
            Self::Modems => Json::object([("do", "modems".into())]),
            Self::BusyOut(name, wanted) => Json::object([
                ("do", "busy-out".into()),
                ("name", name.as_str().into()),
                ("busy", wanted.word().into()),
            ]),
            #[cfg(feature = "collector")]
            Self::Site(request) => request.to_json(),
            #[cfg(feature = "station")]
            Self::StationCall => Json::object([("do", "station-call".into())]),
            Self::Reload => Json::object([("do", "reload".into())]),
            Self::Note(deed, account) => Json::object([
                ("do", "note".into()),
                ("what", deed.word().into()),
                ("account", account.as_str().into()),
            ]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_understood() {
        let requests = [
            Request::Lines,
            Request::Calls(Wanted::default()),
            Request::HangUp("pump-house".into()),
            Request::Trace("\"\n".into()),
            Request::Modems,
            Request::BusyOut("pump-house".into(), Busy::On),
            Request::BusyOut("pump-house".into(), Busy::Off),
            Request::Reload,
            Request::Note(Deed::Changed, "pump".into()),
        ];
        for request in requests {
            assert_eq!(Request::parse(&request.to_json().to_string()), Ok(request));
        }
    }

    #[test]
    fn nonsense_is_told_what_is_missing() {
        assert_eq!(Request::parse("{\"do\":\"dance\"}"), Err(RequestError::Unknown));
        assert_eq!(Request::parse("{\"do\":\"trace\"}"), Err(RequestError::Missing("line")));
        assert!(matches!(Request::parse("lines"), Err(RequestError::Json(_))));
    }
}
