//! `+WIPCREATE` and `+WIPCLOSE`: sockets come and go.

use std::net::SocketAddrV4;

use at::body::ExtendedAct;
use clock::Instant;

use crate::command::{Args, Read, ok};
use crate::limits::{HOST, VALUES};
use crate::machine::Awaited;
use crate::socket::{Options, Phase, Socket, Unread};
use crate::{
    Action, Answer, Channel, Code, ConnectError, Indication, Out, Protocol, SessionClose, Wip,
};

impl Wip {
    pub(crate) fn create_command(
        &mut self,
        now: Instant,
        act: &ExtendedAct<'_>,
        out: &mut impl Out,
    ) -> Read<Answer> {
        let values = match act {
            ExtendedAct::Set(values) => values,
            ExtendedAct::Test => return Ok(ok()),
            ExtendedAct::Read => return Ok(self.open_sockets()),
            ExtendedAct::Execute => return Err(Answer::Error),
        };
        let args = Args::of(values, 2, VALUES)?;
        match self.protocol(&args)? {
            protocol if protocol.is_service() => self.create_service(now, &args, out),
            _ if args.len() > 5 => Err(Answer::Error),
            Protocol::Udp => self.create_udp(&args, out),
            Protocol::Tcp => self.create_tcp(&args, out),
            _ => self.create_server(&args, out),
        }
    }

    fn open_sockets(&self) -> Answer {
        let line = |(channel, socket): (&Channel, &Socket)| {
            let peer = socket.peer.map_or(String::from("\"0.0.0.0\",0"), quoted);
            format!("+WIPCREATE: {channel},{},{peer}", socket.local)
        };
        let mut lines: Vec<_> = self.sockets.iter().map(line).collect();
        lines.extend(self.services.lines());
        Answer::Ok(lines)
    }

    /// Whether a socket can be made at this place.
    pub(crate) fn is_free(&self, channel: Channel) -> Read<()> {
        self.stack_is_up()?;
        if !self.bearers.is_started() {
            return Err(Answer::Cme(Code::BAD_STACK_STATE));
        }
        if self.sockets.contains_key(&channel) || self.services.has(channel) {
            return Err(Answer::Cme(Code::IN_USE));
        }
        if channel.protocol == Protocol::Tcp && self.is_reserved(channel.index) {
            return Err(Answer::Cme(Code::RESERVED));
        }
        Ok(())
    }

    /// Whether a server keeps this index for its connections. It does so until these are closed too.
    fn is_reserved(&self, index: u8) -> bool {
        self.ranges.iter().any(|range| (range.from..=range.to).contains(&index))
    }

    pub(crate) fn options(&self) -> Options {
        Options { ttl: self.stack.ttl(), tos: self.stack.tos(), ..Options::default() }
    }

    fn create_udp(&mut self, args: &Args<'_>, out: &mut impl Out) -> Read<Answer> {
        let channel = self.named(args)?;
        let local = args.optional(2)?.unwrap_or(0);
        let local = u16::try_from(local).map_err(|_| Answer::Cme(Code::BAD_PORT))?;
        let peer = match args.len() {
            2 | 3 => None,
            5 => Some((host(args, 3)?, args.port(4)?)),
            _ => return Err(Answer::Error),
        };
        self.is_free(channel)?;
        let mut socket = Socket::new(Phase::Opening, Unread::datagrams(), self.options());
        socket.bound = peer.is_some();
        self.sockets.insert(channel, socket);
        let peer = peer.as_ref().map(|(host, port)| (host.as_str(), *port));
        out.act(Action::Open { channel, local, peer });
        Ok(self.opening(channel))
    }

    fn create_tcp(&mut self, args: &Args<'_>, out: &mut impl Out) -> Read<Answer> {
        let channel = self.named(args)?;
        if args.len() != 4 {
            return Err(Answer::Error);
        }
        let (host, port) = (host(args, 2)?, args.port(3)?);
        self.is_free(channel)?;
        let socket = Socket::new(Phase::Opening, Unread::stream(), self.options());
        self.sockets.insert(channel, socket);
        out.act(Action::Open { channel, local: 0, peer: Some((&host, port)) });
        Ok(self.opening(channel))
    }

