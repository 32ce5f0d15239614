//! The login of one call: the session on one side, the call and the accounts on the other.

use std::future::poll_fn;
use std::sync::Arc;

use carrier::{Call, Received, clock_now, timer_at};
use clock::Instant;
use telnet::{Event, TerminalName, WindowSize};
use tokio::time::{sleep_until, timeout};

use crate::admission::{Admission, Checked, Identified, Proof};
use crate::call::CallEnd;
use crate::com_port::{self, ComPort, Deed};
use crate::config::{On, Parity};
use crate::exchange::{Direction, Settings};
use crate::guard::Guard;
use crate::limits;
use crate::origin::Origin;
use crate::registry::Entry;
use crate::session::{Admitted, Check, Ending, Refused, Session, Step};
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

/// A login that is under way.
pub(crate) struct Login<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) guard: &'a Guard,
    pub(crate) call: &'a mut Call,
    pub(crate) entry: &'a mut Entry,
    pub(crate) origin: &'a Origin,
    pub(crate) parity: Parity,
    pub(crate) direction: &'a Direction,
}

/// Bytes read during a login, a password among them.
struct Heard([u8; limits::LOGIN_READ]);

impl Drop for Heard {
    fn drop(&mut self) {
        settings::wipe(&mut self.0);
    }
}

impl Login<'_> {
    /// Goes through the dialogue until the caller is in, or out.
    pub(crate) async fn run(mut self) -> Result<Guest, CallEnd> {
        let mut out = Vec::new();
        let script = Arc::clone(&self.settings.script);
        let mut session = Session::new(script, self.parity, clock_now(), &mut out);
        let deadline = session.deadline();
        let (mut told, mut port) = (Told::default(), None);
        let mut heard = Heard([0; limits::LOGIN_READ]);
        loop {
            self.say(&mut out, deadline).await?;
            let count = match self.hear(&mut heard, deadline).await? {
                Some(Received::Data(count)) => count,
                Some(Received::Event(Event::ComPort(request))) => {
                    match com_port::obey(&mut port, self.call, request) {
                        Some(Deed::HangUp) => return Err(CallEnd::CallerHungUp),
                        Some(Deed::Break) | None => continue,
                    }
                }
                Some(Received::Event(event)) => {
                    told.hear(event);
                    continue;
                }
                Some(Received::End) => return Err(CallEnd::CallerHungUp),
                // The deadline: the session has something to say about it.
                None => 0,
            };
            let mut bytes = heard.0.get(..count).unwrap_or_default();
            loop {
                let (taken, step) = session.read(clock_now(), bytes, &mut out);
                bytes = bytes.get(taken..).unwrap_or_default();
                session = match step {
                    Step::More(session) => session,
                    Step::Over(ending) => return Err(self.goodbye(&mut out, ending).await),
                    Step::Check(check) => {
                        self.say(&mut out, deadline).await?;
                        match self.compare(check, &mut out).await? {
                            Compared::Not(Refused::Again(session)) => session,
                            Compared::Not(Refused::Over(ending)) => {
                                return Err(self.goodbye(&mut out, ending).await);
                            }
                            Compared::Right(who, admitted) => {
                                self.say(&mut out, deadline).await?;
                                return Ok(Guest {
                                    who,
                                    admitted,
                                    early: bytes.to_vec(),
                                    told,
                                    port,
                                });
                            }
                        }
                    }
                };
                if bytes.is_empty() {
                    break;
                }
            }
        }
    }

    /// Compares a password, if there is room for it.
    async fn compare(&mut self, mut check: Check, out: &mut Vec<u8>) -> Result<Compared, CallEnd> {
        let admission = Admission {
            settings: self.settings,
            guard: self.guard,
            origin: self.origin,
            call: Some(self.entry.id()),
        };
        let password = check.take_password();
        let name = check.name().to_owned();
        let checking = admission.password(&name, password);
        let checked = match first(poll_fn(|cx| self.entry.poll_order(cx)), checking).await {
            First::One(order) => return Err(order),
            First::Other(checked) => checked,
        };
        if !matches!(checked, Checked::Right(_)) && self.settings.accounts.find(&name).is_some() {
            self.entry.has_tried(&name);
        }
        Ok(match checked {
            Checked::Right(who) if self.is_for(&who) => {
                Compared::Right(self.known_by(who), check.accept(out))
            }
            // Somebody else has picked up.
            Checked::Right(_) | Checked::Wrong => Compared::Not(check.refuse(out)),
            Checked::Busy => Compared::Not(Refused::Over(check.busy(out))),
        })
    }

    /// Whether this call is for him: a callback is for one account alone.
    fn is_for(&self, who: &Identified) -> bool {
        match self.direction {
            Direction::In => true,
            Direction::Back(account) => account.name == who.account.name,
        }
    }

    /// Who was called back has what he is called back for.
    fn known_by(&self, who: Identified) -> Identified {
        match self.direction {
            Direction::In => who,
            Direction::Back(_) => Identified { proof: Proof::Callback, ..who },
        }
    }

    /// Sends what is to be said, unless the call ends or the deadline passes meanwhile.
    async fn say(&mut self, out: &mut Vec<u8>, deadline: Instant) -> Result<(), CallEnd> {
        if out.is_empty() {
            return Ok(());
        }
        self.parity.put_on(out);
        let ordered = poll_fn(|cx| self.entry.poll_order(cx));
        let sending = first(self.call.send(out), sleep_until(timer_at(deadline)));
        match first(ordered, sending).await {
            First::One(order) => Err(order),
            First::Other(First::One(Ok(()))) => {
                out.clear();
                Ok(())
            }
            First::Other(First::One(Err(_))) => Err(CallEnd::LineLost),
            First::Other(First::Other(())) => Err(CallEnd::LoginFailed(Ending::Deadline)),
        }
    }

    /// What comes from the caller; nothing when the deadline comes first.
    async fn hear(
        &mut self,
        heard: &mut Heard,
        deadline: Instant,
    ) -> Result<Option<Received>, CallEnd> {
        let ordered = poll_fn(|cx| self.entry.poll_order(cx));
        let hearing = first(self.call.receive(&mut heard.0), sleep_until(timer_at(deadline)));
        match first(ordered, hearing).await {
            First::One(order) => Err(order),
            First::Other(First::One(Ok(received))) => Ok(Some(received)),
            First::Other(First::One(Err(_))) => Err(CallEnd::LineLost),
            First::Other(First::Other(())) => Ok(None),
        }
    }

    /// Last words, to a caller who may not be reading.
    async fn goodbye(&mut self, out: &mut [u8], ending: Ending) -> CallEnd {
        self.parity.put_on(out);
        let _ = timeout(limits::LINGER, self.call.send(out)).await;
        CallEnd::LoginFailed(ending)
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
