//! What the same clients ask of the module around its sockets, row by row.
//!
//! Three rows of theirs can't be had here. T3 resets the modem by a wire and waits for its first byte: a
//! pseudo-terminal has no such wire. T5 names 541, an application made for another main version, of which this
//! module has none. T5 waits 75 seconds for a 842; the refusal that gives the same code at once is in `data`.

use std::time::Duration;

use super::servers::Server;
use super::{Client, WAYS};
use crate::stage::Stage;

const OK: &str = "\r\nOK\r\n";

/// Each way in which a client may be connected to a line with this persona and this card; it starts quickly.
fn each_way(persona: &str, card: &str, goes: impl Fn(Client)) {
    for (echo, pace) in WAYS {
        let stage = Stage::new(&format!(
            "state = \"state\"\n[[line]]\nname = \"m\"\npty = \"m\"\npersona = \"{persona}\"\n\
             gsm = {{ signal = 17, search-ms = 200, restart-ms = 300, wopen-restart-ms = 300{card} }}\n"
        ));
        stage.write("pin", "1234\n");
        goes(Client::started(stage, "m", echo, pace));
    }
}

/// The search for a network takes its time; all of them repeat.
fn registers(client: &mut Client, end: &str) {
    for area in ["CREG", "CGREG"] {
        let (asked, home) = (format!("AT+{area}?{end}"), format!("\r\n+{area}: 0,1{OK_BEHIND}"));
        while !client.asks(&asked, &home) {}
    }
}

/// A result behind a line.
const OK_BEHIND: &str = "\r\n\r\nOK\r\n";

/// T1.a: what the WISMO228 library asks the module before it opens a socket, and when it has closed it.
#[test]
fn t1a_wismo228_library_looks_for_card_network_signal_and_clock() {
    each_way("wismo", "", |mut client| {
        client.rows(&[("AT+CPIN?\r\n", "\r\n+CPIN: READY\r\n\r\nOK\r\n")]);
        registers(&mut client, "\r\n");
        client.rows(&[
            ("AT+CMGF=1\r\n", OK),
            ("AT+PSRIC=2,0\r\n", OK),
            ("AT+CSQ\r\n", "\r\n+CSQ: #,#\r\n\r\nOK\r\n"),
        ]);
        client.row("AT+CCLK?\r\n", "\r\n+CCLK: \"");
        let clock = client.until(b"\"\r\n\r\nOK\r\n");
        assert_eq!(clock.len(), 20, "{clock}");
        client.row("ATE0\r\n", OK);
        client.mute();
        client.rows(&[("ATE0\r\n", OK)]);
    });
}

/// T1.a: its ping, byte by byte where the host lets us ping.
#[test]
fn t1a_wismo228_library_pings() {
    each_way("wismo", "", |mut client| {
        client.attach();
        client.row("AT+WIPPING=\"127.0.0.1\"\r\n", OK);
        let answer = client.line();
        // Neither root nor a group that may ping: that is what the host allows.
        if answer != "+CME ERROR: 819" {
            let time = answer.strip_prefix("+WIPPING: 0,0,").expect(&answer);
            assert!(time.parse::<u32>().is_ok(), "{answer}");
        }
        client.rows(&[("AT+WIPCFG=0\r\n", OK)]);
    });
}

/// T3: volat3's start: the module anew, its card, the network, and the application if it doesn't run.
#[test]
fn t3_volat3_starts_a_module_that_wants_a_pin() {
    each_way("wavecom-q26", ", pin = \"file:pin\"", |mut client| {
        client.rows(&[("AT+CMEE=1;&W\r", OK), ("AT+CFUN=1\r", OK)]);
        client.repeats("AT\r", Duration::from_millis(500));
        client.sets_its_echo();
        client.rows(&[
            ("AT+CGREG=0\r", OK),
            ("AT+CPIN?\r", "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n"),
            ("AT+CPIN=1234\r", OK),
            ("AT+CPIN?\r", "\r\n+CPIN: READY\r\n\r\nOK\r\n"),
        ]);
        registers(&mut client, "\r");
        client.rows(&[
            ("AT+CSQ\r", "\r\n+CSQ: #,#\r\n\r\nOK\r\n"),
            ("AT+WOPEN?\r", "\r\n+WOPEN: 1\r\n\r\nOK\r\n"),
            ("AT+WOPEN=0\r", OK),
        ]);
        client.repeats("AT\r", Duration::from_millis(500));
        client.sets_its_echo();
        client.rows(&[("AT+WOPEN?\r", "\r\n+WOPEN: 0\r\n\r\nOK\r\n"), ("AT+WOPEN=1\r", OK)]);
        client.repeats("AT\r", Duration::from_millis(500));
        client.sets_its_echo();
        client.rows(&[("AT+CPIN=1234\r", OK), ("AT+WIPCFG=1\r", OK)]);
    });
}

