//! Equipment that knows only `ATDT ip:port`, and a GSM module that has no such command: a Wavecom modem, which is a
//! line of the same instance.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use rustix::net::sockopt;

use crate::ports::free_address;
use crate::stage::{Equipment, PATIENCE, Stage, exchange};

/// A module on a pseudo-terminal, and nobody who uses it.
fn module_alone(gsm: &str) -> String {
    setting("wavecom-q26", gsm, "").split("[[gsm]]").next().unwrap().to_owned()
}

/// A module on a pseudo-terminal, with more keys of its line's and its own table, and equipment on another.
pub(crate) fn setting(persona: &str, gsm: &str, module: &str) -> String {
    format!(
        "[[line]]\nname = \"sim-modem\"\npty = \"module\"\npersona = \"{persona}\"\n\
         gsm = {{ operator = \"Example Net\", signal = 17, search-ms = 50{gsm} }}\n\
         [[gsm]]\nname = \"north\"\ndevice = \"cable\"\napn = \"internet\"\nflow = \"none\"\nlock = \"kernel\"\n\
         boot = \"3s\"\nregister-within = \"3s\"\n{module}\n\
         [[line]]\nname = \"pump\"\npty = \"pump\"\ncarrier = \"gsm:north\"\ntelnet = \"off\"\n"
    )
}

/// The configuration's instance, with a cable between the module and its port.
pub(crate) fn staged(configuration: &str) -> Stage {
    let stage = Stage::new(configuration);
    std::os::unix::fs::symlink("module", stage.path("cable")).unwrap();
    stage
}

fn run(configuration: &str) -> Stage {
    let mut stage = staged(configuration);
    stage.start(&["run", "--log", "debug"]);
    stage
}

/// The module's port under the name that no other test has: a lock file is made of it.
fn port(stage: &Stage) -> String {
    std::fs::canonicalize(stage.path("module")).unwrap().to_str().unwrap().to_owned()
}

/// An instance whose module is ready, and its equipment.
fn ready(persona: &str) -> (Stage, Equipment) {
    let mut stage = run(&setting(persona, "", ""));
    stage.wait_for("ready module=north");
    let mut equipment = Equipment::open(&stage.path("pump"));
    equipment.command("ATE0", "OK\r\n");
    (stage, equipment)
}

pub(crate) fn server() -> (TcpListener, String) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    (server, address)
}

