//! Calling: a session on somebody else's host.

use std::borrow::Cow;
use std::io;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};

use russh::client::{AuthResult, Config, Handle, Handler, Msg, Session, connect_stream};
use russh::keys::{
    Algorithm, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate, decode_secret_key,
};
use russh::{Channel, ChannelId, ChannelMsg, ChannelWriteHalf, Disconnect, MethodKind, SshId};
use settings::{Secret, SecretError, SecretRef};
use telnet::WindowSize;

use super::failure::SshFailure;
use super::gate::Gate;
use super::known_hosts::{self, HostName, Standing};
use super::link::{Fate, Link};
use super::stream::{End, Errand, Exit, Side, Stream};
use super::{PublicKey, preferred};
use crate::hosts::Target;
use crate::wire::Wire;
use crate::{Call, Host, Login, Peer, SshClient, UnknownHosts, limits};

/// Makes a connection into a session.
pub(crate) async fn call(
    wire: Wire,
    peer: Peer,
    target: &Target<'_>,
    how: &Arc<SshClient>,
) -> Result<Call, SshFailure> {
    let local = wire.local();
    let host = HostName::new(&bare(target.host), target.port);
    let credentials = Credentials::fetch(Arc::clone(how)).await?;
    let kinds = kinds_known(Arc::clone(how), host.clone()).await;
    let link = Arc::new(Link::default());
    let hold = Hold(Some(Arc::clone(&link)));
    let gate = Gate::new(wire, Arc::clone(&link));
    let judged = Arc::new(Mutex::new(None));
    let caller =
        Caller { link: Arc::clone(&link), host, how: Arc::clone(how), judged: Arc::clone(&judged) };
    let judged = move |error: russh::Error| {
        let failure = judged.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.unwrap_or_else(|| error.into())
    };
    let mut handle = connect_stream(config(&kinds), gate, caller).await.map_err(judged)?;
    log_in(&mut handle, target.user, credentials).await?;
    let half = Arc::new(open(&handle, how).await?);
    let stream = Stream {
        link: hold.let_go(),
        side: Box::new(Guest { half, handle: Arc::new(handle) }),
        peer: peer.clone(),
        local,
        errand: None,
        exit: Exit::Unknown,
        end: End::None,
    };
    Ok(Call::on(Wire::wrapped(Box::new(stream)), peer))
}

/// Ends the connection of a call that is given up.
struct Hold(Option<Arc<Link>>);

impl Hold {
    fn let_go(mut self) -> Arc<Link> {
        self.0.take().unwrap_or_default()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(link) = &self.0 {
            link.decide(Fate::Cut);
        }
    }
}

/// The kinds of keys that are known of a host: it has one of each kind, and shows the one that it is
/// asked for first.
async fn kinds_known(how: Arc<SshClient>, host: HostName) -> Vec<Algorithm> {
    let look = move || {
        let list = how.known_hosts.as_ref().map(|list| how.base.join(list));
        let text = list.and_then(|list| known_hosts::read(&list).ok()).unwrap_or_default();
        known_hosts::kinds(&text, &host)
    };
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}

fn config(known: &[Algorithm]) -> Arc<Config> {
    let mut preferred = preferred();
    let same_key = |kind: &Algorithm| known.iter().any(|known| same_kind(known, kind));
    preferred.key.to_mut().sort_by_key(|kind| !same_key(kind));
    Arc::new(Config {
        client_id: SshId::Standard(Cow::Borrowed("SSH-2.0-Trunkline")),
        window_size: super::window(),
        maximum_packet_size: super::piece(),
        channel_buffer_size: limits::SSH_EVENTS,
        preferred,
        inactivity_timeout: None,
        keepalive_interval: None,
        ..Config::default()
    })
}

/// An RSA key is the same one however it signs.
fn same_kind(one: &Algorithm, other: &Algorithm) -> bool {
    matches!((one, other), (Algorithm::Rsa { .. }, Algorithm::Rsa { .. })) || one == other
}

/// What we have to show.
struct Credentials {
    key: Option<Arc<PrivateKey>>,
    password: Option<Arc<Secret>>,
}

impl Credentials {
    /// Fetches keys and passwords, away from the tasks: a disk may be slow, a passphrase is meant to be.
    async fn fetch(how: Arc<SshClient>) -> Result<Self, SshFailure> {
        let fetched = tokio::task::spawn_blocking(move || Self::read(&how.login, &how.base));
        fetched.await.unwrap_or(Err(SshFailure::Identity))
    }

