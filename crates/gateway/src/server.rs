//! Clients of Modbus TCP, and what they are told.

use std::net::SocketAddr;
use std::sync::Arc;

use carrier::{AccessList, SocketOptions};
use modbus::frame::Frame;
use modbus::frame::tcp::{Deframer, Transaction, encode};
use modbus::master::{Failure, Outcome, Question};
use modbus::pdu::{Exception, Pdu};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::bus::{AskError, Units};
use crate::limits;

/// Serves clients of Modbus TCP until the future is dropped; then they are all gone.
pub async fn serve<U: Units>(
    name: String,
    listener: TcpListener,
    units: U,
    access: AccessList,
    clients: usize,
) {
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
            if let Err(error) = client(stream, &units, peer).await {
                tracing::info!(gateway = %name, %peer, "client dropped: {error}");
            }
        });
    }
}

async fn client<U: Units>(
    mut stream: TcpStream,
    units: &U,
    peer: SocketAddr,
) -> std::io::Result<()> {
    attend_to(&stream)?;
    let mut ears = Deframer::default();
    let mut buffer = [0; limits::READ];
    let mut answers = Vec::new();
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        let mut bytes = buffer.get(..length).unwrap_or_default();
        // One after the other: who wants more at once may connect more than once.
        while let Some((transaction, frame)) =
            ears.next(&mut bytes).map_err(std::io::Error::other)?
        {
            answers.clear();
            answer(units, transaction, frame, peer, &mut answers).await;
            write(&mut stream, &answers).await?;
        }
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

async fn answer<U: Units>(
    units: &U,
    transaction: Transaction,
    Frame { unit, pdu }: Frame,
    peer: SocketAddr,
    out: &mut Vec<u8>,
) {
    let function = pdu.function();
    let refuse = |exception| Pdu::exception(function, exception);
    let answered = match Question::of(pdu) {
        // What is no request never gets onto the bus.
        Err(error) => refuse(error.exception()),
        Ok(question) => match units.ask(unit, question, peer).await {
            Ok(Outcome::Answer(pdu)) => pdu,
            // Nobody answers a broadcast, so neither do we.
            Ok(Outcome::Said | Outcome::Failed(_)) | Err(AskError::Failed(Failure::Broadcast)) => {
                return;
            }
            Err(error) => {
                tracing::debug!(%peer, %unit, function, "no answer: {error}");
                refuse(match error {
                    AskError::NoWay(_) | AskError::Failed(Failure::Closed) => {
                        Exception::GatewayPathUnavailable
                    }
                    AskError::Full(_) => Exception::Busy,
                    AskError::Forbidden => Exception::IllegalFunction,
                    AskError::Failed(_) => Exception::GatewayTargetFailed,
                })
            }
        },
    };
    encode(transaction, unit, &answered, out);
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
