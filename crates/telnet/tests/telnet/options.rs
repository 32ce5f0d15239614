//! Which options are agreed to: the tables of a client and of a server, row by row.

use clock::Instant;
use telnet::{ComPort, Mode, Options, Profile, Telnet, WindowSize, limits};

use crate::notation;

/// What such an end answers to such a question, once its own first questions are out and refused.
fn answer(options: Options, question: &str) -> String {
    let start = Instant::ORIGIN;
    let mut telnet = Telnet::new(options, start);
    let mut hear = |now, text: &str| {
        telnet.timeout(now);
        telnet.replies().clear();
        let mut wire = notation::bytes(text);
        let mut rest = wire.as_mut_slice();
        while !rest.is_empty() {
            let decoded = telnet.decode(now, rest);
            rest = &mut rest[decoded.consumed..];
        }
        notation::wire(telnet.replies())
    };
    let opened = start + limits::OPENING;
    hear(opened, "WONT BINARY DONT BINARY WONT SGA DONT SGA DONT ECHO WONT TTYPE WONT NAWS");
    hear(opened, "WONT COM-PORT DONT COM-PORT");
    hear(opened, question)
}

fn client() -> Options {
    Options::client(Mode::On)
}

fn terminal() -> Options {
    let size = Some(WindowSize { columns: 80, rows: 24 });
    Options { profile: Profile::Human, size, ..client() }
}

fn strict() -> Options {
    Options { terminal: None, ..client() }
}

fn port_client() -> Options {
    Options { com_port: ComPort::Client, ..client() }
}

fn server() -> Options {
    Options::server(Mode::On)
}

fn human() -> Options {
    Options { profile: Profile::Human, ..server() }
}

fn access_server() -> Options {
    Options { com_port: ComPort::AccessServer, ..server() }
}

macro_rules! answers {
    ($($name:ident: $end:ident, $question:expr => $answer:expr;)*) => { $(
        #[test]
        fn $name() {
            assert_eq!(answer($end(), $question), $answer);
        }
    )* };
}

