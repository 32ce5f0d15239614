//! What published clients send and expect, under the names that wip-at-transcripts.md has for them.

use std::net::UdpSocket;

use super::servers::{Server, hears, hears_the_end, read, says};
use super::{Client, WAYS};
use crate::stage::{PATIENCE, Stage};

/// Each way in which a client may be connected.
fn each_way(persona: &str, goes: impl Fn(Client)) {
    for (echo, pace) in WAYS {
        goes(Client::of(persona, echo, pace));
    }
}

/// The same with lines that end with a feed alone.
fn each_way_with_feeds(goes: impl Fn(Client)) {
    for (echo, pace) in WAYS {
        let configuration = "state = \"state\"\npersonas = [\"lf.toml\"]\n[[line]]\nname = \"m\"\npty = \"m\"\npersona = \"lf\"\n";
        let stage = Stage::new(configuration);
        stage.write("lf.toml", "base = \"wavecom-q24\"\naccept-lf = true\n");
        goes(Client::started(stage, "m", echo, pace));
    }
}

const OK: &str = "\r\nOK\r\n";

/// T1.a: the WISMO228 library's stack, bearer, socket and data.
#[test]
fn t1a_wismo228_library_opens_a_socket_and_asks_for_a_page() {
    each_way("wismo", |mut client| {
        let server = Server::new();
        let port = server.port();
        client.row("AT+WIPCFG=1\r\n", OK);
        client.row("AT+WIPBR=1,6\r\n", OK);
        client.row("AT+WIPBR=2,6,11,\"APN\"\r\n", OK);
        client.row("AT+WIPBR=2,6,0,\"USER\"\r\n", OK);
        client.row("AT+WIPBR=2,6,11,\"PW\"\r\n", OK);
        client.row("AT+WIPBR=4,6,0\r\n", OK);
        client.row(
            &format!("AT+WIPCREATE=2,1,\"127.0.0.1\",{port}\r\n"),
            "\r\nOK\r\n\r\n+WIPREADY: 2,1\r\n",
        );
        let mut far = server.accept();
        client.row("AT+WIPDATA=2,1,1\r\n", "\r\nCONNECT\r\n");
        let request = b"GET path HTTP/1.1\r\nHost: HOST\r\n\r\n";
        // What follows the return of the command is data, its feed too.
        client.send(request);
        hears(&mut far, request);
        says(&mut far, b"HTTP/1.1 200 OK\r\n\r\nhello");
        client.exact(b"HTTP/1.1 200 OK\r\n\r\nhello");
        client.escape(OK);
        client.row("AT+WIPCLOSE=2,1\r\n", OK);
        client.row("AT+WIPCFG=0\r\n", OK);
    });
}

/// T1.a: the far end closes while the client is on its way out of data mode.
#[test]
fn t1a_wismo228_library_hears_of_a_peer_that_closed_on_its_way_out() {
    each_way("wismo", |mut client| {
        client.attach();
        let server = Server::new();
        client.row(
            &format!("AT+WIPCREATE=2,1,\"localhost\",{}\r\n", server.port()),
            "\r\nOK\r\n\r\n+WIPREADY: 2,1\r\n",
        );
        let far = server.accept();
        client.row("AT+WIPDATA=2,1,1\r", "\r\nCONNECT\r\n");
        std::thread::sleep(std::time::Duration::from_millis(1100));
        client.at_once(b"+++");
        // In the middle of the silence behind it.
        std::thread::sleep(std::time::Duration::from_millis(300));
        drop(far);
        client.exact(b"\r\n+WIPPEERCLOSE: 2,1\r\n\r\nOK\r\n");
        client.row("AT+WIPCLOSE=2,1\r\n", OK);
    });
}

/// T1.b: the server speaks first.
#[test]
fn t1b_wismo228_library_is_told_of_a_banner_and_reads_as_much() {
    each_way("wismo", |mut client| {
        client.attach();
        let server = Server::new();
        client.row(
            &format!("AT+WIPCREATE=2,1,\"127.0.0.1\",{}\r\n", server.port()),
            "\r\nOK\r\n\r\n+WIPREADY: 2,1\r\n",
        );
        let mut far = server.accept();
        says(&mut far, b"220 mail.example\r\n");
        client.exact(b"\r\n+WIPDATA: 2,1,18\r\n");
        client.row("AT+WIPDATA=2,1,1\r", "\r\nCONNECT\r\n");
        client.exact(b"220 mail.example\r\n");
        client.send(b"EHLO me\r\n");
        hears(&mut far, b"EHLO me\r\n");
        says(&mut far, b"250 mail.example\r\n");
        client.exact(b"250 mail.example\r\n");
        client.escape(OK);
        client.row("AT+WIPCLOSE=2,1\r\n", OK);
    });
}

