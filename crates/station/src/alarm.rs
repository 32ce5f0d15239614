//! When a value is worth a call.

use telemetry::{Reason, Value};

/// Where a point stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Zone {
    /// Nobody has looked yet.
    #[default]
    Unknown,
    Low,
    Normal,
    High,
    /// In this state, for points that are watched for changes.
    State(String),
}

/// What is watched.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Watch {
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    /// How far back a value must be before the alarm is over, so that one which hovers doesn't ring all day.
    pub(crate) band: f64,
    pub(crate) change: bool,
}

impl Watch {
    /// What a new value means: where it stands now, and whether that is news.
    pub(crate) fn judge(&self, zone: &Zone, value: &Value) -> (Zone, Option<Reason>) {
        if *value == Value::None {
            // Silence is no state.
            return (zone.clone(), None);
        }
        if self.change {
            let state = Zone::State(value.to_string());
            let news = *zone != Zone::Unknown && *zone != state;
            return (state, news.then_some(Reason::Change));
        }
        let Some(number) = value.number().filter(|number| !number.is_nan()) else {
            return (zone.clone(), None);
        };
        let (mut low, mut high) = (self.low, self.high);
        match zone {
            Zone::Low => low = low.map(|limit| limit + self.band),
            Zone::High => high = high.map(|limit| limit - self.band),
            _ => {}
        }
        let now = if low.is_some_and(|limit| number < limit) {
            Zone::Low
        } else if high.is_some_and(|limit| number > limit) {
            Zone::High
        } else {
            Zone::Normal
        };
        let reason = match (&now, zone) {
            (now, before) if now == before => None,
            (Zone::Low, _) => Some(Reason::Low),
            (Zone::High, _) => Some(Reason::High),
            (_, Zone::Low | Zone::High) => Some(Reason::Normal),
            _ => None,
        };
        (now, reason)
    }
}

impl Zone {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Unknown => String::new(),
            Self::Low => "low".to_owned(),
            Self::Normal => "normal".to_owned(),
            Self::High => "high".to_owned(),
            Self::State(state) => format!("={state}"),
        }
    }

    pub(crate) fn of(text: &str) -> Self {
        match text {
            "low" => Self::Low,
            "normal" => Self::Normal,
            "high" => Self::High,
            text => {
                text.strip_prefix('=').map_or(Self::Unknown, |state| Self::State(state.to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(watch: Watch, values: &[Value]) -> Vec<Option<Reason>> {
        let mut zone = Zone::default();
        let judge = |value| {
            let (now, reason) = watch.judge(&zone, value);
            zone = Zone::of(&now.text());
            assert_eq!(zone, now, "it is kept as it is");
            reason
        };
        values.iter().map(judge).collect()
    }

    #[test]
    fn a_value_that_hovers_about_its_limit_rings_once() {
        let watch = Watch { high: Some(4.0), low: Some(1.0), band: 0.5, change: false };
        let values = [3.0, 4.1, 3.9, 4.1, 3.4, 0.9, 1.2, 1.6, f64::NAN].map(Value::Double);
        let (high, low, normal) = (Some(Reason::High), Some(Reason::Low), Some(Reason::Normal));
        assert_eq!(
            judged(watch, &values),
            [None, high, None, None, normal, low, None, normal, None]
        );
    }

    #[test]
    fn a_state_rings_when_it_changes_and_not_when_it_is_first_seen_or_lost() {
        let watch = Watch { change: true, ..Watch::default() };
        let values = [
            Value::Bit(false),
            Value::Bit(false),
            Value::None,
            Value::Bit(true),
            Value::Bit(false),
        ];
        let change = Some(Reason::Change);
        assert_eq!(judged(watch, &values), [None, None, None, change, change]);
    }
}
