//! A site loses its power in the middle of its calls: nobody hangs up, there is nothing more to be heard.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::stage::{
    Account, HOUSE, Network, PATIENCE, Process, Setting, Stage, Trunkline, Wire, installed,
    on_a_terminal,
};

const FAILING: Ipv4Addr = Ipv4Addr::new(10, 42, 0, 2);
const SOUND: Ipv4Addr = Ipv4Addr::new(10, 42, 0, 3);

/// How long the house waits for a sign of life.
const TIMEOUT: Duration = Duration::from_secs(4);

fn log_in(caller: &mut Wire, name: &str) {
    caller.expect("login: ");
    caller.send(format!("{name}\r"));
    caller.expect("Password: ");
    caller.send("secret\r");
    caller.expect("READY");
}

/// The calls that are over: what their records say.
fn over(trunkline: &Trunkline, count: usize) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let calls = trunkline.ask(&["calls", "--json", "--limit", "all"]);
        let over: Vec<String> =
            calls.lines().filter(|call| call.contains("\"cause\":\"")).map(Into::into).collect();
        if over.len() >= count {
            return over;
        }
        assert!(Instant::now() < deadline, "{count} calls should be over:\n{calls}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn calls_of_a_site_without_power_end_as_lost_and_others_go_on() {
    let stage = Stage::new();
    let network = Network::new(&[FAILING, SOUND]);
    let [exchange, rings, called] =
        [(HOUSE, 8023), (HOUSE, 4001), (FAILING, 4002)].map(SocketAddr::from);
    let timeout = format!("user-timeout = \"{}s\"", TIMEOUT.as_secs());
    // One says nothing, so that only keepalive can tell; one always has something on its way.
    let quiet = stage.script("quiet", "stty raw -echo\nprintf READY\nexec cat");
    let busy = stage.script("busy", "printf READY\nexec yes");
    let account = |name, program| Account { name, ..Account::site(program) };
    let trunkline = Setting::new(&stage)
        .exchange(exchange)
        .listening(&timeout)
        .account(&account("quiet", &quiet))
        .account(&account("busy", &busy))
        .answering_line("answers", rings, &timeout)
        .line("dials", &timeout)
        .run_as(network.in_house(env!("CARGO_BIN_EXE_trunkline")));

    let (mut sound, _sound) = network.call(SOUND, exchange);
    log_in(&mut sound, "quiet");

    let (mut raw, by_raw) = network.call(FAILING, exchange);
    log_in(&mut raw, "quiet");
    let (mut flooded, by_flood) = network.call(FAILING, exchange);
    log_in(&mut flooded, "busy");
    let mut telnet = network.away(installed("/usr/bin/inetutils-telnet"));
    telnet.args(["--bind", &FAILING.to_string(), &HOUSE.to_string(), "8023"]);
    let (mut logged_in, _logged_in) = on_a_terminal("telnet", &telnet);
    log_in(&mut logged_in, "quiet");
    let (mut at_the_prompt, _at_the_prompt) = on_a_terminal("telnet", &telnet);
    at_the_prompt.expect("login: ");
    at_the_prompt.send("quiet\r");
    at_the_prompt.expect("Password: ");
    let (mut nameless, by_name) = network.call(FAILING, exchange);
    nameless.expect("login: ");

    let mut answering = trunkline.open("answers");
    answering.send("ATE0\r");
    answering.expect("OK\r\n");
    let (mut caller, by_ring) = network.call(FAILING, rings);
    answering.expect("RING\r\n");
    answering.send("ATA\r");
    answering.expect("CONNECT");
    answering.send("word");
    caller.expect("word");

    let (mut far, by_dialling) = network.answer(called);
    let mut dialling = trunkline.open("dials");
    loop {
        dialling.send(format!("ATDT{called}\r"));
        dialling.expect(format!("ATDT{called}\r\r\n"));
        // `socat` may need a moment before it listens.
        if dialling.receive(4) == b"CONN" {
            break;
        }
    }
    dialling.expect("\r\n");
    dialling.send("word");
    far.expect("word");

    network.fail(FAILING);
    let failed = Instant::now();
    answering.expect("NO CARRIER\r\n");
    dialling.expect("NO CARRIER\r\n");
    let over = over(&trunkline, 7);
    let passed = failed.elapsed();
    assert!(passed > TIMEOUT / 2, "something else has ended them, after {passed:?}");
    // A probe may just have been answered, and the next one has to be due.
    assert!(passed < TIMEOUT * 5, "they were held for {passed:?}");
    let with = |cause: &str| {
        over.iter().filter(|call| call.contains(&format!("\"cause\":\"{cause}\""))).count()
    };
    assert_eq!((with("line-lost"), with("path-lost")), (5, 2), "{over:#?}");

    sound.send("still here");
    sound.expect("still here");
    let calls = trunkline.ask(&["calls", "--json"]);
    // Those who can't say goodbye to anybody would take their time over it.
    [by_raw, by_flood, by_name, by_ring, by_dialling].iter_mut().for_each(Process::kill);
    assert_eq!(calls.lines().filter(|call| !call.contains("\"cause\":\"")).count(), 1, "{calls}");
}
