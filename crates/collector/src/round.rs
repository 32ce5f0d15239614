//! One poll of all points: what units answer is taken, what they refuse is asked in halves, and what they leave unanswered
//! keeps nothing from the others.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, SystemTime};

use clock::Instant;
use modbus::UnitId;
use modbus::master::{Failure, Outcome};
use modbus::pdu::{AnswerError, Exception, Request, Response};
use store::{SampleRow, SampleValue, quality};

use crate::config::Shelf;
use crate::limits;
use crate::plan::Block;
use crate::point::Point;
use crate::quantity::kept;

/// How a site's points are best read, as far as that has turned out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// What has answered last time first.
    pub(crate) blocks: Vec<Block>,
    /// Units that have answered nothing.
    pub(crate) dead: Vec<UnitId>,
    quiet: Vec<Quiet>,
}

/// A range that a unit has left unanswered which answers others.
#[derive(Clone, Debug)]
struct Quiet {
    block: Block,
    /// In so many polls in a row.
    polls: u32,
    /// It isn't asked for before.
    until: Instant,
}

impl Known {
    /// Nothing has turned out yet.
    pub(crate) fn of(blocks: Vec<Block>) -> Self {
        Self { blocks, ..Self::default() }
    }

    /// Has everything asked for in the next poll, whatever was left unanswered.
    pub(crate) fn ask_all(&mut self) {
        self.quiet.iter_mut().for_each(|quiet| quiet.until = Instant::ORIGIN);
    }
}

/// A poll of all points.
pub(crate) struct Round {
    before: Known,
    now: Instant,
    blocks: VecDeque<Block>,
    units: HashMap<UnitId, Unit>,
    answered: Vec<Block>,
    /// Their units have just given no answer.
    unasked: Vec<Block>,
    unanswered: Vec<Block>,
    /// Their turn hasn't come.
    resting: Vec<Block>,
    samples: Vec<SampleRow>,
}

/// How a unit has answered so far.
#[derive(Default)]
struct Unit {
    silences: u32,
    answers: u32,
    values: u32,
}

impl Unit {
    /// Whether it has answered nothing.
    const fn is_off(&self) -> bool {
        self.answers == 0 && self.silences > 0
    }
}

impl Round {
    pub(crate) fn new(known: Known, now: Instant) -> Self {
        Self {
            blocks: known.blocks.clone().into(),
            before: known,
            now,
            units: HashMap::new(),
            answered: Vec::new(),
            unasked: Vec::new(),
            unanswered: Vec::new(),
            resting: Vec::new(),
            samples: Vec::new(),
        }
    }

    /// What is to be asked next; nothing: that was all.
    pub(crate) fn next(&mut self, shelf: &Shelf) -> Option<(Block, Request)> {
        loop {
            let block = self.blocks.pop_front()?;
            if self.quiet(&block).is_some_and(|quiet| quiet.until > self.now) {
                self.nothing(shelf, &block, quality::SILENT);
                self.resting.push(block);
                continue;
            }
            match block.request() {
                Some(request) if !self.is_silent(block.unit) => return Some((block, request)),
                _ => {
                    self.nothing(shelf, &block, quality::SILENT);
                    self.unasked.push(block);
                }
            }
        }
    }

    /// What is known of a range that was left unanswered.
    fn quiet(&self, block: &Block) -> Option<&Quiet> {
        self.before.quiet.iter().find(|quiet| quiet.block == *block)
    }

    /// The ranges that were left unanswered by units that answer others. A unit that answers nothing is asked for
    /// everything once it is back.
    fn quiet_now(&self) -> Vec<Quiet> {
        let answers = |unit| self.units.get(&unit).is_some_and(|unit| unit.answers > 0);
        let is_off = |unit| self.units.get(&unit).is_some_and(Unit::is_off);
        let left = self.resting.iter().chain(&self.unasked);
        let still = left.filter(|block| !is_off(block.unit)).filter_map(|block| self.quiet(block));
        let anew = self.unanswered.iter().filter(|block| answers(block.unit)).map(|block| {
            let polls = self.quiet(block).map_or(0, |quiet| quiet.polls).saturating_add(1);
            // Once may be chance.
            let rest = if polls > 1 { limits::QUIET } else { Duration::ZERO };
            Quiet { block: block.clone(), polls, until: self.now + rest }
        });
        still.cloned().chain(anew).collect()
    }

    /// Whether a unit has given no answer just now. One that has answered last time has a second chance: it may be one range
    /// that it never answers.
    fn is_silent(&self, unit: UnitId) -> bool {
        let chances = if self.before.dead.contains(&unit) { 1 } else { 2 };
        self.units.get(&unit).is_some_and(|unit| unit.silences >= chances)
    }

