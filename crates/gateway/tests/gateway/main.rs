//! Clients on one side, a unit of ours on a pseudo-terminal or behind TCP on the other.

mod clients;
mod enron;
mod rs485;
mod tokio_modbus;
mod turned;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use carrier::clock_now;
use gateway::{Gateway, GatewayConfig};
use modbus::UnitId;
use modbus::frame::{Framing, rtu};
use modbus::slave::{Memory, Output, Slave};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

struct Wire(Vec<u8>);

impl Output for Wire {
    fn send(&mut self, frame: &[u8]) {
        self.0.extend_from_slice(frame);
    }
}

/// A unit 5 with registers that hold their own address, which answers whoever connects.
async fn unit(framing: Framing) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has one");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut slave = Slave::new(framing, Duration::ZERO);
                let mut memory = Memory::new(UnitId(5), 200);
                memory.holding_registers = (0..200).collect();
                let mut buffer = [0; 512];
                while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                    let mut wire = Wire(Vec::new());
                    let heard = slave.input(clock_now(), &buffer[..length], &mut memory, &mut wire);
                    if heard.is_err() || stream.write_all(&wire.0).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

fn config(rest: &str) -> GatewayConfig {
    toml::from_str(&format!("name = \"bus\"\nlisten = \"127.0.0.1:0\"\n{rest}")).expect("a table")
}

async fn started(rest: &str) -> (Gateway, SocketAddr) {
    let gateway = Gateway::start(config(rest)).await.expect("it starts");
    let address = gateway.addresses()[0];
    (gateway, address)
}

/// Asks over a connection of its own.
async fn ask(gateway: SocketAddr, unit: u8, pdu: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(gateway).await.expect("it listens");
    ask_on(&mut stream, 7, unit, pdu).await
}

async fn ask_on(stream: &mut TcpStream, transaction: u8, unit: u8, pdu: &[u8]) -> Vec<u8> {
    let length = u8::try_from(pdu.len() + 1).expect("short");
    let mut frame = vec![0, transaction, 0, 0, 0, length, unit];
    frame.extend(pdu);
    stream.write_all(&frame).await.expect("it reads");
    let mut head = [0; 7];
    let read = stream.read_exact(&mut head);
    tokio::time::timeout(Duration::from_secs(60), read).await.expect("in time").expect("an answer");
    assert_eq!((head[1], head[6]), (transaction, unit));
    let mut pdu = vec![0; usize::from(head[5]) - 1];
    stream.read_exact(&mut pdu).await.expect("the rest");
    pdu
}

