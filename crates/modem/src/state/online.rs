//! Data passes both ways.

use std::time::Duration;

use at::result::{Cause, ResultCode};
use clock::Instant;

use super::ending::{end, end_with, tell_far_end};
use super::{CALL_OVER, OnlineCommand, State, refuse_second_caller};
use crate::call::{Call, Direction};
use crate::core::{Carrier, Core};
use crate::input::{CallEvent, Connected};
use crate::output::{Action, Note};
use crate::persona::{DataEcho, DataParity, DtrResult, PathLoss};
use crate::port::Port;
use crate::table::{
    BREAK_ACTION, BREAK_LENGTH, BREAK_SELECTION, DATA_ECHO, IDLE_MINUTES, LONG_SPACE, S10, S19, S30,
};
use crate::timer::Timer;
use crate::watch::{Found, Watch};
use crate::{connect, execute};

/// S10 with this value: as if there always were a carrier.
const FOR_EVER: u32 = 255;

/// A BREAK towards the far end whose length the equipment did not tell.
const BREAK_SENT: Duration = Duration::from_millis(300);

/// Data passes both ways.
pub(crate) struct Online {
    call: Call,
    watch: Watch,
    /// When data last passed, in either direction.
    activity: Instant,
    echo: Echo,
    parity: DataParity,
}

/// Whether the equipment's data comes back to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Echo {
    Off,
    On,
}

impl Online {
    /// A call is established: circuits, result codes, then data after a moment.
    pub(crate) fn connect(
        mut call: Call,
        connected: Connected,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        establish(&mut call, &connected, core, port);
        connect::say(&call, core, port);
        Self::begin(call, core, port)
    }

    /// `O`: back to the data.
    pub(crate) fn resume(call: Call, core: &mut Core, port: &mut Port<'_>) -> State {
        core.clear_timer(Timer::FarEnd);
        connect::say_again(&call, core, port);
        Self::begin(call, core, port)
    }

    fn begin(call: Call, core: &mut Core, port: &mut Port<'_>) -> State {
        if call.delay.is_zero() && call.held.is_empty() && call.gone.is_none() {
            core.clear_timer(Timer::Pause);
        } else {
            core.set_timer(Timer::Pause, port, call.delay);
        }
        arm_idle(core, port);
        let online = Self {
            watch: Watch::begin(core, port.now()),
            activity: port.now(),
            echo: echo(&call, core),
            parity: core.persona().online.data_parity,
            call,
        };
        State::Online(Box::new(online))
    }

