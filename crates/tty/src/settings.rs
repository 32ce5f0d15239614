//! How a serial port is set: speed, character format, flow control.

use std::fmt;
use std::str::FromStr;

/// Everything that is set on a serial port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bits per second in both directions; any number the driver can make, not only the classic ones.
    pub speed: u32,
    /// Data bits, parity and stop bits.
    pub format: Format,
    /// Who stops whom, and how.
    pub flow: Flow,
    /// What the loss of the incoming carrier (DCD) does to the open port.
    pub carrier: CarrierLoss,
    /// What happens to DTR and RTS when the port is closed.
    pub on_close: OnClose,
}

impl Default for Settings {
    /// 115 200 bit/s, 8N1, no flow control, DCD ignored, DTR dropped on close.
    fn default() -> Self {
        Self {
            speed: 115_200,
            format: Format::default(),
            flow: Flow::None,
            carrier: CarrierLoss::Ignored,
            on_close: OnClose::DropLines,
        }
    }
}

/// Data bits, parity and stop bits, written `8N1`, `7E1` and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Bits of data in a character.
    pub data: DataBits,
    /// The check bit after them.
    pub parity: Parity,
    /// The pause after each character.
    pub stop: StopBits,
}

/// Bits of data in a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataBits {
    /// Seven: plain ASCII.
    Seven,
    /// Eight: everything.
    Eight,
}

/// The check bit after the data bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parity {
    /// No check bit.
    None,
    /// An even number of ones.
    Even,
    /// An odd number of ones.
    Odd,
    /// Always one.
    Mark,
    /// Always zero.
    Space,
}

/// The pause after each character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopBits {
    /// One bit.
    One,
    /// Two bits.
    Two,
}

/// Who stops whom, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Nobody stops anybody.
    None,
    /// The RTS and CTS lines, in both directions.
    RtsCts,
    /// The characters XON and XOFF in the data, in both directions.
    XonXoff,
}

/// What the loss of the incoming carrier (DCD) does to the open port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarrierLoss {
    /// Nothing (CLOCAL): the line is watched by other means, or not wired.
    Ignored,
    /// The kernel hangs up the port; it must be opened anew.
    HangsUp,
}

/// What happens to DTR and RTS when the port is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnClose {
    /// They fall (HUPCL), so that the other side notices.
    DropLines,
    /// They stay as they are.
    KeepLines,
}

impl Default for Format {
    fn default() -> Self {
        Self { data: DataBits::Eight, parity: Parity::None, stop: StopBits::One }
    }
}

impl Format {
    /// Bits on the wire for one character, with its start bit.
    pub fn bits(self) -> u32 {
        let data = match self.data {
            DataBits::Seven => 7,
            DataBits::Eight => 8,
        };
        let parity = u32::from(self.parity != Parity::None);
        let stop = match self.stop {
            StopBits::One => 1,
            StopBits::Two => 2,
        };
        1 + data + parity + stop
    }
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        let &[data, parity, stop] = text.as_bytes() else { return Err(FormatError) };
        Ok(Self {
            data: match data {
                b'7' => DataBits::Seven,
                b'8' => DataBits::Eight,
                _ => return Err(FormatError),
            },
            parity: match parity.to_ascii_uppercase() {
                b'N' => Parity::None,
                b'E' => Parity::Even,
                b'O' => Parity::Odd,
                b'M' => Parity::Mark,
                b'S' => Parity::Space,
                _ => return Err(FormatError),
            },
            stop: match stop {
                b'1' => StopBits::One,
                b'2' => StopBits::Two,
                _ => return Err(FormatError),
            },
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = match self.data {
            DataBits::Seven => '7',
            DataBits::Eight => '8',
        };
        let parity = match self.parity {
            Parity::None => 'N',
            Parity::Even => 'E',
            Parity::Odd => 'O',
            Parity::Mark => 'M',
            Parity::Space => 'S',
        };
        let stop = match self.stop {
            StopBits::One => '1',
            StopBits::Two => '2',
        };
        write!(f, "{data}{parity}{stop}")
    }
}

/// The text is not a character format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a character format is 7 or 8, then N, E, O, M or S, then 1 or 2, as in 8N1")]
pub struct FormatError;
