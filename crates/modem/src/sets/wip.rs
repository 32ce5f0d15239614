//! Wavecom's TCP/IP commands in a modem: what the machine of the crate `wip` does becomes lines, result codes
//! and data.

use std::ops::ControlFlow;
use std::time::Duration;

#[cfg(feature = "gsm")]
use ::wip::Radio;
use ::wip::{Action as Net, Channel, Code, Event, Indication, Memory, Out, Wip};
use at::result::ResultCode;
use clock::Instant;

use super::facts::Resume;
use super::{Answer, Facts, Named, Said, cme};
use crate::core::{Carrier, Core};
use crate::keeping::Unkept;
use crate::output::Action;
use crate::port::Port;
use crate::state::State;
use crate::stored::Stored;
use crate::timer::Timer;
use crate::watch::{Found, Watch};

/// The configuration could not be written to the flash.
const NOT_WRITTEN: u16 = 820;
/// It could not be freed there.
const NOT_FREED: u16 = 821;

/// What a modem with these commands remembers.
#[derive(Debug)]
pub(crate) struct Part {
    machine: Wip,
    /// The application that has these commands can be stopped by `+WOPEN`.
    application: Application,
    /// Whether the application has stopped since the machine was last looked at, and all its sockets with it.
    restart: bool,
    /// Whether the radio network is gone since.
    radio_lost: bool,
    /// Why the equipment doesn't have its socket or file any more.
    dropped: Option<Dropped>,
}

/// Why the equipment doesn't have its socket or file any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dropped {
    /// The file is done.
    Done,
    /// The connection has ended, in these words.
    Ended(&'static str),
    Failed(Code),
}

/// Whether the application that has the commands runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Application {
    Stopped,
    Running,
}

#[cfg(feature = "gsm")]
impl From<super::gsm::Runs> for Application {
    fn from(runs: super::gsm::Runs) -> Self {
        match runs {
            super::gsm::Runs::No => Self::Stopped,
            super::gsm::Runs::Yes => Self::Running,
        }
    }
}

/// The silences around `+++`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum EscapeGuard {
    /// Before and after it.
    #[default]
    Both,
    /// Before it only, for clients in a hurry.
    Before,
}

/// The equipment has a socket.
pub(crate) struct Mapped {
    watch: Watch,
}

impl Part {
    pub(super) fn new(facts: &Facts, stored: &Stored) -> Self {
        let mut machine = Wip::new(facts.rules());
        for memory in Memory::ALL {
            if let Some(text) = stored.module(name(memory)) {
                machine.remember(memory, text);
            }
        }
        Self {
            machine,
            application: Application::Running,
            restart: false,
            radio_lost: false,
            dropped: None,
        }
    }

    /// The application is started or stopped.
    #[cfg(feature = "gsm")]
    pub(super) fn set_application(&mut self, application: Application) {
        self.application = application;
        self.restart |= application == Application::Stopped;
    }

    /// The module starts anew.
    #[cfg(feature = "gsm")]
    pub(super) const fn start_anew(&mut self) {
        self.restart = true;
    }

    /// What bearers over radio can count on from now on.
    #[cfg(feature = "gsm")]
    pub(super) fn set_radio(&mut self, radio: Radio) {
        self.machine.set_radio(radio);
        self.radio_lost |= radio != Radio::There;
    }

    /// The context of a bearer that is started, and its address.
    #[cfg(feature = "gsm")]
    pub(super) fn context(&self) -> Option<(u8, std::net::Ipv4Addr)> {
        self.machine.context()
    }

    /// Contexts end, and a bearer that is one of them.
    #[cfg(feature = "gsm")]
    pub(super) fn contexts_end(&mut self, contexts: &[u8]) {
        self.radio_lost |= self.context().is_some_and(|(own, _)| contexts.contains(&own));
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.machine.deadline()
    }

    pub(super) const fn has_news(&self) -> bool {
        self.dropped.is_some() || self.restart || self.radio_lost
    }

    pub(crate) fn wants(&self, channel: Channel) -> bool {
        self.machine.wants(channel)
    }