/// T1.c: the server closes after its answer.
#[test]
fn t1c_wismo228_library_puts_a_page_and_is_closed() {
    each_way("wismo", |mut client| {
        client.attach();
        let server = Server::new();
        client.row(
            &format!("AT+WIPCREATE=2,1,\"127.0.0.1\",{}\r\n", server.port()),
            "\r\nOK\r\n\r\n+WIPREADY: 2,1\r\n",
        );
        let mut far = server.accept();
        client.row("AT+WIPDATA=2,1,1\r", "\r\nCONNECT\r\n");
        client.send(b"PUT /x HTTP/1.1\r\nConnection: close\r\n\r\n");
        hears(&mut far, b"PUT /x HTTP/1.1\r\nConnection: close\r\n\r\n");
        says(&mut far, b"HTTP/1.1 200 OK\r\n\r\n");
        drop(far);
        client.exact(b"HTTP/1.1 200 OK\r\n\r\n\x03\r\nSHUTDOWN\r\n");
        client.escape(OK);
        client.row("AT+WIPCLOSE=2,1\r\n", OK);
    });
}

/// T3: volat3, datagrams both ways, and what it takes for success on the second start.
#[test]
fn t3_volat3_exchanges_datagrams() {
    each_way("wavecom-q26", |mut client| {
        let far = UdpSocket::bind("127.0.0.1:0").unwrap();
        far.set_read_timeout(Some(PATIENCE)).unwrap();
        let port = far.local_addr().unwrap().port();
        client.row("AT+CMEE=1;&W\r", OK);
        client.row("AT+WIPCFG=1\r", OK);
        client.row("AT+WIPCFG=1\r", "\r\n+CME ERROR: 844\r\n");
        client.row("AT+WIPCLOSE=1,1\r", "\r\n+CME ERROR: 831\r\n");
        client.row("AT+WIPBR=0,6\r", "\r\n+CME ERROR: 803\r\n");
        client.row("AT+WIPBR=1,6\r", OK);
        client.row("AT+WIPBR=1,6\r", "\r\n+CME ERROR: 804\r\n");
        client.row("AT+WIPBR=2,6,11,\"APN\"\r", OK);
        client.row("AT+WIPBR=2,6,0,\"USER\"\r", OK);
        client.row("AT+WIPBR=2,6,1,\"PW\"\r", OK);
        client.row("AT+WIPBR=4,6,0\r", OK);
        client.row("AT+WIPBR=4,6,0\r", "\r\n+CME ERROR: 803\r\n");
        let create = format!("AT+WIPCREATE=1,1,0,\"127.0.0.1\",{port}\r");
        client.row(&create, "\r\nOK\r\n\r\n+WIPREADY: 1,1\r\n");
        client.row(&create, "\r\n+CME ERROR: 840\r\n");
        client.row("AT+WIPDATA=1,1,1\r", "\r\nCONNECT\r\n");
        client.send(b"abc\x10\x03\x10\x10\x03");
        let mut datagram = [0; 64];
        let (length, from) = far.recv_from(&mut datagram).unwrap();
        assert_eq!(&datagram[..length], b"abc\x03\x10");
        far.send_to(b"x\x03y", from).unwrap();
        far.send_to(b"z", from).unwrap();
        client.exact(b"x\x10\x03y\x03z\x03");
        client.escape(OK);
        far.send_to(b"xy", from).unwrap();
        client.exact(format!("\r\n+WIPDATA: 1,1,2,\"127.0.0.1\",{port}\r\n").as_bytes());
        client.row("AT+WIPCLOSE=1,1\r", OK);
    });
}

/// T5 and T9: a POS terminal and a tracker; the trackers' server ends the session after the escape.
#[test]
fn t9_tracker_reports_and_waits_for_the_end_of_its_session() {
    each_way("wavecom-q24", |mut client| {
        let server = Server::new();
        client.row("AT+CMEE=1\r", OK);
        client.row("AT+WIPCFG=1\r", OK);
        client.row("AT+WIPBR=1,6\r", OK);
        client.row("AT+WIPBR=2,6,11,\"APN\"\r", OK);
        client.row("AT+WIPBR=2,6,0,\"\"\r", OK);
        client.row("AT+WIPBR=2,6,1,\"\"\r", OK);
        client.row("AT+WIPBR=4,6,0\r", OK);
        client.row(
            &format!("AT+WIPCREATE=2,1,\"127.0.0.1\",{}\r", server.port()),
            "\r\nOK\r\n\r\n+WIPREADY: 2,1\r\n",
        );
        let mut far = server.accept();
        client.row("AT+WIPDATA=2,1,1\r", "\r\nCONNECT\r\n");
        client.send(b"report");
        hears(&mut far, b"report");
        says(&mut far, b"END SESSION");
        client.exact(b"END SESSION");
        client.escape(OK);
        drop(far);
        client.exact(b"\r\n+WIPPEERCLOSE: 2,1\r\n");
        client.row("AT+WIPCLOSE=2,1\r", OK);
        client.row("AT+WIPBR=5,6\r", OK);
        client.row("AT+WIPBR=0,6\r", OK);
    });
}

