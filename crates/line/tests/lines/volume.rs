//! Much data, both ways at once: no byte is lost, and no direction waits for the other.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use carrier::{Call, CallOptions, ListenOptions, Listener, Received};
use telnet::Mode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::equipment::{PATIENCE, plug, start, switchboard};
use crate::terminal::Terminal;

const MEGABYTE: usize = 1 << 20;

/// Bytes without a pattern, all values and runs of FF among them (a xorshift generator).
fn noise(mut seed: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(MEGABYTE + 16);
    while bytes.len() < MEGABYTE {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        bytes.extend(seed.to_le_bytes());
        if seed.is_multiple_of(64) {
            bytes.extend([0xFF; 8]);
        }
    }
    bytes.truncate(MEGABYTE);
    bytes
}

/// A far end that speaks telnet, or doesn't.
struct FarEnd {
    listener: Listener,
    options: CallOptions,
}

impl FarEnd {
    fn listen(mode: Mode) -> Self {
        let local = "127.0.0.1:0".parse().unwrap();
        let listener = Listener::tcp(local, &ListenOptions::default()).unwrap();
        Self { listener, options: CallOptions { telnet: Some(mode), ..CallOptions::default() } }
    }

    fn number(&self) -> String {
        self.listener.local().to_string()
    }

    async fn answer(&mut self) -> Call {
        let caller = timeout(PATIENCE, self.listener.accept()).await.unwrap().unwrap();
        caller.answer(&self.options).unwrap()
    }
}

/// Sends everything while receiving what is expected.
async fn talk(call: &mut Call, out: &[u8], expected: &[u8]) {
    let (mut sent, mut heard) = (0, Vec::<u8>::new());
    let mut buffer = vec![0; 64 * 1024];
    while sent < out.len() || heard.len() < expected.len() {
        let step = poll_fn(|cx| {
            let before = (sent, heard.len());
            if sent < out.len()
                && let Poll::Ready(taken) = call.poll_send(cx, &out[sent..])
            {
                sent += taken.unwrap();
            }
            let _ = call.poll_flush(cx);
            while let Poll::Ready(received) = call.poll_receive(cx, &mut buffer) {
                match received.unwrap() {
                    Received::Data(length) => heard.extend(&buffer[..length]),
                    Received::Event(_) => {}
                    Received::End => panic!("the call ended"),
                }
            }
            if before == (sent, heard.len()) { Poll::Pending } else { Poll::Ready(()) }
        });
        // Telnet has its deadlines.
        if timeout(Duration::from_millis(50), step).await.is_err() {
            call.timeout(carrier::clock_now());
        }
    }
    // A megabyte is no message.
    assert!(heard == expected, "what arrived is not what was sent");
}

/// Finding out takes until the far end's first bytes, and here nobody waits for them.
fn settings(mode: Mode) -> &'static str {
    if mode == Mode::On { "telnet = \"on\"" } else { "telnet = \"off\"" }
}

async fn through_tcp(mode: Mode) {
    let (out, back) = (noise(1), noise(2));
    let mut far = FarEnd::listen(mode);
    let mut plugged = plug(settings(mode)).await;
    plugged.dte.say(format!("ATE0DT{}\r", far.number())).await;
    let mut peer = far.answer().await;
    plugged.dte.hear_until("CONNECT 9600\r\n").await;
    let (mut reader, mut writer) = plugged.dte.0.split();
    let mut heard = vec![0; back.len()];
    let all = async {
        tokio::join!(
            async { writer.write_all(&out).await.unwrap() },
            async { reader.read_exact(&mut heard).await.unwrap() },
            talk(&mut peer, &back, &out),
        )
    };
    timeout(2 * PATIENCE, all).await.expect("the data stopped");
    assert!(heard == back, "what arrived is not what was sent");
}

async fn through_pty(mode: Mode) {
    let (out, back) = (noise(3), noise(4));
    let mut far = FarEnd::listen(mode);
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("modem");
    let board = switchboard();
    let _line = start(&board, "a", &format!("pty = \"{}\"\n{}", link.display(), settings(mode)));
    let program = Terminal::open(&link);
    program.say(format!("ATE0DT{}\r", far.number())).await;
    let mut peer = far.answer().await;
    program.hear_until("CONNECT 115200\r\n").await;
    let mut heard = Vec::new();
    let all = async {
        tokio::join!(
            program.say(&out),
            async {
                while heard.len() < back.len() {
                    heard.extend(program.read().await.unwrap());
                }
            },
            talk(&mut peer, &back, &out),
        )
    };
    timeout(2 * PATIENCE, all).await.expect("the data stopped");
    assert!(heard == back, "what arrived is not what was sent");
}

#[tokio::test]
async fn a_megabyte_each_way_between_tcp_and_a_raw_far_end() {
    through_tcp(Mode::Off).await;
}

#[tokio::test]
async fn a_megabyte_each_way_between_tcp_and_a_telnet_server() {
    through_tcp(Mode::On).await;
}

#[tokio::test]
async fn a_megabyte_each_way_between_a_pty_and_a_raw_far_end() {
    through_pty(Mode::Off).await;
}

#[tokio::test]
async fn a_megabyte_each_way_between_a_pty_and_a_telnet_server() {
    through_pty(Mode::On).await;
}