    pub(crate) fn mapped(&self) -> Option<Channel> {
        self.machine.mapped()
    }
}

/// The name under which a modem stores it.
const fn name(memory: Memory) -> &'static str {
    match memory {
        Memory::Stack => "wip-stack",
        Memory::Bearer(1) => "wip-bearer-1",
        Memory::Bearer(2) => "wip-bearer-2",
        Memory::Bearer(4) => "wip-bearer-4",
        Memory::Bearer(5) => "wip-bearer-5",
        Memory::Bearer(_) => "wip-bearer-6",
    }
}

/// Where the machine puts what it does, for the time of one input.
struct Wires<'a, 'p> {
    port: &'a mut Port<'p>,
    /// `SHUTDOWN` between its line ends.
    shutdown: &'a [u8],
    said: Vec<Said>,
    finished: Option<Answer>,
    dropped: Option<Dropped>,
    kept: Option<(Memory, String)>,
    #[cfg(feature = "gsm")]
    now: Option<crate::Moment>,
}

impl Out for Wires<'_, '_> {
    fn act(&mut self, action: Net<'_>) {
        self.port.act(Action::Net(action));
    }

    fn indicate(&mut self, indication: Indication) {
        self.said.push(match indication {
            Indication::Line(line) => Said::Line(line),
            Indication::Minor(line) => Said::Minor(line),
            Indication::Failure(code) => Said::Failure(code.0),
        });
    }

    fn finish(&mut self, answer: ::wip::Answer) {
        self.finished = Some(plain(answer));
    }

    fn data(&mut self, bytes: &[u8]) {
        self.port.data(bytes);
    }

    fn shutdown(&mut self) {
        self.port.data(self.shutdown);
    }

    fn abort(&mut self, code: Code) {
        self.dropped = Some(Dropped::Failed(code));
    }

    fn done(&mut self) {
        self.dropped = Some(Dropped::Done);
    }

    fn ended(&mut self, words: &'static str) {
        self.dropped = Some(Dropped::Ended(words));
    }

    fn keep(&mut self, memory: Memory, text: &str) {
        self.kept = Some((memory, text.to_owned()));
    }

    #[cfg(feature = "gsm")]
    fn date(&self) -> Option<String> {
        Some(self.now?.to_mail())
    }
}

/// An answer without lines.
fn plain(answer: ::wip::Answer) -> Answer {
    match answer {
        ::wip::Answer::Ok(_) => Answer::Ok,
        ::wip::Answer::Words(lines) => Answer::Words(lines),
        ::wip::Answer::Error => Answer::Error,
        ::wip::Answer::Cme(code) => Answer::Cme(code.0),
        ::wip::Answer::Waits => Answer::Waits,
        ::wip::Answer::Data => Answer::Data,
    }
}

/// Has the machine do something.
fn with<T>(
    core: &mut Core,
    port: &mut Port<'_>,
    does: impl FnOnce(&mut Wip, &mut Wires<'_, '_>) -> T,
) -> Option<T> {
    let format = core.format();
    let mut shutdown = vec![format.cr, format.lf];
    shutdown.extend_from_slice(b"SHUTDOWN");
    shutdown.extend_from_slice(&[format.cr, format.lf]);
    #[cfg(feature = "gsm")]
    let now = match core.sets.get()?.gsm.as_ref() {
        Some(part) => part.known_moment(core, port),
        None => port.wall_time(),
    };
    let inner = core.sets.get_mut()?;
    let mut wires = Wires {
        port,
        shutdown: &shutdown,
        said: Vec::new(),
        finished: None,
        dropped: None,
        kept: None,
        #[cfg(feature = "gsm")]
        now,
    };
    let done = does(&mut inner.wip.machine, &mut wires);
    let Wires { said, finished, dropped, kept, port, .. } = wires;
    said.into_iter().for_each(|said| inner.say(said));
    inner.finished = finished.or(inner.finished.take());
    inner.wip.dropped = dropped.or(inner.wip.dropped.take());
    if let Some((memory, text)) = kept {
        let kept = core.stored.set_module(name(memory), &text);
        let code = if text.is_empty() { NOT_FREED } else { NOT_WRITTEN };
        core.keep(kept, Some(Unkept::Cme(code)), port);
    }
    Some(done)
}

