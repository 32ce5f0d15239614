//! The sockets of a line that is a module with TCP/IP commands.
//!
//! What the modem wants done is done here, as far as it can be done at once; what comes of it and of the far
//! ends is taken by [`Net::poll`], an event at a time.

mod host;
mod opening;
mod ping;
mod socket;

use std::collections::{BTreeMap, VecDeque};
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::task::{Context, Poll};

use carrier::{AccessList, Call, Caller, ListenOptions, Listener};
use clock::Instant;
use modem::Modem;
use modem::wip::{Action, Channel, Event, Failure, Protocol, Transport};
use tracing::{debug, info};

use self::ping::Pinger;
use self::socket::{Socket, Stream};
use crate::placing;
use crate::switchboard::Board;

/// The sockets of a line; nothing for one that has none.
#[derive(Default)]
pub(crate) struct Net(Option<Box<Sockets>>);

/// What sockets are made with.
pub(crate) struct Place<'p> {
    pub(crate) line: &'p str,
    pub(crate) board: &'p Board,
    /// Who may be talked to.
    pub(crate) access: Arc<AccessList>,
    pub(crate) transport: Transport,
}

#[derive(Default)]
struct Sockets {
    open: BTreeMap<Channel, Socket>,
    pinger: Option<Pinger>,
    /// A caller of a server, until the modem has said what becomes of him.
    offered: Option<Box<Call>>,
    /// What is known at once, and told with the next look.
    known: VecDeque<Known>,
    /// The largest segment of connections that are made from now on, where the equipment has chosen one.
    segment: Option<u16>,
    /// The socket that is looked at first, so that a busy one doesn't keep the others waiting.
    turn: Option<Channel>,
}

/// News without bytes.
#[derive(Clone, Copy, Debug)]
enum Known {
    Started,
    Failed(Channel, Failure),
    Opened(Channel, u16),
    Awaiting(Channel, SocketAddrV4),
}

/// What is welcome just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Welcome {
    /// Nothing.
    Nothing,
    /// As much as may wait for the equipment to ask for it.
    Kept,
    /// As much as it takes.
    Passed,
}

impl Net {
    /// Does what the modem wants done with its sockets.
    pub(crate) fn act(&mut self, place: &Place<'_>, action: Action<'_>) {
        let sockets = match (&mut self.0, action) {
            (None, Action::Close(_) | Action::NoPing | Action::Decline) => return,
            (sockets, _) => sockets.get_or_insert_default(),
        };
        sockets.act(place, action);
    }

    /// Whether there ever was a socket.
    pub(crate) const fn is_used(&self) -> bool {
        self.0.is_some()
    }

    /// Whether more of the equipment's bytes can be taken for the socket that it has.
    pub(crate) fn has_room_for(&self, modem: &Modem) -> bool {
        let socket = self.0.as_ref().zip(modem.mapped()).and_then(|(all, at)| all.open.get(&at));
        socket.is_none_or(Socket::has_room)
    }

    /// When [`Net::due`] wants to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let sockets = self.0.as_ref()?;
        sockets.open.values().filter_map(Socket::deadline).min()
    }

    /// The deadline is reached.
    pub(crate) fn due(&mut self, now: Instant) {
        for socket in self.0.iter_mut().flat_map(|sockets| sockets.open.values_mut()) {
            socket.due(now);
        }
    }

    /// The next thing that happened. Bytes are in `buffer`.
    pub(crate) fn poll<'b>(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &'b mut [u8],
        welcome: impl Fn(Channel) -> Welcome,
        lets_in: impl Fn(SocketAddr) -> bool,
        place: &Place<'_>,
    ) -> Poll<Event<'b>> {
        match &mut self.0 {
            Some(sockets) => sockets.poll(cx, buffer, welcome, lets_in, place),
            None => Poll::Pending,
        }
    }
}

