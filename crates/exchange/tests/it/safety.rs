//! Those who misbehave, and what they can't do to others.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use carrier::{Call, CallOptions};
use exchange::{CallEnd, ListenConfig, machine_verifier, make_machine_secret, verify_audit};
use tokio::net::{TcpSocket, TcpStream};

use crate::harness::{Caller, House, PATIENCE, Setup, house, rtu, script, until};

const CAT: &[&str] = &["/bin/cat"];

/// Loopback is as any other source here.
const JUDGED: &str = "[exchange.penalties]\nexempt = []\n";

/// A connection from one of loopback's many addresses.
async fn connect(house: &House, from: Ipv4Addr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    socket.connect(house.address()).await
}

async fn caller(house: &House, from: Ipv4Addr) -> Caller {
    let stream = connect(house, from).await.expect("connected");
    let raw = CallOptions { telnet: Some(telnet::Mode::Off), ..CallOptions::default() };
    Caller::new(Call::answer(stream, &raw).expect("a call"))
}

fn loopback(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 0, last)
}

/// Logs in with a password and says what came of it.
async fn try_password(house: &House, from: Ipv4Addr, password: &str) -> String {
    let mut caller = caller(house, from).await;
    caller.give("rtu", password).await;
    caller.line().await
}

#[tokio::test]
async fn a_program_inherits_nothing_but_its_three_descriptors() {
    for on in ["pty", "pipe"] {
        let house = house(&rtu(on, &["/bin/ls", "/proc/self/fd"]));
        let mut caller = house.raw().await;
        caller.log_in().await;
        let said = String::from_utf8(caller.rest().await).expect("text");
        // The fourth is its own: the directory it reads.
        assert_eq!(said.split_whitespace().collect::<Vec<_>>(), ["0", "1", "2", "3"], "{on}");
    }
}

#[tokio::test]
async fn a_program_has_the_limits_of_its_account_and_gains_no_privileges() {
    let process = "process = { cpu = '90s', memory = '64M', files = 17, processes = 4000, file-size = '1M', nice = 3 }";
    let script = script("pipe", "cat /proc/self/limits /proc/self/status; nice");
    let house = house(&format!("{script}{process}\n"));
    let mut caller = house.raw().await;
    caller.log_in().await;
    let said = String::from_utf8(caller.rest().await).expect("text");
    let words: Vec<Vec<&str>> =
        said.lines().map(|line| line.split_whitespace().collect()).collect();
    let has = |wanted: &str| {
        let wanted: Vec<&str> = wanted.split(' ').collect();
        assert!(words.iter().any(|line| line.starts_with(&wanted)), "{wanted:?} in {said}");
    };
    has("Max cpu time 90 90 seconds");
    has("Max address space 67108864 67108864 bytes");
    has("Max open files 17 17 files");
    has("Max processes 4000 4000 processes");
    has("Max file size 1048576 1048576 bytes");
    has("Max core file size 0 0 bytes");
    has("NoNewPrivs: 1");
    let nice = |text: &str| text.trim().parse::<i32>().expect("a number");
    let ours = std::process::Command::new("nice").output().expect("asked");
    let ours = nice(&String::from_utf8_lossy(&ours.stdout));
    assert_eq!(nice(said.lines().last().expect("a line")), (ours + 3).min(19));
}

#[tokio::test]
async fn the_right_password_from_the_wrong_place_is_wrong_and_the_audit_log_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("audit.log");
    let account = format!("{}sources = ['127.0.0.2', '10.0.0.0/8']\n", rtu("pipe", CAT));
    let house = house(&format!("[exchange]\naudit = {log:?}\n{account}"));
    assert_eq!(try_password(&house, loopback(1), "secret").await, "Login incorrect");
    assert_eq!(try_password(&house, loopback(1), "wrong").await, "Login incorrect");
    let mut welcome = caller(&house, loopback(2)).await;
    welcome.log_in().await;
    welcome.say("x").await;
    assert_eq!(welcome.bytes(1).await, b"x");
    drop(welcome);
    house.records(3).await;
    drop(house);
    let text = audit(&log).await;
    assert_eq!(text.matches("\"why\":\"not from one of its sources\"").count(), 1, "{text}");
    assert_eq!(text.matches("\"why\":\"wrong name or password\"").count(), 1, "{text}");
    assert!(text.contains(
        "\"what\":\"login\",\"account\":\"rtu\",\"proof\":\"password\",\"from\":\"127.0.0.2:"
    ));
    assert!(!text.contains("secret"));
    assert_eq!(verify_audit(text.as_bytes(), None).expect("whole").lines, 3);
}

