//! What is to be asked of sites later: shown, and taken back.

use crate::writes::{Unit, centre};

#[test]
fn what_waits_is_shown_in_the_order_of_its_turns_and_what_was_not_sent_can_be_taken_back() {
    let (unit, writes) = Unit::new();
    drop(writes);
    let centre = centre("tcp");
    let ask = |words: &[&str]| centre.ask(words);
    assert!(ask(&["sites", "pump"]).contains(" never"), "it hasn't called yet");
    ask(&["read", "pump", "h:20", "--at", "next-call", "--priority", "5"]);
    ask(&["write", "pump", "h:30", "5", "--at", "1d", "--expires", "2h"]);
    let listed = ask(&["sites", "--wishes"]);
    let place = |text: &str| listed.find(text).unwrap_or_else(|| panic!("{text}: {listed}"));
    assert!(place("read h:20") < place("write h:10") && place("write h:10") < place("write h:30"));
    assert_eq!(listed.matches("waiting").count(), 3, "{listed}");
    assert_eq!(ask(&["sites", "--wishes", "pump"]), listed);

    // The write that nobody is to carry out.
    assert!(ask(&["sites", "--withdraw", "1"]).contains("withdrawn: write h:10+1 = 77"));
    let again = centre.command(&["sites", "--withdraw", "1"]);
    let told = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.status.code() == Some(1) && told.contains("ended already: withdrawn"), "{told}");
    let audit = || std::fs::read_to_string(centre.path("audit.log")).unwrap_or_default();
    let end = std::time::Instant::now() + crate::stage::PATIENCE;
    while !audit().contains("\"wish-withdrawn\"") {
        assert!(std::time::Instant::now() < end, "{}", audit());
        std::thread::yield_now();
    }
    assert!(audit().contains("\"ask\":\"write h:10+1 = 77\""), "{}", audit());

    let _call = unit.call(centre.exchange());
    centre.ask_until(&["sites", "--wish", "2"], "h:20 (40021) = 0");
    let over = ask(&["sites", "--wishes", "--json"]);
    let states: Vec<_> =
        over.lines().map(|line| line.split("\"state\":\"").nth(1).unwrap()).collect();
    let state = |n: usize| states[n].split('"').next().unwrap();
    assert_eq!([state(0), state(1), state(2)], ["waiting", "done", "withdrawn"], "{over}");
    assert_eq!(unit.read(), [20], "and nothing was written");

    for (words, said) in [
        (&["sites", "--wishes", "pmp"][..], "no site `pmp`"),
        (&["sites", "pmp"], "no site `pmp`"),
        (&["sites", "--withdraw", "99"], "no wish 99"),
        (&["sites", "--wishes", "--alarms"], "exclude each other"),
        (&["sites", "pump", "--wish", "1"], "of one site already"),
    ] {
        let refused = centre.command(words);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && told.contains(said), "{words:?}: {told}");
    }
}
