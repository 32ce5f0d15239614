//! Whether an audit log is whole.

use std::io::{self, BufRead, Read as _};

use super::chain::{Head, place};
use crate::{hex, limits};

/// What a whole audit log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many lines it has.
    pub lines: u64,
    /// The number of its last line.
    pub last: u64,
    /// The hash of its last line: kept elsewhere, it shows later that nothing was cut off the end.
    pub hash: String,
    /// Whether it goes on from an earlier file, whose last line had this hash.
    pub goes_on_from: Option<String>,
    /// Lines that a crash has cut short; the ones after them vouch for what there is of them.
    pub torn: u64,
}

/// Why an audit log can't be believed.
#[derive(Debug, thiserror::Error)]
pub enum AuditFault {
    /// It can't be read.
    #[error("it can't be read")]
    Read(#[source] io::Error),
    /// A line isn't the one that was followed by the next.
    #[error(
        "line {line} doesn't follow the one before it: something was changed, added or taken out there"
    )]
    Broken {
        /// Which line of the file, from 1.
        line: u64,
    },
    /// A line is no line of an audit log, and nothing vouches for it.
    #[error("line {line} is no line of an audit log")]
    Foreign {
        /// Which line of the file, from 1.
        line: u64,
    },
    /// A line that was once the last one is missing.
    #[error("no line has the hash {0}: it was cut off, or this is another log")]
    HeadMissing(String),
}

/// Reads an audit log and follows its chain. With `head`, the hash of a line that was the last one at
/// some time, that line must be there.
///
/// What this can't see: whoever may write the file may also write a whole new chain. The hash of a
/// line, kept where he can't reach, tells.
pub fn verify(log: impl BufRead, head: Option<&str>) -> Result<Verified, AuditFault> {
    let mut log = log;
    let mut chain: Option<Head> = None;
    let mut verified =
        Verified { lines: 0, last: 0, hash: String::new(), goes_on_from: None, torn: 0 };
    let mut head_seen = head.is_none();
    // A torn line is only known for one once the next line has vouched for it.
    let mut torn_before = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut bounded = log.by_ref().take(limits::AUDIT_LINE);
        if bounded.read_until(b'\n', &mut line).map_err(AuditFault::Read)? == 0 {
            break;
        }
        verified.lines += 1;
        let number = verified.lines;
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let before = match (place(text), chain) {
            (Some((n, before)), None) => {
                if before != Head::START.hash {
                    verified.goes_on_from = Some(hex::encode(&before));
                }
                Head { lines: n.saturating_sub(1), hash: before }
            }
            (Some((n, before)), Some(chain)) => {
                if before != chain.hash || n != chain.lines.saturating_add(1) {
                    return Err(AuditFault::Broken { line: number });
                }
                verified.torn += u64::from(torn_before.take().is_some());
                chain
            }
            (None, _) if torn_before.is_some() => return Err(AuditFault::Foreign { line: number }),
            (None, chain) => {
                torn_before = Some(number);
                chain.unwrap_or(Head::START)
            }
        };
        let after = before.after(text);
        let hash = hex::encode(&after.hash);
        head_seen |= head.is_some_and(|head| head.eq_ignore_ascii_case(&hash));
        verified.last = after.lines;
        verified.hash = hash;
        chain = Some(after);
    }
    if let Some(line) = torn_before {
        return Err(AuditFault::Foreign { line });
    }
    match head {
        Some(head) if !head_seen => Err(AuditFault::HeadMissing(head.to_owned())),
        _ => Ok(verified),
    }
}
