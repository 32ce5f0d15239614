//! RFC 2217: a caller drives a serial port, and finds the program at its far end.
//!
//! The port exists only here. Its settings are kept and told back; what has a meaning for a program
//! is DTR, whose fall hangs up, and a break.

use carrier::Call;
use telnet::com_port::{ModemState, Notification, Port, Request};

/// What a request means for the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// DTR has fallen.
    HangUp,
    /// A break has begun.
    Break,
}

/// The port as the caller set it.
#[derive(Debug, Default)]
pub(crate) struct ComPort(Port);

/// The program is there, and takes what is sent.
const CIRCUITS: u8 = ModemState::DCD | ModemState::DSR | ModemState::CTS;

/// Obeys a request of the caller's, and answers it; his first one makes the port, and he is told of
/// its circuits.
pub(crate) fn obey(
    port: &mut Option<Box<ComPort>>,
    call: &mut Call,
    request: Request,
) -> Option<Deed> {
    if port.is_none() {
        let deltas = ModemState::DELTA_DCD | ModemState::DELTA_DSR | ModemState::DELTA_CTS;
        let news = Notification::ModemState(ModemState(CIRCUITS | deltas));
        // Not sent to a caller who reads no answers; he is cut off by his codec.
        let _ = call.com_port_notify(&news);
    }
    let (answer, deed) = port.get_or_insert_default().answer(request);
    if let Some(answer) = answer {
        let _ = call.com_port_notify(&answer);
    }
    deed
}

impl ComPort {
    fn answer(&mut self, request: Request) -> (Option<Notification>, Option<Deed>) {
        let (dtr, breaking) = (self.0.dtr(), self.0.is_breaking());
        let answer = self.0.obey(&request, ModemState(CIRCUITS));
        let deed = match (self.0.dtr(), self.0.is_breaking()) {
            (false, _) if dtr => Some(Deed::HangUp),
            (_, true) if !breaking => Some(Deed::Break),
            _ => None,
        };
        (answer, deed)
    }
}

#[cfg(test)]
mod tests {
    use telnet::com_port::Control;

    use super::*;

    #[test]
    fn only_dtr_and_break_do_anything_and_once() {
        let mut port = ComPort::default();
        for (control, deed) in [
            (Control::RtsOff, None),
            (Control::DtrOn, None),
            (Control::BreakOn, Some(Deed::Break)),
            (Control::BreakOn, None),
            (Control::BreakOff, None),
            (Control::FlowHardware, None),
            (Control::DtrOff, Some(Deed::HangUp)),
            (Control::DtrOff, None),
        ] {
            let answer = port.answer(Request::Control(control));
            assert_eq!(answer, (Some(Notification::Control(control)), deed), "{control:?}");
        }
    }
}
