//! What is read at once: neighbours together, and what a unit refuses apart.

use std::collections::BTreeSet;

use modbus::address::{Address, Range};
use modbus::limits::{READ_BITS, READ_REGISTERS};
use modbus::pdu::{Dialect, Request};
use modbus::{UnitId, Wide};

use crate::point::{Point, is_bits};

/// Points that are read by one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) unit: UnitId,
    pub(crate) first: Address,
    pub(crate) count: u16,
    /// How wide what is read is.
    pub(crate) dialect: Dialect,
    /// Their places in the site's list, in the order of their addresses.
    pub(crate) points: Vec<usize>,
}

/// Reads all points with few requests: those with at most `gap` addresses between them together, as long as a request
/// takes at most `most` registers of 16 bits; those of 32 bits count twice.
pub(crate) fn plan(points: &[Point], gap: u16, most: u16, wide: &Wide) -> Vec<Block> {
    plan_within(points, gap, most, wide, &Borders::default())
}

/// The same, and no request reaches across a border.
pub(crate) fn plan_within(
    points: &[Point],
    gap: u16,
    most: u16,
    wide: &Wide,
    borders: &Borders,
) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut before: Option<&Point> = None;
    for at in order(points) {
        let Some(point) = points.get(at) else { continue };
        let whole = before.is_none_or(|before| !borders.divide(before, point));
        match blocks.last_mut() {
            Some(block) if whole && block.takes(point, gap, most, wide) => block.add(at, point),
            _ => blocks.push(Block::of(at, point)),
        }
        before = Some(point);
    }
    blocks
}

/// The points' places, as they stand in their units.
fn order(points: &[Point]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    let key = |point: &Point| (point.unit, point.address.table.digit(), point.address.number);
    order.sort_by_key(|at| points.get(*at).map(key));
    order
}

/// Between which points of a site no request may reach, since a unit has refused it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Borders(BTreeSet<(String, String)>);

impl Borders {
    /// Those of blocks that were divided, beside the ones that were planned without any.
    pub(crate) fn between(points: &[Point], divided: &[Block], planned: &[Block]) -> Self {
        let firsts = |blocks: &[Block]| -> BTreeSet<usize> {
            blocks.iter().filter_map(|block| block.points.first().copied()).collect()
        };
        let (divided, planned) = (firsts(divided), firsts(planned));
        let order = order(points);
        let name = |at: &usize| points.get(*at).map(|point| point.name.clone());
        let neighbours = order.iter().zip(order.iter().skip(1));
        let learned = neighbours.filter(|(_, at)| divided.contains(at) && !planned.contains(at));
        Self(learned.filter_map(|(before, behind)| name(before).zip(name(behind))).collect())
    }

    fn divide(&self, before: &Point, behind: &Point) -> bool {
        // There are none as a rule.
        !self.0.is_empty() && self.0.contains(&(before.name.clone(), behind.name.clone()))
    }
}