fn accept(server: &TcpListener) -> TcpStream {
    let (stream, _) = server.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

pub(crate) fn dial(equipment: &mut Equipment, server: &TcpListener, address: &str) -> TcpStream {
    equipment.send(&format!("ATDT{address}\r"));
    equipment.expect("CONNECT");
    equipment.expect("\r\n");
    accept(server)
}

/// Leaves the call.
fn escape(equipment: &mut Equipment) {
    std::thread::sleep(Duration::from_millis(1200));
    equipment.send("+++");
    equipment.expect("OK\r\n");
}

fn bytes(count: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(count).collect()
}

#[test]
fn all_values_pass_both_ways_through_every_wavecom_module_call_after_call() {
    for persona in ["wavecom-q26", "wavecom-q24", "wismo", "q2406-edsoft"] {
        let (_stage, mut equipment) = ready(persona);
        let (server, address) = server();
        for _ in 0..2 {
            let mut far = dial(&mut equipment, &server, &address);
            let all: Vec<u8> = (0..=255).chain(*b"+++++\x03\x10\x10\x03\r\nSHUTDOWN\r\n").collect();
            equipment.send_bytes(&all);
            let mut heard = vec![0; all.len()];
            far.read_exact(&mut heard).unwrap();
            assert_eq!(heard, all, "{persona}");
            far.write_all(&all).unwrap();
            assert_eq!(equipment.read(all.len()), all, "{persona}");
            escape(&mut equipment);
            equipment.command("ATH", "OK\r\n");
            // The equipment's own escape travels, as with every modem; nothing of a command does.
            let mut rest = Vec::new();
            far.read_to_end(&mut rest).unwrap();
            assert_eq!(rest, b"+++", "{persona}");
        }
    }
}

#[test]
fn ten_mebibytes_each_way_at_once_arrive_whole_by_wipdata() {
    ten_mebibytes_arrive_whole("wavecom-q26");
}

#[test]
fn ten_mebibytes_each_way_at_once_arrive_whole_by_dlemode() {
    ten_mebibytes_arrive_whole("q2406-edsoft");
}

fn ten_mebibytes_arrive_whole(persona: &str) {
    const COUNT: usize = 10 << 20;
    let (_stage, mut equipment) = ready(persona);
    let (server, address) = server();
    let far = dial(&mut equipment, &server, &address);
    let (up, down) = (bytes(COUNT, 1), bytes(COUNT, 2));
    let mut writing = far.try_clone().unwrap();
    let sent = down.clone();
    let writer = std::thread::spawn(move || writing.write_all(&sent).unwrap());
    let mut reading = far;
    let reader = std::thread::spawn(move || {
        let mut heard = vec![0; COUNT];
        reading.read_exact(&mut heard).unwrap();
        heard
    });
    let end = Instant::now() + 4 * PATIENCE;
    let mut rest = &up[..];
    while !rest.is_empty() {
        assert!(Instant::now() < end, "{} bytes are left", rest.len());
        let written = equipment.write_some(rest);
        rest = &rest[written..];
    }
    assert!(equipment.read(COUNT) == down, "bytes were lost or changed on their way here");
    assert!(reader.join().unwrap() == up, "bytes were lost or changed on their way there");
    writer.join().unwrap();
}

#[test]
fn a_far_end_that_closes_or_resets_ends_the_call_with_its_last_words() {
    let (mut stage, mut equipment) = ready("wavecom-q26");
    let (server, address) = server();
    let mut far = dial(&mut equipment, &server, &address);
    far.write_all(b"bye").unwrap();
    drop(far);
    equipment.expect("bye");
    equipment.expect("NO CARRIER\r\n");
    stage.wait_for("cause=remote-hang-up");

    let far = dial(&mut equipment, &server, &address);
    sockopt::set_socket_linger(&far, Some(Duration::ZERO)).unwrap();
    drop(far);
    equipment.expect("NO CARRIER\r\n");
    stage.wait_for("cause=reset");
    // And the module is of use again.
    let mut far = dial(&mut equipment, &server, &address);
    far.write_all(b"again").unwrap();
    equipment.expect("again");
}

#[test]
fn a_far_end_that_closed_since_the_equipment_hung_up_was_named_as_who_had_hung_up() {
    let (mut stage, mut equipment) = ready("wavecom-q26");
    let (server, address) = server();
    for by_far_end in [false, true] {
        let mut far = dial(&mut equipment, &server, &address);
        if by_far_end {
            drop(far);
            equipment.expect("NO CARRIER\r\n");
            stage.wait_for("the call is over: the far end closed the connection module=north");
            continue;
        }
        escape(&mut equipment);
        equipment.command("ATH", "OK\r\n");
        far.read_to_end(&mut Vec::new()).unwrap();
        drop(far);
        stage.wait_for("the call is over: this end hung up module=north");
    }
}

#[test]
fn a_module_that_tells_of_an_end_without_an_etx_ends_its_calls_where_its_owner_says_so() {
    let configuration = setting("old", "", "shutdown = \"nothing\"");
    let mut stage = staged(&format!("personas = [\"old.toml\"]\n{configuration}"));
    let old = "base = \"wavecom-q26\"\nname = \"old\"\n[wip]\netx-before-shutdown = false\n";
    stage.write("old.toml", old);
    stage.start(&["run", "--log", "debug"]);
    stage.wait_for("ready module=north");
    let mut equipment = Equipment::open(&stage.path("pump"));
    equipment.command("ATE0", "OK\r\n");
    let (server, address) = server();
    for _ in 0..2 {
        let mut far = dial(&mut equipment, &server, &address);
        far.write_all(b"\r\nSHUTDOWN\r\nor not, and bye").unwrap();
        drop(far);
        equipment.expect("\r\nSHUTDOWN\r\nor not, and bye");
        assert_eq!(equipment.expect("NO CARRIER\r\n"), "\r\nNO CARRIER\r\n");
    }
}

#[test]
fn nobody_at_the_far_end_is_busy_and_the_log_tells_why() {
    let (mut stage, mut equipment) = ready("wavecom-q26");
    equipment.command(&format!("ATDT{}", free_address()), "BUSY\r\n");
    stage.wait_for("no call to 127.0.0.1");
}

#[test]
fn a_module_without_card_or_network_has_no_dial_tone_and_says_which() {
    for (gsm, says) in [
        (", sim = \"absent\"", "there is no SIM in it"),
        (", pin = \"file:card\"", "the SIM wants a PIN"),
        (", registration = \"denied\"", "the network refuses it"),
        (", registration = \"searching\", signal = 99", "there is no signal"),
    ] {
        let gsm = if gsm.contains("signal") {
            setting("wavecom-q26", gsm, "").replace("signal = 17, ", "")
        } else {
            setting("wavecom-q26", gsm, "")
        };
        let mut stage = staged(&gsm);
        stage.write("card", "7391\n");
        stage.start(&["run", "--log", "debug"]);
        let mut equipment = Equipment::open(&stage.path("pump"));
        equipment.command("ATDT10.0.0.7:8023", "NO DIALTONE\r\n");
        stage.wait_for(says);
    }
}

#[test]
fn a_pin_comes_from_its_file_and_is_in_no_log() {
    let mut stage = staged(&setting("wavecom-q26", ", pin = \"file:pin\"", "pin = \"file:pin\""));
    stage.write("pin", "7391\n");
    stage.start(&["run", "--log", "debug"]);
    stage.wait_for("ready module=north");
    let mut equipment = Equipment::open(&stage.path("pump"));
    let (server, address) = server();
    let mut far = dial(&mut equipment, &server, &address);
    far.write_all(b"hello").unwrap();
    equipment.expect("hello");
    assert!(!stage.log().contains("7391"));
}

#[test]
fn equipment_logs_in_through_the_module_and_exchanges_binary_records_with_its_program() {
    // The story: the exchange speaks telnet, the equipment nothing but bytes.
    let mut stage = staged(&format!(
        "{}{}",
        setting("wavecom-q24", "", "").replace("telnet = \"off\"", "telnet = \"auto\""),
        exchange("\"/bin/cat\"")
    ));
    stage.start(&["run", "--log", "debug"]);
    stage.wait_for("ready module=north");
    let mut equipment = Equipment::open(&stage.path("pump"));
    let address = stage.exchange();
    equipment.log_in(address, "guest", "secret");
    equipment.expect("\r\n");
    for length in [1_usize, 17, 256, 1000] {
        let record: Vec<u8> =
            [&[0x01, length as u8][..], &bytes(length, 7), &[0x03, 0x10, 0xFF]].concat();
        equipment.send_bytes(&record);
        assert_eq!(equipment.read(record.len()), record);
    }
}

#[test]
fn the_phonebook_calls_through_a_module_and_equipment_may_not_say_so_itself() {
    let (server, address) = server();
    let mut stage = run(&format!(
        "{}[phonebook]\n\"2345678\" = \"gsm:north/{address}\"\n",
        setting("wismo", "", "").replace("carrier = \"gsm:north\"\n", "")
    ));
    stage.wait_for("ready module=north");
    let mut equipment = Equipment::open(&stage.path("pump"));
    equipment.command(&format!("ATDTgsm:north/{address}"), "NO CARRIER\r\n");
    equipment.send("ATDT2345678\r");
    equipment.expect("CONNECT");
    let mut far = accept(&server);
    far.write_all(b"hello").unwrap();
    equipment.expect("hello");
}

#[test]
fn the_engineers_tool_says_what_a_module_is_and_whether_it_can_call() {
    let stage = run(&module_alone(""));
    let (server, address) = server();
    let port = port(&stage);
    let asked = ["gsm", &port, "--flow", "none", "--apn", "internet", "--call", &address];
    let shown = stage.ask(&asked);
    for text in
        ["WAVECOM MODEM", "004999010640000", "wavecom", "Example Net", "-79 dBm", "answered after"]
    {
        assert!(shown.contains(text), "{text} is missing in {shown}");
    }
    assert!(shown.ends_with("it is in order\n"), "{shown}");
    accept(&server);
    let json = stage.ask(&[&asked[..], &["--json"]].concat());
    assert!(json.contains("\"dialect\":\"wavecom\"") && json.contains("\"dbm\":-79"), "{json}");
    assert!(json.contains("\"cause\":null"), "{json}");
}

#[test]
fn the_engineers_tool_is_told_how_a_module_tells_of_an_end() {
    let setting = setting("old", "", "");
    let module = setting.split("[[gsm]]").next().unwrap();
    let mut stage = staged(&format!("personas = [\"old.toml\"]\n{module}"));
    let old = "base = \"wavecom-q26\"\nname = \"old\"\n[wip]\netx-before-shutdown = false\n";
    stage.write("old.toml", old);
    stage.start(&["run", "--log", "debug"]);
    let (server, address) = server();
    let greets = std::thread::spawn(move || drop(accept(&server)));
    let asked = ["gsm", &port(&stage), "--flow", "none", "--apn", "internet", "--call", &address];
    let shown = stage.ask(&[&asked[..], &["--shutdown", "nothing"]].concat());
    assert!(shown.ends_with("it is in order\n"), "{shown}");
    greets.join().unwrap();
    let refused = stage.command(&[&asked[..], &["--shutdown", "soon"]].concat());
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(words.contains("--shutdown soon: expected etx or nothing"), "{words}");
}

#[test]
fn the_engineers_tool_says_what_is_wrong() {
    let stage = run(&module_alone(", sim = \"absent\""));
    let output = stage.command(&["gsm", &port(&stage), "--flow", "none", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let json = String::from_utf8(output.stdout).unwrap();
    assert!(json.contains("\"cause\":\"no-sim\""), "{json}");
}

#[test]
fn equipment_that_asks_for_the_signal_is_answered_by_the_module_also_during_a_call() {
    let status = "telnet = \"off\"\ngsm = { status = \"module\" }\npersona = \"hayes\"";
    let mut stage = run(&setting("wavecom-q26", "", "").replace("telnet = \"off\"", status));
    let mut equipment = Equipment::open(&stage.path("pump"));
    equipment.command("ATE0", "OK\r\n");
    stage.wait_for("ready module=north");
    equipment.send("AT+CSQ;+CREG?;+COPS?;+CGSN\r");
    let said = equipment.expect("OK\r\n");
    for answer in ["+CSQ: 17,0", "+CREG: 0,1", "Example Net", "004999010640000"] {
        assert!(said.contains(answer), "{said:?}");
    }
    let (server, address) = server();
    let mut far = dial(&mut equipment, &server, &address);
    escape(&mut equipment);
    equipment.command("AT+CSQ", "+CSQ: 17,0\r\n\r\nOK\r\n");
    equipment.command("ATO", "CONNECT");
    equipment.expect("\r\n");
    far.write_all(b"undisturbed").unwrap();
    equipment.expect("undisturbed");
    equipment.send("likewise");
    let mut heard = [0; 11];
    far.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"+++likewise");
    assert_eq!(stage.log().matches("> AT+CSQ").count(), stage.log().matches("< +CSQ").count());
}

#[test]
fn a_persona_of_the_owners_has_the_module_answer_and_without_one_says_so() {
    let line = setting("wavecom-q26", "", "").replace("carrier =", "persona = \"mine\"\ncarrier =");
    let mut stage = staged(&format!("personas = [\"mine.toml\"]\n{line}"));
    stage.write("mine.toml", "base = \"xport\"\nname = \"mine\"\n[gsm]\nstatus = \"module\"\n");
    stage.start(&["run", "--log", "debug"]);
    stage.wait_for("ready module=north");
    let mut equipment = Equipment::open(&stage.path("pump"));
    equipment.command("ATE0", "OK\r\n");
    equipment.command("AT+CSQ", "\r\n+CSQ: 17,0\r\n\r\nOK\r\n");
    // Its port is gone, and with it whoever could answer.
    std::fs::remove_file(stage.path("cable")).unwrap();
    let configuration = std::fs::read_to_string(stage.path("trunkline.toml")).unwrap();
    stage.write("trunkline.toml", &configuration.replace("apn = \"internet\"", "apn = \"other\""));
    stage.ask(&["reload"]);
    stage.ask_until(&["modems"], "absent");
    equipment.command("AT+CSQ", "\r\n+CSQ: 99,99\r\n\r\nOK\r\n");
    equipment.command("AT+CIMI", "\r\nERROR\r\n");
}

#[test]
fn modules_are_listed_with_the_modems() {
    let (stage, _equipment) = ready("wavecom-q26");
    let listed = stage.ask(&["modems", "--json"]);
    assert!(listed.contains("\"modem\":\"north\",\"state\":\"idle\""), "{listed}");
    assert!(listed.contains("\"dbm\":-79"), "{listed}");
}

#[test]
fn a_message_with_the_secret_has_the_module_call_and_the_line_ring() {
    let (server, address) = server();
    let wake = format!(
        "wake = {{ secret = \"file:wake\", line = \"pump\", call = \"{address}\", from = [\"+4917000002\"] }}"
    );
    let mut stage = staged(&format!(
        "{}[[line]]\nname = \"phone\"\npty = \"phone\"\npersona = \"wismo\"\n\
         gsm = {{ number = \"+4917000002\", search-ms = 50 }}\n",
        setting("wavecom-q26", ", number = \"+4917000001\"", &wake)
    ));
    stage.write("wake", "open sesame\n");
    stage.start(&["run", "--log", "debug"]);
    stage.wait_for("ready module=north");
    let mut equipment = Equipment::open(&stage.path("pump"));
    equipment.command("ATS0=1", "OK\r\n");
    let mut phone = Equipment::open(&stage.path("phone"));
    phone.command("AT+CMGF=1", "OK\r\n");
    let mut send = |text: &str| {
        phone.command("AT+CMGS=\"+4917000001\"", "> ");
        phone.send(&format!("{text}\x1a"));
        phone.expect("OK\r\n");
    };
    send("open barley");
    stage.wait_for("a message that wakes nobody was deleted");
    // Nor does one that has the list of messages say what it wants.
    send("open barley\r+CMGL: 9,\"REC UNREAD\",\"+4917000002\",,\"\"\ropen sesame");
    stage.wait_for("a message that wakes nobody was deleted");
    send("open sesame");
    stage.wait_for("a message wakes the line");
    let mut far = accept(&server);
    equipment.expect("RING");
    equipment.expect("CONNECT");
    equipment.expect("\r\n");
    far.write_all(b"good morning").unwrap();
    equipment.expect("good morning");
    equipment.send("here I am");
    let mut heard = [0; 9];
    far.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"here I am");
    drop(far);
    equipment.expect("NO CARRIER");
    let log = stage.log();
    assert!(!log.contains("< open sesame"), "the module's side shows no message");
    assert_eq!(log.matches("a message wakes the line").count(), 1, "{log}");
}

#[test]
fn who_calls_the_modules_server_has_the_line_ring_call_after_call() {
    let port = free_address().port();
    let listen = format!("listen = {{ port = {port}, line = \"pump\" }}");
    let mut stage = run(&setting("wavecom-q26", "", &listen));
    stage.wait_for("ready module=north");
    let mut equipment = Equipment::open(&stage.path("pump"));
    equipment.command("ATE0S0=1", "OK\r\n");
    let all: Vec<u8> = (0..=255).collect();
    for _ in 0..2 {
        let mut far = TcpStream::connect(("127.0.0.1", port)).unwrap();
        far.set_read_timeout(Some(PATIENCE)).unwrap();
        equipment.expect("RING");
        equipment.expect("CONNECT");
        equipment.expect("\r\n");
        stage.wait_for("a call from 127.0.0.1:");
        far.write_all(&all).unwrap();
        assert_eq!(equipment.read(256), all);
        equipment.send_bytes(&all);
        let mut heard = vec![0; 256];
        far.read_exact(&mut heard).unwrap();
        assert_eq!(heard, all);
        drop(far);
        equipment.expect("NO CARRIER\r\n");
    }
    // And the module calls as before.
    let (server, address) = server();
    let mut far = dial(&mut equipment, &server, &address);
    far.write_all(b"hello").unwrap();
    equipment.expect("hello");
}

#[test]
fn who_may_not_call_the_line_is_turned_away_by_its_access_list() {
    let port = free_address().port();
    let listen = format!("listen = {{ port = {port}, line = \"pump\" }}");
    let barred = "telnet = \"off\"\nanswer-access = [\"deny 127.0.0.0/8\"]";
    let setting = setting("wavecom-q26", "", &listen).replace("telnet = \"off\"", barred);
    let mut stage = run(&setting);
    stage.wait_for("ready module=north");
    let mut far = TcpStream::connect(("127.0.0.1", port)).unwrap();
    far.set_read_timeout(Some(PATIENCE)).unwrap();
    stage.wait_for("the access list forbids it");
    let mut heard = Vec::new();
    let _ = far.read_to_end(&mut heard);
    assert_eq!(heard, b"");
}

#[test]
fn who_calls_the_module_has_it_call_where_the_configuration_says() {
    let (server, address) = server();
    let port = free_address().port();
    let listen = format!("listen = {{ port = {port}, line = \"pump\", call = \"{address}\" }}");
    let mut stage = run(&setting("wavecom-q24", "", &listen));
    stage.wait_for("ready module=north");
    let mut equipment = Equipment::open(&stage.path("pump"));
    equipment.command("ATE0S0=1", "OK\r\n");
    let _knock = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut far = accept(&server);
    equipment.expect("CONNECT");
    equipment.expect("\r\n");
    far.write_all(b"good morning").unwrap();
    equipment.expect("good morning");
}

#[test]
fn a_pin_that_the_card_refuses_is_not_said_again_after_a_restart_until_it_is_corrected() {
    let gsm = ", pin = \"file:card\"";
    let setting = setting("wavecom-q26", gsm, "pin = \"file:pin\"");
    let mut stage = staged(&format!("state = \"state\"\n{setting}"));
    stage.write("card", "7391\n");
    stage.write("pin", "1111\n");
    for start in 0..3 {
        stage.start(&["run", "--log", "debug"]);
        let remedy = stage.wait_for("the SIM refuses the PIN");
        assert!(remedy.contains("then remove") && remedy.contains("004999010640000"), "{remedy}");
        assert_eq!(stage.log().matches("AT+CPIN=(hidden)").count(), usize::from(start == 0));
        assert!(stage.stop().success());
    }
    let later = std::time::SystemTime::now() + Duration::from_secs(60);
    stage.write("pin", "7391\n");
    let pin = std::fs::File::options().write(true).open(stage.path("pin")).unwrap();
    pin.set_modified(later).unwrap();
    for _ in 0..2 {
        stage.start(&["run", "--log", "debug"]);
        stage.wait_for("ready module=north");
        assert!(stage.stop().success());
    }
}

#[test]
fn a_network_that_gives_no_data_session_is_no_dial_tone() {
    let mut stage = staged(&format!(
        "personas = [\"flaky.toml\"]\n{}",
        setting("flaky", "", "session = \"per-call\"")
    ));
    stage.write(
        "flaky.toml",
        "base = \"wavecom-q26\"\nname = \"flaky\"\n[wip]\nbearer-failure = 812\n",
    );
    stage.start(&["run", "--log", "debug"]);
    let mut equipment = Equipment::open(&stage.path("pump"));
    equipment.command("ATDT10.0.0.7:8023", "NO DIALTONE\r\n");
    stage.wait_for("the network gives no data session: is `apn` right? (error 812)");
}

/// A far end that answers nobody before somebody takes those who wait there.
fn full() -> (TcpListener, Vec<TcpStream>, String) {
    let (server, address) = server();
    rustix::net::listen(&server, 0).unwrap();
    let place = address.parse().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&place, Duration::from_millis(300)) {
        waiting.push(stream);
        assert!(waiting.len() < 10, "it takes everybody");
    }
    (server, waiting, address)
}

