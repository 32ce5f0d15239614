//! Much data, both ways at once: no byte is lost, and no direction waits for the other.

use std::future::poll_fn;
use std::path::PathBuf;
use std::task::Poll;
use std::time::Duration;

use at::result::Cause;
use carrier::{Call, CallOptions, ListenOptions, Listener, Received};
use telnet::Mode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::equipment::{Far, PATIENCE, Wire, plug, start, switchboard, until};
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

/// The flood in binary telnet, with commands in it that are none of the data; at its end BINARY is over.
fn telnet_flood() -> Vec<u8> {
    let mut wire = b"\xFF\xFB\x00\xFF\xFD\x00".to_vec();
    let block = noise(5)
        .iter()
        .flat_map(|&byte| [byte; 2].into_iter().take(1 + usize::from(byte == 0xFF)))
        .collect::<Vec<u8>>();
    for number in 1..=FLOOD / MEGABYTE {
        wire.extend(&block);
        // Each a while after the last, so that there is bulk between them: NOP, AYT, DO TIMING-MARK.
        if number.is_multiple_of(6) {
            wire.extend(b"\xFF\xF1\xFF\xF6\xFF\xFD\x06");
        }
    }
    wire.extend(b"\xFF\xFC\x00a\r\0b\xFF\xFFc");
    wire
}

/// A program on a pseudo-terminal that has called a far end, which sends without a pause.
struct Flooded {
    _board: line::Switchboard,
    line: line::Line,
    _folder: tempfile::TempDir,
    link: PathBuf,
    program: Terminal,
    /// Keeps the far end up: closed with the escapes unread, it would take back what is on its way.
    sender: JoinHandle<(Wire, usize)>,
}

/// Much more than a thread is worth, and than what passes until an escape is heard.
const FLOOD: usize = 48 * MEGABYTE;

fn flood() -> Vec<u8> {
    noise(5).repeat(FLOOD / MEGABYTE)
}

impl Flooded {
    async fn begin() -> Self {
        Self::with(Mode::Off, flood()).await
    }

    async fn with(mode: Mode, flood: Vec<u8>) -> Self {
        let far = Far::listen().await;
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("modem");
        let board = switchboard();
        let settings = format!("pty = \"{}\"\n{}", link.display(), settings(mode));
        let line = start(&board, "a", &settings);
        let program = Terminal::open(&link);
        program.say(format!("ATE0S12=0DT{}\r", far.address())).await;
        let mut peer = far.answer().await;
        let sender = tokio::spawn(async move {
            let mut sent = 0;
            while sent < flood.len()
                && let Ok(taken) = peer.0.write(&flood[sent..]).await
            {
                sent += taken;
            }
            (peer, sent)
        });
        program.hear_until("CONNECT 115200\r\n").await;
        Self { _board: board, line, _folder: folder, link, program, sender }
    }

    async fn hear(&self, heard: &mut Vec<u8>, length: usize) {
        while heard.len() < length {
            heard.extend(self.program.read().await.unwrap());
        }
    }

    /// Reads up to an answer of the modem's, which comes behind all data; those are what is returned.
    async fn hear_answer(&self, heard: &mut Vec<u8>, answer: &[u8]) {
        while !heard.ends_with(answer) {
            heard.extend(self.program.read().await.unwrap());
        }
        heard.truncate(heard.len() - answer.len());
    }
}

/// Whether this process has a thread that carries bulk.
fn a_thread_carries() -> bool {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let name = |thread: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(thread.ok()?.path().join("comm")).ok()
    };
    threads.filter_map(name).any(|name| name.trim() == "bulk")
}

