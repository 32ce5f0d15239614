//! What outlives a call, a socket and the process.

use std::io::Write as _;
use std::net::UdpSocket;

use rustix::process::Signal;

use super::servers::{Server, hears, says};
use crate::ports::free_address;
use crate::stage::{Equipment, PATIENCE, Stage};

const LINE: &str =
    "state = \"state\"\n[[line]]\nname = \"m\"\npty = \"m\"\npersona = \"wavecom-q26\"\n";

/// A program in front of the line's module, which echoes nothing and tells its errors by number.
fn equipment(stage: &Stage) -> Equipment {
    let mut equipment = Equipment::open(&stage.path("m"));
    equipment.command("ATE0+CMEE=1", "OK");
    equipment
}

/// The same with a bearer that is started.
fn on_the_air(stage: &Stage) -> Equipment {
    let mut equipment = equipment(stage);
    equipment.command("AT+WIPCFG=1;+WIPBR=1,6", "OK");
    equipment.command("AT+WIPBR=4,6,0", "OK");
    equipment
}

#[test]
fn options_and_numbers_that_are_stored_outlive_a_process_that_is_killed() {
    let mut stage = Stage::run(LINE);
    let mut m = equipment(&stage);
    m.command("AT+WIPCFG=1;+WIPCFG=2,0,33;+WIPCFG=2,12,5;+WIPCFG=4,1;+WIPCFG=2,12,6", "OK");
    m.command("AT+WIPBR=1,6;+WIPBR=2,6,11,\"an apn\";+WIPBR=6,6,1", "OK");
    m.command("AT+CPBW=7,\"+49170\",145,\"Pump house\"", "OK");
    stage.signal(Signal::KILL);
    stage.ended();
    drop(m);
    stage.start(&["run"]);
    let mut m = equipment(&stage);
    m.send("AT+WIPCFG=1;+WIPCFG?;+WIPBR=1,6;+WIPBR=3,6,11;+CPBR=7\r");
    for line in [
        "+WIPCFG: 0,33\r\n",
        "+WIPCFG: 12,5\r\n",
        "+WIPBR: 6,11,\"an apn\"\r\n",
        "+CPBR: 7,\"+49170\",145,\"Pump house\"\r\n",
        "OK\r\n",
    ] {
        m.expect(line);
    }
}

#[test]
fn the_largest_segment_is_as_option_4_says_both_ways_of_calling() {
    let stage = Stage::run(LINE);
    let mut m = on_the_air(&stage);
    let server = Server::new();
    let create = format!("AT+WIPCREATE=2,1,\"127.0.0.1\",{}", server.port());
    m.command(&create, "+WIPREADY: 2,1");
    assert!(tty::segment(server.accept()).unwrap() > 1460, "as the host likes it");
    m.command("AT+WIPCLOSE=2,1;+WIPCFG=2,4,600", "OK");
    m.command(&create, "+WIPREADY: 2,1");
    let segment = tty::segment(server.accept()).unwrap();
    assert!(segment <= 600, "{segment}");
    m.command("AT+WIPCREATE=3,1,0,5,6", "OK");
    m.send("AT+WIPOPT=3,1,1,0\r");
    m.expect("+WIPOPT: 3,0,");
    let port = m.expect("\r\n").trim().parse::<u16>().unwrap();
    let caller = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    m.expect("+WIPACCEPT: 1,5");
    let segment = tty::segment(caller).unwrap();
    assert!(segment <= 600, "{segment}");
}

