//! What lines cost that nobody uses.

use std::fmt::Write;
use std::io;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::process::Process;
use crate::subject::open_pty;
use crate::table::{heading, row};

/// How long wake-ups are counted.
const WATCH: Duration = Duration::from_secs(10);

pub(crate) fn measure(trunkline: &Path, lines: usize) -> io::Result<()> {
    let (one, _) = run(trunkline, 1)?;
    let (many, wakeups) = run(trunkline, lines)?;
    heading(
        "Idle lines on pseudo-terminals in one process",
        &["private KiB", "bytes per line", "wake-ups in 10 s"],
    );
    row("1 line", &[(one / 1024).to_string(), String::new(), String::new()]);
    let per_line = (many - one) / (lines as u64 - 1).max(1);
    row(
        &format!("{lines} lines"),
        &[(many / 1024).to_string(), per_line.to_string(), wakeups.to_string()],
    );
    Ok(())
}

/// Private memory, and how often the process woke up.
fn run(trunkline: &Path, lines: usize) -> io::Result<(u64, u64)> {
    let folder = tempfile::tempdir()?;
    let mut configuration = String::new();
    let link = |number: usize| folder.path().join(format!("line-{number}"));
    for number in 0..lines {
        // Writing to a String can't fail.
        let _ = write!(
            configuration,
            "[[line]]\nname = \"line-{number}\"\npty = \"{}\"\n\n",
            link(number).display()
        );
    }
    let file = folder.path().join("trunkline.toml");
    std::fs::write(&file, configuration)?;
    let process = Process::start(Command::new(trunkline).arg("run").arg(&file))?;
    // Equipment that is switched on and silent: the usual state of a line.
    let _equipment: Vec<_> =
        (0..lines).map(|number| open_pty(&link(number))).collect::<io::Result<_>>()?;
    sleep(Duration::from_secs(2));
    let before = process.sleeps()?;
    sleep(WATCH);
    Ok((process.private_bytes()?, process.sleeps()? - before))
}
