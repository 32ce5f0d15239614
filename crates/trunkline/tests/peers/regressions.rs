//! What went wrong in other modems in software, from end to end: each of these broke tcpser.

use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use crate::stage::{Setting, Stage, Trunkline, Wire, free_address};

/// A line with its equipment at command level, silent but for what it is asked.
fn line(stage: &Stage) -> (Trunkline, Wire) {
    let trunkline = Setting::new(stage).line("line", "").run();
    let equipment = equipment(&trunkline, "line");
    (trunkline, equipment)
}

fn equipment(trunkline: &Trunkline, name: &str) -> Wire {
    let mut equipment = trunkline.open(name);
    // S12: guard times of 0.2 s, shorter than the silence that the tests listen to anyway.
    equipment.send("ATE0S12=10\r");
    equipment.expect("OK\r\n");
    equipment
}

/// The far end of a call, in the test's own hands.
struct FarEnd(TcpListener);

impl FarEnd {
    fn at(ip: impl Into<std::net::IpAddr>) -> Self {
        Self(TcpListener::bind((ip.into(), 0)).expect("a free port"))
    }

    fn new() -> Self {
        Self::at(Ipv4Addr::LOCALHOST)
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("an address")
    }

    fn answer(&self) -> Wire {
        Wire::tcp("the far end", self.0.accept().expect("a call").0)
    }

    /// Calls this end from a line.
    fn called_by(&self, equipment: &mut Wire) -> Wire {
        equipment.send(format!("ATDT{}\r", self.address()));
        let far = self.answer();
        equipment.expect("\r\nCONNECT");
        equipment.expect("\r\n");
        far
    }
}

fn obeys(equipment: &mut Wire) {
    equipment.send("AT\r");
    equipment.expect_only("\r\nOK\r\n");
}

fn escape(equipment: &mut Wire) {
    equipment.expect_silence();
    equipment.send("+++");
    equipment.expect_only("\r\nOK\r\n");
}

#[test]
fn redialling_at_once_after_a_failed_call_is_not_swallowed() {
    let stage = Stage::new();
    let (_trunkline, mut equipment) = line(&stage);
    let far = FarEnd::new();
    for _ in 0..3 {
        equipment.send(format!("ATDT{}\r", free_address()));
        equipment.expect_only("\r\nBUSY\r\n");
    }
    let mut far = far.called_by(&mut equipment);
    equipment.send("hello");
    far.expect("hello");
}

#[test]
fn redialling_by_repeat_after_a_failed_call_dials_again() {
    let stage = Stage::new();
    let (_trunkline, mut equipment) = line(&stage);
    let address = free_address();
    equipment.send(format!("ATDT{address}\r"));
    equipment.expect_only("\r\nBUSY\r\n");
    let far = FarEnd(TcpListener::bind(address).expect("a port nobody has"));
    equipment.send("A/");
    let mut far = far.answer();
    equipment.expect("\r\nCONNECT");
    far.send("hello");
    equipment.expect("hello");
}

#[test]
fn a_second_caller_never_gets_into_the_first_ones_call() {
    let stage = Stage::new();
    let number = free_address();
    let trunkline = Setting::new(&stage).answering_line("line", number, "").run();
    let mut equipment = equipment(&trunkline, "line");

    let mut first = Wire::call(number);
    equipment.expect("\r\nRING\r\n");
    // While it rings, and then while it is answered.
    let mut second = Wire::call(number);
    second.send("the wrong one");
    assert_eq!(second.expect_end(), b"");
    equipment.send("ATA\r");
    equipment.expect("\r\nCONNECT");
    equipment.expect("\r\n");
    let mut third = Wire::call(number);
    third.send("another wrong one");
    assert_eq!(third.expect_end(), b"");

    first.send("the right one");
    equipment.expect_only("the right one");
    equipment.send("welcome");
    first.expect_only("welcome");
}

#[test]
fn a_caller_to_two_lines_rings_on_one_and_the_next_caller_on_the_other() {
    let stage = Stage::new();
    let number = free_address();
    let hunt = "second-caller = \"hunt\"\nhunt = [\"second\"]";
    let trunkline =
        Setting::new(&stage).answering_line("first", number, hunt).line("second", "").run();
    let mut one = equipment(&trunkline, "first");
    let mut two = equipment(&trunkline, "second");
    two.send("ATS0=1\r");
    two.expect_only("\r\nOK\r\n");

    let mut first = Wire::call(number);
    one.expect_only("\r\nRING\r\n");
    two.expect_silence();
    one.send("ATA\r");
    one.expect("\r\nCONNECT");
    one.expect("\r\n");

    let mut second = Wire::call(number);
    two.expect_only("\r\nRING\r\n");
    two.expect("\r\nCONNECT");
    two.expect("\r\n");
    first.send("first");
    second.send("second");
    one.expect_only("first");
    two.expect_only("second");
}

