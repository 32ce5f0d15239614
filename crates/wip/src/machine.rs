//! The machine: what is kept, and what is told to whom.

use std::collections::BTreeMap;

use clock::Instant;

use crate::bearer::Bearers;
use crate::create::Range;
use crate::data::{Mapped, Mode};
use crate::edsoft::{Edsoft, EndedBy};
use crate::memory::Stored;
use crate::service::Services;
use crate::socket::{Known, Phase, Socket};
use crate::stack::Stack;
use crate::{
    Action, Answer, Channel, Code, ConnectError, Event, Failure, Indication, Out, Protocol, Radio,
    Rules,
};

/// A module's TCP/IP: the stack, its bearers and its sockets.
#[derive(Clone, Debug)]
pub struct Wip {
    pub(crate) rules: Rules,
    pub(crate) stack: Stack,
    pub(crate) bearers: Bearers,
    /// What all begins with.
    pub(crate) stored: Stored,
    pub(crate) radio: Radio,
    pub(crate) sockets: BTreeMap<Channel, Socket>,
    pub(crate) edsoft: Edsoft,
    /// Sessions with servers.
    pub(crate) services: Services,
    /// Indexes that servers keep for their connections.
    pub(crate) ranges: Vec<Range>,
    /// The socket that the equipment's bytes go to.
    pub(crate) mapped: Option<Box<Mapped>>,
    /// The one before, and how its bytes were read.
    pub(crate) last: Option<(Channel, Mode)>,
    /// What a command waits for.
    pub(crate) awaited: Awaited,
}

/// What a command waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    Nothing,
    /// A bearer that takes its time to start.
    Delay(u8, Instant),
    /// A bearer whose addresses are being found out.
    Bearer(u8),
    /// A connection.
    Connection(Channel),
    /// What a server makes of a request.
    File(Channel),
}

impl Wip {
    /// A module that was just switched on.
    pub fn new(rules: Rules) -> Self {
        Self::with(rules, Stored::default())
    }

    fn with(rules: Rules, stored: Stored) -> Self {
        Self {
            rules,
            stack: Stack::with(stored.stack),
            bearers: Bearers::default(),
            stored,
            radio: Radio::default(),
            sockets: BTreeMap::new(),
            edsoft: Edsoft::default(),
            services: Services::default(),
            ranges: Vec::new(),
            mapped: None,
            last: None,
            awaited: Awaited::Nothing,
        }
    }

