//! A caller of a module's server: he waits until he is on record, and then until the modem has said what
//! becomes of him.

use std::net::{SocketAddr, SocketAddrV4};
use std::task::{Context, Poll};

use at::result::Cause;
use carrier::{Call, Caller};
use modem::wip::{Channel, Event, Protocol, Transport};
use tracing::info;

use super::papers::patient;
use super::{Place, opening};
use crate::keeping::{Kept, NotKept};
use crate::record::Direction;
use crate::ticket::Ticket;

/// The one caller whom a line looks at.
pub(super) struct Offer {
    server: Channel,
    local: u16,
    pub(super) peer: SocketAddrV4,
    transport: Transport,
    pub(super) ticket: Box<Ticket>,
    stage: Stage,
}

enum Stage {
    /// He waits to be on record.
    Noting(Box<Caller>, Kept),
    /// The modem has been told of him.
    Told(Box<Call>),
    /// He is gone.
    Over,
}

impl Offer {
    /// Looks at a caller; nothing if he may not call.
    pub(super) fn of(
        server: Channel,
        caller: Caller,
        lets_in: impl Fn(SocketAddr) -> bool,
        place: &Place<'_>,
    ) -> Option<Self> {
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
        let mut ticket = place.ticket(Direction::In, peer.to_string());
        ticket.over = Some(peer.to_string());
        let kept = match ticket.keep(place.line, place.board.keeper().as_deref()) {
            Ok(Some(kept)) => Box::pin(patient(kept)) as Kept,
            Ok(None) => Box::pin(std::future::ready(Ok(()))),
            Err(NotKept) => Box::pin(std::future::ready(Err(NotKept))),
        };
        let stage = Stage::Noting(Box::new(caller), kept);
        let transport = if called { Transport::Raw } else { place.transport };
        Some(Self { server, local, peer: from, transport, ticket, stage })
    }

    /// Whether he can be told to the modem; an error once he is gone.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Event<'static>, Cause>> {
        let Stage::Noting(_, kept) = &mut self.stage else { return Poll::Pending };
        let Poll::Ready(kept) = kept.as_mut().poll(cx) else { return Poll::Pending };
        let Stage::Noting(caller, _) = std::mem::replace(&mut self.stage, Stage::Over) else {
            return Poll::Pending;
        };
        Poll::Ready(match kept {
            Err(NotKept) => {
                caller.refuse();
                Err(Cause::Unrecorded)
            }
            Ok(()) => match caller.answer(&opening::options(self.transport)) {
                Ok(call) => {
                    self.stage = Stage::Told(Box::new(call));
                    let Self { server, local, peer, .. } = *self;
                    Ok(Event::Incoming { server, local, peer })
                }
                Err(_) => Err(Cause::CallerGone),
            },
        })
    }

    /// The call, once the modem takes it, and its papers.
    pub(super) fn take(self) -> Option<(Call, Box<Ticket>)> {
        match self.stage {
            Stage::Told(call) => Some((*call, self.ticket)),
            Stage::Noting(..) | Stage::Over => None,
        }
    }
}
