//! A whole configuration that the centre sends: whether it may be taken.
//!
//! What is a matter of the machine itself stays with the file: who the station is, where it keeps its samples, its
//! password, whose clock counts, where its buses are, and what the centre may do. Otherwise whoever has the centre
//! would have the machine.

use std::fmt;
use std::path::Path;

use gateway::BusConfig;

use crate::config::{Allow, StationConfig};
use crate::{Mistake, Plan};

/// Whoever can read a configuration.
pub trait Reader: Send + Sync + fmt::Debug {
    /// Reads and checks a `[station]` with its `[[bus]]` and `[[device]]` tables; paths are seen from `folder`.
    ///
    /// # Errors
    /// The first mistake, with its place.
    fn read(&self, text: &str, folder: &Path) -> Result<Plan, String>;
}

/// The configuration in `text`, in which `file` has the last word.
///
/// # Errors
/// Why it isn't taken, for the centre's people.
pub(crate) fn read(reader: &dyn Reader, file: &Plan, text: &str) -> Result<Plan, String> {
    if !file.station.allows(Allow::Configuration) {
        return Err("this station's file doesn't allow configuration".to_owned());
    }
    let mut plan = reader.read(text, &file.folder)?;
    stays(&mut plan.station, &file.station)?;
    for bus in &mut plan.buses {
        same_place(bus, &file.buses)?;
    }
    for target in &plan.station.call.0 {
        // By its text: a build that can't call like that doesn't know the scheme either.
        let program = target.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("exec:"));
        if program && !file.station.call.0.contains(target) {
            return Err(format!(
                "[station] call: `{target}` is a program, which only the file may name"
            ));
        }
    }
    // What comes from the file may not go together with what came.
    match plan.mistakes().into_iter().next() {
        None => Ok(plan),
        Some(Mistake { device, at, error }) => {
            let table = device.map_or_else(
                || "[station]".to_owned(),
                |n| {
                    let name = plan.devices.get(n).map_or("", |device| device.name.as_str());
                    format!("[[device]] {name}")
                },
            );
            Err(format!("{table} {}: {error}", at.0))
        }
    }
}

/// What isn't said is the file's; what is said must be.
fn stays(new: &mut StationConfig, file: &StationConfig) -> Result<(), String> {
    let differs = |key: &str| {
        Err(format!(
            "[station] {key}: that is a matter of the station's own file; leave it out, or as it is there"
        ))
    };
    if new.name != file.name {
        return differs("name");
    }
    if new.login.is_some() && new.login != file.login {
        return differs("login");
    }
    if new.answer.is_some() && new.answer != file.answer {
        return differs("answer");
    }
    if !new.allow.0.is_empty() && new.allow != file.allow {
        return differs("allow");
    }
    let kept = StationConfig {
        store: file.store.clone(),
        samples: file.samples,
        when_full: file.when_full,
        login: file.login.clone(),
        answer: file.answer.clone(),
        time: file.time,
        time_step: file.time_step,
        allow: file.allow.clone(),
        ..new.clone()
    };
    *new = kept;
    Ok(())
}

/// A bus is where it is: what a serial port or an address leads to, only somebody there can know.
fn same_place(new: &BusConfig, file: &[BusConfig]) -> Result<(), String> {
    let place = |bus: &BusConfig| {
        (bus.serial.as_ref().map(|serial| serial.device.clone()), bus.tcp.clone())
    };
    match file.iter().find(|bus| bus.name == new.name) {
        Some(known) if place(known) == place(new) => Ok(()),
        Some(_) => {
            Err(format!("[[bus]] {}: where it is, only the station's own file says", new.name))
        }
        None => Err(format!("[[bus]] {}: the station's own file has no such bus", new.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug)]
    struct Toml;

    #[derive(Deserialize)]
    struct Tables {
        station: StationConfig,
        #[serde(default)]
        bus: Vec<BusConfig>,
        #[serde(default)]
        device: Vec<crate::DeviceConfig>,
    }

    impl Reader for Toml {
        fn read(&self, text: &str, folder: &Path) -> Result<Plan, String> {
            let Tables { station, bus, device } =
                toml::from_str(text).map_err(|error| error.to_string())?;
            Ok(Plan { folder: folder.to_owned(), station, buses: bus, devices: device })
        }
    }

    const FILE: &str = "[station]\nname = 'pump'\ncall = 'tcp://a.example:1'\nsamples = 7\nallow = ['configuration']\n\
        login = { name = 'pump', password = 'file:/secret' }\n\
        [[bus]]\nname = 'lan'\ntcp = '10.0.0.1:502'\nframing = 'tcp'\n";

    fn with(text: &str) -> Result<Plan, String> {
        read(&Toml, &Toml.read(FILE, "/".as_ref()).unwrap(), text)
    }

    #[test]
    fn what_is_left_out_comes_from_the_file() {
        let plan = with(
            "[station]\nname = 'pump'\ncall = 'tcp://b.example:2'\n[[bus]]\nname = 'lan'\ntcp = '10.0.0.1:502'\n\
             response = '3s'\n[[device]]\nname = 'm'\nbus = 'lan'\nunit = 1\n",
        )
        .unwrap();
        let file = Toml.read(FILE, "/".as_ref()).unwrap();
        assert_eq!((plan.station.samples, &plan.station.login), (7, &file.station.login));
        assert_eq!(plan.station.allow.0, [Allow::Configuration]);
        let alone = FILE.replace("['configuration']", "'configuration'");
        let alone = Toml.read(&alone, "/".as_ref()).unwrap();
        assert_eq!(alone.station.allow, file.station.allow, "one value is a list of one");
        assert_eq!(plan.station.call.0, ["tcp://b.example:2"]);
    }

    #[test]
    fn a_centre_gets_no_more_rights_no_other_secret_and_no_other_place_by_it() {
        let station = "[station]\nname = 'pump'\ncall = 'tcp://a.example:1'\n";
        for (text, place) in [
            (FILE.replace("'configuration'", "'configuration', 'writes'"), "[station] allow"),
            (FILE.replace("/secret", "/etc/shadow"), "[station] login"),
            (FILE.replace("'pump'\ncall", "'other'\ncall"), "[station] name"),
            (FILE.replace("10.0.0.1", "10.0.0.2"), "[[bus]] lan"),
            (
                format!("{station}[[bus]]\nname = 'new'\nserial = {{ device = '/dev/sda' }}\n"),
                "[[bus]] new",
            ),
            (station.replace("tcp://a.example:1", "exec:/bin/sh"), "[station] call"),
            (
                format!("{station}[[device]]\nname = 'm'\nbus = 'lan'\nunit = 1\n"),
                "[[device]] m bus",
            ),
        ] {
            let refused = with(&text).unwrap_err();
            assert!(refused.starts_with(place), "{refused}");
        }
        let closed = Toml.read(&FILE.replace("'configuration'", ""), "/".as_ref()).unwrap();
        assert!(read(&Toml, &closed, FILE).unwrap_err().contains("doesn't allow configuration"));
    }
}
