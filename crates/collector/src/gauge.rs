//! What a number is measured against, whether a unit was asked for it or a line has said it.

use crate::point::{Point, PointConfig};

/// A point as far as its alarms go.
pub(crate) struct Gauge<'a> {
    pub(crate) name: &'a str,
    pub(crate) measure: &'a str,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
}

impl Gauge<'_> {
    /// Beyond which of its limits a number is.
    pub(crate) fn beyond(&self, number: f64) -> Option<&'static str> {
        match (self.low, self.high) {
            (Some(low), _) if number < low => Some("low"),
            (_, Some(high)) if number > high => Some("high"),
            _ => None,
        }
    }
}

impl<'a> From<&'a Point> for Gauge<'a> {
    fn from(point: &'a Point) -> Self {
        let Point { name, measure, low, high, .. } = point;
        Self { name, measure, low: *low, high: *high }
    }
}

impl<'a> From<&'a PointConfig> for Gauge<'a> {
    fn from(field: &'a PointConfig) -> Self {
        let PointConfig { name, measure, low, high, .. } = field;
        Self { name, measure, low: *low, high: *high }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::SiteConfig;

    fn check(points: &str) -> Result<(), String> {
        let table =
            format!("name = 'pump'\nframing = 'text'\nlines = 'P={{p}} {{state:text}}'\n{points}");
        let config: SiteConfig = toml::from_str(&table).unwrap();
        config.check(Path::new("/")).map(drop).map_err(|(_, fault)| fault.to_string())
    }

    #[test]
    fn a_field_of_a_line_has_a_measure_and_limits_and_nothing_of_registers() {
        let p = "[[point]]\nname = 'p'\n";
        check(&format!("{p}measure = 'bar'\nlow = 1.0\nhigh = 6.0")).unwrap();
        for (points, said) in [
            (format!("{p}address = 'h:1'"), "and nothing else"),
            (format!("{p}scale = 2.0"), "and nothing else"),
            (format!("{p}low = 2.0\nhigh = 1.0"), "above"),
            (format!("{p}{p}"), "two points"),
            ("[[point]]\nname = 'state'".to_owned(), "no pattern"),
            ("points = 'list.csv'".to_owned(), "no lists"),
        ] {
            let told = check(&points).unwrap_err();
            assert!(told.contains(said), "{points}: {told}");
        }
        let modbus: SiteConfig = toml::from_str("name = 'pump'\n[[point]]\nname = 'p'").unwrap();
        let (_, fault) = modbus.check(Path::new("/")).unwrap_err();
        assert!(fault.to_string().contains("needs an `address`"), "{fault}");
    }
}