answers! {
    a_client_sends_binary_when_asked: client, "DO BINARY" => "WILL BINARY";
    a_client_lets_the_server_send_binary: client, "WILL BINARY" => "DO BINARY";
    a_client_lets_the_server_echo: client, "WILL ECHO" => "DO ECHO";
    a_client_never_echoes: client, "DO ECHO" => "WONT ECHO";
    a_client_suppresses_go_ahead: client, "DO SGA" => "WILL SGA";
    a_client_lets_the_server_suppress_go_ahead: client, "WILL SGA" => "DO SGA";
    a_client_tells_its_terminal: client, "DO TTYPE SB TTYPE 01 SE" => "WILL TTYPE SB TTYPE 00 \"DUMB\" SE";
    a_strict_client_has_no_terminal: strict, "DO TTYPE SB TTYPE 01 SE" => "WONT TTYPE";
    a_client_has_no_window: client, "DO NAWS" => "WONT NAWS";
    a_terminal_has_a_window: terminal, "DO NAWS" => "WILL NAWS SB NAWS 00 50 00 18 SE";
    a_client_answers_a_timing_mark: client, "DO TIMING-MARK" => "WONT TIMING-MARK";
    a_client_refuses_status: client, "WILL STATUS DO STATUS" => "DONT STATUS WONT STATUS";
    a_client_refuses_flow_control: client, "DO LFLOW" => "WONT LFLOW";
    a_client_refuses_linemode: client, "DO LINEMODE WILL LINEMODE" => "WONT LINEMODE DONT LINEMODE";
    a_client_refuses_a_terminal_speed: client, "DO TSPEED" => "WONT TSPEED";
    a_client_refuses_a_display: client, "DO XDISPLOC" => "WONT XDISPLOC";
    a_client_refuses_the_environment: client, "DO NEW-ENVIRON DO OLD-ENVIRON" => "WONT NEW-ENVIRON WONT OLD-ENVIRON";
    a_client_refuses_authentication: client, "WILL AUTH DO AUTH" => "DONT AUTH WONT AUTH";
    a_client_refuses_encryption: client, "WILL ENCRYPT DO ENCRYPT" => "DONT ENCRYPT WONT ENCRYPT";
    a_client_has_no_serial_port: client, "DO COM-PORT WILL COM-PORT" => "WONT COM-PORT DONT COM-PORT";
    a_client_of_a_serial_port_controls_it: port_client, "DO COM-PORT" => "WILL COM-PORT";
    a_client_refuses_what_it_has_never_heard_of: client, "DO 200 WILL 255" => "WONT 200 DONT 255";
    a_client_refuses_an_end_of_record: client, "DO EOR-OPTION WILL EOR-OPTION" => "WONT EOR-OPTION DONT EOR-OPTION";
    a_client_asks_for_no_terminal_type: client, "WILL TTYPE WILL NAWS" => "DONT TTYPE DONT NAWS";
    a_client_says_nothing_to_what_is_off: client, "DONT BINARY WONT ECHO DONT 99 WONT AUTH" => "";

    a_server_sends_binary_when_asked: server, "DO BINARY" => "WILL BINARY";
    a_server_lets_the_caller_send_binary: server, "WILL BINARY" => "DO BINARY";
    a_server_echoes: server, "DO ECHO" => "WILL ECHO";
    a_server_wants_no_echo: server, "WILL ECHO" => "DONT ECHO";
    a_server_suppresses_go_ahead: server, "DO SGA" => "WILL SGA";
    a_server_lets_the_caller_suppress_go_ahead: server, "WILL SGA" => "DO SGA";
    a_server_asks_for_the_terminal_once: server, "WILL TTYPE WILL TTYPE" => "DO TTYPE SB TTYPE 01 SE";
    a_server_takes_the_window: human, "WILL NAWS" => "DO NAWS";
    a_server_has_no_terminal: human, "DO TTYPE DO NAWS" => "WONT TTYPE WONT NAWS";
    a_server_answers_a_timing_mark: server, "DO TIMING-MARK" => "WILL TIMING-MARK";
    a_server_answers_every_timing_mark: server, "DO TIMING-MARK DO TIMING-MARK" => "WILL TIMING-MARK WILL TIMING-MARK";
    a_server_has_no_serial_port: server, "WILL COM-PORT DO COM-PORT" => "DONT COM-PORT WONT COM-PORT";
    an_access_server_lets_its_port_be_controlled: access_server, "WILL COM-PORT" => "DO COM-PORT";
    a_server_refuses_start_tls: server, "DO START-TLS WILL START-TLS" => "WONT START-TLS DONT START-TLS";
    a_server_refuses_the_environment: server, "WILL NEW-ENVIRON WILL OLD-ENVIRON" => "DONT NEW-ENVIRON DONT OLD-ENVIRON";
    a_server_refuses_authentication_and_encryption: server, "WILL AUTH WILL ENCRYPT" => "DONT AUTH DONT ENCRYPT";
    a_server_refuses_speed_and_display: server, "WILL TSPEED WILL XDISPLOC" => "DONT TSPEED DONT XDISPLOC";
    a_server_refuses_status_and_linemode: server, "DO STATUS DO LINEMODE WILL LINEMODE" => "WONT STATUS WONT LINEMODE DONT LINEMODE";

    what_is_withdrawn_is_confirmed: client, "WILL BINARY DO BINARY WONT BINARY DONT BINARY" => "DO BINARY WILL BINARY DONT BINARY WONT BINARY";
    an_answer_is_not_answered: client, "WILL ECHO WILL ECHO WILL ECHO" => "DO ECHO";
    the_order_of_the_questions_is_kept: client, "WILL AUTH AYT DO TIMING-MARK DO SGA" => "DONT AUTH NOP WONT TIMING-MARK WILL SGA";
}

#[test]
fn every_other_option_is_refused_both_ways_by_both_ends() {
    let known = [0, 1, 3, 6, 24, 31, 44];
    for option in (0..=255u8).filter(|option| !known.contains(option)) {
        for end in [terminal(), port_client(), human(), access_server()] {
            let said = answer(end.clone(), &format!("DO {option}"));
            assert_eq!(notation::bytes(&said), [255, 252, option]);
            let said = answer(end, &format!("WILL {option}"));
            assert_eq!(notation::bytes(&said), [255, 254, option]);
        }
    }
}
