//! Modem lines of a serial port.

use std::fmt;
use std::ops::{BitOr, BitXor};

/// A set of modem lines.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ModemLines(u8);

const NAMES: [(ModemLines, &str, libc::c_int); 6] = [
    (ModemLines::DTR, "DTR", libc::TIOCM_DTR),
    (ModemLines::RTS, "RTS", libc::TIOCM_RTS),
    (ModemLines::CTS, "CTS", libc::TIOCM_CTS),
    (ModemLines::DSR, "DSR", libc::TIOCM_DSR),
    (ModemLines::DCD, "DCD", libc::TIOCM_CAR),
    (ModemLines::RI, "RI", libc::TIOCM_RNG),
];

impl ModemLines {
    /// No line.
    pub const NONE: Self = Self(0);
    /// Data terminal ready; an output of a computer's port.
    pub const DTR: Self = Self(1);
    /// Request to send; an output of a computer's port.
    pub const RTS: Self = Self(2);
    /// Clear to send; an input.
    pub const CTS: Self = Self(4);
    /// Data set ready; an input.
    pub const DSR: Self = Self(8);
    /// Data carrier detect; an input.
    pub const DCD: Self = Self(16);
    /// Ring indicator; an input.
    pub const RI: Self = Self(32);

    /// Whether all of `lines` are in this set.
    pub fn contains(self, lines: Self) -> bool {
        self.0 & lines.0 == lines.0
    }

    /// The lines of this set that are inputs of a computer's port.
    pub fn inputs(self) -> Self {
        Self(self.0 & (Self::CTS | Self::DSR | Self::DCD | Self::RI).0)
    }

    pub(super) fn from_bits(bits: libc::c_int) -> Self {
        NAMES
            .iter()
            .filter(|(_, _, bit)| bits & bit != 0)
            .fold(Self::NONE, |lines, (line, ..)| lines | *line)
    }

    /// The kernel's bits for the outputs in this set: the rest can't be driven.
    pub(super) fn output_bits(self) -> libc::c_int {
        let outputs = NAMES.iter().take(2).filter(|(line, ..)| self.contains(*line));
        outputs.fold(0, |bits, (_, _, bit)| bits | bit)
    }
}

impl BitOr for ModemLines {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The lines that differ.
impl BitXor for ModemLines {
    type Output = Self;

    fn bitxor(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }
}

impl fmt::Debug for ModemLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = NAMES.iter().filter(|(line, ..)| self.contains(*line)).map(|(_, name, _)| name);
        f.debug_set().entries(names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_bits_become_lines() {
        let lines = ModemLines::from_bits(libc::TIOCM_DTR | libc::TIOCM_CAR | libc::TIOCM_LE);
        assert_eq!(lines, ModemLines::DTR | ModemLines::DCD);
        assert_eq!(lines.inputs(), ModemLines::DCD);
    }

    #[test]
    fn only_outputs_are_driven() {
        let all = ModemLines::DTR | ModemLines::RTS | ModemLines::DCD | ModemLines::RI;
        assert_eq!(all.output_bits(), libc::TIOCM_DTR | libc::TIOCM_RTS);
        assert_eq!(ModemLines::CTS.output_bits(), 0);
    }
}
