//! A TCP end that speaks RFC 2217, driven byte by byte.

use line::{Line, Switchboard};

use crate::equipment::{Far, Wire, start, switchboard, until};

const END: &str = "tcp = { listen = \"127.0.0.1:0\", protocol = \"rfc2217\" }\n";

const IAC: u8 = 255;
const SB: u8 = 250;
const SE: u8 = 240;
const WILL: u8 = 251;
const DO: u8 = 253;
const COM_PORT: u8 = 44;
const SET_BAUDRATE: u8 = 1;
const SET_CONTROL: u8 = 5;
const NOTIFY_MODEMSTATE: u8 = 107;
const DTR_OFF: u8 = 9;

const DCD: u8 = 0x80;
const RI: u8 = 0x40;

fn modem(settings: &str) -> (Switchboard, Line) {
    let board = switchboard();
    let line = start(&board, "a", &format!("{END}{settings}"));
    (board, line)
}

/// A client that takes what telnet says out of the data.
struct Client {
    wire: Wire,
    /// Data that came before what was waited for.
    data: Vec<u8>,
}

impl Client {
    /// Plugs in and offers the option, as all clients do.
    async fn plug(line: &Line) -> Self {
        let mut wire = Wire::connect(line.place()).await;
        wire.say([IAC, WILL, COM_PORT]).await;
        Self { wire, data: Vec::new() }
    }

    /// Says yes to everything; what goes unanswered would hold the data back.
    async fn agree(&mut self, verb: u8, option: u8) {
        match verb {
            WILL => self.wire.say([IAC, DO, option]).await,
            DO if option != COM_PORT => self.wire.say([IAC, WILL, option]).await,
            _ => {}
        }
    }

    async fn ask(&mut self, command: u8, value: &[u8]) {
        let mut request = vec![IAC, SB, COM_PORT, command];
        request.extend(value);
        request.extend([IAC, SE]);
        self.wire.say(request).await;
    }

    /// The next byte of data, or the next sub-negotiation about the port.
    async fn next(&mut self) -> Result<u8, Vec<u8>> {
        loop {
            match self.wire.byte().await {
                IAC => match self.wire.byte().await {
                    IAC => return Ok(IAC),
                    SB => {
                        let mut body = Vec::new();
                        while !body.ends_with(&[IAC, SE]) {
                            body.push(self.wire.byte().await);
                        }
                        body.truncate(body.len() - 2);
                        if let Some((&COM_PORT, body)) = body.split_first() {
                            return Err(body.to_vec());
                        }
                    }
                    verb => {
                        let option = self.wire.byte().await;
                        self.agree(verb, option).await;
                    }
                },
                byte => return Ok(byte),
            }
        }
    }

    async fn hear_until(&mut self, end: &str) -> Vec<Vec<u8>> {
        let mut told = Vec::new();
        while !self.data.ends_with(end.as_bytes()) {
            match self.next().await {
                Ok(byte) => self.data.push(byte),
                Err(notification) => told.push(notification),
            }
        }
        self.data.clear();
        told
    }

    /// Waits for a modem state that has, or lacks, these bits.
    async fn modem_state(&mut self, bits: u8, wanted: u8) {
        loop {
            match self.next().await {
                Ok(byte) => self.data.push(byte),
                Err(told) => {
                    if let [NOTIFY_MODEMSTATE, state] = told[..]
                        && state & bits == wanted
                    {
                        return;
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn the_baud_rate_is_the_number_in_connect_and_dcd_is_shown_before_it() {
    let far = Far::listen().await;
    let (_board, line) = modem("");
    let mut client = Client::plug(&line).await;
    client.ask(SET_BAUDRATE, &19_200_u32.to_be_bytes()).await;
    client.wire.say(format!("ATE0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    client.modem_state(DCD, DCD).await;
    assert!(!client.data.ends_with(b"CONNECT 19200\r\n"), "DCD comes first");
    client.hear_until("CONNECT 19200\r\n").await;
    peer.say(b"a\xFFb").await;
    client.hear_until("a").await;
    assert_eq!(client.next().await, Ok(0xFF));
    drop(peer);
    client.modem_state(DCD, 0).await;
}

#[tokio::test]
async fn a_client_learns_the_circuits_as_soon_as_it_has_agreed_to_hear_of_them() {
    let (_board, line) = modem("");
    let mut client = Client::plug(&line).await;
    client.ask(SET_BAUDRATE, &9600_u32.to_be_bytes()).await;
    let dsr_and_cts = 0x30;
    client.modem_state(dsr_and_cts, dsr_and_cts).await;
}

#[tokio::test]
async fn the_rate_of_the_client_before_is_not_the_next_ones() {
    let far = Far::listen().await;
    let (_board, line) = modem("");
    let mut client = Client::plug(&line).await;
    client.ask(SET_BAUDRATE, &19_200_u32.to_be_bytes()).await;
    client.wire.say("ATE0\r").await;
    client.hear_until("OK\r\n").await;
    drop(client);
    until(|| !line.status().dtr).await;
    let mut client = Client::plug(&line).await;
    client.ask(SET_BAUDRATE, &9600_u32.to_be_bytes()).await;
    client.wire.say(format!("ATDT{}\r", far.address())).await;
    let _peer = far.answer().await;
    client.hear_until("CONNECT 9600\r\n").await;
}

#[tokio::test]
async fn dtr_off_hangs_up() {
    let far = Far::listen().await;
    let (_board, line) = modem("init = \"&D2\"");
    let mut client = Client::plug(&line).await;
    client.wire.say(format!("ATE0DT{}\r", far.address())).await;
    let mut peer = far.answer().await;
    client.hear_until("CONNECT 9600\r\n").await;
    client.ask(SET_CONTROL, &[DTR_OFF]).await;
    assert_eq!(peer.rest().await, b"");
    client.hear_until("NO CARRIER\r\n").await;
    assert_eq!(line.calls()[0].cause.code(), "dtr-drop");
}

#[tokio::test]
async fn the_bell_is_the_ring_indicator() {
    let (_board, line) = modem("listen = \"127.0.0.1:0\"");
    let mut client = Client::plug(&line).await;
    client.ask(SET_BAUDRATE, &9600_u32.to_be_bytes()).await;
    client.modem_state(RI, 0).await;
    let caller = Wire::connect(&line.listens()[0]).await;
    client.modem_state(RI, RI).await;
    drop(caller);
    client.modem_state(RI, 0).await;
}
