//! RFC 2217: a caller drives a serial port, and finds the program at its far end.
//!
//! The port exists only here. Its settings are kept and told back; what has a meaning for a program
//! is DTR, whose fall hangs up, and a break.

use std::num::NonZeroU32;

use carrier::Call;
use telnet::com_port::{
    Control, DataSize, LineState, ModemState, Notification, Parity, Request, StopSize,
};

/// What a request means for the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// DTR has fallen.
    HangUp,
    /// A break has begun.
    Break,
}

/// The settings of the port as the caller made them.
#[derive(Debug)]
pub(crate) struct ComPort {
    rate: NonZeroU32,
    data: DataSize,
    parity: Parity,
    stop: StopSize,
    flow: Control,
    inbound: Control,
    breaking: Control,
    dtr: Control,
    rts: Control,
}

const SIGNATURE: &[u8] = b"Trunkline";

/// The program is there, and takes what is sent.
const CIRCUITS: u8 = ModemState::DCD | ModemState::DSR | ModemState::CTS;

impl Default for ComPort {
    fn default() -> Self {
        Self {
            rate: NonZeroU32::new(9600).unwrap_or(NonZeroU32::MIN),
            data: DataSize::Eight,
            parity: Parity::None,
            stop: StopSize::One,
            flow: Control::FlowNone,
            inbound: Control::InboundFlowNone,
            breaking: Control::BreakOff,
            dtr: Control::DtrOn,
            rts: Control::RtsOn,
        }
    }
}

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
        let mut deed = None;
        let answer = match request {
            Request::Signature(text) if text.is_empty() => {
                Notification::Signature(SIGNATURE.to_vec())
            }
            Request::BaudRate(rate) => {
                self.rate = rate.unwrap_or(self.rate);
                Notification::BaudRate(self.rate)
            }
            Request::DataSize(size) => {
                self.data = size.unwrap_or(self.data);
                Notification::DataSize(self.data)
            }
            Request::Parity(parity) => {
                self.parity = parity.unwrap_or(self.parity);
                Notification::Parity(self.parity)
            }
            Request::StopSize(stop) => {
                self.stop = stop.unwrap_or(self.stop);
                Notification::StopSize(self.stop)
            }
            Request::Control(control) => {
                let before = (self.dtr, self.breaking);
                let now = self.control(control);
                deed = match (self.dtr, self.breaking) {
                    (Control::DtrOff, _) if before.0 == Control::DtrOn => Some(Deed::HangUp),
                    (_, Control::BreakOn) if before.1 == Control::BreakOff => Some(Deed::Break),
                    _ => None,
                };
                Notification::Control(now)
            }
            Request::ModemState => Notification::ModemState(ModemState(CIRCUITS)),
            Request::LineState => Notification::LineState(LineState(0)),
            // What waits is on its way already: throwing it away would lose bytes that TCP has promised.
            Request::Purge(what) => Notification::Purge(what),
            // The masks are answered by the codec; suspending is what TCP's window does better.
            _ => return (None, None),
        };
        (Some(answer), deed)
    }

    /// Sets what `control` says, or asks for; tells what is now the case in that matter.
    fn control(&mut self, control: Control) -> Control {
        let (matter, asks) = match control {
            Control::AskBreak => (&mut self.breaking, true),
            Control::BreakOn | Control::BreakOff => (&mut self.breaking, false),
            Control::AskDtr => (&mut self.dtr, true),
            Control::DtrOn | Control::DtrOff => (&mut self.dtr, false),
            Control::AskRts => (&mut self.rts, true),
            Control::RtsOn | Control::RtsOff => (&mut self.rts, false),
            Control::AskInboundFlow => (&mut self.inbound, true),
            Control::InboundFlowNone
            | Control::InboundFlowXonXoff
            | Control::InboundFlowHardware
            | Control::InboundFlowDtr => (&mut self.inbound, false),
            Control::AskFlow => (&mut self.flow, true),
            _ => (&mut self.flow, false),
        };
        if !asks {
            *matter = control;
        }
        *matter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_told_back_and_only_dtr_and_break_do_anything() {
        let mut port = ComPort::default();
        let rate = NonZeroU32::new(2400);
        assert_eq!(port.answer(Request::BaudRate(rate)).0, rate.map(Notification::BaudRate));
        assert_eq!(port.answer(Request::BaudRate(None)).0, rate.map(Notification::BaudRate));
        for (control, now, deed) in [
            (Control::RtsOff, Control::RtsOff, None),
            (Control::AskRts, Control::RtsOff, None),
            (Control::DtrOn, Control::DtrOn, None),
            (Control::BreakOn, Control::BreakOn, Some(Deed::Break)),
            (Control::BreakOn, Control::BreakOn, None),
            (Control::BreakOff, Control::BreakOff, None),
            (Control::FlowHardware, Control::FlowHardware, None),
            (Control::AskFlow, Control::FlowHardware, None),
            (Control::DtrOff, Control::DtrOff, Some(Deed::HangUp)),
        ] {
            let answer = port.answer(Request::Control(control));
            assert_eq!(answer, (Some(Notification::Control(now)), deed), "{control:?}");
        }
    }
}
