//! Alarms of sites, told to a real mail server and to hooks.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use store::Store;

use crate::services::daemons::exim;
use crate::sites::{caller, centre, until};
use crate::stage::{PATIENCE, Stage, free_address};

fn hook() -> (TcpListener, String) {
    let hook = TcpListener::bind("127.0.0.1:0").expect("a port");
    let place = format!("http://{}/alarms", hook.local_addr().expect("bound"));
    (hook, place)
}

/// What a hook is told next; it says that it was.
fn told(hook: &TcpListener) -> String {
    let (mut stream, _) = hook.accept().expect("the hook is called");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let mut told = Vec::new();
    let mut piece = [0; 1024];
    while !told.ends_with(b"}") {
        let count = stream.read(&mut piece).expect("a request");
        assert!(count > 0, "{}", String::from_utf8_lossy(&told));
        told.extend(&piece[..count]);
    }
    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").expect("answered");
    String::from_utf8(told).expect("text")
}

#[test]
fn one_who_never_answers_holds_up_nobody_and_is_told_after_a_restart() {
    let stage = Stage::new();
    let (_exim, port) = exim(&stage);
    let exchange = free_address();
    let ((_deaf, deaf_place), (hook, place)) = (self::hook(), self::hook());
    let tables = |first: &str| {
        format!(
            "[collector]\nhook = [\"{first}\", \"{place}\"]\n\
             mail = {{ server = \"127.0.0.1:{port}\", from = \"trunkline@example.org\", to = [\"one@example.org\", \"nobody@example.com\"] }}\n\
             [[site]]\nname = \"pump\"\ncalls-every = \"100ms\"\n"
        )
    };
    let trunkline = centre(&stage, exchange, &tables(&deaf_place));
    let first = told(&hook);
    assert!(first.contains("\"kind\":\"no-call\"") && first.contains("\"lasts\":true"), "{first}");
    let mail = until("a mail", || {
        let mail = std::fs::read_to_string(stage.path("mail/one")).ok()?;
        mail.contains("base64").then_some(mail)
    });
    assert!(mail.contains("Subject: Alarm: pump no-call: it should call every 100ms"), "{mail}");
    assert!(mail.contains("From: <trunkline@example.org>"), "{mail}");
    drop(trunkline);

    // The alarm lasts, and is no news; who wasn't told is told what happened then.
    let (late, late_place) = self::hook();
    let trunkline = centre(&stage, exchange, &tables(&late_place));
    let second = told(&late);
    assert_eq!(second.split("\r\n\r\n").nth(1), first.split("\r\n\r\n").nth(1));
    // And it ends, though it began before the restart.
    let _caller = caller(&stage, "say", exchange, "x");
    trunkline.ask_until(&["sites"], "on line");
    let over = told(&hook);
    assert!(over.contains("\"kind\":\"no-call\"") && over.contains("\"lasts\":false"), "{over}");
    trunkline.ask_until(&["sites", "--alarms"], "it has called again");
    let store = Store::visit(&stage.path("trunkline.db")).expect("a store");
    assert!(store.alarms(10).expect("read").iter().all(|alarm| alarm.ended.is_some()));
}

#[test]
fn a_site_that_calls_too_often_is_an_alarm() {
    let stage = Stage::new();
    let exchange = free_address();
    let (hook, place) = self::hook();
    let trunkline = centre(
        &stage,
        exchange,
        &format!("[collector]\nhook = \"{place}\"\n[[site]]\nname = \"pump\"\ncalls-an-hour = 2\n"),
    );
    for _ in 0..3 {
        let mut call = caller(&stage, "say", exchange, "x");
        trunkline.ask_until(&["sites"], "on line");
        call.kill();
        trunkline.ask_until(&["sites"], "away");
    }
    let told = told(&hook);
    assert!(told.contains("\"kind\":\"calls-too-often\"") && told.contains("3 calls"), "{told}");
    trunkline.ask_until(&["sites"], "away, calls too often");
}