/// T14: a bearer that was never opened, and two returns behind a command.
#[test]
fn t14_a_client_that_ignores_errors_gets_on() {
    each_way("wavecom-q26", |mut client| {
        let server = Server::new();
        client.rows(&[
            ("AT+CMEE=2\r", OK),
            ("AT+CMEE=1\r", OK),
            ("AT+CGMI\r", "\r\n WAVECOM MODEM\r\n\r\nOK\r\n"),
            ("AT+CGMM\r", "\r\n MULTIBAND  900E  1800  G850  1900\r\n\r\nOK\r\n"),
            ("AT+CIMI\r", "\r\n#\r\n\r\nOK\r\n"),
            ("AT+CPIN?\r", "\r\n+CPIN: READY\r\n\r\nOK\r\n"),
            ("AT*PSSTKI=0\r", OK),
            ("AT+WIPCFG=1\r", OK),
            ("AT+WIPBR=1,6\r", OK),
            ("AT+WIPBR=2,5,16,\"10.0.0.1\"\r", "\r\n+CME ERROR: 803\r\n"),
            ("AT+WIPBR=2,6,11,\"APN\"\r", OK),
            ("AT+WIPBR=3,6,11\r", "\r\n+WIPBR: 6,11,\"APN\"\r\n\r\nOK\r\n"),
            ("AT+WIPBR=3,5,15\r", "\r\n+CME ERROR: 803\r\n"),
            ("AT+WIPBR=3,5,16\r", "\r\n+CME ERROR: 803\r\n"),
            ("AT+WIPBR=4,6,0\r", OK),
        ]);
        client.types(&format!("AT+WIPCREATE=2,1,\"127.0.0.1\",{}", server.port()));
        client.at_once(b"\r\r");
        // The second return is a line of its own, and comes back when its turn has come.
        let back = client.comes_back("\r");
        let answer = format!("{back}\r\nOK\r\n{back}\r\n+WIPREADY: 2,1\r\n");
        client.exact(answer.as_bytes());
        client.row("AT+WIPCLOSE=2,1\r", OK);
    });
}

/// T15: stop and start again; what is said twice is answered as the client takes for success.
#[test]
fn t15_edac_unit_starts_twice() {
    each_way("wavecom-q24", |mut client| {
        client.row("AT+CMEE=1\r\n", OK);
        for (first, again) in [
            ("AT+WIPCFG=1\r\n", "\r\n+CME ERROR: 844\r\n"),
            ("AT+WIPBR=1,6\r\n", "\r\n+CME ERROR: 804\r\n"),
            ("AT+WIPBR=2,6,11,\"APN\"\r\n", OK),
            ("AT+WIPBR=4,6,0\r\n", "\r\n+CME ERROR: 803\r\n"),
        ] {
            client.row(first, OK);
            client.row(first, again);
        }
        client.row("AT+WIPBR=5,6\r\n", OK);
    });
}

/// T12: a mailer, up to the OK behind its ETX.
#[test]
fn t12_mailer_sends_a_mail() {
    each_way("wavecom-q24", |mut client| {
        client.attach();
        let server = Server::new();
        client.row(&format!("AT+WIPCREATE=6,1,\"127.0.0.1\",{},\"\",\"\"\r", server.port()), OK);
        let mut far = server.accept();
        says(&mut far, b"220 mail.example ready\r\n");
        read_line(&mut far);
        says(&mut far, b"250 mail.example\r\n");
        client.exact(b"\r\n+WIPREADY: 6,1\r\n");
        client.row(
            "AT+WIPOPT=6,1,1,60\r",
            "\r\n+WIPOPT: 6,60,250,\"250 mail.example\"\r\n\r\nOK\r\n",
        );
        client.row("AT+WIPOPT=6,1,2,61,\"ADDR\"\r", OK);
        client.row("AT+WIPOPT=6,1,2,62,\"NAME\"\r", OK);
        client.row("AT+WIPOPT=6,1,2,63,\"A, B\"\r", OK);
        client.row("AT+WIPOPT=6,1,2,64,\"\"\r", OK);
        client.row("AT+WIPOPT=6,1,2,65,\"\"\r", OK);
        client.row("AT+WIPOPT=6,1,2,66,\"SUBJECT\"\r", OK);
        client.row("AT+WIPFILE=6,1,2\r", "");
        for said in ["MAIL FROM:<ADDR>\r\n", "RCPT TO:<A>\r\n", "RCPT TO:<B>\r\n"] {
            hears(&mut far, said.as_bytes());
            says(&mut far, b"250 well\r\n");
        }
        hears(&mut far, b"DATA\r\n");
        says(&mut far, b"354 go on\r\n");
        client.exact(b"\r\nCONNECT\r\n");
        client.send(b"body\x03");
        hears(&mut far, b"From: \"NAME\" <ADDR>\r\nTo: <A>,\r\n <B>\r\nDate: ");
        read_line(&mut far);
        hears(&mut far, b"Subject: SUBJECT\r\n\r\nbody\r\n.\r\n");
        // It repeats its ETX until it sees OK, in which state ever.
        client.send(b"\x03\x03");
        says(&mut far, b"250 kept\r\n");
        client.exact(OK.as_bytes());
    });
}

