//! Calls in progress: limits, floods, operators, reload and shutdown.

use std::time::{Duration, Instant};

use carrier::{Call, CallOptions};
use exchange::{CallEnd, Origin};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::harness::{PATIENCE, Setup, gone, house, rtu, script, until};

const CAT: &[&str] = &["/bin/cat"];

#[tokio::test]
async fn an_idle_call_ends() {
    let house = house(&(rtu("pipe", CAT) + "idle = \"2s\"\n"));
    let mut caller = house.rtu().await;
    let begun = Instant::now();
    for _ in 0..9 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        caller.say("x").await;
        caller.bytes(1).await;
    }
    assert_eq!(caller.rest().await, b"");
    assert!(begun.elapsed() > Duration::from_secs(4), "idle since the last byte");
    assert_eq!(house.record().await.end, CallEnd::Idle);
}

#[tokio::test]
async fn a_call_lasts_no_longer_than_it_may() {
    let house = house(&(rtu("pipe", &["/usr/bin/yes"]) + "longest = \"200ms\"\n"));
    let caller = house.rtu().await;
    caller.rest().await;
    assert_eq!(house.record().await.end, CallEnd::TimeLimit);
}

#[tokio::test]
async fn a_program_that_floods_ends_with_its_caller() {
    for on in ["pipe", "pty"] {
        let house = house(&script(on, "echo $$; exec yes"));
        let mut caller = house.rtu().await;
        let pid = caller.number().await;
        caller.bytes(1_000_000).await;
        drop(caller);
        house.record().await;
        gone(pid).await;
    }
}

#[tokio::test]
async fn a_program_that_never_reads_can_be_hung_up() {
    for on in ["pipe", "pty"] {
        let house = house(&script(on, "stty raw -echo 2>/dev/null; echo $$; exec sleep 1000"));
        let mut caller = house.rtu().await;
        let pid = caller.number().await;
        let flood = vec![b'x'; 20_000_000];
        let stuck = timeout(Duration::from_millis(300), caller.call.send(&flood)).await;
        assert!(stuck.is_err(), "nobody reads, so not everything can have been taken");
        let call = house.exchange.calls().remove(0);
        // What the exchange itself keeps of it is a piece, the rest are kernel buffers.
        assert!(house.exchange.hang_up(call.id));
        let record = house.record().await;
        assert_eq!(record.end, CallEnd::Operator);
        assert_eq!(record.status, "signal 1", "{on}");
        assert!(!house.exchange.hang_up(call.id));
        gone(pid).await;
    }
}

#[tokio::test]
async fn a_caller_who_leaves_a_program_that_never_reads_is_noticed_behind_his_data() {
    // More than the program's buffers take, and so little more that the end fits behind it in the
    // call's.
    for (on, bytes) in [("pipe", 90_000), ("pty", 60_000)] {
        let text = script(on, "stty raw -echo 2>/dev/null; echo $$; exec sleep 1000");
        let house = house(&(text + "after-end = \"100ms\"\n"));
        let mut caller = house.rtu().await;
        let pid = caller.number().await;
        caller.say(vec![b'x'; bytes]).await;
        drop(caller);
        assert_eq!(house.record().await.end, CallEnd::CallerHungUp, "{on}");
        gone(pid).await;
    }
}

#[tokio::test]
async fn a_caller_who_never_reads_can_be_hung_up() {
    let house = house(&script("pipe", "echo $$; exec yes"));
    let mut caller = house.rtu().await;
    let pid = caller.number().await;
    // The program has filled all buffers once the count stands still.
    let mut before = 0;
    until("stand-still", || {
        let sent = house.exchange.calls().first()?.sent;
        let still = sent > 100_000 && sent == before;
        before = sent;
        still.then_some(())
    })
    .await;
    let call = house.exchange.calls().remove(0);
    assert!(house.exchange.hang_up(call.id));
    let record = house.record().await;
    assert_eq!(record.end, CallEnd::Operator);
    gone(pid).await;
    drop(caller);
}

#[tokio::test]
async fn a_ghost_on_a_pipe_is_noticed_by_its_silence() {
    let house = house(&(script("pipe", "echo $$; exec sleep 1000") + "after-end = \"100ms\"\n"));
    let mut caller = house.rtu().await;
    let pid = caller.number().await;
    drop(caller);
    let record = house.record().await;
    assert_eq!(record.end, CallEnd::CallerHungUp);
    assert_eq!(record.status, "signal 1");
    gone(pid).await;
}

#[tokio::test]
async fn a_reload_drops_no_call() {
    let setup = Setup::new(&rtu("pipe", CAT));
    let house = setup.start();
    let address = house.address();
    let mut before = house.rtu().await;
    before.say("x").await;
    before.bytes(1).await;

    let mut other = Setup::new(
        "[exchange.login]\nname-prompt = \"name: \"\n\
         [[account]]\nname = \"new\"\npassword = \"HASH\"\nprogram = [\"/bin/cat\"]\non = \"pipe\"\n",
    );
    other.exchange.listen = setup.exchange.listen.clone();
    house.exchange.reload(&other.exchange, other.accounts()).expect("reloaded");
    assert_eq!(house.address(), address);

    before.say("still here").await;
    assert_eq!(before.bytes(10).await, b"still here");
    let mut after = house.raw().await;
    after.expect("name: ").await;
    after.say("rtu\rsecret\rnew\rsecret\r").await;
    after.expect("Login incorrect\r\nname: new\r\nPassword: \r\n").await;
    after.say("me too").await;
    assert_eq!(after.bytes(6).await, b"me too");
}

