//! Two wires on virtual time: one character after the other, heard by everybody, spoilt where two speak at once.

use std::time::Duration;

use clock::Instant;

/// Numbers that look random and are the same in every run: what garbles frames would get past one CRC in 65536
/// otherwise, now and then.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, below: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.roll(256) as u8
    }
}

/// Who speaks: 0 is the master, units follow.
pub(super) type Speaker = usize;

/// Who speaks when nobody does.
pub(super) const NOISE: Speaker = usize::MAX;

/// A character on the wire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Character {
    pub(super) speaker: Speaker,
    pub(super) byte: u8,
    pub(super) begins: Instant,
    pub(super) ends: Instant,
    spoilt: bool,
}

pub(super) struct Cable {
    character: Duration,
    wire: Vec<Character>,
    /// When the wire was silent last, as a bystander with an oscilloscope sees it.
    pub(super) silent_from: Instant,
}

impl Cable {
    pub(super) fn new(speed: u32) -> Self {
        let character = modbus::SerialTiming::new(speed).characters(1);
        Self { character, wire: Vec::new(), silent_from: Instant::ORIGIN }
    }

    /// Puts bytes onto the wire, behind whatever the same speaker is still saying.
    pub(super) fn say(&mut self, speaker: Speaker, now: Instant, bytes: &[u8]) {
        let own = self.wire.iter().filter(|character| character.speaker == speaker);
        let mut begins = own.map(|character| character.ends).max().unwrap_or(now).max(now);
        for &byte in bytes {
            let mut said =
                Character { speaker, byte, begins, ends: begins + self.character, spoilt: false };
            for other in self.wire.iter_mut().filter(|other| other.speaker != speaker) {
                if said.begins < other.ends && other.begins < said.ends {
                    other.spoilt = true;
                    said.spoilt = true;
                }
            }
            begins = said.ends;
            self.silent_from = self.silent_from.max(said.ends);
            self.wire.push(said);
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.wire.iter().map(|character| character.ends).min()
    }

    /// Whether this one speaks at that time, and so hears nothing: the bus has one pair of wires.
    pub(super) fn speaks(&self, speaker: Speaker, character: &Character) -> bool {
        self.wire.iter().any(|own| {
            own.speaker == speaker && own.begins < character.ends && character.begins < own.ends
        })
    }

    pub(super) fn is_speaking(&self, speaker: Speaker, now: Instant) -> bool {
        self.wire.iter().any(|own| own.speaker == speaker && own.ends > now)
    }

    /// The characters that have ended, as they can be heard.
    pub(super) fn heard(&mut self, now: Instant, dice: &mut Dice) -> Vec<Character> {
        let (mut ended, wire) = self.wire.drain(..).partition(|character| character.ends <= now);
        self.wire = wire;
        let ended: &mut Vec<Character> = &mut ended;
        ended.sort_by_key(|character| character.ends);
        for character in ended.iter_mut().filter(|character| character.spoilt) {
            character.byte = dice.byte();
        }
        std::mem::take(ended)
    }
}
