//! The operator's own terminal.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic;
use std::sync::{Mutex, Once, PoisonError};

use rustix::io::Errno;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::WindowSize;

/// Keeps the terminal on standard input in raw mode until dropped, or until the program panics.
#[derive(Debug)]
pub struct RawTerminal(());

/// The terminal and how it was. A panic hook needs it too: where a panic aborts, nothing is dropped.
static CHANGED: Mutex<Option<(OwnedFd, Termios)>> = Mutex::new(None);

impl RawTerminal {
    /// Enters raw mode; `None` if standard input is no terminal. There is one such guard at a time.
    pub fn enter() -> io::Result<Option<Self>> {
        Self::enter_on(rustix::stdio::stdin())
    }

    fn enter_on(terminal: impl AsFd) -> io::Result<Option<Self>> {
        let before = match tcgetattr(&terminal) {
            Ok(before) => before,
            Err(Errno::NOTTY) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut changed = CHANGED.lock().unwrap_or_else(PoisonError::into_inner);
        if changed.is_some() {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        restore_on_panic();
        let mut raw = before.clone();
        raw.make_raw();
        let terminal = terminal.as_fd().try_clone_to_owned()?;
        tcsetattr(&terminal, OptionalActions::Now, &raw)?;
        *changed = Some((terminal, before));
        Ok(Some(Self(())))
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        restore();
    }
}

fn restore() {
    // Never waited for: the panic may have happened under this very lock.
    let Ok(mut changed) = CHANGED.try_lock() else { return };
    if let Some((terminal, before)) = changed.take() {
        let _ = tcsetattr(terminal, OptionalActions::Now, &before);
    }
}

fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let next = panic::take_hook();
        panic::set_hook(Box::new(move |message| {
            // First, so that the message is readable.
            restore();
            next(message);
        }));
    });
}

/// Rows and columns of the terminal on standard output or input; `None` without one or if it doesn't
/// know.
pub fn terminal_size() -> Option<WindowSize> {
    let size = tcgetwinsize(rustix::stdio::stdout())
        .or_else(|_| tcgetwinsize(rustix::stdio::stdin()))
        .ok()?;
    Some(WindowSize::from(size)).filter(|size| size.rows > 0 && size.columns > 0)
}

/// Changes of the terminal's size.
#[derive(Debug)]
pub struct Resizes(Signal);

impl Resizes {
    /// Starts watching. Must be called inside a tokio runtime.
    pub fn new() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::window_change())?))
    }

    /// The size after the next change. May be dropped and called again.
    pub async fn next(&mut self) -> WindowSize {
        loop {
            if self.0.recv().await.is_none() {
                std::future::pending::<()>().await;
            }
            if let Some(size) = terminal_size() {
                return size;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::forget;

    use rustix::termios::LocalModes;

    use super::*;
    use crate::pty::Master;

    // One test, for there is one guard in a process.
    #[test]
    fn raw_mode_ends_with_the_guard_and_with_a_panic() {
        let master = Master::create().unwrap();
        let terminal = master.open_slave().unwrap();
        let is_raw = || {
            !tcgetattr(&terminal)
                .unwrap()
                .local_modes
                .contains(LocalModes::ICANON | LocalModes::ECHO)
        };
        assert!(!is_raw());

        let guard = RawTerminal::enter_on(&terminal).unwrap().unwrap();
        assert!(is_raw());
        assert!(RawTerminal::enter_on(&terminal).is_err());
        drop(guard);
        assert!(!is_raw());

        // As in a build that aborts on panic, nothing is dropped.
        forget(RawTerminal::enter_on(&terminal).unwrap());
        assert!(is_raw());
        assert!(panic::catch_unwind(|| panic!("on purpose")).is_err());
        assert!(!is_raw());

        let (pipe, _other) = io::pipe().unwrap();
        assert!(RawTerminal::enter_on(pipe).unwrap().is_none());
    }

    #[tokio::test]
    async fn a_change_of_size_is_a_signal_and_no_terminal_is_no_size() {
        let mut resizes = Resizes::new().unwrap();
        let next = tokio::time::timeout(std::time::Duration::ZERO, resizes.next()).await;
        assert!(next.is_err());
    }
}
