//! Any commands, bytes and news of sockets: the machine never panics, keeps its limits, and talks only of sockets
//! that it has opened. What is stuffed comes back whole.
#![no_main]

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use at::body::{Command, Reading, commands};
use clock::Instant;
use libfuzzer_sys::fuzz_target;
use wip::stuffing::{Piece, Unstuffer, stuff};
use wip::{Action, Addresses, Answer, Channel, Code, Event, Failure, Indication, Out, Protocol, Rules, Wip};

#[derive(Default)]
struct Driver {
    open: BTreeSet<Channel>,
    /// Those that are open and still wait for their peer.
    awaited: BTreeSet<Channel>,
    offered: bool,
    starting: bool,
}

impl Out for Driver {
    fn act(&mut self, action: Action<'_>) {
        match action {
            Action::Start => self.starting = true,
            Action::Open { channel, .. } | Action::Listen { channel, .. } => {
                assert!(self.open.insert(channel), "{channel} is open already");
                assert!((1..=8).contains(&channel.index));
            }
            Action::Await { channel, beside } => {
                assert!(self.open.insert(channel), "{channel} is open already");
                assert!(self.open.contains(&beside), "{beside} isn't open");
                self.awaited.insert(channel);
            }
            Action::Accept(channel) if self.awaited.remove(&channel) => {
                assert!(std::mem::take(&mut self.offered), "nobody to take");
            }
            Action::Accept(channel) => {
                assert!(std::mem::take(&mut self.offered), "nobody to take");
                assert!(self.open.insert(channel), "{channel} is open already");
            }
            Action::Decline => self.offered = false,
            Action::Send { channel, bytes } => {
                assert!(self.open.contains(&channel), "{channel} isn't open");
                assert!(!bytes.is_empty() && (channel.protocol.is_service() || bytes.len() <= wip::limits::DATAGRAM));
            }
            Action::Shut(channel) | Action::Set { channel, .. } => {
                assert!(self.open.contains(&channel), "{channel} isn't open");
            }
            Action::Close(channel) => {
                assert!(self.open.remove(&channel), "{channel} isn't open");
                self.awaited.remove(&channel);
            }
            Action::Ping(_) | Action::NoPing | Action::Segment(_) => {}
        }
    }

    fn indicate(&mut self, indication: Indication) {
        if let Indication::Line(line) | Indication::Minor(line) = indication {
            assert!(line.starts_with("+WIP") && line.len() < 1200, "{line}");
        }
    }

    fn finish(&mut self, _: Answer) {}

    fn data(&mut self, _: &[u8]) {}

    fn keep(&mut self, _: wip::Memory, text: &str) {
        assert!(text.len() < 1024 && !text.contains(char::is_control), "{text}");
    }

    fn shutdown(&mut self) {}

    fn abort(&mut self, _: Code) {}

    fn done(&mut self) {}

    fn ended(&mut self, _: &'static str) {}
}

const FROM: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 9), 2007);

