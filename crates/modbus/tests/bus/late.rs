//! An answer that comes after its time-out is never taken for the answer of the next question.

use std::collections::VecDeque;
use std::time::Duration;

use clock::Instant;
use modbus::frame::{Framing, Side, rtu};
use modbus::master::{Doubts, Failure, Master, Outcome, Settings};
use modbus::pdu::Pdu;
use proptest::prelude::*;

use crate::wire::{Bench, answer, read, rtu};

#[test]
fn a_late_answer_is_dropped_and_a_sentinel_asks_where_the_unit_is() {
    let mut bench = Bench::new(Settings { retries: 0, ..rtu() });
    bench.order(1, 5, read(1, 1));
    bench.sent();
    bench.wait();
    assert_eq!(bench.ended(), [(1, Outcome::Failed(Failure::Silent))]);
    bench.order(2, 5, read(2, 1));
    bench.wait();
    let sentinel = bench.sent().pop().expect("an echo is asked for");
    assert_eq!(sentinel[..4], [5, 8, 0, 0]);
    // The first question's answer, that would fit the second one.
    bench.hear(&bench.frame(1, 5, &[3, 2, 0xba, 0xad]));
    assert_eq!(bench.ended(), []);
    bench.hear(&sentinel);
    bench.wait();
    assert_eq!(bench.sent(), [bench.frame(3, 5, &[3, 0, 2, 0, 1])]);
    bench.hear(&bench.frame(3, 5, &[3, 2, 0, 2]));
    assert_eq!(bench.ended(), [(2, answer(&[3, 2, 0, 2]))]);
}

#[test]
fn a_unit_that_refuses_the_sentinel_has_shown_as_much() {
    let mut bench = Bench::new(Settings { retries: 0, ..rtu() });
    bench.order(1, 5, read(1, 1));
    bench.wait();
    bench.order(2, 5, read(2, 1));
    bench.wait();
    bench.hear(&bench.frame(2, 5, &[0x88, 1]));
    bench.wait();
    bench.hear(&bench.frame(3, 5, &[3, 2, 0, 2]));
    assert_eq!(bench.ended().last(), Some(&(2, answer(&[3, 2, 0, 2]))));
}

#[test]
fn another_function_needs_no_sentinel_and_settles_the_doubt() {
    let mut bench = Bench::new(Settings { retries: 0, ..rtu() });
    bench.order(1, 5, read(1, 1));
    bench.wait();
    bench.sent();
    let inputs = Pdu::new(&[4, 0, 0, 0, 1]).expect("a PDU");
    let inputs = modbus::master::Question::of(inputs).expect("a read");
    bench.order(2, 5, inputs);
    bench.order(3, 5, read(2, 1));
    bench.wait();
    assert_eq!(bench.sent(), [bench.frame(2, 5, &[4, 0, 0, 0, 1])]);
    bench.hear(&bench.frame(1, 5, &[3, 2, 0xba, 0xad]));
    bench.hear(&bench.frame(2, 5, &[4, 2, 0, 1]));
    bench.wait();
    assert_eq!(bench.sent(), [bench.frame(3, 5, &[3, 0, 2, 0, 1])]);
}

#[test]
fn a_dead_unit_is_left_alone_and_starves_nobody() {
    let mut bench = Bench::new(Settings { retries: 0, ..rtu() });
    let mut silences = 0;
    for ticket in 0.. {
        bench.order(ticket, 5, read(1, 1));
        if bench.said.outcomes.is_empty() && bench.master.waiting() > 0 {
            bench.wait();
        }
        if bench.ended().is_empty() {
            bench.wait();
            silences += 1;
            assert_eq!(bench.ended().len(), 1);
        } else {
            break;
        }
    }
    // The question, and six sentinels.
    assert_eq!(silences, 7);
    bench.sent();
    bench.order(100, 6, read(1, 1));
    assert_eq!(bench.sent().len(), 1, "another unit is asked at once");
    bench.hear(&bench.frame(9, 6, &[3, 2, 0, 1]));
    bench.ended();
    bench.now = bench.now + Duration::from_secs(31);
    bench.order(101, 5, read(1, 1));
    assert_eq!(bench.sent(), [bench.frame(0, 5, &[3, 0, 1, 0, 1])]);
}

#[test]
fn without_sentinels_time_must_settle_it() {
    let span = Duration::from_secs(5);
    let mut bench = Bench::new(Settings { retries: 0, doubts: Doubts::Wait(span), ..rtu() });
    bench.order(1, 5, read(1, 1));
    bench.wait();
    bench.sent();
    let silent = bench.now;
    bench.order(2, 5, read(2, 1));
    bench.order(3, 6, read(3, 1));
    bench.wait();
    assert_eq!(bench.sent(), [bench.frame(0, 6, &[3, 0, 3, 0, 1])], "the other unit goes first");
    bench.hear(&bench.frame(0, 6, &[3, 2, 0, 3]));
    bench.wait();
    assert_eq!(bench.now.since(silent), span);
    assert_eq!(bench.sent(), [bench.frame(0, 5, &[3, 0, 2, 0, 1])]);
}

