//! `+WIPDATA`: the equipment has a socket, in one of two modes.

use std::net::SocketAddrV4;
use std::time::Duration;

use at::body::ExtendedAct;
use clock::Instant;

use crate::command::{Args, Read, ok};
use crate::create::quoted;
use crate::edsoft::EndedBy;
use crate::limits::{DATAGRAM, SEGMENT};
use crate::socket::{Known, Phase, Socket, Unread};
use crate::stack::GATHER_UNIT;
use crate::stuffing::{ETX, Piece, Unstuffer, stuff};
use crate::{
    Action, Answer, Channel, Code, Dialect, Indication, Out, PeerClose, Protocol, Quoted, Shutdown,
    Wip,
};

/// Bytes of one datagram in the transparent mode, unless the command says otherwise.
const PACKET: u32 = 1020;
/// How long they are gathered, in units of [`GATHER_UNIT`].
const PACKET_WAIT: u32 = 2;

/// The socket that the equipment has.
#[derive(Clone, Debug)]
pub(crate) struct Mapped {
    pub(crate) channel: Channel,
    mode: Mode,
    /// Bytes of the equipment that are not sent yet,
    gathered: Vec<u8>,
    /// and when they are.
    pub(crate) until: Option<Instant>,
    escape: Escape,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode {
    /// ETX means something.
    Stuffed(Unstuffer),
    /// Nothing does. Datagrams are cut by size and time.
    Transparent { packet: usize, wait: Duration },
}

/// Whether the equipment may be about to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    No,
    Begun,
}

impl Wip {
    pub(crate) fn data_command(&mut self, act: &ExtendedAct<'_>) -> Read<Answer> {
        let values = match act {
            ExtendedAct::Set(values) => values,
            ExtendedAct::Test => return Ok(ok()),
            ExtendedAct::Read => return Ok(self.pending()),
            ExtendedAct::Execute => return Err(Answer::Error),
        };
        let args = Args::of(values, 3, 5)?;
        let channel = self.named(&args)?;
        if !matches!(channel.protocol, Protocol::Udp | Protocol::Tcp) {
            return Err(Answer::Cme(Code::BAD_PROTOCOL));
        }
        let mode = self.mode(channel, &args)?;
        match self.sockets.get(&channel) {
            Some(Socket { phase: Phase::Reset, .. }) => Err(Answer::Cme(Code::RESET)),
            Some(socket) if socket.is_usable() => {
                // A line has one port: what isn't mapped can't be unmapped from elsewhere.
                let Some(mode) = mode else { return Ok(ok()) };
                let mapped = Mapped::new(channel, mode);
                self.last = Some((channel, mode));
                self.mapped = Some(Box::new(mapped));
                Ok(Answer::Data)
            }
            _ => Err(Answer::Cme(Code::BAD_STATE)),
        }
    }

    /// `ATO`: back to the socket that the equipment had last, if it is still there.
    pub fn resume(&mut self) -> Option<Answer> {
        let (channel, mode) = self.last?;
        self.sockets.get(&channel).filter(|socket| socket.is_usable())?;
        self.mapped = Some(Box::new(Mapped::new(channel, mode)));
        Some(Answer::Data)
    }

    /// Gives the equipment the first socket.
    pub(crate) fn map_first(&mut self) {
        let mode = match self.edsoft.is_stuffed() {
            true => Mode::Stuffed(Unstuffer::default()),
            false => Mode::Transparent { packet: SEGMENT, wait: Duration::ZERO },
        };
        self.mapped = Some(Box::new(Mapped::new(Channel::tcp(1), mode)));
    }

    fn mode(&self, channel: Channel, args: &Args<'_>) -> Read<Option<Mode>> {
        let mode = args.number(2)?;
        let cuts = mode == 2 && channel.protocol == Protocol::Udp;
        if args.len() > 3 && !cuts {
            return Err(Answer::Error);
        }
        let packet = args.bounded(3, 8, 1460, PACKET)?;
        let wait = GATHER_UNIT * args.bounded(4, 1, 100, PACKET_WAIT)?;
        match mode {
            0 => Ok(None),
            1 => Ok(Some(Mode::Stuffed(Unstuffer::default()))),
            2 => Ok(Some(Mode::Transparent { packet: packet as usize, wait })),
            _ => Err(Answer::Cme(Code::BAD_VALUE)),
        }
    }

    /// What there is to be read, as it was indicated.
    fn pending(&self) -> Answer {
        let unread = self.sockets.iter().filter(|(_, socket)| !socket.unread.is_empty());
        Answer::Ok(unread.map(|(channel, socket)| self.unread_line(*channel, socket)).collect())
    }