fuzz_target!(|bytes: &[u8]| {
    round_trip(bytes);
    let mut wip = Wip::new(Rules::default());
    let mut driver = Driver::default();
    let mut now = Instant::ORIGIN;
    let mut rest = bytes;
    while let Some((&event, after)) = rest.split_first() {
        let (length, text) = after.split_first().map_or((0, after), |(&length, text)| (usize::from(length), text));
        let (text, after) = text.split_at(length.min(text.len()));
        rest = after;
        let protocols = [
            Protocol::Udp,
            Protocol::Tcp,
            Protocol::Server,
            Protocol::Ftp,
            Protocol::FtpData,
            Protocol::Http,
            Protocol::Smtp,
            Protocol::Pop3,
        ];
        let protocol = protocols[length % 8];
        let channel = Channel { protocol, index: if protocol.is_service() { 1 } else { (length / 8 % 10) as u8 } };
        let open = driver.open.contains(&channel);
        match event % 16 {
            0..=4 => command(&mut wip, now, text, &mut driver),
            5..=7 => wip.equipment(now, text, &mut driver),
            8 => {
                now = wip.deadline().unwrap_or(now + Duration::from_millis(length as u64)).max(now);
                wip.due(now, &mut driver);
            }
            9 if std::mem::take(&mut driver.starting) => {
                let none = Ipv4Addr::UNSPECIFIED;
                let addresses = Addresses { local: none, gateway: none, name_servers: [none; 2] };
                wip.event(now, if length == 0 { Event::NotStarted } else { Event::Started(addresses) }, &mut driver);
            }
            10 if driver.awaited.contains(&channel) && length % 2 == 0 => {
                wip.event(now, Event::Awaiting { channel, at: FROM }, &mut driver);
            }
            10 if driver.awaited.contains(&channel) => {
                driver.offered = true;
                wip.event(now, Event::Incoming { server: channel, local: 1, peer: FROM }, &mut driver);
                assert!(!driver.offered, "a caller is left");
            }
            10 if open => wip.event(now, Event::Opened { channel, local: 1, peer: Some(FROM) }, &mut driver),
            11 if wip.wants(channel) && protocol == Protocol::Server => {
                driver.offered = true;
                wip.event(now, Event::Incoming { server: channel, local: 1, peer: FROM }, &mut driver);
                assert!(!driver.offered, "a caller is left");
            }
            11 if wip.wants(channel) && (protocol == Protocol::Tcp || protocol.is_service() && open) => {
                wip.event(now, Event::Data { channel, bytes: text }, &mut driver);
            }
            11 if wip.wants(channel) => wip.event(now, Event::Datagram { channel, bytes: text, from: FROM }, &mut driver),
            12 => wip.event(now, Event::PeerClosed(channel), &mut driver),
            13 => wip.event(now, Event::Reset(channel), &mut driver),
            14 => match length % 4 {
                0 => {
                    driver.open.remove(&channel);
                    driver.awaited.remove(&channel);
                    wip.event(now, Event::Failed { channel, failure: Failure::Unreachable }, &mut driver);
                }
                1 => wip.escape_begun(),
                2 => wip.escape_forgotten(&mut driver),
                _ => drop(wip.leave(now, &mut driver)),
            },
            15 if length == 0 => wip.event(now, Event::Lost, &mut driver),
            _ => wip.event(now, Event::Pong { index: 0, took: None }, &mut driver),
        }
        assert!(wip.mapped().is_none_or(|channel| channel.protocol.is_service() || driver.open.contains(&channel)), "the equipment has a closed socket");
    }
});

fn command(wip: &mut Wip, now: Instant, text: &[u8], driver: &mut Driver) {
    // As in a modem: there is no command line while the equipment has a socket.
    if wip.mapped().is_some() {
        wip.leave(now, driver);
    }
    let mut line = b"+WIP".to_vec();
    line.extend(text.iter().map(|byte| byte & 0x7F));
    if let Some(Ok(Command::Extended { name, act })) = commands(&line, Reading::Lenient).next()
        && wip.command(now, &name, &act, driver) == Some(Answer::Data)
    {
        wip.connected(driver);
    }
}

fn round_trip(bytes: &[u8]) {
    let mut stuffed = Vec::new();
    stuff(bytes, &mut stuffed);
    let (mut rest, mut data) = (stuffed.as_slice(), Vec::new());
    let mut unstuffer = Unstuffer::default();
    while let Some(piece) = unstuffer.next(&mut rest) {
        match piece {
            Piece::Data(piece) => data.extend_from_slice(piece),
            Piece::End => panic!("an end in what was stuffed"),
        }
    }
    assert_eq!(data, bytes);
    let (mut rest, mut unstuffer) = (bytes, Unstuffer::default());
    while unstuffer.next(&mut rest).is_some() {}
}
