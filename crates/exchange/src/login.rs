//! The login of one call: the session on one side, the call and the accounts on the other.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use carrier::{Call, Queue, Received, Timer, clock_now, scratch};
use clock::Instant;
use settings::Secret;
use telnet::{Event, TerminalName, WindowSize};
use tokio::time::timeout;

use crate::admission::{Admission, Checked, Identified, Proof};
use crate::call::CallEnd;
use crate::com_port::{self, ComPort, Deed};
use crate::config::{On, Parity};
use crate::guard::Guard;
use crate::in_force::Settings;
use crate::limits;
use crate::registry::Entry;
use crate::session::{Admitted, Check, Ending, Refused, Session, Step};
use crate::shared::Direction;
use crate::wait::{First, first};

/// A caller who is in.
pub(crate) struct Guest {
    pub(crate) who: Identified,
    pub(crate) admitted: Admitted,
    /// What arrived together with the password: already data.
    pub(crate) early: Vec<u8>,
    pub(crate) told: Told,
    /// The serial port that he drives.
    pub(crate) port: Option<Box<ComPort>>,
}

impl Guest {
    /// A caller who has shown who he is by other means than the dialogue.
    pub(crate) fn identified(who: Identified, told: Told) -> Self {
        Self { who, admitted: Admitted::at_once(), early: Vec::new(), told, port: None }
    }
}

/// What a caller has told about his terminal.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Its type.
    pub terminal: Option<TerminalName>,
    /// Its rows and columns.
    pub size: Option<WindowSize>,
    /// Whether he wants a terminal or clean pipes, where his protocol lets him choose. The
    /// account's own `on` where it doesn't.
    pub wants: Option<On>,
    /// The command that he has asked for instead of the account's program, for that to know.
    pub command: Option<Vec<u8>>,
}

/// What all logins at one desk have in common.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) guard: &'a Guard,
    pub(crate) direction: &'a Direction,
}

/// A login that is under way.
///
/// Thousands may wait at its prompt, so what waiting takes is one small thing that is polled, and
/// what is read stays in the thread's buffer.
pub(crate) struct Login<'a> {
    desk: Desk<'a>,
    call: &'a mut Call,
    entry: &'a mut Entry,
    parity: Parity,
    /// Away while a check has it.
    session: Option<Session>,
    deadline: Instant,
    /// What the session wants to say.
    out: Vec<u8>,
    /// The same as it goes to the wire, until it is there.
    saying: Option<Queue>,
    /// What came together with a password, until that is compared.
    early: Option<Box<Secret>>,
    told: Option<Box<Told>>,
    port: Option<Box<ComPort>>,
    timer: Timer,
}

/// What the session has come to; it is acted on once everything has been said.
enum Turn {
    More,
    Check(Box<Check>),
    In(Box<Guest>),
    Over(Ending),
}

impl<'a> Login<'a> {
    /// Greets the caller.
    pub(crate) fn new(
        desk: Desk<'a>,
        call: &'a mut Call,
        entry: &'a mut Entry,
        parity: Parity,
    ) -> Self {
        let mut out = Vec::new();
        let script = Arc::clone(&desk.settings.script);
        let session = Session::new(script, parity, clock_now(), &mut out);
        Self {
            desk,
            call,
            entry,
            parity,
            deadline: session.deadline(),
            session: Some(session),
            out,
            saying: None,
            early: None,
            told: None,
            port: None,
            timer: Timer::default(),
        }
    }

    /// Goes through the dialogue until the caller is in, or out.
    ///
    /// No async fn: that would keep room for the login twice.
    pub(crate) fn run(mut self) -> impl Future<Output = Result<Box<Guest>, CallEnd>> + Send {
        let mut turn = Turn::More;
        async move {
            loop {
                turn = match turn {
                    Turn::More => {
                        self.say().await?;
                        poll_fn(|cx| self.poll_turn(cx)).await?
                    }
                    Turn::Check(check) => {
                        self.say().await?;
                        // Boxed: most of the time nothing is compared.
                        Box::pin(self.settle(*check)).await?
                    }
                    Turn::In(guest) => {
                        self.say().await?;
                        return Ok(guest);
                    }
                    Turn::Over(ending) => {
                        Box::pin(self.say_goodbye()).await;
                        return Err(CallEnd::LoginFailed(ending));
                    }
                };
            }
        }
    }

