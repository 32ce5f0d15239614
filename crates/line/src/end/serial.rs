//! A serial port: the equipment is at the other end of a cable.

use std::io;
use std::mem::replace;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use at::parity::Parity as AtParity;
use clock::Instant;
use modem::{Character, DceLines, DteLines, Flow, FlowBy};
use tracing::{info, warn};
use tty::{
    DataBits, Format, LockPolicy, ModemLines, Parity, Serial, SerialError, SerialEvent, Settings,
    StopBits,
};

use super::{DteEvent, Wanted};
use crate::config::{Input, LockConfig, SerialConfig, Signal as Shown, Wiring};
use crate::limits;
use crate::outbox::Signal;

/// The port, or the place where it was: a port that is unplugged is waited for.
pub(crate) struct Port {
    config: SerialConfig,
    settings: Settings,
    state: State,
    circuits: DceLines,
    /// Told next.
    news: Option<DteEvent>,
    /// Whether the modem has to be told the port's speed: it is the number in CONNECT.
    speed: Speed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speed {
    Told,
    ToBeTold,
}

enum State {
    Open(Box<Serial>),
    Away { next: Instant, pause: Duration },
}

impl Port {
    /// A port that is missing at the start is waited for too; one that another program has is refused.
    pub(super) fn open(config: &SerialConfig) -> Result<Self, SerialError> {
        let settings =
            Settings { speed: config.speed, format: config.format.0, ..Settings::default() };
        let mut port = Self {
            config: config.clone(),
            settings,
            state: State::Away { next: Instant::ORIGIN, pause: limits::REOPEN_FIRST },
            circuits: DceLines::default(),
            news: None,
            speed: Speed::ToBeTold,
        };
        match port.try_open() {
            Err(SerialError::Open { path, source }) if source.kind() == io::ErrorKind::NotFound => {
                warn!("{} is not there; waiting for it", path.display());
            }
            opened => opened?,
        }
        Ok(port)
    }

    fn try_open(&mut self) -> Result<(), SerialError> {
        let lock = match self.config.lock {
            LockConfig::Uucp => LockPolicy::default(),
            LockConfig::None => LockPolicy::KernelOnly,
        };
        let mut serial = Serial::open(&self.config.device, &self.settings, &lock)?;
        let dtr = match self.config.wiring.dtr_from {
            // Without the circuit, equipment counts as ready while the port is there.
            _ if !serial.has_lines() => Some(true),
            Input::None => Some(true),
            _ => {
                serial.watch_lines(Some(limits::LINE_WATCH));
                None
            }
        };
        self.news = dtr.map(|dtr| DteEvent::Lines(DteLines { dtr, rts: true }));
        self.state = State::Open(Box::new(serial));
        self.show();
        Ok(())
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    pub(super) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        buffer: &mut [u8],
        wanted: Wanted,
    ) -> Poll<DteEvent> {
        if let Some(news) = self.news.take() {
            return Poll::Ready(news);
        }
        if replace(&mut self.speed, Speed::Told) == Speed::ToBeTold {
            return Poll::Ready(DteEvent::Rate(self.settings.speed));
        }
        let State::Open(serial) = &mut self.state else { return Poll::Pending };
        let buffer = if wanted { buffer } else { &mut [] };
        Poll::Ready(match ready!(serial.poll_event(cx, buffer)) {
            Ok(SerialEvent::Data(length)) => DteEvent::Data(0..length),
            Ok(SerialEvent::Break) => DteEvent::Break,
            Ok(SerialEvent::Lines(lines)) => DteEvent::Lines(dte_lines(self.config.wiring, lines)),
            Ok(SerialEvent::Lost) => self.lost(now, "it is gone"),
            Err(error) => self.lost(now, &error.to_string()),
        })
    }

    fn lost(&mut self, now: Instant, why: &str) -> DteEvent {
        warn!("{}: {why}; waiting for it", self.config.device.display());
        self.state = State::Away { next: now + limits::REOPEN_FIRST, pause: limits::REOPEN_FIRST };
        DteEvent::Lines(DteLines { dtr: false, rts: false })
    }

    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.state {
            State::Open(serial) => serial.poll_write(cx, bytes),
            State::Away { .. } => Poll::Ready(Ok(bytes.len())),
        }
    }

