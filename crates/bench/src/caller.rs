//! A site that calls, logs in and compares what comes back.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use carrier::{AccessList, Call, CallOptions, Received};
use settings::Secret;
use telnet::Mode;

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Raw,
    Telnet,
}

/// One call.
pub(crate) struct Caller {
    call: Call,
    /// What has come and was not asked for yet.
    heard: Vec<u8>,
}

impl Caller {
    pub(crate) async fn dial(by: By, to: SocketAddr) -> io::Result<Self> {
        let address = format!("tcp://{to}").parse().map_err(io::Error::other)?;
        let options = CallOptions {
            telnet: Some(match by {
                By::Raw => Mode::Off,
                By::Telnet => Mode::On,
            }),
            ..CallOptions::default()
        };
        let call = carrier::dial(&address, &options, &AccessList::allow_all()).await;
        Ok(Self { call: call.map_err(io::Error::other)?, heard: Vec::new() })
    }

    /// Dials until somebody answers, as a site does after a blackout. Returns how often it took.
    pub(crate) async fn insist(by: By, to: SocketAddr, secret: &Secret) -> io::Result<(Self, u32)> {
        let mut tries = 1;
        loop {
            let called = async {
                let mut caller = Self::dial(by, to).await?;
                caller.log_in(secret).await?;
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

    pub(crate) async fn log_in(&mut self, secret: &Secret) -> io::Result<()> {
        self.expect(b"login: ").await?;
        self.call.send(b"site\r").await?;
        self.expect(b"Password: ").await?;
        self.call.send(&[secret.expose(), b"\r"].concat()).await?;
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