impl Sockets {
    fn act(&mut self, place: &Place<'_>, action: Action<'_>) {
        match action {
            Action::Start => self.known.push_back(Known::Started),
            Action::Open { channel, local, peer } => self.open(place, channel, local, peer),
            Action::Listen { channel, port } => self.listen(place, channel, port),
            Action::Await { channel, beside } => self.wait_for_one(place, channel, beside),
            Action::Accept(channel) => {
                if let Some(call) = self.offered.take() {
                    info!(line = place.line, socket = %channel, "takes {}", call.peer());
                    self.open.insert(channel, Socket::Stream(Box::new(Stream::new(*call))));
                }
            }
            Action::Decline => self.offered = None,
            Action::Send { channel, bytes } => {
                if let Some(socket) = self.open.get_mut(&channel) {
                    socket.send(bytes);
                }
            }
            Action::Shut(channel) => {
                if let Some(socket) = self.open.get_mut(&channel) {
                    socket.shut();
                }
            }
            Action::Close(channel) => self.close(place, channel),
            Action::Set { channel, setting } => {
                if let Some(socket) = self.open.get(&channel)
                    && let Err(error) = socket.set(setting)
                {
                    debug!(line = place.line, socket = %channel, "{setting:?}: {error}");
                }
            }
            Action::Ping(ping) => self.pinger = Some(Pinger::new(&ping, &place.access)),
            Action::NoPing => self.pinger = None,
            Action::Segment(bytes) => self.segment = Some(bytes),
        }
    }

    fn open(&mut self, place: &Place<'_>, channel: Channel, local: u16, peer: Option<(&str, u16)>) {
        let to = peer.map_or_else(|| "anybody".into(), |(host, port)| format!("{host}:{port}"));
        info!(line = place.line, socket = %channel, "opens a socket to {to}");
        let peer = peer.map(|(host, port)| (host.to_owned(), port));
        let access = Arc::clone(&place.access);
        let opening = match (channel.protocol, peer) {
            (Protocol::Tcp, Some((host, port))) => {
                opening::stream(host, port, access, place.transport, self.segment)
            }
            (protocol, Some((host, port))) if protocol.is_service() => {
                opening::stream(host, port, access, Transport::Raw, self.segment)
            }
            (_, peer) => opening::datagrams(local, peer, access),
        };
        self.open.insert(channel, Socket::Opening(opening));
    }

    fn listen(&mut self, place: &Place<'_>, channel: Channel, port: u16) {
        let anywhere = SocketAddr::from(([0, 0, 0, 0], port));
        let options =
            ListenOptions { socket: opening::socket(self.segment), ..ListenOptions::default() };
        match Listener::tcp(anywhere, &options) {
            Ok(listener) => {
                let local = listener.local();
                info!(line = place.line, socket = %channel, "listens at {local}");
                let port = local.socket_addr().map_or(port, |at| at.port());
                self.open.insert(channel, Socket::Server(Box::new(listener)));
                self.known.push_back(Known::Opened(channel, port));
            }
            Err(error) => {
                info!(line = place.line, socket = %channel, "{error}");
                self.known.push_back(Known::Failed(channel, Failure::Port));
            }
        }
    }

    /// Listens where another connection goes from, for one of the same peer.
    fn wait_for_one(&mut self, place: &Place<'_>, channel: Channel, beside: Channel) {
        let own = match self.open.get(&beside) {
            Some(Socket::Stream(stream)) => stream.call.local().socket_addr(),
            _ => None,
        };
        let options =
            ListenOptions { socket: opening::socket(self.segment), ..ListenOptions::default() };
        let listener = own.and_then(|own| {
            let listener = Listener::tcp(SocketAddr::new(own.ip(), 0), &options);
            listener.map_err(|error| info!(line = place.line, socket = %channel, "{error}")).ok()
        });
        let at = listener.as_ref().and_then(|listener| listener.local().socket_addr());
        let (Some(listener), Some(SocketAddr::V4(at))) = (listener, at) else {
            return self.known.push_back(Known::Failed(channel, Failure::Port));
        };
        info!(line = place.line, socket = %channel, "waits for the server's connection at {at}");
        self.open.insert(channel, Socket::Server(Box::new(listener)));
        self.known.push_back(Known::Awaiting(channel, at));
    }

