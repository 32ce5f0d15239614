//! What a modem remembers, in a box that idle modems don't have.

use std::collections::VecDeque;
use std::time::Duration;

use at::dial::Dial;
use at::result::Cause;
use clock::Instant;

use crate::call::{Call, Direction};
use crate::caller::CallerText;
use crate::limits::{HELD_AT_MOST, REMEMBERED_CALLS, TYPE_AHEAD};
use crate::settings::SettingError;

/// What a modem remembers.
#[derive(Debug, Default)]
pub(crate) struct Memory(Option<Box<Remembered>>);

/// What there may be to remember.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    /// For `ATDL`.
    pub(crate) last_dialled: Option<Dial>,
    /// Digits of dial commands that ended in `;`.
    pub(crate) gathered: Option<Dial>,
    /// For `+VRID`.
    pub(crate) last_caller: Option<CallerText>,
    /// Bytes that came while a command executed.
    pub(crate) type_ahead: Vec<u8>,
    /// A profile that could not be loaded whole, for the log.
    pub(crate) bad_profile: Option<(u8, SettingError)>,
    /// The last calls, the latest first.
    calls: VecDeque<CallRecord>,
    /// Whether the driver could not keep all that is stored.
    is_unkept: bool,
}

/// Whether there is room for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Left,
    Full,
}

/// One call that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallRecord {
    pub(crate) direction: Direction,
    pub(crate) party: Box<str>,
    pub(crate) cause: Cause,
    pub(crate) lasted: Option<Duration>,
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

impl Memory {
    /// What is remembered, if anything ever was.
    pub(crate) fn get(&self) -> Option<&Remembered> {
        self.0.as_deref()
    }

    /// What is remembered, to remember more.
    pub(crate) fn make(&mut self) -> &mut Remembered {
        self.0.get_or_insert_default()
    }

    /// Keeps a byte that came while a command executed.
    pub(crate) fn type_ahead(&mut self, byte: u8) -> Room {
        let kept = &mut self.make().type_ahead;
        // One more read may be under way.
        if kept.len() < 2 * TYPE_AHEAD {
            kept.push(byte);
        }
        if kept.len() < TYPE_AHEAD { Room::Left } else { Room::Full }
    }

    /// Keeps bytes that came while a command line waits for what it has stored: all of them may be commands, or data
    /// behind an `O`. A driver that goes on after the modem wants no more is not trusted beyond a limit.
    pub(crate) fn typed_behind(&mut self, bytes: &[u8]) {
        let kept = &mut self.make().type_ahead;
        let room = (TYPE_AHEAD + HELD_AT_MOST).saturating_sub(kept.len());
        kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// Takes the bytes that came while a command executed.
    pub(crate) fn take_type_ahead(&mut self) -> Vec<u8> {
        self.0.as_mut().map(|known| std::mem::take(&mut known.type_ahead)).unwrap_or_default()
    }

    /// Whether the disk has all that is stored.
    pub(crate) fn stored(&mut self, is_kept: bool) {
        match &mut self.0 {
            Some(known) => known.is_unkept = !is_kept,
            None if is_kept => {}
            None => self.make().is_unkept = true,
        }
    }

    /// Whether the disk lacks something that is stored.
    pub(crate) fn is_unkept(&self) -> bool {
        self.get().is_some_and(|known| known.is_unkept)
    }

    /// Takes the digits gathered so far.
    pub(crate) fn take_gathered(&mut self) -> Option<Dial> {
        self.0.as_mut()?.gathered.take()
    }

    /// Takes what is to be said about a profile.
    pub(crate) fn take_bad_profile(&mut self) -> Option<(u8, SettingError)> {
        self.0.as_mut()?.bad_profile.take()
    }

    /// Remembers a call that is over.
    pub(crate) fn call_ended(&mut self, call: Call, cause: Cause, now: Instant) {
        let calls = &mut self.make().calls;
        calls.truncate(REMEMBERED_CALLS - 1);
        calls.push_front(CallRecord {
            direction: call.direction,
            party: call.party,
            cause,
            lasted: call.connected.map(|connected| now.since(connected)),
            sent: call.sent,
            received: call.received,
        });
    }

    /// So many bytes of the last call that was up are told of only now.
    pub(crate) fn was_carried(&mut self, bytes: u64) {
        let calls = self.0.iter_mut().flat_map(|known| &mut known.calls);
        if let Some(call) = calls.into_iter().find(|call| call.lasted.is_some()) {
            call.received += bytes;
        }
    }

    /// The last calls, the latest first.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &CallRecord> {
        self.0.iter().flat_map(|known| &known.calls)
    }
}