/// T3: it gives up a card that is blocked.
#[test]
fn t3_volat3_sees_a_card_that_is_blocked() {
    each_way("wavecom-q26", ", pin = \"file:pin\"", |mut client| {
        client.rows(&[
            ("AT+CMEE=1\r", OK),
            ("AT+CPIN=1111\r", "\r\n+CME ERROR: 16\r\n"),
            ("AT+CPIN=1111\r", "\r\n+CME ERROR: 16\r\n"),
            ("AT+CPIN=1111\r", "\r\n+CME ERROR: 16\r\n"),
            ("AT+CPIN?\r", "\r\n+CPIN: SIM PUK\r\n\r\nOK\r\n"),
        ]);
    });
}

/// T5: a terminal at a till, with the errors that its comments name.
#[test]
fn t5_till_starts_and_meets_the_errors_that_it_knows() {
    each_way("wavecom-q24", "", |mut client| {
        client.repeats("AT\r", Duration::from_millis(700));
        client.rows(&[("AT+CMEE=1\r", OK), ("AT+CPIN?\r", "\r\n+CPIN: READY\r\n")]);
        registers(&mut client, "\r");
        client.rows(&[
            ("AT+COPS?\r", "\r\n+COPS: 0,2,#\r\n\r\nOK\r\n"),
            ("AT+COPS=0\r", OK),
            ("AT+CSQ\r", "\r\n+CSQ: #,#\r\n\r\nOK\r\n"),
            ("AT+WOPEN=1\r", OK),
            ("AT+WIPCREATE=2,1,\"127.0.0.1\",9\r", "\r\n+CME ERROR: 803\r\n"),
            ("AT+WIPCFG=1\r", OK),
            ("AT+WIPCFG=1\r", "\r\n+CME ERROR: 844\r\n"),
            ("AT+WIPBR=1,6\r", OK),
            ("AT+WIPBR=1,6\r", "\r\n+CME ERROR: 804\r\n"),
            ("AT+WIPBR=2,6,11,\"APN\"\r", OK),
            ("AT+WIPBR=2,6,0,\"USER\"\r", OK),
            ("AT+WIPBR=2,6,1,\"PW\"\r", OK),
            ("AT+WIPBR=2,6,99,\"\"\r", "\r\n+CME ERROR: 800\r\n"),
            ("AT+WIPBR=4,6,0\r", OK),
            ("AT+WIPBR=4,6,0\r", "\r\n+CME ERROR: 803\r\n"),
            ("AT+WIPDATA=2,1,1\r", "\r\n+CME ERROR: 831\r\n"),
            ("AT+WIPDATA=3,1,1\r", "\r\n+CME ERROR: 837\r\n"),
            ("AT+WIPCLOSE=2,1\r", "\r\n+CME ERROR: 831\r\n"),
        ]);
        let server = Server::new();
        let create = format!("AT+WIPCREATE=2,1,\"127.0.0.1\",{}\r", server.port());
        client.row(&create, "\r\nOK\r\n\r\n+WIPREADY: 2,1\r\n");
        let _far = server.accept();
        client.rows(&[("AT+WIPDATA=2,1,1\r", "\r\nCONNECT\r\n")]);
        client.escape(OK);
        client.rows(&[("AT+WIPCLOSE=2,1\r", OK)]);
    });
}

