//! Callers over SSH: the protocol itself asks who they are.

use std::future::poll_fn;
use std::sync::{Arc, OnceLock};

use carrier::ssh::{
    Answered, Commands, Doorkeeper, HostKeys, NotAnswered, Proof, PublicKey, Terminal, Terms,
    Verdict,
};
use carrier::{CallOptions, Caller, clock_now, timer_at};
use settings::Secret;
use tokio::time::sleep_until;

use crate::account::Service;
use crate::admission::{Checked, Identified};
use crate::call::{CallEnd, CallId};
use crate::config::{On, SshCommands, SshConfig};
use crate::listen::Running;
use crate::login::{Guest, Told};
use crate::origin::{Origin, Over};
use crate::registry::Entry;
use crate::session::Ending;
use crate::shared::Shared;
use crate::wait::{First, first};

/// What callers over SSH meet.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    keys: HostKeys,
    commands: Commands,
}

/// Callers over SSH can't be received as configured.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SshFault(#[from] carrier::ssh::HostKeyError);

impl Host {
    /// Reads the keys; makes those that aren't there.
    pub(crate) fn open(config: &SshConfig) -> Result<Self, SshFault> {
        let keys = HostKeys::open(&config.host_keys.0)?;
        for (kind, fingerprint) in keys.fingerprints() {
            tracing::info!(kind, fingerprint, "callers over SSH see this host key");
        }
        let commands = match config.commands {
            SshCommands::Ignore => Commands::Ignored,
            SshCommands::Tell => Commands::Told,
            SshCommands::Refuse => Commands::Refused,
        };
        Ok(Self { keys, commands })
    }
}

impl SshConfig {
    /// Kind and fingerprint of each key that is there.
    ///
    /// # Errors
    /// A key can't be used.
    pub fn fingerprints(&self) -> Result<Vec<(String, String)>, SshFault> {
        match HostKeys::look(&self.host_keys.0) {
            Ok(keys) => Ok(keys.fingerprints().to_vec()),
            // They will be made.
            Err(carrier::ssh::HostKeyError::None) => Ok(Vec::new()),
            Err(fault) => Err(fault.into()),
        }
    }
}

/// One caller over SSH, from his hello to his call.
pub(crate) async fn receive(
    shared: Arc<Shared>,
    caller: Box<Caller>,
    mut entry: Box<Entry>,
    options: CallOptions,
) -> Option<Running> {
    let settings = shared.settings();
    let Some(host) = settings.ssh.clone() else {
        caller.refuse();
        entry.file(entry.over(CallEnd::NotAccepted));
        return None;
    };
    entry.travels(Over::Ssh);
    let noted = Arc::new(OnceLock::new());
    let door = Door {
        shared: Arc::clone(&shared),
        origin: entry.origin().clone(),
        call: entry.id(),
        commands: host.commands,
        tries_left: settings.script.tries,
        who: None,
        noted: Arc::clone(&noted),
    };
    let deadline = clock_now() + settings.script.deadline;
    drop(settings);
    // Boxed: once the caller is in, nothing of how he came in is needed.
    let answering = Box::pin(carrier::ssh::answer(*caller, &options, &host.keys, door));
    let ordered = poll_fn(|cx| entry.poll_order(cx));
    let end = match first(ordered, first(answering, sleep_until(timer_at(deadline)))).await {
        First::One(order) => order,
        First::Other(First::Other(())) => CallEnd::LoginFailed(Ending::Deadline),
        First::Other(First::One(Err(why))) => ended(why, noted.get().copied()),
        First::Other(First::One(Ok(answered))) => {
            let Answered { call, terminal, command, doorkeeper, .. } = answered;
            let Some(who) = doorkeeper.who else {
                entry.file(entry.over(CallEnd::NotAccepted));
                return None;
            };
            let told = Told {
                wants: Some(if terminal.is_some() { On::Pty } else { On::Pipe }),
                size: terminal.as_ref().map(|terminal| terminal.size),
                terminal: terminal.and_then(|terminal| terminal.name),
                command,
            };
            let guest = Box::new(Guest::identified(who, told));
            return Some(Box::pin(shared.run_identified(Box::new(call), guest, entry)));
        }
    };
    shared.offended(&shared.settings(), entry.origin(), end);
    entry.file(entry.over(end));
    None
}

fn ended(why: NotAnswered, noted: Option<Ending>) -> CallEnd {
    match why {
        NotAnswered::Left => CallEnd::CallerHungUp,
        NotAnswered::Lost => CallEnd::LineLost,
        NotAnswered::Protocol | NotAnswered::NothingInCommon => CallEnd::SshFailed,
        NotAnswered::SentAway => CallEnd::LoginFailed(noted.unwrap_or(Ending::TriesUsed)),
        NotAnswered::NotGiven => CallEnd::NotGiven,
    }
}

/// Decides about one caller, by the exchange's accounts and within its limits.
struct Door {
    shared: Arc<Shared>,
    origin: Origin,
    call: CallId,
    commands: Commands,
    tries_left: u32,
    who: Option<Identified>,
    /// Why he was sent away.
    noted: Arc<OnceLock<Ending>>,
}

impl Door {
    fn admit(&mut self, who: Identified) -> Verdict {
        let terminal = match &who.account.service {
            // Without one his own program echoes what he types; with one nobody would.
            Service::Program(plan) if plan.on == On::Pipe => Terminal::Refused,
            // Every byte of a site counts.
            Service::Collector(_) => Terminal::Refused,
            Service::Program(_) | Service::Echo(_) | Service::Deny(_) => Terminal::Allowed,
        };
        self.who = Some(who);
        Verdict::Admitted(Terms { terminal, commands: self.commands })
    }

    fn send_away(&self, why: Ending) -> Verdict {
        let _ = self.noted.set(why);
        Verdict::GoAway
    }

    fn knows(&self, name: &str, key: &PublicKey) -> bool {
        let settings = self.shared.settings();
        let keys = settings.accounts.find_for_ssh(name);
        keys.iter()
            .any(|known| known.to_string().parse().is_ok_and(|known: PublicKey| known == *key))
    }
}

impl Doorkeeper for Door {
    async fn password(&mut self, name: &str, password: &str) -> Verdict {
        let password = Secret::new(password.as_bytes().to_vec());
        let call = Some(self.call);
        match self.shared.check_password(&self.origin, call, name, password).await {
            Checked::Right(who) => self.admit(who),
            Checked::Busy => self.send_away(Ending::Busy),
            Checked::Wrong => {
                self.tries_left = self.tries_left.saturating_sub(1);
                match self.tries_left {
                    0 => self.send_away(Ending::TriesUsed),
                    _ => Verdict::Refused,
                }
            }
        }
    }

    async fn key(&mut self, name: &str, key: &PublicKey, proof: Proof) -> Verdict {
        if !self.knows(name, key) {
            return Verdict::Refused;
        }
        match proof {
            Proof::Offered => Verdict::Admitted(Terms::default()),
            Proof::Shown => {
                match self.shared.identify_by_key(&self.origin, Some(self.call), name) {
                    Some(who) => self.admit(who),
                    None => Verdict::Refused,
                }
            }
        }
    }
}
