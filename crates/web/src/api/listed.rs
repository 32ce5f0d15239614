//! What the lists of the API are searched by, ordered by, and divided into.

use std::cmp::Ordering;

use crate::house::{CallNow, CallOver, FailedLogin, GroupNow, LineNow, Listener, ModemNow};
use crate::moment::Moment;
use crate::picture::{Listed, Row, Traffic};
use crate::select::{Choice, natural};
use crate::site::{AlarmNow, SiteNow, WishNow};

pub(crate) const LINES: Choice<LineNow> = Choice {
    sorts: &[
        ("name", |a, b| natural(&a.key, &b.key)),
        ("state", |a, b| a.value.state.cmp(&b.value.state)),
        ("persona", |a, b| a.value.persona.cmp(&b.value.persona)),
        ("place", |a, b| natural(&a.value.place, &b.value.place)),
        ("party", |a, b| natural(party(&a.value), party(&b.value))),
        ("since", |a, b| since(&a.value).cmp(&since(&b.value))),
        ("rate", rate),
        ("bytes", |a, b| bytes(&a.value).cmp(&bytes(&b.value))),
    ],
    shows: &[("calls", has_call), ("free", is_free), ("busy", is_busy), ("trouble", has_trouble)],
};

pub(crate) const MODEMS: Choice<ModemNow> = Choice {
    sorts: &[
        ("name", |a, b| natural(&a.key, &b.key)),
        ("state", |a, b| a.value.state.cmp(&b.value.state)),
        ("device", |a, b| natural(&a.value.device, &b.value.device)),
        ("party", |a, b| a.value.party.cmp(&b.value.party)),
        ("since", |a, b| modem_since(&a.value).cmp(&modem_since(&b.value))),
    ],
    shows: &[
        ("calls", |modem| modem.party.is_some()),
        ("busy", |modem| modem.busy),
        ("trouble", |modem| modem.error.is_some()),
    ],
};

pub(crate) const GROUPS: Choice<GroupNow> = Choice {
    sorts: &[
        ("name", |a, b| natural(&a.key, &b.key)),
        ("free", |a, b| a.value.free.cmp(&b.value.free)),
        ("calls", |a, b| a.value.calls.cmp(&b.value.calls)),
        ("order", |a, b| a.value.order.cmp(&b.value.order)),
    ],
    shows: &[("free", |group| group.free > 0), ("taken", |group| group.free == 0)],
};

pub(crate) const CALLS: Choice<CallNow> = Choice {
    sorts: &[
        ("since", |a, b| a.value.since.cmp(&b.value.since)),
        ("id", |a, b| natural(&a.key, &b.key)),
        ("party", |a, b| natural(&a.value.party, &b.value.party)),
        ("over", |a, b| a.value.over.cmp(&b.value.over)),
        ("account", |a, b| a.value.account.cmp(&b.value.account)),
        ("line", |a, b| a.value.line.cmp(&b.value.line)),
        ("direction", |a, b| a.value.direction.cmp(&b.value.direction)),
        ("rate", rate),
        ("bytes", |a, b| carried(&a.value).cmp(&carried(&b.value))),
    ],
    shows: &[("lines", |call| call.line.is_some()), ("exchange", |call| call.line.is_none())],
};

pub(crate) const RECENT: Choice<CallOver> = Choice {
    sorts: &[
        ("latest", |a, b| ended(&b.value).cmp(&ended(&a.value))),
        ("party", |a, b| natural(&a.value.call.party, &b.value.call.party)),
        ("over", |a, b| a.value.call.over.cmp(&b.value.call.over)),
        ("account", |a, b| a.value.call.account.cmp(&b.value.call.account)),
        ("line", |a, b| a.value.call.line.cmp(&b.value.call.line)),
        ("seconds", |a, b| a.value.seconds.cmp(&b.value.seconds)),
        ("cause", |a, b| a.value.cause.cmp(&b.value.cause)),
        ("bytes", |a, b| carried(&a.value.call).cmp(&carried(&b.value.call))),
    ],
    shows: &[
        ("lines", |call| call.call.line.is_some()),
        ("exchange", |call| call.call.line.is_none()),
    ],
};

pub(crate) const FAILED: Choice<FailedLogin> = Choice {
    sorts: &[
        ("latest", |a, b| b.value.at.cmp(&a.value.at)),
        ("from", |a, b| natural(&a.value.from, &b.value.from)),
        ("name", |a, b| a.value.name.cmp(&b.value.name)),
        ("cause", |a, b| a.value.cause.cmp(&b.value.cause)),
    ],
    shows: &[
        ("exchange", |login| login.at_what == "exchange"),
        ("page", |login| login.at_what == "page"),
    ],
};

