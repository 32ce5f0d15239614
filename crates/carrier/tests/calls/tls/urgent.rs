//! Urgent data on the way of a call under TLS.

use rustix::net::SendFlags;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// Somebody between caller and door who marks the last byte of all that he passes on to the door as urgent.
async fn between(listener: TcpListener, door: SocketAddr) {
    let (caller, _) = listener.accept().await.unwrap();
    let door = TcpStream::connect(door).await.unwrap();
    let (mut from_caller, mut to_caller) = caller.into_split();
    let door = door.into_std().unwrap();
    let mut from_door = TcpStream::from_std(door.try_clone().unwrap()).unwrap();
    let to_door = TcpStream::from_std(door).unwrap();
    let back = tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_door, &mut to_caller).await;
        let _ = to_caller.shutdown().await;
    });
    let mut piece = [0; 1000];
    loop {
        let count = from_caller.read(&mut piece).await.unwrap();
        if count == 0 {
            break;
        }
        let mut left = &piece[..count];
        while !left.is_empty() {
            to_door.writable().await.unwrap();
            // The kernel marks the last byte that it takes.
            let sent = to_door.try_io(tokio::io::Interest::WRITABLE, || {
                Ok(rustix::net::send(&to_door, left, SendFlags::OOB)?)
            });
            match sent {
                Ok(sent) => left = &left[sent..],
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
            }
        }
    }
    rustix::net::shutdown(&to_door, rustix::net::Shutdown::Write).unwrap();
    back.await.unwrap();
}

#[tokio::test]
async fn urgent_data_below_tls_stay_in_their_place() {
    let office = Office::open();
    let mut listener = listener();
    let door = office.door(ClientCertificates::Unasked, None);
    let middle = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tls://{}", middle.local_addr().unwrap()).parse().unwrap();
    let real = listener.local().socket_addr().unwrap();
    let relaying = tokio::spawn(between(middle, real));
    let options = options(office.trusting());
    let access = AccessList::allow_all();
    let dialling = carrier::dial(&address, &options, &access);
    let (out, caller) = tokio::join!(dialling, admit(&mut listener, &door));
    let (mut out, mut answered) = (out.unwrap(), caller.unwrap().answer(&raw()).unwrap());
    let bytes: Vec<u8> = (0..200_000_u32).map(|at| (at ^ (at >> 8)) as u8).collect();
    let (sent, heard) = tokio::join!(out.send(&bytes), receive_exactly(&mut answered, bytes.len()));
    sent.unwrap();
    assert!(heard == bytes, "some of it is missing or elsewhere");
    drop((out, answered));
    relaying.await.unwrap();
}

#[tokio::test]
async fn telnets_mark_of_urgent_data_leaves_nothing_behind_under_tls() {
    let office = Office::open();
    let mut listener = listener();
    let door = office.door(ClientCertificates::Unasked, None);
    let mut options = options(office.trusting());
    options.telnet = Some(telnet::Mode::Off);
    let (address, access) = (at(&listener, "tls"), AccessList::allow_all());
    let dialling = carrier::dial(&address, &options, &access);
    let (out, caller) = tokio::join!(dialling, admit(&mut listener, &door));
    let telnet = CallOptions { telnet: Some(telnet::Mode::On), ..CallOptions::default() };
    let (mut out, mut answered) = (out.unwrap(), caller.unwrap().answer(&telnet).unwrap());
    // Abort output, the data mark, and a data mark whose IAC and command come apart.
    for part in [&b"a\xFF\xF5\xFF\xF2b\xFF"[..], b"\xF2c\xFF\xFFd"] {
        out.send(part).await.unwrap();
    }
    assert_eq!(receive_exactly(&mut answered, 5).await, b"abc\xFFd");
}