/// The audit log once three events are in it.
async fn audit(log: &Path) -> String {
    until("the audit log", || {
        let text = std::fs::read_to_string(log).ok()?;
        (text.lines().count() >= 3 && text.ends_with('\n')).then_some(text)
    })
    .await
}

#[tokio::test]
async fn a_seven_bit_caller_has_his_parity_both_ways() {
    let house = house(&format!("{}parity = '7E1'\n", rtu("pipe", CAT)));
    let mut caller = house.rtu().await;
    caller.say([0x41, 0xC3, 0x8D]).await;
    assert_eq!(caller.bytes(3).await, [0x41, 0xC3, 0x8D]);
    caller.say([0xC1, 0x43, 0x0D]).await;
    assert_eq!(caller.bytes(3).await, [0x41, 0xC3, 0x8D], "wrong parity is put right");
}

#[tokio::test]
async fn prompts_have_the_parity_of_their_listener() {
    let mut setup = Setup::new(&rtu("pipe", CAT));
    let text = "address = \"127.0.0.1:0\"\nlogin-parity = \"7O1\"\n";
    setup.exchange.listen = vec![toml::from_str::<ListenConfig>(text).expect("a listener")];
    let house = setup.start();
    let mut caller = house.raw().await;
    let odd = |text: &str| -> Vec<u8> {
        text.bytes()
            .map(|byte| if byte.count_ones() % 2 == 0 { byte | 0x80 } else { byte })
            .collect()
    };
    assert_eq!(caller.bytes(7).await, odd("login: "));
    caller.say(odd("rtu\r")).await;
    assert_eq!(caller.bytes(5).await, odd("rtu\r\n"));
    assert_eq!(caller.bytes(10).await, odd("Password: "));
    caller.say(odd("secret\r")).await;
    assert_eq!(caller.bytes(2).await, odd("\r\n"));
    caller.say([0xFF]).await;
    assert_eq!(caller.bytes(1).await, [0xFF], "data are left alone");
}

#[tokio::test]
async fn a_machine_logs_in_without_a_slow_hash() {
    let secret = make_machine_secret().expect("made");
    let verifier = machine_verifier(&secret, None).expect("kept");
    let house = house(&rtu("pipe", CAT).replace("HASH", &verifier));
    let mut caller = house.raw().await;
    caller.give("rtu", &String::from_utf8_lossy(secret.expose())).await;
    caller.say("x").await;
    assert_eq!(caller.bytes(1).await, b"x");
    let mut stranger = house.raw().await;
    stranger.give("nobody", "anything").await;
    assert_eq!(stranger.line().await, "Login incorrect");
    assert_eq!(house.exchange.password_hashes(), 0, "a stranger costs what a machine costs");
}

#[tokio::test]
async fn a_source_that_fails_too_often_is_turned_away_unheard_and_slows_nobody_else() {
    let penalties = format!("{JUDGED}failed-login = '1s'\nno-login = '1s'\nallowance = '5s'\n");
    let house = house(&format!("{penalties}{}", rtu("pipe", CAT)));
    let mut calls = 0;
    let barred = loop {
        let Ok(stream) = connect(&house, loopback(1)).await else { break calls };
        let raw = CallOptions { telnet: Some(telnet::Mode::Off), ..CallOptions::default() };
        let mut caller = Caller::new(Call::answer(stream, &raw).expect("a call"));
        if !caller.hear().await {
            break calls;
        }
        caller.give("rtu", "wrong").await;
        caller.expect("Login incorrect").await;
        calls += 1;
        drop(caller);
        house.records(calls).await;
        assert!(calls < 50, "never barred");
    };
    assert!((2..=6).contains(&barred), "{barred}");
    let hashes = house.exchange.password_hashes();
    for _ in 0..100 {
        let mut stream = match connect(&house, loopback(1)).await {
            Ok(stream) => stream,
            Err(_) => continue,
        };
        let mut byte = [0; 1];
        let read = tokio::io::AsyncReadExt::read(&mut stream, &mut byte);
        assert!(!matches!(tokio::time::timeout(PATIENCE, read).await.expect("in time"), Ok(1)));
    }
    assert_eq!(house.exchange.password_hashes(), hashes, "no hash for those who are barred");
    let mut good = caller(&house, loopback(2)).await;
    good.log_in().await;
    good.say("x").await;
    assert_eq!(good.bytes(1).await, b"x");
    assert_eq!(house.exchange.password_hashes(), hashes + 1);
}

