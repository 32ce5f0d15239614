//! Real modems and hunt groups, as operators see them.

use line::{Line, Service, Switchboard};
#[cfg(feature = "modems")]
use web::Direction;
use web::{Figures, GroupNow, MemberKind, MemberNow, ModemNow};

use super::Instance;

/// How a member of a group stands, for the group's sums.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// A call could go to it.
    Free,
    /// It has one, or is about to.
    Taken,
    /// Neither.
    Out,
}

impl Instance {
    /// Every real modem and GSM module as it stands.
    pub(super) fn shown_modems(&self) -> Vec<ModemNow> {
        let groups = self.board.hunts();
        let of = |name: &str| {
            let groups = groups.iter().map(|(config, _)| config);
            let of = groups.filter(|group| group.members.iter().any(|member| member == name));
            of.map(|group| group.name.clone()).collect()
        };
        let modems = self.modems_now().into_iter();
        let modems = modems.map(|modem| ModemNow { groups: of(&modem.name), ..modem });
        modems.chain(self.modules_now()).collect()
    }

    /// Every hunt group with its members as they stand.
    pub(super) fn shown_groups(&self) -> Vec<GroupNow> {
        let modems = self.modems_now();
        let groups = self.board.hunts().into_iter().map(|(config, places)| {
            let (members, standing): (Vec<_>, Vec<_>) =
                config.members.iter().map(|name| member(&self.board, &modems, name)).unzip();
            let count = |wanted| standing.iter().filter(|one| **one == wanted).count() as u64;
            GroupNow {
                name: config.name.clone(),
                order: config.order.word().into(),
                when_busy: config.busy.word().into(),
                listens: places,
                members,
                free: count(Standing::Free),
                calls: count(Standing::Taken),
            }
        });
        groups.collect()
    }

    #[cfg(feature = "modems")]
    fn modems_now(&self) -> Vec<ModemNow> {
        let now = |status: rack::Status| ModemNow {
            busy: status.service == rack::Service::BusiedOut,
            name: status.name,
            state: status.state.into(),
            device: status.device,
            error: status.trouble,
            party: status.party,
            since: status.since.map(Into::into),
            groups: Vec::new(),
            gsm: None,
        };
        self.rack.status().into_iter().map(now).collect()
    }

    #[cfg(not(feature = "modems"))]
    fn modems_now(&self) -> Vec<ModemNow> {
        Vec::new()
    }

    /// What has been counted of real modems.
    #[cfg(feature = "modems")]
    pub(super) fn count_modems(&self, figures: &mut Figures) {
        let calls = self.rack.calls().into_iter().map(|(way, cause, calls)| {
            let direction = if way == "in" { Direction::In } else { Direction::Out };
            (direction, cause.into(), calls)
        });
        figures.modem_calls = calls.collect();
        let failures = self.rack.failures().into_iter();
        figures.modem_failures = failures.map(|(what, count)| (what.into(), count)).collect();
    }

    #[cfg(not(feature = "modems"))]
    pub(super) fn count_modems(&self, _: &mut Figures) {}

    #[cfg(feature = "translator")]
    fn modules_now(&self) -> Vec<ModemNow> {
        self.modules.status().iter().map(super::modules::now).collect()
    }

    #[cfg(not(feature = "translator"))]
    fn modules_now(&self) -> Vec<ModemNow> {
        Vec::new()
    }
}

fn member(board: &Switchboard, modems: &[ModemNow], name: &str) -> (MemberNow, Standing) {
    if let Some(modem) = modems.iter().find(|modem| modem.name == name) {
        let (state, standing) = match &*modem.state {
            _ if modem.party.is_some() => (modem.state.clone(), Standing::Taken),
            "idle" if modem.busy => ("busied out".into(), Standing::Out),
            "idle" => (modem.state.clone(), Standing::Free),
            _ => (modem.state.clone(), Standing::Out),
        };
        return (MemberNow { name: name.to_owned(), kind: MemberKind::Modem, state }, standing);
    }
    let (state, standing) = match board.line(name) {
        Some(line) => line_stands(&line),
        None => ("missing", Standing::Out),
    };
    (MemberNow { name: name.to_owned(), kind: MemberKind::Line, state: state.into() }, standing)
}

fn line_stands(line: &Line) -> (&'static str, Standing) {
    let status = line.status();
    match status.call {
        Some(_) => (status.state, Standing::Taken),
        None if status.service == Service::BusiedOut => ("busied out", Standing::Out),
        None if status.dtr => (status.state, Standing::Free),
        None => (status.state, Standing::Out),
    }
}
