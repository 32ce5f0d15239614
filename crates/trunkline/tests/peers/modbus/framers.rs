//! The client's side: pymodbus' client asks, we hear what it asks and answer, and it understands the answer; every
//! function and every exception, in every framing, our ears cut at any byte.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use modbus::UnitId;
use modbus::frame::tcp::Transaction;
use modbus::frame::{Caught, Direction, Ears, Framing, Side, rtu};
use modbus::pdu::{AnswerError, Dialect, Request, Response};

use super::dice::Dice;
use crate::stage::{Stage, command, installed};

const UNIT: UnitId = UnitId(5);

/// Exchanges in each framing.
const EXCHANGES: u32 = 1500;

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).expect("text"), 16);
    pairs.map(|pair| byte(pair).expect("hexadecimal digits")).collect()
}

/// What is heard of a frame that comes in pieces.
fn heard(framing: Framing, side: Side, wire: &[u8], dice: &mut Dice) -> Caught {
    let mut ears = Ears::new(framing, side);
    let (mut rest, mut found) = (wire, Vec::new());
    while !rest.is_empty() {
        let length = 1 + dice.roll(rest.len() as u64) as usize;
        let (mut piece, later) = rest.split_at(length);
        rest = later;
        let caught = ears.next(clock::Instant::ORIGIN, &mut piece, side).expect("Modbus");
        found.extend(caught);
    }
    assert_eq!((found.len(), ears.noise()), (1, 0), "{wire:02x?}");
    found.remove(0)
}

#[test]
fn pymodbus_asks_and_understands_our_answers_and_every_refusal() {
    let framings = [
        ("tcp", Framing::Tcp),
        ("rtu", Framing::Rtu(rtu::Silences::TOLERANT)),
        ("ascii", Framing::Ascii),
    ];
    for (name, framing) in framings {
        let stage = Stage::new();
        let script = stage.write("framers.py", include_str!("framers.py"));
        let mut python = command(installed("/usr/bin/python3"));
        python.arg("-u").arg(script).arg(name).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = python.spawn().expect("python");
        let mut asking = child.stdin.take().expect("its input");
        let mut told = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut say = |line: String| {
            writeln!(asking, "{line}").expect("it reads");
            told.next().expect("a line").expect("text")
        };
        let mut dice = Dice(20_261_124);
        for _ in 0..EXCHANGES {
            let (request, response) = dice.exchange();
            let transaction = Transaction(dice.word());
            let asked = request.encode();
            let wire = say(format!("ask {} {}", transaction.0, digits(asked.bytes())));
            let mut ours = Vec::new();
            framing.encode(transaction, UNIT, &asked, &mut ours);
            assert_eq!(wire, digits(&ours), "{name} {request:?}");
            let caught = heard(framing, Side::Slave, &bytes(&wire), &mut dice);
            assert_eq!(caught.heard.direction, Direction::Request);
            assert_eq!(caught.transaction, (framing == Framing::Tcp).then_some(transaction));
            assert_eq!(Request::decode(&caught.heard.frame.pdu), Ok(request.clone()));

            let answer = response.encode();
            let mut wire = Vec::new();
            framing.encode(transaction, UNIT, &answer, &mut wire);
            let understood = say(format!("hear {}", digits(&wire)));
            assert_eq!(understood, digits(&told_by(&response)), "{name} {response:02x?}");
            let caught = heard(framing, Side::Master, &wire, &mut dice);
            let accepted = request.accept(&caught.heard.frame.pdu, Dialect::Standard);
            match response {
                Response::Exception { exception, .. } => {
                    assert_eq!(accepted, Err(AnswerError::Exception(exception)));
                }
                response => assert_eq!(accepted, Ok(response)),
            }
        }
        drop(asking);
        assert!(child.wait().expect("it ends").success());
    }
}

/// What pymodbus 3.0 makes of an answer: the same, but of a queue it loses the last four registers.
fn told_by(response: &Response) -> Vec<u8> {
    let Response::ReadFifo(words) = response else { return response.encode().bytes().to_vec() };
    let kept = words.len().saturating_sub(4);
    std::iter::once(0x18).chain(words[..kept].iter().flat_map(|word| word.to_be_bytes())).collect()
}
