//! The papers of sockets: each connection, and each socket for datagrams, is a call of its own and on record
//! as the line's calls are. Servers are none; those whom they accept are.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use at::result::Cause;
use carrier::Counts;
use modem::wip::{Channel, Failure};
use tracing::info;

use super::Place;
use super::opening::{NoSocket, Opening};
use super::socket::Socket;
use crate::keeping::{Kept, NotKept};
use crate::limits;
use crate::record::{CallRecord, Direction};
use crate::ticket::Ticket;

/// The papers of all sockets that have some.
#[derive(Default)]
pub(super) struct Papers {
    open: BTreeMap<Channel, Paper>,
    /// Why all are closed that are closed now, if not because the equipment has said so.
    pub(super) closing: Option<Cause>,
}

struct Paper {
    ticket: Box<Ticket>,
    /// The far end has sent its last.
    ended: Option<Cause>,
}

impl Papers {
    /// A socket is wanted: it is opened once that is on record.
    pub(super) fn begin(
        &mut self,
        place: &Place<'_>,
        channel: Channel,
        party: String,
        opening: Opening,
    ) -> Opening {
        let mut ticket = place.ticket(Direction::Out, party);
        info!(line = place.line, socket = %channel, call = ticket.id, "opens a socket to {}", ticket.party);
        ticket.is_told();
        let kept = ticket.keep(place.line, place.board.keeper().as_deref());
        self.open.insert(channel, Paper { ticket, ended: None });
        match kept {
            Ok(None) => opening,
            Ok(Some(kept)) => Box::pin(async move {
                patient(kept).await.map_err(unrecorded)?;
                opening.await
            }),
            Err(NotKept) => Box::pin(std::future::ready(Err(unrecorded(NotKept)))),
        }
    }

    /// The peer was reached, or the caller was taken.
    pub(super) fn connected(
        &mut self,
        channel: Channel,
        socket: &Socket,
        peer: Option<SocketAddr>,
    ) {
        let Some(paper) = self.open.get_mut(&channel) else { return };
        paper.ticket.over = peer.map(|peer| peer.to_string());
        match socket {
            Socket::Stream(stream) => paper.ticket.connect(&stream.call),
            _ => paper.ticket.connect_over("udp"),
        }
    }

    /// A caller was taken, with the papers that he came with.
    pub(super) fn taken(&mut self, channel: Channel, ticket: Box<Ticket>) {
        self.open.insert(channel, Paper { ticket, ended: None });
    }

    /// The far end sends no more.
    pub(super) fn ended(&mut self, channel: Channel) {
        if let Some(paper) = self.open.get_mut(&channel) {
            paper.ended = Some(Cause::RemoteHangUp);
        }
    }

    /// A socket is no more, for this reason.
    pub(super) fn end(
        &mut self,
        place: &Place<'_>,
        channel: Channel,
        cause: Cause,
        socket: Option<&Socket>,
    ) {
        if let Some(Paper { ticket, .. }) = self.open.remove(&channel) {
            let carried = socket.map(Socket::carried).unwrap_or_default();
            place.file(ticket.close_with(place.line, cause, carried));
        }
    }

    /// A socket is closed.
    pub(super) fn close(&mut self, place: &Place<'_>, channel: Channel, socket: &Socket) {
        let ended = self.open.get(&channel).and_then(|paper| paper.ended);
        let cause = ended.or(self.closing).unwrap_or(Cause::LocalHangUp);
        self.end(place, channel, cause, Some(socket));
    }

    /// Tells how much each socket has carried so far.
    pub(super) fn count<'s>(&self, socket: impl Fn(Channel) -> Option<&'s Socket>) {
        for (channel, paper) in &self.open {
            if let Some(socket) = socket(*channel) {
                paper.ticket.count(socket.counts());
            }
        }
    }
}

impl Place<'_> {
    /// The papers of a socket that begins.
    pub(super) fn ticket(&self, direction: Direction, party: String) -> Box<Ticket> {
        Ticket::new(self.line, &self.shared.call_number, direction, party)
    }

    /// Keeps what is known of a socket that is no more.
    pub(super) fn file(&self, record: CallRecord) {
        let counts = Counts { sent: record.sent, received: record.received };
        self.board.tally.add(record.direction.word(), record.cause.code(), counts);
        self.shared.remember(record);
    }
}

/// Waits until something is on record, for as long as a disk may take.
pub(super) async fn patient(kept: Kept) -> Result<(), NotKept> {
    tokio::time::timeout(limits::RECORD, kept).await.unwrap_or(Err(NotKept))
}

fn unrecorded(_: NotKept) -> NoSocket {
    NoSocket {
        failure: Failure::Resources,
        cause: Cause::Unrecorded,
        why: "it can't be put on record".into(),
    }
}