#[test]
fn a_telnet_command_cut_in_two_leaks_nothing_to_the_equipment() {
    let stage = Stage::new();
    let far = FarEnd::new();
    let trunkline = Setting::new(&stage)
        .line("line", "")
        .phone("1", &format!("\"telnet://{}\"", far.address()))
        .run();
    let mut equipment = equipment(&trunkline, "line");
    equipment.send("ATDT1\r");
    let mut far = far.answer();
    equipment.expect("\r\nCONNECT");
    equipment.expect("\r\n");

    // A question whose answer is certain: will you echo? No. The answer to it shows that all before has arrived.
    far.send([0xFF]);
    far.send([0xFD]);
    far.send([0x01]);
    far.expect([0xFF, 0xFC, 0x01]);
    // The same cut, but now with time for each piece to be seen alone.
    for piece in [[0xFF], [0xFD], [0x22]] {
        far.send(piece);
        equipment.expect_silence();
    }
    far.expect([0xFF, 0xFC, 0x22]);
    // A doubled 255 in two segments is one byte of data.
    far.send([0xFF]);
    equipment.expect_silence();
    far.send([0xFF]);
    equipment.expect_only([0xFF]);
}

#[test]
fn an_ipv6_address_can_be_dialled() {
    let stage = Stage::new();
    let (_trunkline, mut equipment) = line(&stage);
    let far = FarEnd::at(Ipv6Addr::LOCALHOST);
    let mut far = far.called_by(&mut equipment);
    equipment.send("hello");
    far.expect("hello");
}

#[test]
fn an_address_with_a_semicolon_connects_and_stays_at_command_level() {
    let stage = Stage::new();
    let (_trunkline, mut equipment) = line(&stage);
    let far = FarEnd::new();
    equipment.send(format!("ATDT{};\r", far.address()));
    let mut far = far.answer();
    equipment.expect("\r\nOK\r\n");
    equipment.send("AT\r");
    equipment.expect_only("\r\nOK\r\n");
    equipment.send("ATO\r");
    equipment.expect("\r\nCONNECT");
    equipment.expect("\r\n");
    equipment.send("hello");
    far.expect_only("hello");
}

#[test]
fn an_empty_dial_string_doesnt_leave_the_modem_deaf() {
    let stage = Stage::new();
    let (_trunkline, mut equipment) = line(&stage);
    for dial in ["ATDT\r", "ATD\r"] {
        equipment.send(dial);
        equipment.expect_only("\r\nNO CARRIER\r\n");
        obeys(&mut equipment);
    }
}

#[test]
fn hanging_up_says_ok_once_and_nothing_else() {
    let stage = Stage::new();
    let (_trunkline, mut equipment) = line(&stage);
    let far = FarEnd::new();
    for _ in 0..2 {
        let mut far = far.called_by(&mut equipment);
        escape(&mut equipment);
        equipment.send("ATH\r");
        equipment.expect_only("\r\nOK\r\n");
        assert_eq!(far.expect_end(), b"+++");
        equipment.expect_silence();
        // Nor with nobody to hang up on.
        equipment.send("ATH\r");
        equipment.expect_only("\r\nOK\r\n");
        equipment.expect_silence();
    }
}

#[test]
fn a_far_end_that_hangs_up_is_told_once_after_all_its_data() {
    let stage = Stage::new();
    let (_trunkline, mut equipment) = line(&stage);
    let far = FarEnd::new();
    let mut far = far.called_by(&mut equipment);
    let last_words = vec![b'x'; 100_000];
    far.send(&last_words);
    drop(far);
    assert_eq!(equipment.receive(last_words.len()), last_words);
    equipment.expect_only("\r\nNO CARRIER\r\n");
    equipment.expect_silence();
    obeys(&mut equipment);
}

#[test]
fn a_register_that_isnt_there_and_a_number_of_900_digits_are_errors_and_no_more() {
    let stage = Stage::new();
    let (mut trunkline, mut equipment) = line(&stage);
    let long = "9".repeat(900);
    for body in [
        "S9999999?",
        "S9999999=1",
        "S123456=",
        &format!("S{long}?"),
        &format!("S0={long}"),
        &format!("E{long}"),
    ] {
        equipment.send(format!("AT{body}\r"));
        equipment.expect_only("\r\nERROR\r\n");
    }
    // 900 digits are no address and no number that anybody has.
    equipment.send(format!("ATDT{long}\r"));
    equipment.expect("\r\n");
    equipment.expect("\r\n");
    trunkline.assert_running();
    obeys(&mut equipment);
}