    fn read(login: &Login, base: &std::path::Path) -> Result<Self, SshFailure> {
        let fetch = |secret: &Option<SecretRef>| {
            secret.as_ref().map(|secret| secret.resolve(base)).transpose()
        };
        let identity = match &login.identity {
            // Longer than any other secret.
            Some(SecretRef::File(path)) => Some(read_key(&base.join(path))?),
            other => fetch(other).map_err(SshFailure::Secret)?,
        };
        let passphrase = fetch(&login.passphrase).map_err(SshFailure::Secret)?;
        let password = fetch(&login.password).map_err(SshFailure::Secret)?;
        let key = match identity {
            None => None,
            Some(identity) => {
                let identity = text(&identity).ok_or(SshFailure::Identity)?;
                let passphrase = passphrase.as_deref().and_then(text);
                let key = decode_secret_key(identity, passphrase);
                Some(Arc::new(key.map_err(|_| SshFailure::Identity)?))
            }
        };
        if key.is_none() && password.is_none() {
            return Err(SshFailure::NothingToShow);
        }
        Ok(Self { key, password })
    }
}

fn text(secret: &Secret) -> Option<&str> {
    std::str::from_utf8(secret.expose()).ok()
}

fn read_key(path: &std::path::Path) -> Result<Arc<Secret>, SshFailure> {
    use std::io::Read;
    use std::os::unix::fs::MetadataExt;
    let unreadable =
        |source| SshFailure::Secret(SecretError::Unreadable { path: path.into(), source });
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o777;
    if mode & 0o007 != 0 {
        let open = SecretError::OpenToEverybody { path: path.into(), mode };
        return Err(SshFailure::Secret(open));
    }
    let room = usize::try_from(limits::SSH_KEY_FILE).unwrap_or(usize::MAX);
    let mut bytes = Vec::with_capacity(room);
    file.take(limits::SSH_KEY_FILE).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(Arc::new(Secret::new(bytes)))
}

async fn log_in(
    handle: &mut Handle<Caller>,
    user: &str,
    credentials: Credentials,
) -> Result<(), SshFailure> {
    let mut takes = None;
    if let Some(key) = credentials.key {
        let hash = match key.algorithm().is_rsa() {
            // Never with SHA-1: its signatures can be forged.
            true => Some(handle.best_supported_rsa_hash().await?.flatten().unwrap_or_default()),
            false => None,
        };
        let key = PrivateKeyWithHashAlg::new(key, hash);
        match handle.authenticate_publickey(user, key).await? {
            AuthResult::Success => return Ok(()),
            AuthResult::Failure { remaining_methods, .. } => takes = Some(remaining_methods),
        }
    }
    let may = takes.as_ref().is_none_or(|takes| takes.contains(&MethodKind::Password));
    if let Some(password) = credentials.password.filter(|_| may) {
        let password = text(&password).ok_or(SshFailure::NothingToShow)?;
        match handle.authenticate_password(user, password).await? {
            AuthResult::Success => return Ok(()),
            AuthResult::Failure { remaining_methods, .. } => takes = Some(remaining_methods),
        }
    }
    let takes = takes.map(|takes| takes.iter().map(String::from).collect::<Vec<_>>().join(", "));
    let takes = takes.filter(|takes| !takes.is_empty());
    Err(SshFailure::LoginRefused(takes.unwrap_or_else(|| "nothing more".to_owned())))
}

/// Opens the session, and asks for what is to run in it.
async fn open(
    handle: &Handle<Caller>,
    how: &SshClient,
) -> Result<ChannelWriteHalf<Msg>, SshFailure> {
    let mut channel = handle.channel_open_session().await.map_err(|error| match error {
        russh::Error::ChannelOpenFailure(_) => SshFailure::NoSession,
        error => error.into(),
    })?;
    if let Some(terminal) = &how.terminal {
        let size = how.size.unwrap_or(WindowSize { columns: 80, rows: 24 });
        let (columns, rows) = (u32::from(size.columns), u32::from(size.rows));
        channel.request_pty(true, terminal.as_str(), columns, rows, 0, 0, &[]).await?;
        granted(&mut channel).await?.then_some(()).ok_or(SshFailure::NoTerminal)?;
    }
    let what = match &how.command {
        Some(command) => {
            channel.exec(true, command.as_bytes()).await?;
            "the command"
        }
        None => {
            channel.request_shell(true).await?;
            "a shell"
        }
    };
    granted(&mut channel).await?.then_some(()).ok_or(SshFailure::NotRun(what))?;
    let (_, half) = channel.split();
    Ok(half)
}

/// The answer to a request.
async fn granted(channel: &mut Channel<Msg>) -> Result<bool, SshFailure> {
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Success) => return Ok(true),
            Some(ChannelMsg::Failure) => return Ok(false),
            // The data have come to us as well, and windows to whoever writes.
            Some(ChannelMsg::Close) | None => return Err(SshFailure::NoSession),
            Some(_) => {}
        }
    }
}

/// Our side of a channel on somebody else's host.
struct Guest {
    half: Arc<ChannelWriteHalf<Msg>>,
    handle: Arc<Handle<Caller>>,
}

