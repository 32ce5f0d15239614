//! Whole calls between a station and the centre, on virtual time.

mod world;

use std::time::Duration;

use clock::Instant;
use modbus::UnitId;
use modbus::pdu::Pdu;
use proptest::prelude::*;
use telemetry::{Description, End, Mark, Stay, Ticket};
use world::{Harm, Path, Stores, UNIX_MS, World, definition, sample};

fn path(harm: Harm) -> Path {
    Path::new(harm, Duration::from_millis(150), usize::MAX)
}

fn call(stores: Stores, up: Harm, down: Harm) -> World {
    World::call(Instant::ORIGIN, stores, path(up), path(down), Stay::default())
}

fn assert_all_there(stores: &Stores, samples: u64) {
    assert_eq!(stores.centre.len() as u64, samples);
    for (seq, received) in &stores.centre {
        let expected = sample(*seq);
        assert_eq!(format!("{:?}", received.sample), format!("{expected:?}"));
        assert_eq!(*received.definition, definition(expected.point));
    }
    assert!(stores.station.is_empty(), "what is acknowledged needn't be kept");
    assert_eq!(stores.doubled, 0);
}

#[test]
fn every_sample_arrives_over_whatever_path_there_is() {
    for up in [Harm::None, Harm::FlowControl, Harm::SevenBits] {
        for down in [Harm::None, Harm::FlowControl, Harm::SevenBits] {
            let mut world = call(Stores::with(700), up, down);
            world.run();
            assert_eq!(world.ends, (Some(End::Done), Some(End::Done)), "{up:?} {down:?}");
            assert_all_there(&world.stores, 700);
        }
    }
}

#[test]
fn a_year_of_samples_every_five_minutes_goes_in_one_call() {
    let samples = 365 * 24 * 12;
    let mut world = call(Stores::with(samples), Harm::None, Harm::None);
    world.run();
    assert_eq!(world.ends.0, Some(End::Done));
    assert_eq!(world.stores.centre.len() as u64, samples);
    assert!(world.stores.station.is_empty());
    assert_eq!(world.stores.doubled, 0);
}

#[test]
fn a_path_that_damages_frames_costs_time_and_nothing_else() {
    let mut stores = Stores::with(400);
    let mut calls = 0;
    let mut now = Instant::ORIGIN;
    while !stores.station.is_empty() {
        calls += 1;
        assert!(calls < 30, "{} samples are left", stores.station.len());
        let noisy = || path(Harm::Noise(3000));
        let mut world = World::call(now, stores, noisy(), noisy(), Stay::default());
        world.run();
        now = world.now + Duration::from_secs(60);
        stores = world.stores;
    }
    assert_all_there(&stores, 400);
}

#[test]
fn the_centre_asks_units_while_samples_are_uploaded() {
    let mut world = call(Stores::with(2000), Harm::None, Harm::None);
    for ticket in 0..50 {
        world.ask(ticket, 9, &[3, 0, 1, 0, 1]);
    }
    world.run();
    assert_eq!(world.answers.len(), 50);
    for (n, (ticket, answer)) in world.answers.iter().enumerate() {
        assert_eq!(ticket.0, n as u64);
        assert_eq!(answer.as_ref().unwrap().bytes(), [3, 2, 9, 7]);
    }
    assert_all_there(&world.stores, 2000);
}

#[test]
fn a_write_is_carried_out_once_though_it_was_said_twice() {
    // Longer than questions are waited for before they are said again.
    let slow = || Path::new(Harm::None, Duration::from_secs(20), usize::MAX);
    let mut world =
        World::call(Instant::ORIGIN, Stores::default(), slow(), slow(), Stay::default());
    world.ask(1, 1, &[6, 0, 1, 0, 7]);
    world.run();
    assert_eq!(world.stores.writes, 1);
    assert_eq!(world.answers.len(), 1);
    assert!(world.answers[0].1.is_ok());
}

