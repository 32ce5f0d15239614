//! XON/XOFF from the equipment, at ends where no driver does it.
//!
//! Only this direction is needed: towards the equipment's program a pty or a socket has back-pressure
//! of its own.

use memchr::memchr2;
use modem::{Flow, FlowBy};

const XON: u8 = 0x11;
const XOFF: u8 = 0x13;

/// Whether the equipment has stopped us.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SoftFlow {
    obeyed: Obeyed,
    stopped: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Obeyed {
    #[default]
    No,
    Yes,
    /// And the characters are data all the same.
    PassedOn,
}

impl SoftFlow {
    pub(super) fn set(&mut self, flow: Flow) {
        self.obeyed = match flow.by_dte {
            FlowBy::Nothing | FlowBy::Circuits => Obeyed::No,
            FlowBy::XonXoff | FlowBy::Both => Obeyed::Yes,
            FlowBy::XonXoffPassedOn => Obeyed::PassedOn,
        };
        if self.obeyed == Obeyed::No {
            self.stopped = false;
        }
    }

    /// Whether the equipment may stop us at all.
    pub(super) fn is_obeyed(self) -> bool {
        self.obeyed != Obeyed::No
    }

    pub(super) fn is_stopped(self) -> bool {
        self.stopped
    }

    /// New equipment has stopped nobody yet.
    pub(super) fn restart(&mut self) {
        self.stopped = false;
    }

    /// Obeys the flow characters among `bytes`; returns how many bytes of data are left at the front.
    pub(super) fn take(&mut self, bytes: &mut [u8]) -> usize {
        if self.obeyed == Obeyed::No {
            return bytes.len();
        }
        let (mut read, mut kept) = (0, 0);
        while let Some(rest) = bytes.get(read..).filter(|rest| !rest.is_empty()) {
            let found = memchr2(XON, XOFF, rest);
            let run = found.unwrap_or(rest.len());
            let character = found.and_then(|at| rest.get(at)).copied();
            bytes.copy_within(read..read + run, kept);
            (read, kept) = (read + run, kept + run);
            if let Some(character) = character {
                self.stopped = character == XOFF;
                read += 1;
                if self.obeyed == Obeyed::PassedOn
                    && let Some(place) = bytes.get_mut(kept)
                {
                    *place = character;
                    kept += 1;
                }
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(by_dte: FlowBy, bytes: &[u8]) -> (Vec<u8>, bool) {
        let mut flow = SoftFlow::default();
        flow.set(Flow { by_dte, by_dce: FlowBy::Nothing });
        let mut bytes = bytes.to_vec();
        let kept = flow.take(&mut bytes);
        bytes.truncate(kept);
        (bytes, flow.is_stopped())
    }

    #[test]
    fn flow_characters_stop_and_go_and_are_taken_out() {
        assert_eq!(taken(FlowBy::XonXoff, b"a\x13b\x13c"), (b"abc".to_vec(), true));
        assert_eq!(taken(FlowBy::XonXoff, b"\x13\x11"), (b"".to_vec(), false));
        assert_eq!(taken(FlowBy::XonXoffPassedOn, b"a\x13b"), (b"a\x13b".to_vec(), true));
    }

    #[test]
    fn without_flow_control_they_are_data() {
        assert_eq!(taken(FlowBy::Nothing, b"a\x13b"), (b"a\x13b".to_vec(), false));
        assert_eq!(taken(FlowBy::Circuits, b"\x13"), (b"\x13".to_vec(), false));
    }
}
