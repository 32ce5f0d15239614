//! The commands that a line's owner gives its modem at every start.

use clock::Instant;
use modem::{Action, DteLines, Input, Modem, Output, StateName};

use crate::config::{FlowConfig, LineConfig};

/// The modem did not take the owner's commands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`init = \"{0}\"`: the modem answers ERROR, or the commands are not settings alone")]
pub struct InitError(String);

/// Obeys the cable's flow control, then the owner's commands, at equipment that is not plugged in yet.
pub(crate) fn obey(modem: &mut Modem, now: Instant, config: &LineConfig) -> Result<(), InitError> {
    modem.input(now, Input::Lines(DteLines { dtr: false, rts: false }), &mut Nobody::default());
    let flow = config.serial.as_ref().map(|serial| match serial.flow {
        FlowConfig::None => "&K0",
        FlowConfig::RtsCts => "&K3",
        FlowConfig::XonXoff => "&K4",
    });
    let owners = (!config.init.is_empty()).then_some(config.init.as_str());
    for commands in flow.into_iter().chain(owners) {
        let mut nobody = Nobody::default();
        modem.input(now, Input::Dte(format!("AT{commands}\r").as_bytes()), &mut nobody);
        let refused = nobody.heard.ends_with(b"ERROR\r\n") || nobody.heard.ends_with(b"4\r");
        if refused || modem.state() != StateName::Command {
            return Err(InitError(commands.to_owned()));
        }
    }
    Ok(())
}

/// Equipment that is not plugged in yet.
#[derive(Default)]
struct Nobody {
    heard: Vec<u8>,
}

impl Output for Nobody {
    fn dte(&mut self, bytes: &[u8]) {
        self.heard.extend_from_slice(bytes);
    }

    fn line(&mut self, _: &[u8]) {}

    /// Signals are shown from the modem's state once the end is there.
    fn act(&mut self, _: Action<'_>) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use modem::{Persona, Stored};

    fn obeyed(init: &str) -> Result<(), InitError> {
        let mut modem = Modem::new(Persona::default().into(), Stored::new());
        let config = LineConfig { init: init.into(), ..LineConfig::new("a") };
        obey(&mut modem, Instant::ORIGIN, &config)
    }

    #[test]
    fn settings_are_obeyed_and_everything_else_is_refused_by_name() {
        assert_eq!(obeyed("E0 S0=1 &D2"), Ok(()));
        assert_eq!(obeyed(""), Ok(()));
        for wrong in ["S0=999", "+NONSENSE=1", "DT10.0.0.7"] {
            assert_eq!(obeyed(wrong), Err(InitError(wrong.into())));
        }
    }
}
