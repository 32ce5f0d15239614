//! Lines of the audit log, each of which holds the hash of the one before.

use blake2::{Blake2b256, Digest as _};
use clock::Civil;

use super::Stamped;
use crate::hex;

/// The end of a chain: what the next line is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// How many lines there were.
    pub(super) lines: u64,
    /// The hash of the last one, or of nothing.
    pub(super) hash: [u8; 32],
}

impl Head {
    /// Where a new chain begins.
    pub(super) const START: Self = Self { lines: 0, hash: [0; 32] };

    /// The chain with a line more, whatever it says.
    pub(super) fn after(self, line: &[u8]) -> Self {
        Self { lines: self.lines.saturating_add(1), hash: Blake2b256::digest(line).into() }
    }

    /// The next line, without its end.
    pub(super) fn line(self, stamped: &Stamped) -> String {
        let Stamped { at, event } = stamped;
        let mut line = format!(
            "{{\"n\":{},\"before\":\"{}\",\"at\":\"{:.3}\",\"what\":",
            self.lines + 1,
            hex::encode(&self.hash),
            Civil::from(*at)
        );
        text(&mut line, event.what);
        for (name, value) in &event.facts {
            line.push(',');
            text(&mut line, name);
            line.push(':');
            text(&mut line, value);
        }
        line.push('}');
        line
    }
}

/// What a line says of its place, if it is one of ours.
pub(super) fn place(line: &[u8]) -> Option<(u64, [u8; 32])> {
    let line = std::str::from_utf8(line).ok()?;
    let rest = line.strip_prefix("{\"n\":")?;
    let (n, rest) = rest.split_once(",\"before\":\"")?;
    let (before, _) = rest.split_once("\",\"at\":\"")?;
    if !line.ends_with('}') {
        return None;
    }
    Some((n.parse().ok()?, hex::decode(before)?))
}

/// A JSON string.
fn text(line: &mut String, text: &str) {
    line.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => line.extend(['\\', c]),
            c if c.is_control() || !c.is_ascii() => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    line.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => line.push(c),
        }
    }
    line.push('"');
}
