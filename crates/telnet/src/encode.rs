//! From data to the wire.

use clock::Instant;
use memchr::{memchr, memchr2};

use crate::options::Side;
use crate::replies::Replies;
use crate::session::{Session, Trigger};
use crate::summary::{Coding, Fingerprint};
use crate::wire::{CR, IAC, LF, NOP, NUL};

impl Session {
    pub(crate) fn encode<'a>(
        &mut self,
        now: Instant,
        data: &'a [u8],
        scratch: &'a mut Vec<u8>,
        out: &mut Replies,
    ) -> &'a [u8] {
        scratch.clear();
        scratch.append(&mut out.0);
        let escaping = match self.transmit() {
            Coding::Raw | Coding::Binary => memchr(IAC, data),
            Coding::Nvt => memchr2(IAC, CR, data),
        };
        let padded = self.needs_padding(data);
        if data.is_empty() || (escaping.is_none() && !padded && scratch.is_empty()) {
            self.notice(now, data, out);
            return if scratch.is_empty() { data } else { scratch };
        }
        // Random bytes grow by one in 256; text that a server pads, by one in a line.
        scratch.reserve(data.len() + data.len() / 64);
        match self.transmit() {
            Coding::Raw | Coding::Binary => escape(data, scratch),
            Coding::Nvt => escape_nvt(data, self.options.side, self.after_cr(), scratch),
        }
        if padded {
            scratch.extend([IAC, NOP]);
        }
        self.notice(now, data, out);
        scratch
    }

    /// What tells a bare CR from the end of a line. busybox telnetd takes a NUL for data when its own
    /// read ends before it, but never a NOP.
    fn after_cr(&self) -> &'static [u8] {
        match self.matcher.peer() {
            Some(Fingerprint::Busybox) => &[IAC, NOP],
            _ => &[NUL],
        }
    }

    /// busybox telnetd throws away a NUL that ends what it reads.
    fn needs_padding(&self, data: &[u8]) -> bool {
        self.matcher.peer() == Some(Fingerprint::Busybox) && data.last() == Some(&NUL)
    }

    /// Asks for BINARY when the equipment begins to send what needs it.
    fn notice(&mut self, now: Instant, data: &[u8], out: &mut Replies) {
        let waits =
            self.reask.on_binary_data == Trigger::Armed && self.reasks() && self.lacks_binary();
        if waits && (!data.is_ascii() || memchr(NUL, data).is_some()) {
            self.reask.on_binary_data = Trigger::Fired;
            self.ask_binary(now, out);
        }
    }

    pub(crate) fn sendable(&self, data: &[u8]) -> usize {
        if self.is_unheard() {
            return 0;
        }
        if !self.is_changing() {
            return data.len();
        }
        // Only a CR has two forms; a server's CR LF has one.
        let mut from = 0;
        while let Some(offset) = memchr(CR, data.get(from..).unwrap_or_default()) {
            let cr = from + offset;
            match (self.options.side, data.get(cr + 1)) {
                (Side::Server, Some(&LF)) => from = cr + 2,
                _ => return cr,
            }
        }
        data.len()
    }
}

fn escape(data: &[u8], scratch: &mut Vec<u8>) {
    let mut rest = data;
    while let Some(iac) = memchr(IAC, rest) {
        let (run, after) = rest.split_at(iac + 1);
        scratch.extend_from_slice(run);
        scratch.push(IAC);
        rest = match after.first() {
            Some(&IAC) => double_run(after, 0, scratch),
            _ => after,
        };
    }
    scratch.extend_from_slice(rest);
}

/// A client marks every CR as a bare one: telnetd would make CR LF one byte. A server leaves CR LF, which
/// is what it is called on a terminal.
fn escape_nvt(data: &[u8], side: Side, after_cr: &[u8], scratch: &mut Vec<u8>) {
    let mut rest = data;
    while let Some(special) = memchr2(IAC, CR, rest) {
        if rest.get(special) == Some(&IAC) {
            rest = double_run(rest, special, scratch);
            continue;
        }
        let (run, after) = rest.split_at(special + 1);
        scratch.extend_from_slice(run);
        match (side, after.first()) {
            (Side::Server, Some(&LF)) => {}
            _ => scratch.extend_from_slice(after_cr),
        }
        rest = after;
    }
    scratch.extend_from_slice(rest);
}

/// Copies what stands before `iac` and the whole run of 0xFF that begins there, doubled, and returns
/// what follows. Erased memory and idle lines send long runs.
fn double_run<'a>(data: &'a [u8], iac: usize, scratch: &mut Vec<u8>) -> &'a [u8] {
    let (before, rest) = data.split_at(iac);
    let run = rest.iter().take_while(|byte| **byte == IAC).count();
    scratch.extend_from_slice(before);
    scratch.resize(scratch.len() + 2 * run, IAC);
    rest.get(run..).unwrap_or_default()
}
