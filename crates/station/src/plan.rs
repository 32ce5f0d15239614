//! What is read of a device, in as few requests as it bears.

use std::collections::{BTreeSet, HashMap};

use modbus::address::{Address, Range, Table};
use modbus::limits::{READ_BITS, READ_REGISTERS};
use modbus::pdu::{Dialect, PduError, Request};
use modbus::{UnitId, Wide};

/// What a point takes up: addresses of registers, or bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) first: Address,
    pub(crate) count: u16,
}

/// A request, and the points that it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) table: Table,
    pub(crate) first: u16,
    pub(crate) count: u16,
    /// How wide what is read is.
    pub(crate) dialect: Dialect,
    /// Which points, by their place in the list.
    pub(crate) points: Vec<usize>,
}

/// Merges what lies close together, and remembers what a device doesn't bear.
#[derive(Debug)]
pub(crate) struct Planner {
    extents: Vec<Extent>,
    gap: u16,
    /// The most registers of 16 bits that the device gives at once.
    most: u16,
    unit: UnitId,
    /// Which of its registers have 32 bits.
    wide: Wide,
    /// Borders that no request may cross: between the points at these places of the sorted list.
    borders: BTreeSet<(usize, usize)>,
}

impl Planner {
    pub(crate) fn new(extents: Vec<Extent>, gap: u16, most: u16) -> Self {
        let (unit, wide) = (UnitId(1), Wide::default());
        Self { extents, gap, most: most.max(1), unit, wide, borders: BTreeSet::new() }
    }

    /// The same of a unit some of whose registers have 32 bits.
    pub(crate) fn with_wide(self, unit: UnitId, wide: Wide) -> Self {
        Self { unit, wide, ..self }
    }

    /// Where a point stands.
    pub(crate) fn extent(&self, index: usize) -> Option<&Extent> {
        self.extents.get(index)
    }

    /// The requests that read everything.
    pub(crate) fn reads(&self) -> Vec<Read> {
        let mut order: Vec<usize> = (0..self.extents.len()).collect();
        order.sort_by_key(|index| self.extents.get(*index).map(key));
        let mut reads: Vec<Read> = Vec::new();
        for index in order {
            let Some(extent) = self.extents.get(index) else { continue };
            if let Some(read) = reads.last_mut()
                && let Some(count) = self.joined(read, extent, index)
            {
                read.count = count;
                read.points.push(index);
                continue;
            }
            let Extent { first: Address { table, number: first }, count } = *extent;
            // The table was checked: a point is of one width.
            let Ok(dialect) = self.width(extent.first, count) else { continue };
            reads.push(Read { table, first, count, dialect, points: vec![index] });
        }
        reads
    }

    fn width(&self, first: Address, count: u16) -> Result<Dialect, PduError> {
        self.wide.dialect(self.unit, Range { first, count })
    }

    /// How much is read if this is read along; nothing if it can't be.
    fn joined(&self, read: &Read, extent: &Extent, index: usize) -> Option<u16> {
        let read_end = u32::from(read.first) + u32::from(read.count);
        let words = read.dialect.words();
        let most = match read.table {
            Table::Coils | Table::DiscreteInputs => self.most.saturating_mul(16).min(READ_BITS),
            Table::HoldingRegisters | Table::InputRegisters => {
                self.most.min(READ_REGISTERS) / words
            }
        };
        let count = end(extent).max(read_end) - u32::from(read.first);
        let count = u16::try_from(count).ok().filter(|count| *count <= most)?;
        let border = read.points.last().map(|last| (*last, index));
        let (table, number) = (read.table, read.first);
        let joins = table == extent.first.table
            && u32::from(extent.first.number) <= read_end + u32::from(self.gap)
            && border.is_none_or(|border| !self.borders.contains(&border))
            // What lies between, too.
            && self.width(Address { table, number }, count) == Ok(read.dialect);
        joins.then_some(count)
    }

    /// The device refused this request by address or by length: it is halved from now on. Where, or nothing if it
    /// can't be.
    pub(crate) fn refused(&mut self, read: &Read) -> Option<(usize, usize)> {
        let middle = read.points.len().checked_sub(1)?.div_ceil(2);
        let border = (*read.points.get(middle.checked_sub(1)?)?, *read.points.get(middle)?);
        self.borders.insert(border).then_some(border)
    }