#[test]
fn a_write_with_a_mark_is_carried_out_once_though_the_call_dies_before_its_answer_is_heard() {
    let pdu = Pdu::new(&[6, 0, 1, 0, 7]).unwrap();
    let mut stores = Stores::default();
    for calls in 1..=2 {
        let mut world = call(stores, Harm::None, Harm::None);
        let to = (Ticket(1), UnitId(1));
        let out = &mut world.from_centre;
        world.centre.ask_once(world.now, Mark(77), to, pdu.clone(), out).unwrap();
        while world.stores.writes == 0 {
            assert!(world.step());
        }
        if calls == 2 {
            world.run();
            assert!(matches!(&world.answers[..], [(Ticket(1), Ok(answer))] if *answer == pdu));
        } else {
            assert!(world.answers.is_empty());
        }
        stores = world.stores;
    }
    assert_eq!(stores.writes, 1);
}

#[test]
fn the_station_learns_the_time_to_half_a_round_trip() {
    let mut world = call(Stores::default(), Harm::None, Harm::None);
    while world.time.is_none() {
        assert!(world.step());
    }
    let elapsed = i64::try_from(world.now.since(Instant::ORIGIN).as_millis()).unwrap();
    assert_eq!(world.time, Some(UNIX_MS + elapsed));
}

#[test]
fn a_change_is_taken_once_and_a_refusal_has_its_words() {
    let mut world = call(Stores::default(), Harm::None, Harm::None);
    let change = |key: &str| vec![(key.to_owned(), "60s".to_owned())];
    world.centre.configure(world.now, 3, change("secret"), &mut world.from_centre);
    world.run();
    assert_eq!(world.told, [(3, Err("not allowed".to_owned()))]);

    let mut world =
        World::call(world.now, world.stores, path(Harm::None), path(Harm::None), Stay::default());
    world.centre.configure(world.now, 4, change("call.every"), &mut world.from_centre);
    world.run();
    assert_eq!(world.told, [(4, Ok(()))]);
    assert_eq!(world.stores.configured, 4);
}

#[test]
fn a_whole_configuration_comes_over_whatever_path_there_is_and_is_taken_once() {
    let text: String = (0..3000).map(|n| format!("line {n} \u{11}\u{7e}übel\n")).collect();
    for harm in [Harm::None, Harm::FlowControl, Harm::SevenBits, Harm::Noise(4000)] {
        let stores = Stores { configured: 6, ..Stores::with(300) };
        let mut world = call(stores, harm, harm);
        world.centre.renew(world.now, 7, &text, &mut world.from_centre);
        world.run();
        assert_eq!(world.told, [(7, Ok(()))], "{harm:?}");
        assert_eq!(world.stores.texts, [text.as_str()], "{harm:?}");
        assert_eq!(world.ends.0, Some(End::Done), "{harm:?}");
    }
    let mut world = call(Stores::default(), Harm::None, Harm::None);
    world.centre.renew(world.now, 8, "secret", &mut world.from_centre);
    world.run();
    assert_eq!(world.told, [(8, Err("file.toml:1:1: not allowed".to_owned()))]);
    let long = "x".repeat(telemetry::limits::CONFIGURATION + 1);
    world.centre.renew(world.now, 9, &long, &mut world.from_centre);
    assert!(matches!(
        world.from_centre.actions.pop_front(),
        Some(telemetry::CentreAction::Configured { version: 9, outcome: Err(_) })
    ));
}