#[tokio::test]
async fn bulk_for_a_pty_is_whole_around_an_escape() {
    let flooded = Flooded::begin().await;
    let mut heard = Vec::new();
    flooded.hear(&mut heard, 4 * MEGABYTE).await;
    assert!(a_thread_carries(), "that much is worth a thread");
    for _ in 0..2 {
        flooded.program.say("+++").await;
        flooded.hear_answer(&mut heard, b"\r\nOK\r\n").await;
        flooded.program.say("ATO\r").await;
        let connect = b"\r\nCONNECT 115200\r\n";
        let before = heard.len();
        flooded.hear(&mut heard, before + connect.len()).await;
        assert_eq!(heard[before..].get(..connect.len()), Some(&connect[..]));
        heard.drain(before..before + connect.len());
        let so_far = heard.len();
        assert!(so_far + MEGABYTE <= FLOOD, "the escapes were heard too late to try another");
        flooded.hear(&mut heard, so_far + MEGABYTE).await;
    }
    flooded.hear(&mut heard, FLOOD).await;
    assert!(heard == flood(), "what arrived is not what was sent");
    assert_eq!(flooded.sender.await.unwrap().1, FLOOD);
}

#[tokio::test]
async fn bulk_in_telnet_is_whole_around_commands_and_an_escape() {
    let flooded = Flooded::with(Mode::On, telnet_flood()).await;
    let mut heard = Vec::new();
    flooded.hear(&mut heard, 4 * MEGABYTE).await;
    assert!(a_thread_carries(), "that much is worth a thread");
    flooded.program.say("+++").await;
    flooded.hear_answer(&mut heard, b"\r\nOK\r\n").await;
    flooded.program.say("ATO\r").await;
    let connect = b"\r\nCONNECT 115200\r\n";
    let before = heard.len();
    flooded.hear(&mut heard, before + connect.len()).await;
    assert_eq!(heard.drain(before..before + connect.len()).collect::<Vec<_>>(), connect);
    flooded.hear(&mut heard, FLOOD + 5).await;
    assert_eq!(heard.split_off(FLOOD), b"a\rb\xFFc");
    assert!(heard == flood(), "what arrived is not what was sent");
    assert!(flooded.line.calls().is_empty(), "the call is still up");
    assert_eq!(flooded.sender.await.unwrap().1, telnet_flood().len());
}

#[tokio::test]
async fn bulk_that_is_not_taken_for_a_while_needs_no_thread_and_is_whole() {
    let flooded = Flooded::begin().await;
    let mut heard = Vec::new();
    flooded.hear(&mut heard, 4 * MEGABYTE).await;
    until(|| !a_thread_carries()).await;
    flooded.hear(&mut heard, FLOOD).await;
    assert!(heard == flood(), "what arrived is not what was sent");
    flooded.sender.await.unwrap();
}

#[tokio::test]
async fn bulk_that_nobody_takes_is_whole_though_the_far_end_goes_meanwhile() {
    // While a thread still holds some of it, and when it has given up waiting.
    for waits_longest in ["the thread", "the far end"] {
        let flooded = Flooded::begin().await;
        let mut heard = Vec::new();
        flooded.hear(&mut heard, 4 * MEGABYTE).await;
        if waits_longest == "the far end" {
            until(|| !a_thread_carries()).await;
        }
        flooded.sender.abort();
        flooded.hear_answer(&mut heard, b"\r\nNO CARRIER\r\n").await;
        assert!(heard == flood()[..heard.len()], "what arrived is not what was sent");
        let calls = flooded.line.calls();
        let call = calls.last().unwrap();
        assert_eq!((call.received, call.cause), (heard.len() as u64, Cause::RemoteHangUp));
    }
}

#[tokio::test]
async fn bulk_for_a_pty_ends_with_its_call_and_is_counted() {
    let flooded = Flooded::begin().await;
    let mut heard = Vec::new();
    flooded.hear(&mut heard, 4 * MEGABYTE).await;
    flooded.program.say("+++").await;
    flooded.hear_answer(&mut heard, b"\r\nOK\r\n").await;
    flooded.program.say("ATH\r").await;
    flooded.hear_answer(&mut heard, b"\r\nOK\r\n").await;
    assert!(heard == flood()[..heard.len()], "what arrived is not what was sent");
    let records = flooded.line.calls();
    let received = usize::try_from(records.last().unwrap().received).unwrap();
    let (_, sent) = flooded.sender.await.unwrap();
    assert!((heard.len()..=sent).contains(&received), "{} {received} {sent}", heard.len());
}