#[test]
fn a_program_that_closes_the_line_takes_nothing_with_it() {
    let stage = Stage::new();
    let (mut trunkline, equipment) = line(&stage);
    drop(equipment);
    for _ in 0..20 {
        drop(trunkline.open("line"));
    }
    // In a call, too.
    let far = FarEnd::new();
    let mut again = self::equipment(&trunkline, "line");
    let mut far = far.called_by(&mut again);
    drop(again);
    far.expect_end();
    trunkline.assert_running();
    let mut again = trunkline.open("line");
    again.send("ATE0\r");
    again.expect("OK\r\n");
    obeys(&mut again);
}

#[test]
fn extended_commands_are_not_read_letter_by_letter() {
    let stage = Stage::new();
    let (_trunkline, mut equipment) = line(&stage);
    // Each of these was once read as a dial, an answer, a switch to digits, an echo.
    for command in
        ["+DS=3,0", "+IFC=2,2;+DR=1", "+VCID=1", "+ES=3,0,2;+EB=1,0,30", "+FCLASS=0", "+DR=0"]
    {
        equipment.send(format!("AT{command}\r"));
        equipment.expect_only("\r\nOK\r\n");
    }
    equipment.send("AT+GCAP\r");
    equipment.expect_only("\r\n+GCAP: ");
    equipment.expect("\r\n");
    equipment.expect_only("\r\nOK\r\n");
    obeys(&mut equipment);
}

#[test]
fn a_numeric_result_is_a_number_and_a_cr() {
    let stage = Stage::new();
    let (_trunkline, mut equipment) = line(&stage);
    equipment.send("ATV0\r");
    equipment.expect_only("0\r");
    equipment.send("ATS0?\r");
    equipment.expect_only("000\r\n0\r");
    equipment.send("AT+FCLASS=1\r");
    equipment.expect_only("4\r");
    equipment.send("ATV1\r");
    equipment.expect_only("\r\nOK\r\n");
}

#[test]
fn a_registers_value_has_line_ends_of_its_own() {
    let stage = Stage::new();
    let (_trunkline, mut equipment) = line(&stage);
    equipment.send("ATS0?\r");
    equipment.expect_only("\r\n000\r\n\r\nOK\r\n");
    equipment.send("ATS7=30S7?\r");
    equipment.expect_only("\r\n030\r\n\r\nOK\r\n");
}

#[test]
fn xon_xoff_stops_and_resumes_what_the_equipment_gets() {
    let stage = Stage::new();
    let (_trunkline, mut equipment) = line(&stage);
    let far = FarEnd::new();
    equipment.send("AT&K4\r");
    equipment.expect_only("\r\nOK\r\n");
    let mut far = far.called_by(&mut equipment);

    equipment.send("\x13stopped");
    // The far end has the word and no XOFF: so the line has seen both.
    far.expect_only("stopped");
    far.send("kept back");
    equipment.expect_silence();
    // Only one direction stands still.
    equipment.send("going on");
    far.expect_only("going on");
    equipment.send("\x11");
    equipment.expect_only("kept back");
}

#[test]
fn backspace_on_an_empty_line_with_echo_off_erases_nothing() {
    let stage = Stage::new();
    let (mut trunkline, mut equipment) = line(&stage);
    equipment.send("\x08\x08\x08AT\x08\x08\x08\x08\x08\x08\r");
    equipment.send("\x08".repeat(1000));
    equipment.send("AT\r");
    // The first line says AT, however often its nothing was erased.
    equipment.expect_only("\r\nOK\r\n\r\nOK\r\n");
    trunkline.assert_running();
}

#[test]
fn a_host_whose_name_begins_like_a_modifier_is_dialled_whole() {
    let stage = Stage::new();
    let (_trunkline, mut equipment) = line(&stage);
    let far = FarEnd::new();
    equipment.send(format!("ATDlocalhost:{}\r", far.address().port()));
    let mut far = far.answer();
    equipment.expect("\r\nCONNECT");
    far.send("hello");
    equipment.expect("hello");
}

#[test]
fn data_on_the_heels_of_an_answer_is_kept_for_after_connect() {
    let stage = Stage::new();
    let (_trunkline, mut equipment) = line(&stage);
    let far = FarEnd::new();
    equipment.send(format!("ATDT{}\r", far.address()));
    let (mut call, _) = far.0.accept().expect("a call");
    call.write_all(b"banner").expect("a call");
    equipment.expect("\r\nCONNECT");
    equipment.expect("\r\n");
    equipment.expect_only("banner");
}
