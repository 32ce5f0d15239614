//! Wires that give back what is sent on them.

/// Whether the wire gives back what is sent on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Echo {
    /// It doesn't.
    #[default]
    None,
    /// It does, as some adapters of two-wire RS-485 do. Unless that is known, a write would be its own answer.
    Local,
}

/// What was said and is still to come back.
#[derive(Debug)]
pub(crate) struct Returning {
    echo: Echo,
    frame: Vec<u8>,
    heard: usize,
}

impl Returning {
    pub(crate) const fn new(echo: Echo) -> Self {
        Self { echo, frame: Vec::new(), heard: 0 }
    }

    pub(crate) fn said(&mut self, frame: &[u8]) {
        self.frame.clear();
        self.heard = 0;
        if self.echo == Echo::Local {
            self.frame.extend_from_slice(frame);
        }
    }

    /// Leaves out what comes back of the last frame. Where something else comes, there is no more of it.
    pub(crate) fn skip(&mut self, bytes: &mut &[u8]) {
        let expected = self.frame.get(self.heard..).unwrap_or_default();
        let same = expected.iter().zip(*bytes).take_while(|(a, b)| a == b).count();
        let (_, rest) = bytes.split_at(same);
        *bytes = rest;
        self.heard = if rest.is_empty() { self.heard + same } else { self.frame.len() };
    }
}
