//! Clients as they are: hasty ones, ones that leave, ones that take no answers, and what a direction is switched by.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use carrier::clock_now;
use modbus::UnitId;
use modbus::frame::{Framing, rtu};
use modbus::slave::{Memory, Slave};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Wire, ask, ask_on, ask_until_open, config, started, terminal, unit};

const READ: [u8; 5] = [3, 0, 0, 0, 1];

async fn bus(keys: &str) -> (gateway::Gateway, std::net::SocketAddr) {
    let unit = unit(Framing::Rtu(rtu::Silences::TOLERANT)).await;
    let (gateway, address) = started(&format!("tcp = \"{unit}\"\n{keys}")).await;
    ask_until_open(address, 5, &READ).await;
    (gateway, address)
}

/// A read of one register, as a frame.
fn asked(transaction: u8, register: u8) -> [u8; 12] {
    [0, transaction, 0, 0, 0, 6, 5, 3, 0, register, 0, 1]
}

#[tokio::test]
async fn a_client_that_asks_ahead_gets_every_answer_in_its_turn() {
    let (_gateway, address) = bus("").await;
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let ahead: Vec<u8> = (0..100).flat_map(|number| asked(number, number)).collect();
    // In two pieces that cut a request.
    stream.write_all(&ahead[..777]).await.expect("it reads");
    stream.flush().await.expect("it reads");
    stream.write_all(&ahead[777..]).await.expect("it reads");
    for number in 0..100u8 {
        let mut answer = [0; 11];
        let read = stream.read_exact(&mut answer);
        tokio::time::timeout(Duration::from_secs(20), read).await.expect("in time").expect("all");
        assert_eq!(answer, [0, number, 0, 0, 0, 5, 5, 3, 2, 0, number]);
    }
}

#[tokio::test]
async fn a_client_that_leaves_before_its_answer_harms_nobody() {
    let (_gateway, address) = bus("").await;
    for number in 0..30u8 {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        // A whole request, half of one, and nothing at all.
        let length = [12, 7, 0][usize::from(number % 3)];
        stream.write_all(&asked(number, number)[..length]).await.expect("it reads");
        drop(stream);
        assert_eq!(ask(address, 5, &[3, 0, number, 0, 1]).await, [3, 2, 0, number]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_no_answers_keeps_nobody_else_waiting() {
    let (_gateway, address) = bus("").await;
    let slow = TcpStream::connect(address).await.expect("it listens");
    let flood: Vec<u8> = (0..100).flat_map(|number| asked(number, 0)).collect();
    // Until no more requests are taken of it: its answers fill what the kernel keeps for it.
    let full = async {
        loop {
            slow.writable().await.expect("it is there");
            match slow.try_write(&flood) {
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(error) => return error,
            }
        }
    };
    let others = async {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        for turn in 0..200 {
            assert_eq!(ask_on(&mut stream, turn, 5, &READ).await, [3, 2, 0, 0]);
        }
    };
    tokio::select! {
        error = full => panic!("it was dropped at once: {error}"),
        () = others => {}
    }
}

#[tokio::test]
async fn a_client_that_asks_nothing_is_dropped_if_that_is_wanted() {
    let (_gateway, address) = bus("idle = \"1s\"").await;
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    // Half a request is none.
    stream.write_all(&asked(1, 0)[..7]).await.expect("it reads");
    let gone = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut [0; 1])).await;
    assert_eq!(gone.expect("it is dropped").unwrap_or_default(), 0);
}

#[tokio::test]
async fn a_broadcast_is_confirmed_if_that_is_wanted() {
    let (_gateway, address) = bus("broadcasts = \"confirmed\"\nturn-around = \"0ms\"").await;
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let single = [6, 0, 3, 0x12, 0x34];
    assert_eq!(ask_on(&mut stream, 1, 0, &single).await, single);
    let several = [0x10, 0, 4, 0, 2, 4, 0, 7, 0, 8];
    assert_eq!(ask_on(&mut stream, 2, 0, &several).await, [0x10, 0, 4, 0, 2]);
    let read = ask_on(&mut stream, 3, 5, &[3, 0, 3, 0, 3]).await;
    assert_eq!(read, [3, 6, 0x12, 0x34, 0, 7, 0, 8]);
}

#[tokio::test]
async fn a_file_shows_the_direction_of_rs485() {
    let folder = tempfile::tempdir().expect("a folder");
    let (link, pin) = (folder.path().join("bus"), folder.path().join("value"));
    std::fs::write(&pin, "?").expect("our own file");
    let (mut far, near) = terminal(&link);
    let watched = pin.clone();
    let answering = std::thread::spawn(move || {
        let mut slave = Slave::new(Framing::Rtu(rtu::Silences::TOLERANT), Duration::ZERO);
        let mut memory = Memory::new(UnitId(5), 200);
        let mut shown = Vec::new();
        let mut buffer = [0; 512];
        while let Ok(length @ 1..) = far.read(&mut buffer) {
            shown.push(std::fs::read_to_string(&watched).expect("the pin"));
            let mut wire = Wire(Vec::new());
            slave
                .input(clock_now(), &buffer[..length], &mut memory, &mut wire)
                .expect("a serial bus goes on");
            if far.write_all(&wire.0).is_err() {
                break;
            }
        }
        shown
    });
    // What is sent takes so long that nobody reads it too late.
    let serial = format!(
        "serial = {{ device = \"{}\", speed = 115200, rs485 = {{ by = \"file\", file = \"{}\", \
         rts = \"low\", before = \"1ms\", after = \"500ms\" }} }}",
        link.display(),
        pin.display()
    );
    let (gateway, address) = started(&serial).await;
    ask_until_open(address, 5, &READ).await;
    assert_eq!(std::fs::read_to_string(&pin).expect("the pin"), "1", "it hears");
    gateway.shut_down().await;
    drop(near);
    let shown = answering.join().expect("it ends with the terminal");
    assert!(!shown.is_empty() && shown.iter().all(|shown| shown == "0"), "{shown:?}");
}

#[tokio::test]
async fn a_direction_that_cannot_be_switched_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("bus");
    let (_far, _near) = terminal(&link);
    for (rs485, words) in [
        ("by = \"trunkline\"", "has no RTS"),
        ("by = \"file\", file = \"/nowhere/value\"", "/nowhere/value"),
    ] {
        let config = config(&format!(
            "serial = {{ device = \"{}\", rs485 = {{ {rs485} }} }}",
            link.display()
        ));
        let place = config.serial.as_ref().expect("it has one").place();
        let refused = gateway::Bus::open(place, config.settings()).await.expect_err(words);
        assert!(refused.to_string().contains(words), "{refused}");
    }
    for rs485 in ["by = \"file\"", "file = \"/a\"", "by = \"file\", file = \"value\""] {
        let config = config(&format!("serial = {{ device = \"d\", rs485 = {{ {rs485} }} }}"));
        assert!(config.check().is_err(), "{rs485}");
    }
}
