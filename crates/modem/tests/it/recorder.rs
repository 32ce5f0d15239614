//! What a modem did, and when.

use clock::Instant;
use modem::{Action, Input, Modem, Note, Output};

/// One thing that a modem did.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Done {
    /// Bytes to the equipment.
    Dte(Vec<u8>),
    /// Bytes to the far end.
    Line(Vec<u8>),
    /// Anything else.
    Act(String),
}

/// Keeps what a modem did, bytes of one instant and one direction in one piece.
#[derive(Default)]
pub(crate) struct Recorder {
    now: Option<Instant>,
    pub(crate) done: Vec<(Instant, Done)>,
    /// Bytes to the equipment and to the far end, all together.
    pub(crate) dte: Vec<u8>,
    pub(crate) line: Vec<u8>,
    /// Of the bytes to the equipment those that may not be dropped.
    pub(crate) data: Vec<u8>,
    /// Something was stored that the modem has yet to be told of.
    stores: bool,
}

impl Recorder {
    /// Something happens to the modem, whose disk is quick.
    pub(crate) fn input(&mut self, modem: &mut Modem, now: Instant, input: Input<'_>) {
        self.now = Some(now);
        modem.input(now, input, self);
        while std::mem::take(&mut self.stores) {
            modem.input(now, Input::Stored(Ok(())), self);
        }
    }

    /// Time passes up to an instant; the modem is called at its deadlines.
    pub(crate) fn until(&mut self, modem: &mut Modem, end: Instant) {
        let mut before = None;
        while let Some(deadline) = modem.deadline().filter(|at| *at <= end) {
            assert_ne!(before, Some(deadline), "a deadline that was served stays");
            before = Some(deadline);
            self.input(modem, deadline, Input::Timeout);
        }
    }

    fn now(&self) -> Instant {
        self.now.unwrap_or(Instant::ORIGIN)
    }
}

impl Output for Recorder {
    fn dte(&mut self, bytes: &[u8]) {
        self.dte.extend_from_slice(bytes);
        let now = self.now();
        match self.done.last_mut() {
            Some((at, Done::Dte(before))) if *at == now => before.extend_from_slice(bytes),
            _ => self.done.push((now, Done::Dte(bytes.to_vec()))),
        }
    }

    fn data(&mut self, bytes: &[u8]) {
        self.data.extend_from_slice(bytes);
        self.dte(bytes);
    }

    fn line(&mut self, bytes: &[u8]) {
        self.line.extend_from_slice(bytes);
        let now = self.now();
        match self.done.last_mut() {
            Some((at, Done::Line(before))) if *at == now => before.extend_from_slice(bytes),
            _ => self.done.push((now, Done::Line(bytes.to_vec()))),
        }
    }

    fn act(&mut self, action: Action<'_>) {
        self.stores |= matches!(action, Action::Store(_));
        if !matches!(action, Action::Note(Note::CommandLine(_))) {
            self.done.push((self.now(), Done::Act(format!("{action:?}"))));
        }
    }
}
