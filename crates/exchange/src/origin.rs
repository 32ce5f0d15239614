//! Where a call comes from.

use std::borrow::Cow;
use std::net::SocketAddr;
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
pub struct Origin(Known);

/// What is known. Calls over the network are by far the most, and may be silent for days: their texts
/// are made when somebody asks for them.
#[derive(Clone, Debug)]
enum Known {
    /// From this address to that one, whose text the callers of a listener share.
    Net(SocketAddr, Arc<str>),
    Told(Box<Told>),
}

/// What somebody has told about a call.
#[derive(Clone, Debug)]
struct Told {
    from: Box<str>,
    source: Source,
    place: Place,
    over: Over,
    device: Box<str>,
    caller_id: Box<str>,
    caller_name: Option<Box<str>>,
    called_id: Box<str>,
    connect: Option<Box<str>>,
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
        let called = clean(&local.to_string());
        let (place, over) = match peer {
            Peer::Net(address) => return Self(Known::Net(*address, called.into())),
            Peer::Unix(_) => (Place::Unix, Over::Unix),
            Peer::Modem(_) => (Place::Modem, Over::Modem),
            Peer::Line(_) | Peer::Internal(_) => (Place::Line, Over::Line),
        };
        let from = clean(&peer.to_string());
        Self::told(Told::local(place, over, from.clone(), called.clone(), from, called))
    }

    /// A call from a line of this process, which has dialled `called`.
    pub fn line(name: &str, called: &str) -> Self {
        let (name, called) = (clean(name), clean(called));
        Self::told(Told::local(Place::Line, Over::Line, name.clone(), name.clone(), name, called))
    }

    /// A call that the modem `name` on the port `device` has answered; see also
    /// [`with_caller`](Self::with_caller) and [`with_connect`](Self::with_connect).
    pub fn modem(name: &str, device: &str, called: &str) -> Self {
        let from = clean(&format!("modem:{name}"));
        let (device, nobody, called) = (clean(device), Box::default(), clean(called));
        Self::told(Told::local(Place::Modem, Over::Modem, from, device, nobody, called))
    }

    /// Says who calls, as a line's caller ID tells it.
    pub fn with_caller(self, number: &str, name: Option<&str>) -> Self {
        let mut told = self.in_words();
        if told.over == Over::Modem && !number.is_empty() {
            told.from = clean(&format!("{}/{number}", told.from));
        }
        told.caller_id = clean(number);
        told.caller_name = name.map(clean);
        Self(Known::Told(told))
    }

    /// Says what followed `CONNECT` when the call was answered, such as `9600`.
    pub fn with_connect(self, connect: &str) -> Self {
        let mut told = self.in_words();
        told.connect = Some(clean(connect));
        Self(Known::Told(told))
    }

    /// The same with the text of `last` for where it was called, if that is the same place: nearly all
    /// callers of a listener call one address.
    pub(crate) fn sharing(mut self, last: &mut Option<Arc<str>>) -> Self {
        if let Known::Net(_, called) = &mut self.0 {
            match last {
                Some(last) if last == called => *called = Arc::clone(last),
                _ => *last = Some(Arc::clone(called)),
            }
        }
        self
    }

    /// The caller, as the log names him.
    pub(crate) fn from(&self) -> Cow<'_, str> {
        match &self.0 {
            Known::Net(address, _) => address.to_string().into(),
            Known::Told(told) => (&*told.from).into(),
        }
    }

    /// The caller alone, without a port that differs from call to call: what a ban applies to, and
    /// what stands for his telephone number.
    pub(crate) fn host(&self) -> Cow<'_, str> {
        match &self.0 {
            Known::Net(address, _) => address.ip().to_string().into(),
            Known::Told(told) => (&*told.caller_id).into(),
        }
    }

    pub(crate) fn source(&self) -> Source {
        match &self.0 {
            Known::Net(address, _) => Source::from(*address),
            Known::Told(told) => told.source,
        }
    }

    pub(crate) fn place(&self) -> Place {
        match &self.0 {
            Known::Net(address, _) => Place::Net(address.ip()),
            Known::Told(told) => told.place,
        }
    }

    /// What the call travels on, as far as where it arrived tells.
    pub(crate) fn over(&self) -> Over {
        match &self.0 {
            Known::Net(..) => Over::Tcp,
            Known::Told(told) => told.over,
        }
    }

    /// The listener, line or port where it arrived.
    pub(crate) fn device(&self) -> &str {
        match &self.0 {
            Known::Net(_, called) => called,
            Known::Told(told) => &told.device,
        }
    }

    /// The number that was called.
    pub(crate) fn called_id(&self) -> &str {
        match &self.0 {
            Known::Net(_, called) => called,
            Known::Told(told) => &told.called_id,
        }
    }

    /// The caller's name, if a line has told it.
    pub(crate) fn caller_name(&self) -> Option<&str> {
        match &self.0 {
            Known::Net(..) => None,
            Known::Told(told) => told.caller_name.as_deref(),
        }
    }

    /// What followed `CONNECT`, if there was one.
    pub(crate) fn connect(&self) -> Option<&str> {
        match &self.0 {
            Known::Net(..) => None,
            Known::Told(told) => told.connect.as_deref(),
        }
    }

    fn told(told: Told) -> Self {
        Self(Known::Told(Box::new(told)))
    }

    /// All of it in words, so that something can be added.
    fn in_words(self) -> Box<Told> {
        let (from, caller_id) = (clean(&self.from()), clean(&self.host()));
        let (source, place) = (self.source(), self.place());
        match self.0 {
            Known::Told(told) => told,
            Known::Net(_, called) => {
                let (device, called_id) = (Box::from(&*called), Box::from(&*called));
                let told = Told::local(place, Over::Tcp, from, device, caller_id, called_id);
                Box::new(Told { source, ..told })
            }
        }
    }
}

