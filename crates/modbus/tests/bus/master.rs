//! One question after the other.

use std::time::Duration;

use modbus::UnitId;
use modbus::frame::Framing;
use modbus::limits;
use modbus::master::{Doubts, Echo, Failure, Full, Outcome, Question, Repeats, Settings, Ticket};
use modbus::pdu::{Dialect, Pdu, Request};

use crate::wire::{Bench, answer, read, rtu};

#[test]
fn questions_are_asked_in_order_with_a_silence_between() {
    let mut bench = Bench::new(rtu());
    bench.order(1, 5, read(0, 1));
    bench.order(2, 6, read(9, 1));
    assert_eq!(bench.sent(), [bench.frame(1, 5, &[3, 0, 0, 0, 1])]);
    bench.hear(&bench.frame(1, 5, &[3, 2, 0, 7]));
    assert_eq!(bench.ended(), [(1, answer(&[3, 2, 0, 7]))]);
    assert!(bench.sent().is_empty(), "the bus is silent for t3.5 first");
    let answered = bench.now;
    bench.wait();
    assert_eq!(bench.now.since(answered), Duration::from_nanos(4_010_416));
    assert_eq!(bench.sent(), [bench.frame(2, 6, &[3, 0, 9, 0, 1])]);
}

#[test]
fn an_answer_may_come_in_pieces_with_pauses_and_behind_noise() {
    let mut bench = Bench::new(rtu());
    bench.order(1, 5, read(0, 1));
    let mut wire = vec![0xff, 0x00, 0x7f];
    wire.extend(bench.frame(1, 5, &[3, 2, 0, 7]));
    for byte in wire {
        bench.now = bench.now + Duration::from_millis(30);
        bench.hear(&[byte]);
    }
    assert_eq!(bench.ended(), [(1, answer(&[3, 2, 0, 7]))]);
}

#[test]
fn a_silent_unit_is_asked_again_and_then_given_up() {
    let mut bench = Bench::new(Settings { doubts: Doubts::Wait(Duration::ZERO), ..rtu() });
    bench.order(1, 5, read(0, 1));
    let asked = bench.now;
    bench.wait();
    // Eight bytes there, seven back at 9600, and a second to think.
    assert_eq!(
        bench.now.since(asked),
        Duration::from_nanos(15 * 11_000_000_000 / 9600 + 1_000_000_000)
    );
    bench.wait();
    assert_eq!(bench.sent().len(), 2);
    bench.wait();
    assert_eq!(bench.ended(), [(1, Outcome::Failed(Failure::Silent))]);
    assert_eq!((bench.master.counts().sent, bench.master.counts().silences), (2, 2));
}

#[test]
fn answers_of_other_units_functions_and_shapes_are_left_alone() {
    for framing in [rtu(), Settings { framing: Framing::Ascii, ..rtu() }, Settings::tcp()] {
        let mut bench = Bench::new(framing);
        bench.order(1, 5, read(0, 1));
        for (transaction, unit, pdu) in [
            (1, 6, &[3, 2, 0, 7][..]),
            (1, 5, &[4, 2, 0, 7]),
            (1, 5, &[3, 4, 0, 7, 0, 7]),
            (1, 5, &[0x84, 2]),
        ] {
            bench.hear(&bench.frame(transaction, unit, pdu));
        }
        assert_eq!(bench.ended(), []);
        assert_eq!(bench.master.counts().strays, 4);
        bench.hear(&bench.frame(1, 5, &[0x83, 2]));
        assert_eq!(bench.ended(), [(1, answer(&[0x83, 2]))]);
    }
}

#[test]
fn on_tcp_only_the_transaction_counts() {
    let mut bench = Bench::new(Settings { retries: 0, ..Settings::tcp() });
    bench.order(1, 5, read(0, 1));
    bench.wait();
    assert_eq!(bench.ended(), [(1, Outcome::Failed(Failure::Silent))]);
    bench.order(2, 5, read(1, 1));
    bench.hear(&bench.frame(1, 5, &[3, 2, 0xba, 0xad]));
    assert_eq!(bench.ended(), []);
    bench.hear(&bench.frame(2, 5, &[3, 2, 0, 8]));
    assert_eq!(bench.ended(), [(2, answer(&[3, 2, 0, 8]))]);
    assert_eq!(bench.master.counts().strays, 1);
}

