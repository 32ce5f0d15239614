//! Everything that may befall answers at once, on virtual time: late, lost, doubled, cut off, in another order, of
//! another unit; questions in both widths, whose answers look the same. What is told is right, and everything ends.

use std::time::Duration;

use clock::Instant;
use modbus::frame::{Ears, Framing, Side};
use modbus::master::{Doubts, Outcome, Question, Settings};
use modbus::pdu::{Dialect, Request};
use proptest::prelude::*;

use crate::wire::{Bench, rtu};

const UNIT: u8 = 5;

/// How many questions are asked.
const QUESTIONS: u16 = 20;

/// What becomes of an answer.
#[derive(Clone, Debug)]
enum Fate {
    Comes,
    Lost,
    Doubled,
    /// So many of its bytes come.
    Cut(prop::sample::Index),
    /// Before it the same comes in another unit's name.
    Foreign,
}

fn fates() -> impl Strategy<Value = Vec<(u64, Fate)>> {
    let fate = prop_oneof![
        4 => Just(Fate::Comes),
        1 => Just(Fate::Lost),
        1 => Just(Fate::Doubled),
        1 => any::<prop::sample::Index>().prop_map(Fate::Cut),
        1 => Just(Fate::Foreign),
    ];
    prop::collection::vec((0u64..4000, fate), 80)
}

/// Two registers of 16 bits, or one of 32: either way four bytes come.
fn question(address: u16, dialect: Dialect) -> Question {
    let count = 2 / dialect.words();
    let request = Request::read_holding_registers(address, count).expect("within the limits");
    Question::Known(request, dialect)
}

/// What the unit has there.
fn value(address: u16, count: u8) -> [u8; 6] {
    let [high, low] = address.to_be_bytes();
    [3, 4, high, low, 0xba, count]
}

/// Something on its way to the master.
struct Delivery {
    at: Instant,
    bytes: Vec<u8>,
}

/// Whether answers may overtake each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    AsAsked,
    Any,
}

/// A unit, and the path to it.
struct Path {
    ears: Ears,
    order: Order,
    echoes: bool,
    under_way: Vec<Delivery>,
}

impl Path {
    fn carry(&mut self, bench: &Bench, wire: &[u8], (delay_ms, fate): (u64, Fate)) {
        let caught = self.ears.next(bench.now, &mut &*wire, Side::Slave).expect("Modbus");
        let caught = caught.expect("a whole question");
        let transaction = caught.transaction.map_or(0, |transaction| transaction.0);
        let pdu = match caught.heard.frame.pdu.bytes() {
            [3, high, low, 0, count] => value(u16::from_be_bytes([*high, *low]), *count).to_vec(),
            echo @ [8, ..] if self.echoes => echo.to_vec(),
            [function, ..] => vec![function | 0x80, 1],
            [] => unreachable!("a PDU is never empty"),
        };
        let mut bytes = bench.frame(transaction, UNIT, &pdu);
        match fate {
            Fate::Comes => {}
            Fate::Lost => return,
            Fate::Doubled => bytes.extend_from_within(..),
            // A stream that loses its place is closed, and nothing is learnt of what comes behind.
            Fate::Cut(_) if bench.framing == Framing::Tcp => return,
            Fate::Cut(place) => bytes.truncate(place.index(bytes.len())),
            Fate::Foreign => {
                let own = std::mem::replace(&mut bytes, bench.frame(transaction, UNIT + 1, &pdu));
                bytes.extend(own);
            }
        }
        let mut at = bench.now + Duration::from_millis(delay_ms);
        if self.order == Order::AsAsked {
            let latest = self.under_way.iter().map(|delivery| delivery.at).max();
            at = at.max(latest.unwrap_or(at));
        }
        self.under_way.push(Delivery { at, bytes });
    }

    fn next(&self) -> Option<Instant> {
        self.under_way.iter().map(|delivery| delivery.at).min()
    }

    /// What comes first; of what comes together, what was sent first.
    fn arrives(&mut self) -> Delivery {
        let next = self.next();
        let first = self.under_way.iter().position(|delivery| Some(delivery.at) == next);
        self.under_way.remove(first.expect("something is under way"))
    }
}

