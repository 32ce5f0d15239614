//! How a bus is spoken to.

use std::time::Duration;

use crate::SerialTiming;
use crate::frame::{Echo, Framing, rtu};
use crate::limits;

/// What is done when a unit may still answer what is no longer waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubts {
    /// It is asked for an echo that can't be mistaken: what it answers later than that is new.
    Sentinel,
    /// Nothing like it is asked for this long. Only as sure as the time is long enough.
    Wait(Duration),
}

/// Which requests are repeated when nothing answers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// All: what was written once is written again.
    All,
    /// Those that only read: whoever asks for anything else wants to know that it wasn't done twice.
    Reads,
}

/// How a master speaks to a bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How PDUs are framed.
    pub framing: Framing,
    /// The bus's speed, where its bytes take time.
    pub timing: Option<SerialTiming>,
    /// How long a unit may think before it answers, beyond what the bytes take.
    pub response: Duration,
    /// How often a request is repeated when nothing answers it.
    pub retries: u8,
    /// Which ones are.
    pub repeats: Repeats,
    /// How often a request is repeated when the unit says that it is busy.
    pub busy_retries: u8,
    /// How long a busy unit is left alone.
    pub busy_pause: Duration,
    /// Silence before a request: t3.5, or more for slow units.
    pub silence: Duration,
    /// How long units may take over a broadcast.
    pub turn_around: Duration,
    /// Whether what is sent comes back before its answer.
    pub echo: Echo,
    /// What is done about late answers; transactions make it needless on TCP.
    pub doubts: Doubts,
}

impl Settings {
    /// RTU on a serial port.
    pub fn rtu(timing: SerialTiming) -> Self {
        let framing = Framing::Rtu(rtu::Silences::serial(&timing));
        Self { framing, ..Self::serial(timing) }
    }

    /// ASCII on a serial port.
    pub fn ascii(timing: SerialTiming) -> Self {
        Self { framing: Framing::Ascii, ..Self::serial(timing) }
    }

    /// RTU through a modem or a network, which make silences of their own.
    pub const fn rtu_over_a_call() -> Self {
        Self { framing: Framing::Rtu(rtu::Silences::TOLERANT), ..Self::tcp() }
    }

    /// Modbus TCP.
    pub const fn tcp() -> Self {
        Self {
            framing: Framing::Tcp,
            timing: None,
            response: Duration::from_secs(1),
            retries: 1,
            repeats: Repeats::All,
            busy_retries: 0,
            busy_pause: Duration::from_millis(200),
            silence: Duration::ZERO,
            turn_around: Duration::from_millis(100),
            echo: Echo::None,
            doubts: Doubts::Sentinel,
        }
    }

    fn serial(timing: SerialTiming) -> Self {
        Self { timing: Some(timing), silence: timing.t3_5(), ..Self::tcp() }
    }

    /// How long the longest frame takes.
    pub(super) fn longest_frame(&self) -> Duration {
        let bytes = match self.framing {
            Framing::Ascii => limits::ASCII_FRAME,
            Framing::Rtu(_) | Framing::Tcp => limits::RTU_FRAME,
        };
        self.timing.map_or(limits::RESYNC, |timing| timing.characters(bytes))
    }

    /// How long an answer may take, all in all.
    pub(super) fn patience(&self, bytes: usize) -> Duration {
        self.wire(bytes).saturating_add(self.response)
    }

    /// How long bytes take.
    pub(super) fn wire(&self, bytes: usize) -> Duration {
        self.timing.map_or(Duration::ZERO, |timing| timing.characters(bytes))
    }
}
