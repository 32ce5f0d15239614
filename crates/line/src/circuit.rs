//! Everything around the modem: the DTE end, the call, and what is on its way between them.

use std::future::ready;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use at::dial::Dial;
use at::result::Cause;
use carrier::{Caller, Counts};
use clock::Instant;
use modem::{Action, Connected, Modem, Note, StateName};
use tracing::{debug, info, warn};

use crate::config::Reserve;
use crate::end::End;
use crate::keeping::NotKept;
use crate::limits;
use crate::net::Net;
use crate::outbox::{Outbox, Signal};
use crate::pending::Pending;
use crate::placing;
use crate::record::{CallRecord, Direction};
use crate::routing;
use crate::shared::Shared;
use crate::slot::{Reached, Slot};
use crate::storing::Storing;
use crate::switchboard::Board;
use crate::ticket::Ticket;
use crate::tracer::Watchers;

/// The modem's surroundings, and the deeds it can have done there.
pub(crate) struct Circuit {
    pub(crate) shared: Arc<Shared>,
    pub(crate) board: Arc<Board>,
    pub(crate) end: End,
    pub(crate) slot: Slot,
    pub(crate) outbox: Outbox,
    pub(crate) to_line: Pending,
    pub(crate) net: Net,
    pub(crate) watchers: Watchers,
    /// What came of an answer; the modem hears it with its next input.
    pub(crate) news: Option<News>,
    /// A call that was up has ended, and the equipment has not been shown that yet.
    call_over: bool,
    signals: Signals,
}

/// What came of picking up.
#[derive(Clone, Copy, Debug)]
pub(crate) enum News {
    Answered,
    CallerGone,
}

/// The circuits as the modem last set them, for the status.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Signals {
    pub(crate) dtr: bool,
    pub(crate) dcd: bool,
}

impl Circuit {
    pub(crate) fn new(shared: Arc<Shared>, board: Arc<Board>, end: End) -> Self {
        Self {
            watchers: Watchers::default(),
            shared,
            board,
            end,
            slot: Slot::Free,
            outbox: Outbox::default(),
            to_line: Pending::default(),
            net: Net::default(),
            news: None,
            call_over: false,
            signals: Signals::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.shared.config.name
    }

    pub(crate) fn signals(&self) -> Signals {
        self.signals
    }

    pub(crate) fn dtr(&mut self, on: bool) {
        self.signals.dtr = on;
    }

    /// Shows the equipment a modem that was just switched on.
    pub(crate) fn set_up(&mut self, now: Instant, modem: &Modem) {
        // Not by way of the outbox: there is nothing yet for them to wait for.
        self.end.signal(Signal::Flow(modem.flow()), now);
        self.end.signal(Signal::Character(modem.character()), now);
        if modem.port_rate() != 0 {
            self.end.signal(Signal::Rate(modem.port_rate()), now);
        }
        self.signals.dcd = modem.lines().dcd;
        self.end.signal(Signal::Lines(modem.lines()), now);
    }

    /// Whether there is room for what comes of more bytes from the equipment.
    pub(crate) fn has_room(&self, modem: &Modem) -> bool {
        if !self.net.has_room_for(modem) {
            return false;
        }
        if self.end.is_stopped() {
            // The XON that lets everything move again may be behind those bytes.
            return self.to_line.len() < limits::BEHIND_XOFF;
        }
        // Echo that the equipment doesn't take stops its commands, but never its data: two busy
        // directions must not wait for each other.
        let online = matches!(self.slot, Slot::Online { .. }) || modem.state() == StateName::Socket;
        self.to_line.is_empty() && (online || self.outbox.len() < limits::ECHO)
    }

    /// Words for the equipment: many small pieces, worth gathering.
    pub(crate) fn say(&mut self, bytes: &[u8]) {
        if !self.end.is_open() {
            // Words that nobody hears must not wait for the next one who plugs in.
            return;
        }
        self.watchers.said(carrier::clock_now(), bytes);
        if self.outbox.len() + bytes.len() > limits::TO_DTE {
            debug!(
                line = self.name(),
                bytes = bytes.len(),
                "the equipment reads nothing; words for it are dropped"
            );
            return;
        }
        self.outbox.bytes(bytes);
    }

    /// Data for the equipment: written as they come, never dropped.
    pub(crate) fn deliver(&mut self, cx: &mut Context<'_>, bytes: &[u8]) {
        if !self.end.is_open() {
            return;
        }
        self.watchers.said(carrier::clock_now(), bytes);
        let mut rest = bytes;
        if self.outbox.is_empty() {
            while !rest.is_empty()
                && let Poll::Ready(Ok(taken @ 1..)) = self.end.poll_write(cx, rest)
            {
                rest = rest.get(taken..).unwrap_or_default();
            }
        }
        if !rest.is_empty() {
            self.outbox.bytes(rest);
        }
    }

    /// Bytes for the far end.
    pub(crate) fn send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) {
        let Slot::Online { call, broken, .. } = &mut self.slot else { return };
        let mut rest = bytes;
        while self.to_line.is_empty() && !rest.is_empty() {
            match call.poll_send(cx, rest) {
                Poll::Ready(Ok(taken @ 1..)) => rest = rest.get(taken..).unwrap_or_default(),
                Poll::Ready(Err(error)) => return broken.note(&error),
                Poll::Ready(Ok(0)) | Poll::Pending => break,
            }
        }
        self.to_line.push(rest);
    }