impl Told {
    /// A call that no network has brought.
    fn local(
        place: Place,
        over: Over,
        from: Box<str>,
        device: Box<str>,
        caller_id: Box<str>,
        called_id: Box<str>,
    ) -> Self {
        Self {
            from,
            source: Source::Local,
            place,
            over,
            device,
            caller_id,
            caller_name: None,
            called_id,
            connect: None,
        }
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
        assert_eq!(origin.host(), "5551234");
        assert_eq!(origin.caller_name(), Some("A?B"));
        assert_eq!(origin.connect(), Some("9600"));
        assert_eq!(origin.device(), "pump-house");
    }

    #[test]
    fn a_caller_of_the_network_keeps_his_address_whatever_else_is_told() {
        let net = |address: &str| Peer::from(address.parse::<SocketAddr>().expect("an address"));
        let origin = Origin::between(&net("192.0.2.7:4711"), &net("[2001:db8::1]:8023"));
        for (origin, host) in [
            (origin.clone(), "192.0.2.7"),
            (origin.clone().with_connect("9600"), "192.0.2.7"),
            (origin.clone().with_caller("5551234", None), "5551234"),
        ] {
            assert_eq!(origin.from(), "192.0.2.7:4711");
            assert_eq!(origin.host(), host);
            assert_eq!(origin.source(), Source::V4([192, 0, 2, 7]));
            assert_eq!(origin.place(), Place::Net([192, 0, 2, 7].into()));
            assert_eq!(origin.over(), Over::Tcp);
            assert_eq!(origin.device(), "[2001:db8::1]:8023");
            assert_eq!(origin.called_id(), "[2001:db8::1]:8023");
        }
        assert_eq!(origin.connect(), None);
    }

    #[test]
    fn callers_of_one_listener_share_its_name() {
        let net = |address: &str| Peer::from(address.parse::<SocketAddr>().expect("an address"));
        let mut called = None;
        let mut call = |to| {
            Origin::between(&net("192.0.2.7:4711"), &net(to)).sharing(&mut called).device().as_ptr()
        };
        assert_eq!(call("127.0.0.1:23"), call("127.0.0.1:23"));
        assert_ne!(call("127.0.0.1:23"), call("127.0.0.2:23"));
    }
}