    /// Passes data on without taking the state apart: the way of nearly all bytes of a call. Returns
    /// how the data state is left, and after how many bytes.
    pub(crate) fn pass(
        &mut self,
        bytes: &[u8],
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> Option<Left> {
        let found = self.watch.look(bytes, port.now(), &mut core.recogniser);
        let released = self.watch.take_released();
        self.send(released.bytes(), port);
        core.clear_timer(Timer::Guard);
        match found {
            Found::Data => self.send(bytes, port),
            Found::Part(until) => {
                if let Some(until) = until {
                    core.timers.set(Timer::Guard.index(), until);
                }
                if !self.watch.holds_back() {
                    self.send(bytes, port);
                }
            }
            Found::Escape(place) | Found::EscapeWithLine(place) => {
                self.send(bytes.get(..place).unwrap_or(bytes), port);
                let with_line = matches!(found, Found::EscapeWithLine(_));
                return Some(if with_line { Left::WithLine(place) } else { Left::Alone(place) });
            }
        }
        None
    }

    /// The call.
    pub(super) fn call_record(&self) -> &Call {
        &self.call
    }

    fn send(&mut self, bytes: &[u8], port: &mut Port<'_>) {
        if bytes.is_empty() || self.call.gone.is_some() {
            return;
        }
        self.activity = port.now();
        self.call.sent += bytes.len() as u64;
        if self.call.direction == Direction::Looped {
            port.data(bytes);
            return;
        }
        match self.parity {
            DataParity::Transparent => port.line(bytes),
            DataParity::Strip | DataParity::Generate(_) => {
                let stripped: Vec<u8> = bytes.iter().map(|byte| byte & 0x7F).collect();
                port.line(&stripped);
            }
        }
        if self.echo == Echo::On {
            port.echo(bytes);
        }
    }

    fn receive(&mut self, bytes: &[u8], core: &Core, port: &mut Port<'_>) {
        self.activity = port.now();
        if self.holds(core) {
            let lost = self.call.hold(bytes);
            if lost > 0 {
                port.note(Note::Lost(lost));
            }
            return;
        }
        self.call.received += bytes.len() as u64;
        self.deliver(bytes, port);
    }

    fn deliver(&self, bytes: &[u8], port: &mut Port<'_>) {
        if let DataParity::Generate(parity) = self.parity {
            let mut made = bytes.to_vec();
            parity.apply(&mut made);
            port.data(&made);
        } else {
            port.data(bytes);
        }
    }

    /// Whether the far end's bytes wait: the delay after CONNECT isn't over.
    fn holds(&self, core: &Core) -> bool {
        core.timers.get(Timer::Pause.index()).is_some()
    }

    /// Whether the far end's bytes are welcome.
    pub(crate) fn wants_line(&self, core: &Core) -> bool {
        self.call.gone.is_none() && (!self.holds(core) || self.call.has_room())
    }

    /// Whether the far end's bytes go to the equipment as they are.
    pub(crate) fn lets_pass(&self, core: &Core) -> bool {
        self.call.gone.is_none()
            && self.call.direction != Direction::Looped
            && !self.holds(core)
            && !matches!(self.parity, DataParity::Generate(_))
    }

    pub(super) fn bytes(
        mut self: Box<Self>,
        bytes: &mut &[u8],
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        let left = self.pass(bytes, core, port);
        let place = left.map_or(bytes.len(), Left::place);
        *bytes = bytes.get(place..).unwrap_or_default();
        match left {
            None => State::Online(self),
            Some(left) => self.leave(left, core, port),
        }
    }

    /// To command state, and there to the command line if there is one.
    pub(super) fn leave(self, left: Left, core: &mut Core, port: &mut Port<'_>) -> State {
        match left {
            Left::Alone(_) => self.escape(core, port),
            Left::WithLine(_) => {
                let body = core.recogniser.body().to_vec();
                let state = self.into_command(core, port);
                execute::line(state, &body, core, port)
            }
        }
    }

    /// To command state, with an `OK` that says so.
    pub(super) fn escape(self, core: &mut Core, port: &mut Port<'_>) -> State {
        let state = self.into_command(core, port);
        core.result(ResultCode::Ok, port);
        state
    }

    fn into_command(mut self, core: &mut Core, port: &mut Port<'_>) -> State {
        let begun = self.watch.give_up();
        self.send(begun.bytes(), port);
        core.clear_timer(Timer::Guard);
        core.clear_timer(Timer::Pause);
        core.recogniser.reset();
        OnlineCommand::begin(self.call, core, port)
    }

    pub(super) fn dte_break(mut self: Box<Self>, core: &mut Core, port: &mut Port<'_>) -> State {
        if core.settings.number(LONG_SPACE) == 1 {
            return self.hang_up(Cause::LongBreak, core, port);
        }
        if core.settings.number(BREAK_ACTION).is_multiple_of(2) {
            return self.escape(core, port);
        }
        if core.settings.number(BREAK_SELECTION) != 0 && self.has_far_end() {
            self.activity = port.now();
            port.act(Action::Break(BREAK_SENT));
        }
        State::Online(self)
    }

    fn has_far_end(&self) -> bool {
        self.call.direction != Direction::Looped && self.call.gone.is_none()
    }

    /// DTR ends the call.
    pub(super) fn end_by_dtr(self, core: &mut Core, port: &mut Port<'_>) -> State {
        core.recogniser.reset();
        end_by_dtr(self.call, core, port)
    }

    fn hang_up(self, cause: Cause, core: &mut Core, port: &mut Port<'_>) -> State {
        tell_far_end(&self.call, cause, port);
        self.over(cause, core, port)
    }

    /// The call is over. What looked like the beginning of a command line in the data is none.
    fn over(self, cause: Cause, core: &mut Core, port: &mut Port<'_>) -> State {
        core.recogniser.reset();
        end(self.call, cause, core, port)
    }

    pub(super) fn call(
        mut self: Box<Self>,
        event: CallEvent<'_>,
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> State {
        match event {
            CallEvent::Ringing(_) => refuse_second_caller(port),
            _ if self.call.direction == Direction::Looped => {}
            CallEvent::Connected(_) => {
                // The path mended.
                self.call.gone = None;
                core.clear_timer(Timer::FarEnd);
            }
            _ if self.call.gone.is_some() => {}
            CallEvent::Data(bytes) => self.receive(bytes, core, port),
            CallEvent::Passed(bytes) => {
                self.activity = port.now();
                self.call.received += bytes;
            }
            CallEvent::Break => return self.far_end_break(core, port),
            CallEvent::Failed(cause) | CallEvent::Cleared(cause) => {
                return self.cleared(cause, core, port);
            }
            CallEvent::CallerGone => return self.cleared(Cause::RemoteHangUp, core, port),
        }
        State::Online(self)
    }

    fn far_end_break(self: Box<Self>, core: &mut Core, port: &mut Port<'_>) -> State {
        if core.settings.number(LONG_SPACE) == 1 {
            return self.hang_up(Cause::LongBreak, core, port);
        }
        break_to_dte(core, port);
        State::Online(self)
    }

    /// The far end is gone. What it said before is delivered first; a path that broke gets the time
    /// of S10 to mend.
    fn cleared(mut self: Box<Self>, cause: Cause, core: &mut Core, port: &mut Port<'_>) -> State {
        if !self.call.held.is_empty() {
            self.call.gone = Some(cause);
            return State::Online(self);
        }
        match mending_time(cause, core) {
            Mending::No => self.over(cause, core, port),
            Mending::For(time) => {
                core.set_timer(Timer::FarEnd, port, time);
                self.call.gone = Some(cause);
                State::Online(self)
            }
            Mending::ForEver => {
                self.call.gone = Some(cause);
                State::Online(self)
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
            Timer::Guard => match self.watch.silence() {
                None => return self.escape(core, port),
                Some(data) => self.send(data.bytes(), port),
            },
            Timer::Pause => {
                let held = std::mem::take(&mut self.call.held);
                self.deliver(&held, port);
                if let Some(cause) = self.call.gone.take() {
                    return self.cleared(cause, core, port);
                }
            }
            Timer::FarEnd => {
                let cause = self.call.gone.unwrap_or(Cause::PathLost);
                return self.over(cause, core, port);
            }
            Timer::Idle => return self.idle(core, port),
            _ => {}
        }
        State::Online(self)
    }

    /// The idle time has passed since the timer was set; data may have passed since.
    fn idle(self: Box<Self>, core: &mut Core, port: &mut Port<'_>) -> State {
        let Some(limit) = idle_limit(core) else { return State::Online(self) };
        let ends = self.activity + limit;
        if ends > port.now() {
            core.timers.set(Timer::Idle.index(), ends);
            return State::Online(self);
        }
        self.hang_up(Cause::Idle, core, port)
    }
}

/// How data state is left in the middle of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// After so many bytes.
    Alone(usize),
    /// After so many bytes, and the recogniser has a command line to execute.
    WithLine(usize),
}

impl Left {
    /// After how many bytes.
    pub(crate) fn place(self) -> usize {
        match self {
            Self::Alone(place) | Self::WithLine(place) => place,
        }
    }
}

/// A path that broke may mend.
enum Mending {
    No,
    For(Duration),
    ForEver,
}

fn mending_time(cause: Cause, core: &Core) -> Mending {
    let path = matches!(cause, Cause::PathLost | Cause::CarrierDown | Cause::NoRoute);
    if !path || core.persona().online.path_loss == PathLoss::AtOnce {
        return Mending::No;
    }
    match core.settings.number(S10) {
        0 => Mending::No,
        FOR_EVER => Mending::ForEver,
        tenths => Mending::For(Duration::from_millis(100 * u64::from(tenths))),
    }
}

/// Marks a call as up: its record, its number and the circuits.
pub(super) fn establish(
    call: &mut Call,
    connected: &Connected,
    core: &mut Core,
    port: &mut Port<'_>,
) {
    core.clear_timer(Timer::Connect);
    call.connected = Some(port.now());
    call.rate = Some(connect::rate(connected, core));
    call.delay = connected.delay.unwrap_or(core.persona().online.connect_delay);
    core.set_carrier(Carrier::Present, port);
}

/// DTR ends an established call.
pub(super) fn end_by_dtr(call: Call, core: &mut Core, port: &mut Port<'_>) -> State {
    tell_far_end(&call, Cause::DtrDrop, port);
    let code = match core.persona().results.dtr {
        DtrResult::NoCarrier => CALL_OVER,
        DtrResult::Ok => ResultCode::Ok,
    };
    end_with(code, call, Cause::DtrDrop, core, port)
}

/// Passes a BREAK from the far end on, as `+EB` has it.
pub(super) fn break_to_dte(core: &Core, port: &mut Port<'_>) {
    let length = core.settings.number(BREAK_LENGTH);
    if core.settings.number(BREAK_SELECTION) != 0 && length > 0 {
        port.act(Action::BreakToDte(Duration::from_millis(10 * u64::from(length))));
    }
}

/// Starts to watch for silence in both directions.
pub(super) fn arm_idle(core: &mut Core, port: &Port<'_>) {
    match idle_limit(core) {
        Some(limit) => core.set_timer(Timer::Idle, port, limit),
        None => core.clear_timer(Timer::Idle),
    }
}

/// How long a call may be silent: S30, or else `\T`, or else S19.
fn idle_limit(core: &Core) -> Option<Duration> {
    let minute = Duration::from_secs(60);
    let limit = core.persona().online.idle_unit * core.settings.number(S30);
    let minutes = [IDLE_MINUTES, S19].map(|cell| minute * core.settings.number(cell));
    std::iter::once(limit).chain(minutes).find(|limit| !limit.is_zero())
}

fn echo(call: &Call, core: &Core) -> Echo {
    let echoing = match core.persona().online.data_echo {
        DataEcho::Never => return Echo::Off,
        DataEcho::WithF0 => 0,
        DataEcho::WithF1 => 1,
    };
    let on = core.settings.number(DATA_ECHO) == echoing && call.direction != Direction::Looped;
    if on { Echo::On } else { Echo::Off }
}
