//! A call is being established.

use std::time::Duration;

use at::dial::Dial;
use at::result::{Cause, ResultCode};
use clock::Instant;

use super::{Online, OnlineCommand, State, fail, refuse_second_caller};
use crate::call::{Call, Progress};
use crate::core::{Carrier, Core};
use crate::input::{CallEvent, Connected};
use crate::limits::ABORT_GRACE;
use crate::memory::Room;
use crate::output::Action;
use crate::persona::Times;
use crate::port::Port;
use crate::sets;
use crate::table::{S6, S7, S8, S11};
use crate::timer::Timer;

/// A call is being established.
pub(crate) struct Dialling {
    call: Call,
    stay: Stay,
    /// When the command line ended: what follows directly belongs to it.
    since: Instant,
    /// Waits for the dial tone, the commas and the digits, where the persona takes real times.
    waiting: Option<Dial>,
}

/// Where the modem goes once the call is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stay {
    /// To the data.
    GoOnline,
    /// The dial string ended in `;`: to command state.
    InCommand,
}

impl Dialling {
    /// Dials.
    pub(crate) fn begin(
        call: Call,
        dial: Dial,
        stay: Stay,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        // What DTR did before the call is not about the call.
        core.clear_timer(Timer::DtrOff);
        core.clear_timer(Timer::Pause);
        core.set_carrier(Carrier::Absent, port);
        sets::progress(Progress::Begun, core, port);
        let pause = pause_before(&dial, core);
        let mut dialling = Self { call, stay, since: port.now(), waiting: None };
        if pause.is_zero() {
            place(&dial, core, port);
        } else {
            core.set_timer(Timer::Pause, port, pause);
            dialling.waiting = Some(dial);
        }
        State::Dialling(Box::new(dialling))
    }

    /// The call.
    pub(super) fn call_record(&self) -> &Call {
        &self.call
    }

    pub(super) fn bytes(
        self: Box<Self>,
        bytes: &mut &[u8],
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        while let Some((byte, rest)) = bytes.split_first() {
            *bytes = rest;
            if aborts(*byte, self.since, core, port) {
                return self.abort(Cause::DteAbort, core, port);
            }
        }
        State::Dialling(self)
    }

    /// Gives up.
    pub(super) fn abort(self, cause: Cause, core: &mut Core, port: &mut Port<'_>) -> State {
        if self.waiting.is_none() {
            port.act(Action::CancelDial(cause));
        }
        fail(self.call, cause, core, port)
    }

    pub(super) fn call(
        self: Box<Self>,
        event: CallEvent<'_>,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        match event {
            CallEvent::Ringing(_) => refuse_second_caller(port),
            // Nothing was dialled yet: this is about a call that was given up.
            _ if self.waiting.is_some() => {}
            CallEvent::Connected(connected) => return self.connected(connected, core, port),
            CallEvent::Failed(cause) | CallEvent::Cleared(cause) => {
                let cause = sets::failure(cause, &self.call.party, core);
                return fail(self.call, cause, core, port);
            }
            CallEvent::CallerGone
            | CallEvent::Data(_)
            | CallEvent::Passed(_)
            | CallEvent::Break => {}
        }
        State::Dialling(self)
    }

    fn connected(self, connected: Connected, core: &mut Core, port: &mut Port<'_>) -> State {
        // What was typed ahead was for the modem: the far end must not get it.
        core.memory.take_type_ahead();
        sets::progress(Progress::Alerted, core, port);
        match self.stay {
            Stay::GoOnline => Online::connect(self.call, connected, core, port),
            Stay::InCommand => {
                let state = OnlineCommand::connect(self.call, connected, core, port);
                core.result(ResultCode::Ok, port);
                state
            }
        }
    }

    pub(super) fn timer(
        mut self: Box<Self>,
        timer: Timer,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        match timer {
            Timer::Connect => self.abort(Cause::TimedOut, core, port),
            Timer::Pause => {
                if let Some(dial) = self.waiting.take() {
                    place(&dial, core, port);
                }
                State::Dialling(self)
            }
            _ => State::Dialling(self),
        }
    }
}

fn place(dial: &Dial, core: &mut Core, port: &mut Port<'_>) {
    let limit = Duration::from_secs(u64::from(core.settings.number(S7)));
    core.set_timer(Timer::Connect, port, limit);
    port.act(Action::Dial { dial, within: limit });
}

/// How long a telephone would have taken: the dial tone, the commas and the digits.
fn pause_before(dial: &Dial, core: &Core) -> Duration {
    if core.persona().dialling.times == Times::Skipped {
        return Duration::ZERO;
    }
    let count = |wanted: fn(char) -> bool| {
        u64::try_from(dial.text().chars().filter(|&c| wanted(c)).count()).unwrap_or(u64::MAX)
    };
    let seconds = u64::from(core.settings.number(S6))
        .saturating_add(count(|c| c == ',').saturating_mul(u64::from(core.settings.number(S8))));
    // A digit is as long as the silence behind it.
    let tones =
        count(|c| c.is_ascii_digit()).saturating_mul(2 * u64::from(core.settings.number(S11)));
    Duration::from_secs(seconds).saturating_add(Duration::from_millis(tones))
}

/// Whether a byte from the equipment aborts. Line feeds, flow control and fill never do; what comes
/// directly after the command line is kept for later.
pub(super) fn aborts(byte: u8, since: Instant, core: &mut Core, port: &Port<'_>) -> bool {
    const NUL: u8 = 0;
    const LF: u8 = 0x0A;
    const XON: u8 = 0x11;
    const XOFF: u8 = 0x13;
    if matches!(byte & 0x7F, NUL | LF | XON | XOFF) {
        return false;
    }
    if port.now().since(since) >= ABORT_GRACE {
        return true;
    }
    if core.memory.type_ahead(byte) == Room::Full {
        core.timers.set(Timer::Guard.index(), since + ABORT_GRACE);
    }
    false
}
