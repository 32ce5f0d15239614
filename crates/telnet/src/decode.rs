//! From the wire to data and events.

use clock::Instant;
use memchr::{memchr, memchr2};

use crate::event::{Decoded, Event, Function};
use crate::limits;
use crate::options::{LineEnds, Profile};
use crate::replies::Replies;
use crate::session::{LineEnd, Receiving, Session, Sub};
use crate::summary::Coding;
use crate::wire::{
    ABORT, AO, AYT, BRK, CR, EC, EL, EOF, IAC, IP, Known, LF, NOP, NUL, SB, SE, SUSP, Verb,
};

/// The wire while its data are moved to its front.
struct Compaction<'a> {
    wire: &'a mut [u8],
    read: usize,
    kept: usize,
}

impl Compaction<'_> {
    fn rest(&self) -> &[u8] {
        self.wire.get(self.read..).unwrap_or_default()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.wire.get(self.read).copied();
        self.read += usize::from(byte.is_some());
        byte
    }

    /// Keeps so many bytes as data.
    fn keep(&mut self, bytes: usize) {
        if self.kept != self.read {
            self.wire.copy_within(self.read..self.read + bytes, self.kept);
        }
        self.read += bytes;
        self.kept += bytes;
    }

    fn skip(&mut self, bytes: usize) {
        self.read += bytes;
    }

    /// Keeps so many bytes and one of each pair of 0xFF behind them, of which there is at least one.
    fn keep_pairs(&mut self, before: usize) {
        self.keep(before + 1);
        self.skip(1);

        let (pairs, _) = self.rest().as_chunks::<2>();
        let run = pairs.iter().take_while(|pair| **pair == [IAC, IAC]).count();
        if let Some(kept) = self.wire.get_mut(self.kept..self.kept + run) {
            kept.fill(IAC);
        }
        self.read += 2 * run;
        self.kept += run;
    }

    /// Keeps the byte that was read last.
    fn keep_last(&mut self) {
        self.read -= 1;
        self.keep(1);
    }
}

/// Leaves the data of a settled connection at the front of `wire`, as [`Telnet::decode`](crate::Telnet::decode) would,
/// without the codec: up to a command, which the codec has to see, or to a 0xFF whose second one is yet to come.
pub fn undouble(wire: &mut [u8]) -> Decoded {
    let mut at = Compaction { wire, read: 0, kept: 0 };
    while let Some(iac) = memchr(IAC, at.rest()) {
        if at.rest().get(iac + 1) != Some(&IAC) {
            at.keep(iac);
            return Decoded { consumed: at.read, data: at.kept, event: None };
        }
        at.keep_pairs(iac);
    }
    at.keep(at.rest().len());
    Decoded { consumed: at.read, data: at.kept, event: None }
}

impl Session {
    pub(crate) fn decode(&mut self, now: Instant, wire: &mut [u8], out: &mut Replies) -> Decoded {
        let mut at = Compaction { wire, read: 0, kept: 0 };
        let mut event = None;
        while event.is_none() && at.read < at.wire.len() {
            event = match self.receiving {
                Receiving::Data => {
                    self.data(&mut at);
                    None
                }
                Receiving::Sub(sub) => {
                    self.sub_data(sub, &mut at);
                    None
                }
                _ => self.command_byte(now, &mut at, out),
            };
        }
        if at.read == at.wire.len() && self.receiving == Receiving::Data {
            self.batch_over(now, out);
        }
        Decoded { consumed: at.read, data: at.kept, event }
    }

    /// Moves one run of data up to and including the next byte that means something.
    fn data(&mut self, at: &mut Compaction<'_>) {
        let coding = self.receive();
        self.finish_line_end(coding, at);
        let rest = at.rest();
        let found = match coding {
            Coding::Nvt => memchr2(IAC, CR, rest),
            Coding::Raw | Coding::Binary => memchr(IAC, rest),
        };
        let run = found.unwrap_or(rest.len());
        let after = (rest.get(run).copied(), rest.get(run + 1).copied());
        if run > 0 {
            self.matcher.other();
        }
        match after {
            (Some(CR), _) => {
                at.keep(run + 1);
                self.matcher.other();
                self.line_end = match self.options.line_ends {
                    LineEnds::Keep => LineEnd::DropNul,
                    LineEnds::Cr => LineEnd::DropNulOrLf,
                };
            }
            // A doubled 0xFF goes along with the run, and so do those that follow it at once.
            (Some(_), Some(IAC)) => {
                at.keep_pairs(run);
                self.matcher.other();
                self.line_end = LineEnd::Over;
            }
            (Some(_), _) => {
                at.keep(run);
                at.skip(1);
                self.receiving = Receiving::Command;
            }
            (None, _) => at.keep(run),
        }
    }

