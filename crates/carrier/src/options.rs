//! How a call is to be made or taken.

use std::sync::Arc;
use std::time::Duration;

use telnet::{ComPort, LineEnds, Mode, Profile, Side, TerminalName, WindowSize};

use crate::address::{Protocol, TELNET_PORT};
use crate::{Address, SocketOptions, SshClient, TlsClient, Trunks};

/// How a call is to be made or taken; the default suits field equipment.
#[derive(Clone, Debug)]
pub struct CallOptions {
    /// Whether the call is telnet. `None`: as the address says when dialling, and as the caller's
    /// first bytes say when answering. What is sent before those have come goes out raw, so who speaks
    /// first on a port for telnet says so here, or looks with [`Caller::sniff`](crate::Caller::sniff).
    pub telnet: Option<Mode>,
    /// Who is at the far end, for telnet.
    pub profile: Profile,
    /// The terminal type that a telnet server is told; without one it is refused.
    pub terminal: Option<TerminalName>,
    /// The window size that a telnet server is told; without one it is refused.
    pub size: Option<WindowSize>,
    /// Whether the call controls a serial port (RFC 2217).
    pub com_port: ComPort,
    /// What becomes of CR LF received in telnet's NVT coding.
    pub line_ends: LineEnds,
    /// Options of the TCP socket.
    pub socket: SocketOptions,
    /// Whom to trust when dialling under TLS. `None`: the system's authorities.
    pub tls: Option<Arc<TlsClient>>,
    /// How to call hosts over SSH. `None`: as nobody, who gets nowhere.
    pub ssh: Option<Arc<SshClient>>,
    /// How long dialling may take, so that each address of a host gets its share of it. Not a
    /// time-out: drop the dialling future for that.
    pub budget: Option<Duration>,
    /// Who makes calls that end inside this program, such as those through a real modem.
    pub trunks: Option<Arc<dyn Trunks>>,
}

impl Default for CallOptions {
    fn default() -> Self {
        Self {
            telnet: None,
            profile: Profile::Machine,
            terminal: Some(TerminalName::dumb()),
            size: None,
            com_port: ComPort::Refuse,
            line_ends: LineEnds::Keep,
            socket: SocketOptions::default(),
            tls: None,
            ssh: None,
            budget: None,
            trunks: None,
        }
    }
}

impl CallOptions {
    /// The codec's options for a call to `address`.
    pub(crate) fn calling(&self, address: &Address) -> telnet::Options {
        self.codec(Side::Client, self.telnet.unwrap_or(usual_mode(address)))
    }

    /// The codec's options for a call that came in.
    pub(crate) fn answering(&self) -> telnet::Options {
        self.codec(Side::Server, self.telnet.unwrap_or(Mode::Auto))
    }

    fn codec(&self, side: Side, mode: Mode) -> telnet::Options {
        telnet::Options {
            side,
            mode,
            profile: self.profile,
            terminal: self.terminal.clone(),
            size: self.size,
            com_port: self.com_port,
            line_ends: self.line_ends,
        }
    }
}

/// A scheme is a statement; a bare address is telnet on telnet's port and found out elsewhere.
fn usual_mode(address: &Address) -> Mode {
    match address {
        Address::Net { protocol: Protocol::Telnet | Protocol::Telnets, .. }
        | Address::Net { protocol: Protocol::Detect, port: TELNET_PORT, .. }
        | Address::Gsm { port: TELNET_PORT, .. } => Mode::On,
        Address::Net { protocol: Protocol::Detect, .. } | Address::Gsm { .. } => Mode::Auto,
        Address::Net { protocol: Protocol::Raw | Protocol::Tls, .. }
        | Address::Unix(_)
        | Address::Ssh { .. }
        | Address::Modem { .. }
        | Address::Exec(_)
        | Address::Line(_)
        | Address::Exchange => Mode::Off,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_whether_it_is_telnet_unless_the_options_do() {
        for (address, mode) in [
            ("telnet://h:4001", Mode::On),
            ("tcp://h:23", Mode::Off),
            ("h:23", Mode::On),
            ("h:4001", Mode::Auto),
            ("unix:/run/x", Mode::Off),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(CallOptions::default().calling(&address).mode, mode, "{address}");
            let blind = CallOptions { telnet: Some(Mode::BinaryBlind), ..CallOptions::default() };
            assert_eq!(blind.calling(&address).mode, Mode::BinaryBlind);
        }
        assert_eq!(CallOptions::default().answering().mode, Mode::Auto);
    }
}