pub(crate) const LISTENERS: Choice<Listener> = Choice {
    sorts: &[
        ("address", |a, b| natural(&a.value.address, &b.value.address)),
        ("answers", |a, b| natural(&a.value.answers, &b.value.answers)),
    ],
    shows: &[
        ("lines", |listener| listener.answers != "exchange"),
        ("exchange", |listener| listener.answers == "exchange"),
    ],
};

pub(crate) const SITES: Choice<SiteNow> = Choice {
    sorts: &[
        ("name", |a, b| natural(&a.key, &b.key)),
        ("state", |a, b| a.value.state.cmp(&b.value.state)),
        ("framing", |a, b| a.value.framing.cmp(&b.value.framing)),
        ("called", |a, b| b.value.called.cmp(&a.value.called)),
        ("next", |a, b| next(&a.value).cmp(&next(&b.value))),
        ("points", |a, b| a.value.points.cmp(&b.value.points)),
        ("answers", |a, b| share(&a.value).total_cmp(&share(&b.value))),
    ],
    shows: &[
        ("online", |site| site.call.is_some()),
        ("away", |site| site.call.is_none()),
        ("overdue", |site| site.state == "overdue"),
        ("often", |site| site.too_often),
    ],
};

pub(crate) const ALARMS: Choice<AlarmNow> = Choice {
    sorts: &[
        ("latest", |a, b| {
            let key = |alarm: &AlarmNow| (alarm.ended.is_some(), std::cmp::Reverse(alarm.began));
            key(&a.value).cmp(&key(&b.value))
        }),
        ("site", |a, b| natural(&a.value.site, &b.value.site)),
        ("kind", |a, b| a.value.kind.cmp(&b.value.kind)),
        ("began", |a, b| a.value.began.cmp(&b.value.began)),
    ],
    shows: &[("lasting", |alarm| alarm.ended.is_none()), ("unseen", |alarm| alarm.seen.is_none())],
};

pub(crate) const WISHES: Choice<WishNow> = Choice {
    sorts: &[
        ("turn", |a, b| turn(&a.value).cmp(&turn(&b.value))),
        ("site", |a, b| natural(&a.value.site, &b.value.site)),
        ("state", |a, b| a.value.state.cmp(&b.value.state)),
        ("made", |a, b| a.value.made.cmp(&b.value.made)),
        ("until", |a, b| a.value.until.cmp(&b.value.until)),
        ("priority", |a, b| a.value.priority.cmp(&b.value.priority)),
    ],
    shows: &[
        ("waiting", |wish| wish.ended.is_none()),
        ("over", |wish| wish.ended.is_some()),
        ("vain", |wish| matches!(&*wish.state, "failed" | "unknown" | "expired")),
    ],
};

/// What waits comes first, in the order of its turns; then what is over, the latest first.
fn turn(wish: &WishNow) -> (Option<std::cmp::Reverse<Moment>>, std::cmp::Reverse<i64>, i64) {
    let ended = wish.ended.map(std::cmp::Reverse);
    match ended {
        None => (None, std::cmp::Reverse(wish.priority), wish.id),
        Some(_) => (ended, std::cmp::Reverse(wish.id), 0),
    }
}

/// Which part of its questions a site has answered; who was asked nothing comes last.
fn share(site: &SiteNow) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "no call has 2^53 questions")]
    let share = site.answered as f64 / site.asked as f64;
    if site.asked == 0 { 2.0 } else { share }
}

fn next(site: &SiteNow) -> u64 {
    // Sites that call when they like come last.
    site.next.map_or(u64::MAX, |next| next.unix())
}

pub(crate) fn has_call(line: &LineNow) -> bool {
    line.call.is_some()
}

pub(crate) fn is_free(line: &LineNow) -> bool {
    line.call.is_none() && !is_busy(line) && !has_trouble(line)
}

pub(crate) fn is_busy(line: &LineNow) -> bool {
    line.busy == Some(true)
}

pub(crate) fn has_trouble(line: &LineNow) -> bool {
    line.error.is_some()
}

fn modem_since(modem: &ModemNow) -> u64 {
    // Modems without a call come last.
    modem.since.map_or(u64::MAX, |since| since.unix())
}

fn party(line: &LineNow) -> &str {
    line.call.as_ref().map_or("", |call| &call.party)
}

fn since(line: &LineNow) -> u64 {
    // Lines without a call come last.
    line.call.as_ref().map_or(u64::MAX, |call| call.since.unix())
}

fn bytes(line: &LineNow) -> u64 {
    line.call.as_ref().map_or(0, carried)
}

fn carried(call: &CallNow) -> u64 {
    call.sent.saturating_add(call.received)
}

fn ended(call: &CallOver) -> u64 {
    call.call.since.unix().saturating_add(call.seconds)
}

