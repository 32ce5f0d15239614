//! The path: probed first, then it carries messages.

use armour::channel::{self, Coding, Outcome, Probe, Receiver, Sender, Values};
use clock::Instant;

use crate::limits;
use crate::message::Message;

/// One end of the path.
#[derive(Debug)]
pub(crate) enum Path {
    Probing { probe: Box<Probe>, heard: Instant, until: Instant },
    Open { sender: Sender, receiver: Receiver },
}

/// What has come over it.
#[derive(Debug)]
pub(crate) enum Came {
    /// It is probed: messages may be sent.
    Opened,
    /// Said by the far end.
    Message(Message),
}

/// What a probe says is bytes for the call.
struct Bytes<'a>(&'a mut Vec<u8>);

impl channel::Output for Bytes<'_> {
    fn send(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

impl Path {
    pub(crate) fn start(now: Instant, out: &mut Vec<u8>) -> Self {
        let probe = Box::new(Probe::start(now, &mut Bytes(out)));
        Self::Probing { probe, heard: now, until: now + limits::PROBING }
    }

    /// The next thing in `bytes`, which are taken as far as they were looked at. Nothing: all are taken.
    pub(crate) fn next(
        &mut self,
        now: Instant,
        bytes: &mut &[u8],
        out: &mut Vec<u8>,
    ) -> Option<Came> {
        match self {
            Self::Probing { probe, heard, .. } => {
                if !bytes.is_empty() {
                    *heard = now;
                }
                let outcome = probe.input(bytes, &mut Bytes(out))?;
                *self = Self::open(outcome);
                Some(Came::Opened)
            }
            Self::Open { receiver, .. } => loop {
                let frame = receiver.next(bytes)?;
                // What is damaged isn't heard; whoever said it says it again.
                if let Ok(message) = Message::decode(&frame) {
                    return Some(Came::Message(message));
                }
            },
        }
    }

    /// Messages have no frames of their own, so the lightest coding is HDLC's with nothing but its own two
    /// values escaped.
    fn open(outcome: Outcome) -> Self {
        let framed = |coding| match coding {
            Coding::Plain => Coding::Hdlc(Values::default()),
            coding => coding,
        };
        Self::Open {
            sender: Sender::new(framed(outcome.sending)),
            receiver: Receiver::new(framed(outcome.receiving)),
        }
    }

    /// Says something; not before the path is open.
    pub(crate) fn say(&self, message: &Message, out: &mut Vec<u8>) {
        self.say_encoded(&message.encode(), out);
    }

    pub(crate) fn say_encoded(&self, message: &[u8], out: &mut Vec<u8>) {
        if let Self::Open { sender, .. } = self {
            sender.send(message, out);
        }
    }

    /// When to call [`Path::timeout`].
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Probing { probe, heard, until } => {
                Some(probe.deadline().max(*heard + limits::PROBE_QUIET).min(*until))
            }
            Self::Open { .. } => None,
        }
    }

    /// Says a probe again.
    ///
    /// # Errors
    /// It was said often enough.
    pub(crate) fn timeout(
        &mut self,
        now: Instant,
        out: &mut Vec<u8>,
    ) -> Result<(), channel::NoProbe> {
        match self {
            Self::Probing { until, .. } if *until <= now => Err(channel::NoProbe),
            Self::Probing { probe, heard, .. } if *heard + limits::PROBE_QUIET <= now => {
                probe.timeout(now, &mut Bytes(out))
            }
            Self::Probing { .. } | Self::Open { .. } => Ok(()),
        }
    }
}
