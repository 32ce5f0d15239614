//! A site that calls, logs in and compares what comes back.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use carrier::{
    AccessList, Address, Call, CallOptions, Login, Received, SshClient, TlsClient, UnknownHosts,
    Verify,
};
use settings::{Secret, SecretRef};
use telnet::Mode;

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum By {
    Raw,
    Telnet,
    Tls,
    Ssh,
}

impl By {
    pub(crate) const ALL: [Self; 4] = [Self::Raw, Self::Telnet, Self::Tls, Self::Ssh];

    /// In the words of a listener's configuration.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Telnet => "telnet",
            Self::Tls => "tls",
            Self::Ssh => "ssh",
        }
    }
}

/// What a site knows of the exchange that it calls.
pub(crate) struct Number {
    by: By,
    address: Address,
    options: CallOptions,
    secret: Arc<Secret>,
}

impl Number {
    /// The exchange listens at `to`; what a caller keeps of it is kept in `folder`.
    pub(crate) fn of(
        by: By,
        to: SocketAddr,
        secret: Arc<Secret>,
        folder: &Path,
    ) -> io::Result<Self> {
        let address = match by {
            By::Raw | By::Telnet => format!("tcp://{to}"),
            By::Tls => format!("tls://{to}"),
            By::Ssh => format!("ssh://site@{to}"),
        };
        let mut options = CallOptions {
            telnet: Some(if by == By::Telnet { Mode::On } else { Mode::Off }),
            ..CallOptions::default()
        };
        match by {
            By::Raw | By::Telnet => {}
            // Its certificate is of its own making.
            By::Tls => {
                let trust = TlsClient { verify: Verify::Off, ..TlsClient::default() };
                options.tls = Some(Arc::new(trust));
            }
            By::Ssh => {
                let password = Some(SecretRef::Given(Arc::clone(&secret)));
                options.ssh = Some(Arc::new(SshClient {
                    known_hosts: Some("known_hosts".into()),
                    unknown_hosts: UnknownHosts::TrustOnFirstUse,
                    login: Login { password, ..Login::default() },
                    base: folder.into(),
                    ..SshClient::default()
                }));
            }
        }
        let address = address.parse().map_err(io::Error::other)?;
        Ok(Self { by, address, options, secret })
    }

    /// Somebody who wants no login.
    pub(crate) fn open(by: By, to: SocketAddr) -> io::Result<Self> {
        Self::of(by, to, Arc::new(Secret::with_room(0)), Path::new("."))
    }
}

/// One call.
pub(crate) struct Caller {
    call: Call,
    /// What has come and was not asked for yet.
    heard: Vec<u8>,
}

impl Caller {
    pub(crate) async fn dial(number: &Number) -> io::Result<Self> {
        let anywhere = AccessList::allow_all();
        let call = carrier::dial(&number.address, &number.options, &anywhere).await;
        Ok(Self { call: call.map_err(io::Error::other)?, heard: Vec::new() })
    }

    /// Dials until somebody answers, as a site does after a blackout. Returns how often it took.
    pub(crate) async fn insist(number: &Number) -> io::Result<(Self, u32)> {
        Self::insist_as(number, "site").await
    }

    /// The same, under a name of his own.
    pub(crate) async fn insist_as(number: &Number, name: &str) -> io::Result<(Self, u32)> {
        let mut tries = 1;
        loop {
            let called = async {
                let mut caller = Self::dial(number).await?;
                caller.log_in_as(number, name).await?;
                Ok(caller)
            };
            match called.await {
                Ok(caller) => return Ok((caller, tries)),
                Err(error) if tries == 20 => return Err::<_, io::Error>(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(200) * tries).await,
            }
            tries += 1;
        }
    }

    /// Says who he is, where the protocol hasn't asked yet.
    pub(crate) async fn log_in(&mut self, number: &Number) -> io::Result<()> {
        self.log_in_as(number, "site").await
    }

    async fn log_in_as(&mut self, number: &Number, name: &str) -> io::Result<()> {
        if number.by == By::Ssh {
            return Ok(());
        }
        self.expect(b"login: ").await?;
        self.call.send(format!("{name}\r").as_bytes()).await?;
        self.expect(b"Password: ").await?;
        self.call.send(&[number.secret.expose(), b"\r"].concat()).await?;
        // The end of the line that the secret wasn't shown on.
        self.expect(b"\r\n").await
    }

    /// Sends a message and waits until it has come back, unchanged.
    pub(crate) async fn exchange(&mut self, message: &[u8]) -> io::Result<()> {
        self.call.send(message).await?;
        while self.heard.len() < message.len() {
            self.hear().await?;
        }
        match self.heard.drain(..message.len()).eq(message.iter().copied()) {
            true => Ok(()),
            false => Err(io::Error::other("other bytes came back than were sent")),
        }
    }

    /// What comes next, at least a byte.
    pub(crate) async fn listen(&mut self) -> io::Result<Vec<u8>> {
        if self.heard.is_empty() {
            self.hear().await?;
        }
        Ok(std::mem::take(&mut self.heard))
    }

    /// Sends what nothing is expected for.
    pub(crate) async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.call.send(bytes).await
    }

    /// Reads up to the end of `text`.
    pub(crate) async fn expect(&mut self, text: &[u8]) -> io::Result<()> {
        loop {
            let found = self.heard.windows(text.len()).position(|window| window == text);
            if let Some(place) = found {
                self.heard.drain(..place + text.len());
                return Ok(());
            }
            self.hear().await?;
        }
    }

    async fn hear(&mut self) -> io::Result<()> {
        let mut buffer = [0; 512];
        loop {
            match self.call.receive(&mut buffer).await? {
                Received::Data(length) => {
                    self.heard.extend_from_slice(buffer.get(..length).unwrap_or_default());
                    return Ok(());
                }
                Received::Event(_) => {}
                Received::End => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }
}
