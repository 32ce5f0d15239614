//! Exports of what was measured.

use std::process::Stdio;
use std::time::{Duration, UNIX_EPOCH};

use store::{SampleBatch, SampleRow, SampleValue, Settings, Store, quality};

use crate::stage::{Equipment, Stage, trunkline};

/// More than are told in one piece, or read in one.
const COUNT: u64 = 12_000;

/// A centre whose site has measured that many levels, a minute apart, and three states.
fn centre() -> Stage {
    let stage = Stage::new(
        "[exchange]\nstore = \"trunkline.db\"\n[[exchange.listen]]\naddress = \"127.0.0.1:0\"\naccept = [\"raw\"]\n\
         [[account]]\nname = \"pump\"\npassword = \"file:password\"\nservice = \"collector\"\n\
         [[site]]\nname = \"pump\"\n[[site]]\nname = \"other\"\n",
    );
    let store = Store::open(&stage.path("trunkline.db"), &Settings::default()).unwrap();
    let sample = |point: &str, n: u64, value, quality| SampleRow {
        point: point.into(),
        seq: 0,
        at: UNIX_EPOCH + Duration::from_millis(1_700_000_000_250 + n * 60_000),
        value,
        quality,
    };
    let levels: Vec<_> = (0..COUNT)
        .map(|n| sample("level", n, SampleValue::Number(n as f64 / 4.0), quality::GOOD))
        .collect();
    let states = [
        sample("state", 0, SampleValue::Text("=HYPERLINK(\"x\",1)".into()), quality::GOOD),
        sample("state", 1, SampleValue::None, quality::SILENT),
        sample("state", 2, SampleValue::Number(-1.5), quality::UNCERTAIN),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for samples in levels.chunks(5_000).map(<[_]>::to_vec).chain([states.to_vec()]) {
        let batch = SampleBatch { site: "pump".into(), source: String::new(), samples };
        runtime.block_on(store.put_samples(batch).unwrap()).unwrap();
    }
    stage
}

#[test]
fn an_export_has_every_sample_once_with_and_without_an_instance() {
    let mut stage = centre();
    let without = stage.ask(&["samples", "pump"]);
    stage.start(&["run", "--log", "debug"]);
    let with = stage.ask(&["samples", "pump"]);
    assert!(without == with, "the same from the store and over the control socket");
    let rows: Vec<&str> = with.split("\r\n").collect();
    assert_eq!(rows.len() as u64, 1 + COUNT + 3 + 1, "a heading, and an end of the last line");
    assert_eq!(rows[..2], ["point,at,value,quality", "level,2023-11-14T22:13:20.250Z,0,good"]);
    assert!(rows[1..=COUNT as usize].windows(2).all(|pair| pair[0][6..30] < pair[1][6..30]));
    assert_eq!(
        rows[COUNT as usize + 1..],
        [
            "state,2023-11-14T22:13:20.250Z,\"'=HYPERLINK(\"\"x\"\",1)\",good",
            "state,2023-11-14T22:14:20.250Z,,silent",
            "state,2023-11-14T22:15:20.250Z,-1.5,uncertain",
            "",
        ]
    );
    let some = ["samples", "pump", "state", "--since", "2023-11-14T22:14", "--json"];
    let some = stage.ask(&[&some[..], &["--until", "2023-11-14T22:14:59"]].concat());
    assert_eq!(
        some,
        "{\"point\":\"state\",\"at\":\"2023-11-14T22:14:20.250Z\",\"value\":\"\",\"quality\":\"silent\"}\n"
    );
    assert_eq!(stage.ask(&["samples", "other"]), "point,at,value,quality\r\n");

    for (words, said) in [
        (&["samples", "pump", "levl"][..], "no point `levl`; its points are level, state"),
        (&["samples", "pmp"], "no site `pmp`"),
        (&["samples", "pmp", "--store", "trunkline.db"], "no samples of a site `pmp`"),
        (&["samples", "pump", "--since", "yesterday"], "--since"),
        (&["samples"], "SITE"),
    ] {
        let refused = stage.command(words);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && told.contains(said), "{words:?}: {told}");
        assert!(refused.stdout.is_empty(), "{words:?}");
    }
}

#[test]
fn an_export_says_on_a_terminal_how_far_it_is_and_nothing_in_a_pipe() {
    let stage = centre();
    let piped = stage.command(&["samples", "pump", "level"]);
    assert!(piped.status.success() && piped.stderr.is_empty(), "{:?}", piped.stderr);
    let (mut person, terminal) = Equipment::person();
    let mut command = trunkline(stage.folder.path());
    command.args(["samples", "pump", "level"]).stdout(Stdio::piped()).stderr(terminal);
    let child = command.spawn().unwrap();
    drop(command);
    person.expect(" of 12000 samples");
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stdout == piped.stdout);
}
