//! What the centre has changed of the configuration, as far as the file allows it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use settings::Span;

use crate::config::{Allow, DeviceConfig, StationConfig, often};

/// All changes so far. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes(Arc<Mutex<BTreeMap<String, String>>>);

impl Changes {
    /// Takes over what was kept; what the file doesn't allow or know any more is left out.
    pub(crate) fn take(
        &self,
        changes: &[(String, String)],
        config: &StationConfig,
        devices: &[DeviceConfig],
    ) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in changes {
            match check(key, value, config, devices) {
                Ok(()) => drop(map.insert(key.clone(), value.clone())),
                Err(why) => {
                    tracing::info!("{key} = {value}, which the centre wants, is left out: {why}")
                }
            }
        }
    }

    /// What it says of a span.
    pub(crate) fn span(&self, key: &str) -> Option<Duration> {
        self.value(key)?.parse::<Span>().ok().map(|span| span.0)
    }

    /// What it says of a number; `none` is that there is none.
    pub(crate) fn number(&self, key: &str) -> Option<Option<f64>> {
        self.value(key).map(|value| value.parse().ok())
    }

    fn value(&self, key: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }
}

/// Whether the centre may change this to that.
///
/// # Errors
/// Why not, for the centre's people.
pub(crate) fn check(
    key: &str,
    value: &str,
    config: &StationConfig,
    devices: &[DeviceConfig],
) -> Result<(), String> {
    let unknown = || {
        format!(
            "there is no key {key}: there are call-every, DEVICE.every, DEVICE.poll, DEVICE.POINT.low and DEVICE.POINT.high"
        )
    };
    let parts: Vec<&str> = key.split('.').collect();
    let device = |name: &str| devices.iter().find(|device| device.name == name).ok_or_else(unknown);
    let allowed = |what: Allow, word: &str| match config.allows(what) {
        true => Ok(()),
        false => Err(format!("this station's file doesn't allow {word}")),
    };
    match *parts.as_slice() {
        ["call-every"] => allowed(Allow::Schedules, "schedules")?,
        [name, "every" | "poll"] => {
            device(name)?;
            allowed(Allow::Schedules, "schedules")?;
        }
        [name, point, "low" | "high"] => {
            device(name)?.points.iter().find(|known| known.name == point).ok_or_else(unknown)?;
            allowed(Allow::Limits, "limits")?;
            let number = value.parse::<f64>().is_ok_and(f64::is_finite);
            return if number || value == "none" {
                Ok(())
            } else {
                Err(format!("{value} is neither a number nor `none`"))
            };
        }
        _ => return Err(unknown()),
    }
    let span: Span = value.parse().map_err(|error: String| error)?;
    if key == "call-every" && span.0 < Duration::from_secs(10) {
        return Err("that is too often: every 10s at most".to_owned());
    }
    often(span).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_centre_that_wants_a_call_beyond_all_times_or_all_the_time_is_told_no() {
        let table = "name = 'pump'\ncall = 'x'\nallow = 'schedules'";
        let config: StationConfig = toml::from_str(table).unwrap();
        for wrong in ["200000000000d", "36600d", "9s", "0s", "1", ""] {
            assert!(check("call-every", wrong, &config, &[]).is_err(), "{wrong}");
        }
        assert_eq!(check("call-every", "400d", &config, &[]), Ok(()));
    }
}
