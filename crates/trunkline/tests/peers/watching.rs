//! `trunkline top` on a terminal.

use rustix::process::{Signal, kill_process};

use crate::stage::{Setting, Stage, command, on_a_terminal};

#[test]
fn top_draws_lines_takes_keys_and_leaves_the_terminal_as_it_was() {
    let stage = Stage::new();
    let _trunkline = Setting::new(&stage).line("pump", "").run();
    for ending in ["q", "\x03", "TERM"] {
        let mut top = command(env!("CARGO_BIN_EXE_trunkline"));
        top.arg("top").current_dir(stage.path("")).env("NO_COLOR", "1");
        let (mut screen, mut process) = on_a_terminal("top", &top);
        screen.expect("\x1b[?1049h");
        screen.expect("[1 lines 1]");
        screen.expect("pump");
        screen.send("2");
        screen.expect("[2 calls 0]");
        match ending {
            "TERM" => kill_process(process.id(), Signal::TERM).expect("a running top"),
            key => screen.send(key),
        }
        screen.expect("\x1b[?25h\x1b[?1049l");
        assert!(process.end().success(), "{ending:?}");
    }
}