    pub(super) fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.state {
            State::Open(serial) => serial.poll_drained(cx),
            State::Away { .. } => Poll::Ready(Ok(())),
        }
    }

    pub(super) fn signal(&mut self, signal: Signal, _: Instant) {
        match signal {
            Signal::Lines(circuits) => {
                self.circuits = circuits;
                return self.show();
            }
            Signal::Break(length) => {
                if let State::Open(serial) = &mut self.state {
                    serial.send_break(length);
                }
                return;
            }
            // Automatic detection of speed or format would need the bare chip: the port stays as it is.
            Signal::Rate(0) | Signal::Character(Character::Auto) | Signal::CallOver => return,
            Signal::Rate(rate) => self.settings.speed = rate,
            Signal::Flow(flow) => self.settings.flow = kernel_flow(flow),
            Signal::Character(Character::Form { data_bits, parity, stop_bits }) => {
                self.settings.format = format(data_bits, parity, stop_bits);
            }
        }
        if let State::Open(serial) = &mut self.state
            && let Err(error) = serial.set(&self.settings)
        {
            warn!("{error}");
        }
        // RTS may be ours now, as the kernel left it, or have become the kernel's.
        self.show();
    }

    /// Drives our two outputs as the wiring says.
    fn show(&mut self) {
        let State::Open(serial) = &mut self.state else { return };
        let Wiring { dtr, rts, .. } = self.config.wiring;
        let (mut raise, mut lower) = (ModemLines::NONE, ModemLines::NONE);
        // Under RTS/CTS flow control the kernel owns RTS.
        let kernels = self.settings.flow == tty::Flow::RtsCts && rts == Shown::Cts;
        for (output, shown, ours) in
            [(ModemLines::DTR, dtr, true), (ModemLines::RTS, rts, !kernels)]
        {
            match ours {
                true if is_on(shown, self.circuits) => raise = raise | output,
                true => lower = lower | output,
                false => {}
            }
        }
        if let Err(error) = serial.set_lines(raise, lower) {
            warn!("{}: {error}", self.config.device.display());
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Open(_) => None,
            State::Away { next, .. } => Some(next),
        }
    }

    pub(super) fn timeout(&mut self, now: Instant) {
        let State::Away { pause, .. } = self.state else { return };
        match self.try_open() {
            Ok(()) => info!("{} is back", self.config.device.display()),
            Err(_) => {
                let pause = (pause * 2).min(limits::REOPEN_LAST);
                self.state = State::Away { next: now + pause, pause };
            }
        }
    }
}

fn is_on(shown: Shown, circuits: DceLines) -> bool {
    match shown {
        Shown::Dcd => circuits.dcd,
        Shown::Dsr => circuits.dsr,
        Shown::Ri => circuits.ri,
        Shown::Cts => circuits.cts,
        Shown::On => true,
        Shown::Off => false,
    }
}

/// The equipment's RTS arrives at our CTS, where the kernel obeys it.
fn dte_lines(wiring: Wiring, lines: ModemLines) -> DteLines {
    let dtr = match wiring.dtr_from {
        Input::Dsr => lines.contains(ModemLines::DSR),
        Input::Dcd => lines.contains(ModemLines::DCD),
        Input::Cts => lines.contains(ModemLines::CTS),
        Input::None => true,
    };
    DteLines { dtr, rts: lines.contains(ModemLines::CTS) }
}

fn kernel_flow(flow: Flow) -> tty::Flow {
    match (flow.by_dte, flow.by_dce) {
        (FlowBy::XonXoff, _) | (_, FlowBy::XonXoff) => tty::Flow::XonXoff,
        (FlowBy::Circuits | FlowBy::Both, _) | (_, FlowBy::Circuits | FlowBy::Both) => {
            tty::Flow::RtsCts
        }
        _ => tty::Flow::None,
    }
}

fn format(data_bits: u8, parity: AtParity, stop_bits: u8) -> Format {
    Format {
        data: if data_bits == 7 { DataBits::Seven } else { DataBits::Eight },
        parity: match parity {
            AtParity::None => Parity::None,
            AtParity::Even => Parity::Even,
            AtParity::Odd => Parity::Odd,
            AtParity::Mark => Parity::Mark,
            AtParity::Space => Parity::Space,
        },
        stop: if stop_bits == 2 { StopBits::Two } else { StopBits::One },
    }
}
