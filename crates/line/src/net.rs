//! The sockets of a line that is a module with TCP/IP commands.
//!
//! What the modem wants done is done here, as far as it can be done at once; what comes of it and of the far
//! ends is taken by [`Net::poll`], an event at a time.

mod host;
mod offer;
mod opening;
mod papers;
mod ping;
mod socket;

use std::collections::{BTreeMap, VecDeque};
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::task::{Context, Poll};

use at::result::Cause;
use carrier::{AccessList, ListenOptions, Listener};
use clock::Instant;
use modem::Modem;
use modem::wip::{Action, Channel, Event, Failure, Protocol, Transport};
use tracing::{debug, info};

use self::offer::Offer;
use self::papers::Papers;
use self::ping::Pinger;
use self::socket::{Happened, Socket, Stream};
use crate::placing;
use crate::shared::Shared;
use crate::switchboard::Board;
use crate::ticket::Carried;

/// The sockets of a line; nothing for one that has none.
#[derive(Default)]
pub(crate) struct Net(Option<Box<Sockets>>);

/// What sockets are made with.
pub(crate) struct Place<'p> {
    pub(crate) line: &'p str,
    pub(crate) board: &'p Board,
    pub(crate) shared: &'p Shared,
    /// Who may be talked to.
    pub(crate) access: Arc<AccessList>,
    pub(crate) transport: Transport,
}

#[derive(Default)]
struct Sockets {
    open: BTreeMap<Channel, Socket>,
    papers: Papers,
    pinger: Option<Pinger>,
    /// A caller of a server, until the modem has said what becomes of him.
    offered: Option<Box<Offer>>,
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

    /// Sockets that are closed from now on are closed for this reason, or because the equipment says so.
    pub(crate) fn set_closing(&mut self, cause: Option<Cause>) {
        if let Some(sockets) = &mut self.0 {
            sockets.papers.closing = cause;
        }
    }

    /// Tells the records how much each socket has carried.
    pub(crate) fn count(&self) {
        if let Some(sockets) = &self.0 {
            sockets.papers.count(|channel| sockets.open.get(&channel));
        }
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
                let peer = self.offered.as_ref().map(|offer| offer.peer.into());
                if let Some((call, ticket)) = self.offered.take().and_then(|offer| offer.take()) {
                    info!(line = place.line, socket = %channel, call = ticket.id, "takes {}", call.peer());
                    let socket = Socket::Stream(Box::new(Stream::new(call)));
                    self.papers.taken(channel, ticket);
                    self.papers.connected(channel, &socket, peer);
                    self.open.insert(channel, socket);
                }
            }
            Action::Decline => {
                if let Some(offer) = self.offered.take() {
                    let nothing = Carried::default();
                    place.file(offer.ticket.close_with(place.line, Cause::LineInUse, nothing));
                }
            }
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
        let to =
            peer.map_or_else(|| format!("port {local}"), |(host, port)| format!("{host}:{port}"));
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
        let opening = self.papers.begin(place, channel, to, opening);
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
        self.papers.close(place, channel, &socket);
        if let Socket::Stream(stream) = socket {
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
        if let Some(event) = self.poll_offer(cx, place) {
            return Poll::Ready(event);
        }
        let turn = self.turn;
        let behind = self.open.keys().copied().filter(|channel| Some(*channel) > turn);
        let before = self.open.keys().copied().filter(|channel| Some(*channel) <= turn);
        let order: Vec<Channel> = behind.chain(before).collect();
        for channel in order {
            let Some(socket) = self.open.get_mut(&channel) else { continue };
            if let Socket::Server(listener) = socket {
                while self.offered.is_none()
                    && let Poll::Ready(Ok(caller)) = listener.poll_accept(cx)
                {
                    self.offered = Offer::of(channel, caller, &lets_in, place).map(Box::new);
                }
                continue;
            }
            let moved = socket.poll(cx, channel, buffer, welcome(channel), place);
            if let Poll::Ready(happened) = moved {
                self.turn = Some(channel);
                match &happened {
                    Happened::Failed(failure, cause) => {
                        self.open.remove(&channel);
                        self.papers.end(place, channel, *cause, None);
                        return Poll::Ready(Event::Failed { channel, failure: *failure });
                    }
                    Happened::Opened(_, peer) => {
                        self.papers.connected(channel, socket, peer.map(SocketAddr::V4));
                    }
                    Happened::Finished => self.papers.ended(channel),
                    Happened::Broken(cause) => {
                        self.papers.end(place, channel, *cause, Some(socket));
                    }
                    Happened::Data(_) | Happened::Datagram(..) => {}
                }
                return Poll::Ready(happened.event(channel, buffer));
            }
        }
        // A caller who has just come may be on record already.
        self.poll_offer(cx, place).map_or(Poll::Pending, Poll::Ready)
    }

    /// The caller of a server, once he is on record.
    fn poll_offer(&mut self, cx: &mut Context<'_>, place: &Place<'_>) -> Option<Event<'static>> {
        let Poll::Ready(noted) = self.offered.as_mut()?.poll(cx) else { return None };
        match noted {
            Ok(event) => Some(event),
            Err(cause) => {
                if let Some(offer) = self.offered.take() {
                    place.file(offer.ticket.close_with(place.line, cause, Carried::default()));
                }
                cx.waker().wake_by_ref();
                None
            }
        }
    }
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
