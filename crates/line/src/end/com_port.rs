//! RFC 2217: the client at a TCP end drives a serial port that exists only here.

use std::num::NonZeroU32;

use modem::{DceLines, DteLines};
use telnet::com_port::{Control, DataSize, ModemState, Notification, Parity, Request, StopSize};

use super::DteEvent;

/// The settings of the port as the client made them.
#[derive(Debug)]
pub(super) struct ComPort {
    rate: NonZeroU32,
    data: DataSize,
    parity: Parity,
    stop: StopSize,
    flow: Control,
    inbound: Control,
    lines: DteLines,
    breaking: bool,
    circuits: u8,
    /// What the client has been told of them; nothing yet, while it had not agreed to be told.
    told: Option<u8>,
}

const SIGNATURE: &[u8] = b"Trunkline";

impl ComPort {
    pub(super) fn new() -> Self {
        Self {
            rate: NonZeroU32::new(9600).unwrap_or(NonZeroU32::MIN),
            data: DataSize::Eight,
            parity: Parity::None,
            stop: StopSize::One,
            flow: Control::FlowNone,
            inbound: Control::InboundFlowNone,
            // A client that never speaks of DTR is one that has plugged in.
            lines: DteLines::READY,
            breaking: false,
            circuits: 0,
            told: None,
        }
    }

    /// Obeys a request: the answer for the client, and what it means for the modem.
    pub(super) fn obey(&mut self, request: Request) -> (Option<Notification>, Option<DteEvent>) {
        let mut event = None;
        let answer = match request {
            Request::Signature(text) if text.is_empty() => {
                Notification::Signature(SIGNATURE.to_vec())
            }
            Request::BaudRate(rate) => {
                if let Some(rate) = rate {
                    // Even one like our own: the modem may have it from whoever was here before.
                    self.rate = rate;
                    event = Some(DteEvent::Rate(rate.get()));
                }
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
                let (now, happened) = self.control(control);
                event = happened;
                Notification::Control(now)
            }
            Request::ModemState => Notification::ModemState(ModemState(self.circuits)),
            Request::LineState => Notification::LineState(telnet::com_port::LineState(0)),
            // What waits is on its way already: throwing it away would lose bytes that TCP has promised.
            Request::Purge(what) => Notification::Purge(what),
            // The masks are answered by the codec; suspending is what TCP's window does better.
            _ => return (None, None),
        };
        (Some(answer), event)
    }

    fn control(&mut self, control: Control) -> (Control, Option<DteEvent>) {
        let before = self.lines;
        match control {
            Control::FlowNone
            | Control::FlowXonXoff
            | Control::FlowHardware
            | Control::FlowDcd
            | Control::FlowDsr => {
                self.flow = control;
            }
            Control::InboundFlowNone
            | Control::InboundFlowXonXoff
            | Control::InboundFlowHardware
            | Control::InboundFlowDtr => self.inbound = control,
            Control::BreakOn | Control::BreakOff => self.breaking = control == Control::BreakOn,
            Control::DtrOn | Control::DtrOff => self.lines.dtr = control == Control::DtrOn,
            Control::RtsOn | Control::RtsOff => self.lines.rts = control == Control::RtsOn,
            Control::AskFlow
            | Control::AskBreak
            | Control::AskDtr
            | Control::AskRts
            | Control::AskInboundFlow => {}
        }
        let event = match control {
            Control::BreakOn => Some(DteEvent::Break),
            _ if before != self.lines => Some(DteEvent::Lines(self.lines)),
            _ => None,
        };
        (self.in_force(control), event)
    }

    /// What is now the case in the matter that `control` speaks of.
    fn in_force(&self, control: Control) -> Control {
        let choose = |on, yes, no| if on { yes } else { no };
        match control {
            Control::AskBreak | Control::BreakOn | Control::BreakOff => {
                choose(self.breaking, Control::BreakOn, Control::BreakOff)
            }
            Control::AskDtr | Control::DtrOn | Control::DtrOff => {
                choose(self.lines.dtr, Control::DtrOn, Control::DtrOff)
            }
            Control::AskRts | Control::RtsOn | Control::RtsOff => {
                choose(self.lines.rts, Control::RtsOn, Control::RtsOff)
            }
            Control::AskInboundFlow
            | Control::InboundFlowNone
            | Control::InboundFlowXonXoff
            | Control::InboundFlowHardware
            | Control::InboundFlowDtr => self.inbound,
            _ => self.flow,
        }
    }

    /// The circuits are like this now.
    pub(super) fn show(&mut self, circuits: DceLines) {
        let bit = |on, bit| if on { bit } else { 0 };
        self.circuits = bit(circuits.dcd, ModemState::DCD)
            | bit(circuits.ri, ModemState::RI)
            | bit(circuits.dsr, ModemState::DSR)
            | bit(circuits.cts, ModemState::CTS);
    }

    /// The modem state with its deltas; `None` if the client knows it.
    pub(super) fn untold(&self) -> Option<Notification> {
        let (now, was) = (self.circuits, self.told.unwrap_or(0));
        if self.told == Some(now) {
            return None;
        }
        let delta = |of, delta| if (now ^ was) & of != 0 { delta } else { 0 };
        let deltas = delta(ModemState::DCD, ModemState::DELTA_DCD)
            | delta(ModemState::RI & was, ModemState::RI_ENDED)
            | delta(ModemState::DSR, ModemState::DELTA_DSR)
            | delta(ModemState::CTS, ModemState::DELTA_CTS);
        Some(Notification::ModemState(ModemState(now | deltas)))
    }

    /// The client has been told the modem state, or does not want to hear of it.
    pub(super) fn tell(&mut self) {
        self.told = Some(self.circuits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_without_a_value_asks_for_the_one_in_force() {
        let mut port = ComPort::new();
        let rate = NonZeroU32::new(2400);
        let (answer, event) = port.obey(Request::BaudRate(rate));
        assert_eq!(answer, rate.map(Notification::BaudRate));
        assert_eq!(event, Some(DteEvent::Rate(2400)));
        assert_eq!(port.obey(Request::BaudRate(None)), (rate.map(Notification::BaudRate), None));
        assert_eq!(port.obey(Request::BaudRate(rate)).1, Some(DteEvent::Rate(2400)), "again");
    }

    #[test]
    fn dtr_is_a_signal_to_the_modem_once() {
        let mut port = ComPort::new();
        let off = DteLines { dtr: false, rts: true };
        let answer = Some(Notification::Control(Control::DtrOff));
        assert_eq!(
            port.obey(Request::Control(Control::DtrOff)),
            (answer.clone(), Some(DteEvent::Lines(off)))
        );
        assert_eq!(port.obey(Request::Control(Control::AskDtr)), (answer, None));
    }

    #[test]
    fn the_modem_state_tells_what_changed_and_when_the_bell_stopped() {
        let mut port = ComPort::new();
        let ringing = DceLines { ri: true, cts: true, ..DceLines::default() };
        let quiet = DceLines { ri: false, ..ringing };
        let state = |bits| Some(Notification::ModemState(ModemState(bits)));
        port.show(ringing);
        assert_eq!(port.untold(), state(0x40 | 0x10 | 0x01));
        assert_eq!(port.untold(), state(0x40 | 0x10 | 0x01), "until it was told");
        port.tell();
        assert_eq!(port.untold(), None);
        port.show(quiet);
        assert_eq!(port.untold(), state(0x10 | 0x04));
    }
}