    /// What has come of a question.
    pub(crate) fn take(&mut self, shelf: &Shelf, block: Block, outcome: &Outcome) {
        let unit = self.units.entry(block.unit).or_default();
        let pdu = match outcome {
            Outcome::Answer(pdu) => pdu,
            Outcome::Failed(Failure::Silent) => {
                unit.silences += 1;
                self.nothing(shelf, &block, quality::SILENT);
                return self.unanswered.push(block);
            }
            Outcome::Said | Outcome::Failed(_) => return self.unasked.push(block),
        };
        let Some(request) = block.request() else { return };
        let answer = request.accept(pdu, block.dialect);
        if let Err(AnswerError::Exception(
            Exception::GatewayPathUnavailable | Exception::GatewayTargetFailed,
        )) = answer
        {
            // The site's gateway has waited for it in vain, and we have waited for the gateway.
            unit.silences += 1;
            self.nothing(shelf, &block, quality::SILENT);
            return self.unanswered.push(block);
        }
        unit.answers += 1;
        match answer {
            Ok(response) => {
                unit.values += 1;
                let now = SystemTime::now();
                for at in &block.points {
                    let Some(point) = shelf.points.get(*at) else { continue };
                    let value = value(point, &block, &response);
                    self.samples.push(sample(point, now, value));
                }
                self.answered.push(block);
            }
            Err(AnswerError::Exception(
                Exception::IllegalDataAddress | Exception::IllegalDataValue,
            )) => match block.halves(&shelf.points) {
                Some([low, high]) => {
                    self.blocks.push_front(high);
                    self.blocks.push_front(low);
                }
                None => {
                    self.nothing(shelf, &block, quality::REFUSED);
                    self.answered.push(block);
                }
            },
            Err(AnswerError::Exception(_)) => {
                self.nothing(shelf, &block, quality::REFUSED);
                self.answered.push(block);
            }
            Err(AnswerError::Malformed(_) | AnswerError::Other) => {
                self.nothing(shelf, &block, quality::BAD);
                self.answered.push(block);
            }
        }
    }

    /// Nothing is known of a block's points: that is kept, too.
    fn nothing(&mut self, shelf: &Shelf, block: &Block, quality: u8) {
        let now = SystemTime::now();
        let points = block.points.iter().filter_map(|at| shelf.points.get(*at));
        self.samples.extend(
            points.map(|point| SampleRow { quality, ..sample(point, now, SampleValue::None) }),
        );
    }

    /// What was read, though not all of it may have been.
    pub(crate) fn into_samples(self) -> Vec<SampleRow> {
        self.samples
    }

    /// How to ask the next time, and what was read.
    pub(crate) fn end(self) -> (Known, Vec<SampleRow>) {
        let quiet = self.quiet_now();
        // One that refuses whatever it is asked, as one does that has just been switched on, has shown nothing.
        let shown = |unit: &UnitId| self.units.get(unit).is_some_and(|unit| unit.values > 0);
        let as_before: HashSet<UnitId> =
            self.units.keys().filter(|unit| !shown(unit)).copied().collect();
        let asked = [self.answered, self.unasked, self.unanswered, self.resting].concat();
        let (old, new): (Vec<Block>, Vec<Block>) =
            asked.into_iter().partition(|block| as_before.contains(&block.unit));
        let mut blocks = new;
        let before = self.before.blocks;
        blocks.extend(as_they_were(before, old, &as_before));
        let dead = self.units.iter().filter(|(_, unit)| unit.is_off());
        (Known { dead: dead.map(|(unit, _)| *unit).collect(), blocks, quiet }, self.samples)
    }
}

/// Blocks of units that have shown nothing: as they were before, but in the order in which they were asked now where that is
/// known, so that another one has its turn.
fn as_they_were(
    before: Vec<Block>,
    asked: Vec<Block>,
    units: &HashSet<UnitId>,
) -> impl Iterator<Item = Block> {
    let (same, divided): (Vec<Block>, Vec<Block>) = before
        .into_iter()
        .filter(|block| units.contains(&block.unit))
        .partition(|block| asked.contains(block));
    let turns = asked.into_iter().filter(move |block| same.contains(block));
    divided.into_iter().chain(turns)
}

