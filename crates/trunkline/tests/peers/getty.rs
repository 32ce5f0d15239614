//! Programs that answer a modem, behind ours: they initialise it, hear it ring, answer, and log the caller in.
//!
//! `uugetty` is in no Debian any more; `agetty` has taken over what it did for modems.

use std::fs;
use std::path::PathBuf;

use crate::stage::{Process, Setting, Stage, Trunkline, Wire, free_address, installed, unpacked};

/// A line with a number, and the name of its terminal as programs have it: `pts/5`.
fn line(stage: &Stage, more: &str) -> (Trunkline, std::net::SocketAddr, String) {
    let number = free_address();
    let trunkline = Setting::new(stage).answering_line("line", number, more).run();
    let device = fs::canonicalize(trunkline.line("line")).expect("the line's terminal");
    let device = device.strip_prefix("/dev").expect("a device").display().to_string();
    (trunkline, number, device)
}

/// What the caller's login shell is.
fn shell(stage: &Stage) -> PathBuf {
    stage.script("shell", "echo ready on $(tty)\nread -r word\necho \"heard $word\"")
}

/// A caller who dials again until somebody answers: a getty that is just starting shows no DTR.
fn answered(number: std::net::SocketAddr) -> Wire {
    let mut calls = 0;
    loop {
        let mut caller = Wire::tcp("the caller", redial(number));
        if caller.expect_before_end("ogin:") {
            return caller;
        }
        calls += 1;
        assert!(calls < 300, "nobody answers");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

fn redial(number: std::net::SocketAddr) -> std::net::TcpStream {
    loop {
        // Busy is a reset, even before the connection is known here.
        if let Ok(caller) = std::net::TcpStream::connect(number) {
            return caller;
        }
    }
}

fn log_in(caller: &mut Wire) {
    caller.send("site\r");
    caller.expect("assword:");
    caller.send("secret\r");
    caller.expect("ready on /dev/pts/");
    caller.send("news\r");
    caller.expect("heard news");
}

#[test]
fn mgetty_initialises_our_modem_answers_it_and_logs_the_caller_in() {
    let stage = Stage::new();
    let (_trunkline, number, device) = line(&stage, "");
    stage.write("etc/mgetty/mgetty.config", "debug 9\nspeed 38400\ndata-only yes\n");
    let login = stage.write("etc/mgetty/login.config", "* - - /bin/login @\n");
    // It takes it from nobody else.
    fs::set_permissions(&login, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .expect("our own file");
    let mgetty = unpacked("mgetty", "sbin/mgetty");
    let mut process = stage.start_in_private("mgetty", &shell(&stage), mgetty, &[&device]);

    let mut caller = answered(number);
    log_in(&mut caller);
    // The shell has ended, and with it mgetty and its hold on the terminal.
    caller.expect_end();
    process.end();
}

#[test]
fn agetty_sets_our_modem_to_answer_by_itself_and_logs_the_caller_in() {
    let stage = Stage::new();
    let (_trunkline, number, device) = line(&stage, "init = \"&D2\"");
    let agetty = installed("/sbin/agetty");
    let init = "ATE0Q0V1S0=1\\015";
    let arguments = ["-L", "-w", "-I", init, "38400", &device];
    let mut process = stage.start_in_private("agetty", &shell(&stage), agetty, &arguments);

    let mut caller = answered(number);
    log_in(&mut caller);
    caller.expect_end();
    process.end();
}

#[test]
fn a_modem_of_ours_answers_another_of_ours_and_logs_the_caller_in() {
    // Two lines on one machine: the exchange's real modem is the first one's pseudo-terminal.
    let stage = Stage::new();
    let number = free_address();
    let program = stage.script(
        "program",
        "echo \"$CALLER_ID $CONNECT $(basename $DEVICE)\"\nread -r word\necho \"heard $word\"",
    );
    let trunkline = Setting::new(&stage)
        .exchange(free_address())
        .account(&crate::stage::Account::site(&program))
        .answering_line("trunk", number, "init = \"S12=10\"")
        .line("desk", "")
        .modem("rack", "trunk", "guard = \"300ms\"")
        .phone("5551212", &format!("\"tcp://{number}\""))
        .run();
    let mut equipment = trunkline.open("desk");
    for _ in 0..2 {
        // An ATH0 among the init strings would turn a caller away.
        trunkline.ask_until(&["modems"], "idle");
        equipment.send("ATDT5551212\r");
        equipment.expect("CONNECT");
        equipment.expect("login: ");
        equipment.send("site\r");
        equipment.expect("Password: ");
        equipment.send("secret\r");
        equipment.expect("none 38400 trunk\r\n");
        equipment.send("news\r");
        equipment.expect("heard news\r\n");
        equipment.expect("\r\nNO CARRIER\r\n");
    }
}

#[test]
fn equipment_dials_through_a_modem_of_ours_to_an_exchange_and_every_byte_passes() {
    let stage = Stage::new();
    let far = crate::stage::FarEnd::new();
    let trunkline = Setting::new(&stage)
        .line("trunk", "init = \"S12=10\"")
        .line("desk", "init = \"S12=10\"")
        .modem("rack", "trunk", "guard = \"300ms\"\ndial = \"ATDT\"")
        .phone("5551212", "\"modem:rack/777\"")
        .phone("777", &format!("\"tcp://{}\"", far.address()))
        .run();
    let mut equipment = trunkline.open("desk");
    equipment.send("ATE0DT5551212\r");
    let mut call = far.answer();
    equipment.expect("CONNECT");
    equipment.expect("\r\n");
    let bytes = crate::stage::random(200_000);
    // XON and XOFF, CR and NUL, FF and the escape's own character are among them.
    let heard = std::thread::scope(|scope| {
        let sending = scope.spawn(|| call.exchange(&bytes, bytes.len()));
        let received = equipment.exchange(&bytes, bytes.len());
        (sending.join().expect("no panic"), received)
    });
    crate::stage::assert_same_bytes(&bytes, &heard.0, "what the far end got");
    crate::stage::assert_same_bytes(&bytes, &heard.1, "what the equipment got");
    drop(call);
    equipment.expect("\r\nNO CARRIER\r\n");
    // And the next call finds everything ready.
    equipment.send("ATDT5551212\r");
    let _call = far.answer();
    equipment.expect("CONNECT");
}

/// `cu` and `uucico` find a modem by its lock file as well.
#[test]
fn a_modem_is_lent_to_a_program_that_locks_it_and_taken_back() {
    let stage = Stage::new();
    let trunkline = Setting::new(&stage)
        .line("trunk", "")
        .modem("rack", "trunk", &format!("lock-folder = \"{}\"", stage.path("").display()))
        .run();
    let modems = || trunkline.ask(&["modems", "--json"]);
    trunkline.ask_until(&["modems"], "idle");
    let mut other: Process = {
        let mut sleep = crate::stage::command("/bin/sleep");
        sleep.arg("60");
        Process::start("a dialling program", &mut sleep)
    };
    let pid = other.id().as_raw_nonzero();
    let lock = stage.write("LCK..trunk", format!("{pid:10}\n"));
    trunkline.ask_until(&["modems"], "lent");
    assert!(modems().contains("\"trouble\":null"), "{}", modems());
    // It dies without removing its lock, as such programs do.
    other.kill();
    trunkline.ask_until(&["modems"], "idle");
    assert!(!lock.exists());
}
