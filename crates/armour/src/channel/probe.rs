//! Finding out what a path bears.
//!
//! Each end sends all 256 values, each between brackets behind its number in plain text, so that one that is
//! swallowed, changed or doubled doesn't hide the others. The other end reports which came as they were, and the
//! sender says which coding it uses from then on. All of that is plain text of one case, since it must get
//! through any path.
//!
//! ```text
//! A  TLP BEGIN [00.] [01.] … [FF.] TLP END ─►            ◄─ the same of B
//! A  ◄─ TLP REPORT <64 digits> <check>                   the same to B ─►
//! A  TLP USE HDLC ─►   then A's frames                   ◄─ the same of B
//! ```

use clock::Instant;
use thiserror::Error;

use super::{Coding, Values};
use crate::crc::xmodem;
use crate::limits;

const BEGIN: &[u8] = b"\r\nTLP BEGIN\r\n";
const END: &[u8] = b"\r\nTLP END\r\n";

/// Text that is kept while its end is waited for: a probe, of which a path has doubled every byte.
const KEPT: usize = 4096;

/// Where a probe's text goes.
pub trait Output {
    /// Bytes for the path.
    fn send(&mut self, bytes: &[u8]);
}

/// What both ends use from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// For what is sent.
    pub sending: Coding,
    /// For what is received.
    pub receiving: Coding,
}

/// The other end doesn't probe, or nothing at all gets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the far end does not answer the probe of the path")]
pub struct NoProbe;

/// One end of a probe. Both are the same, and begin whenever they like.
#[derive(Debug)]
pub struct Probe {
    heard: Vec<u8>,
    tries: u8,
    again: Instant,
    /// The line that reports on the other one's probe, once that is here.
    report: Option<Vec<u8>>,
    sending: Option<Coding>,
    receiving: Option<Coding>,
}

impl Probe {
    /// Begins.
    pub fn start(now: Instant, out: &mut impl Output) -> Self {
        out.send(&every_value());
        Self {
            heard: Vec::new(),
            tries: 1,
            again: now + limits::PROBE_AGAIN,
            report: None,
            sending: None,
            receiving: None,
        }
    }

    /// Bytes from the path; they are taken until the outcome is there, and what follows are frames.
    pub fn input(&mut self, bytes: &mut &[u8], out: &mut impl Output) -> Option<Outcome> {
        while let Some((&byte, rest)) = bytes.split_first() {
            *bytes = rest;
            if self.heard.len() == KEPT {
                self.heard.remove(0);
            }
            self.heard.push(byte);
            if byte & 0x7f == b'\n' {
                self.line(out);
            }
            if let (Some(sending), Some(receiving)) = (self.sending, self.receiving) {
                return Some(Outcome { sending, receiving });
            }
        }
        None
    }

    /// When to call [`Probe::timeout`].
    pub const fn deadline(&self) -> Instant {
        self.again
    }

    /// Says again what isn't answered.
    ///
    /// # Errors
    /// That was said often enough.
    pub fn timeout(&mut self, now: Instant, out: &mut impl Output) -> Result<(), NoProbe> {
        if now < self.again {
            return Ok(());
        }
        if self.tries == limits::PROBE_TRIES {
            return Err(NoProbe);
        }
        self.tries += 1;
        self.again = now + limits::PROBE_AGAIN;
        match self.sending {
            None => out.send(&every_value()),
            Some(coding) => out.send(&used(coding)),
        }
        if let Some(report) = &self.report {
            out.send(report);
        }
        Ok(())
    }

    /// A line has ended: whether it is one of ours.
    fn line(&mut self, out: &mut impl Output) {
        // A path of seven bits may have made anything of the eighth.
        let text: Vec<u8> = self.heard.iter().map(|byte| byte & 0x7f).collect();
        let line = text.trim_ascii_end();
        let start = line.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let last = line.get(start..).unwrap_or_default().trim_ascii();
        if last == b"TLP END" {
            let report = self.report.insert(report(&unharmed(&self.heard, &text)));
            out.send(report);
            self.heard.clear();
        } else if let Some(harmed) = last.strip_prefix(b"TLP REPORT ").and_then(reported) {
            let coding = Coding::for_harmed(&harmed);
            self.sending = Some(coding);
            out.send(&used(coding));
            self.heard.clear();
        } else if let Some(name) = last.strip_prefix(b"TLP USE ") {
            self.receiving = match name {
                b"PLAIN" => Some(Coding::Plain),
                b"HDLC" => Some(Coding::Hdlc(Values::default())),
                b"LINES" => Some(Coding::Lines),
                _ => self.receiving,
            };
            self.heard.clear();
        }
    }
}

