//! Answering: from a caller who says `SSH-` to a call whose user is known.

use std::borrow::Cow;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::PrivateKey;
use russh::server::{Config, Handle, Msg, run_stream};
use russh::{ChannelId, ChannelWriteHalf, MethodKind, MethodSet, Sig, SshId};
use telnet::{TerminalName, WindowSize};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::gate::Gate;
use super::guest::{Arrived, Guest, Stop};
use super::link::{Fate, Link};
use super::stream::{End, Errand, Exit, Side, Stream};
use super::{Doorkeeper, HostKeys, preferred};
use crate::wire::Wire;
use crate::{Call, CallOptions, Caller, Peer, limits};

/// A caller who is in, and has asked for his program.
pub struct Answered<D> {
    /// The call.
    pub call: Call,
    /// Who he is: the name that the doorkeeper has admitted.
    pub name: String,
    /// His terminal, if he has asked for one and may have it.
    pub terminal: Option<TerminalRequest>,
    /// The command that he has asked for instead of his program, if it is to be told.
    pub command: Option<Vec<u8>>,
    /// The doorkeeper, with what he has learnt.
    pub doorkeeper: D,
}

/// What a caller says of his terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalRequest {
    /// Its type, if it is one that can be believed.
    pub name: Option<TerminalName>,
    /// Its size.
    pub size: WindowSize,
}

/// Why a caller did not get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnswered {
    /// He has left.
    #[error("the caller left before he was in")]
    Left,
    /// The connection broke.
    #[error("the connection broke before the caller was in")]
    Lost,
    /// What he sent was not SSH, or not by its rules.
    #[error("the caller broke the SSH protocol")]
    Protocol,
    /// Nothing that he can do is good enough.
    #[error("the caller and this program have no secure method in common")]
    NothingInCommon,
    /// He was sent away.
    #[error("the caller was sent away")]
    SentAway,
    /// He is in, but wanted something else than his account's program.
    #[error("the caller wanted something that is not given here")]
    NotGiven,
}

/// Answers a caller. Takes as long as he does: drop the future to end it.
///
/// In the end the doorkeeper, if he is still needed, is in the [`Answered`].
pub async fn answer<D: Doorkeeper>(
    caller: Caller,
    options: &CallOptions,
    keys: &HostKeys,
    doorkeeper: D,
) -> Result<Answered<D>, NotAnswered> {
    let (wire, peer) = caller.into_parts();
    wire.apply(&options.socket).map_err(|_| NotAnswered::Lost)?;
    answer_on(wire, peer, keys, doorkeeper).await
}

async fn answer_on<D: Doorkeeper>(
    wire: Wire,
    peer: Peer,
    keys: &HostKeys,
    doorkeeper: D,
) -> Result<Answered<D>, NotAnswered> {
    let local = wire.local();
    let link = Arc::new(Link::default());
    // Ends the library's task when this future is dropped.
    let mut hold = Hold(Some(Arc::clone(&link)));
    let gate = Gate::new(wire, Arc::clone(&link));
    let (arrived, mut arrival) = oneshot::channel();
    let guest = Guest::new(doorkeeper, Arc::clone(&link), arrived);
    let session = run_stream(Arc::clone(&keys.config), gate, guest).await.map_err(why)?;
    let handle = session.handle();
    let mut session = Box::pin(session);
    let Arrived { doorkeeper, name, terminal, command, half, id } = tokio::select! {
        // What a guest has done is looked at before his end.
        biased;
        arrived = &mut arrival => match arrived {
            Ok(Ok(arrived)) => *arrived,
            Ok(Err(refused)) => {
                // He has heard why; he may leave by himself.
                let _ = timeout(LAST_WORD, session).await;
                return Err(refused);
            }
            Err(_) => return Err(session.await.err().map_or(NotAnswered::Left, why)),
        },
        ended = &mut session => return Err(ended.err().map_or(NotAnswered::Left, why)),
    };
    hold.0 = None;
    let side = Host { half: Arc::new(half), handle, id, link: Arc::clone(&link) };
    let stream = Stream {
        link,
        side: Box::new(side),
        peer: peer.clone(),
        local,
        errand: None,
        exit: Exit::Unknown,
        end: End::None,
    };
    let call = Call::on(Wire::wrapped(Box::new(stream)), peer);
    Ok(Answered { call, name, terminal, command, doorkeeper })
}

/// How long a caller who was sent away may take to leave.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Ends the connection of a caller who isn't waited for any more.
struct Hold(Option<Arc<Link>>);

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(link) = &self.0 {
            link.decide(Fate::Cut);
        }
    }
}