/// Asks all questions, hears what comes in pieces of so many bytes; how many were answered, each rightly.
fn right_answers(
    settings: Settings,
    mut path: Path,
    fates: Vec<(u64, Fate)>,
    dialects: &[Dialect],
    piece: usize,
) -> Result<u32, TestCaseError> {
    let mut bench = Bench::new(settings);
    let mut fates = fates.into_iter().chain(std::iter::repeat((0, Fate::Comes)));
    for (address, dialect) in (0..QUESTIONS).zip(dialects) {
        bench.order(u64::from(address), UNIT, question(address, *dialect));
    }
    let (mut ended, mut right) = (0, 0);
    while ended < QUESTIONS {
        for wire in bench.sent() {
            path.carry(&bench, &wire, fates.next().expect("endless"));
        }
        match (path.next(), bench.master.deadline()) {
            (Some(at), deadline) if deadline.is_none_or(|deadline| at <= deadline) => {
                bench.now = at.max(bench.now);
                let bytes = path.arrives().bytes;
                bytes.chunks(piece).for_each(|bytes| bench.hear(bytes));
            }
            (_, Some(_)) => bench.wait(),
            (_, None) => break,
        }
        for (ticket, outcome) in bench.ended() {
            ended += 1;
            if let Outcome::Answer(pdu) = outcome {
                let (address, dialect) = (ticket as u16, dialects[ticket as usize]);
                let count = (2 / dialect.words()) as u8;
                prop_assert_eq!(pdu.bytes(), value(address, count), "question {}", ticket);
                right += 1;
            }
        }
    }
    prop_assert_eq!(ended, QUESTIONS, "a question never ended");
    Ok(right)
}

fn dialects() -> impl Strategy<Value = Vec<Dialect>> {
    let dialect = prop_oneof![Just(Dialect::Standard), Just(Dialect::Enron)];
    prop::collection::vec(dialect, usize::from(QUESTIONS))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn on_a_serial_bus_nothing_is_mistaken(
        fates in fates(),
        dialects in dialects(),
        framing in prop_oneof![Just(None), Just(Some(Framing::Ascii))],
        // The longest delay is a second of patience and four beyond it at most.
        doubts in prop_oneof![
            Just(Doubts::Sentinel),
            Just(Doubts::Wait(Duration::from_secs(5)))
        ],
        echoes in any::<bool>(),
        piece in 1usize..20,
    ) {
        let framing = framing.unwrap_or(rtu().framing);
        let settings = Settings { framing, doubts, retries: 1, ..rtu() };
        let ears = Ears::new(framing, Side::Slave);
        let path = Path { ears, order: Order::AsAsked, echoes, under_way: Vec::new() };
        right_answers(settings, path, fates, &dialects, piece)?;
    }

    #[test]
    fn on_tcp_nothing_is_mistaken_though_answers_overtake_each_other(
        fates in fates(),
        dialects in dialects(),
        piece in 1usize..20,
    ) {
        let settings = Settings { retries: 1, ..Settings::tcp() };
        let ears = Ears::new(settings.framing, Side::Slave);
        let path = Path { ears, order: Order::Any, echoes: true, under_way: Vec::new() };
        right_answers(settings, path, fates, &dialects, piece)?;
    }

    #[test]
    fn where_all_comes_in_time_all_is_answered(
        dialects in dialects(),
        delays_ms in prop::collection::vec(0u64..900, 80),
        piece in 1usize..20,
        serial in any::<bool>(),
    ) {
        let settings = if serial { rtu() } else { Settings::tcp() };
        let ears = Ears::new(settings.framing, Side::Slave);
        let path = Path { ears, order: Order::AsAsked, echoes: true, under_way: Vec::new() };
        let fates = delays_ms.into_iter().map(|delay| (delay, Fate::Comes)).collect();
        prop_assert_eq!(right_answers(settings, path, fates, &dialects, piece)?, u32::from(QUESTIONS));
    }
}