    /// Nothing has come of dividing requests there: they are whole again.
    pub(crate) fn forget(&mut self, borders: &[(usize, usize)]) {
        self.borders.retain(|border| !borders.contains(border));
    }

    /// Something learned earlier: what stands at both sides of a border, as [`Planner::name`] has it.
    pub(crate) fn recall(&mut self, learned: &[(String, String)]) {
        let names: HashMap<String, usize> =
            (0..self.extents.len()).filter_map(|n| Some((self.name(n)?, n))).collect();
        let border =
            |(before, behind): &(String, String)| Some((*names.get(before)?, *names.get(behind)?));
        self.borders.extend(learned.iter().filter_map(border));
    }

    /// What a point is known by, whatever its place in the list may become.
    pub(crate) fn name(&self, index: usize) -> Option<String> {
        let Extent { first, count } = self.extents.get(index)?;
        Some(format!("{}:{}+{count}", first.table.letter(), first.number))
    }
}

fn key(extent: &Extent) -> (char, u16, u16) {
    (extent.first.table.digit(), extent.first.number, extent.count)
}

fn end(extent: &Extent) -> u32 {
    u32::from(extent.first.number) + u32::from(extent.count)
}

impl Read {
    /// As it is asked.
    pub(crate) fn request(&self) -> Result<Request, PduError> {
        let first = Address { table: self.table, number: self.first };
        Range { first, count: self.count }.read_as(self.dialect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn extents(texts: &[(&str, u16)]) -> Vec<Extent> {
        let extent =
            |(text, count): &(&str, u16)| Extent { first: text.parse().unwrap(), count: *count };
        texts.iter().map(extent).collect()
    }

    fn spans(planner: &Planner) -> Vec<(u16, u16)> {
        planner.reads().iter().map(|read| (read.first, read.count)).collect()
    }

    #[test]
    fn what_lies_close_is_read_at_once() {
        let points = extents(&[("h:20", 2), ("h:0", 2), ("h:10", 1), ("i:1", 1), ("h:200", 4)]);
        let planner = Planner::new(points, 8, 125);
        assert_eq!(spans(&planner), [(1, 1), (0, 11), (20, 2), (200, 4)]);
    }

    #[test]
    fn no_request_is_longer_than_the_device_bears() {
        let points: Vec<Extent> = extents(&[("h:0", 2)])
            .iter()
            .flat_map(|one| {
                (0..50).map(|n| Extent { first: Address { number: n * 2, ..one.first }, count: 2 })
            })
            .collect();
        assert_eq!(spans(&Planner::new(points, 8, 60)), [(0, 60), (60, 40)]);
    }

    #[test]
    fn registers_of_32_bits_are_read_apart_from_others_and_count_twice() {
        let wide: Wide = ["h:7001..7100", "h:7110..7120"]
            .iter()
            .map(|text| text.parse::<modbus::WideRange>().unwrap())
            .collect();
        let points = extents(&[("h:6999", 2), ("h:7001", 1), ("h:7003", 2), ("h:7110", 1)]);
        let planner = Planner::new(points, 8, 125).with_wide(UnitId(1), wide.clone());
        assert_eq!(spans(&planner), [(6999, 2), (7001, 4), (7110, 1)]);
        let dialects: Vec<_> = planner.reads().iter().map(|read| read.dialect).collect();
        assert_eq!(dialects, [Dialect::Standard, Dialect::Enron, Dialect::Enron]);
        // Ordinary registers lie between.
        let points = extents(&[("h:7099", 1), ("h:7110", 1)]);
        let planner = Planner::new(points, 50, 125).with_wide(UnitId(1), wide.clone());
        assert_eq!(spans(&planner), [(7099, 1), (7110, 1)]);
        let points: Vec<_> = (7001..7100).map(|number| format!("h:{number}")).collect();
        let points: Vec<_> = points.iter().map(|text| (text.as_str(), 1)).collect();
        let planner = Planner::new(extents(&points), 8, 125).with_wide(UnitId(1), wide);
        assert_eq!(spans(&planner), [(7001, 62), (7063, 37)], "four bytes an address");
        assert!(planner.reads().iter().all(|read| read.request().is_ok()));
    }

    #[test]
    fn a_refusal_is_halved_until_the_one_point_is_alone_that_isn_t_there() {
        let points: Vec<(String, u16)> = (0..16).map(|n| (format!("h:{n}"), 1)).collect();
        let points: Vec<_> = points.iter().map(|(text, count)| (text.as_str(), *count)).collect();
        let mut planner = Planner::new(extents(&points), 8, 125);
        let bad = 11;
        let mut asked = 0;
        while let Some(read) = planner.reads().into_iter().find(|read| {
            (read.first..read.first + read.count).contains(&bad) && read.points.len() > 1
        }) {
            asked += 1;
            assert!(planner.refused(&read).is_some());
        }
        assert_eq!(asked, 4, "bisection");
        let alone = planner.reads().into_iter().find(|read| read.first == bad).unwrap();
        assert!(planner.refused(&alone).is_none());
    }

    #[test]
    fn what_was_learned_of_a_device_holds_for_another_list_of_its_points() {
        let mut planner = Planner::new(extents(&[("h:0", 2), ("h:2", 2), ("h:4", 1)]), 8, 125);
        let whole = planner.reads().remove(0);
        let (before, behind) = planner.refused(&whole).unwrap();
        let learned = vec![(planner.name(before).unwrap(), planner.name(behind).unwrap())];
        let mut other = Planner::new(extents(&[("h:4", 1), ("h:2", 2), ("h:0", 2)]), 8, 125);
        assert_eq!(other.reads().len(), 1);
        other.recall(&learned);
        assert_eq!(spans(&other), spans(&planner));
        other.recall(&[("h:0+2".into(), "h:9+1".into())]);
        assert_eq!(spans(&other), spans(&planner), "what isn't there any more divides nothing");
    }

    proptest! {
        #[test]
        fn every_point_is_read_whole_and_once(
            points in prop::collection::vec((0usize..4, 0u16..300, 1u16..5), 1..60),
            gap in 0u16..20,
            most in 5u16..125,
            refusals in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
            wide in prop::collection::vec((0u16..300, 1u16..60), 0..4),
        ) {
            let wide: Wide = wide
                .iter()
                .map(|(first, count)| format!("h:{first}+{count}").parse::<modbus::WideRange>().unwrap())
                .collect();
            let tables =
                [Table::Coils, Table::DiscreteInputs, Table::InputRegisters, Table::HoldingRegisters];
            let extents: Vec<Extent> = points
                .iter()
                .map(|(table, number, count)| {
                    Extent { first: Address { table: tables[*table], number: *number }, count: *count }
                })
                .collect();
            // Points of two widths are refused when the table is read.
            let unit = UnitId(1);
            let one = |extent: &Extent| wide.dialect(unit, Range { first: extent.first, count: extent.count }).is_ok();
            let extents: Vec<Extent> = extents.into_iter().filter(one).collect();
            let mut planner = Planner::new(extents.clone(), gap, most).with_wide(unit, wide.clone());
            for refusal in refusals {
                let reads = planner.reads();
                if !reads.is_empty() {
                    planner.refused(&reads[refusal.index(reads.len())]);
                }
            }
            let mut seen = vec![0; extents.len()];
            for read in planner.reads() {
                prop_assert!(read.request().is_ok());
                let first = Address { table: read.table, number: read.first };
                let width = wide.dialect(unit, Range { first, count: read.count });
                prop_assert_eq!(width, Ok(read.dialect));
                for index in &read.points {
                    seen[*index] += 1;
                    let extent = extents[*index];
                    prop_assert_eq!(extent.first.table, read.table);
                    prop_assert!(extent.first.number >= read.first);
                    prop_assert!(end(&extent) <= u32::from(read.first) + u32::from(read.count));
                }
            }
            prop_assert!(seen.iter().all(|count| *count == 1));
        }
    }
}
