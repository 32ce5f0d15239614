//! A measured process: started, asked what it used, ended.

use std::fs;
use std::io;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A child process that ends with this value.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
            .spawn()
            .map(Self)
            .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))
    }

    /// Processor time of all threads so far, as the scheduler counted it.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        let mut nanos = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.0.id()))? {
            let figures = fs::read_to_string(task?.path().join("schedstat"))?;
            nanos += first_number(&figures);
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// Bytes of memory that this process alone has written. Pages of the program's file are not counted: they
    /// are private because nobody else runs it, and how many of them the kernel brings along varies.
    pub(crate) fn private_bytes(&self) -> io::Result<u64> {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.0.id()))?;
        Ok(field_of(&rollup, "Private_Dirty:") * 1024)
    }

    /// How often its threads have gone to sleep so far: each time, something had woken them.
    pub(crate) fn sleeps(&self) -> io::Result<u64> {
        let mut sleeps = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.0.id()))? {
            let status = fs::read_to_string(task?.path().join("status"))?;
            sleeps += field_of(&status, "voluntary_ctxt_switches:");
        }
        Ok(sleeps)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn first_number(text: &str) -> u64 {
    text.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn field_of(text: &str, field: &str) -> u64 {
    text.lines().find_map(|line| line.strip_prefix(field)).map_or(0, first_number)
}
