//! Sockets in dialogues. Happens: `started`, `not-started`, `lost`, `opened 2,1 40001 192.0.2.1:80`,
//! `failed 2,1 unreachable`, `awaiting ftp-file 192.0.2.77:258`, `incoming 3,1 8080 192.0.2.9:1234`, `data 2,1 bytes`,
//! `datagram 1,1 192.0.2.1:9 bytes`, `closed 2,1`, `reset 2,1`, `pong 0 12ms`, `no-ping`.

use std::net::Ipv4Addr;
use std::time::Duration;

use modem::wip::{Action, Addresses, Channel, Event, Failure, Ping, Protocol, Setting};

use crate::script::{bytes, escaped};

/// Has something happen to the sockets.
pub(crate) fn event(line: &str, happens: impl FnOnce(Event<'_>)) {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (first, behind) = rest.split_once(' ').unwrap_or((rest, ""));
    let (second, third) = behind.split_once(' ').unwrap_or((behind, ""));
    let data = bytes(behind);
    let datagram = bytes(third);
    happens(match word {
        "started" => Event::Started(Addresses {
            local: Ipv4Addr::new(192, 0, 2, 77),
            gateway: Ipv4Addr::new(192, 0, 2, 1),
            name_servers: [Ipv4Addr::new(192, 0, 2, 53), Ipv4Addr::UNSPECIFIED],
        }),
        "not-started" => Event::NotStarted,
        "lost" => Event::Lost,
        "opened" => Event::Opened {
            channel: channel(first),
            local: second.parse().unwrap(),
            peer: third.parse().ok(),
        },
        "failed" => Event::Failed {
            channel: channel(first),
            failure: match second {
                "unreachable" => Failure::Unreachable,
                "port" => Failure::Port,
                _ => Failure::Resources,
            },
        },
        "awaiting" => Event::Awaiting { channel: channel(first), at: second.parse().unwrap() },
        "incoming" => Event::Incoming {
            server: channel(first),
            local: second.parse().unwrap(),
            peer: third.parse().unwrap(),
        },
        "data" => Event::Data { channel: channel(first), bytes: &data },
        "datagram" => Event::Datagram {
            channel: channel(first),
            from: second.parse().unwrap(),
            bytes: &datagram,
        },
        "closed" => Event::PeerClosed(channel(first)),
        "reset" => Event::Reset(channel(first)),
        "pong" => Event::Pong {
            index: first.parse().unwrap(),
            took: second.strip_suffix("ms").map(|ms| Duration::from_millis(ms.parse().unwrap())),
        },
        "no-ping" => Event::NoPing,
        other => panic!("no news of sockets: {other}"),
    });
}

fn channel(text: &str) -> Channel {
    if text == FILE {
        return Channel { protocol: Protocol::FtpData, index: 1 };
    }
    let (protocol, index) = text.split_once(',').unwrap();
    let protocol = Protocol::of(protocol.parse().unwrap()).unwrap();
    Channel { protocol, index: index.parse().unwrap() }
}

/// The connection for a file of FTP, which has no name of its own in commands.
const FILE: &str = "ftp-file";

fn named(channel: Channel) -> String {
    match channel.protocol {
        Protocol::FtpData => FILE.into(),
        _ => channel.to_string(),
    }
}

/// What is to be done with the sockets.
pub(crate) fn action_text(action: Action<'_>) -> String {
    match action {
        Action::Start => "start".into(),
        Action::Open { channel, local, peer: None } => format!("open {channel} from {local}"),
        Action::Open { channel, local, peer: Some((host, port)) } => {
            format!("open {channel} from {local} to {host} {port}")
        }
        Action::Listen { channel, port } => format!("listen {channel} at {port}"),
        Action::Await { channel, beside } => format!("await {} beside {beside}", named(channel)),
        Action::Accept(channel) => format!("accept {}", named(channel)),
        Action::Decline => "decline".into(),
        Action::Send { channel, bytes } => format!("send {} {}", named(channel), escaped(bytes)),
        Action::Shut(channel) => format!("shut {}", named(channel)),
        Action::Close(channel) => format!("close {}", named(channel)),
        Action::Set { channel, setting } => match setting {
            Setting::NoDelay(on) => format!("set {channel} no-delay {on}"),
            Setting::Ttl(ttl) => format!("set {channel} ttl {ttl}"),
            Setting::Tos(tos) => format!("set {channel} tos {tos}"),
            Setting::SendBuffer(bytes) => format!("set {channel} send-buffer {bytes}"),
            Setting::ReceiveBuffer(bytes) => format!("set {channel} receive-buffer {bytes}"),
        },
        Action::Ping(Ping { host, count, interval, timeout, size, ttl }) => {
            format!(
                "ping {host} x{count} every {interval:?} for {timeout:?}, {size} bytes, ttl {ttl}"
            )
        }
        Action::NoPing => "no ping".into(),
        Action::Segment(bytes) => format!("segment {bytes}"),
    }
}