fn rate<T>(a: &Row<T>, b: &Row<T>) -> Ordering {
    a.rates.sum().cmp(&b.rates.sum())
}

fn traffic(call: &CallNow) -> Traffic<'_> {
    Traffic { call: &call.id, sent: call.sent, received: call.received }
}

fn call_words(call: &CallNow, found_by: &mut dyn FnMut(&str)) {
    let CallNow { id, line, direction, party, over, account, .. } = call;
    found_by(id);
    found_by(party);
    found_by(match direction {
        crate::house::Direction::In => "in",
        crate::house::Direction::Out => "out",
    });
    for word in [line.as_deref(), over.as_deref(), account.as_deref()].into_iter().flatten() {
        found_by(word);
    }
}

impl Listed for LineNow {
    fn key(&self) -> String {
        self.name.clone()
    }

    fn words(&self, found_by: &mut dyn FnMut(&str)) {
        let Self { name, state, persona, place, listens, error, call, .. } = self;
        for word in [name.as_str(), state, persona, place].into_iter().chain(error.as_deref()) {
            found_by(word);
        }
        listens.iter().for_each(|place| found_by(place));
        if let Some(call) = call {
            call_words(call, found_by);
        }
    }

    fn traffic(&self) -> Option<Traffic<'_>> {
        self.call.as_ref().map(traffic)
    }
}

impl Listed for ModemNow {
    fn key(&self) -> String {
        self.name.clone()
    }

    fn words(&self, found_by: &mut dyn FnMut(&str)) {
        let Self { name, state, device, error, party, groups, gsm, .. } = self;
        for word in [name.as_str(), state, device] {
            found_by(word);
        }
        let others = error.iter().chain(party).chain(groups);
        others.for_each(|word| found_by(word));
        if let Some(gsm) = gsm {
            found_by(&gsm.network);
            gsm.last_call.iter().for_each(|call| found_by(&call.party));
        }
    }
}

impl Listed for GroupNow {
    fn key(&self) -> String {
        self.name.clone()
    }

    fn words(&self, found_by: &mut dyn FnMut(&str)) {
        found_by(&self.name);
        found_by(&self.order);
        self.listens.iter().for_each(|place| found_by(place));
        for member in &self.members {
            found_by(&member.name);
            found_by(&member.state);
        }
    }
}

impl Listed for CallNow {
    fn key(&self) -> String {
        self.id.clone()
    }

    fn words(&self, found_by: &mut dyn FnMut(&str)) {
        call_words(self, found_by);
    }

    fn traffic(&self) -> Option<Traffic<'_>> {
        Some(traffic(self))
    }
}

impl Listed for CallOver {
    fn key(&self) -> String {
        // A line numbers its calls from one again after a restart.
        format!("{} {}", self.call.id, self.call.since.unix())
    }

    fn words(&self, found_by: &mut dyn FnMut(&str)) {
        call_words(&self.call, found_by);
        found_by(&self.cause);
        found_by(&self.words);
    }
}

impl Listed for FailedLogin {
    fn key(&self) -> String {
        format!("{} {} {}", self.at.unix(), self.from, self.cause)
    }

    fn words(&self, found_by: &mut dyn FnMut(&str)) {
        let Self { from, at_what, name, cause, words, .. } = self;
        for word in [from.as_str(), at_what, cause, words].into_iter().chain(name.as_deref()) {
            found_by(word);
        }
    }
}

impl Listed for SiteNow {
    fn key(&self) -> String {
        self.name.clone()
    }

    fn words(&self, found_by: &mut dyn FnMut(&str)) {
        for word in [self.name.as_str(), &self.account, &self.framing, &self.state] {
            found_by(word);
        }
        self.from.iter().chain(&self.call).for_each(|word| found_by(word));
    }
}

impl Listed for AlarmNow {
    fn key(&self) -> String {
        self.id.to_string()
    }

    fn words(&self, found_by: &mut dyn FnMut(&str)) {
        for word in [self.site.as_str(), &self.kind, &self.subject, &self.words] {
            found_by(word);
        }
        self.end_words.iter().for_each(|words| found_by(words));
    }
}

impl Listed for WishNow {
    fn key(&self) -> String {
        self.id.to_string()
    }

    fn words(&self, found_by: &mut dyn FnMut(&str)) {
        for word in [self.site.as_str(), &self.ask, &self.who, &self.state] {
            found_by(word);
        }
        self.answer.iter().for_each(|answer| found_by(answer));
    }
}

impl Listed for Listener {
    fn key(&self) -> String {
        self.address.clone()
    }

    fn words(&self, found_by: &mut dyn FnMut(&str)) {
        found_by(&self.address);
        found_by(&self.answers);
        self.accepts.iter().for_each(|kind| found_by(kind));
    }
}
