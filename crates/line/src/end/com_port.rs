//! RFC 2217: the client at a TCP end drives a serial port that exists only here.

use modem::{DceLines, DteLines};
use telnet::com_port::{Control, ModemState, Notification, Port, Request};

use super::DteEvent;

/// The port as the client set it, and its circuits.
#[derive(Debug, Default)]
pub(super) struct ComPort {
    port: Port,
    circuits: u8,
    /// What the client has been told of them; nothing yet, while it had not agreed to be told.
    told: Option<u8>,
}

impl ComPort {
    /// Obeys a request: the answer for the client, and what it means for the modem.
    pub(super) fn obey(&mut self, request: Request) -> (Option<Notification>, Option<DteEvent>) {
        let before = self.lines();
        let answer = self.port.obey(&request, ModemState(self.circuits));
        let event = match request {
            // Even one like our own: the modem may have it from whoever was here before.
            Request::BaudRate(Some(rate)) => Some(DteEvent::Rate(rate.get())),
            Request::Control(Control::BreakOn) => Some(DteEvent::Break),
            _ if before != self.lines() => Some(DteEvent::Lines(self.lines())),
            _ => None,
        };
        (answer, event)
    }

    fn lines(&self) -> DteLines {
        DteLines { dtr: self.port.dtr(), rts: self.port.rts() }
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
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn a_setting_without_a_value_asks_for_the_one_in_force() {
        let mut port = ComPort::default();
        let rate = NonZeroU32::new(2400);
        let (answer, event) = port.obey(Request::BaudRate(rate));
        assert_eq!(answer, rate.map(Notification::BaudRate));
        assert_eq!(event, Some(DteEvent::Rate(2400)));
        assert_eq!(port.obey(Request::BaudRate(None)), (rate.map(Notification::BaudRate), None));
        assert_eq!(port.obey(Request::BaudRate(rate)).1, Some(DteEvent::Rate(2400)), "again");
    }

    #[test]
    fn dtr_is_a_signal_to_the_modem_once() {
        let mut port = ComPort::default();
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
        let mut port = ComPort::default();
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