    /// Compares a password and goes on as it turns out.
    async fn settle(&mut self, check: Check) -> Result<Turn, CallEnd> {
        Ok(match self.compare(check).await? {
            Compared::Not(Refused::Again(session)) => self.again(session),
            Compared::Not(Refused::Over(ending)) => Turn::Over(ending),
            Compared::Right(who, admitted) => Turn::In(Box::new(Guest {
                who,
                admitted,
                early: self.early.take().map(|early| early.expose().to_vec()).unwrap_or_default(),
                told: self.told.take().map(|told| *told).unwrap_or_default(),
                port: self.port.take(),
            })),
        })
    }

    /// Goes on after a refusal, with what has come together with the password.
    fn again(&mut self, session: Session) -> Turn {
        self.session = Some(session);
        match self.early.take() {
            None => Turn::More,
            Some(early) => self.read(clock_now(), early.expose()),
        }
    }

    /// Shows the session what the caller has sent.
    fn read(&mut self, now: Instant, mut bytes: &[u8]) -> Turn {
        loop {
            let Some(session) = self.session.take() else { return Turn::Over(Ending::Busy) };
            let (taken, step) = session.read(now, bytes, &mut self.out);
            bytes = bytes.get(taken..).unwrap_or_default();
            match step {
                Step::More(session) => self.session = Some(session),
                Step::Over(ending) => return Turn::Over(ending),
                Step::Check(check) => {
                    let early = Some(bytes).filter(|bytes| !bytes.is_empty());
                    self.early = early.map(|bytes| Box::new(Secret::new(bytes.to_vec())));
                    return Turn::Check(Box::new(check));
                }
            }
            if bytes.is_empty() {
                return Turn::More;
            }
        }
    }