    /// Does what the modem wants done.
    pub(crate) fn act(&mut self, now: Instant, action: Action<'_>) {
        match action {
            Action::Dial { dial, within } => self.dial(dial, within),
            Action::Answer => self.answer(),
            Action::CancelDial(cause) | Action::Refuse(cause) | Action::HangUp(cause) => {
                self.end_call(cause);
            }
            Action::Lines(lines) => {
                self.signals.dcd = lines.dcd;
                self.watchers.note(now, || format!("modem shows {lines:?}"));
                self.signal(now, Signal::Lines(lines));
            }
            Action::Rate(rate) => self.signal(now, Signal::Rate(rate)),
            Action::Character(character) => self.signal(now, Signal::Character(character)),
            Action::Flow(flow) => self.signal(now, Signal::Flow(flow)),
            Action::BreakToDte(span) => self.signal(now, Signal::Break(span)),
            Action::Break(_) => {
                if let Some(call) = self.slot.call_mut()
                    && let Err(error) = call.send_break()
                {
                    debug!(line = self.shared.config.name, "the BREAK goes no further: {error}");
                }
            }
            #[cfg(feature = "gsm")]
            Action::Message(message) => self.message(message),
            #[cfg(feature = "gsm")]
            Action::Ask(question) => self.ask(question),
            Action::Store(stored) => self.store(stored),
            #[cfg(feature = "wip")]
            Action::Net(action) => {
                let mut net = std::mem::take(&mut self.net);
                net.act(&self.place(), action);
                self.net = net;
            }
            Action::Note(note) => self.say_in_log(note),
        }
    }

    /// Ends the call, if there is one; what the equipment sent is still handed over.
    pub(crate) fn end_call(&mut self, cause: Cause) {
        let rest = std::mem::take(&mut self.to_line);
        let record = match std::mem::take(&mut self.slot) {
            Slot::Free => return,
            Slot::Dialling { ticket, .. } => ticket.close(self.name(), cause, None),
            Slot::Noting { ticket, caller, .. } | Slot::Ringing { ticket, caller } => {
                caller.refuse();
                ticket.close(self.name(), cause, None)
            }
            Slot::Online { ticket, mut call, .. } => {
                self.call_over = true;
                call.was_lent(self.outbox.halt(), &[]);
                let record = ticket.close(self.name(), cause, Some(&call));
                placing::let_go(&self.board, *call, rest);
                record
            }
        };
        self.news = None;
        self.shared.count(Counts::default());
        self.file(record);
    }

    /// Keeps what is known of a call that is over.
    fn file(&self, record: CallRecord) {
        let counts = Counts { sent: record.sent, received: record.received };
        self.board.tally.add(record.direction.word(), record.cause.code(), counts);
        self.shared.remember(record);
    }

    /// Takes a caller on: he rings once his call is on record.
    pub(crate) fn note(&mut self, caller: Caller) {
        let party = caller.peer().to_string();
        let mut ticket = self.ticket(Direction::In, party.clone());
        info!(line = self.name(), call = ticket.id, "a call from {party}");
        ticket.over = Some(party);
        let caller = Box::new(caller);
        self.slot = match ticket.keep(self.name(), self.board.keeper().as_deref()) {
            Ok(None) => Slot::Ringing { ticket, caller },
            Ok(Some(kept)) => Slot::Noting { ticket, caller, kept },
            Err(NotKept) => Slot::Noting { ticket, caller, kept: Box::pin(ready(Err(NotKept))) },
        };
    }

    /// The caller whose call is on record rings.
    pub(crate) fn ring(&mut self) {
        self.slot = match std::mem::take(&mut self.slot) {
            Slot::Noting { ticket, caller, .. } => Slot::Ringing { ticket, caller },
            other => other,
        };
    }

    /// The far end answered: what CONNECT is to say.
    pub(crate) fn reached(&mut self, Reached { call, over }: Reached) -> Connected {
        let mut connected = Connected::default();
        if let Slot::Dialling { mut ticket, .. } = std::mem::take(&mut self.slot) {
            connected = Connected { rate: ticket.reported_speed, delay: ticket.connect_delay };
            ticket.over = Some(over);
            ticket.connect(&call);
            self.slot = Slot::online(ticket, call);
        }
        connected
    }

