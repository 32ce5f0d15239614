//! The result codes themselves.

use super::{CauseRules, XLevel};

/// How a command line, or a call, came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResultCode {
    /// The line was executed.
    Ok,
    /// Data state, with the rate to report in bit/s if one is to be reported.
    Connect(Option<u32>),
    /// A burst of ringing.
    Ring,
    /// A call ended, or none came about.
    NoCarrier,
    /// The line can't be executed.
    Error,
    /// No network to dial on.
    NoDialtone,
    /// The far end refused.
    Busy,
    /// The far end didn't answer in time.
    NoAnswer,
    /// Dialling this number is blocked for a while.
    Delayed,
    /// Dialling this number is forbidden.
    Blacklisted,
}

impl ResultCode {
    /// Every code, `CONNECT` without a rate.
    pub const ALL: [Self; 10] = [
        Self::Ok,
        Self::Connect(None),
        Self::Ring,
        Self::NoCarrier,
        Self::Error,
        Self::NoDialtone,
        Self::Busy,
        Self::NoAnswer,
        Self::Delayed,
        Self::Blacklisted,
    ];

    /// Its name in a configuration: `no-carrier`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Connect(_) => "connect",
            Self::Ring => "ring",
            Self::NoCarrier => "no-carrier",
            Self::Error => "error",
            Self::NoDialtone => "no-dialtone",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Delayed => "delayed",
            Self::Blacklisted => "blacklisted",
        }
    }

    /// The code called `name`, as [`ResultCode::name`] has it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }

    /// What is left of this code under an `X` setting: a modem that isn't to listen for busy tone
    /// can only say that there is no carrier.
    pub fn under(self, x: XLevel, rules: &CauseRules) -> Self {
        match self {
            Self::Connect(Some(_)) if !x.shows_rate() => Self::Connect(None),
            Self::NoDialtone if !x.hears_dial_tone() => Self::NoCarrier,
            Self::Busy if !x.hears_busy() => Self::NoCarrier,
            Self::NoAnswer if x < rules.no_answer_from => Self::NoCarrier,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_x_levels_hide_what_the_table_says() {
        let shown = |code: ResultCode| {
            (0..=7).map(|x| code.under(XLevel::new(x), &CauseRules::default())).collect::<Vec<_>>()
        };
        let (no_carrier, busy, tone) =
            (ResultCode::NoCarrier, ResultCode::Busy, ResultCode::NoDialtone);
        let rate = ResultCode::Connect(Some(9600));
        let bare = ResultCode::Connect(None);
        assert_eq!(shown(rate), [bare, rate, rate, rate, rate, rate, rate, rate]);
        assert_eq!(shown(tone), [no_carrier, no_carrier, tone, no_carrier, tone, tone, tone, tone]);
        assert_eq!(shown(busy), [no_carrier, no_carrier, no_carrier, busy, busy, busy, busy, busy]);
        assert_eq!(shown(ResultCode::NoAnswer), [ResultCode::NoAnswer; 8]);
    }

    #[test]
    fn no_answer_can_wait_for_a_level() {
        let rules = CauseRules { no_answer_from: XLevel::new(4), ..CauseRules::default() };
        let code = ResultCode::NoAnswer;
        assert_eq!(code.under(XLevel::new(3), &rules), ResultCode::NoCarrier);
        assert_eq!(code.under(XLevel::new(4), &rules), code);
    }

    #[test]
    fn every_code_is_found_by_its_name() {
        for code in ResultCode::ALL {
            assert_eq!(ResultCode::from_name(code.name()), Some(code));
        }
    }
}
