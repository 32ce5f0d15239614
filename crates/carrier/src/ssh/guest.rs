//! A caller between his first packet and his program.

use std::future::Future;
use std::sync::Arc;

use russh::keys::ssh_key;
use russh::keys::{Algorithm, HashAlg};
use russh::server::{
    Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, ChannelWriteHalf, MethodKind, MethodSet, Pty, Sig};
use telnet::{Event, Function, WindowSize};
use tokio::sync::oneshot;

use super::doorkeeper::{Commands, Doorkeeper, Proof, Terms, Verdict};
use super::link::Link;
use super::server::{NotAnswered, TerminalRequest};
use super::{PublicKey, Terminal};
use crate::limits;

/// A caller, from the library's task's point of view.
pub(super) struct Guest<D> {
    /// Gone with the call.
    doorkeeper: Option<D>,
    link: Arc<Link>,
    stage: Stage,
    arrived: Option<oneshot::Sender<Result<Box<Arrived<D>>, NotAnswered>>>,
    /// Keys that he has asked about.
    offers: usize,
}

/// What a caller brings when he has asked for his program.
pub(super) struct Arrived<D> {
    pub(super) doorkeeper: D,
    pub(super) name: String,
    pub(super) terminal: Option<TerminalRequest>,
    pub(super) command: Option<Vec<u8>>,
    pub(super) half: ChannelWriteHalf<Msg>,
    pub(super) id: ChannelId,
}

/// How far a caller has come.
enum Stage {
    /// Nobody knows him yet.
    Stranger,
    /// He must leave.
    SentAway,
    /// He is in.
    In { name: String, terms: Terms },
    /// He has a channel.
    Waiting { name: String, terms: Terms, room: Room },
    /// He has his program.
    Served(ChannelId),
}

struct Room {
    id: ChannelId,
    half: ChannelWriteHalf<Msg>,
    terminal: Option<TerminalRequest>,
}

/// Why the library's task is to end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    /// The caller was sent away and has not left.
    #[error("the caller was sent away")]
    SentAway,
    /// The caller does what nobody does.
    #[error("the caller broke the protocol")]
    Protocol,
    /// The library's own reason.
    #[error(transparent)]
    Library(#[from] russh::Error),
}

impl<D: Doorkeeper> Guest<D> {
    pub(super) fn new(
        doorkeeper: D,
        link: Arc<Link>,
        arrived: oneshot::Sender<Result<Box<Arrived<D>>, NotAnswered>>,
    ) -> Self {
        Self {
            doorkeeper: Some(doorkeeper),
            link,
            stage: Stage::Stranger,
            arrived: Some(arrived),
            offers: 0,
        }
    }

    /// The doorkeeper, for a caller who may still try.
    fn door(&mut self) -> Result<&mut D, Stop> {
        match (&self.stage, &mut self.doorkeeper) {
            (Stage::Stranger, Some(doorkeeper)) => Ok(doorkeeper),
            (Stage::SentAway, _) => Err(Stop::SentAway),
            _ => Err(Stop::Protocol),
        }
    }

    /// What a verdict means for who has shown what he has.
    fn decide(&mut self, name: &str, verdict: Verdict) -> Auth {
        match verdict {
            Verdict::Admitted(terms) => {
                self.stage = Stage::In { name: name.to_owned(), terms };
                Auth::Accept
            }
            Verdict::Refused => again(),
            Verdict::GoAway => self.send_away(NotAnswered::SentAway),
        }
    }

    fn send_away(&mut self, why: NotAnswered) -> Auth {
        self.stage = Stage::SentAway;
        self.report(Err(why));
        // With no method left the caller's program tells him and ends.
        Auth::Reject { proceed_with_methods: Some(MethodSet::empty()), partial_success: false }
    }

    fn report(&mut self, arrived: Result<Box<Arrived<D>>, NotAnswered>) {
        if let Some(report) = self.arrived.take() {
            // Nobody is there any more: then the connection is about to be cut.
            let _ = report.send(arrived);
        }
    }

    /// A usable key of its kind, used in a way that proves something.
    fn usable(key: &ssh_key::PublicKey, algorithm: &Algorithm) -> Option<PublicKey> {
        // Signatures with SHA-1 can be forged.
        let sound = match algorithm {
            Algorithm::Rsa { hash } => matches!(hash, Some(HashAlg::Sha256 | HashAlg::Sha512)),
            _ => true,
        };
        PublicKey::checked(key.clone()).ok().filter(|_| sound)
    }

    /// Gives the caller to whoever answers; false if he can't have a program now.
    fn serve(&mut self, id: ChannelId, command: Option<&[u8]>) -> bool {
        let stage = std::mem::replace(&mut self.stage, Stage::SentAway);
        let Stage::Waiting { name, terms, room } = stage else {
            self.stage = stage;
            return false;
        };
        let command = match (command, terms.commands) {
            (Some(_), Commands::Refused) => {
                self.report(Err(NotAnswered::NotGiven));
                return false;
            }
            (Some(command), Commands::Told) => Some(command.to_vec()),
            (Some(_), Commands::Ignored) | (None, _) => None,
        };
        let Some(doorkeeper) = self.doorkeeper.take().filter(|_| room.id == id) else {
            return false;
        };
        self.stage = Stage::Served(id);
        let Room { id, half, terminal } = room;
        self.report(Ok(Box::new(Arrived { doorkeeper, name, terminal, command, half, id })));
        true
    }

    fn is_served(&self, id: ChannelId) -> bool {
        matches!(self.stage, Stage::Served(served) if served == id)
    }
}

