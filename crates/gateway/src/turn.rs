//! Turning the direction of RS-485 ourselves, where the port's driver can't.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use modbus::SerialTiming;
use tty::{Alarm, ModemLines, Rs485, RtsLevel, Serial};

use crate::limits;
use crate::place::{OpenError, write};

/// Who turns the direction of an RS-485 transmitter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The adapter itself, or there is nothing to turn.
    Untouched,
    /// The port's driver.
    Driver(Rs485),
    /// We.
    Ours(Turn),
}

/// How we turn it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// What with.
    pub with: With,
    /// What that shows while sending; it shows the other level otherwise.
    pub sending: RtsLevel,
    /// How long before the first bit.
    pub before: Duration,
    /// How long after the last bit.
    pub after: Duration,
}

/// What we turn a transmitter with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum With {
    /// The port's own RTS.
    Rts,
    /// A file that takes `1` and `0`, as those of GPIO pins do.
    File(PathBuf),
}

/// A port whose direction we turn. It hears whenever it doesn't send.
#[derive(Debug)]
pub(crate) struct Turned {
    pub(crate) serial: Serial,
    turn: Turn,
    timing: SerialTiming,
    alarm: Alarm,
}

impl Turned {
    /// A port that hears.
    pub(crate) fn new(
        serial: Serial,
        turn: Turn,
        settings: &tty::Settings,
    ) -> Result<Self, OpenError> {
        if turn.with == With::Rts && !serial.has_lines() {
            return Err(OpenError::NoRts(serial.path().to_path_buf()));
        }
        let timing = SerialTiming::with_bits(settings.speed, settings.format.bits());
        let mut turned = Self { serial, turn, timing, alarm: Alarm::new() };
        turned.hear().map_err(|error| match &turned.turn.with {
            With::Rts => OpenError::Direction(turned.serial.path().to_path_buf(), error),
            With::File(file) => OpenError::File(file.clone(), error),
        })?;
        Ok(turned)
    }

    /// Sends a frame, and hears again as soon as its last bit has gone.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut sending = Sending(Some(self));
        let written = sending.send(bytes).await;
        sending.end()?;
        written
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.show(self.turn.sending)?;
        self.alarm.ring(Some(self.turn.before)).await;
        write(&mut self.serial, bytes).await?;
        // The driver's queue is empty before the last characters have left the chip.
        self.alarm.ring(Some(self.timing.characters(bytes.len()))).await;
        for _ in 0..limits::DRAIN_LOOKS {
            if self.serial.queued()? == 0 {
                break;
            }
            self.alarm.ring(Some(self.timing.characters(1))).await;
        }
        self.alarm.ring(Some(self.turn.after)).await;
        Ok(())
    }

    fn hear(&mut self) -> io::Result<()> {
        self.show(self.hearing())
    }

    const fn hearing(&self) -> RtsLevel {
        match self.turn.sending {
            RtsLevel::High => RtsLevel::Low,
            RtsLevel::Low => RtsLevel::High,
        }
    }

    fn show(&mut self, level: RtsLevel) -> io::Result<()> {
        let (raise, lower, digit) = match level {
            RtsLevel::High => (ModemLines::RTS, ModemLines::NONE, "1"),
            RtsLevel::Low => (ModemLines::NONE, ModemLines::RTS, "0"),
        };
        match &self.turn.with {
            With::Rts => self.serial.set_lines(raise, lower),
            With::File(file) => std::fs::OpenOptions::new()
                .write(true)
                .open(file)
                .and_then(|mut file| io::Write::write_all(&mut file, digit.as_bytes())),
        }
    }
}

/// A port while it sends. It hears again however that ends, also when nobody waits for the end any more: a transmitter
/// that stays on keeps everybody else from speaking.
struct Sending<'a>(Option<&'a mut Turned>);

impl Sending<'_> {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.0 {
            Some(turned) => turned.send(bytes).await,
            None => Ok(()),
        }
    }

    fn end(mut self) -> io::Result<()> {
        self.0.take().map_or(Ok(()), Turned::hear)
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        if let Some(turned) = self.0.take()
            && let Err(error) = turned.hear()
        {
            tracing::error!("the transmitter of RS-485 can't be switched off: {error}");
        }
    }
}
