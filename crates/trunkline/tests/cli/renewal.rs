//! The centre sends a station another configuration: both as processes.

use std::net::SocketAddr;
use std::time::Instant;

use crate::device::sevens;
use crate::ports::free_address;
use crate::stage::{PATIENCE, Stage};

fn centre() -> Stage {
    let mut centre = Stage::new(
        "[exchange]\nstore = \"trunkline.db\"\naudit = \"audit.log\"\n\
         [[exchange.listen]]\naddress = \"127.0.0.1:0\"\naccept = [\"raw\"]\n\
         [[account]]\nname = \"pump\"\npassword = \"file:password\"\nservice = \"collector\"\n\
         [[site]]\nname = \"pump\"\nframing = \"station\"\n",
    );
    centre.start(&["run", "--log", "debug"]);
    centre
}

/// A station that calls there, and another point of its device.
fn configuration(device: SocketAddr, call: &str, more: &str, point: &str) -> String {
    format!(
        "[station]\nname = \"pump-house\"\ncall = \"{call}\"\nstay = \"1s\"\nretries = [\"1s\"]\nevery = \"500ms\"\n{more}\
         [[bus]]\nname = \"lan\"\ntcp = \"{device}\"\nframing = \"tcp\"\n\
         [[device]]\nname = \"meter\"\nbus = \"lan\"\nunit = 1\n\
         points = [{{ name = \"{point}\", address = \"h:100\", high = 3 }}]\n"
    )
}

const OWN: &str = "login = { name = \"pump\", password = \"file:password\" }\nallow = [\"configuration\", \"schedules\"]\n";

/// Sends it, has the station call, and gives what has become of it.
fn send(centre: &Stage, station: &Stage, what: &[&str]) -> String {
    let said = centre.ask(&[&["station-config", "pump"], what].concat());
    let id = said.split_whitespace().find_map(|word| word.strip_suffix(';')).unwrap().to_owned();
    assert_eq!(station.ask(&["station", "--call"]), "pump-house calls the centre\n");
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = centre.ask(&["sites", "--wish", &id, "--json"]);
        if !answer.contains("\"state\":\"waiting\"") {
            return answer;
        }
        assert!(Instant::now() < end, "nothing becomes of it: {answer}");
    }
}

/// Waits until there is what is looked for.
fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "it never comes");
        std::thread::yield_now();
    }
}

#[test]
fn a_station_takes_a_configuration_that_is_right_and_goes_back_from_one_that_reaches_nobody() {
    let (device, centre) = (sevens(), centre());
    let target = format!("tcp://{}", centre.exchange());
    let mut station = Stage::new(&configuration(device, &target, OWN, "first"));
    station.start(&["station", "--log", "debug"]);

    // Wrong: refused with its place, and nothing changes.
    centre.write("new.toml", &configuration(device, &target, "evry = \"1s\"\n", "second"));
    let refused = send(&centre, &station, &["new.toml"]);
    assert!(refused.contains("7:1: ") && refused.contains("evry"), "{refused}");
    centre.write("new.toml", &configuration(device, "exec:/bin/sh", "", "second"));
    let refused = send(&centre, &station, &["new.toml"]);
    assert!(refused.contains("program"), "{refused}");
    let refused = send(&centre, &station, &["meter.first.low=3"]);
    assert!(refused.contains("doesn't allow limits"), "{refused}");

    // Right: its points are read from the next call on.
    centre.write("new.toml", &configuration(device, &target, "", "second"));
    let taken = send(&centre, &station, &["new.toml"]);
    assert!(taken.contains("the file's → version "), "{taken}");
    station.wait_for("the centre has sent a configuration");
    station.wait_for("everything is said");
    station.wait_for("everything is said");
    let store = store::Store::visit(&centre.path("trunkline.db")).unwrap();
    let names: Vec<String> =
        store.latest("pump").unwrap().into_iter().map(|sample| sample.point).collect();
    assert_eq!(names, ["meter.first", "meter.second"]);
    // What the point was about that is gone is over, with this reason; the other one's lasts.
    let alarm = |kind: &str, subject: &str| {
        let alarms = store.alarms(100).unwrap();
        alarms.into_iter().find(|alarm| alarm.kind == kind && alarm.subject == subject)
    };
    let ended = until(|| alarm("high", "meter.first").filter(|alarm| alarm.ended.is_some()));
    assert_eq!(ended.end_words.as_deref(), Some("the station has no such point any more"));
    assert_eq!(until(|| alarm("high", "meter.second")).ended, None);
    let audit = until(|| {
        let audit = std::fs::read_to_string(centre.path("audit.log")).ok()?;
        audit.contains("configure (").then_some(audit)
    });
    assert!(!audit.contains("second"), "{audit}");

    // It survives a restart, and a value of it can be changed.
    assert!(station.stop().success());
    station.start(&["station", "--log", "debug"]);
    let changed = send(&centre, &station, &["call-every=1h"]);
    assert!(changed.contains("version "), "{changed}");

    // One that reaches nobody is given up, and the centre hears of it.
    let nobody = free_address();
    centre.write("new.toml", &configuration(device, &format!("tcp://{nobody}"), "", "third"));
    let taken = send(&centre, &station, &["new.toml"]);
    assert!(taken.contains("→ version "), "{taken}");
    station.wait_for("is given up");
    station.ask(&["station", "--call"]);
    let sites = centre.ask_until(&["sites"], "has given up configuration ");
    assert!(sites.contains("5 calls have failed with it"), "{sites}");
    let alarm = until(|| alarm("given-up", ""));
    assert!(alarm.ended.is_none() && alarm.words.contains("5 calls have failed"), "{alarm:?}");
    assert!(station.stop().success());
}
