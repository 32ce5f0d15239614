//! The settings that a line's owner wants over those of its persona.

use std::sync::Arc;

use modem::{Persona, PersonaError, Value};
use tty::{DataBits, Format, Parity, StopBits};

use crate::config::{FlowConfig, LineConfig};

/// The persona doesn't take the owner's settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`init = \"{init}\"`: {reason}")]
pub struct InitError {
    init: String,
    reason: PersonaError,
}

/// The persona with the cable's flow control and format and the owner's settings for its factory settings.
///
/// They are not typed once at the start: most programs begin with `ATZ` or `AT&F`, and neither a cable
/// nor the owner's wish changes by that.
///
/// # Errors
/// What of `init` this persona refuses.
pub fn persona_of(config: &LineConfig, persona: &Arc<Persona>) -> Result<Arc<Persona>, InitError> {
    let cable = config.serial.as_ref().map(|serial| {
        let flow = match serial.flow {
            FlowConfig::None => "&K0",
            FlowConfig::RtsCts => "&K3",
            FlowConfig::XonXoff => "&K4",
        };
        format!("{flow} {}", character(serial.format.0))
    });
    let init = Some(config.init.as_str()).filter(|init| !init.is_empty());
    if cable.is_none() && init.is_none() {
        return Ok(Arc::clone(persona));
    }
    let mut owners = Persona::clone(persona);
    for settings in cable.as_deref().into_iter().chain(init) {
        let refused = |reason| InitError { init: settings.to_owned(), reason };
        owners.set("settings", Value::Text(settings)).map_err(refused)?;
    }
    Ok(if owners == **persona { Arc::clone(persona) } else { Arc::new(owners) })
}

/// The port's format as `+ICF` says it. With parity and two stop bits it can't; then it leaves the port
/// alone.
fn character(format: Format) -> String {
    let parity = match format.parity {
        Parity::None => None,
        Parity::Odd => Some(0),
        Parity::Even => Some(1),
        Parity::Mark => Some(2),
        Parity::Space => Some(3),
    };
    match (format.data, format.stop, parity) {
        (_, StopBits::Two, Some(_)) => "+ICF=0;".to_owned(),
        (DataBits::Eight, StopBits::Two, None) => "+ICF=1;".to_owned(),
        (DataBits::Eight, StopBits::One, Some(parity)) => format!("+ICF=2,{parity};"),
        (DataBits::Eight, StopBits::One, None) => "+ICF=3;".to_owned(),
        (DataBits::Seven, StopBits::Two, None) => "+ICF=4;".to_owned(),
        (DataBits::Seven, StopBits::One, Some(parity)) => format!("+ICF=5,{parity};"),
        (DataBits::Seven, StopBits::One, None) => "+ICF=6;".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use modem::{Character, Modem, Stored};

    use super::*;

    fn taken(init: &str) -> Result<(), String> {
        let config = LineConfig { init: init.into(), ..LineConfig::new("a") };
        persona_of(&config, &Persona::default().into()).map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_are_taken_and_everything_else_is_refused_by_name() {
        assert_eq!(taken("E0 S0=1 &D2"), Ok(()));
        assert_eq!(taken(""), Ok(()));
        for wrong in ["S0=999", "+NONSENSE=1", "DT10.0.0.7"] {
            let error = taken(wrong).unwrap_err();
            assert!(error.contains(wrong), "{error}");
        }
    }

    #[test]
    fn lines_without_settings_of_their_own_share_their_persona() {
        let persona = Arc::new(Persona::default());
        let own = persona_of(&LineConfig::new("a"), &persona).unwrap();
        assert!(Arc::ptr_eq(&own, &persona));
    }

    #[test]
    fn a_modem_that_is_switched_on_leaves_the_port_in_its_format() {
        let character = |format: &str| {
            let serial = format!("device = \"/dev/ttyS0\"\nformat = \"{format}\"");
            let config =
                LineConfig { serial: toml::from_str(&serial).unwrap(), ..LineConfig::new("a") };
            let persona = persona_of(&config, &Persona::default().into()).unwrap();
            Modem::new(persona, Stored::default()).character()
        };
        for data_bits in [7, 8] {
            for (letter, parity) in [
                ('N', at::parity::Parity::None),
                ('E', at::parity::Parity::Even),
                ('O', at::parity::Parity::Odd),
                ('M', at::parity::Parity::Mark),
                ('S', at::parity::Parity::Space),
            ] {
                for stop_bits in [1, 2] {
                    let form = match (letter, stop_bits) {
                        ('N', _) | (_, 1) => Character::Form { data_bits, parity, stop_bits },
                        _ => Character::Auto,
                    };
                    let format = format!("{data_bits}{letter}{stop_bits}");
                    assert_eq!(character(&format), form, "{format}");
                }
            }
        }
    }
}
