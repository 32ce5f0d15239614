//! Clients of Modbus TCP, and what they are told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use carrier::{AccessList, SocketOptions};
use modbus::frame::Frame;
use modbus::frame::tcp::{Deframer, Transaction, encode};
use modbus::master::{Failure, Outcome, Question};
use modbus::pdu::{Exception, Pdu};
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::bus::{AskError, Units};
use crate::limits;

/// How clients are treated.
#[derive(Clone, Debug)]
pub struct Manners {
    /// Who may connect.
    pub access: AccessList,
    /// How many at a time.
    pub clients: usize,
    /// How long one may ask nothing before it is dropped.
    pub idle: Option<Duration>,
    /// What one hears of a broadcast.
    pub broadcasts: Broadcasts,
}

/// What a client hears of a broadcast, which nobody answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Broadcasts {
    /// Nothing.
    #[default]
    Silent,
    /// What a unit would have answered that did it: for clients that wait for an answer to everything.
    Confirmed,
}

impl Manners {
    /// Everybody may come, as many as that, and stay.
    pub fn open(clients: usize) -> Self {
        Self { access: AccessList::default(), clients, idle: None, broadcasts: Broadcasts::Silent }
    }
}

/// Serves clients of Modbus TCP until the future is dropped; then they are all gone.
pub async fn serve<U: Units>(name: String, listener: TcpListener, units: U, manners: Manners) {
    let Manners { access, clients, idle, broadcasts } = manners;
    let places = Arc::new(Semaphore::new(clients));
    let mut tasks = JoinSet::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, as a rule: those of clients that leave come back.
                    tracing::error!(gateway = %name, "can't take a client: {error}");
                    tokio::time::sleep(limits::REOPEN).await;
                    continue;
                }
            },
            Some(_) = tasks.join_next() => continue,
        };
        if let Err(refusal) = access.check(peer) {
            tracing::info!(gateway = %name, %peer, "client refused: {refusal}");
            continue;
        }
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::info!(gateway = %name, %peer, "client refused: all {clients} places are taken");
            continue;
        };
        let (units, name) = (units.clone(), name.clone());
        tasks.spawn(async move {
            let _place = place;
            tracing::debug!(gateway = %name, %peer, "client");
            let client = Client { units, peer, idle, broadcasts };
            if let Err(error) = client.serve(stream).await {
                tracing::info!(gateway = %name, %peer, "client dropped: {error}");
            }
        });
    }
}

/// Somebody who asks.
struct Client<U> {
    units: U,
    peer: SocketAddr,
    idle: Option<Duration>,
    broadcasts: Broadcasts,
}

impl<U: Units> Client<U> {
    async fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        attend_to(&stream)?;
        let mut ears = Deframer::default();
        let mut buffer = [0; limits::READ];
        let mut answers = Vec::new();
        loop {
            let length = self.read(&mut stream, &mut buffer).await?;
            if length == 0 {
                return Ok(());
            }
            let mut bytes = buffer.get(..length).unwrap_or_default();
            // One after the other: who wants more at once may connect more than once.
            while let Some((transaction, frame)) =
                ears.next(&mut bytes).map_err(std::io::Error::other)?
            {
                answers.clear();
                self.answer(transaction, frame, &mut answers).await;
                write(&mut stream, &answers).await?;
            }
        }
    }

    async fn read(&self, stream: &mut TcpStream, buffer: &mut [u8]) -> std::io::Result<usize> {
        let reading = stream.read(buffer);
        match self.idle {
            None => reading.await,
            Some(idle) => match tokio::time::timeout(idle, reading).await {
                Ok(read) => read,
                Err(_) => Err(std::io::Error::other(format!("it asked nothing for {idle:?}"))),
            },
        }
    }

    async fn answer(
        &self,
        transaction: Transaction,
        Frame { unit, pdu }: Frame,
        out: &mut Vec<u8>,
    ) {
        let (function, peer) = (pdu.function(), self.peer);
        let refuse = |exception| Pdu::exception(function, exception);
        let answered = match self.units.question(unit, pdu) {
            // What is no request never gets onto the bus.
            Err(error) => refuse(error.exception()),
            Ok(question) => {
                let confirmation = self.confirmation(&question);
                match self.units.ask(unit, question, peer).await {
                    Ok(Outcome::Answer(pdu)) => pdu,
                    Ok(Outcome::Said) => match confirmation {
                        Some(pdu) => pdu,
                        None => return,
                    },
                    Ok(Outcome::Failed(_)) | Err(AskError::Failed(Failure::Broadcast)) => return,
                    Err(error) => {
                        tracing::debug!(%peer, %unit, function, "no answer: {error}");
                        refuse(exception_for(&error))
                    }
                }
            }
        };
        encode(transaction, unit, &answered, out);
    }

    /// What is answered if it is a broadcast, and clients want to hear of it.
    fn confirmation(&self, question: &Question) -> Option<Pdu> {
        match (self.broadcasts, question) {
            (Broadcasts::Confirmed, Question::Known(request, _)) => request.confirmation(),
            _ => None,
        }
    }
}

const fn exception_for(error: &AskError) -> Exception {
    match error {
        AskError::NoWay(_) | AskError::Failed(Failure::Closed) => Exception::GatewayPathUnavailable,
        AskError::Full(_) => Exception::Busy,
        AskError::Forbidden => Exception::IllegalFunction,
        AskError::Failed(_) => Exception::GatewayTargetFailed,
    }
}

async fn write(stream: &mut TcpStream, mut bytes: &[u8]) -> std::io::Result<()> {
    // As a rule there is room, and no time-out to be set.
    match stream.try_write(bytes) {
        Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
        Err(error) => return Err(error),
    }
    if bytes.is_empty() {
        return Ok(());
    }
    let writing = stream.write_all(bytes);
    tokio::time::timeout(limits::STUCK, writing).await.map_err(std::io::Error::other)?
}

/// A client whose machine has lost its power would keep its place for ever otherwise.
fn attend_to(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    SocketOptions::lost_after(limits::LOST).apply(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_that_lost_its_power_loses_its_place() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it has one");
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (_client, (stream, _)) = (client.expect("connected"), accepted.expect("accepted"));
        attend_to(&stream).expect("options of a socket");
        let keepalive = rustix::net::sockopt::socket_keepalive(&stream).expect("an option");
        let limit_ms = rustix::net::sockopt::tcp_user_timeout(&stream).expect("an option");
        assert_eq!((keepalive, limit_ms), (true, 60_000));
    }
}
