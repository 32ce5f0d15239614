//! What a station tells of its points, so that the centre can show them and ask for them by name.
//!
//! The centre asks, one piece after the other, and says by which check it knows the list already; so nothing is told twice
//! over a slow path, and what is lost on its way is asked for again. An older end leaves such messages alone.

use crate::crc::crc32c;
use crate::limits;
use crate::wire::{BadMessage, Reader, put_text};

/// Where a point stands, and what it is. Address, type and order are as configurations write them.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Its device's name.
    pub device: String,
    /// The unit by which the centre asks the device.
    pub unit: u8,
    /// Its own name.
    pub point: String,
    /// Where it stands: `h:100`.
    pub address: String,
    /// What stands there: `f32`; empty for a coil or a discrete input.
    pub kind: String,
    /// In which order its bytes stand: `CDAB`.
    pub order: String,
    /// What the number is multiplied by.
    pub scale: f64,
    /// What is added then.
    pub offset: f64,
    /// What it is measured in; empty where there is no such thing.
    pub measure: String,
}

impl Description {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_text(out, &self.device, limits::NAME);
        out.push(self.unit);
        for text in [&self.point, &self.address, &self.kind, &self.order] {
            put_text(out, text, limits::NAME);
        }
        out.extend(self.scale.to_be_bytes());
        out.extend(self.offset.to_be_bytes());
        put_text(out, &self.measure, limits::NAME);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, BadMessage> {
        Ok(Self {
            device: reader.text(limits::NAME)?,
            unit: reader.u8()?,
            point: reader.text(limits::NAME)?,
            address: reader.text(limits::NAME)?,
            kind: reader.text(limits::NAME)?,
            order: reader.text(limits::NAME)?,
            scale: f64::from_be_bytes(reader.array()?),
            offset: f64::from_be_bytes(reader.array()?),
            measure: reader.text(limits::NAME)?,
        })
    }
}

/// A piece of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// The check of the whole list.
    pub check: u32,
    /// How many points it has.
    pub count: u32,
    /// Which of them is the first one here.
    pub from: u32,
    /// Points from there on; none where the centre knows them.
    pub points: Vec<Description>,
}

/// A station's list.
#[derive(Debug, Default)]
pub(crate) struct List {
    points: Vec<Description>,
    check: u32,
}

impl List {
    pub(crate) fn new(mut points: Vec<Description>) -> Self {
        points.truncate(limits::POINTS);
        let mut bytes = Vec::new();
        points.iter().for_each(|point| point.encode(&mut bytes));
        // Zero is what a centre knows that knows nothing.
        Self { points, check: crc32c(&bytes).max(1) }
    }

    /// The answer to a centre that knows a list by `known`, and has the points before `from`.
    pub(crate) fn piece(&self, from: u32, known: u32) -> Described {
        let count = u32::try_from(self.points.len()).unwrap_or(u32::MAX);
        let mut piece = Described { check: self.check, count, from, points: Vec::new() };
        if known == self.check {
            return piece;
        }
        let mut bytes = Vec::new();
        for point in self.points.iter().skip(usize::try_from(from).unwrap_or(usize::MAX)) {
            point.encode(&mut bytes);
            if bytes.len() > limits::DESCRIBED && !piece.points.is_empty() {
                break;
            }
            piece.points.push(point.clone());
        }
        piece
    }
}

/// What has come of a list so far, at the centre.
#[derive(Debug)]
pub(crate) struct Asking {
    known: u32,
    check: u32,
    points: Vec<Description>,
    tries: u8,
}

/// What a piece has come to.
#[derive(Debug, PartialEq)]
pub(crate) enum Came {
    /// Ask for the next one.
    More,
    /// This is the whole list, and its check.
    All(u32, Vec<Description>),
    /// The list is the one that is known.
    Known,
    /// It makes no sense.
    Nothing,
}

impl Asking {
    pub(crate) const fn new(known: u32) -> Self {
        Self { known, check: 0, points: Vec::new(), tries: 0 }
    }

    /// From where on to ask, and what is known; nothing once it was asked often enough.
    pub(crate) fn again(&mut self) -> Option<(u32, u32)> {
        self.tries = self.tries.checked_add(1).filter(|tries| *tries <= limits::TRIES)?;
        Some((u32::try_from(self.points.len()).unwrap_or(u32::MAX), self.known))
    }

    pub(crate) fn came(&mut self, piece: Described) -> Came {
        let Described { check, count, from, points } = piece;
        if check == self.known {
            return Came::Known;
        }
        if count as usize > limits::POINTS {
            return Came::Nothing;
        }
        if check != self.check {
            // Another list than the one whose beginning has come.
            (self.check, self.points) = (check, Vec::new());
        }
        if from as usize == self.points.len() && self.points.len() + points.len() <= limits::POINTS
        {
            self.tries = 0;
            self.points.extend(points.iter().cloned());
        }
        if self.points.len() >= count as usize {
            return Came::All(check, std::mem::take(&mut self.points));
        }
        match points.is_empty() {
            true => Came::Nothing,
            false => Came::More,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(count: usize) -> Vec<Description> {
        let point = |n: usize| Description {
            device: "tank".into(),
            unit: 17,
            point: format!("level-{n}"),
            address: format!("h:{n}"),
            kind: "f32".into(),
            order: "CDAB".into(),
            scale: 0.1,
            offset: -40.0,
            measure: "m³".into(),
        };
        (0..count).map(point).collect()
    }

    fn ask(list: &List, known: u32) -> (usize, Came) {
        let mut asking = Asking::new(known);
        for pieces in 1.. {
            let (from, known) = asking.again().expect("within bounds");
            match asking.came(list.piece(from, known)) {
                Came::More => {}
                end => return (pieces, end),
            }
        }
        unreachable!()
    }

    #[test]
    fn a_list_comes_whole_in_pieces_and_only_once() {
        for count in [0, 1, 40, limits::POINTS, limits::POINTS + 9] {
            let list = List::new(points(count));
            let (pieces, came) = ask(&list, 0);
            let kept = count.min(limits::POINTS);
            assert_eq!(came, Came::All(list.check, points(kept)), "{count}");
            assert!(pieces <= kept / 8 + 1, "{pieces} pieces for {count}");
            assert_eq!(ask(&list, list.check), (1, Came::Known));
        }
    }

    #[test]
    fn a_list_that_changes_half_way_begins_anew_and_nonsense_ends() {
        let (old, new) = (List::new(points(100)), List::new(points(99)));
        let mut asking = Asking::new(0);
        assert_eq!(asking.came(old.piece(0, 0)), Came::More);
        let from = asking.again().expect("once").0;
        // What comes is of the new list, and not its beginning.
        assert_eq!(asking.came(new.piece(from, 0)), Came::More);
        assert_eq!(asking.again().expect("again").0, 0);
        let empty = Described { check: 5, count: 9, from: 0, points: Vec::new() };
        assert_eq!(asking.came(empty), Came::Nothing);
        let many = Described { check: 5, count: u32::MAX, from: 0, points: points(1) };
        assert_eq!(asking.came(many), Came::Nothing);
        let mut asking = Asking::new(0);
        assert!((0..limits::TRIES).all(|_| asking.again().is_some()));
        assert_eq!(asking.again(), None);
    }
}