/// A unit behind a path: it answers in order, each answer after its own delay; some are lost.
#[derive(Default)]
struct Path {
    ears: Option<rtu::Deframer>,
    answers: VecDeque<(Instant, Vec<u8>)>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_is_late_or_lost_no_answer_is_mistaken(
        delays_ms in prop::collection::vec(0u64..4000, 60),
        lost in prop::collection::vec(prop::bool::weighted(0.2), 60),
        echoes in any::<bool>(),
    ) {
        let mut bench = Bench::new(Settings { retries: 1, ..rtu() });
        let Framing::Rtu(silences) = bench.framing else { unreachable!("it is RTU") };
        let mut path = Path { ears: Some(rtu::Deframer::new(Side::Slave, silences)), ..Path::default() };
        let mut fate = delays_ms.into_iter().zip(lost).chain(std::iter::repeat((0, false)));
        for address in 0..20u16 {
            bench.order(u64::from(address), 5, read(address, 1));
        }
        let mut done = 0;
        while done < 20 {
            for question in bench.sent() {
                let heard = path.ears.as_mut().and_then(|ears| ears.next(bench.now, &mut &*question));
                let asked = heard.expect("a question").frame.pdu;
                let (delay, lost) = fate.next().expect("endless");
                if lost {
                    continue;
                }
                let pdu = match asked.bytes() {
                    // What is read is the address, so that a mistaken answer shows.
                    [3, high, low, 0, 1] => vec![3, 2, *high, *low],
                    echo @ [8, ..] if echoes => echo.to_vec(),
                    [function, ..] => vec![function | 0x80, 1],
                    [] => unreachable!("a PDU is never empty"),
                };
                let free = path.answers.back().map_or(bench.now, |(at, _)| *at);
                let at = free.max(bench.now + Duration::from_millis(delay));
                path.answers.push_back((at, bench.frame(0, 5, &pdu)));
            }
            let next = path.answers.front().map(|(at, _)| *at);
            match (next, bench.master.deadline()) {
                (Some(at), deadline) if deadline.is_none_or(|deadline| at <= deadline) => {
                    bench.now = at.max(bench.now);
                    let (_, wire) = path.answers.pop_front().expect("it is there");
                    bench.hear(&wire);
                }
                (_, Some(_)) => bench.wait(),
                (None, None) => break,
                (Some(_), None) => unreachable!("taken above"),
            }
            for (ticket, outcome) in bench.ended() {
                done += 1;
                if let Outcome::Answer(pdu) = outcome {
                    let [high, low] = (ticket as u16).to_be_bytes();
                    prop_assert_eq!(pdu.bytes(), [3, 2, high, low], "question {}", ticket);
                }
            }
        }
        prop_assert_eq!(done, 20);
    }
}

#[test]
fn an_answer_that_comes_over_the_next_call_is_not_taken_for_that_of_its_first_question() {
    let settings = Settings { retries: 0, ..rtu() };
    let mut cut = Bench::new(settings);
    cut.order(1, 5, read(1, 1));
    let behind = |bench: &Bench, after| {
        let mut next = Bench::new(settings);
        next.now = bench.now + after;
        next.master = Master::new(settings).behind(next.now, bench.master.owing(bench.now));
        next.order(2, 5, read(2, 1));
        next
    };
    let mut next = behind(&cut, Duration::from_secs(1));
    let sentinel = next.sent().pop().expect("an echo is asked for");
    assert_eq!(sentinel[..4], [5, 8, 0, 0]);
    next.hear(&next.frame(1, 5, &[3, 2, 0xba, 0xad]));
    assert_eq!(next.ended(), []);
    next.hear(&sentinel);
    next.wait();
    assert_eq!(next.sent(), [next.frame(3, 5, &[3, 0, 2, 0, 1])]);
    next.hear(&next.frame(3, 5, &[3, 2, 0, 2]));
    assert_eq!(next.ended(), [(2, answer(&[3, 2, 0, 2]))]);
    // Nothing is open any more, or nothing can still be on its way.
    let question = next.frame(3, 5, &[3, 0, 2, 0, 1]);
    assert_eq!(behind(&next, Duration::from_secs(1)).sent(), std::slice::from_ref(&question));
    let (patience, rest) = (cut.master.deadline().expect("one"), modbus::limits::REST);
    let ends = patience.since(cut.now) + rest;
    assert_eq!(behind(&cut, ends).sent(), [question]);
    let just_before = behind(&cut, ends - Duration::from_millis(1)).sent();
    assert_eq!(just_before[0][..4], [5, 8, 0, 0]);
}

#[test]
fn a_connection_that_follows_another_goes_on_with_its_transactions() {
    let settings = Settings { retries: 0, ..Settings::tcp() };
    let mut cut = Bench::new(settings);
    cut.order(1, 5, read(1, 1));
    let mut next = Bench::new(settings);
    next.master = Master::new(settings).behind(next.now, cut.master.owing(cut.now));
    next.order(2, 5, read(2, 1));
    assert_eq!(next.sent(), [next.frame(2, 5, &[3, 0, 2, 0, 1])]);
    next.hear(&next.frame(1, 5, &[3, 2, 0xba, 0xad]));
    assert_eq!(next.ended(), []);
    next.hear(&next.frame(2, 5, &[3, 2, 0, 2]));
    assert_eq!(next.ended(), [(2, answer(&[3, 2, 0, 2]))]);
}