/// Whether one of these has this name.
pub(super) fn knows(name: &str) -> bool {
    name.strip_prefix('+').is_some_and(Wip::has_command)
        || name.strip_prefix('#').is_some_and(Wip::has_vendor_command)
}

/// Executes a command if it is one of these.
pub(super) fn command(
    named: &Named<'_>,
    state: &State,
    core: &mut Core,
    port: &mut Port<'_>,
) -> Option<Answer> {
    if named.mark != b'+' || !named.name.starts_with("WIP") {
        return None;
    }
    if core.sets.get_mut()?.wip.application == Application::Stopped {
        return Some(Answer::Error);
    }
    execute(named, state, core, port, |wip, now, out| wip.command(now, named.name, named.act, out))
}

/// Executes a command with `#`, if it is one of these.
pub(super) fn vendor_command(
    named: &Named<'_>,
    state: &State,
    core: &mut Core,
    port: &mut Port<'_>,
) -> Option<Answer> {
    if core.sets.get_mut()?.wip.application == Application::Stopped {
        return Some(Answer::Error);
    }
    execute(named, state, core, port, |wip, now, out| {
        wip.vendor_command(now, named.name, named.act, out)
    })
}

fn execute(
    named: &Named<'_>,
    state: &State,
    core: &mut Core,
    port: &mut Port<'_>,
    does: impl FnOnce(&mut Wip, Instant, &mut Wires<'_, '_>) -> Option<::wip::Answer>,
) -> Option<Answer> {
    if matches!(named.name, "WIPFILE" | "OTCP") && !matches!(state, State::Command) {
        return Some(Answer::Cme(cme::NOT_ALLOWED));
    }
    let now = port.now();
    let answer = with(core, port, |wip, out| does(wip, now, out))??;
    if answer == ::wip::Answer::Data && !matches!(state, State::Command) {
        // A call or a caller has the line.
        with(core, port, |wip, out| wip.leave(now, out));
        return Some(Answer::Cme(cme::NOT_ALLOWED));
    }
    if let ::wip::Answer::Ok(lines) = &answer {
        // Each between line ends of its own.
        for line in lines {
            core.information(std::slice::from_ref(line), port);
        }
    }
    Some(plain(answer))
}

/// A file could be passed, and a call or a caller has the line meanwhile.
pub(super) fn decline(core: &mut Core, port: &mut Port<'_>) -> Answer {
    let now = port.now();
    with(core, port, |wip, out| wip.leave(now, out));
    Answer::Cme(cme::NOT_ALLOWED)
}

/// `O`: back to the last socket, where the persona has that.
pub(super) fn resume(state: &State, core: &mut Core, port: &mut Port<'_>) -> Option<Answer> {
    if core.persona().sets.resume == Resume::No || !matches!(state, State::Command) {
        return None;
    }
    with(core, port, |wip, _| wip.resume())?.map(plain)
}

/// `CONNECT`: the equipment has a socket.
pub(super) fn connect(core: &mut Core, port: &mut Port<'_>) -> State {
    core.set_carrier(Carrier::Present, port);
    match core.sets.get().and_then(|inner| inner.wip.machine.greeting()) {
        Some(words) => core.information(&[words.to_owned()], port),
        None => core.result(ResultCode::Connect(None), port),
    }
    let facts = &core.persona().sets;
    let watch = Watch::of_socket(core, port.now(), facts.escape);
    with(core, port, |wip, out| wip.connected(out));
    State::Set(Box::new(super::Stage::Mapped(Mapped { watch })))
}

/// Back to command state, as the equipment asked.
pub(super) fn leave(core: &mut Core, port: &mut Port<'_>) -> State {
    let now = port.now();
    let lines = with(core, port, |wip, out| wip.leave(now, out)).unwrap_or_default();
    gone(core, port);
    for line in &lines {
        core.information(std::slice::from_ref(line), port);
    }
    core.result(ResultCode::Ok, port);
    State::Command
}