/// The text with every value in it.
fn every_value() -> Vec<u8> {
    let mut text = BEGIN.to_vec();
    for n in 0..=u8::MAX {
        // XON right behind XOFF, so that a path which obeys them goes on, also one that takes the eighth bit first.
        let value = match n & 0x7F {
            0x11 => n ^ 0x11 ^ 0x13,
            0x12 => n ^ 0x12 ^ 0x11,
            0x13 => n ^ 0x13 ^ 0x12,
            _ => n,
        };
        text.extend(format!("[{value:02X}").as_bytes());
        text.extend([value, b']']);
    }
    text.extend(END);
    text
}

/// The values that came as they were: between their number and a bracket.
fn unharmed(heard: &[u8], text: &[u8]) -> Values {
    let mut good = Values::default();
    let mut bad = Values::default();
    for (raw, masked) in heard.windows(5).zip(text.windows(5)) {
        let (&[_, _, _, value, _], &[b'[', high, low, _, close]) = (raw, masked) else { continue };
        let digits = [high, low];
        let number = std::str::from_utf8(&digits).ok().and_then(|digits| {
            let capitals = digits.bytes().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
            capitals.then(|| u8::from_str_radix(digits, 16).ok())?
        });
        match number {
            Some(number) if number == value && close == b']' => good.insert(number),
            Some(number) => bad.insert(number),
            None => {}
        }
    }
    // One that came both ways can't be relied on.
    bad.iter().for_each(|value| good.remove(value));
    good
}

fn report(unharmed: &Values) -> Vec<u8> {
    let digits: String = unharmed.words().iter().map(|word| format!("{:016X}", !word)).collect();
    let check = xmodem(0, digits.as_bytes());
    format!("\r\nTLP REPORT {digits} {check:04X}\r\n").into_bytes()
}

/// The harmed values of a report, if it came whole.
fn reported(text: &[u8]) -> Option<Values> {
    let text = std::str::from_utf8(text).ok()?;
    let (digits, check) = text.split_once(' ')?;
    let check = u16::from_str_radix(check, 16).ok()?;
    if digits.len() != 64 || xmodem(0, digits.as_bytes()) != check {
        return None;
    }
    let mut words = [0; 4];
    for (word, at) in words.iter_mut().zip([0, 16, 32, 48]) {
        *word = u64::from_str_radix(digits.get(at..at + 16)?, 16).ok()?;
    }
    Some(Values::of(words))
}

fn used(coding: Coding) -> Vec<u8> {
    let name = match coding {
        Coding::Plain => "PLAIN",
        Coding::Hdlc(_) => "HDLC",
        Coding::Lines => "LINES",
    };
    format!("\r\nTLP USE {name}\r\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_obeys_xoff_goes_on_at_once_whether_it_carries_eight_bits_or_seven() {
        for bits in [0xFF, 0x7F] {
            let mut since_xoff = None;
            for byte in every_value() {
                since_xoff = match byte & bits {
                    0x13 => Some(0),
                    0x11 => None,
                    _ => since_xoff.map(|count| count + 1),
                };
                assert!(since_xoff.is_none_or(|count| count < 6), "{bits:02X}");
            }
            assert_eq!(since_xoff, None, "{bits:02X}");
        }
    }

    #[test]
    fn every_value_is_sent_once() {
        let text = every_value();
        let mut values: Vec<u8> =
            text[BEGIN.len()..text.len() - END.len()].chunks(5).map(|piece| piece[3]).collect();
        values.sort_unstable();
        assert_eq!(values, (0..=u8::MAX).collect::<Vec<_>>());
    }
}