#[tokio::test]
async fn a_reload_changes_the_rules_of_an_open_listener() {
    let mut setup = Setup::new(&rtu("pipe", CAT));
    let house = setup.start();
    let mut before = house.raw().await;
    before.expect("login: ").await;
    setup.exchange.listen[0].access = "deny 127.0.0.1".parse().expect("rules");
    house.exchange.reload(&setup.exchange, setup.accounts()).expect("reloaded");
    assert!(!house.raw().await.hear().await);
    before.say("rtu\rsecret\rx").await;
    before.expect("Password: \r\nx").await;
}

#[tokio::test]
async fn a_reload_opens_and_closes_listeners() {
    let setup = Setup::new(&rtu("pipe", CAT));
    let house = setup.start();
    let old = house.address();
    let mut other = Setup::new(&rtu("pipe", CAT));
    other.exchange.listen[0].address = "127.0.0.2:0".parse().expect("an address");
    house.exchange.reload(&other.exchange, other.accounts()).expect("reloaded");
    assert_ne!(house.address(), old);
    house.rtu().await;
    until("the old listener's end", || std::net::TcpStream::connect(old).is_err().then_some(()))
        .await;
}

#[tokio::test]
async fn a_reload_that_fails_changes_nothing() {
    let setup = Setup::new(&rtu("pipe", CAT));
    let house = setup.start();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let mut other = Setup::new("");
    other.exchange.listen[0].address = taken.local_addr().expect("an address");
    let error = house.exchange.reload(&other.exchange, other.accounts()).unwrap_err().to_string();
    assert!(error.contains(&taken.local_addr().expect("an address").to_string()), "{error}");
    let mut caller = house.rtu().await;
    caller.say("x").await;
    caller.bytes(1).await;
}

#[tokio::test]
async fn a_shutdown_ends_every_call_in_order() {
    let house = house(&script("pty", "trap 'exit 9' HUP; echo $$; while :; do sleep 0.01; done"));
    let mut callers = Vec::new();
    for _ in 0..3 {
        let mut caller = house.rtu().await;
        let pid = caller.number().await;
        callers.push((caller, pid));
    }
    let mut stranger = house.raw().await;
    stranger.expect("login: ").await;
    house.exchange.shut_down(PATIENCE).await;
    assert!(house.exchange.calls().is_empty());
    for (caller, pid) in callers {
        caller.rest().await;
        gone(pid).await;
    }
    stranger.rest().await;
    let records = house.exchange.ended();
    assert_eq!(records.len(), 4);
    assert!(records.iter().all(|record| record.end == CallEnd::ShuttingDown));
    assert_eq!(records.iter().filter(|record| record.status == "9").count(), 3);
    assert!(house.exchange.listeners().is_empty());
}

#[tokio::test]
async fn a_shutdown_waits_no_longer_than_it_may() {
    let house = house(&script("pty", "trap '' HUP TERM; echo $$; while :; do sleep 0.01; done"));
    let mut caller = house.rtu().await;
    let pid = caller.number().await;
    let begun = Instant::now();
    house.exchange.shut_down(Duration::from_millis(100)).await;
    assert!(begun.elapsed() < Duration::from_secs(9), "the usual grace is ten seconds");
    gone(pid).await;
}

#[tokio::test]
async fn a_call_may_come_from_a_line_of_the_process() {
    let house = house(&script("pipe", "echo $CALLER_ID $CALLER_NAME $CONNECT $DEVICE"));
    let (here, there) = UnixStream::pair().expect("a pair");
    let raw = CallOptions { telnet: Some(telnet::Mode::Off), ..CallOptions::default() };
    let call = Call::over_unix(there, &raw).expect("a call");
    let origin = Origin::line("pump-house", "main")
        .with_caller("5550123", Some("PUMP"))
        .with_connect("9600");
    let exchange = house.exchange.clone();
    let taken = tokio::spawn(async move { exchange.take_call(call, origin).await });
    let mut caller = crate::harness::Caller::new(Call::over_unix(here, &raw).expect("a call"));
    caller.log_in().await;
    assert_eq!(caller.line().await, "5550123 PUMP 9600 pump-house");
    caller.rest().await;
    assert_eq!(taken.await.expect("taken"), CallEnd::ProgramEnded);
    let record = house.record().await;
    assert_eq!(record.call.from, "pump-house");
    assert_eq!(record.call.over, "line");
}

#[tokio::test]
async fn a_call_costs_little_while_nothing_happens() {
    let house = house(&rtu("pipe", CAT));
    let (_here, there) = UnixStream::pair().expect("a pair");
    let call = Call::over_unix(there, &CallOptions::default()).expect("a call");
    let taking = house.exchange.take_call(call, Origin::line("a", "b"));
    assert!(size_of_val(&taking) <= 1024, "{}", size_of_val(&taking));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_at_once_are_served() {
    let text =
        "[exchange.limits]\nunauthenticated-per-source = 100\n".to_owned() + &rtu("pipe", CAT);
    let house = std::sync::Arc::new(house(&text));
    let calls: Vec<_> = (0..50_u8)
        .map(|i| {
            let house = std::sync::Arc::clone(&house);
            tokio::spawn(async move {
                let mut caller = if i % 2 == 0 { house.raw().await } else { house.telnet().await };
                caller.log_in().await;
                caller.say([i, 0xFF, 0x0D, 0x00]).await;
                assert_eq!(caller.bytes(4).await, [i, 0xFF, 0x0D, 0x00]);
            })
        })
        .collect();
    for call in calls {
        call.await.expect("served");
    }
    house.records(50).await;
}