fn why(stop: Stop) -> NotAnswered {
    use russh::Error;
    match stop {
        Stop::SentAway => NotAnswered::SentAway,
        Stop::Protocol => NotAnswered::Protocol,
        Stop::Library(error) => match error {
            Error::Disconnect | Error::HUP => NotAnswered::Left,
            Error::IO(error) => match error.kind() {
                io::ErrorKind::UnexpectedEof => NotAnswered::Left,
                io::ErrorKind::InvalidData => NotAnswered::Protocol,
                _ => NotAnswered::Lost,
            },
            Error::NoCommonAlgo { .. } => NotAnswered::NothingInCommon,
            _ => NotAnswered::Protocol,
        },
    }
}

/// The library's settings.
pub(super) fn config(keys: Vec<PrivateKey>) -> Config {
    Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-Trunkline")),
        methods: MethodSet::from(&[MethodKind::PublicKey, MethodKind::Password][..]),
        // The doorkeeper takes as long for an unknown name as for a known one.
        auth_rejection_time: Duration::ZERO,
        keys,
        window_size: super::window(),
        maximum_packet_size: super::piece(),
        // Nobody listens at the channel's own queue; ours is bounded.
        channel_buffer_size: 1,
        event_buffer_size: limits::SSH_EVENTS,
        preferred: preferred(),
        // A last bound: the doorkeeper has his own.
        max_auth_attempts: limits::SSH_KEYS * 2,
        // The exchange has limits of its own, and TCP looks after a far end that is gone.
        inactivity_timeout: None,
        keepalive_interval: None,
        ..Config::default()
    }
}

/// The host's side of a channel.
struct Host {
    half: Arc<ChannelWriteHalf<Msg>>,
    handle: Handle,
    id: ChannelId,
    link: Arc<Link>,
}

impl Side for Host {
    fn speak(&self, data: Vec<u8>) -> Errand {
        let half = Arc::clone(&self.half);
        Box::pin(async move {
            let _ = half.data_bytes(data).await;
        })
    }

    fn finish(&self, exit: Option<ExitStatus>) -> Errand {
        let (half, handle, id) = (Arc::clone(&self.half), self.handle.clone(), self.id);
        Box::pin(async move {
            tell(&handle, id, exit).await;
            let _ = half.eof().await;
        })
    }

    fn goodbye(&self, exit: Option<ExitStatus>) -> Errand {
        let (handle, id, link) = (self.handle.clone(), self.id, Arc::clone(&self.link));
        Box::pin(async move {
            tell(&handle, id, exit).await;
            let _ = handle.close(id).await;
            // Ends with the connection, which the gate ends if nobody else does.
            tokio::spawn(rouse(handle, link));
        })
    }

    fn resize(&self, _: WindowSize) -> Option<Errand> {
        None
    }
}

/// Tells the caller how his program has ended. Fails only when the connection is over, and then nobody is left to be
/// told.
async fn tell(handle: &Handle, id: ChannelId, exit: Option<ExitStatus>) {
    let Some(exit) = exit else { return };
    let _ = match (exit.code(), exit.signal()) {
        (None, Some(signal)) => {
            let (name, core) = (signal_name(signal), exit.core_dumped());
            handle.exit_signal_request(id, name, core, String::new(), String::new()).await
        }
        (code, _) => {
            // As the shell has it: eight bits.
            let code = u32::from(code.unwrap_or(0).to_le_bytes()[0]);
            handle.exit_status_request(id, code).await
        }
    };
}

/// Wakes a caller up who sleeps through the end of his call. Dropbear's client does, without leaving, if it hears of that
/// while something is still to be written out at its side, and cut off then, it forgets how the program has ended.
async fn rouse(handle: Handle, link: Arc<Link>) {
    let mut pause = limits::SSH_ROUSE;
    while pause < limits::SSH_LEAVING {
        sleep(pause).await;
        if link.is_gone() {
            return;
        }
        // Any message does. That no forwarding by this name is known changes nothing.
        let _ = handle.cancel_forward_tcpip(String::new(), 0).await;
        pause *= 2;
    }
}

/// RFC 4254 section 6.10 has names for some, and lets us make up others.
fn signal_name(signal: i32) -> Sig {
    match signal {
        1 => Sig::HUP,
        2 => Sig::INT,
        3 => Sig::QUIT,
        4 => Sig::ILL,
        6 => Sig::ABRT,
        8 => Sig::FPE,
        9 => Sig::KILL,
        10 => Sig::USR1,
        11 => Sig::SEGV,
        13 => Sig::PIPE,
        14 => Sig::ALRM,
        15 => Sig::TERM,
        other => Sig::Custom(format!("{other}@trunkline")),
    }
}