#[test]
fn everybody_is_told_and_nobody_asked() {
    let mut bench = Bench::new(rtu());
    bench.order(1, 0, read(0, 1));
    assert_eq!(bench.ended(), [(1, Outcome::Failed(Failure::Broadcast))]);
    let write = Request::WriteRegister { address: 1, value: 2 };
    bench.order(2, 0, Question::Known(write, Dialect::Standard));
    bench.order(3, 1, read(0, 1));
    assert_eq!(bench.ended(), [(2, Outcome::Said)]);
    assert_eq!(bench.sent().len(), 1);
    let told = bench.now;
    bench.wait();
    // The units may work on it: eight bytes and the turn-around.
    assert!(bench.now.since(told) > Duration::from_millis(109));
    assert_eq!(bench.sent().len(), 1);

    // On TCP, 0 is a unit like another one.
    let mut bench = Bench::new(Settings::tcp());
    bench.order(1, 0, read(0, 1));
    assert_eq!(bench.sent().len(), 1);
}

#[test]
fn a_busy_unit_is_left_alone_and_asked_again() {
    let mut bench = Bench::new(Settings { busy_retries: 1, ..rtu() });
    bench.order(1, 5, read(0, 1));
    bench.hear(&bench.frame(1, 5, &[0x83, 6]));
    assert_eq!(bench.ended(), []);
    let busy = bench.now;
    bench.wait();
    assert_eq!(bench.now.since(busy), Duration::from_millis(200));
    assert_eq!(bench.sent().len(), 2);
    bench.hear(&bench.frame(2, 5, &[0x83, 6]));
    assert_eq!(bench.ended(), [(1, answer(&[0x83, 6]))]);
}

#[test]
fn what_may_be_done_once_only_is_said_once() {
    let write =
        || Question::Known(Request::WriteRegister { address: 1, value: 2 }, Dialect::Standard);
    let doubts = Doubts::Wait(Duration::ZERO);
    let careful =
        Settings { retries: 3, repeats: Repeats::Reads, busy_retries: 5, doubts, ..rtu() };
    let mut bench = Bench::new(careful);
    bench.order(1, 5, write());
    bench.wait();
    assert_eq!(bench.ended(), [(1, Outcome::Failed(Failure::Silent))]);
    // It works on it.
    let mut bench = Bench::new(careful);
    bench.order(1, 5, write());
    bench.hear(&bench.frame(1, 5, &[0x86, 5]));
    assert_eq!(bench.ended(), [(1, answer(&[0x86, 5]))]);
    assert_eq!(bench.sent().len(), 1);
    // One that would have had to be asked again is, and what only reads too.
    let mut bench = Bench::new(careful);
    bench.order(1, 5, write());
    bench.hear(&bench.frame(1, 5, &[0x86, 6]));
    bench.wait();
    assert_eq!(bench.sent().len(), 2);
    let mut bench = Bench::new(careful);
    bench.order(1, 5, read(0, 1));
    bench.wait();
    bench.wait();
    assert_eq!((bench.ended().len(), bench.sent().len()), (0, 2));
}

#[test]
fn on_a_wire_that_echoes_a_write_is_not_its_own_answer() {
    let write =
        || Question::Known(Request::WriteRegister { address: 1, value: 2 }, Dialect::Standard);
    for pieces in [1, 3, 8] {
        let mut bench = Bench::new(Settings { echo: Echo::Local, retries: 0, ..rtu() });
        bench.order(1, 5, write());
        let sent = bench.sent().concat();
        sent.chunks(pieces).for_each(|piece| bench.hear(piece));
        assert_eq!(bench.ended(), []);
        // The unit's answer, which is the same.
        bench.hear(&sent);
        assert_eq!(bench.ended(), [(1, answer(&[6, 0, 1, 0, 2]))]);

        // Echo and answer at once; and no echo at all, but an answer of another shape.
        bench.now = bench.now + Duration::from_secs(1);
        bench.order(2, 5, read(0, 1));
        let mut wire = bench.sent().concat();
        wire.extend(bench.frame(0, 5, &[3, 2, 0, 7]));
        bench.hear(&wire);
        assert_eq!(bench.ended(), [(2, answer(&[3, 2, 0, 7]))]);
        bench.now = bench.now + Duration::from_secs(1);
        bench.order(3, 5, write());
        let sent = bench.sent().concat();
        bench.hear(&sent);
        bench.wait();
        assert_eq!(bench.ended(), [(3, Outcome::Failed(Failure::Silent))]);
    }
}

#[test]
fn the_queue_is_bounded() {
    let mut bench = Bench::new(rtu());
    for ticket in 0..=limits::QUEUE {
        bench.order(ticket as u64, 5, read(0, 1));
    }
    let more = bench.master.order(bench.now, Ticket(9), UnitId(5), read(0, 1), &mut bench.said);
    assert_eq!(more, Err(Full));
}