    /// Drops what follows a CR and belongs to it. Commands in between do not matter: they are not in
    /// the data stream.
    fn finish_line_end(&mut self, coding: Coding, at: &mut Compaction<'_>) {
        let Some(&next) = at.rest().first() else { return };
        let dropped = match (self.line_end, coding) {
            (LineEnd::Over, _) => return,
            (_, Coding::Raw | Coding::Binary) => false,
            (LineEnd::DropNul, Coding::Nvt) => next == NUL,
            (LineEnd::DropNulOrLf, Coding::Nvt) => next == NUL || next == LF,
        };
        if dropped {
            at.skip(1);
        }
        if next != IAC || coding != Coding::Nvt {
            self.line_end = LineEnd::Over;
        }
    }

    /// Takes one byte of a command.
    fn command_byte(
        &mut self,
        now: Instant,
        at: &mut Compaction<'_>,
        out: &mut Replies,
    ) -> Option<Event> {
        let byte = at.next()?;
        match self.receiving {
            Receiving::Command if byte == IAC => {
                at.keep_last();
                self.matcher.other();
                self.line_end = LineEnd::Over;
                self.receiving = Receiving::Data;
                None
            }
            Receiving::Command => self.command(byte, out),
            Receiving::Option(verb) => {
                self.receiving = Receiving::Data;
                self.hear(now, verb, byte, out)
            }
            Receiving::SubOption => {
                let kept = Known::from_code(byte).filter(|option| self.agreed(*option));
                self.receiving = match (byte, kept) {
                    (IAC, _) => Receiving::SubCommand(Sub::Skip),
                    (_, Some(option)) => Receiving::Sub(Sub::Keep(option)),
                    (_, None) => Receiving::Sub(Sub::Skip),
                };
                None
            }
            Receiving::SubCommand(sub) => self.sub_command(sub, byte, out),
            Receiving::Data | Receiving::Sub(_) => None,
        }
    }

    /// Takes the byte after IAC, which is not another IAC.
    fn command(&mut self, byte: u8, out: &mut Replies) -> Option<Event> {
        self.receiving = Receiving::Data;
        if let Some(verb) = Verb::from_code(byte) {
            self.receiving = Receiving::Option(verb);
            return None;
        }
        self.matcher.other();
        let function = match byte {
            SB => {
                self.receiving = Receiving::SubOption;
                return None;
            }
            BRK => return Some(Event::Break),
            AYT => {
                self.here(out);
                Function::AreYouThere
            }
            IP => Function::Interrupt,
            AO => Function::AbortOutput,
            EC => Function::EraseCharacter,
            EL => Function::EraseLine,
            EOF => Function::EndOfFile,
            SUSP => Function::Suspend,
            ABORT => Function::Abort,
            // NOP, GA, an SE without its SB, unheard-of commands; and DM, which ends an urgent section
            // in which others discard data. We never do.
            _ => return None,
        };
        Some(Event::Function(function))
    }

    /// Answers AYT so that equipment sees nothing and a person something.
    fn here(&self, out: &mut Replies) {
        match self.options.profile {
            _ if !out.has_room() => {}
            Profile::Machine => out.command(NOP),
            Profile::Human => out.text("\r\n[yes]\r\n"),
        }
    }

    fn sub_data(&mut self, sub: Sub, at: &mut Compaction<'_>) {
        let rest = at.rest();
        let found = memchr(IAC, rest);
        let run = rest.get(..found.unwrap_or(rest.len())).unwrap_or_default();
        let skip = run.len() + usize::from(found.is_some());
        let sub = match sub {
            Sub::Keep(option) => self.keep_sub(option, run),
            Sub::Skip => Sub::Skip,
        };
        self.receiving = match found {
            Some(_) => Receiving::SubCommand(sub),
            None => Receiving::Sub(sub),
        };
        at.skip(skip);
    }

    fn keep_sub(&mut self, option: Known, bytes: &[u8]) -> Sub {
        let kept = &mut self.sub.get_or_insert_default().0;
        if kept.len() + bytes.len() > limits::SUBNEGOTIATION {
            self.sub = None;
            return Sub::Skip;
        }
        kept.extend_from_slice(bytes);
        Sub::Keep(option)
    }

    fn sub_command(&mut self, sub: Sub, byte: u8, out: &mut Replies) -> Option<Event> {
        match (byte, sub) {
            (IAC, Sub::Keep(option)) => {
                self.receiving = Receiving::Sub(self.keep_sub(option, &[IAC]));
                None
            }
            (IAC, Sub::Skip) => {
                self.receiving = Receiving::Sub(Sub::Skip);
                None
            }
            (SE, Sub::Keep(option)) => {
                self.receiving = Receiving::Data;
                let parameters = self.sub.take().unwrap_or_default();
                self.subnegotiated(option, &parameters.0, out)
            }
            (SE, Sub::Skip) => {
                self.receiving = Receiving::Data;
                None
            }
            // Its end got lost: better one sub-negotiation too few than a call that stays deaf.
            (_, _) => {
                self.sub = None;
                self.command(byte, out)
            }
        }
    }
}
