//! The course of one call: from its greeting to its line in the log.

use std::process::ExitStatus;
use std::sync::Arc;

use carrier::Call;
use tty::Grace;

use crate::call::{CallEnd, status_words};
use crate::callback::Callbacks;
use crate::config::Parity;
use crate::in_force::Settings;
use crate::limits;
use crate::login::{Desk, Guest, Login};
use crate::origin::Over;
use crate::registry::Entry;
use crate::service::{self, Left, Serving};
use crate::shared::{Closing, Direction, Shared};
use crate::wait::{First, both, first};

impl Shared {
    /// One call that came in or that the exchange has made, from its greeting to its line in the log.
    ///
    /// No async fn: that would keep room for its arguments twice, as long as the call lasts.
    pub(crate) fn run(
        self: Arc<Self>,
        mut call: Box<Call>,
        parity: Parity,
        mut entry: Box<Entry>,
        direction: Direction,
    ) -> impl Future<Output = CallEnd> + Send {
        let settings = self.settings();
        async move {
            if let Err(end) = Box::pin(entry.is_kept()).await {
                return Box::pin(self.not_taken(call, end, entry, &settings)).await;
            }
            // Boxed, so that each stage's memory is there for as long as the stage lasts.
            let desk = Desk { settings: &settings, guard: &self.guard, direction: &direction };
            let login = Login::new(desk, &mut call, &mut entry, parity).run();
            let left = match Box::pin(login).await {
                Err(end) => {
                    self.offended(&settings, entry.origin(), end);
                    end.into()
                }
                Ok(guest) => {
                    entry.is_known();
                    self.serve(&settings, &mut call, &mut entry, guest).await
                }
            };
            Box::pin(self.finish(call, left, entry, &settings)).await
        }
    }

    #[expect(clippy::boxed_local, reason = "unboxed by a future, its box would stay with the call")]
    fn serve<'a>(
        self: &Arc<Self>,
        settings: &'a Settings,
        call: &'a mut Call,
        entry: &'a mut Entry,
        guest: Box<Guest>,
    ) -> Serving<'a> {
        let wants = guest.who.wants_callback();
        let turn = if wants { Callbacks::turn(self, &guest.who.account) } else { None };
        service::serve(settings, call, entry, *guest, turn, self.attendant())
    }

    /// One call whose caller is known already, from its program's start to its line in the log.
    pub(crate) fn run_identified(
        self: Arc<Self>,
        mut call: Box<Call>,
        guest: Box<Guest>,
        mut entry: Box<Entry>,
    ) -> impl Future<Output = CallEnd> + Send {
        let settings = self.settings();
        async move {
            if let Err(end) = Box::pin(entry.is_kept()).await {
                return Box::pin(self.not_taken(call, end, entry, &settings)).await;
            }
            entry.is_known();
            let left = self.serve(&settings, &mut call, &mut entry, guest).await;
            Box::pin(self.finish(call, left, entry, &settings)).await
        }
    }

    /// A call that may not begin, or has ended before it could.
    async fn not_taken(
        &self,
        mut call: Box<Call>,
        end: CallEnd,
        entry: Box<Entry>,
        settings: &Settings,
    ) -> CallEnd {
        if end == CallEnd::Unrecorded {
            service::say(&mut call, &settings.script.busy).await;
        }
        self.finish(call, end.into(), entry, settings).await
    }

    async fn finish(
        &self,
        call: Box<Call>,
        left: Left,
        mut entry: Box<Entry>,
        settings: &Settings,
    ) -> CallEnd {
        entry.count(call.counts());
        if service::speaks_telnet(&call) {
            entry.travels(Over::Telnet);
        }
        let end = left.end;
        let mut record = entry.over(end);
        record.round_trip = call.socket().and_then(tty::round_trip);
        record.status = status_words(self.wind_down(*call, left, settings).await);
        entry.file(record);
        end
    }

    /// Lets go of the caller and ends the program, both at the same time: neither has to wait for
    /// the other.
    async fn wind_down(
        &self,
        mut call: Call,
        left: Left,
        settings: &Settings,
    ) -> Option<ExitStatus> {
        if left.end == CallEnd::MadeRoom {
            // Nothing of his is worth waiting for, and others wait for the room.
            call.reset();
            return None;
        }
        let mut closing = self.closing.subscribe();
        let grace =
            Grace { hup: settings.hang_up.term_after.0, term: settings.hang_up.kill_after.0 };
        let program = async {
            match left.running {
                Some(running) => running.hang_up(grace).await.ok(),
                None => None,
            }
        };
        if let Some(status) = left.status {
            call.tell_exit(status);
        }
        let orderly = both(program, call.hang_up(limits::LINGER));
        let cut = closing.wait_for(|closing| *closing == Closing::Now);
        match first(orderly, cut).await {
            First::One(status) => left.status.or(status),
            First::Other(_) => left.status,
        }
    }
}
