//! Two wires, a master and units with bad manners, character by character on virtual time.

mod cable;
mod unit;
mod world;

use std::time::Duration;

use modbus::SerialTiming;
use modbus::frame::{Framing, rtu};
use unit::Manners::{self, Bad, Dead, Good, Meddling};
use world::{Port, World};

const SPEEDS: [u32; 6] = [300, 1200, 9600, 19_200, 57_600, 115_200];

/// RTU as [`modbus::master::Settings::rtu`] has it for the speed.
fn rtu(speed: u32) -> Framing {
    Framing::Rtu(rtu::Silences::serial(&SerialTiming::new(speed)))
}

/// So many questions take this long, more or less: eight characters there, seven back, silences and a unit's thought.
fn time_for(questions: u32, speed: u32) -> Duration {
    (SerialTiming::new(speed).characters(26) + Duration::from_millis(25)) * questions
}

#[test]
fn on_a_good_bus_every_question_is_answered_and_every_silence_kept() {
    for speed in SPEEDS {
        for framing in [rtu(speed), Framing::Ascii] {
            let mut world = World::new(framing, speed, &[Good; 4], 1);
            world.run(time_for(200, speed));
            world.come_to_rest();
            for tally in &world.tallies {
                assert!(tally.right > 20, "{speed} {framing:?}: {tally:?}");
                assert_eq!(tally.failed, 0, "{speed} {framing:?}");
            }
            assert!(world.least_silence >= SerialTiming::new(speed).t3_5(), "{speed} {framing:?}");
        }
    }
}

#[test]
fn whatever_units_do_an_answer_is_right_or_none() {
    for speed in SPEEDS {
        for port in [Port::Bare, Port::Usb] {
            for seed in 0..3 {
                // On a slow bus a meddler's words are on top of everybody else's.
                let fourth = if speed < 9600 { Bad } else { Meddling };
                let manners = [Bad, Good, Bad, fourth, Dead, Bad];
                let mut world = World::new(rtu(speed), speed, &manners, seed).with_port(port);
                world.run(time_for(300, speed).max(Duration::from_secs(150)));
                world.come_to_rest();
                for (tally, manners) in world.tallies.iter().zip(manners) {
                    match manners {
                        Dead => assert_eq!(tally.right, 0),
                        Good => assert!(tally.right > 5, "{speed} {port:?} {seed}: {tally:?}"),
                        _ => assert!(tally.right > 0, "{speed} {port:?} {seed}: {tally:?}"),
                    }
                }
            }
        }
    }
}

#[test]
fn in_ascii_as_well() {
    for speed in SPEEDS {
        for seed in 0..3 {
            let mut world = World::new(Framing::Ascii, speed, &[Bad, Good, Dead, Bad], seed);
            world.run(time_for(300, speed).max(Duration::from_secs(150)));
            world.come_to_rest();
            assert!(world.tallies.iter().filter(|tally| tally.right > 3).count() == 3, "{speed}");
        }
    }
}

#[test]
fn a_port_that_hears_itself_takes_no_write_for_its_own_answer() {
    for speed in SPEEDS {
        let mut world = World::new(rtu(speed), speed, &[Good, Dead, Bad], 3).with_echo();
        world.run(time_for(200, speed).max(Duration::from_secs(40)));
        world.come_to_rest();
        assert_eq!((world.tallies[0].failed, world.tallies[1].right), (0, 0), "{speed}");
        assert!(world.tallies[0].right > 10 && world.tallies[2].right > 3, "{speed}");
    }
}

#[test]
fn a_shorted_bus_fails_every_question_in_time_and_serves_again_when_it_is_mended() {
    for speed in SPEEDS {
        let mut world = World::new(rtu(speed), speed, &[Good; 3], 5);
        // Noise is taken for noise once it is longer than a frame.
        let shorted = Duration::from_secs(3) + 2 * SerialTiming::new(speed).characters(256);
        world.shorted_until = world.now + shorted;
        world.run(shorted);
        let failed: u32 = world.tallies.iter().map(|tally| tally.failed).sum();
        assert!(failed >= 1, "{speed}: nothing ended while the bus was shorted");
        // What was asked into the noise is over, units that rest are asked again.
        world.run(Duration::from_secs(45));
        let before: Vec<u32> = world.tallies.iter().map(|tally| tally.failed).collect();
        world.run(time_for(100, speed));
        world.come_to_rest();
        for (tally, before) in world.tallies.iter().zip(before) {
            assert!(tally.right > 5, "{speed}: {tally:?}");
            assert_eq!(tally.failed, before, "{speed}: still failing after the noise");
        }
    }
}

#[test]
fn dead_units_take_little_of_the_time_of_the_others() {
    let alone = answers(&[Good], 600);
    let among = answers(&[Good, Dead, Dead, Dead, Dead, Dead], 600);
    // Once they are known to be dead, each costs a second in thirty.
    assert!(among * 10 > alone * 7, "{among} of {alone} answers");
}

/// How often the first unit answers in so many seconds at 9600.
fn answers(manners: &[Manners], seconds: u64) -> u32 {
    let mut world = World::new(rtu(9600), 9600, manners, 7);
    // Long enough for the dead to have been asked everything.
    world.run(Duration::from_secs(120));
    let before = world.tallies[0].right;
    world.run(Duration::from_secs(seconds));
    world.tallies[0].right - before
}
