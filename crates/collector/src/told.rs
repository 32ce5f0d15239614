//! What a station has told of its points: where they stand, what they are. It is believed as far as it can be true.

use std::collections::HashSet;

use modbus::pdu::Dialect;
use settings::Parsed;
use telemetry::Description;

use crate::limits;
use crate::point::{Point, PointConfig};

/// A station's points, and the check by which it knows them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Told {
    pub(crate) mark: u32,
    pub(crate) points: Vec<Point>,
    /// Names of those that it has, and that make no sense.
    others: HashSet<String>,
}

impl Told {
    /// What makes sense of a list, and how many points don't.
    pub(crate) fn new(mark: u32, list: &[Description]) -> (Self, usize) {
        let mut names = HashSet::new();
        let points: Vec<Point> = list
            .iter()
            .take(limits::POINTS)
            .filter_map(point)
            .filter(|point| names.insert(point.name.clone()))
            .collect();
        let others: HashSet<String> = list
            .iter()
            .map(|told| clean(&format!("{}.{}", told.device, told.point)))
            .filter(|name| !names.contains(name))
            .collect();
        let left_out = list.len() - points.len();
        (Self { mark, points, others }, left_out)
    }

    /// Whether the station has a point of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.points.iter().any(|point| point.name == name) || self.others.contains(name)
    }

    /// As the store keeps it: a line for each point, its parts between tabs.
    pub(crate) fn encode(list: &[Description]) -> String {
        let line = |told: &Description| {
            let Description { device, unit, point, address, kind, order, scale, offset, measure } =
                told;
            let texts = [device, point, address, kind, order, measure].map(|text| clean(text));
            let [device, point, address, kind, order, measure] = texts;
            format!(
                "{device}\t{unit}\t{point}\t{address}\t{kind}\t{order}\t{scale}\t{offset}\t{measure}\n"
            )
        };
        list.iter().map(line).collect()
    }

    /// What the store has kept.
    pub(crate) fn decode(mark: u32, text: &str) -> Self {
        let line = |line: &str| {
            let parts: Vec<&str> = line.split('\t').collect();
            let [device, unit, point, address, kind, order, scale, offset, measure] = parts[..]
            else {
                return None;
            };
            Some(Description {
                device: device.to_owned(),
                unit: unit.parse().ok()?,
                point: point.to_owned(),
                address: address.to_owned(),
                kind: kind.to_owned(),
                order: order.to_owned(),
                scale: scale.parse().ok()?,
                offset: offset.parse().ok()?,
                measure: measure.to_owned(),
            })
        };
        let list: Vec<_> = text.lines().filter_map(line).collect();
        Self::new(mark, &list).0
    }
}

fn point(told: &Description) -> Option<Point> {
    let name = format!("{}.{}", told.device, told.point);
    if !is_told_name(&name) {
        return None;
    }
    let (kind, dialect) = match told.kind.strip_suffix(" enron") {
        Some(kind) => (kind, Dialect::Enron),
        None => (told.kind.as_str(), Dialect::Standard),
    };
    let other = |number: f64, usual: f64| (number.to_bits() != usual.to_bits()).then_some(number);
    let config = PointConfig {
        // Shorter than a station's, whose have two parts.
        name: "told".to_owned(),
        device: None,
        unit: Some(told.unit),
        address: Some(Parsed(told.address.parse().ok()?)),
        kind: match kind {
            "" => None,
            kind => Some(Parsed(kind.parse().ok()?)),
        },
        order: Some(Parsed(told.order.parse().ok()?)),
        scale: other(told.scale, 1.0),
        offset: other(told.offset, 0.0),
        measure: clean(&told.measure),
        low: None,
        high: None,
    };
    let point = Point::new(&config, |_| None, &|_, _| Ok(dialect)).ok()?;
    Some(Point { name, ..point })
}

/// Whether a station may call a point this: device and point, a dot between them.
pub(crate) fn is_told_name(text: &str) -> bool {
    text.chars().count() <= 2 * limits::NAME + 1
        && text.chars().all(|c| c.is_alphanumeric() || "._-/#".contains(c))
        && text.parse::<modbus::address::Range>().is_err()
}

/// A text from outside as it can be shown anywhere: nothing in it controls a terminal or turns what stands around it.
pub(crate) fn clean(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
    text.chars().map(|c| if c.is_control() || turns(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(device: &str, point: &str, address: &str) -> Description {
        Description {
            device: device.into(),
            unit: 3,
            point: point.into(),
            address: address.into(),
            kind: "f32".into(),
            order: "CDAB".into(),
            scale: 0.1,
            offset: -40.0,
            measure: "m\u{7}³".into(),
        }
    }

    #[test]
    fn what_is_told_is_what_the_store_gives_back() {
        let list = [told("tank", "level", "h:100"), told("tank", "flow", "i:7")];
        let (points, left_out) = Told::new(9, &list);
        assert_eq!((points.points.len(), left_out), (2, 0));
        assert_eq!(Told::decode(9, &Told::encode(&list)), points);
        let point = &points.points[0];
        assert_eq!((point.dialect, point.width()), (Dialect::Standard, 2));
        assert_eq!(
            (point.name.as_str(), point.unit.0, point.measure.as_str()),
            ("tank.level", 3, "m\u{fffd}³")
        );
    }

    #[test]
    fn a_register_of_32_bits_is_one_address_wide() {
        let wide = Description { kind: "f32 enron".into(), ..told("meter", "flow", "h:7001") };
        let narrow = Description { kind: "u16 enron".into(), ..told("meter", "x", "h:7001") };
        let bit = Description { kind: " enron".into(), ..told("meter", "y", "c:7001") };
        let (points, left_out) = Told::new(9, &[wide, narrow, bit]);
        assert_eq!((points.points.len(), left_out), (1, 2));
        assert_eq!((points.points[0].dialect, points.points[0].width()), (Dialect::Enron, 1));
    }

    #[test]
    fn lies_are_left_out_and_nothing_of_them_reaches_the_rest() {
        let mut list = vec![
            told("tank", "level", "h:65535"),
            told("tank", "level\n9\t", "h:1"),
            told("<b>", "x", "h:1"),
            told(&"x".repeat(200), "x", "h:1"),
            told("tank", "level", "nowhere"),
            told("tank", "fine", "h:1"),
            told("tank", "fine", "h:2"),
        ];
        list.push(Description { unit: 0, ..told("a", "broadcast", "h:1") });
        list.push(Description { scale: f64::NAN, ..told("a", "nan", "h:1") });
        list.push(Description { kind: "f33".into(), ..told("a", "type", "h:1") });
        let (points, left_out) = Told::new(1, &list);
        let names: Vec<_> = points.points.iter().map(|point| point.name.as_str()).collect();
        assert_eq!(names, ["tank.fine"]);
        assert_eq!(left_out, list.len() - 1);
        assert_eq!(Told::decode(1, &Told::encode(&list)), points);
    }
}
