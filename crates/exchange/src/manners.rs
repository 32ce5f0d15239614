//! What a caller speaks, told from his first bytes, and whether that is spoken here.

use std::net::SocketAddr;
use std::time::Duration;

use carrier::{CallOptions, Caller, Greeting, SocketOptions, TlsDoor, TlsSetupError};
use telnet::{ComPort, Mode};

use crate::call::CallEnd;
use crate::config::{ComPortWish, Kind, ListenConfig, Parity, Profile};
use crate::limits;
use crate::origin::Over;

/// How callers of one listener are received.
#[derive(Debug)]
pub(crate) struct Manners {
    accept: Vec<Kind>,
    tls: Option<TlsDoor>,
    profile: Profile,
    com_port: ComPortWish,
    socket: SocketOptions,
    pub(crate) login_parity: Parity,
}

/// What a caller's first bytes, or their absence, have decided.
pub(crate) enum Heard {
    /// He speaks telnet, or plain bytes.
    Words { caller: Box<Caller>, mode: Mode, over: Over },
    /// He speaks SSH.
    Ssh(Box<Caller>),
    /// There will be no call.
    Nothing(CallEnd),
}

/// Why a listener can't be as configured.
#[derive(Debug, thiserror::Error)]
#[error("callers at {address} can't be received as configured: {fault}")]
pub struct ListenerFault {
    /// Which listener.
    pub address: SocketAddr,
    /// What is wrong.
    pub fault: TlsFault,
}

/// What is wrong with a listener's TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// It is accepted, and there is no certificate to show.
    #[error("it accepts tls; give it `tls = {{ certificate = \"…\", key = \"…\" }}`")]
    NoCertificate,
    /// There is a certificate, and nobody to show it to.
    #[error("it has a certificate; add \"tls\" to its `accept`")]
    NotAccepted,
    /// The files.
    #[error(transparent)]
    Setup(#[from] TlsSetupError),
}

impl Manners {
    pub(crate) fn of(config: &ListenConfig) -> Result<Self, ListenerFault> {
        let tls = door(config).map_err(|fault| ListenerFault { address: config.address, fault })?;
        let mut accept = config.accept.clone();
        if accept.is_empty() {
            accept = vec![Kind::Telnet, Kind::Raw];
        }
        Ok(Self {
            accept,
            tls,
            profile: config.profile,
            com_port: config.com_port,
            socket: SocketOptions::lost_after(config.user_timeout.0),
            login_parity: config.login_parity,
        })
    }

    /// Tells what a caller speaks, where there is a choice, and makes the connection secure if he
    /// wants that.
    pub(crate) async fn hear(&self, mut caller: Box<Caller>) -> Heard {
        let over = if caller.peer().socket_addr().is_some() { Over::Tcp } else { Over::Unix };
        let mode = match self.accept.as_slice() {
            [Kind::Telnet] => Mode::On,
            [Kind::Raw] => Mode::Off,
            // Boxed, here and below: other callers need no room for it.
            [Kind::Tls] => return Box::pin(self.hear_secured(caller)).await,
            [Kind::Ssh] => return Heard::Ssh(caller),
            _ => match caller.sniff(self.patience()).await {
                Greeting::Tls => return Box::pin(self.hear_secured(caller)).await,
                Greeting::Telnet if self.accepts(Kind::Telnet) => Mode::On,
                Greeting::Raw if self.accepts(Kind::Raw) => Mode::Off,
                Greeting::Silent if self.accepts(Kind::Raw) && self.accepts(Kind::Telnet) => {
                    self.silence()
                }
                Greeting::Silent if self.accepts(Kind::Telnet) => Mode::On,
                Greeting::Silent if self.accepts(Kind::Raw) => Mode::Off,
                // Some wait for our hello.
                Greeting::Ssh | Greeting::Silent if self.accepts(Kind::Ssh) => {
                    return Heard::Ssh(caller);
                }
                Greeting::Gone => return Heard::Nothing(CallEnd::CallerHungUp),
                _ => return foreign(*caller),
            },
        };
        Heard::Words { caller, mode, over }
    }

    async fn hear_secured(&self, caller: Box<Caller>) -> Heard {
        let Some(door) = &self.tls else { return foreign(*caller) };
        let from = caller.peer().clone();
        let mut caller = match caller.secure(door, limits::HANDSHAKE).await {
            Ok(caller) => Box::new(caller),
            Err(why) => {
                tracing::info!(%from, "no secure connection: {why}");
                return Heard::Nothing(CallEnd::TlsFailed);
            }
        };
        // Inside, telnet and plain bytes are the same to us, whatever may be spoken outside.
        let mode = match caller.sniff(limits::FIRST_BYTES).await {
            Greeting::Telnet => Mode::On,
            Greeting::Raw => Mode::Off,
            Greeting::Silent => self.silence(),
            Greeting::Gone => return Heard::Nothing(CallEnd::CallerHungUp),
            Greeting::Tls | Greeting::Ssh => return foreign(*caller),
        };
        Heard::Words { caller, mode, over: Over::Tls }
    }

    fn accepts(&self, kind: Kind) -> bool {
        self.accept.contains(&kind)
    }

    /// Terminals wait for us to begin; who must begin himself is waited for longer.
    fn patience(&self) -> Duration {
        match [Kind::Telnet, Kind::Raw, Kind::Ssh].into_iter().any(|kind| self.accepts(kind)) {
            true => limits::FIRST_BYTES,
            false => limits::HANDSHAKE,
        }
    }

    /// What to speak with a caller who waits for us to begin.
    fn silence(&self) -> Mode {
        match self.profile {
            Profile::Human => Mode::On,
            // Many telnet clients wait for us to begin; such a one is recognised by a later
            // negotiation.
            Profile::Machine => Mode::Auto,
        }
    }

    pub(crate) fn options(&self, mode: Mode) -> CallOptions {
        let profile = match self.profile {
            Profile::Machine => telnet::Profile::Machine,
            Profile::Human => telnet::Profile::Human,
        };
        let telnet = Some(mode);
        let com_port = match self.com_port {
            ComPortWish::Accept => ComPort::IfAsked,
            ComPortWish::Refuse => ComPort::Refuse,
        };
        let socket = self.socket;
        CallOptions { telnet, profile, com_port, socket, terminal: None, ..CallOptions::default() }
    }

    /// How callers over SSH are answered, of whose words another decides.
    pub(crate) fn ssh_options(&self) -> CallOptions {
        CallOptions { socket: self.socket, ..CallOptions::default() }
    }
}

impl ListenConfig {
    /// Whether callers can be received like that: reads the certificates.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self) -> Result<(), TlsFault> {
        door(self).map(drop)
    }
}

/// Reads the certificates, where they are wanted.
fn door(config: &ListenConfig) -> Result<Option<TlsDoor>, TlsFault> {
    match (&config.tls, config.accept.contains(&Kind::Tls)) {
        (None, false) => Ok(None),
        (None, true) => Err(TlsFault::NoCertificate),
        (Some(_), false) => Err(TlsFault::NotAccepted),
        (Some(tls), true) => Ok(Some(TlsDoor::open(&tls.server())?)),
    }
}

fn foreign(caller: Caller) -> Heard {
    caller.refuse();
    Heard::Nothing(CallEnd::NotAccepted)
}