    /// The last bytes still go out.
    fn close(&mut self, place: &Place<'_>, channel: Channel) {
        let Some(socket) = self.open.remove(&channel) else { return };
        if let Socket::Stream(stream) = socket {
            let counts = stream.call.counts();
            info!(
                line = place.line,
                socket = %channel,
                sent = counts.sent,
                received = counts.received,
                "closes the socket"
            );
            let Stream { call, pending, .. } = *stream;
            placing::let_go(place.board, call, pending);
        }
    }

    fn poll<'b>(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &'b mut [u8],
        welcome: impl Fn(Channel) -> Welcome,
        lets_in: impl Fn(SocketAddr) -> bool,
        place: &Place<'_>,
    ) -> Poll<Event<'b>> {
        if let Some(known) = self.known.pop_front() {
            return Poll::Ready(known.event());
        }
        if let Some(pinger) = &mut self.pinger
            && let Poll::Ready(answer) = pinger.poll(cx)
        {
            if pinger.is_done() {
                self.pinger = None;
            }
            return Poll::Ready(answer);
        }
        let turn = self.turn;
        let behind = self.open.keys().copied().filter(|channel| Some(*channel) > turn);
        let before = self.open.keys().copied().filter(|channel| Some(*channel) <= turn);
        let order: Vec<Channel> = behind.chain(before).collect();
        for channel in order {
            let Some(socket) = self.open.get_mut(&channel) else { continue };
            if let Socket::Server(listener) = socket {
                while let Poll::Ready(Ok(caller)) = listener.poll_accept(cx) {
                    if let Some(event) = offer(&mut self.offered, channel, caller, &lets_in, place)
                    {
                        return Poll::Ready(event);
                    }
                }
                continue;
            }
            let moved = socket.poll(cx, channel, buffer, welcome(channel), place);
            if let Poll::Ready(happened) = moved {
                self.turn = Some(channel);
                if let socket::Happened::Failed(failure) = happened {
                    self.open.remove(&channel);
                    return Poll::Ready(Event::Failed { channel, failure });
                }
                return Poll::Ready(happened.event(channel, buffer));
            }
        }
        Poll::Pending
    }
}

/// Has the modem decide about a caller of a server.
fn offer(
    offered: &mut Option<Box<Call>>,
    server: Channel,
    caller: Caller,
    lets_in: impl Fn(SocketAddr) -> bool,
    place: &Place<'_>,
) -> Option<Event<'static>> {
    let peer = caller.peer().socket_addr()?;
    let local = caller.local().socket_addr().map_or(0, |at| at.port());
    let SocketAddr::V4(from) = peer else { return None };
    // A server that we have called is asked to call back: the modem looks whether it is the one.
    let called = server.protocol == Protocol::FtpData;
    if !called && !lets_in(peer) {
        info!(line = place.line, socket = %server, "turned away {peer}: the access list forbids it");
        caller.refuse();
        return None;
    }
    let transport = if called { Transport::Raw } else { place.transport };
    let call = caller.answer(&opening::options(transport)).ok()?;
    *offered = Some(Box::new(call));
    Some(Event::Incoming { server, local, peer: from })
}

impl Known {
    fn event(self) -> Event<'static> {
        match self {
            Self::Started => Event::Started(host::addresses()),
            Self::Awaiting(channel, at) => Event::Awaiting { channel, at },
            Self::Failed(channel, failure) => Event::Failed { channel, failure },
            Self::Opened(channel, local) => {
                Event::Opened { channel, local, peer: None::<SocketAddrV4> }
            }
        }
    }
}
