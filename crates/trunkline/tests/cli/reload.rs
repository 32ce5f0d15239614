//! A new configuration for a running instance.

use rustix::process::Signal;

use crate::stage::{Equipment, Stage, exchange};

const A: &str = "[[line]]\nname = \"a\"\npty = \"a\"\n";
const B: &str = "[[line]]\nname = \"b\"\npty = \"b\"\n";
const C: &str = "[[line]]\nname = \"c\"\npty = \"c\"\npersona = \"rtu\"\n";

/// `a` is in a call with an echoing program.
fn in_a_call() -> (Stage, Equipment) {
    let stage = Stage::run(&format!("{}{A}{B}", exchange("\"/bin/cat\"")));
    let mut a = Equipment::open(&stage.path("a"));
    a.log_in(stage.exchange(), "guest", "secret");
    a.echoed("before");
    (stage, a)
}

#[test]
fn a_reload_leaves_the_call_of_a_line_that_stays() {
    let (stage, mut a) = in_a_call();
    let phonebook = format!("[phonebook]\n\"100\" = \"tcp://{}\"\n", stage.exchange());
    stage
        .write("trunkline.toml", &format!("{}{A}{C}{phonebook}", exchange("\"/bin/cat\", \"-u\"")));
    assert_eq!(stage.ask(&["reload"]), "lines: 1 unchanged, 1 started, 1 ended\n");
    a.echoed("after");

    assert!(!stage.path("b").exists(), "the terminal of a line that has ended is gone");
    let lines = stage.ask(&["lines"]);
    assert!(!lines.contains("\nb ") && lines.contains("\nc "), "{lines}");

    let mut c = Equipment::open(&stage.path("c"));
    c.send("ATV1Q0E1DT100\r");
    c.expect("login: ");
    a.echoed("and on");
}

#[test]
fn new_rules_hold_for_the_next_call_and_leave_the_one_that_is_up() {
    let (stage, mut a) = in_a_call();
    let rules = format!("dial-access = \"default deny\"\n{B}[access]\nanswer = \"default deny\"\n");
    stage.write("trunkline.toml", &format!("{}{A}{rules}", exchange("\"/bin/cat\"")));
    for _ in 0..2 {
        assert_eq!(stage.ask(&["reload"]), "lines: 2 unchanged, 0 started, 0 ended\n");
    }
    a.echoed("after");
    stage.ask(&["hangup", "a"]);
    a.expect("NO CARRIER");
    a.command(&format!("ATDT{}", stage.exchange()), "NO CARRIER");
}

#[test]
fn sighup_reloads_like_the_command() {
    let (mut stage, mut a) = in_a_call();
    stage.write("trunkline.toml", &format!("{}{A}{B}{C}", exchange("\"/bin/cat\"")));
    stage.signal(Signal::HUP);
    assert!(stage.wait_for("reloaded").ends_with("lines: 2 unchanged, 1 started, 0 ended"));
    a.echoed("after");
    assert!(stage.path("c").exists());
}

#[test]
fn a_wrong_configuration_is_refused_whole_and_shown_to_whoever_asked() {
    let (stage, mut a) = in_a_call();
    stage.write("trunkline.toml", &format!("{}{C}pesona = \"rtu\"\n", exchange("\"/bin/cat\"")));
    let refused = stage.command(&["reload"]);
    assert_eq!(refused.status.code(), Some(2));
    let shown = String::from_utf8(refused.stderr).unwrap();
    assert!(shown.contains("there is no key `pesona`; did you mean `persona`?"), "{shown}");
    assert!(shown.contains("--> trunkline.toml:14:1"), "{shown}");
    a.echoed("after");
    assert!(stage.path("b").exists() && !stage.path("c").exists());
}

#[test]
fn an_account_that_can_not_be_leaves_everything_as_it_was() {
    let (stage, mut a) = in_a_call();
    let strange = exchange("\"/bin/cat\"") + "user = \"nobody-at-all\"\n";
    stage.write("trunkline.toml", &format!("{strange}{A}"));
    let refused = stage.command(&["reload"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    a.echoed("after");
    assert!(stage.path("b").exists(), "the line that would have ended is still there");
}

#[test]
fn new_accounts_are_good_for_the_next_login_and_old_ones_no_more() {
    let (stage, mut a) = in_a_call();
    let other = exchange("\"/bin/cat\"").replace("guest", "other");
    stage.write("trunkline.toml", &format!("{other}{A}{B}"));
    stage.ask(&["reload"]);
    a.echoed("a call goes on though its account is gone");
    let mut b = Equipment::open(&stage.path("b"));
    b.log_in(stage.exchange(), "guest", "secret");
    b.expect("Login incorrect");
    b.expect("login: ");
    b.command("other", "Password: ");
    b.send("secret\r");
    b.echoed("hello");
}

#[test]
fn a_line_whose_port_is_taken_says_so_and_opens_when_it_is_free() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let stage =
        Stage::run(&format!("{A}[[line]]\nname = \"b\"\npty = \"b\"\nlisten = \"{address}\"\n"));
    let lines = stage.ask(&["lines"]);
    assert!(lines.contains("closed") && lines.contains("line `b` can't be opened"), "{lines}");
    Equipment::open(&stage.path("a")).command("AT", "OK");
    drop(taken);
    assert_eq!(stage.ask(&["reload"]), "lines: 1 unchanged, 1 started, 0 ended\n");
    Equipment::open(&stage.path("b")).command("AT", "OK");
}

#[test]
fn an_instance_without_a_configuration_has_nothing_to_reload() {
    let mut stage = Stage::new("");
    stage.start(&["modem", "--pty", "m", "--control", "s"]);
    let refused = stage.command(&["reload", "--control", "s"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("nothing to reload"));
}