/// What a point's part of an answer says. What makes no sense is nothing.
fn value(point: &Point, block: &Block, response: &Response) -> SampleValue {
    let from = usize::from(point.address.number - block.first.number);
    match response {
        Response::ReadCoils(bits) | Response::ReadDiscreteInputs(bits) => {
            let bit = u16::try_from(from).ok().and_then(|from| bits.get(from));
            bit.map_or(SampleValue::None, |on| SampleValue::Number(f64::from(u8::from(on))))
        }
        Response::ReadHoldingRegisters(words) | Response::ReadInputRegisters(words) => {
            let from = from * usize::from(block.dialect.words());
            let words = words.get(from..from + usize::from(point.words()));
            let reading = words.and_then(|words| point.meaning.read(words).ok());
            reading.map_or(SampleValue::None, |reading| kept(&reading.value))
        }
        _ => SampleValue::None,
    }
}

fn sample(point: &Point, at: SystemTime, value: SampleValue) -> SampleRow {
    let quality = if value == SampleValue::None { quality::BAD } else { quality::GOOD };
    SampleRow { point: point.name.clone(), seq: 0, at, value, quality }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use modbus::pdu::Pdu;
    use store::SiteCalls;

    use super::*;
    use crate::site::{Site, site_of};

    /// A site with points of one register at these addresses of units.
    fn site(places: &[(u8, u16)]) -> Arc<Site> {
        let point = |(unit, number): &(u8, u16)| {
            format!("[[point]]\nname = 'u{unit}r{number}'\nunit = {unit}\naddress = 'h:{number}'\n")
        };
        site_of(&places.iter().map(point).collect::<String>(), SiteCalls::default())
    }

    /// The first poll of a call: what was asked, and the qualities in the order of the points' names.
    fn round(
        site: &Site,
        says: impl Fn(u8, u16, u16) -> Option<Result<(), u8>>,
    ) -> (Vec<(u8, u16)>, Vec<u8>) {
        let mut known = site.known(&site.shelf());
        known.ask_all();
        poll(site, Round::new(known, Instant::ORIGIN), says)
    }

    /// A later poll, so many seconds after the first.
    fn round_at(
        site: &Site,
        seconds: u64,
        says: impl Fn(u8, u16, u16) -> Option<Result<(), u8>>,
    ) -> (Vec<(u8, u16)>, Vec<u8>) {
        let now = Instant::ORIGIN + Duration::from_secs(seconds);
        poll(site, Round::new(site.known(&site.shelf()), now), says)
    }

    fn poll(
        site: &Site,
        mut round: Round,
        says: impl Fn(u8, u16, u16) -> Option<Result<(), u8>>,
    ) -> (Vec<(u8, u16)>, Vec<u8>) {
        let shelf = site.shelf();
        let mut asked = Vec::new();
        while let Some((block, _)) = round.next(&shelf) {
            let (unit, first, count) = (block.unit.0, block.first.number, block.count);
            asked.push((unit, first));
            let outcome = match says(unit, first, count) {
                None => Outcome::Failed(Failure::Silent),
                Some(Err(exception)) => Outcome::Answer(Pdu::new(&[0x83, exception]).unwrap()),
                Some(Ok(())) => {
                    let words = [0, 7].repeat(count.into());
                    let pdu = [vec![3, words.len() as u8], words].concat();
                    Outcome::Answer(Pdu::new(&pdu).unwrap())
                }
            };
            round.take(&shelf, block, &outcome);
        }
        let (known, mut samples) = round.end();
        site.remember(&shelf, known);
        samples.sort_by(|a, b| a.point.cmp(&b.point));
        (asked, samples.iter().map(|sample| sample.quality).collect())
    }

    const GOOD: u8 = quality::GOOD;
    const SILENT: u8 = quality::SILENT;

    #[test]
    fn a_range_that_a_unit_never_answers_is_asked_behind_the_others() {
        let site = site(&[(1, 0), (1, 100), (1, 200), (2, 0)]);
        let says = |unit, first, _| (unit != 1 || first != 0).then_some(Ok(()));
        let qualities = vec![SILENT, GOOD, GOOD, GOOD];
        let (asked, first) = round(&site, says);
        assert_eq!((asked.len(), &first), (4, &qualities));
        for _ in 0..3 {
            let (asked, found) = round(&site, says);
            assert_eq!((asked.last(), &found), (Some(&(1, 0)), &qualities));
        }
    }

    #[test]
    fn a_range_that_a_unit_never_answers_costs_a_silence_in_half_a_minute_and_is_read_when_it_is_back()
     {
        let site = site(&[(1, 0), (1, 100), (2, 0)]);
        let says = |unit, first, _| (unit != 1 || first != 0).then_some(Ok(()));
        let times_asked = |seconds: std::ops::Range<u64>| {
            let asked = seconds.map(|at| round_at(&site, at, says));
            let asked = asked.inspect(|(_, found)| assert_eq!(*found, [SILENT, GOOD, GOOD]));
            asked.filter(|(asked, _)| asked.contains(&(1, 0))).count()
        };
        assert_eq!(times_asked(0..2), 2, "once may be chance");
        assert_eq!(times_asked(2..62), 2);
        // Another call, or a poll that is no oftener, asks each time.
        assert_eq!(round(&site, says).0.len(), 3);
        assert_eq!((1..4).filter(|at| times_asked(at * 60 + 62..at * 60 + 63) == 1).count(), 3);
        // It is back.
        let back = |_, _, _| Some(Ok(()));
        assert_eq!(round_at(&site, 250, back).1, [SILENT, GOOD, GOOD], "it rests");
        assert_eq!(round_at(&site, 272, back).1, [GOOD; 3]);
        assert_eq!(round_at(&site, 273, back).1, [GOOD; 3]);
        assert_eq!(times_asked(274..276), 2, "what it was before is forgotten");
    }

    #[test]
    fn a_unit_that_was_off_is_asked_for_everything_when_it_is_back() {
        let site = site(&[(1, 0), (1, 100), (2, 0)]);
        let says = |unit, first, _| (unit != 1 || first != 0).then_some(Ok(()));
        for at in 0..2 {
            round_at(&site, at, says);
        }
        for at in 2..4 {
            round_at(&site, at, |unit, _, _| (unit == 2).then_some(Ok(())));
        }
        let (_, found) = round_at(&site, 31, |_, _, _| Some(Ok(())));
        assert_eq!(found, [GOOD; 3]);
    }

    #[test]
    fn a_dead_unit_costs_one_silence_a_poll_and_each_range_has_its_turn() {
        let site = site(&[(1, 0), (1, 100), (1, 200), (2, 0)]);
        let says = |unit, _, _| (unit == 2).then_some(Ok(()));
        let dead = |asked: Vec<(u8, u16)>| -> Vec<u16> {
            asked.into_iter().filter(|(unit, _)| *unit == 1).map(|(_, first)| first).collect()
        };
        assert_eq!(dead(round(&site, says).0), [0, 100], "a second chance");
        let turns: Vec<_> = (0..4).flat_map(|_| dead(round(&site, says).0)).collect();
        assert_eq!(turns, [200, 0, 100, 200]);
        let (asked, found) = round(&site, |_, _, _| Some(Ok(())));
        assert_eq!((asked.len(), found), (4, vec![GOOD; 4]));
    }

    #[test]
    fn a_unit_that_is_silent_behind_the_site_s_gateway_is_as_silent_as_any_other() {
        let site = site(&[(1, 0), (1, 100), (1, 200)]);
        let (asked, qualities) = round(&site, |_, _, _| Some(Err(0x0b)));
        assert_eq!((asked.len(), qualities), (2, vec![SILENT; 3]));
    }

    #[test]
    fn what_a_unit_refuses_while_it_starts_is_asked_whole_again() {
        let site = site(&[(1, 0), (1, 1), (1, 2), (2, 0)]);
        let starting = |unit, _, _| Some(if unit == 1 { Err(2) } else { Ok(()) });
        assert_eq!(
            round(&site, starting).1,
            [quality::REFUSED; 3].into_iter().chain([GOOD]).collect::<Vec<_>>()
        );
        assert_eq!(round(&site, |_, _, _| Some(Ok(()))).0.len(), 2, "a request a unit");
        // What it really refuses stays apart.
        let no_2 = |unit, first, count| {
            Some(if unit == 1 && (first..first + count).contains(&2) { Err(2) } else { Ok(()) })
        };
        round(&site, no_2);
        let (asked, qualities) = round(&site, no_2);
        assert_eq!((asked.len(), qualities), (4, vec![GOOD, GOOD, quality::REFUSED, GOOD]));
    }

    #[test]
    fn what_units_refuse_is_known_to_the_next_instance_and_with_other_points() {
        let first = site(&[(1, 0), (1, 1), (1, 2)]);
        let no_2 = |_, first, count| {
            Some(if (first..first + count).contains(&2) { Err(2) } else { Ok(()) })
        };
        round(&first, no_2);
        let learned = first.borders();
        let next = site(&[(1, 0), (1, 1), (1, 2), (1, 9)]);
        next.recall_borders(learned);
        let (asked, qualities) = round(&next, no_2);
        let refused = qualities.iter().filter(|quality| **quality == quality::REFUSED).count();
        assert_eq!(refused, 1);
        assert!(asked.len() < 7, "{asked:?}");
    }
}
