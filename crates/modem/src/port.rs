//! Where one input's effects go.

use at::parity::Parity;
use clock::Instant;

use crate::keeping::Keeping;
use crate::output::{Action, Note, Output};

/// The driver's [`Output`] during one input, with the time, and with what is said gathered up so that
/// one input makes one write.
pub(crate) struct Port<'o> {
    now: Instant,
    out: &'o mut dyn Output,
    said: Vec<u8>,
    keeping: Option<Keeping>,
}

impl<'o> Port<'o> {
    pub(crate) fn new(now: Instant, out: &'o mut dyn Output) -> Self {
        Self { now, out, said: Vec::new(), keeping: None }
    }

    /// The time of this input.
    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// Says what `write` appends, with this parity.
    pub(crate) fn speak(&mut self, parity: Parity, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.said.len();
        write(&mut self.said);
        if let Some(said) = self.said.get_mut(start..) {
            parity.apply(said);
        }
    }

    /// How many bytes were said and not passed on yet.
    pub(crate) fn said(&self) -> usize {
        self.said.len()
    }

    /// Echoes bytes as they are.
    pub(crate) fn echo(&mut self, bytes: &[u8]) {
        self.said.extend_from_slice(bytes);
    }

    /// Passes data to the equipment, behind what was said before.
    pub(crate) fn data(&mut self, bytes: &[u8]) {
        self.flush();
        if !bytes.is_empty() {
            self.out.data(bytes);
        }
    }

    /// Passes data to the far end.
    pub(crate) fn line(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.out.line(bytes);
        }
    }

    /// What the clock on the wall shows.
    #[cfg(feature = "gsm")]
    pub(crate) fn wall_time(&self) -> Option<crate::Moment> {
        self.out.wall_time()
    }

    /// Has the driver do something, after it has passed on what was said before.
    pub(crate) fn act(&mut self, action: Action<'_>) {
        self.flush();
        self.out.act(action);
    }

    /// The command that executes has stored something.
    pub(crate) fn awaits(&mut self, keeping: Keeping) {
        self.keeping = Some(keeping);
    }

    /// What the command that executes has stored.
    #[cfg(feature = "gsm")]
    pub(crate) fn awaited(&mut self) -> Option<&mut Keeping> {
        self.keeping.as_mut()
    }

    /// What a command has stored.
    pub(crate) fn take_awaited(&mut self) -> Option<Keeping> {
        self.keeping.take()
    }

    /// Tells the log.
    pub(crate) fn note(&mut self, note: Note<'_>) {
        self.out.act(Action::Note(note));
    }

    /// Passes on what was said.
    pub(crate) fn flush(&mut self) {
        if !self.said.is_empty() {
            self.out.dte(&self.said);
            self.said.clear();
        }
    }
}
