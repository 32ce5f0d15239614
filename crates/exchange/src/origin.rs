//! Where a call comes from.

use std::sync::Arc;

use carrier::{Call, Peer};

use crate::config::Place;
use crate::limits;
use crate::source::Source;

/// Where a call comes from, for the log, for limits, and for the program's environment.
///
/// Texts may have come over the network: each is cut to printable ASCII of a bounded length when it
/// is set.
#[derive(Clone, Debug)]
pub struct Origin {
    pub(crate) from: Box<str>,
    pub(crate) source: Source,
    pub(crate) place: Place,
    pub(crate) over: Over,
    /// Often the same as `called_id`, and then the same memory.
    pub(crate) device: Arc<str>,
    pub(crate) caller_id: Box<str>,
    pub(crate) caller_name: Option<Box<str>>,
    pub(crate) called_id: Arc<str>,
    pub(crate) connect: Option<Box<str>>,
}

/// What a call travels on, at this end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// A TCP connection.
    Tcp,
    /// A TCP connection on which telnet is spoken.
    Telnet,
    /// A connection under TLS.
    Tls,
    /// A connection by SSH.
    Ssh,
    /// A UNIX socket.
    Unix,
    /// A line of this process.
    Line,
    /// A real modem.
    Modem,
}

impl Over {
    /// In the log's words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Telnet => "telnet",
            Self::Tls => "tls",
            Self::Ssh => "ssh",
            Self::Unix => "unix",
            Self::Line => "line",
            Self::Modem => "modem",
        }
    }
}

impl Origin {
    /// A call that arrived at a socket: caller and called are its addresses.
    pub fn of(call: &Call) -> Self {
        Self::between(call.peer(), &call.local())
    }

    pub(crate) fn between(peer: &Peer, local: &Peer) -> Self {
        let over = match peer {
            Peer::Net(_) => Over::Tcp,
            Peer::Unix(_) => Over::Unix,
            Peer::Modem(_) => Over::Modem,
            Peer::Line(_) | Peer::Internal(_) => Over::Line,
        };
        let called: Arc<str> = clean(&local.to_string()).into();
        Self {
            from: clean(&peer.to_string()),
            source: peer.socket_addr().map_or(Source::Local, Source::from),
            place: match (peer.socket_addr(), peer) {
                (Some(address), _) => Place::Net(address.ip()),
                (None, Peer::Unix(_)) => Place::Unix,
                (None, Peer::Modem(_)) => Place::Modem,
                (None, _) => Place::Line,
            },
            over,
            device: Arc::clone(&called),
            caller_id: clean(&number(peer)),
            caller_name: None,
            called_id: called,
            connect: None,
        }
    }

    /// A call from a line of this process, which has dialled `called`.
    pub fn line(name: &str, called: &str) -> Self {
        Self {
            from: clean(name),
            source: Source::Local,
            place: Place::Line,
            over: Over::Line,
            device: clean(name).into(),
            caller_id: clean(name),
            caller_name: None,
            called_id: clean(called).into(),
            connect: None,
        }
    }

    /// A call that the modem `name` on the port `device` has answered; see also
    /// [`with_caller`](Self::with_caller) and [`with_connect`](Self::with_connect).
    pub fn modem(name: &str, device: &str, called: &str) -> Self {
        Self {
            from: clean(&format!("modem:{name}")),
            source: Source::Local,
            place: Place::Modem,
            over: Over::Modem,
            device: clean(device).into(),
            caller_id: Box::default(),
            caller_name: None,
            called_id: clean(called).into(),
            connect: None,
        }
    }

    /// Says who calls, as a line's caller ID tells it.
    pub fn with_caller(mut self, number: &str, name: Option<&str>) -> Self {
        if self.over == Over::Modem && !number.is_empty() {
            self.from = clean(&format!("{}/{number}", self.from));
        }
        self.caller_id = clean(number);
        self.caller_name = name.map(clean);
        self
    }

    /// Says what followed `CONNECT` when the call was answered, such as `9600`.
    pub fn with_connect(mut self, connect: &str) -> Self {
        self.connect = Some(clean(connect));
        self
    }

    /// The same with the text of `last` for where it was called, if that is the same place: nearly all
    /// callers of a listener call one address.
    pub(crate) fn sharing(mut self, last: &mut Option<Arc<str>>) -> Self {
        match last {
            Some(last) if *last == self.device && *last == self.called_id => {
                self.device = Arc::clone(last);
                self.called_id = Arc::clone(last);
            }
            _ => *last = Some(Arc::clone(&self.device)),
        }
        self
    }

    /// The caller alone, without a port that differs from call to call: what a ban applies to.
    pub(crate) fn host(&self) -> &str {
        &self.caller_id
    }
}

/// What stands for a telephone number: the address without its port.
pub(crate) fn number(peer: &Peer) -> String {
    match peer.socket_addr() {
        Some(address) => address.ip().to_string(),
        None => peer.to_string(),
    }
}

/// Only printable ASCII reaches a log line or an environment.
pub(crate) fn clean(text: &str) -> Box<str> {
    let printable = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    text.chars().take(limits::CALLER_TEXT).map(printable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_from_outside_are_cut_to_what_can_do_no_harm() {
        assert_eq!(&*clean("pump\nhouse\u{1b}[2J\0\u{e9}"), "pump?house?[2J??");
        assert_eq!(clean(&"x".repeat(1000)).len(), limits::CALLER_TEXT);
    }

    #[test]
    fn a_line_may_tell_who_calls() {
        let origin = Origin::line("pump-house", "main")
            .with_caller("5551234", Some("A\tB"))
            .with_connect("9600");
        assert_eq!(&*origin.caller_id, "5551234");
        assert_eq!(origin.caller_name.as_deref(), Some("A?B"));
        assert_eq!(origin.connect.as_deref(), Some("9600"));
        assert_eq!(&*origin.device, "pump-house");
    }
}