/// T5: the network of its operator doesn't take it: it waits and tries again.
#[test]
fn t5_till_is_told_that_the_network_fails() {
    for (echo, pace) in WAYS {
        let configuration = "state = \"state\"\npersonas = [\"p.toml\"]\n[[line]]\nname = \"m\"\npty = \"m\"\npersona = \"p\"\n";
        let stage = Stage::new(configuration);
        stage.write("p.toml", "base = \"wavecom-q24\"\n[wip]\nbearer-failure = 812\n");
        let mut client = Client::started(stage, "m", echo, pace);
        client.rows(&[
            ("AT+CMEE=1\r", OK),
            ("AT+WIPCFG=1\r", OK),
            ("AT+WIPBR=1,6\r", OK),
            ("AT+WIPBR=4,6,0\r", "\r\n+CME ERROR: 812\r\n"),
            ("AT+WIPBR=4,6,0\r", "\r\n+CME ERROR: 812\r\n"),
        ]);
    }
}

/// T9: what the tracker sets and asks before it starts the stack.
#[test]
fn t9_tracker_prepares_its_module() {
    each_way("wavecom-q24", "", |mut client| {
        registers(&mut client, "\r");
        client.rows(&[
            ("ATV1\r", OK),
            ("AT+WIND=4351\r", OK),
            ("AT+CMEE=1\r", OK),
            ("AT&W\r", OK),
            ("AT+WSHS\r", "\r\n+WSHS: #,#\r\n\r\nOK\r\n"),
            ("AT+CREG=1\r", OK),
            ("AT+WSTR=2\r", "\r\n+WSTR: 2,#\r\n\r\nOK\r\n"),
            ("AT+CSQ\r", "\r\n+CSQ: #,#\r\n\r\nOK\r\n"),
            ("AT+CFUN=1\r", OK),
        ]);
        // What it takes note of at any time.
        for told in ["\r\n+WIND: 1\r\n", "\r\n+WIND: 7\r\n", "\r\n+WIND: 4\r\n"] {
            client.hears(told);
        }
    });
}

/// T15: the unit asks again if a module that has just started gets in between.
#[test]
fn t15_edac_unit_waits_for_a_module_that_starts() {
    each_way("wavecom-q24", "", |mut client| {
        client.rows(&[("AT+WIND=8\r\n", OK), ("AT+CFUN=1\r\n", OK)]);
        client.hears("\r\n+WIND: 4\r\n");
        client.sets_its_echo();
        client.rows(&[("AT+CREG=1\r\n", OK), ("AT+CGREG=1\r\n", OK)]);
    });
}

/// T17: the vendor's own test scripts for the application that has the TCP/IP commands.
#[test]
fn t17_vendor_scripts_stop_start_and_erase_the_application() {
    each_way("wavecom-q24", "", |mut client| {
        let restarted = |client: &mut Client| client.repeats("AT\r", Duration::from_millis(500));
        client.row("ATE0;&w\r", OK);
        client.mute();
        client.rows(&[
            ("AT+CMEE=1;&w\r", OK),
            ("AT+WIND=0\r", OK),
            ("AT+WIND=0;&w\r", OK),
            ("AT+WOPEN=1\r", OK),
            ("AT+WOPEN?\r", "\r\n+WOPEN: 1\r\n\r\nOK\r\n"),
            ("AT+WOPEN=7\r", "\r\n+WOPEN: 7,12\r\n\r\nOK\r\n"),
            ("AT+WOPEN=2\r", "\r\n+WOPEN: 2,\"*\",\"*\"\r\n\r\nOK\r\n"),
            ("AT+CFUN=1\r", OK),
        ]);
        restarted(&mut client);
        client.rows(&[("AT+WOPEN?\r", "\r\n+WOPEN: 1\r\n\r\nOK\r\n"), ("AT+WOPEN=0\r", OK)]);
        restarted(&mut client);
        client.rows(&[
            ("AT+WOPEN?\r", "\r\n+WOPEN: 0\r\n\r\nOK\r\n"),
            ("AT+WOPEN=7\r", "\r\n+WOPEN: 7,0\r\n\r\nOK\r\n"),
            ("AT+CFUN=1\r", OK),
        ]);
        restarted(&mut client);
        client.rows(&[
            ("AT+WOPEN?\r", "\r\n+WOPEN: 0\r\n\r\nOK\r\n"),
            ("AT+WOPEN=4\r", OK),
            ("AT+WOPEN=7\r", "\r\n+WOPEN: 7,0\r\n\r\nOK\r\n"),
            ("AT+WOPEN=1\r", "\r\n+CME ERROR: 3\r\n"),
        ]);
    });
}
