//! What nobody sends who knows where he has called: none of it may disturb another call, take memory without end, or
//! keep its own call off the records.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use carrier::CallOptions;
use exchange::ListenConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::harness::{Caller, House, PATIENCE, Setup, rtu};

/// How much of each is sent, if it is taken.
const FLOOD: usize = 4 * 1024 * 1024;

/// Whether a flood's sender hears what he is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ears {
    Open,
    Shut,
}

/// Openings, and what is repeated after them.
fn floods() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    const IAC: u8 = 255;
    const SB: u8 = 250;
    const WILL: u8 = 251;
    const DO: u8 = 253;
    let every_option = |verb| (0..=255).flat_map(|option| [IAC, verb, option]).collect::<Vec<_>>();
    let one_option = [IAC, DO, 1, IAC, 254, 1].to_vec();
    let sub_negotiations = [&[IAC, SB, 24, 0][..], &[b'x'; 2000], &[IAC, 240]].concat();
    vec![
        ("an option storm", every_option(DO), every_option(WILL)),
        ("one option on and off", Vec::new(), one_option),
        ("sub-negotiations beyond their length", every_option(WILL), sub_negotiations),
        ("a sub-negotiation without an end", vec![IAC, SB, 31], vec![b'x'; 4096]),
        ("a sub-negotiation of escapes", vec![IAC, SB, 31], vec![IAC; 4096]),
        ("commands without data", Vec::new(), [IAC, 241, IAC, 246, IAC, 242].repeat(500)),
        ("a name without an end", Vec::new(), vec![b'x'; 4096]),
        ("empty lines", Vec::new(), vec![b'\r'; 4096]),
        ("erasing what isn't there", Vec::new(), vec![0x7F; 4096]),
        ("zeroes", Vec::new(), vec![0; 4096]),
        ("half a TLS hello", b"\x16\x03\x01\x02\x00\x01".to_vec(), Vec::new()),
        ("a garbage TLS hello", b"\x16\x03\x01\x40\x00".to_vec(), vec![0xA5; 4096]),
        ("half an SSH hello", b"SSH-2.0-".to_vec(), Vec::new()),
        ("an SSH hello without an end", b"SSH-2.0-".to_vec(), vec![b'x'; 4096]),
        ("garbage after an SSH hello", b"SSH-2.0-x\r\n".to_vec(), vec![0xFF; 4096]),
        ("a request of the web", b"GET / HTTP/1.1\r\n".to_vec(), b"A: b\r\n".repeat(500)),
    ]
}

fn listener(accept: &str) -> ListenConfig {
    let text = format!("address = \"127.0.0.1:0\"\naccept = {accept}\n");
    toml::from_str(&text).expect("a listener")
}

/// An exchange with a listener for everybody, whose logins end soon.
fn start(accept: &str) -> House {
    let text =
        "[exchange.login]\ndeadline = '2s'\n[exchange.penalties]\nno-login = '0s'\nprobe = '0s'\n";
    let mut setup = Setup::new(&(text.to_owned() + &rtu("pipe", &["/bin/cat"])));
    setup.exchange.listen = vec![listener(accept)];
    setup.start()
}

/// Sends it all, or as much as is taken before the call is over.
async fn flood(address: SocketAddr, opening: Vec<u8>, rest: Vec<u8>, ears: Ears) {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let (mut hears, mut says) = stream.split();
    let speaking = async {
        says.write_all(&opening).await?;
        let mut left = FLOOD;
        while !rest.is_empty() && left > 0 {
            says.write_all(&rest).await?;
            left = left.saturating_sub(rest.len());
        }
        std::io::Result::Ok(())
    };
    let hearing = async {
        let mut heard = [0; 4096];
        while ears == Ears::Open && hears.read(&mut heard).await.is_ok_and(|count| count > 0) {}
    };
    // Whoever isn't cut off by its deadline takes nothing any more.
    let _ = timeout(Duration::from_secs(10), async { tokio::join!(speaking, hearing) }).await;
}

/// What one byte there and back takes.
async fn round_trip(caller: &mut Caller, byte: u8) -> Duration {
    let begun = Instant::now();
    caller.say([byte]).await;
    assert_eq!(caller.bytes(1).await, [byte]);
    begun.elapsed()
}

/// Private memory of this process in KiB.
fn private_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("our own");
    let line = text.lines().find(|line| line.starts_with("RssAnon:")).expect("a number");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

async fn none_disturbs_another_call_nor_is_missing(accept: &str, scheme: &str) {
    let house = start(accept);
    let address = house.address();
    let mut good = house.dial(scheme, CallOptions::default()).await;
    good.log_in().await;
    round_trip(&mut good, 0).await;
    let before = private_kib();
    let mut over = 0;
    for ears in [Ears::Open, Ears::Shut] {
        let floods = floods();
        over += floods.len();
        let tasks: Vec<_> = floods
            .into_iter()
            .map(|(_, opening, rest)| tokio::spawn(flood(address, opening, rest, ears)))
            .collect();
        let mut byte = 1;
        while tasks.iter().any(|task| !task.is_finished()) {
            byte = (byte % 255) + 1;
            let took = round_trip(&mut good, byte).await;
            assert!(took < PATIENCE / 2, "another call waits for {took:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let ended = house.records(over).await;
        assert_eq!(ended.len(), over, "{ended:?}");
        assert!(ended.iter().all(|record| record.call.account.is_none()));
    }
    let grown = private_kib().saturating_sub(before);
    assert!(grown < 48 * 1024, "{grown} KiB more");
    assert_eq!(house.exchange.calls().len(), 1, "the good caller's");
    round_trip(&mut good, 0).await;
}

/// Runs this test in a process of its own: its memory is measured, and the other tests' isn't meant.
fn alone(test: &str, accept: &str, scheme: &str) {
    const IS_ALONE: &str = "TRUNKLINE_TEST_IS_ALONE";
    if std::env::var_os(IS_ALONE).is_some() {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).enable_all().build().expect("a runtime");
        return runtime.block_on(none_disturbs_another_call_nor_is_missing(accept, scheme));
    }
    let mut again = Command::new(std::env::current_exe().expect("this program"));
    let again = again.args(["--exact", &format!("hostile::{test}")]).env(IS_ALONE, "");
    let output = again.output().expect("started");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn no_flood_at_a_listener_for_telnet_and_raw_callers_is_felt_or_missing() {
    let test = "no_flood_at_a_listener_for_telnet_and_raw_callers_is_felt_or_missing";
    alone(test, "[\"telnet\", \"raw\"]", "tcp");
}

#[test]
fn no_flood_at_a_listener_for_telnet_callers_is_felt_or_missing() {
    let test = "no_flood_at_a_listener_for_telnet_callers_is_felt_or_missing";
    alone(test, "[\"telnet\"]", "telnet");
}

#[test]
fn no_flood_at_a_listener_for_raw_callers_is_felt_or_missing() {
    alone("no_flood_at_a_listener_for_raw_callers_is_felt_or_missing", "[\"raw\"]", "tcp");
}