#[tokio::test]
async fn a_right_login_pays_for_the_mistakes_of_its_source() {
    let penalties = format!("{JUDGED}failed-login = '1s'\nno-login = '0s'\nallowance = '3s'\n");
    let house = house(&format!("{penalties}{}", rtu("pipe", CAT)));
    for _ in 0..3 {
        for _ in 0..2 {
            assert_eq!(try_password(&house, loopback(1), "wrong").await, "Login incorrect");
        }
        let mut good = caller(&house, loopback(1)).await;
        good.log_in().await;
        good.say("x").await;
        assert_eq!(good.bytes(1).await, b"x");
    }
}

#[tokio::test]
async fn an_account_is_locked_for_the_source_that_guesses_and_for_nobody_else() {
    let lock = format!("{JUDGED}failed-login = '0s'\n[exchange.lock-out]\ntries = 2\n");
    let house = house(&format!("{lock}{}", rtu("pipe", CAT)));
    for _ in 0..2 {
        assert_eq!(try_password(&house, loopback(1), "wrong").await, "Login incorrect");
    }
    let hashes = house.exchange.password_hashes();
    assert_eq!(try_password(&house, loopback(1), "secret").await, "Login incorrect");
    assert_eq!(house.exchange.password_hashes(), hashes, "a locked account costs no hash");
    let mut owner = caller(&house, loopback(2)).await;
    owner.log_in().await;
    owner.say("x").await;
    assert_eq!(owner.bytes(1).await, b"x");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_connects_without_a_byte_leave_room_for_a_good_caller() {
    let house = house(&rtu("pipe", CAT));
    let mut held = Vec::new();
    for _ in 0..1000 {
        held.extend(connect(&house, loopback(1)).await.ok());
    }
    let in_progress = house.exchange.calls().len();
    assert!(in_progress <= 32, "{in_progress} strangers from one source");
    let mut good = caller(&house, loopback(2)).await;
    good.log_in().await;
    good.say("x").await;
    assert_eq!(good.bytes(1).await, b"x");
    drop(held);
    until("the strangers' end", || (house.exchange.calls().len() == 1).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_slow_logins_end_at_their_deadline_and_hold_nobody_up() {
    let setup = "[exchange.login]\ndeadline = '1500ms'\n[exchange.limits]\nunauthenticated = 400\n";
    let house = std::sync::Arc::new(house(&format!("{setup}{}", rtu("pipe", CAT))));
    let slow: Vec<_> = (10..20)
        .flat_map(|source| std::iter::repeat_n(source, 30))
        .map(|source| {
            let house = std::sync::Arc::clone(&house);
            tokio::spawn(async move {
                let mut caller = caller(&house, loopback(source)).await;
                caller.expect("login: ").await;
                caller.say("r").await;
                caller.rest().await
            })
        })
        .collect();
    let mut good = caller(&house, loopback(2)).await;
    good.log_in().await;
    good.say("x").await;
    assert_eq!(good.bytes(1).await, b"x");
    for slow in slow {
        let said = slow.await.expect("ended");
        assert!(String::from_utf8_lossy(&said).contains("Login timed out"));
    }
    let ended = house.records(300).await;
    let in_time = |end| matches!(end, CallEnd::LoginFailed(exchange::session::Ending::Deadline));
    assert!(ended.iter().all(|record| in_time(record.end)), "{ended:?}");
}
