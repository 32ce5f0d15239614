//! What is looked for in the equipment's data: the ways out of data state.

use std::time::Duration;

use at::line::{LineChars, Recognised, Recogniser};
use clock::Instant;

use crate::core::Core;
use crate::escape::{Escape, Guards, Seen, Sequence};
use crate::persona::{EscapeBy, HoldBack};
use crate::table::{S2, S12};

/// Above this, S2 is no character and there is no escape.
const LAST_CHARACTER: u8 = 127;

/// The unit of S12.
const GUARD_UNIT: Duration = Duration::from_millis(20);

/// Looks for the escape in the equipment's data.
pub(crate) struct Watch {
    way: Way,
    hold_back: HoldBack,
    escape: Escape,
    /// Held back characters that turned out to be data.
    released: Sequence,
    ties: Option<Ties>,
}

/// How the escape is recognised.
#[derive(Clone, Copy)]
enum Way {
    /// Not at all: S2 is above 127, or the persona has it off.
    None,
    /// By the silences around it.
    Guarded(Guards),
    /// S12 is 0: three characters in a row are enough. So many were seen.
    AtOnce(u8, u8),
}

/// What a read means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It is all data.
    Data,
    /// It belongs to an escape sequence; something has to happen by then if nothing else comes.
    Part(Option<Instant>),
    /// After so many bytes the modem is in command state.
    Escape(usize),
    /// The same, and those bytes ended with a command line, which the recogniser has.
    EscapeWithLine(usize),
}

impl Watch {
    /// Reads the settings; the silence before an escape counts from `now`.
    pub(crate) fn begin(core: &Core, now: Instant) -> Self {
        let online = &core.persona().online;
        let character = core.settings.byte(S2);
        let silence = GUARD_UNIT * core.settings.number(S12);
        let way = if online.escape == EscapeBy::Off || character > LAST_CHARACTER {
            Way::None
        } else if silence.is_zero() {
            Way::AtOnce(character, 0)
        } else {
            Way::Guarded(Guards { character, silence, behind: silence })
        };
        let ties = online.escape == EscapeBy::Ties && character <= LAST_CHARACTER;
        Self {
            way,
            hold_back: online.hold_back,
            escape: Escape::new(now),
            released: Sequence::default(),
            ties: ties.then(|| Ties::new(character, core.line_chars())),
        }
    }

    /// The same for a socket of a command set, whose escapes are never data of their own.
    #[cfg(feature = "wip")]
    pub(crate) fn of_socket(
        core: &Core,
        now: Instant,
        guard: crate::sets::wip::EscapeGuard,
    ) -> Self {
        let mut watch = Self::begin(core, now);
        (watch.hold_back, watch.ties) = (HoldBack::Held, None);
        if let Way::Guarded(guards) = &mut watch.way {
            guards.behind = guard.behind(guards.silence);
        }
        watch
    }

    /// Looks at a read that is not empty.
    pub(crate) fn look(
        &mut self,
        bytes: &[u8],
        now: Instant,
        recogniser: &mut Recogniser,
    ) -> Found {
        if let Some(ties) = &mut self.ties
            && let Some(place) = ties.look(bytes, recogniser)
        {
            self.released = self.give_up();
            return Found::EscapeWithLine(place);
        }
        match &mut self.way {
            Way::None => Found::Data,
            Way::AtOnce(character, seen) => match at_once(*character, seen, bytes) {
                Some(place) => Found::Escape(place),
                None => Found::Data,
            },
            Way::Guarded(guards) => {
                let (guards, begun) = (*guards, self.escape.sequence());
                match self.escape.look(now, bytes, guards) {
                    Seen::Data => {
                        self.released = self.held(begun);
                        Found::Data
                    }
                    Seen::Complete(until) => Found::Part(Some(until)),
                    Seen::Part if self.holds_back() => Found::Part(Some(now + guards.silence)),
                    Seen::Part => Found::Part(None),
                }
            }
        }
    }

    /// Whether the characters of a sequence are kept from the far end until it is clear what they
    /// are.
    pub(crate) fn holds_back(&self) -> bool {
        self.hold_back == HoldBack::Held
    }

    /// What of a sequence was held back: all, or nothing.
    fn held(&self, sequence: Sequence) -> Sequence {
        if self.holds_back() { sequence } else { Sequence::default() }
    }

    /// The characters that were held back and have to go in front of the data just looked at.
    pub(crate) fn take_released(&mut self) -> Sequence {
        std::mem::take(&mut self.released)
    }

    /// The silence after a sequence, or within it, is over: `None` if it was an escape, or else the
    /// characters that are data after all.
    pub(crate) fn silence(&mut self) -> Option<Sequence> {
        let complete = self.escape.is_complete();
        let held = self.give_up();
        (!complete).then_some(held)
    }

    /// Forgets a sequence that has begun; what was held back of it is returned.
    pub(crate) fn give_up(&mut self) -> Sequence {
        let begun = self.escape.sequence();
        self.escape.forget();
        self.held(begun)
    }
}

/// Where three characters in a row end.
fn at_once(character: u8, seen: &mut u8, bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..) {
        if *seen == 0 {
            at += memchr::memchr2(character, character | 0x80, rest)?;
            *seen = 1;
        } else if rest.first().is_some_and(|byte| byte & 0x7F == character) {
            *seen += 1;
        } else if rest.is_empty() {
            return None;
        } else {
            *seen = 0;
            continue;
        }
        at += 1;
        if *seen == 3 {
            *seen = 0;
            return Some(at);
        }
    }
    None
}

/// The escape that needs no silence: three characters, `AT`, and a command line.
struct Ties {
    character: u8,
    chars: LineChars,
    seen: TiesSeen,
}

/// How much of it was seen.
#[derive(Clone, Copy)]
enum TiesSeen {
    Escapes(u8),
    A,
    Line,
}

impl Ties {
    fn new(character: u8, chars: LineChars) -> Self {
        Self { character, chars, seen: TiesSeen::Escapes(0) }
    }

    /// Where the command line ends, once it does.
    fn look(&mut self, bytes: &[u8], recogniser: &mut Recogniser) -> Option<usize> {
        let chars = &self.chars;
        for (place, &byte) in bytes.iter().enumerate() {
            let plain = byte & 0x7F;
            self.seen = match self.seen {
                TiesSeen::Escapes(3) if plain.eq_ignore_ascii_case(&b'A') => {
                    recogniser.reset();
                    recogniser.push(byte, chars);
                    TiesSeen::A
                }
                TiesSeen::Escapes(count) if plain == self.character => {
                    TiesSeen::Escapes(count.saturating_add(1).min(3))
                }
                TiesSeen::A if plain.eq_ignore_ascii_case(&b'T') => {
                    recogniser.push(byte, chars);
                    TiesSeen::Line
                }
                TiesSeen::Line if plain >= b' ' || plain == chars.end => {
                    if recogniser.push(byte, chars).1 == Recognised::Line {
                        self.seen = TiesSeen::Escapes(0);
                        return Some(place + 1);
                    }
                    if recogniser.is_typing() { TiesSeen::Line } else { TiesSeen::Escapes(0) }
                }
                _ if plain == self.character => TiesSeen::Escapes(1),
                _ => TiesSeen::Escapes(0),
            };
        }
        None
    }
}
