//! Reads of a site: long ones, those at the end of the addresses, more of them than may wait, a device that is slower than
//! its plan, and answers that come over the next call.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Instant;

use crate::ports::free_address;
use crate::stage::{Equipment, PATIENCE, Stage, logged_in, trunkline};
use crate::writes::{Unit, centre};

/// A centre with a site that speaks Modbus TCP over its call, and whose account logs in as [`logged_in`] does.
fn with_site(keys: &str) -> Stage {
    with_any_site(&format!("framing = \"tcp\"\n{keys}"))
}

fn with_any_site(keys: &str) -> Stage {
    let mut centre = Stage::new(&format!(
        "[exchange]\nstore = \"trunkline.db\"\n\
         [[exchange.listen]]\naddress = \"127.0.0.1:0\"\naccept = [\"raw\"]\n\
         [[account]]\nname = \"pump\"\npassword = \"file:password\"\nservice = \"collector\"\n\
         [[site]]\nname = \"pump\"\n{keys}"
    ));
    centre.start(&["run"]);
    centre
}

#[test]
fn a_long_read_says_on_a_terminal_how_far_it_is_and_nothing_in_a_pipe() {
    let (unit, writes) = Unit::new();
    drop(writes);
    let centre = centre("tcp");
    let _call = unit.call(centre.exchange());
    centre.ask_until(&["sites", "--wish", "1"], "done");
    let lines = |text: &[u8]| String::from_utf8_lossy(text).lines().count();

    let piped = centre.command(&["read", "pump", "h:0..5000"]);
    assert!(piped.status.success() && piped.stderr.is_empty(), "{piped:?}");
    assert_eq!(lines(&piped.stdout), 5000);
    assert!(piped.stdout.ends_with(b"h:4999 (45000) = 77\n"), "whatever one question may ask");

    let (mut person, terminal) = Equipment::person();
    let mut command = trunkline(centre.folder.path());
    command.args(["read", "pump", "h:0..5000"]).stdout(Stdio::piped()).stderr(terminal);
    let child = command.spawn().unwrap();
    drop(command);
    person.expect(" of 5000");
    let output = child.wait_with_output().unwrap();
    assert_eq!(lines(&output.stdout), 5000);
    assert_eq!(output.stdout, piped.stdout);
}

#[test]
fn the_last_register_is_read_like_any_other() {
    let (unit, writes) = Unit::new();
    drop(writes);
    let centre = centre("tcp");
    let _call = unit.call(centre.exchange());
    centre.ask_until(&["sites", "--wish", "1"], "done");
    assert!(centre.ask(&["read", "pump", "h:65535"]).starts_with("h:65535"));
    let pair = centre.ask(&["read", "pump", "h:65532..65536", "--as", "f32"]);
    assert_eq!(pair.lines().count(), 2, "{pair}");
}

#[test]
fn a_call_for_one_poll_ends_though_the_device_is_slower_than_polls_are_wanted() {
    let centre = with_site(
        "poll = \"1ms\"\nresponse = \"300ms\"\nretries = 0\nafter-poll = \"hang-up\"\n\
         [[site.point]]\nname = \"level\"\naddress = \"h:1\"\n",
    );
    let mut call = logged_in(centre.exchange(), "pump", "secret");
    // Silent: whoever is asked again has been asked once too often.
    let mut asked = Vec::new();
    call.read_to_end(&mut asked).expect("the end of the call");
    assert_eq!(asked.len(), 12, "{asked:02x?}");
}

#[test]
fn whoever_asks_when_as_many_wait_as_may_is_told_so_at_once() {
    let scada = free_address();
    let centre = with_site(&format!(
        "response = \"60s\"\n[[facade]]\nname = \"scada\"\nlisten = \"{scada}\"\nsite = \"pump\"\n\
         clients = 100\n"
    ));
    let _silent = logged_in(centre.exchange(), "pump", "secret");
    centre.ask_until(&["sites"], "on line");
    let ask = |n: u8| {
        let mut client = TcpStream::connect(scada).unwrap();
        client.write_all(&[0, n, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1]).unwrap();
        client.set_nonblocking(true).unwrap();
        client
    };
    // One is asked, and 64 wait.
    let mut clients: Vec<TcpStream> = (0..70).map(ask).collect();
    let (end, mut told) = (Instant::now() + PATIENCE, 0);
    while told < 5 {
        assert!(Instant::now() < end, "only {told} are told");
        clients.retain_mut(|client| {
            let mut answer = [0; 9];
            match client.read(&mut answer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => true,
                read => {
                    assert_eq!((read.unwrap(), &answer[7..]), (9, &[0x83, 6][..]));
                    told += 1;
                    false
                }
            }
        });
        std::thread::yield_now();
    }
    assert_eq!((told, clients.len()), (5, 65), "the others wait for the device");
}

#[test]
fn an_answer_that_comes_over_the_next_call_is_no_value() {
    let centre = with_any_site(
        "framing = \"rtu\"\npoll = \"1s\"\nresponse = \"60s\"\n\
         [[site.point]]\nname = \"level\"\naddress = \"h:1\"\n",
    );
    let answer = |value: u8| {
        let (unit, pdu) = (modbus::UnitId(1), modbus::pdu::Pdu::new(&[3, 2, 0, value]).unwrap());
        let mut frame = Vec::new();
        modbus::frame::rtu::encode(unit, &pdu, &mut frame);
        frame
    };
    let mut question = [0; 8];
    let mut cut = logged_in(centre.exchange(), "pump", "secret");
    cut.read_exact(&mut question).unwrap();
    assert_eq!(question[..6], [1, 3, 0, 1, 0, 1]);
    drop(cut);
    let mut call = logged_in(centre.exchange(), "pump", "secret");
    let mut sentinel = [0; 8];
    call.read_exact(&mut sentinel).unwrap();
    assert_eq!(sentinel[..4], [1, 8, 0, 0], "where the unit is has to be known first");
    call.write_all(&[answer(99), sentinel.to_vec()].concat()).unwrap();
    let mut again = [0; 8];
    call.read_exact(&mut again).unwrap();
    assert_eq!(again, question);
    call.write_all(&answer(7)).unwrap();
    centre.ask_until(&["sites", "--points", "pump"], " 7 ");
    let samples = centre.ask(&["samples", "pump"]);
    assert!(!samples.contains(",99,"), "{samples}");
}

#[test]
fn what_was_read_before_a_call_was_lost_is_kept_though_not_everything_was() {
    let centre = with_site(
        "poll = \"1h\"\nresponse = \"60s\"\n\
         [[site.point]]\nname = \"level\"\naddress = \"h:1\"\n\
         [[site.point]]\nname = \"flow\"\naddress = \"h:500\"\n",
    );
    let mut call = logged_in(centre.exchange(), "pump", "secret");
    let mut question = [0; 12];
    call.read_exact(&mut question).unwrap();
    call.write_all(&[question[0], question[1], 0, 0, 0, 5, 1, 3, 2, 0, 7]).unwrap();
    call.read_exact(&mut question).unwrap();
    drop(call);
    let points = centre.ask_until(&["sites", "--points", "pump"], " 7 ");
    assert!(points.contains("level"), "{points}");
}