    fn unread_line(&self, channel: Channel, socket: &Socket) -> String {
        let length = socket.unread.len();
        let from = match &socket.unread {
            Unread::Datagrams(all) => all.front().map(|(from, _)| *from),
            Unread::Stream(_) => None,
        };
        match (from, self.rules.quoted_address) {
            (None, _) => format!("+WIPDATA: {channel},{length}"),
            (Some(from), Quoted::Yes) => format!("+WIPDATA: {channel},{length},{}", quoted(from)),
            (Some(from), Quoted::No) => {
                format!("+WIPDATA: {channel},{length},{},{}", from.ip(), from.port())
            }
        }
    }

    /// `CONNECT` was said: what came before follows.
    pub fn connected(&mut self, out: &mut impl Out) {
        if self.mapped.is_none() {
            return self.file_connected(out);
        }
        let Some(channel) = self.mapped() else { return };
        let Some(socket) = self.sockets.get_mut(&channel) else { return };
        socket.told = false;
        let closed = matches!(socket.phase, Phase::PeerClosed(_));
        match &mut socket.unread {
            Unread::Stream(bytes) => {
                let bytes = Vec::from(std::mem::take(bytes));
                self.to_equipment(&bytes, out);
            }
            Unread::Datagrams(all) => {
                for (_, bytes) in std::mem::take(all) {
                    self.to_equipment(&bytes, out);
                }
            }
        }
        if closed && self.is_edsoft() {
            self.connection_ended(EndedBy::Peer, out);
        } else if closed {
            self.say_shutdown(out);
        }
    }

    /// Passes data of a socket to the equipment, which has it.
    fn to_equipment(&self, bytes: &[u8], out: &mut impl Out) {
        let Some(mapped) = &self.mapped else { return };
        match mapped.mode {
            Mode::Transparent { .. } => out.data(bytes),
            Mode::Stuffed(_) => {
                let mut stuffed = Vec::with_capacity(bytes.len() + bytes.len() / 16 + 8);
                stuff(bytes, &mut stuffed);
                if mapped.channel.protocol == Protocol::Udp {
                    stuffed.push(ETX);
                }
                out.data(&stuffed);
            }
        }
    }

    pub(crate) fn data(&mut self, channel: Channel, bytes: &[u8], out: &mut impl Out) {
        let mapped = self.has_mapped(channel);
        let Some(socket) = self.sockets.get_mut(&channel) else { return };
        if mapped {
            return self.to_equipment(bytes, out);
        }
        socket.unread.push(bytes);
        self.indicate_unread(channel, out);
    }

    pub(crate) fn datagram(
        &mut self,
        channel: Channel,
        from: SocketAddrV4,
        bytes: &[u8],
        out: &mut impl Out,
    ) {
        let mapped = self.has_mapped(channel);
        let Some(socket) = self.sockets.get_mut(&channel) else { return };
        if mapped {
            return self.to_equipment(bytes, out);
        }
        socket.unread.push_datagram(from, bytes);
        self.indicate_unread(channel, out);
    }

    /// Once for each time that the equipment has read.
    fn indicate_unread(&mut self, channel: Channel, out: &mut impl Out) {
        let Some(socket) = self.sockets.get_mut(&channel) else { return };
        if self.rules.dialect == Dialect::Wip
            && !std::mem::replace(&mut socket.told, true)
            && let Some(socket) = self.sockets.get(&channel)
        {
            out.indicate(Indication::Line(self.unread_line(channel, socket)));
        }
    }

    /// Bytes of the equipment, which has a socket.
    pub fn equipment(&mut self, now: Instant, bytes: &[u8], out: &mut impl Out) {
        let Some(mut mapped) = self.mapped.take() else { return self.file_bytes(now, bytes, out) };
        let channel = mapped.channel;
        let gathering = self.stack.gathering();
        if let Some(socket) = self.sockets.get_mut(&channel) {
            mapped.take(bytes, socket, out);
            mapped.wait(now, gathering, out);
        }
        let ended = self.sockets.get(&channel).is_some_and(|socket| socket.shut);
        self.mapped = Some(mapped);
        if ended && self.is_edsoft() {
            self.connection_ended(EndedBy::Equipment, out);
        }
    }

    /// Sends what was gathered for long enough.
    pub(crate) fn gathered(&mut self, now: Instant, out: &mut impl Out) {
        if let Some(mapped) = &mut self.mapped
            && mapped.until.is_some_and(|until| until <= now)
        {
            mapped.send(out);
        }
    }

    /// The equipment may be about to leave: what it is told of a peer that closes waits until that is clear.
    pub fn escape_begun(&mut self) {
        if let Some(mapped) = &mut self.mapped {
            mapped.escape = Escape::Begun;
        }
    }

