//! A terminal of our own, for clients that won't talk to anything else.

use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::{Process, Wire, installed};

/// Starts an interactive program on a new terminal: its keyboard and screen, and the program.
pub(crate) fn on_a_terminal(name: &str, program: &Command) -> (Wire, Process) {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pty");
    grantpt(&screen).expect("a pty");
    unlockpt(&screen).expect("a pty");
    let path = ptsname(&screen, Vec::new()).expect("a name of a pty");
    let end =
        open(&*path, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("a pty's other end");
    tcsetwinsize(&end, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 })
        .expect("a pty with a size");

    // A session of its own with this terminal in control, as a login gives it; thereby also a group of its own.
    let mut session = Command::new(installed("/usr/bin/setsid"));
    session.arg("--ctty").arg(program.get_program()).args(program.get_args());
    for (key, value) in program.get_envs() {
        match value {
            Some(value) => session.env(key, value),
            None => session.env_remove(key),
        };
    }
    if let Some(directory) = program.get_current_dir() {
        session.current_dir(directory);
    }
    session.env("TERM", "vt100").env("LC_ALL", "C");
    let copy = || Stdio::from(end.try_clone().expect("a second handle of a pty"));
    session.stdin(copy()).stdout(copy()).stderr(copy());
    let process = Process::start_connected(name, &mut session);
    (Wire::new(name, screen), process)
}
