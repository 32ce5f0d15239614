//! Calls as the store keeps them.

use store::{CallRow, Filter, Outcome};

use super::wanted::Limit;
use super::{Call, Wanted};

impl From<CallRow> for Call {
    fn from(row: CallRow) -> Self {
        let some = |text: String| (!text.is_empty()).then_some(text);
        Self {
            number: row.number,
            place: row.place.word(),
            direction: row.direction.word(),
            line: row.line,
            party: row.party,
            over: some(row.over),
            reached: row.reached,
            account: row.account,
            since: row.rang,
            login: row.login,
            started: row.started,
            ended: row.ended,
            lasts: row.lasted,
            sent: row.sent,
            received: row.received,
            cause: row.cause.zip(row.words),
            status: row.status,
            round_trip: row.round_trip,
            count: row.count,
        }
    }
}

impl From<&Wanted> for Filter {
    fn from(wanted: &Wanted) -> Self {
        Self {
            account: wanted.account.clone(),
            line: wanted.line.clone(),
            party: wanted.party.clone(),
            since: wanted.since,
            until: wanted.until,
            cause: wanted.cause.clone(),
            outcome: if wanted.failed { Outcome::Failed } else { Outcome::Ended },
            limit: match wanted.limit {
                Limit::All => None,
                Limit::Most(most) => Some(most),
            },
            ..Self::default()
        }
    }
}
