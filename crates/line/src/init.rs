//! The settings that a line's owner wants over those of its persona.

use std::sync::Arc;

use modem::{Persona, PersonaError, Value};

use crate::config::{FlowConfig, LineConfig};

/// The persona doesn't take the owner's settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`init = \"{init}\"`: {reason}")]
pub struct InitError {
    init: String,
    reason: PersonaError,
}

/// The persona with the cable's flow control and the owner's settings for its factory settings.
///
/// They are not typed once at the start: most programs begin with `ATZ` or `AT&F`, and neither a cable
/// nor the owner's wish changes by that.
///
/// # Errors
/// What of `init` this persona refuses.
pub fn persona_of(config: &LineConfig, persona: &Arc<Persona>) -> Result<Arc<Persona>, InitError> {
    let flow = config.serial.as_ref().map(|serial| match serial.flow {
        FlowConfig::None => "&K0",
        FlowConfig::RtsCts => "&K3",
        FlowConfig::XonXoff => "&K4",
    });
    let init = Some(config.init.as_str()).filter(|init| !init.is_empty());
    if flow.is_none() && init.is_none() {
        return Ok(Arc::clone(persona));
    }
    let mut owners = Persona::clone(persona);
    for settings in flow.into_iter().chain(init) {
        let refused = |reason| InitError { init: settings.to_owned(), reason };
        owners.set("settings", Value::Text(settings)).map_err(refused)?;
    }
    Ok(Arc::new(owners))
}

#[cfg(test)]
mod tests {
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
}
