//! The operator's own terminal.

use std::io;

use crate::WindowSize;

/// Puts the terminal on standard input into raw mode until dropped, also when the program panics.
#[derive(Debug)]
pub struct RawTerminal {}

impl RawTerminal {
    /// Enters raw mode; `None` if standard input is no terminal.
    pub fn enter() -> io::Result<Option<Self>> {
        Ok(None)
    }
}

/// Rows and columns of the terminal on standard input or output; `None` without one.
pub fn terminal_size() -> Option<WindowSize> {
    None
}

/// Changes of the terminal's size.
#[derive(Debug)]
pub struct Resizes {}

impl Resizes {
    /// Starts watching. Must be called inside a tokio runtime.
    pub fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The size after the next change. May be dropped and called again.
    pub async fn next(&mut self) -> WindowSize {
        std::future::pending().await
    }
}