    fn dial(&mut self, dial: &Dial, within: Duration) {
        let route = match self.shared.config.reserve {
            Reserve::Incoming => Err(Cause::Reserved),
            Reserve::None | Reserve::Outgoing => {
                let Shared { persona, config, .. } = &*self.shared;
                routing::route(dial, persona, &self.board.phonebook(), config)
            }
        };
        let party = match &route {
            Ok(route) => route.party.clone(),
            Err(_) => carrier::without_password(dial.text()).into_owned(),
        };
        // Its caller came in the same moment, and hasn't rung.
        self.end_call(Cause::LineInUse);
        let mut ticket = self.ticket(Direction::Out, party);
        let kept = ticket.keep(self.name(), self.board.keeper().as_deref());
        let dial = match (route, kept) {
            (_, Err(NotKept)) => placing::fail(Cause::Unrecorded),
            (Err(cause), Ok(_)) => placing::fail(cause),
            (Ok(route), Ok(kept)) => {
                (ticket.reported_speed, ticket.connect_delay) = (route.speed, route.connect_delay);
                let (access, trunks) = (self.shared.dial_access(), self.trunks(&route));
                let line = &self.shared.config;
                let dial = placing::place(route, within, access, trunks, line, &ticket.id);
                match kept {
                    Some(kept) => placing::once_kept(kept, dial),
                    None => dial,
                }
            }
        };
        self.slot = Slot::Dialling { ticket, dial };
    }

    #[cfg(feature = "configuration")]
    fn trunks(&self, route: &routing::Route) -> Option<Arc<dyn carrier::Trunks>> {
        Some(Arc::new(crate::inside::Inside {
            board: Arc::clone(&self.board),
            line: self.name().to_owned(),
            party: route.party.clone(),
            user: route.user.clone(),
            access: self.shared.dial_access(),
        }))
    }

    #[cfg(not(feature = "configuration"))]
    fn trunks(&self, _: &routing::Route) -> Option<Arc<dyn carrier::Trunks>> {
        self.board.trunks()
    }

    /// What sockets are made with.
    #[cfg(feature = "wip")]
    pub(crate) fn place(&self) -> crate::net::Place<'_> {
        crate::net::Place {
            line: self.name(),
            board: &self.board,
            shared: &self.shared,
            access: self.shared.dial_access(),
            transport: self.shared.persona.transport(),
        }
    }

    fn answer(&mut self) {
        match std::mem::take(&mut self.slot) {
            Slot::Ringing { mut ticket, caller } => {
                match caller.answer(&placing::answering(&self.shared.config)) {
                    Ok(call) => {
                        ticket.connect(&call);
                        self.slot = Slot::online(ticket, call);
                        self.news = Some(News::Answered);
                    }
                    Err(error) => {
                        info!(
                            line = self.name(),
                            call = ticket.id,
                            "the caller was lost while being answered: {error}"
                        );
                        let record = ticket.close(self.name(), Cause::CallerGone, None);
                        self.file(record);
                        self.news = Some(News::CallerGone);
                    }
                }
            }
            other => self.slot = other,
        }
    }

    /// After the modem's last words about a call: ends that can show its end do so behind them.
    pub(crate) fn after_words(&mut self, now: Instant) {
        if std::mem::take(&mut self.call_over) {
            self.signal(now, Signal::CallOver);
        }
    }

    /// Signals keep their place behind the bytes that were given before them.
    fn signal(&mut self, now: Instant, signal: Signal) {
        self.outbox.signal(signal, now);
    }

    fn store(&mut self, stored: &modem::Stored) {
        let storing = match self.board.profile(self.name()) {
            Some(file) => self.board.stores().store(self.name(), file, stored),
            None => Storing::nowhere(),
        };
        self.outbox.store(storing);
    }

    /// Tells the log how far a call has come that was dialled.
    pub(crate) fn tell(&mut self) {
        let Self { slot, shared, .. } = self;
        if let Some(ticket) = slot.ticket_mut() {
            ticket.tell(&shared.config.name);
        }
    }

    fn say_in_log(&self, note: Note<'_>) {
        let (line, call) = (self.name(), self.slot.ticket().map(|ticket| ticket.id.as_str()));
        match note {
            Note::CommandLine(text) => debug!(line, call, "AT{text}"),
            Note::State(state) => debug!(line, call, "{}", state.words()),
            Note::Ended(cause) => debug!(line, call, "result of: {}", cause.words()),
            Note::Lost(bytes) => {
                warn!(line, call, bytes, "bytes from the far end could not be kept")
            }
            Note::BadProfile(number, error) => {
                warn!(line, "stored profile {number} is not wholly this persona's: {error}");
            }
        }
    }

    fn ticket(&self, direction: Direction, party: String) -> Box<Ticket> {
        Ticket::new(self.name(), &self.shared.call_number, direction, party)
    }
}