    /// The equipment goes on.
    pub fn escape_forgotten(&mut self, out: &mut impl Out) {
        let Some(mapped) = &mut self.mapped else { return };
        if std::mem::replace(&mut mapped.escape, Escape::No) == Escape::No {
            return;
        }
        let phase = self.sockets.get(&mapped.channel).map(|socket| socket.phase);
        if phase == Some(Phase::PeerClosed(Known::No)) {
            self.say_shutdown(out);
        }
    }

    /// The equipment leaves its socket; the lines are for it, in front of `OK`.
    pub fn leave(&mut self, now: Instant, out: &mut impl Out) -> Vec<String> {
        let Some(mut mapped) = self.mapped.take() else {
            self.leave_file(now, out);
            return Vec::new();
        };
        mapped.send(out);
        let always = self.rules.peer_close == PeerClose::Always;
        let Some(socket) = self.sockets.get_mut(&mapped.channel) else { return Vec::new() };
        let tells = match socket.phase {
            Phase::PeerClosed(Known::No) => true,
            Phase::PeerClosed(Known::Yes) => always,
            _ => false,
        };
        if !tells {
            return Vec::new();
        }
        socket.phase = Phase::PeerClosed(Known::Yes);
        vec![format!("+WIPPEERCLOSE: {}", mapped.channel)]
    }

    /// Tells equipment that has the socket of a peer that has closed.
    pub(crate) fn say_shutdown(&mut self, out: &mut impl Out) {
        let Some(mapped) = &self.mapped else { return };
        let Some(socket) = self.sockets.get_mut(&mapped.channel) else { return };
        if mapped.escape == Escape::Begun {
            socket.phase = Phase::PeerClosed(Known::No);
            return;
        }
        socket.phase = Phase::PeerClosed(Known::Yes);
        let stuffed = matches!(mapped.mode, Mode::Stuffed(_));
        if stuffed && self.rules.shutdown == Shutdown::BehindEtx {
            out.data(&[ETX]);
        }
        out.shutdown();
    }

    /// Takes the socket from the equipment.
    pub(crate) fn drop_mapped(&mut self, code: Code, out: &mut impl Out) {
        let Some(mapped) = self.mapped.take() else { return };
        if matches!(mapped.mode, Mode::Stuffed(_)) {
            out.data(&[ETX]);
        }
        out.abort(code);
    }
}

impl Mapped {
    fn new(channel: Channel, mode: Mode) -> Self {
        Self { channel, mode, gathered: Vec::new(), until: None, escape: Escape::No }
    }

    fn take(&mut self, mut bytes: &[u8], socket: &mut Socket, out: &mut impl Out) {
        let Mode::Stuffed(mut unstuffer) = self.mode else {
            return self.gather(bytes, socket, out);
        };
        while let Some(piece) = unstuffer.next(&mut bytes) {
            match piece {
                Piece::Data(data) => self.gather(data, socket, out),
                Piece::End => {
                    self.send(out);
                    if self.channel.protocol == Protocol::Tcp && !socket.shut {
                        socket.shut = true;
                        out.act(Action::Shut(self.channel));
                    }
                }
            }
        }
        self.mode = Mode::Stuffed(unstuffer);
    }

    /// Adds data, and sends what is enough for one packet.
    fn gather(&mut self, mut bytes: &[u8], socket: &Socket, out: &mut impl Out) {
        // Behind its own end, and without a peer, nothing can be sent.
        if socket.shut || !socket.bound {
            return;
        }
        let most = self.most();
        while !bytes.is_empty() {
            let room = most.saturating_sub(self.gathered.len());
            let (fits, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.gathered.extend_from_slice(fits);
            bytes = rest;
            if self.gathered.len() >= most {
                self.send(out);
            }
        }
    }

    fn most(&self) -> usize {
        match (self.channel.protocol, self.mode) {
            (Protocol::Udp, Mode::Stuffed(_)) => DATAGRAM,
            (Protocol::Udp, Mode::Transparent { packet, .. }) => packet,
            _ => SEGMENT,
        }
    }

    /// Sends what was gathered, at once or after a while without more.
    fn wait(&mut self, now: Instant, gathering: Duration, out: &mut impl Out) {
        if self.gathered.is_empty() {
            self.until = None;
            return;
        }
        let wait = match (self.channel.protocol, self.mode) {
            // Its ETX ends it.
            (Protocol::Udp, Mode::Stuffed(_)) => return,
            (Protocol::Udp, Mode::Transparent { wait, .. }) => wait,
            _ => gathering,
        };
        if wait.is_zero() { self.send(out) } else { self.until = Some(now + wait) }
    }

    fn send(&mut self, out: &mut impl Out) {
        self.until = None;
        let gathered = std::mem::take(&mut self.gathered);
        if !gathered.is_empty() {
            out.act(Action::Send { channel: self.channel, bytes: &gathered });
        }
    }
}
