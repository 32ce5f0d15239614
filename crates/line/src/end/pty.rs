//! A pseudo-terminal: the equipment is a program on this machine.

use std::io;
use std::task::{Context, Poll, ready};

use clock::Instant;
use modem::DteLines;
use tty::{Berth, ClientSettings, OpenWatch, PtyEnd, PtyError, PtyEvent, PtyOptions};

use super::soft_flow::SoftFlow;
use super::{DteEvent, Wanted};
use crate::config::{PtyConfig, PtyHangup};
use crate::limits;
use crate::outbox::Signal;

/// The modem's end of the pseudo-terminal. DTR is "a program has it open, at a speed other than B0".
pub(crate) struct Pty {
    end: PtyEnd,
    hangup: PtyHangup,
    opened: bool,
    shift: Shift,
    settings: ClientSettings,
    /// The speed to be told after DTR.
    rate: Option<u32>,
    flow: SoftFlow,
    left: Left,
}

/// Whether the program has closed the terminal while nobody was reading what it wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    No,
    /// It has; what it wrote has until then to be taken by the far end.
    Until(Instant),
    /// It has, and the far end had its time.
    ForGood,
}

/// Whether it is still the program that the line knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shift {
    Same,
    /// Another has taken its place; that the line's has closed the terminal is yet to be told.
    Changing,
}

impl Pty {
    pub(super) fn open(config: &PtyConfig, watch: &OpenWatch) -> Result<Self, PtyError> {
        let options = PtyOptions {
            link: Some(config.link.clone()),
            mode: config.mode.map(|mode| mode.0.0),
            ..PtyOptions::default()
        };
        let end = PtyEnd::open(options, watch)?;
        let settings = end.settings();
        let hangup = config.hangup;
        Ok(Self {
            end,
            hangup,
            opened: false,
            shift: Shift::Same,
            settings,
            rate: None,
            flow: SoftFlow::default(),
            left: Left::No,
        })
    }

    pub(super) fn is_open(&self) -> bool {
        self.opened && !self.settings.hung_up
    }

    /// Whether data of a call are for whoever is there.
    pub(super) fn takes_data(&self) -> bool {
        self.is_open() && self.shift == Shift::Same
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.flow.is_stopped()
    }

    pub(super) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        buffer: &mut [u8],
        wanted: Wanted,
    ) -> Poll<DteEvent> {
        if let Some(rate) = self.rate.take() {
            return Poll::Ready(DteEvent::Rate(rate));
        }
        if !wanted && self.opened {
            return self.poll_left(cx, now, buffer);
        }
        self.left = Left::No;
        let buffer = buffer.get_mut(..limits::PTY_READ).unwrap_or_default();
        loop {
            return Poll::Ready(match ready!(self.end.poll_event(cx, buffer)) {
                Ok(PtyEvent::Data(length)) => {
                    match self.flow.take(buffer.get_mut(..length).unwrap_or_default()) {
                        0 => DteEvent::Flow,
                        kept => DteEvent::Data(0..kept),
                    }
                }
                Ok(PtyEvent::Opened) => {
                    self.opened = true;
                    self.flow.restart();
                    self.settings = self.end.settings();
                    self.rate = Some(self.settings.speed);
                    self.lines()
                }
                Ok(PtyEvent::Closed) => {
                    (self.opened, self.shift) = (false, Shift::Same);
                    self.lines()
                }
                Ok(PtyEvent::Replaced) => {
                    self.shift = Shift::Changing;
                    DteEvent::Replaced
                }
                Ok(PtyEvent::Settings(settings)) => {
                    let (before, speed) = (self.is_open(), self.settings.speed);
                    self.settings = settings;
                    if before != self.is_open() {
                        self.rate = Some(settings.speed);
                        self.lines()
                    } else if settings.speed != speed {
                        DteEvent::Rate(settings.speed)
                    } else {
                        continue;
                    }
                }
                Err(error) => {
                    tracing::error!(
                        "the pseudo-terminal of {} failed: {error}",
                        self.end.slave().display()
                    );
                    self.opened = false;
                    DteEvent::Finished
                }
            });
        }
    }

    /// While the far end takes nothing: a program that has gone is not waited for without end.
    fn poll_left(
        &mut self,
        cx: &mut Context<'_>,
        now: Instant,
        buffer: &mut [u8],
    ) -> Poll<DteEvent> {
        match self.left {
            Left::No => {
                ready!(self.end.poll_left(cx));
                self.left = Left::Until(now + limits::DRAIN);
                Poll::Pending
            }
            Left::Until(_) => Poll::Pending,
            Left::ForGood => {
                while !matches!(
                    ready!(self.end.poll_event(cx, buffer)),
                    Ok(PtyEvent::Closed) | Err(_)
                ) {}
                (self.opened, self.left, self.shift) = (false, Left::No, Shift::Same);
                Poll::Ready(self.lines())
            }
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.left {
            Left::Until(at) => Some(at),
            Left::No | Left::ForGood => None,
        }
    }

    pub(super) fn timeout(&mut self) {
        self.left = Left::ForGood;
    }

    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.flow.is_stopped() {
            return Poll::Pending;
        }
        self.end.poll_write(cx, bytes)
    }

    /// Lends the right to write, unless the equipment's next byte may be an XOFF.
    pub(super) fn lend(&mut self, cx: &mut Context<'_>) -> Option<Berth> {
        if self.flow.is_obeyed() || !self.takes_data() {
            return None;
        }
        self.end.lend(cx).ok().flatten()
    }

    pub(super) fn signal(&mut self, signal: Signal, _: Instant) {
        match signal {
            Signal::Flow(flow) => self.flow.set(flow),
            // The next program has nothing to do with the call of one that left.
            Signal::CallOver if self.hangup == PtyHangup::Close && self.opened => {
                if let Err(error) = self.end.hang_up(limits::DRAIN) {
                    tracing::error!("{error}");
                }
            }
            // A pseudo-terminal has no circuits, and its speed is a fiction of its client.
            _ => {}
        }
    }

    fn lines(&self) -> DteEvent {
        let on = self.is_open();
        DteEvent::Lines(DteLines { dtr: on, rts: on })
    }
}
