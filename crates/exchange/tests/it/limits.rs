//! Who is one too many, and how early he is told.

use exchange::session::Ending;
use exchange::{AccountConfig, CallEnd, ListenConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{House, PATIENCE, Setup, house, rtu, until};

const CAT: &[&str] = &["/bin/cat"];

/// Whether a caller is turned away without a word.
async fn is_turned_away(house: &House) -> bool {
    let mut stream = TcpStream::connect(house.address()).await.expect("connected");
    let mut first = [0; 1];
    let read = tokio::time::timeout(PATIENCE, stream.read(&mut first)).await.expect("in time");
    !matches!(read, Ok(1))
}

#[tokio::test]
async fn a_caller_beyond_the_strangers_is_reset_at_once() {
    let house = house(&format!("[exchange.limits]\nunauthenticated = 1\n{}", rtu("pipe", CAT)));
    let mut first = house.raw().await;
    first.expect("login: ").await;
    assert!(is_turned_away(&house).await);
    first.say("rtu\rsecret\r").await;
    first.expect("Password: \r\n").await;
    // He is no stranger any more once his program answers.
    first.say("x").await;
    first.bytes(1).await;
    assert!(!is_turned_away(&house).await);
}

#[tokio::test]
async fn a_listener_may_have_fewer_strangers() {
    let mut setup = Setup::new(&rtu("pipe", CAT));
    setup.exchange.listen[0].unauthenticated = Some(1);
    let house = setup.start();
    let mut first = house.raw().await;
    first.expect("login: ").await;
    assert!(is_turned_away(&house).await);
    drop(first);
    house.record().await;
    assert!(!is_turned_away(&house).await);
}

#[tokio::test]
async fn calls_from_one_source_are_limited() {
    let house = house(&format!("[exchange.limits]\ncalls-per-source = 2\n{}", rtu("pipe", CAT)));
    let _calls = [house.rtu().await, house.rtu().await];
    assert!(is_turned_away(&house).await);
}

#[tokio::test]
async fn an_address_that_may_not_call_is_reset_at_once() {
    let mut setup = Setup::new(&rtu("pipe", CAT));
    let text = "address = \"127.0.0.1:0\"\naccess = [\"allow 10.0.0.0/8\", \"default deny\"]\n";
    setup.exchange.listen = vec![toml::from_str::<ListenConfig>(text).expect("a listener")];
    let house = setup.start();
    assert!(is_turned_away(&house).await);
    assert!(house.exchange.ended().is_empty());
}

#[test]
fn a_mistake_in_access_rules_is_found_in_the_file() {
    let text =
        "address = \"127.0.0.1:0\"\naccess = [\"allow 10.1.0.0/16\",\n\"allow 10.0.0.0/99\"]\n";
    let error = toml::from_str::<ListenConfig>(text).unwrap_err();
    let span = error.span().expect("a place");
    assert_eq!(text.get(span), Some("\"allow 10.0.0.0/99\""), "{error}");
    let text = "name = \"a\"\nsources = [\"line\", \"10.0.0.0/99\"]\n";
    let error = toml::from_str::<AccountConfig>(text).unwrap_err();
    assert_eq!(text.get(error.span().expect("a place")), Some("\"10.0.0.0/99\""), "{error}");
}

#[tokio::test]
async fn wrong_passwords_from_one_source_use_up_its_patience_before_any_hash() {
    let text = format!("[exchange.limits]\nwrong-passwords-per-minute = 2\n{}", rtu("pipe", CAT));
    let house = house(&text);
    // Right ones cost nothing.
    for _ in 0..5 {
        house.rtu().await;
    }
    let mut caller = house.raw().await;
    for _ in 0..2 {
        caller.give("rtu", "wrong").await;
        caller.expect("Login incorrect\r\n").await;
    }
    let before = house.exchange.password_hashes();
    caller.give("rtu", "secret").await;
    assert_eq!(caller.rest().await, b"BUSY\r\n");
    assert_eq!(house.exchange.password_hashes(), before);
    until("the record", || {
        let ended = house.exchange.ended();
        ended.iter().any(|record| record.end == CallEnd::LoginFailed(Ending::Busy)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_caller_beyond_the_password_queue_is_told_busy_before_any_hash() {
    // Nobody has this password, and looking for it takes as many passes as it may: a third of a second at least, in
    // which the other one is to be told. Not much memory: another test measures how much the process has.
    let hash = format!("$argon2id$v=19$m=16384,t=16,p=1${}${}", "A".repeat(22), "A".repeat(43));
    let text = "[exchange.limits]\npassword-threads = 1\npassword-queue = 0\n".to_owned()
        + &rtu("pipe", CAT).replace("HASH", &hash);
    let house = house(&text);
    let mut callers = [house.raw().await, house.raw().await];
    for caller in &mut callers {
        caller.say("rtu\r").await;
        caller.expect("Password: ").await;
    }
    let [mut first, mut second] = callers;
    first.say("secret\r").await;
    until("the first hash", || (house.exchange.password_hashes() == 1).then_some(())).await;
    second.say("secret\r").await;
    second.expect("\r\n").await;
    assert_eq!(second.rest().await, b"BUSY\r\n");
    assert_eq!(house.exchange.password_hashes(), 1);
    first.expect("Login incorrect").await;
}

#[tokio::test]
async fn tls_and_ssh_callers_are_not_shown_a_prompt() {
    let house = house(&rtu("pipe", CAT));
    for greeting in [&b"\x16\x03\x01\x02\x00\x01"[..], b"SSH-2.0-OpenSSH_9.9\r\n"] {
        let mut stream = TcpStream::connect(house.address()).await.expect("connected");
        stream.write_all(greeting).await.expect("sent");
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard).await;
        assert_eq!(heard, b"");
    }
    for record in house.records(2).await {
        assert_eq!(record.end, CallEnd::NotAccepted);
    }
}

#[tokio::test]
async fn an_account_may_keep_its_first_call() {
    let text = rtu("pipe", CAT) + "calls = 1\non-second = \"refuse\"\n";
    let house = house(&text);
    let mut first = house.rtu().await;
    first.say("x").await;
    first.bytes(1).await;
    let second = house.rtu().await;
    assert_eq!(second.rest().await, b"BUSY\r\n");
    assert_eq!(house.record().await.end, CallEnd::SecondCall);
    first.say("y").await;
    first.bytes(1).await;
}

#[tokio::test]
async fn an_account_may_replace_its_first_call() {
    let text = rtu("pipe", CAT) + "calls = 1\n";
    let house = house(&text);
    let mut first = house.rtu().await;
    first.say("x").await;
    first.bytes(1).await;
    let mut second = house.rtu().await;
    assert_eq!(first.rest().await, b"");
    assert_eq!(house.record().await.end, CallEnd::Replaced);
    second.say("y").await;
    second.bytes(1).await;
}