#[test]
fn a_connection_that_ends_fails_what_was_asked_and_keeps_what_waits() {
    let mut bench = Bench::new(Settings::tcp());
    bench.order(1, 5, read(0, 1));
    bench.order(2, 5, read(1, 1));
    bench.hear(&[0, 1, 0, 0, 0]);
    bench.master.closed(bench.now, &mut bench.said);
    assert_eq!(bench.ended(), [(1, Outcome::Failed(Failure::Closed))]);
    bench.sent();
    bench.wait();
    assert_eq!(bench.sent(), [bench.frame(2, 5, &[3, 0, 1, 0, 1])]);
    bench.hear(&bench.frame(2, 5, &[3, 2, 0, 8]));
    assert_eq!(bench.ended(), [(2, answer(&[3, 2, 0, 8]))]);
}

#[test]
fn a_foreign_function_is_passed_on_and_its_answer_taken() {
    let mut bench = Bench::new(rtu());
    let asked = Pdu::new(&[0x41, 1, 2]).expect("a PDU");
    bench.order(1, 5, Question::of(asked).expect("anything goes"));
    bench.hear(&bench.frame(1, 5, &[0x41, 9, 9, 9]));
    assert_eq!(bench.ended(), []);
    bench.wait();
    assert_eq!(bench.ended(), [(1, answer(&[0x41, 9, 9, 9]))]);
}

#[test]
fn an_answer_that_comes_twice_is_heard_out_before_the_next_question() {
    let mut bench = Bench::new(rtu());
    let silence = rtu().silence;
    bench.order(1, 5, read(0, 1));
    bench.order(2, 5, read(9, 1));
    bench.sent();
    let answered = bench.frame(1, 5, &[3, 2, 0, 7]);
    bench.hear(&answered);
    // The second copy's characters: none of them lets the bus be silent for long enough.
    for byte in answered {
        bench.now = bench.now + silence / 2;
        bench.hear(&[byte]);
        assert!(bench.sent().is_empty());
    }
    let latest = bench.now;
    bench.wait();
    assert_eq!((bench.now.since(latest), bench.sent().len()), (silence, 1));
    assert_eq!(bench.ended(), [(1, answer(&[3, 2, 0, 7]))]);
}

#[test]
fn noise_without_end_is_not_waited_for() {
    let mut bench = Bench::new(rtu());
    bench.order(1, 5, read(0, 1));
    bench.order(2, 6, read(9, 1));
    bench.hear(&bench.frame(1, 5, &[3, 2, 0, 7]));
    bench.sent();
    let begun = bench.now;
    while bench.sent().is_empty() {
        bench.now = bench.now + Duration::from_millis(1);
        bench.hear(&[0]);
        // The longest frame takes 293 ms.
        assert!(bench.now.since(begun) < Duration::from_millis(310));
    }
}

#[test]
fn what_began_before_the_question_is_no_answer_to_it() {
    // A path that has no silences of its own.
    let mut bench = Bench::new(Settings::rtu_over_a_call());
    bench.order(1, 5, read(0, 1));
    bench.order(2, 5, read(9, 1));
    let answered = bench.frame(1, 5, &[3, 2, 0, 7]);
    // The answer, and the beginning of its second copy, at once.
    bench.hear(&[&answered[..], &answered[..3]].concat());
    assert_eq!((bench.sent().len(), bench.ended().len()), (2, 1));
    bench.hear(&answered[3..]);
    assert_eq!(bench.ended(), []);
    bench.hear(&bench.frame(2, 5, &[3, 2, 0, 8]));
    assert_eq!(bench.ended(), [(2, answer(&[3, 2, 0, 8]))]);
}

#[test]
fn a_unit_that_stays_silent_after_its_rest_is_left_alone_at_once() {
    let mut bench = Bench::new(Settings { retries: 0, ..rtu() });
    let ask = |bench: &mut Bench, ticket| {
        bench.order(ticket, 5, read(0, 1));
        while bench.ended().is_empty() {
            bench.wait();
        }
        bench.sent().len()
    };
    // One question, six sentinels, and then nothing.
    let sent: Vec<usize> = (0..9).map(|ticket| ask(&mut bench, ticket)).collect();
    assert_eq!(sent, [1, 1, 1, 1, 1, 1, 1, 0, 0]);
    for _ in 0..3 {
        bench.now = bench.now + limits::REST;
        assert_eq!([ask(&mut bench, 10), ask(&mut bench, 11), ask(&mut bench, 12)], [1, 0, 0]);
    }
    // Once it answers, it is asked as ever.
    bench.now = bench.now + limits::REST;
    bench.order(20, 5, read(0, 1));
    bench.hear(&bench.frame(0, 5, &[3, 2, 0, 7]));
    assert_eq!(bench.ended(), [(20, answer(&[3, 2, 0, 7]))]);
    bench.sent();
    assert_eq!([ask(&mut bench, 21), ask(&mut bench, 22)], [1, 1]);
}