/// T13: a client behind a proxy, whose lines end with a feed alone.
#[test]
fn t13_client_behind_a_proxy_gets_a_page() {
    each_way_with_feeds(|mut client| {
        for command in
            ["AT\n", "AT+WOPEN=1\n", "AT+WIPCFG=1\n", "AT+WIPBR=1,6\n", "AT+WIPBR=2,6,11,\"APN\"\n"]
        {
            client.row(command, OK);
        }
        client.row("AT+WIPBR=4,6,0\n", OK);
        let server = Server::new();
        client.row(
            &format!("AT+WIPCREATE=5,1,\"127.0.0.1\",{},\"\",\"\"\n", server.port()),
            "\r\nOK\r\n\r\n+WIPREADY: 5,1\r\n",
        );
        client.row("AT+WIPOPT=5,1,1,51\n", "\r\n+WIPOPT: 5,51,5840\r\n\r\nOK\r\n");
        client.row("AT+WIPOPT=5,1,2,53,6\n", OK);
        client.row("AT+WIPFILE=5,1,1,\"/path\",\"\",\"\",\"Accept\",\"text/html\"\n", "");
        let mut far = server.accept();
        let head = format!(
            "GET /path HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAccept: text/html\r\nConnection: close\r\n\r\n",
            server.port()
        );
        hears(&mut far, head.as_bytes());
        says(&mut far, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na\x03\x10b");
        client.exact(b"\r\nCONNECT\r\na\x10\x03\x10\x10b\x03\r\nOK\r\n");
        client.exact(b"\r\n+WIPFILE: 5,1,1,200,\"OK\"\r\n");
    });
}

/// T15: the unit with the modem from before WIPsoft, which closes by an ETX.
#[test]
fn t15_edac_unit_with_the_older_commands_exchanges_data() {
    each_way("q2406-edsoft", |mut client| {
        let server = Server::new();
        client.row("AT#APNSERV=\"APN\"\r\n", OK);
        client.row("AT#DNSSERV1=\"10.0.0.1\"\r\n", OK);
        client.row("AT#DNSSERV2=\"10.0.0.2\"\r\n", OK);
        client.row("at#pppmode=1\r\n", OK);
        client.row("at#gprsmode=1\r\n", OK);
        client.row("AT+CGATT=1\r\n", OK);
        client.row("at#connectionstart\r\n", "\r\n");
        client.until(b"\r\n\r\nOk_Info_GprsActivation\r\n");
        client.row("at#tcpserv=\"127.0.0.1\"\r\n", OK);
        client.row(&format!("at#tcpport=\"{}\"\r\n", server.port()), OK);
        client.row("at#otcp\r\n", "\r\nOk_Info_WaitingForData\r\n");
        let mut far = server.accept();
        client.send(b"a\x10\x03b");
        hears(&mut far, b"a\x03b");
        says(&mut far, b"x\x03y");
        client.exact(b"x\x10\x03y");
        client.send(b"\x03");
        client.exact(b"\r\nOk_Info_SocketClosed\r\n");
        hears_the_end(&mut far);
        client.row("at#otcp\r\n", "\r\nOk_Info_WaitingForData\r\n");
        // This time the far end closes.
        let mut far = server.accept();
        says(&mut far, b"bye");
        drop(far);
        client.exact(b"bye\x03\r\nOk_Info_SocketClosed\r\n");
        client.row("AT#CONNECTIONSTOP\r\n", OK);
    });
}

/// Up to the end of a line.
fn read_line(far: &mut std::net::TcpStream) {
    while read(far, 1) != b"\n" {}
}