    /// Waits for what the caller does, or for the deadline.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<Turn, CallEnd>> {
        loop {
            if let Poll::Ready(order) = self.entry.poll_order(cx) {
                return Poll::Ready(Err(order));
            }
            let turn = scratch::with(|buffer| {
                let heard = buffer.get_mut(..limits::LOGIN_READ).unwrap_or_default();
                let Poll::Ready(received) = self.call.poll_receive(cx, heard) else {
                    return Ok(None);
                };
                let turn = match received.map_err(|_| CallEnd::LineLost)? {
                    Received::Data(count) => {
                        let turn = self.read(clock_now(), heard.get(..count).unwrap_or_default());
                        // A password among them.
                        settings::wipe(heard);
                        turn
                    }
                    Received::Event(event) => self.hear(event)?,
                    Received::End => return Err(CallEnd::CallerHungUp),
                };
                Ok(Some(turn))
            });
            match turn {
                Err(end) => return Poll::Ready(Err(end)),
                // What was typed is echoed before more is heard.
                Ok(Some(Turn::More)) if self.out.is_empty() => {}
                Ok(Some(turn)) => return Poll::Ready(Ok(turn)),
                Ok(None) => {
                    let now = ready!(self.poll_time(cx));
                    if now >= self.deadline {
                        // The session has something to say about it.
                        return Poll::Ready(Ok(self.read(now, &[])));
                    }
                }
            }
        }
    }

    fn hear(&mut self, event: Event) -> Result<Turn, CallEnd> {
        match event {
            Event::ComPort(request) => match com_port::obey(&mut self.port, self.call, request) {
                Some(Deed::HangUp) => return Err(CallEnd::CallerHungUp),
                Some(Deed::Break) | None => {}
            },
            event => self.told.get_or_insert_default().hear(event),
        }
        Ok(Turn::More)
    }

    fn say(&mut self) -> impl Future<Output = Result<(), CallEnd>> + Send {
        poll_fn(|cx| self.poll_say(cx))
    }

    /// Sends what is to be said, unless the call ends or the deadline passes meanwhile.
    fn poll_say(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), CallEnd>> {
        if let Poll::Ready(order) = self.entry.poll_order(cx) {
            return Poll::Ready(Err(order));
        }
        while self.poll_deliver(cx)?.is_pending() {
            if ready!(self.poll_time(cx)) >= self.deadline {
                return Poll::Ready(Err(CallEnd::LoginFailed(Ending::Deadline)));
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_deliver(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, CallEnd> {
        if !self.out.is_empty() {
            let mut text = std::mem::take(&mut self.out);
            self.parity.put_on(&mut text);
            self.saying.get_or_insert_default().put(&text);
        }
        let Some(saying) = &mut self.saying else { return Ok(Poll::Ready(())) };
        while !saying.is_empty() {
            match self.call.poll_send(cx, saying.waiting()) {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(Ok(sent)) if sent > 0 => saying.advance(sent),
                Poll::Ready(_) => return Err(CallEnd::LineLost),
            }
        }
        let flushed = self.call.poll_flush(cx).map_err(|_| CallEnd::LineLost)?;
        Ok(flushed.map(|()| self.saying = None))
    }

    /// Ready with the time when something may be due; what is due in the call is done.
    fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        let due = self.call.deadline();
        let next = due.map_or(self.deadline, |due| due.min(self.deadline));
        let now = ready!(self.timer.poll(cx, Some(next)));
        if due.is_some_and(|due| due <= now) {
            self.call.timeout(now);
        }
        Poll::Ready(now)
    }

    /// Last words, to a caller who may not be reading.
    async fn say_goodbye(&mut self) {
        let said = poll_fn(|cx| match self.poll_deliver(cx) {
            Ok(delivered) => delivered,
            Err(_) => Poll::Ready(()),
        });
        let _ = timeout(limits::LINGER, said).await;
    }

    /// Compares a password, if there is room for it.
    async fn compare(&mut self, mut check: Check) -> Result<Compared, CallEnd> {
        let Desk { settings, guard, .. } = self.desk;
        let (origin, call) = (self.entry.origin(), Some(self.entry.id()));
        let admission = Admission { settings, guard, origin, call };
        let password = check.take_password();
        let name = check.name().to_owned();
        let checking = admission.password(&name, password);
        let checked = match first(poll_fn(|cx| self.entry.poll_order(cx)), checking).await {
            First::One(order) => return Err(order),
            First::Other(checked) => checked,
        };
        if !matches!(checked, Checked::Right(_))
            && let Some(account) = settings.accounts.find(&name)
        {
            self.entry.has_tried(account);
        }
        Ok(match checked {
            Checked::Right(who) if self.is_for(&who) => {
                Compared::Right(self.known_by(who), check.accept(&mut self.out))
            }
            // Somebody else has picked up.
            Checked::Right(_) | Checked::Wrong => Compared::Not(check.refuse(&mut self.out)),
            Checked::Busy => Compared::Not(Refused::Over(check.busy(&mut self.out))),
        })
    }

    /// Whether this call is for him: a callback is for one account alone.
    fn is_for(&self, who: &Identified) -> bool {
        match self.desk.direction {
            Direction::In => true,
            Direction::Back(account) => account.name == who.account.name,
        }
    }

    /// Who was called back has what he is called back for.
    fn known_by(&self, who: Identified) -> Identified {
        match self.desk.direction {
            Direction::In => who,
            Direction::Back(_) => Identified { proof: Proof::Callback, ..who },
        }
    }
}

/// What comparing a password came to.
enum Compared {
    Right(Identified, Admitted),
    Not(Refused),
}

impl Told {
    pub(crate) fn hear(&mut self, event: Event) {
        match event {
            Event::TerminalType(terminal) => self.terminal = Some(terminal),
            Event::WindowSize(size) => self.size = Some(size),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_at_the_prompt_costs_little() {
        assert!(size_of::<Login<'_>>() <= 216, "{} bytes", size_of::<Login<'_>>());
    }
}
