//! Calls that end in the same process: at its exchange, and at another line of a hunt group.

use crate::stage::{Equipment, Stage, exchange};

const LINES: &str = "[[line]]\nname = \"a\"\npty = \"a\"\n[[line]]\nname = \"b\"\npty = \"b\"\n\
                     [[line]]\nname = \"c\"\npty = \"c\"\n\
                     [[hunt]]\nname = \"office\"\nmembers = [\"b\", \"c\"]\n\
                     [phonebook]\n\"1\" = \"exchange:\"\n\"2\" = \"line:office\"\n";

#[test]
fn equipment_calls_the_exchange_of_its_own_process_and_a_group_of_its_lines() {
    let program = "\"/bin/cat\"";
    let stage = Stage::run(&format!("{}{LINES}", exchange(program)));
    let mut a = Equipment::open(&stage.path("a"));
    a.command("ATDT1", "login: ");
    a.command("guest", "Password: ");
    a.send("secret\r");
    a.echoed("hello");
    let calls = stage.ask_until(&["calls", "--json"], "\"account\":\"guest\"");
    assert!(calls.contains("\"over\":\"exchange\""), "{calls}");
    // On a pipe, the end of the call is the end of the program.
    stage.ask(&["hangup", "a"]);
    a.expect("NO CARRIER");

    // Nobody is at `b`, so `c` rings.
    let mut c = Equipment::open(&stage.path("c"));
    c.command("AT", "OK");
    a.send("ATE0DT2\r");
    c.expect("RING");
    c.command("ATE0A", "CONNECT");
    a.expect("CONNECT");
    a.send("from a to c");
    c.expect("from a to c");
    let calls = stage.ask(&["calls", "--json", "--line", "c"]);
    assert!(calls.contains("\"over\":\"line\""), "{calls}");
}