    pub(crate) fn opening(&mut self, channel: Channel) -> Answer {
        match self.rules.connect_error {
            ConnectError::InPlaceOfOk => {
                self.awaited = Awaited::Connection(channel);
                Answer::Waits
            }
            ConnectError::AfterOk | ConnectError::Named => ok(),
        }
    }

    fn create_server(&mut self, args: &Args<'_>, out: &mut impl Out) -> Read<Answer> {
        let channel = self.named(args)?;
        if args.len() != 5 {
            return Err(Answer::Error);
        }
        let port = args.port(2)?;
        let from = self.index(Protocol::Tcp, args.number(3)?)?;
        let to = self.index(Protocol::Tcp, args.number(4)?)?;
        if from > to {
            return Err(Answer::Cme(Code::BAD_INDEX));
        }
        self.is_free(channel)?;
        let taken =
            |index| self.is_reserved(index) || self.sockets.contains_key(&Channel::tcp(index));
        if (from..=to).any(taken) {
            return Err(Answer::Cme(Code::RESERVED));
        }
        let phase = Phase::Listening { from, to };
        self.ranges.push(Range { server: channel.index, from, to });
        let mut socket = Socket::new(phase, Unread::stream(), self.options());
        socket.local = port;
        self.sockets.insert(channel, socket);
        out.act(Action::Listen { channel, port });
        Ok(ok())
    }

    pub(crate) fn incoming(
        &mut self,
        server: Channel,
        local: u16,
        peer: SocketAddrV4,
        out: &mut impl Out,
    ) {
        let phase = self.sockets.get(&server).map(|socket| socket.phase);
        let Some(Phase::Listening { from, to }) = phase else { return out.act(Action::Decline) };
        let free = |index: &u8| !self.sockets.contains_key(&Channel::tcp(*index));
        let Some(index) = (from..=to).find(free) else { return out.act(Action::Decline) };
        let options = self.sockets.get(&server).map_or_else(|| self.options(), |own| own.options);
        let channel = Channel::tcp(index);
        let mut socket = Socket::new(Phase::Ready, Unread::stream(), options);
        (socket.local, socket.peer) = (local, Some(peer));
        socket.server = Some(server.index);
        self.sockets.insert(channel, socket);
        out.act(Action::Accept(channel));
        self.apply_options(channel, out);
        out.indicate(Indication::Line(format!("+WIPACCEPT: {},{index}", server.index)));
    }

    pub(crate) fn close_command(
        &mut self,
        act: &ExtendedAct<'_>,
        out: &mut impl Out,
    ) -> Read<Answer> {
        let values = match act {
            ExtendedAct::Set(values) => values,
            ExtendedAct::Test | ExtendedAct::Read => return Ok(ok()),
            ExtendedAct::Execute => return Err(Answer::Error),
        };
        let args = Args::of(values, 2, 2)?;
        let channel = self.named(&args)?;
        if channel.protocol.is_service() {
            return self.close_service(channel, out);
        }
        if self.sockets.remove(&channel).is_none() {
            return Err(Answer::Cme(Code::BAD_STATE));
        }
        self.forget_ranges();
        out.act(Action::Close(channel));
        if self.rules.session_close == SessionClose::All {
            out.indicate(Indication::Line(format!("+WIPPEERCLOSE: {channel}")));
        }
        Ok(ok())
    }

    /// Lets go of the indexes of servers that are closed, and all their connections too.
    pub(crate) fn forget_ranges(&mut self) {
        let sockets = &self.sockets;
        let is_server = |index| Channel { protocol: Protocol::Server, index };
        self.ranges.retain(|range| {
            sockets.contains_key(&is_server(range.server))
                || sockets.values().any(|socket| socket.server == Some(range.server))
        });
    }
}

/// Indexes that a server keeps for its connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    server: u8,
    from: u8,
    to: u8,
}

pub(crate) fn host(args: &Args<'_>, place: usize) -> Read<String> {
    let host = args.text(place)?;
    if host.is_empty() || host.len() > HOST {
        return Err(Answer::Cme(Code::BAD_VALUE));
    }
    Ok(host.trim().to_owned())
}

pub(crate) fn quoted(peer: SocketAddrV4) -> String {
    format!("\"{}\",{}", peer.ip(), peer.port())
}