/// Found by the fuzzer: a greeting that announced a silence of 136 years.
#[test]
fn a_station_that_falls_silent_is_given_up_whatever_silence_it_has_announced() {
    let mut out = telemetry::Outbox::default();
    let mut now = Instant::ORIGIN;
    let mut centre = telemetry::Centre::start(now, UNIX_MS, &mut out);
    let mut hello = telemetry::Hello::new("pump-house", world::STORE, telemetry::Cause::Schedule);
    hello.silence_s = u32::MAX;
    // What the far end of a clean path says to a probe.
    let nothing = "0".repeat(64);
    let mut said = format!("\r\nTLP REPORT {nothing} FEDA\r\n\r\nTLP USE PLAIN\r\n").into_bytes();
    let coding = armour::channel::Coding::Hdlc(armour::channel::Values::default());
    let hello = telemetry::Message::Hello(hello).encode();
    armour::channel::Sender::new(coding).send(&hello, &mut said);
    centre.input(now, &said, &mut out);
    assert!(matches!(out.actions.pop_front(), Some(telemetry::CentreAction::Arrived(_))));
    centre.welcome(now, 0, &mut out);
    centre.renew(now, 7, "anything", &mut out);
    let mut steps = 0;
    while let Some(at) = centre.deadline() {
        now = now.max(at);
        centre.timeout(now, &mut out);
        steps += 1;
        assert!(steps < 20, "it is told for ever");
    }
    assert!(now <= Instant::ORIGIN + telemetry::limits::LONGEST_SILENCE * 2);
    let refused = out.actions.iter().any(|action| {
        matches!(action, telemetry::CentreAction::Configured { version: 7, outcome: Err(_) })
    });
    assert!(refused, "and whoever has sent it knows");
    let end = telemetry::CentreAction::HangUp(End::Silent);
    assert_eq!(out.actions.back(), Some(&end));
}

#[test]
fn the_centre_learns_how_a_station_is() {
    let mut world = call(Stores::with(30), Harm::None, Harm::None);
    world.run();
    let first = world.statuses.first().expect("a status");
    assert_eq!((first.waiting, first.room), (30, 1000));
}

/// A call whose station wants the time first, up to where it is on.
fn on_without_time() -> World {
    let mut world = call(Stores::with(30), Harm::None, Harm::None);
    world.put_time_first();
    while !world.station.is_on() {
        assert!(world.step());
    }
    assert_eq!(world.time, None);
    world
}

#[test]
fn samples_whose_times_may_be_wrong_wait_for_the_time() {
    let mut world = on_without_time();
    assert_eq!(world.station.wants(), None);
    while world.time.is_none() {
        assert!(world.stores.centre.is_empty());
        assert!(world.step());
    }
    world.run();
    assert_all_there(&world.stores, 30);
}

#[test]
fn samples_do_not_wait_for_a_time_that_never_comes() {
    let mut world = on_without_time();
    let later = world.now + Duration::from_secs(16);
    world.station.timeout(later, &mut world.from_station);
    assert_eq!(world.station.wants(), Some(0));
}

#[test]
fn a_store_that_was_put_back_to_an_older_day_loses_nothing_by_it() {
    let mut world = call(Stores::with(100), Harm::None, Harm::None);
    world.run();
    let Stores { centre, .. } = world.stores;
    // The same store, as it was when there were forty.
    let old = Stores { centre, ..Stores::with(40) };
    let mut world = call(old, Harm::None, Harm::None);
    world.run();
    assert_eq!(world.ends.0, Some(End::Outgrown));
    assert_eq!(world.stores.station.len(), 40, "nothing was dropped");
}