#[test]
fn every_socket_is_a_call_on_record() {
    let mut stage = Stage::run(&format!("{LINE}[exchange]\nstore = \"calls.db\"\n"));
    let mut m = on_the_air(&stage);
    // A peer that ends the connection.
    let server = Server::new();
    let tcp = server.port();
    m.command(&format!("AT+WIPCREATE=2,1,\"127.0.0.1\",{tcp}"), "+WIPREADY: 2,1");
    let mut far = server.accept();
    m.command("AT+WIPDATA=2,1,1", "CONNECT\r\n");
    m.send_bytes(b"hello\x03");
    hears(&mut far, b"hello");
    says(&mut far, b"goodbye");
    m.expect("goodbye");
    drop(far);
    m.expect("SHUTDOWN\r\n");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    m.send("+++");
    m.expect("OK\r\n");
    m.command("AT+WIPCLOSE=2,1", "OK");
    // Datagrams.
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.set_read_timeout(Some(PATIENCE)).unwrap();
    let port = udp.local_addr().unwrap().port();
    m.command(&format!("AT+WIPCREATE=1,1,,\"127.0.0.1\",{port}"), "+WIPREADY: 1,1");
    m.command("AT+WIPDATA=1,1,1", "CONNECT\r\n");
    m.send_bytes(b"abc\x03");
    udp.recv(&mut [0; 9]).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    m.send("+++");
    m.expect("OK\r\n");
    m.command("AT+WIPCLOSE=1,1", "OK");
    // Nobody there.
    let nobody = free_address().port();
    m.command(&format!("AT+WIPCREATE=2,2,\"127.0.0.1\",{nobody}"), "+CME ERROR: 842");
    // A caller, who is there when everything ends.
    m.command("AT+WIPCREATE=3,1,0,5,6", "OK");
    m.send("AT+WIPOPT=3,1,1,0\r");
    m.expect("+WIPOPT: 3,0,");
    let port = m.expect("\r\n").trim().parse::<u16>().unwrap();
    let mut caller = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    caller.write_all(b"12").unwrap();
    m.expect("+WIPDATA: 2,5,2");
    assert_eq!(stage.stop().code(), Some(0));

    let calls = stage.ask(&["calls", "--json", "--line", "m"]);
    let of = |part: &str| {
        let mut found = calls.lines().filter(|call| call.contains(part));
        let call = found.next().unwrap_or_else(|| panic!("{part}: {calls}")).to_owned();
        assert_eq!(found.next(), None, "{part}: {calls}");
        move |wanted: &[&str]| {
            for wanted in wanted {
                assert!(call.contains(wanted), "{wanted}: {call}");
            }
        }
    };
    assert_eq!(calls.lines().count(), 4, "{calls}");
    of(&format!("\"party\":\"127.0.0.1:{tcp}\""))(&[
        "\"place\":\"line\"",
        "\"direction\":\"out\"",
        "\"over\":\"tcp\"",
        "\"started\":",
        "\"seconds\":",
        "\"sent\":5,",
        "\"received\":7,",
        "\"cause\":\"remote-hang-up\"",
    ]);
    of("\"over\":\"udp\"")(&[
        "\"direction\":\"out\"",
        "\"sent\":3,",
        "\"cause\":\"local-hang-up\"",
    ]);
    of(&format!("\"party\":\"127.0.0.1:{nobody}\""))(&["\"cause\":\"refused\""]);
    of("\"direction\":\"in\"")(&[
        "\"received\":2,",
        "\"cause\":\"shutting-down\"",
        "\"over\":\"tcp\"",
    ]);
}

#[test]
fn a_module_with_these_commands_calls_in_one_line_too_raw_and_by_telnet() {
    let stage = Stage::run(LINE);
    let mut m = on_the_air(&stage);
    let server = Server::new();
    m.command(&format!("ATDT127.0.0.1:{}", server.port()), "CONNECT");
    m.expect("\r\n");
    let mut far = server.accept();
    let all: Vec<u8> = (0..=255).collect();
    m.send_bytes(&all);
    hears(&mut far, &all);
    says(&mut far, &all);
    assert_eq!(m.read(256), all);
    drop(far);
    m.expect("NO CARRIER");
    // A socket beside it is still there to be made.
    m.command(&format!("AT+WIPCREATE=2,1,\"127.0.0.1\",{}", server.port()), "+WIPREADY: 2,1");
    let _beside = server.accept();
    m.command(&format!("ATDtelnet://127.0.0.1:{}", server.port()), "CONNECT");
    m.expect("\r\n");
    let mut far = server.accept();
    says(&mut far, b"\xff\xfd\x00\xff\xfb\x00hello\xff\xff");
    m.expect("hello");
    assert_eq!(m.read(1), b"\xff");
    drop(far);
    m.expect("NO CARRIER");
}
