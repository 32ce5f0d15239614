//! Which calls somebody wants to see.

use std::str::FromStr;
use std::time::SystemTime;

use super::Call;
use crate::json::Json;
use crate::time::{at_millis, millis};

/// Which calls somebody wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Of this account.
    pub(crate) account: Option<String>,
    /// On this line, or at this address of ours.
    pub(crate) line: Option<String>,
    /// With this in the text that says who called or was called.
    pub(crate) party: Option<String>,
    /// That rang no earlier.
    pub(crate) since: Option<SystemTime>,
    /// That rang no later.
    pub(crate) until: Option<SystemTime>,
    /// That ended for this reason, by its code.
    pub(crate) cause: Option<String>,
    /// Whether only those that were never connected.
    pub(crate) failed: bool,
    /// How many of those that are over.
    pub(crate) limit: Limit,
}

/// How many calls are shown that are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// All there are.
    All,
    /// The latest so many.
    Most(u64),
}

impl Default for Limit {
    /// Some screens full.
    fn default() -> Self {
        Self::Most(100)
    }
}

impl FromStr for Limit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            _ => text.parse().map(Self::Most).map_err(|_| "expected a number, or `all`"),
        }
    }
}

/// What a request wants makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` makes no sense")]
pub(crate) struct NoWanted(&'static str);

impl Wanted {
    /// The latest calls that are over, as far as this leaves a choice, out of `calls`, which are sorted.
    pub(crate) fn choose(&self, calls: impl Iterator<Item = Call>) -> Vec<Call> {
        let most = match self.limit {
            Limit::All => usize::MAX,
            Limit::Most(most) => usize::try_from(most).unwrap_or(usize::MAX),
        };
        calls.filter(|call| self.wants(call)).take(most).collect()
    }

    /// Whether this call is among those that are wanted.
    pub(crate) fn wants(&self, call: &Call) -> bool {
        let is = |wanted: &Option<String>, it: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| it == Some(wanted))
        };
        let has = |text: &str| self.party.as_deref().is_none_or(|part| text.contains(part));
        is(&self.account, call.account.as_deref())
            && is(&self.line, Some(&call.line))
            && is(&self.cause, call.cause.as_ref().map(|(code, _)| code.as_str()))
            && (has(&call.party) || call.reached.as_deref().is_some_and(has))
            && self.since.is_none_or(|since| call.since >= since)
            && self.until.is_none_or(|until| call.since <= until)
            && (!self.failed || call.ended.is_some() && call.started.is_none())
    }

    /// As it is sent to a running instance.
    pub(crate) fn to_json(&self) -> Json {
        let time =
            |time: Option<SystemTime>| time.map_or(Json::Null, |time| Json::Number(millis(time)));
        let limit = match self.limit {
            Limit::All => "all".to_owned(),
            Limit::Most(most) => most.to_string(),
        };
        Json::object([
            ("account", self.account.as_deref().into()),
            ("line", self.line.as_deref().into()),
            ("party", self.party.as_deref().into()),
            ("since", time(self.since)),
            ("until", time(self.until)),
            ("cause", self.cause.as_deref().into()),
            ("failed", Json::Bool(self.failed)),
            ("limit", limit.into()),
        ])
    }

    /// As a running instance reads it; what is missing is not asked for.
    ///
    /// # Errors
    /// The first thing that makes no sense.
    pub(crate) fn parse(json: &Json) -> Result<Self, NoWanted> {
        let text = |key: &'static str| match json.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text.clone())),
            Some(_) => Err(NoWanted(key)),
        };
        let time = |key: &'static str| match json.get(key) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::Number(millis)) => Ok(Some(at_millis(*millis))),
            Some(_) => Err(NoWanted(key)),
        };
        let failed = match json.get("failed") {
            None | Some(Json::Null) => false,
            Some(Json::Bool(failed)) => *failed,
            Some(_) => return Err(NoWanted("failed")),
        };
        Ok(Self {
            account: text("account")?,
            line: text("line")?,
            party: text("party")?,
            since: time("since")?,
            until: time("until")?,
            cause: text("cause")?,
            failed,
            limit: match text("limit")? {
                Some(limit) => limit.parse().map_err(|_| NoWanted("limit"))?,
                None => Limit::default(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn what_is_sent_is_understood() {
        let at = |secs| Some(UNIX_EPOCH + Duration::from_secs(secs));
        let wanted = Wanted {
            account: Some("site\"42".into()),
            party: Some("192.0.2.".into()),
            since: at(1_000),
            until: at(2_000),
            failed: true,
            limit: Limit::All,
            ..Wanted::default()
        };
        for wanted in [wanted, Wanted::default()] {
            let sent = Json::parse(&wanted.to_json().to_string()).unwrap();
            assert_eq!(Wanted::parse(&sent), Ok(wanted));
        }
        assert_eq!(Wanted::parse(&Json::object([])), Ok(Wanted::default()));
        let nonsense = Json::object([("limit", "some".into())]);
        assert_eq!(Wanted::parse(&nonsense), Err(NoWanted("limit")));
    }
}
