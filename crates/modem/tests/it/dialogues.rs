//! Every dialogue of `tests/dialogues` goes as it is written there. `UPDATE=1` rewrites them.

use std::fmt::Write;
use std::path::Path;

use crate::script;

#[test]
fn dialogues_go_as_they_are_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues");
    let update = std::env::var_os("UPDATE").is_some();
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    let mut differences = String::new();
    for path in paths {
        let written = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let replayed = std::panic::catch_unwind(|| script::replay(&written))
            .unwrap_or_else(|_| panic!("in {name}"));
        if replayed == written {
            continue;
        }
        if update {
            std::fs::write(&path, replayed).unwrap();
        } else {
            let place = written.lines().zip(replayed.lines()).position(|(a, b)| a != b);
            let place = place.unwrap_or(written.lines().count().min(replayed.lines().count()));
            let line = |text: &str| text.lines().nth(place).unwrap_or("(end)").to_owned();
            let _ = writeln!(
                differences,
                "{name}:{}\n  written: {}\n  now:     {}",
                place + 1,
                line(&written),
                line(&replayed)
            );
        }
    }
    assert!(differences.is_empty(), "dialogues went otherwise (UPDATE=1 accepts):\n{differences}");
}
