//! A call's bytes on a modem's port, until the port goes home.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use carrier::{Duplex, Peer};
use rustix::io::Errno;
use telnet::{Event, NotSent};
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};
use tty::{ModemLines, Serial, SerialEvent};

use crate::config::LossConfig;
use crate::limits;
use crate::tail::{LastWord, Tail};

/// How long a BREAK from the far side is on the wire: longer than any character.
const BREAK: Duration = Duration::from_millis(250);

/// The port during a call. Dropped, it sends the port home to be hung up.
pub(crate) struct Stream {
    /// Gone only when it is on its way home.
    serial: Option<Serial>,
    home: Option<oneshot::Sender<Home>>,
    cut: oneshot::Receiver<Cut>,
    /// Read, and not yet given on.
    ready: Vec<u8>,
    /// Watches for the modem's last word, where DCD doesn't tell.
    tail: Option<Tail>,
    settle: Option<Pin<Box<Sleep>>>,
    dcd: Dcd,
    event: Option<Event>,
    over: Option<Over>,
    sending: Sending,
    ends: Ends,
}

/// The two ends of a call, for logs.
#[derive(Clone)]
pub(crate) struct Ends {
    pub(crate) peer: Peer,
    pub(crate) local: Peer,
}

/// A port that comes home.
pub(crate) struct Home {
    pub(crate) serial: Serial,
    pub(crate) left: Left,
}

/// In which state a call left the modem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// The call may still be up.
    Up,
    /// The modem has ended it.
    Down,
    /// There is no modem any more.
    Lost,
}

/// An order to end the call.
pub(crate) struct Cut;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dcd {
    /// It is off, or nobody asks.
    Unseen,
    /// It was on.
    On,
    /// It was on and has gone off: what is left to read is the rest.
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    HungUp(Left),
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    GoesOn,
    Finished,
}

impl Stream {
    /// A call that has just come up, with its first data.
    pub(crate) fn new(
        mut serial: Serial,
        loss: LossConfig,
        early: Vec<u8>,
        ends: Ends,
    ) -> (Self, oneshot::Receiver<Home>, oneshot::Sender<Cut>) {
        let (home, comes_home) = oneshot::channel();
        let (cut, is_cut) = oneshot::channel();
        if loss != LossConfig::Text {
            serial.watch_lines(Some(limits::LINE_WATCH));
        }
        let mut stream = Self {
            serial: Some(serial),
            home: Some(home),
            cut: is_cut,
            ready: Vec::new(),
            tail: (loss != LossConfig::Dcd).then(Tail::default),
            settle: None,
            dcd: Dcd::Unseen,
            event: None,
            over: None,
            sending: Sending::GoesOn,
            ends,
        };
        stream.came(&early);
        (stream, comes_home, cut)
    }

    /// Data that have come, some of which may be the modem's own.
    fn came(&mut self, data: &[u8]) {
        let Some(tail) = &mut self.tail else { return self.ready.extend(data) };
        tail.push(data, &mut self.ready);
        self.settle = tail.is_holding().then(|| Box::pin(sleep(limits::LAST_WORD)));
    }

    fn lines(&mut self, lines: ModemLines) {
        match (self.dcd, lines.contains(ModemLines::DCD)) {
            (Dcd::Unseen, true) => {
                self.dcd = Dcd::On;
                // From now on every byte is data.
                if let Some(mut tail) = self.tail.take() {
                    let _ = tail.settle(&mut self.ready);
                }
                self.settle = None;
            }
            (Dcd::On, false) => {
                self.dcd = Dcd::Off;
                // The modem may say the word, too.
                self.tail = Some(Tail::default());
            }
            _ => {}
        }
    }