/// Asks until there is a way to the bus.
async fn ask_until_open(gateway: SocketAddr, unit: u8, pdu: &[u8]) -> Vec<u8> {
    let begun = std::time::Instant::now();
    loop {
        let answer = ask(gateway, unit, pdu).await;
        if answer != [pdu[0] | 0x80, 0x0a] {
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the bus never opened");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Long enough for a unit that is there, on whatever machine, and not too long for one that isn't.
const PATIENT: &str = "response = \"2s\"\nretries = 0";

#[tokio::test]
async fn clients_reach_units_over_every_framing() {
    for (framing, name) in [
        (Framing::Rtu(rtu::Silences::TOLERANT), "rtu"),
        (Framing::Ascii, "ascii"),
        (Framing::Tcp, "tcp"),
    ] {
        let unit = unit(framing).await;
        let (_gateway, address) =
            started(&format!("tcp = \"{unit}\"\nframing = \"{name}\"\n{PATIENT}")).await;
        let read = [3, 0, 100, 0, 2];
        assert_eq!(ask_until_open(address, 5, &read).await, [3, 4, 0, 100, 0, 101], "{name}");
        // What the standard forbids never gets onto the bus.
        assert_eq!(ask(address, 5, &[3, 0, 0, 0, 126]).await, [0x83, 3], "{name}");
        assert_eq!(ask(address, 5, &[3, 0, 199, 0, 2]).await, [0x83, 2], "{name}");
        // Nobody there.
        assert_eq!(ask(address, 6, &read).await, [0x83, 0x0b], "{name}");
    }
}

#[tokio::test]
async fn without_a_way_to_the_bus_it_says_so_at_once_and_opens_it_when_it_is_there() {
    // Held, so that nobody else gets it, and not listened at.
    let taken = TcpSocket::new_v4().expect("a socket");
    taken.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let nobody = taken.local_addr().expect("it has one");
    let (_gateway, address) = started(&format!("tcp = \"{nobody}\"")).await;
    assert_eq!(ask(address, 5, &[3, 0, 0, 0, 1]).await, [0x83, 0x0a]);
}

#[tokio::test]
async fn a_place_that_hangs_up_without_a_word_is_not_called_again_and_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let place = listener.local_addr().expect("it has one");
    let (_gateway, address) = started(&format!("tcp = \"{place}\"")).await;
    let (mut calls, begun) = (0, std::time::Instant::now());
    while begun.elapsed() < Duration::from_secs(1) {
        let call = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
        calls += u32::from(call.is_ok());
    }
    assert!((1..=2).contains(&calls), "{calls} calls in a second");
    assert_eq!(ask(address, 5, &[3, 0, 0, 0, 1]).await, [0x83, 0x0a]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_are_answered_each_his_own() {
    let unit = unit(Framing::Rtu(rtu::Silences::TOLERANT)).await;
    let (_gateway, address) = started(&format!("tcp = \"{unit}\"")).await;
    ask_until_open(address, 5, &[3, 0, 0, 0, 1]).await;
    let clients = (0..16u8).map(|client| async move {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        for turn in 0..20u8 {
            let register = client * 10 + turn % 10;
            let answer = ask_on(&mut stream, turn, 5, &[3, 0, register, 0, 1]).await;
            assert_eq!(answer, [3, 2, 0, register]);
        }
    });
    let clients: Vec<_> = clients.map(tokio::spawn).collect();
    for client in clients {
        client.await.expect("every answer was his own");
    }
}

#[tokio::test]
async fn who_has_no_place_or_no_right_is_not_served() {
    let unit = unit(Framing::Tcp).await;
    let bus = format!("tcp = \"{unit}\"\nframing = \"tcp\"");
    let (_gateway, address) = started(&format!("{bus}\naccess = \"deny 127.0.0.0/8\"")).await;
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or_default(), 0);

    let (_gateway, address) = started(&format!("{bus}\nclients = 1")).await;
    let mut first = TcpStream::connect(address).await.expect("it listens");
    ask_on(&mut first, 1, 5, &[3, 0, 0, 0, 1]).await;
    let mut second = TcpStream::connect(address).await.expect("it listens");
    assert_eq!(second.read(&mut [0; 1]).await.unwrap_or_default(), 0);
    // What isn't Modbus ends the connection.
    first.write_all(b"GET / HTTP/1.1\r\n").await.expect("it reads");
    assert_eq!(first.read(&mut [0; 1]).await.unwrap_or_default(), 0);
}

#[tokio::test]
async fn a_broadcast_reaches_every_unit_and_nobody_answers() {
    let unit = unit(Framing::Rtu(rtu::Silences::TOLERANT)).await;
    let (_gateway, address) = started(&format!("tcp = \"{unit}\"")).await;
    ask_until_open(address, 5, &[3, 0, 0, 0, 1]).await;
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    stream.write_all(&[0, 1, 0, 0, 0, 6, 0, 6, 0, 0, 0x12, 0x34]).await.expect("it reads");
    // The next answer belongs to the next question.
    assert_eq!(ask_on(&mut stream, 2, 5, &[3, 0, 0, 0, 1]).await, [3, 2, 0x12, 0x34]);
}

#[tokio::test]
async fn a_serial_bus_is_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("bus");
    let (mut far, _near) = terminal(&link);
    let answering = std::thread::spawn(move || {
        let mut slave = Slave::new(Framing::Rtu(rtu::Silences::TOLERANT), Duration::ZERO);
        let mut memory = Memory::new(UnitId(5), 200);
        memory.holding_registers = (0..200).collect();
        let mut buffer = [0; 512];
        while let Ok(length @ 1..) = std::io::Read::read(&mut far, &mut buffer) {
            let mut wire = Wire(Vec::new());
            let now = clock::Instant::ORIGIN;
            slave.input(now, &buffer[..length], &mut memory, &mut wire).expect("it is RTU");
            if far.write_all(&wire.0).is_err() {
                return;
            }
        }
    });
    let serial = format!("serial = {{ device = \"{}\", speed = 115200 }}", link.display());
    let (gateway, address) = started(&serial).await;
    let answer = ask_until_open(address, 5, &[3, 0, 100, 0, 2]).await;
    assert_eq!(answer, [3, 4, 0, 100, 0, 101]);
    gateway.shut_down().await;
    drop(_near);
    answering.join().expect("it ends with the terminal");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_silence_before_a_request_is_kept_and_not_doubled() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("bus");
    let (mut far, near) = terminal(&link);
    let answering = std::thread::spawn(move || {
        let mut slave = Slave::new(Framing::Rtu(rtu::Silences::TOLERANT), Duration::ZERO);
        let mut memory = Memory::new(UnitId(5), 200);
        let (mut buffer, mut silences) = ([0; 512], Vec::new());
        let mut answered: Option<std::time::Instant> = None;
        while let Ok(length @ 1..) = std::io::Read::read(&mut far, &mut buffer) {
            silences.extend(answered.map(|answered| answered.elapsed()));
            let mut wire = Wire(Vec::new());
            let now = clock::Instant::ORIGIN;
            slave.input(now, &buffer[..length], &mut memory, &mut wire).expect("it is RTU");
            answered = Some(std::time::Instant::now());
            if far.write_all(&wire.0).is_err() {
                break;
            }
        }
        silences
    });
    let serial = format!("serial = {{ device = \"{}\", speed = 115200 }}", link.display());
    let (gateway, address) = started(&serial).await;
    ask_until_open(address, 5, &[3, 0, 0, 0, 1]).await;
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let naps = std::thread::spawn(naps);
    for turn in 0..200 {
        ask_on(&mut stream, turn, 5, &[3, 0, 0, 0, 1]).await;
    }
    gateway.shut_down().await;
    drop(near);
    let mut silences = answering.join().expect("it ends with the terminal");
    silences.sort();
    assert!(silences.len() >= 200);
    // A machine that is always late for everybody is late for the bus as well.
    let late = naps.join().expect("it naps").saturating_sub(T3_5);
    let (least, usual) = (silences[0], silences[silences.len() / 10]);
    assert!(least >= T3_5, "{least:?}");
    assert!(usual < Duration::from_micros(2500) + late, "{usual:?}, and {late:?} for anybody");
}

/// The silence before a request at more than 19,200 bit/s.
const T3_5: Duration = Duration::from_micros(1750);

/// How long waiting for [`T3_5`] takes here, in the best tenth of many tries.
fn naps() -> Duration {
    let mut naps: Vec<_> = (0..200)
        .map(|_| {
            let begun = std::time::Instant::now();
            std::thread::sleep(T3_5);
            begun.elapsed()
        })
        .collect();
    naps.sort();
    naps[naps.len() / 10]
}

/// A pseudo-terminal under a name: its far end, and one that keeps it open.
fn terminal(link: &PathBuf) -> (std::fs::File, std::fs::File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let far = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
    grantpt(&far).and_then(|()| unlockpt(&far)).expect("it may be opened");
    let name = ptsname(&far, Vec::new()).expect("a name").into_string().expect("text");
    std::os::unix::fs::symlink(&name, link).expect("a link");
    let near = std::fs::File::options().read(true).write(true).open(&name).expect("it opens");
    let mut raw = rustix::termios::tcgetattr(&near).expect("a terminal");
    raw.make_raw();
    rustix::termios::tcsetattr(&near, rustix::termios::OptionalActions::Now, &raw).expect("raw");
    (far.into(), near)
}

#[tokio::test]
async fn an_rs485_direction_that_the_driver_cannot_turn_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let link = folder.path().join("bus");
    let (_far, _near) = terminal(&link);
    let config = config(&format!(
        "serial = {{ device = \"{}\", rs485 = {{ after = \"1ms\" }} }}",
        link.display()
    ));
    let place = config.serial.as_ref().expect("it has one").place();
    let refused =
        gateway::Bus::open(place, config.settings()).await.expect_err("a pty turns nothing");
    assert!(refused.to_string().contains("can't switch the direction of RS-485"), "{refused}");
}

#[test]
fn tables_that_make_no_sense_are_refused() {
    for (rest, words) in [
        ("", "a gateway needs a bus"),
        ("tcp = \"a:1\"\nserial = { device = \"/dev/ttyS0\" }", "one bus"),
        ("framing = \"tcp\"\nserial = { device = \"/dev/ttyS0\" }", "`rtu` or `ascii`"),
        ("serial = { device = \"/dev/ttyS0\", format = \"7E1\" }", "eight data bits"),
        ("tcp = \"a:1\"\nidle = \"10ms\"", "some time to ask"),
        ("serial = { device = \"/dev/ttyS0\", rs485 = { before = \"101ms\" } }", "100ms at most"),
        ("serial = { device = \"/dev/ttyS0\", rs485 = { after = \"1h\" } }", "100ms at most"),
        (
            "serial = { device = \"/dev/ttyS0\", rs485 = { by = \"trunkline\", after = \"2s\" } }",
            "1000ms at most",
        ),
    ] {
        let (_, error) = config(rest).check().expect_err("it makes no sense");
        assert!(error.to_string().contains(words), "{error}");
    }
    for rest in [
        "clients = 0",
        "broadcasts = \"loud\"",
        "late-answers = \"never\"",
        "nonsense = 1",
        "enron = \"c:1..9\"",
        "access = \"perhaps\"",
    ] {
        let text = format!("name = \"bus\"\nlisten = \"127.0.0.1:0\"\n{rest}");
        assert!(toml::from_str::<GatewayConfig>(&text).is_err(), "{rest}");
    }
    let patient = config("tcp = \"a:1\"\nlate-answers = \"5s\"").settings();
    assert_eq!(patient.doubts, modbus::master::Doubts::Wait(Duration::from_secs(5)));
}