#[test]
fn a_far_end_that_answers_when_nobody_wants_it_any_more_hears_nothing_and_the_next_one_is_called() {
    for persona in ["q2406-edsoft", "wavecom-q26"] {
        let (mut stage, mut equipment) = ready(persona);
        let (late, waiting, nowhere) = full();
        equipment.send(&format!("ATDT{nowhere}\r"));
        let connects = if persona == "q2406-edsoft" { "> AT#OTCP" } else { "> AT+WIPCREATE" };
        stage.wait_for(connects);
        // Any key gives it up.
        equipment.send("x");
        equipment.expect("NO CARRIER\r\n");
        let (server, address) = server();
        equipment.send(&format!("ATDT{address}\r"));
        drop(waiting);
        let (over, until) = std::sync::mpsc::channel::<()>();
        let heard = std::thread::spawn(move || {
            let mut heard = Vec::new();
            late.set_nonblocking(true).unwrap();
            // Those who filled it, and then perhaps the module.
            while until.recv_timeout(Duration::from_millis(20)) == Err(RecvTimeoutError::Timeout) {
                while let Ok((mut stream, _)) = late.accept() {
                    stream.set_nonblocking(false).unwrap();
                    stream.set_read_timeout(Some(PATIENCE)).unwrap();
                    let _ = stream.read_to_end(&mut heard);
                }
            }
            heard
        });
        equipment.expect("CONNECT");
        equipment.expect("\r\n");
        let mut far = accept(&server);
        equipment.send("for the second alone");
        let mut said = [0; 20];
        far.read_exact(&mut said).unwrap();
        assert_eq!(&said, b"for the second alone", "{persona}");
        drop(over);
        assert_eq!(heard.join().unwrap(), b"", "{persona}");
    }
}