    /// Nothing more can be read now: whether that was all.
    fn poll_quiet(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let settled = match &mut self.settle {
            Some(settle) => settle.as_mut().poll(cx).is_ready(),
            None => false,
        };
        if (settled || self.dcd == Dcd::Off)
            && let Some(tail) = &mut self.tail
        {
            self.settle = None;
            if tail.settle(&mut self.ready) == LastWord::Said {
                self.over = Some(Over::HungUp(Left::Down));
                return Poll::Ready(());
            }
        }
        if self.dcd == Dcd::Off {
            self.over = Some(Over::HungUp(Left::Down));
        } else if self.sending == Sending::Finished {
            // A modem has no half of a call: whoever has finished hangs up.
            self.over = Some(Over::HungUp(Left::Up));
        }
        match self.over.is_some() || !self.ready.is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    fn give(&mut self, buf: &mut [u8]) -> usize {
        let count = self.ready.len().min(buf.len());
        for (to, from) in buf.iter_mut().zip(self.ready.drain(..count)) {
            *to = from;
        }
        if self.ready.is_empty() {
            self.ready = Vec::new();
        }
        count
    }
}

impl Duplex for Stream {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            if !self.ready.is_empty() {
                return Poll::Ready(Ok(self.give(buf)));
            }
            match self.over {
                Some(Over::HungUp(_)) => return Poll::Ready(Ok(0)),
                // Also when nobody is left to cut it.
                Some(Over::Lost) => return Poll::Ready(Err(Errno::NXIO.into())),
                None => {}
            }
            if Pin::new(&mut self.cut).poll(cx).is_ready() {
                self.over = Some(Over::HungUp(Left::Up));
                continue;
            }
            let Some(serial) = &mut self.serial else { return Poll::Ready(Ok(0)) };
            match serial.poll_event(cx, buf) {
                Poll::Ready(Ok(SerialEvent::Data(count))) => {
                    if self.tail.is_none() {
                        return Poll::Ready(Ok(count));
                    }
                    let data = buf.get(..count).unwrap_or_default().to_vec();
                    self.came(&data);
                }
                Poll::Ready(Ok(SerialEvent::Break)) => {
                    self.event = Some(Event::Break);
                    // Whoever reads asks for signals before the next read.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(Ok(SerialEvent::Lines(lines))) => self.lines(lines),
                Poll::Ready(Ok(SerialEvent::Lost) | Err(_)) => self.over = Some(Over::Lost),
                Poll::Pending => ready!(self.poll_quiet(cx)),
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        match (&mut self.serial, self.over) {
            (Some(serial), None) => serial.poll_write(cx, data),
            _ => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(serial) = &mut self.serial else { return Poll::Ready(Ok(())) };
        if self.over.is_none() {
            ready!(serial.poll_drained(cx))?;
        }
        self.sending = Sending::Finished;
        Poll::Ready(Ok(()))
    }

    fn take_event(&mut self) -> Option<Event> {
        // Not before the data that came before it.
        if self.ready.is_empty() { self.event.take() } else { None }
    }

    fn send_break(&mut self) -> Result<(), NotSent> {
        if let Some(serial) = &mut self.serial {
            serial.send_break(BREAK);
        }
        Ok(())
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.ready.is_empty() {
            return Poll::Pending;
        }
        ready!(self.poll_hung_up(cx));
        if self.over.is_none()
            && let Some(serial) = &mut self.serial
            && serial.poll_readable(cx).is_ready()
        {
            // What is left to read comes first.
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_hung_up(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.over.is_some() || Pin::new(&mut self.cut).poll(cx).is_ready() {
            self.over.get_or_insert(Over::HungUp(Left::Up));
            return Poll::Ready(());
        }
        while let Some(serial) = &mut self.serial
            && self.dcd != Dcd::Off
        {
            match ready!(serial.poll_event(cx, &mut [])) {
                Ok(SerialEvent::Lines(lines)) => self.lines(lines),
                Ok(SerialEvent::Lost) | Err(_) => self.over = Some(Over::Lost),
                Ok(SerialEvent::Data(_) | SerialEvent::Break) => {}
            }
            if self.over.is_some() {
                break;
            }
        }
        Poll::Ready(())
    }

    fn local(&self) -> Peer {
        self.ends.local.clone()
    }

    fn peer(&self) -> Peer {
        self.ends.peer.clone()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let left = match self.over {
            None => Left::Up,
            Some(Over::HungUp(left)) => left,
            Some(Over::Lost) => Left::Lost,
        };
        if let (Some(serial), Some(home)) = (self.serial.take(), self.home.take()) {
            // A task that has ended doesn't want it back: the port is closed, which drops DTR.
            let _ = home.send(Home { serial, left });
        }
    }
}