#[tokio::test]
async fn bulk_of_a_call_that_the_operator_ends_is_in_the_modems_record_too() {
    let flooded = Flooded::begin().await;
    let mut heard = Vec::new();
    flooded.hear(&mut heard, 4 * MEGABYTE).await;
    flooded.line.hang_up();
    flooded.hear_answer(&mut heard, b"\r\nNO CARRIER\r\n").await;
    let received = flooded.line.calls().last().unwrap().received;
    flooded.program.say("ATI6\r").await;
    let told = flooded.program.hear_until("OK\r\n").await;
    assert!(told.contains(&format!("{received} received")), "{received}, and {told}");
}

#[tokio::test]
async fn bulk_of_a_call_that_ends_in_the_moment_of_its_escape_is_in_the_modems_record_too() {
    let flooded = Flooded::begin().await;
    let mut heard = Vec::new();
    flooded.hear(&mut heard, 4 * MEGABYTE).await;
    flooded.program.say("+++ATH\r").await;
    flooded.hear_answer(&mut heard, b"\r\nOK\r\n\r\nOK\r\n").await;
    assert!(heard == flood()[..heard.len()], "what arrived is not what was sent");
    let received = flooded.line.calls().last().unwrap().received;
    assert!(heard.len() as u64 <= received, "{received}");
    flooded.program.say("ATI6\r").await;
    let told = flooded.program.hear_until("OK\r\n").await;
    assert!(told.contains(&format!("{received} received")), "{received}, and {told}");
}

#[tokio::test]
async fn bulk_of_a_call_in_whose_line_the_next_is_dialled_was_missing_from_the_modems_record() {
    let flooded = Flooded::begin().await;
    let next = Far::listen().await;
    let mut heard = Vec::new();
    flooded.hear(&mut heard, 4 * MEGABYTE).await;
    flooded.program.say(format!("+++ATHDT{}\r", next.address())).await;
    flooded.hear_answer(&mut heard, b"\r\nCONNECT 115200\r\n").await;
    let received = flooded.line.calls().last().unwrap().received;
    drop(next.answer().await);
    flooded.program.hear_until("NO CARRIER\r\n").await;
    flooded.program.say("AT@CALLS\r").await;
    let told = flooded.program.hear_until("OK\r\n").await;
    assert!(told.contains(&format!(" {received} received")), "{received}, and {told}");
}

#[tokio::test]
async fn bulk_for_a_program_that_leaves_is_nothing_to_the_next() {
    let flooded = Flooded::begin().await;
    let mut heard = Vec::new();
    flooded.hear(&mut heard, 4 * MEGABYTE).await;
    let Flooded { program, link, line, sender, _board, _folder } = flooded;
    drop(program);
    until(|| !line.calls().is_empty()).await;
    sender.await.unwrap();
    let next = Terminal::open(&link);
    next.say("AT\r").await;
    let heard = next.hear_until("OK\r\n").await;
    assert_eq!(heard.trim_start_matches("AT\r"), "\r\nOK\r\n", "left over from the one before");
}

#[tokio::test]
async fn bulk_for_a_program_is_nothing_to_one_that_takes_its_place_in_the_same_moment() {
    let flooded = Flooded::begin().await;
    let mut heard = Vec::new();
    flooded.program.say("+++").await;
    flooded.hear_answer(&mut heard, b"\r\nOK\r\n").await;
    flooded.program.say("ATS25=0O\r").await;
    flooded.hear(&mut Vec::new(), 4 * MEGABYTE).await;
    let Flooded { program, link, line, sender, _board, _folder } = flooded;
    drop(program);
    let next = Terminal::open(&link);
    until(|| !line.calls().is_empty()).await;
    assert_eq!(line.calls()[0].cause, Cause::DtrDrop);
    sender.await.unwrap();
    next.say("AT\r").await;
    let heard = next.hear_until("OK\r\n").await;
    assert_eq!(heard, "\r\nOK\r\n", "left over from the one before");
}