impl FromIterator<(String, String)> for Borders {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl IntoIterator for Borders {
    type Item = (String, String);
    type IntoIter = std::collections::btree_set::IntoIter<(String, String)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl Block {
    fn of(at: usize, point: &Point) -> Self {
        let Point { unit, address: first, dialect, .. } = *point;
        Self { unit, first, count: point.width(), dialect, points: vec![at] }
    }

    fn takes(&self, point: &Point, gap: u16, most: u16, wide: &Wide) -> bool {
        let table = self.first.table;
        if (self.unit, self.dialect) != (point.unit, point.dialect) || table != point.address.table
        {
            return false;
        }
        // Bits are cheap: as many registers hold sixteen times as many.
        let (gap, most) = match is_bits(table) {
            true => (u32::from(gap) * 16, READ_BITS),
            false => (u32::from(gap), most.min(READ_REGISTERS) / self.dialect.words()),
        };
        let end = u32::from(self.first.number) + u32::from(self.count);
        let begins = u32::from(point.address.number);
        let length = begins + u32::from(point.width()) - u32::from(self.first.number);
        let length = u16::try_from(length).ok().filter(|length| *length <= most);
        // What lies between is as wide, too.
        let as_wide = |count| wide.dialect(self.unit, Range { first: self.first, count });
        begins <= end + gap && length.is_some_and(|count| as_wide(count) == Ok(self.dialect))
    }

    fn add(&mut self, at: usize, point: &Point) {
        let length = point.address.number - self.first.number + point.width();
        self.count = self.count.max(length);
        self.points.push(at);
    }

    /// The two halves of a block that a unit refuses; nothing if it is a single point.
    pub(crate) fn halves(&self, points: &[Point]) -> Option<[Self; 2]> {
        if self.points.len() < 2 {
            return None;
        }
        let (low, high) = self.points.split_at(self.points.len() / 2);
        let half = |places: &[usize]| {
            let mut places = places.iter().filter_map(|at| Some((*at, points.get(*at)?)));
            let (at, point) = places.next()?;
            let mut block = Self::of(at, point);
            places.for_each(|(at, point)| block.add(at, point));
            Some(block)
        };
        Some([half(low)?, half(high)?])
    }

    /// What reads it; nothing if one request can't.
    pub(crate) fn request(&self) -> Option<Request> {
        Range { first: self.first, count: self.count }.read_as(self.dialect).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(places: &[(u8, &str, &str)]) -> Vec<Point> {
        points_of(places, &Wide::default())
    }

    fn points_of(places: &[(u8, &str, &str)], wide: &Wide) -> Vec<Point> {
        let point = |(n, (unit, address, kind)): (usize, &(u8, &str, &str))| {
            let table = format!("name = 'p{n}'\nunit = {unit}\naddress = '{address}'\n{kind}");
            let widths = |unit, range| wide.dialect(unit, range);
            Point::new(&toml::from_str(&table).expect("a table"), |_| None, &widths)
                .expect("a point")
        };
        places.iter().enumerate().map(point).collect()
    }

    fn shape(blocks: &[Block]) -> Vec<(u8, u16, u16, usize)> {
        let one =
            |block: &Block| (block.unit.0, block.first.number, block.count, block.points.len());
        blocks.iter().map(one).collect()
    }

    #[test]
    fn neighbours_are_read_together_and_strangers_apart() {
        let points = points(&[
            (1, "h:100", "type = 'f32'"),
            (1, "h:110", ""),
            (1, "h:200", ""),
            (2, "h:101", ""),
            (1, "i:100", ""),
            (1, "c:0", ""),
            (1, "c:100", ""),
        ]);
        assert_eq!(
            shape(&plan(&points, 8, 125, &Wide::default())),
            [(1, 0, 101, 2), (1, 100, 1, 1), (1, 100, 11, 2), (1, 200, 1, 1), (2, 101, 1, 1)]
        );
        assert_eq!(plan(&points, 0, 125, &Wide::default()).len(), 7);
    }

    #[test]
    fn no_request_asks_more_than_the_device_gives() {
        let places: Vec<String> = (0..200).map(|n| format!("h:{n}")).collect();
        let places: Vec<_> = places.iter().map(|place| (1, place.as_str(), "")).collect();
        let points = points(&places);
        assert_eq!(shape(&plan(&points, 8, 60, &Wide::default())).len(), 4);
        assert!(
            plan(&points, 8, 500, &Wide::default()).iter().all(|block| block.request().is_some())
        );
    }

    #[test]
    fn registers_of_32_bits_are_read_apart_from_others_and_count_twice() {
        let wide: Wide = ["h:7001..7100", "h:7110..7120 unit 1"]
            .iter()
            .map(|text| text.parse::<modbus::WideRange>().expect("a range"))
            .collect();
        let float = "type = 'f32'";
        let places = [
            (1, "h:6999", float),
            (1, "h:7001", float),
            (1, "h:7003", "type = 'f64'"),
            (1, "h:7098", float),
            (1, "h:7110", float),
            (2, "h:7110", float),
        ];
        let blocks = plan(&points_of(&places, &wide), 12, 125, &wide);
        assert_eq!(
            shape(&blocks),
            [(1, 6999, 2, 1), (1, 7001, 4, 2), (1, 7098, 1, 1), (1, 7110, 1, 1), (2, 7110, 2, 1)]
        );
        let places: Vec<String> = (7001..7100).map(|n| format!("h:{n}")).collect();
        let places: Vec<_> = places.iter().map(|place| (1, place.as_str(), float)).collect();
        let blocks = plan(&points_of(&places, &wide), 8, 125, &wide);
        assert_eq!(shape(&blocks), [(1, 7001, 62, 62), (1, 7063, 37, 37)]);
        assert!(blocks.iter().all(|block| block.request().is_some()));
    }

    #[test]
    fn what_was_divided_is_divided_there_again_and_nowhere_else() {
        let places: Vec<String> = (0..10).map(|n| format!("h:{n}")).collect();
        let mut places: Vec<_> = places.iter().map(|place| (1, place.as_str(), "")).collect();
        places.push((1, "h:100", ""));
        let points = points(&places);
        let wide = Wide::default();
        let planned = plan(&points, 8, 125, &wide);
        assert!(Borders::between(&points, &planned, &planned).0.is_empty());
        let [low, high] = planned[0].halves(&points).expect("two");
        let [mid, last] = high.halves(&points).expect("two");
        // In the order in which they were answered.
        let divided = [planned[1].clone(), last, low, mid];
        let borders = Borders::between(&points, &divided, &planned);
        let names = [("p4", "p5"), ("p6", "p7")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(borders.clone().into_iter().collect::<Vec<_>>(), names);
        let again = plan_within(&points, 8, 125, &wide, &borders);
        assert_eq!(shape(&again), [(1, 0, 5, 5), (1, 5, 2, 2), (1, 7, 3, 3), (1, 100, 1, 1)]);
    }

    #[test]
    fn halving_leaves_no_point_out_and_ends() {
        let points = points(&[(1, "h:0", ""), (1, "h:1", "type = 'u32'"), (1, "h:5", "")]);
        let [block] = &plan(&points, 8, 125, &Wide::default())[..] else { panic!("one block") };
        let [low, high] = block.halves(&points).expect("two");
        assert_eq!(shape(&[low.clone(), high.clone()]), [(1, 0, 1, 1), (1, 1, 5, 2)]);
        assert!(low.halves(&points).is_none());
    }
}
