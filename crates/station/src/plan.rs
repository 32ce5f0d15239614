//! What is read of a device, in as few requests as it bears.

use std::collections::{BTreeSet, HashMap};

use modbus::address::{Address, Table};
use modbus::pdu::{PduError, Request};

/// What a point takes up: registers, or bits.
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
    /// Which points, by their place in the list.
    pub(crate) points: Vec<usize>,
}

/// Merges what lies close together, and remembers what a device doesn't bear.
#[derive(Debug)]
pub(crate) struct Planner {
    extents: Vec<Extent>,
    gap: u16,
    /// The most registers that the device gives at once.
    most: u16,
    /// Borders that no request may cross: between the points at these places of the sorted list.
    borders: BTreeSet<(usize, usize)>,
}

impl Planner {
    pub(crate) fn new(extents: Vec<Extent>, gap: u16, most: u16) -> Self {
        Self { extents, gap, most: most.max(1), borders: BTreeSet::new() }
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
                && self.joins(read, extent, index)
            {
                let end = end(extent).max(u32::from(read.first) + u32::from(read.count));
                read.count = u16::try_from(end - u32::from(read.first)).unwrap_or(u16::MAX);
                read.points.push(index);
                continue;
            }
            let (table, first) = (extent.first.table, extent.first.number);
            reads.push(Read { table, first, count: extent.count, points: vec![index] });
        }
        reads
    }

    fn joins(&self, read: &Read, extent: &Extent, index: usize) -> bool {
        let read_end = u32::from(read.first) + u32::from(read.count);
        let most = match read.table {
            Table::Coils | Table::DiscreteInputs => u32::from(self.most) * 16,
            Table::HoldingRegisters | Table::InputRegisters => u32::from(self.most),
        };
        let count = end(extent).max(read_end) - u32::from(read.first);
        let border = read.points.last().map(|last| (*last, index));
        read.table == extent.first.table
            && u32::from(extent.first.number) <= read_end + u32::from(self.gap)
            && count <= most.min(2000)
            && border.is_none_or(|border| !self.borders.contains(&border))
    }

    /// The device refused this request by address or by length: it is halved from now on. Where, or nothing if it
    /// can't be.
    pub(crate) fn refused(&mut self, read: &Read) -> Option<(usize, usize)> {
        let middle = read.points.len().checked_sub(1)?.div_ceil(2);
        let border = (*read.points.get(middle.checked_sub(1)?)?, *read.points.get(middle)?);
        self.borders.insert(border).then_some(border)
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
        match self.table {
            Table::Coils => Request::read_coils(self.first, self.count),
            Table::DiscreteInputs => Request::read_discrete_inputs(self.first, self.count),
            Table::InputRegisters => Request::read_input_registers(self.first, self.count),
            Table::HoldingRegisters => Request::read_holding_registers(self.first, self.count),
        }
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
        ) {
            let tables =
                [Table::Coils, Table::DiscreteInputs, Table::InputRegisters, Table::HoldingRegisters];
            let extents: Vec<Extent> = points
                .iter()
                .map(|(table, number, count)| {
                    Extent { first: Address { table: tables[*table], number: *number }, count: *count }
                })
                .collect();
            let mut planner = Planner::new(extents.clone(), gap, most);
            for refusal in refusals {
                let reads = planner.reads();
                planner.refused(&reads[refusal.index(reads.len())]);
            }
            let mut seen = vec![0; extents.len()];
            for read in planner.reads() {
                prop_assert!(read.request().is_ok());
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