    /// When [`Wip::due`] wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        let delay = match self.awaited {
            Awaited::Delay(_, until) => Some(until),
            _ => None,
        };
        let gathered = self.mapped.as_ref().and_then(|mapped| mapped.until);
        [delay, gathered, self.services_deadline()].into_iter().flatten().min()
    }

    /// The deadline is reached.
    pub fn due(&mut self, now: Instant, out: &mut impl Out) {
        if let Awaited::Delay(bearer, until) = self.awaited
            && until <= now
        {
            self.delay_over(bearer, out);
        }
        self.gathered(now, out);
        self.services_due(now, out);
    }

    /// Whether more of a socket's bytes, or of a server's connections, are welcome.
    pub fn wants(&self, channel: Channel) -> bool {
        if channel.protocol.is_service() {
            return self.service_wants(channel);
        }
        self.sockets.get(&channel).is_some_and(|socket| match socket.phase {
            Phase::Ready if self.has_mapped(channel) => true,
            Phase::Ready => socket.unread.has_room(),
            Phase::Listening { .. } => true,
            Phase::Opening | Phase::PeerClosed(_) | Phase::Reset => false,
        })
    }

    /// The socket that the equipment has, or that its file passes by.
    pub fn mapped(&self) -> Option<Channel> {
        self.mapped.as_ref().map(|mapped| mapped.channel).or_else(|| self.file_channel())
    }

    /// Whether the equipment has this socket.
    pub(crate) fn has_mapped(&self, channel: Channel) -> bool {
        self.mapped() == Some(channel)
    }

    /// News of the sockets. What fits none is of one that was closed meanwhile.
    pub fn event(&mut self, now: Instant, event: Event<'_>, out: &mut impl Out) {
        if self.service_event(now, &event, out) {
            return;
        }
        match event {
            Event::Started(addresses) => self.bearer_started(addresses, out),
            Event::NotStarted => self.bearer_failed(Code::NETWORK, out),
            Event::Lost => self.lost(out),
            Event::Opened { channel, local, peer } => {
                let Some(socket) = self.sockets.get_mut(&channel) else { return };
                (socket.local, socket.peer) = (local, peer);
                if socket.phase == Phase::Opening {
                    socket.phase = Phase::Ready;
                    self.ready(channel, out);
                }
            }
            Event::Failed { channel, failure } => self.failed(channel, failure, out),
            Event::Awaiting { .. } => {}
            Event::Incoming { server, local, peer } => self.incoming(server, local, peer, out),
            Event::Data { channel, bytes } => self.data(channel, bytes, out),
            Event::Datagram { channel, bytes, from } => self.datagram(channel, from, bytes, out),
            Event::PeerClosed(channel) => self.peer_closed(channel, out),
            Event::Reset(channel) => self.reset(channel, out),
            Event::Pong { index, took } => {
                let (timed_out, took) = took.map_or((1, 0), |took| (0, took.as_millis()));
                out.indicate(Indication::Minor(format!("+WIPPING: {timed_out},{index},{took}")));
            }
            Event::NoPing => out.indicate(Indication::Failure(Code::PING)),
        }
    }

    fn ready(&mut self, channel: Channel, out: &mut impl Out) {
        self.apply_options(channel, out);
        if self.awaited == Awaited::Connection(channel) {
            self.awaited = Awaited::Nothing;
            self.ends(Answer::Ok(Vec::new()), out);
        }
        if self.is_edsoft() {
            return;
        }
        out.indicate(Indication::Line(format!("+WIPREADY: {channel}")));
    }

    fn failed(&mut self, channel: Channel, failure: Failure, out: &mut impl Out) {
        if self.sockets.remove(&channel).is_none() {
            return;
        }
        self.forget_ranges();
        let code = match failure {
            Failure::Unreachable => Code::UNREACHABLE,
            Failure::Port => Code::BAD_PORT,
            Failure::Resources => Code::NO_SOCKET,
        };
        if self.awaited == Awaited::Connection(channel) {
            self.awaited = Awaited::Nothing;
            return self.ends(Answer::Cme(code), out);
        }
        out.indicate(match self.rules.connect_error {
            ConnectError::Named => Indication::Line(format!("+WIPERROR: {channel},{}", code.0)),
            ConnectError::AfterOk | ConnectError::InPlaceOfOk => Indication::Failure(code),
        });
    }

    fn peer_closed(&mut self, channel: Channel, out: &mut impl Out) {
        let mapped = self.has_mapped(channel);
        // In command state what it sent can still be read.
        if mapped && self.is_edsoft() {
            return self.connection_ended(EndedBy::Peer, out);
        }
        let Some(socket) = self.sockets.get_mut(&channel) else { return };
        if socket.phase != Phase::Ready || channel.protocol != Protocol::Tcp {
            return;
        }
        socket.phase = Phase::PeerClosed(Known::Yes);
        if mapped {
            self.say_shutdown(out);
        } else if !self.is_edsoft() {
            out.indicate(Indication::Line(format!("+WIPPEERCLOSE: {channel}")));
        }
    }

    fn reset(&mut self, channel: Channel, out: &mut impl Out) {
        if self.is_edsoft() && self.sockets.contains_key(&channel) {
            return self.connection_ended(EndedBy::Peer, out);
        }
        let mapped = self.has_mapped(channel);
        let Some(socket) = self.sockets.get_mut(&channel) else { return };
        let told = socket.phase == Phase::PeerClosed(Known::Yes);
        if !socket.is_usable() || channel.protocol != Protocol::Tcp {
            return;
        }
        socket.phase = Phase::Reset;
        if mapped {
            self.drop_mapped(Code::RESET, out);
        } else if !told {
            out.indicate(Indication::Line(format!("+WIPPEERCLOSE: {channel}")));
        }
    }

    /// Closes all sockets, without a word.
    pub(crate) fn close_all(&mut self, out: &mut impl Out) {
        for (channel, _) in std::mem::take(&mut self.sockets) {
            out.act(Action::Close(channel));
        }
        self.close_services(out);
        self.ranges.clear();
        out.act(Action::NoPing);
    }

    /// The module, or what has these commands in it, starts anew: all is as at first.
    pub fn restart(&mut self, out: &mut impl Out) {
        if !self.sockets.is_empty() || !self.services.is_empty() {
            self.close_all(out);
        }
        let (rules, stored) = (std::mem::take(&mut self.rules), std::mem::take(&mut self.stored));
        *self = Self { radio: self.radio, ..Self::with(rules, stored) };
    }

    pub(crate) fn lost(&mut self, out: &mut impl Out) {
        let waited = std::mem::replace(&mut self.awaited, Awaited::Nothing);
        if waited != Awaited::Nothing {
            self.ends(Answer::Cme(Code::NETWORK), out);
        }
        if self.mapped.is_some() {
            self.drop_mapped(Code::RESET, out);
        }
        self.lose_services(waited, out);
        for (channel, socket) in std::mem::take(&mut self.sockets) {
            out.act(Action::Close(channel));
            if socket.phase == Phase::Opening && waited != Awaited::Connection(channel) {
                out.indicate(Indication::Failure(Code::UNREACHABLE));
            }
        }
        self.ranges.clear();
        out.act(Action::NoPing);
        self.bearer_lost(out);
    }
}
