//! A port that exists only here: what an access server without a UART keeps and tells back.

use std::num::NonZeroU32;

use super::{Control, DataSize, LineState, ModemState, Notification, Parity, Request, StopSize};

/// The settings of a serial port as its client made them.
///
/// ```
/// use telnet::com_port::{Control, ModemState, Notification, Port, Request};
///
/// let mut port = Port::default();
/// let answer = port.obey(&Request::Control(Control::DtrOff), ModemState(0));
/// assert_eq!(answer, Some(Notification::Control(Control::DtrOff)));
/// assert!(!port.dtr());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
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

impl Default for Port {
    fn default() -> Self {
        Self {
            rate: NonZeroU32::new(9600).unwrap_or(NonZeroU32::MIN),
            data: DataSize::Eight,
            parity: Parity::None,
            stop: StopSize::One,
            flow: Control::FlowNone,
            inbound: Control::InboundFlowNone,
            breaking: Control::BreakOff,
            // A client that never speaks of DTR is one that has plugged in.
            dtr: Control::DtrOn,
            rts: Control::RtsOn,
        }
    }
}

impl Port {
    /// Obeys a request. Returns what answers it, while the circuits are those of `state`; nothing, where the
    /// codec has answered or no answer is due.
    pub fn obey(&mut self, request: &Request, state: ModemState) -> Option<Notification> {
        Some(match *request {
            Request::Signature(ref text) if text.is_empty() => {
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
            Request::Control(control) => Notification::Control(self.control(control)),
            Request::ModemState => Notification::ModemState(state),
            Request::LineState => Notification::LineState(LineState(0)),
            // What waits is on its way already: throwing it away would lose bytes that TCP has promised.
            Request::Purge(what) => Notification::Purge(what),
            // The masks are answered by the codec; suspending is what TCP's window does better.
            _ => return None,
        })
    }

    /// Whether the client holds DTR up.
    pub fn dtr(&self) -> bool {
        self.dtr == Control::DtrOn
    }

    /// Whether the client holds RTS up.
    pub fn rts(&self) -> bool {
        self.rts == Control::RtsOn
    }

    /// Whether the client sends a BREAK.
    pub fn is_breaking(&self) -> bool {
        self.breaking == Control::BreakOn
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
            Control::FlowNone
            | Control::FlowXonXoff
            | Control::FlowHardware
            | Control::FlowDcd
            | Control::FlowDsr => (&mut self.flow, false),
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
    fn settings_are_told_back() {
        let mut port = Port::default();
        let rate = NonZeroU32::new(2400);
        for (request, answer) in [
            (Request::BaudRate(rate), rate.map(Notification::BaudRate)),
            (Request::BaudRate(None), rate.map(Notification::BaudRate)),
            (Request::Parity(Some(Parity::Even)), Some(Notification::Parity(Parity::Even))),
            (Request::Parity(None), Some(Notification::Parity(Parity::Even))),
            (Request::ModemState, Some(Notification::ModemState(ModemState(0x80)))),
            (Request::Signature(b"theirs".to_vec()), None),
            (Request::Suspend, None),
        ] {
            assert_eq!(port.obey(&request, ModemState(0x80)), answer, "{request:?}");
        }
    }

    #[test]
    fn a_control_asks_or_sets_one_matter() {
        let mut port = Port::default();
        for (control, now) in [
            (Control::AskDtr, Control::DtrOn),
            (Control::RtsOff, Control::RtsOff),
            (Control::AskRts, Control::RtsOff),
            (Control::BreakOn, Control::BreakOn),
            (Control::AskBreak, Control::BreakOn),
            (Control::FlowHardware, Control::FlowHardware),
            (Control::AskFlow, Control::FlowHardware),
            (Control::InboundFlowDtr, Control::InboundFlowDtr),
            (Control::AskInboundFlow, Control::InboundFlowDtr),
            (Control::DtrOff, Control::DtrOff),
        ] {
            let answer = port.obey(&Request::Control(control), ModemState(0));
            assert_eq!(answer, Some(Notification::Control(now)), "{control:?}");
        }
        assert!(!port.dtr() && !port.rts() && port.is_breaking());
    }
}