#[test]
fn a_far_end_that_speaks_another_language_is_given_up() {
    let mut world = call(Stores::with(5), Harm::None, Harm::None);
    world.down = Path::new(Harm::None, Duration::from_secs(100_000), usize::MAX);
    world.up = Path::new(Harm::None, Duration::from_secs(100_000), usize::MAX);
    while world.ends.0.is_none() {
        assert!(world.step());
    }
    assert_eq!(world.ends.0, Some(End::NoProbe));
    assert!(world.now < Instant::ORIGIN + Duration::from_secs(200));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However the bytes are cut, and whenever the call breaks.
    #[test]
    fn nothing_is_lost_or_doubled_whenever_calls_break(
        samples in 1u64..400,
        breaks in prop::collection::vec(0usize..600, 0..12),
        piece in prop_oneof![1usize..5, 20usize..300],
        harm in prop_oneof![Just(Harm::None), Just(Harm::FlowControl), Just(Harm::SevenBits)],
        disk_ms in 0u64..4000,
    ) {
        let mut stores = Stores::with(samples);
        let mut now = Instant::ORIGIN;
        let path = || Path::new(harm, Duration::from_millis(40), piece);
        for steps in breaks {
            let mut world = World::call(now, stores, path(), path(), Stay::default());
            world.disk = Duration::from_millis(disk_ms);
            // The probe alone takes many pieces.
            for _ in 0..steps + 4000 / piece {
                if !world.step() {
                    break;
                }
            }
            now = world.now;
            stores = world.stores;
            let durable = stores.centre.last_key_value().map_or(0, |(seq, _)| *seq);
            prop_assert!(stores.acknowledged <= durable, "acknowledged before it was durable");
        }
        let mut world = World::call(now, stores, path(), path(), Stay::default());
        world.run();
        prop_assert_eq!(world.ends, (Some(End::Done), Some(End::Done)));
        assert_all_there(&world.stores, samples);
    }

    #[test]
    fn no_bytes_make_a_station_or_a_centre_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
        opened in any::<bool>(),
    ) {
        let mut world = call(Stores::with(20), Harm::None, Harm::None);
        while opened && !world.station.is_on() {
            prop_assert!(world.step());
        }
        world.station.input(world.now, &bytes, &mut world.from_station);
        world.centre.input(world.now, &bytes, &mut world.from_centre);
        world.run();
    }

    #[test]
    fn a_message_is_itself_again(seq in 0u64..100_000, count in 1usize..20) {
        use telemetry::Message;
        let samples: Vec<_> = (1..=count as u64).map(|n| sample(seq + n)).collect();
        let definitions = samples.iter().map(|s| (s.point, definition(s.point))).collect();
        let message = Message::Batch { after: seq, definitions, samples };
        let bytes = message.encode();
        prop_assert_eq!(Message::decode(&bytes), Ok(message));
        for cut in 0..bytes.len() {
            prop_assert!(Message::decode(&bytes[..cut]).is_err());
        }
    }
}

fn description(n: u8) -> Description {
    Description {
        device: "tank".into(),
        unit: n,
        point: format!("level-{n}"),
        address: format!("h:{n}"),
        kind: "f32".into(),
        order: "CDAB".into(),
        scale: 0.1,
        offset: 0.0,
        measure: "m³".into(),
    }
}

#[test]
fn a_centre_that_wants_to_know_is_told_what_the_points_are_whatever_the_path_does() {
    let points: Vec<_> = (0..200).map(description).collect();
    for harm in [Harm::None, Harm::FlowControl, Harm::SevenBits, Harm::Noise(2_000)] {
        let mut world = call(Stores::with(100), harm, harm);
        world.station.describe(points.clone());
        world.centre.describe(world.now, 0, &mut world.from_centre);
        world.run();
        assert_eq!(world.described.len(), 1, "{harm:?}");
        assert_eq!(world.described[0].1, points);
        assert_eq!(world.stores.centre.len(), 100);
        // Who knows them isn't told again.
        let known = world.described[0].0;
        let mut world = call(Stores::with(100), harm, harm);
        world.station.describe(points.clone());
        world.centre.describe(world.now, known, &mut world.from_centre);
        world.run();
        assert_eq!(world.described, []);
    }
}

#[test]
fn a_station_that_has_nothing_to_describe_says_so_and_hangs_up_as_before() {
    let mut world = call(Stores::with(5), Harm::None, Harm::None);
    world.centre.describe(world.now, 0, &mut world.from_centre);
    world.run();
    assert_eq!(world.ends, (Some(End::Done), Some(End::Done)));
    assert_all_there(&world.stores, 5);
}
