//! What stands between SB and SE.

use crate::com_port::{Notification, Request};
use crate::event::Event;
use crate::options::{ComPort, Side, WindowSize};
use crate::q::State;
use crate::replies::Replies;
use crate::session::Session;
use crate::table::Party;
use crate::wire::Known;

const IS: u8 = 0;
const SEND: u8 = 1;

impl Session {
    /// Takes a sub-negotiation of an option that is in force.
    pub(crate) fn subnegotiated(
        &mut self,
        option: Known,
        parameters: &[u8],
        out: &mut Replies,
    ) -> Option<Event> {
        match (option, parameters) {
            (Known::TerminalType, [SEND]) if self.options.side == Side::Client => {
                self.tell_terminal(out);
                None
            }
            (Known::TerminalType, [IS, name @ ..]) if self.options.side == Side::Server => {
                let name = std::str::from_utf8(name).ok()?.parse().ok()?;
                Some(Event::TerminalType(name))
            }
            (Known::WindowSize, &[c1, c0, r1, r0]) if self.options.side == Side::Server => {
                Some(Event::WindowSize(WindowSize {
                    columns: u16::from_be_bytes([c1, c0]),
                    rows: u16::from_be_bytes([r1, r0]),
                }))
            }
            (Known::ComPort, [command, value @ ..]) => self.port_command(*command, value, out),
            _ => None,
        }
    }

    fn tell_terminal(&self, out: &mut Replies) {
        if let Some(name) = self.options.terminal.as_ref().filter(|_| out.has_room()) {
            out.sub(Known::TerminalType.code(), &[&[IS], name.as_str().as_bytes()].concat());
        }
    }

    /// Tells our window's size, if the peer wants to know.
    pub(crate) fn tell_size(&self, out: &mut Replies) {
        let wanted = self.table.state(Party::Us, Known::WindowSize) == State::Yes;
        if let Some(size) = self.options.size.filter(|_| wanted && out.has_room()) {
            let [c1, c0] = size.columns.to_be_bytes();
            let [r1, r0] = size.rows.to_be_bytes();
            out.sub(Known::WindowSize.code(), &[c1, c0, r1, r0]);
        }
    }

    fn port_command(&mut self, command: u8, value: &[u8], out: &mut Replies) -> Option<Event> {
        match self.options.com_port {
            ComPort::Refuse => None,
            ComPort::Client => Notification::decode(command, value).map(Event::ComPortStatus),
            ComPort::AccessServer | ComPort::IfAsked => {
                let request = Request::decode(command, value)?;
                let answer = match request {
                    Request::LineStateMask(mask) => {
                        self.line_mask = mask;
                        Some(Notification::LineStateMask(mask))
                    }
                    Request::ModemStateMask(mask) => {
                        self.modem_mask = mask;
                        Some(Notification::ModemStateMask(mask))
                    }
                    _ => None,
                };
                if let Some(answer) = answer.filter(|_| out.has_room()) {
                    out.sub(Known::ComPort.code(), &answer.encode());
                }
                Some(Event::ComPort(request))
            }
        }
    }

    /// What the client's masks leave of a notification.
    pub(crate) fn heard(&self, notification: &Notification) -> Option<Notification> {
        match notification {
            Notification::LineState(state) => {
                state.through(self.line_mask).map(Notification::LineState)
            }
            Notification::ModemState(state) => {
                state.through(self.modem_mask).map(Notification::ModemState)
            }
            other => Some(other.clone()),
        }
    }
}