impl Side for Guest {
    fn speak(&self, data: Vec<u8>) -> Errand {
        let half = Arc::clone(&self.half);
        Box::pin(async move {
            let _ = half.data_bytes(data).await;
        })
    }

    fn finish(&self, _: Option<ExitStatus>) -> Errand {
        let half = Arc::clone(&self.half);
        Box::pin(async move {
            let _ = half.eof().await;
        })
    }

    fn goodbye(&self, _: Option<ExitStatus>) -> Errand {
        let (half, handle) = (Arc::clone(&self.half), Arc::clone(&self.handle));
        Box::pin(async move {
            // Each fails only when the connection is over, and then nobody is left to be told.
            let _ = half.close().await;
            let _ = handle.disconnect(Disconnect::ByApplication, "", "").await;
        })
    }

    fn resize(&self, size: WindowSize) -> Option<Errand> {
        let half = Arc::clone(&self.half);
        let (columns, rows) = (u32::from(size.columns), u32::from(size.rows));
        Some(Box::pin(async move {
            let _ = half.window_change(columns, rows, 0, 0).await;
        }))
    }
}

/// The calling side, from the library's task's point of view.
struct Caller {
    link: Arc<Link>,
    host: HostName,
    how: Arc<SshClient>,
    /// Why the host isn't believed.
    judged: Arc<Mutex<Option<SshFailure>>>,
}

impl Caller {
    fn judge(how: &SshClient, host: &HostName, key: &PublicKey) -> Result<(), SshFailure> {
        let shown = format!("{} {}", key.kind(), key.fingerprint());
        let unknown = |list: String| SshFailure::UnknownHost {
            key: shown.clone(),
            list,
            line: format!("{host} {key}"),
        };
        let Some(list) = how.known_hosts.as_ref().map(|list| how.base.join(list)) else {
            return Err(unknown("the file that `known-hosts` names".to_owned()));
        };
        let unusable = |source| SshFailure::KnownHosts { list: list.clone(), source };
        let text = known_hosts::read(&list).map_err(unusable)?;
        match known_hosts::standing(&text, host, key) {
            Standing::Known => Ok(()),
            Standing::Changed { line } => {
                Err(SshFailure::HostKeyChanged { key: shown, list, line })
            }
            Standing::Revoked { line } => {
                Err(SshFailure::HostKeyRevoked { key: shown, list, line })
            }
            Standing::Unknown => match how.unknown_hosts {
                UnknownHosts::Refuse => Err(unknown(list.display().to_string())),
                UnknownHosts::TrustOnFirstUse => {
                    known_hosts::learn(&list, host, key).map_err(unusable)?;
                    tracing::warn!(%host, key = shown, list = %list.display(), "host trusted on its first call");
                    Ok(())
                }
            },
        }
    }
}

impl Handler for Caller {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        key: &PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        let verdict = match PublicKey::checked(key.clone()) {
            Err(weak) => Err(SshFailure::HostKeyWeak(weak.to_string())),
            Ok(key) => {
                let (how, host) = (Arc::clone(&self.how), self.host.clone());
                let judging = tokio::task::spawn_blocking(move || Self::judge(&how, &host, &key));
                judging.await.unwrap_or(Err(SshFailure::NoSession))
            }
        };
        match verdict {
            Ok(()) => Ok(true),
            Err(failure) => {
                *self.judged.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
                Ok(false)
            }
        }
    }

    async fn data(
        &mut self,
        _: ChannelId,
        data: &[u8],
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        self.link.put(data);
        Ok(())
    }

    async fn channel_eof(&mut self, _: ChannelId, _: &mut Session) -> Result<(), russh::Error> {
        self.link.end();
        Ok(())
    }

    async fn channel_close(&mut self, _: ChannelId, _: &mut Session) -> Result<(), russh::Error> {
        self.link.over();
        Ok(())
    }

    fn adjust_window(&mut self, _: ChannelId, _: u32) -> u32 {
        self.link.next_window()
    }
}

/// A host as a list of known hosts names it.
fn bare(host: &Host) -> String {
    match host {
        Host::Ip(ip) => ip.to_string(),
        Host::Zoned(ip, zone) => format!("{ip}%{zone}"),
        Host::Name(name) => name.clone(),
    }
}

impl From<russh::Error> for SshFailure {
    fn from(error: russh::Error) -> Self {
        use russh::Error;
        match error {
            Error::NoCommonAlgo { .. } => Self::NothingInCommon,
            Error::IO(error) if error.kind() != io::ErrorKind::InvalidData => Self::Broken(error),
            Error::Disconnect | Error::HUP | Error::SendError => {
                Self::Broken(io::ErrorKind::ConnectionReset.into())
            }
            error => Self::Protocol(error.to_string()),
        }
    }
}