/// The circuits and timers of data state.
fn gone(core: &mut Core, port: &mut Port<'_>) {
    core.clear_timer(Timer::Guard);
    core.recogniser.reset();
    core.set_carrier(Carrier::Absent, port);
}

impl Mapped {
    /// Bytes of the equipment; breaks if they lead to command state.
    pub(super) fn bytes(
        &mut self,
        bytes: &mut &[u8],
        core: &mut Core,
        port: &mut Port<'_>,
    ) -> ControlFlow<()> {
        let read = std::mem::take(bytes);
        let found = self.watch.look(read, port.now(), &mut core.recogniser);
        let released = self.watch.take_released();
        if !released.bytes().is_empty() {
            self.goes_on(released.bytes(), core, port);
        }
        core.clear_timer(Timer::Guard);
        match found {
            Found::Data => self.goes_on(read, core, port),
            Found::Part(until) => {
                if let Some(until) = until {
                    core.timers.set(Timer::Guard.index(), until);
                }
                with(core, port, |wip, _| wip.escape_begun());
            }
            Found::Escape(place) | Found::EscapeWithLine(place) => {
                let (data, rest) = read.split_at_checked(place).unwrap_or((read, &[]));
                // Without a silence behind it the sequence is the end of what was read.
                let data = data.strip_suffix(b"+++").unwrap_or(data);
                self.goes_on(data, core, port);
                *bytes = rest;
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    fn goes_on(&self, bytes: &[u8], core: &mut Core, port: &mut Port<'_>) {
        let now = port.now();
        with(core, port, |wip, out| {
            wip.escape_forgotten(out);
            wip.equipment(now, bytes, out);
        });
    }

    /// The silence after a sequence, or within it, is over; breaks if it was an escape.
    pub(super) fn silence(&mut self, core: &mut Core, port: &mut Port<'_>) -> ControlFlow<()> {
        match self.watch.silence() {
            None => ControlFlow::Break(()),
            Some(data) => {
                self.goes_on(data.bytes(), core, port);
                ControlFlow::Continue(())
            }
        }
    }

    /// Something other than the sequence leads to command state: what was held back of one is data.
    pub(super) fn give_up(&mut self, core: &mut Core, port: &mut Port<'_>) {
        let begun = self.watch.give_up();
        self.goes_on(begun.bytes(), core, port);
    }
}

/// The machine's deadline is reached.
pub(super) fn due(core: &mut Core, port: &mut Port<'_>) {
    let now = port.now();
    with(core, port, |wip, out| wip.due(now, out));
}

/// News of the sockets.
pub(crate) fn event(state: State, event: Event<'_>, core: &mut Core, port: &mut Port<'_>) -> State {
    let now = port.now();
    with(core, port, |wip, out| wip.event(now, event, out));
    state
}

/// The equipment's socket may have been taken from it.
pub(super) fn news(state: State, core: &mut Core, port: &mut Port<'_>) -> State {
    let part = core.sets.get_mut().map(|inner| &mut inner.wip);
    if part.is_some_and(|part| std::mem::take(&mut part.restart)) {
        with(core, port, |wip, out| wip.restart(out));
    }
    let part = core.sets.get_mut().map(|inner| &mut inner.wip);
    if part.is_some_and(|part| std::mem::take(&mut part.radio_lost)) {
        with(core, port, |wip, out| wip.radio_lost(out));
    }
    let dropped = core.sets.get_mut().and_then(|inner| inner.wip.dropped.take());
    match (state, dropped) {
        (State::Set(stage), Some(why)) if matches!(*stage, super::Stage::Mapped(_)) => {
            gone(core, port);
            match why {
                Dropped::Done => core.result(ResultCode::Ok, port),
                Dropped::Ended(words) => core.information(&[words.to_owned()], port),
                Dropped::Failed(code) => core.cme(code.0, port),
            }
            State::Command
        }
        (state, _) => state,
    }
}

impl EscapeGuard {
    /// The silence behind the sequence, when this is the one before it.
    pub(crate) const fn behind(self, silence: Duration) -> Duration {
        match self {
            Self::Both => silence,
            Self::Before => Duration::ZERO,
        }
    }
}