impl<D: Doorkeeper> Handler for Guest<D> {
    type Error = Stop;

    async fn auth_none(&mut self, _: &str) -> Result<Auth, Stop> {
        self.door()?;
        Ok(Auth::reject())
    }

    async fn auth_password(&mut self, name: &str, password: &str) -> Result<Auth, Stop> {
        let verdict = self.door()?.password(name, password).await;
        Ok(self.decide(name, verdict))
    }

    async fn auth_publickey_offered(
        &mut self,
        name: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Stop> {
        self.door()?;
        self.offers += 1;
        if self.offers > limits::SSH_KEYS {
            return Ok(self.send_away(NotAnswered::SentAway));
        }
        let Some(key) = Self::usable(offer.public_key, offer.algorithm) else {
            return Ok(Auth::reject());
        };
        Ok(match self.door()?.key(name, &key, Proof::Offered).await {
            Verdict::Admitted(_) => Auth::Accept,
            Verdict::Refused => Auth::reject(),
            Verdict::GoAway => self.send_away(NotAnswered::SentAway),
        })
    }

    async fn auth_publickey(
        &mut self,
        name: &str,
        shown: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Stop> {
        self.door()?;
        let Some(key) = Self::usable(shown.public_key, shown.algorithm) else {
            return Ok(Auth::reject());
        };
        let verdict = self.door()?.key(name, &key, Proof::Shown).await;
        Ok(self.decide(name, verdict))
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Stop> {
        match std::mem::replace(&mut self.stage, Stage::SentAway) {
            Stage::In { name, terms } => {
                let id = channel.id();
                // Without its queue the channel's data come to us alone.
                let (_, half) = channel.split();
                let room = Room { id, half, terminal: None };
                self.stage = Stage::Waiting { name, terms, room };
                reply.accept().await;
            }
            // A second channel: dropping the reply refuses it.
            stage => self.stage = stage,
        }
        Ok(())
    }

    async fn channel_close(&mut self, _: ChannelId, _: &mut Session) -> Result<(), Stop> {
        self.link.over();
        match self.stage {
            Stage::Served(_) => Ok(()),
            // There is one channel to a connection, and it had no program.
            _ => Err(russh::Error::Disconnect.into()),
        }
    }

    async fn channel_eof(&mut self, _: ChannelId, _: &mut Session) -> Result<(), Stop> {
        self.link.end();
        Ok(())
    }

    async fn data(&mut self, _: ChannelId, data: &[u8], _: &mut Session) -> Result<(), Stop> {
        self.link.put(data);
        Ok(())
    }

    fn adjust_window(&mut self, _: ChannelId, _: u32) -> u32 {
        self.link.next_window()
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        name: &str,
        columns: u32,
        rows: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Stop> {
        let answer = match &mut self.stage {
            Stage::Waiting { terms, room, .. }
                if terms.terminal == Terminal::Allowed
                    && room.id == id
                    && room.terminal.is_none() =>
            {
                let size = window_size(columns, rows);
                // What can't be believed is not told to the program, which has a default.
                room.terminal = Some(TerminalRequest { name: name.parse().ok(), size });
                Session::channel_success
            }
            _ => Session::channel_failure,
        };
        Ok(answer(session, id)?)
    }

    async fn window_change_request(
        &mut self,
        id: ChannelId,
        columns: u32,
        rows: u32,
        _: u32,
        _: u32,
        _: &mut Session,
    ) -> Result<(), Stop> {
        let size = window_size(columns, rows);
        match &mut self.stage {
            Stage::Waiting { room, .. } => {
                if let Some(terminal) = &mut room.terminal {
                    terminal.size = size;
                }
            }
            Stage::Served(served) if *served == id => self.link.signal(Event::WindowSize(size)),
            _ => {}
        }
        Ok(())
    }

    async fn signal(&mut self, id: ChannelId, signal: Sig, _: &mut Session) -> Result<(), Stop> {
        // The others end programs in ways that are the exchange's to decide.
        if matches!(signal, Sig::INT) && self.is_served(id) {
            self.link.signal(Event::Function(Function::Interrupt));
        }
        Ok(())
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Stop> {
        match self.serve(id, None) {
            true => Ok(session.channel_success(id)?),
            false => Ok(session.channel_failure(id)?),
        }
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Stop> {
        match self.serve(id, Some(command)) {
            true => Ok(session.channel_success(id)?),
            false => Ok(session.channel_failure(id)?),
        }
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Stop> {
        if let Stage::Waiting { .. } = self.stage {
            self.stage = Stage::SentAway;
            self.report(Err(NotAnswered::NotGiven));
        }
        Ok(session.channel_failure(id)?)
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        _: &str,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Stop> {
        Ok(session.channel_failure(id)?)
    }

    fn x11_request(
        &mut self,
        id: ChannelId,
        _: bool,
        _: &str,
        _: &str,
        _: u32,
        session: &mut Session,
    ) -> impl Future<Output = Result<(), Stop>> + Send {
        let refused = session.channel_failure(id);
        async { Ok(refused?) }
    }
}

/// The library would take the method that has failed off the list; the doorkeeper counts tries.
fn again() -> Auth {
    let methods = MethodSet::from(&[MethodKind::PublicKey, MethodKind::Password][..]);
    Auth::Reject { proceed_with_methods: Some(methods), partial_success: false }
}

/// Zero is "unknown"; nobody has a window of more than 65,535 columns.
fn window_size(columns: u32, rows: u32) -> WindowSize {
    let size = |number: u32| u16::try_from(number).unwrap_or(0);
    WindowSize { columns: size(columns), rows: size(rows) }
}
