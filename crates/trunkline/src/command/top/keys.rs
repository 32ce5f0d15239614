//! Keys, as terminals send them.

use std::io::Read as _;

use tokio::sync::mpsc;

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Char(char),
    Enter,
    Backspace,
    Escape,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    /// Ctrl-C, or the terminal's end.
    Leave,
}

/// The keys that are typed.
pub(super) struct Keys {
    pieces: mpsc::Receiver<Vec<u8>>,
    waiting: std::collections::VecDeque<Key>,
}

impl Keys {
    /// Starts to read standard input, on a thread that ends with the process.
    pub(super) fn begin() -> std::io::Result<Self> {
        let (sender, pieces) = mpsc::channel(16);
        std::thread::Builder::new().name("keys".to_owned()).spawn(move || {
            let mut piece = [0; 64];
            while let Ok(count @ 1..) = std::io::stdin().lock().read(&mut piece) {
                let read = piece.get(..count).unwrap_or_default().to_vec();
                if sender.blocking_send(read).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { pieces, waiting: std::collections::VecDeque::new() })
    }

    /// The next key; `None` when there will be none. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Option<Key> {
        loop {
            if let Some(key) = self.waiting.pop_front() {
                return Some(key);
            }
            self.waiting.extend(read(&self.pieces.recv().await?));
        }
    }
}

/// The keys in one piece of input. A sequence comes in one piece; an escape alone is the key.
fn read(mut bytes: &[u8]) -> Vec<Key> {
    const SEQUENCES: [(&[u8], Key); 14] = [
        (b"\x1b[A", Key::Up),
        (b"\x1bOA", Key::Up),
        (b"\x1b[B", Key::Down),
        (b"\x1bOB", Key::Down),
        (b"\x1b[5~", Key::PageUp),
        (b"\x1b[6~", Key::PageDown),
        (b"\x1b[H", Key::Home),
        (b"\x1bOH", Key::Home),
        (b"\x1b[1~", Key::Home),
        (b"\x1b[7~", Key::Home),
        (b"\x1b[F", Key::End),
        (b"\x1bOF", Key::End),
        (b"\x1b[4~", Key::End),
        (b"\x1b[8~", Key::End),
    ];
    let mut keys = Vec::new();
    while let [first, rest @ ..] = bytes {
        if let Some((sequence, key)) = SEQUENCES.iter().find(|(known, _)| bytes.starts_with(known))
        {
            keys.push(*key);
            bytes = bytes.get(sequence.len()..).unwrap_or_default();
            continue;
        }
        match first {
            // An unknown sequence means nothing, and least of all its letters.
            0x1b if matches!(rest, [b'[' | b'O', ..]) => {
                let end = rest.iter().skip(1).position(|byte| matches!(byte, 0x40..=0x7e));
                bytes = end.and_then(|end| rest.get(end + 2..)).unwrap_or_default();
                continue;
            }
            0x1b => keys.push(Key::Escape),
            b'\r' | b'\n' => keys.push(Key::Enter),
            0x7f | 0x08 => keys.push(Key::Backspace),
            0x03 | 0x04 => keys.push(Key::Leave),
            0x20..0x7f => keys.push(Key::Char(char::from(*first))),
            _ => {}
        }
        bytes = rest;
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_keys_and_unknown_ones_nothing() {
        assert_eq!(
            read(b"a\x1b[A\x1b[1;5C\x1b[6~\x1b\x7f\r\x03"),
            [
                Key::Char('a'),
                Key::Up,
                Key::PageDown,
                Key::Escape,
                Key::Backspace,
                Key::Enter,
                Key::Leave
            ]
        );
        assert_eq!(read(b"\x1b[200"), []);
    }
}
