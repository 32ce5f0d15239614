//! What a modem has in every state: settings, circuits, timers, and how it speaks.

use std::sync::Arc;
use std::time::Duration;

use at::body::Reading;
use at::line::{LineChars, Recogniser};
use at::parity::Parity;
use at::result::{Cause, Format, ResultCode, Verbosity, XLevel};
use clock::Timers;

use crate::call::Direction;
use crate::memory::Memory;
use crate::output::{Action, Character, DceLines, Flow};
use crate::persona::{CommandParity, DtrUse, Grammar, Persona, Q2Hides, S0Means, Unknown};
use crate::port::Port;
use crate::sets::Sets;
use crate::settings::Settings;
use crate::stored::Stored;
use crate::table::{
    CARRIER_DETECT, CTS_SOURCE, DSR_SOURCE, DTR_ACTION, ECHO, FORMAT, FORMAT_PARITY, PORT_RATE,
    QUIET, RESULT_SET, S0, S3, S4, S5, S25, VERBOSE,
};
use crate::timer::{TIMERS, Timer};
use crate::{DteLines, flow};

/// What a modem has in every state.
pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) stored: Stored,
    pub(crate) recogniser: Recogniser,
    pub(crate) timers: Timers<TIMERS>,
    /// What only some modems ever need, made when it is first needed.
    pub(crate) memory: Memory,
    /// The port's speed.
    pub(crate) rate: u32,
    /// What the equipment drives; ready until something else is known.
    pub(crate) dte: Option<DteLines>,
    /// What the driver was told last.
    pub(crate) dce: DceLines,
    /// What the command sets of the persona remember.
    pub(crate) sets: Sets,
    pub(crate) hook: Hook,
    pub(crate) carrier: Carrier,
    pub(crate) bell: Bell,
    /// S1.
    pub(crate) rings: u8,
    /// The register that `AT?` and `AT=` are about.
    pub(crate) selected: u16,
}

/// The switch hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    /// Calls can come in.
    On,
    /// `ATH1`: callers find the line busy.
    Off,
}

/// What the circuits say about the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Absent,
    /// The modem picked up and has no carrier yet.
    Answering,
    Present,
    /// Just now lost: what `&C2` shows for a moment.
    Lost,
}

/// The bell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bell {
    Silent,
    Ringing,
}

/// `&D`: what DTR going off does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DtrAction {
    Nothing,
    Escape,
    HangUp,
    Reset,
}

impl Core {
    /// A modem that was just switched on.
    pub(crate) fn new(persona: Arc<Persona>, stored: Stored) -> Self {
        let mut core = Self {
            sets: Sets::of(&persona, &stored),
            rate: persona.online.port_rate,
            settings: Settings::factory(persona),
            stored,
            recogniser: Recogniser::new(),
            timers: Timers::default(),
            memory: Memory::default(),
            dte: None,
            dce: DceLines::default(),
            hook: Hook::On,
            carrier: Carrier::Absent,
            bell: Bell::Silent,
            rings: 0,
            selected: 0,
        };
        core.load_profile(core.stored.power_up());
        core.dce = core.lines();
        if core.end_settings().rate != 0 {
            core.rate = core.end_settings().rate;
        }
        core
    }

    pub(crate) fn persona(&self) -> &Arc<Persona> {
        self.settings.persona()
    }

    pub(crate) fn grammar(&self) -> &Grammar {
        &self.settings.persona().grammar
    }

    /// The factory settings with the stored profile `number`, if there is one, over them. What can't
    /// be loaded, because the persona is another one now, is passed over and remembered for the log.
    pub(crate) fn load_profile(&mut self, number: u8) {
        self.settings.restore_factory();
        if let Some(profile) = self.stored.profile(number)
            && let Err(problem) = self.settings.apply(profile)
        {
            self.memory.make().bad_profile = Some((number, problem));
        }
    }

    /// Sends an information text that is no text of ours.
    #[cfg(feature = "gsm")]
    pub(crate) fn information_bytes(&self, lines: &[Vec<u8>], port: &mut Port<'_>) {
        port.speak(self.parity(), |out| self.format().information_bytes(lines, out));
    }

    /// Asks for a text.
    #[cfg(feature = "gsm")]
    pub(crate) fn prompt(&self, port: &mut Port<'_>) {
        port.speak(self.parity(), |out| self.format().prompt(out));
    }

    // Timers.

    pub(crate) fn set_timer(&mut self, timer: Timer, port: &Port<'_>, span: Duration) {
        self.timers.set(timer.index(), port.now() + span);
    }

    pub(crate) fn clear_timer(&mut self, timer: Timer) {
        self.timers.clear(timer.index());
    }

    // Circuits.

    /// The circuits as the settings and the call have them.
    pub(crate) fn lines(&self) -> DceLines {
        let dcd = match self.settings.number(CARRIER_DETECT) {
            0 => true,
            1 => self.carrier == Carrier::Present,
            _ => self.carrier != Carrier::Lost,
        };
        let ri = self.bell == Bell::Ringing;
        let dsr = match self.settings.number(DSR_SOURCE) {
            1 => matches!(self.carrier, Carrier::Answering | Carrier::Present),
            2 => dcd,
            3 => ri,
            _ => true,
        };
        let cts = match self.settings.number(CTS_SOURCE) {
            0 => self.dte().rts,
            3 => dcd,
            4 => ri,
            _ => true,
        };
        DceLines { dcd, dsr, ri, cts }
    }

    /// Drives the circuits if they have to change.
    pub(crate) fn drive_lines(&mut self, port: &mut Port<'_>) {
        let lines = self.lines();
        if lines != self.dce {
            self.dce = lines;
            port.act(Action::Lines(lines));
        }
    }

    pub(crate) fn set_carrier(&mut self, carrier: Carrier, port: &mut Port<'_>) {
        self.carrier = carrier;
        self.drive_lines(port);
    }

    pub(crate) fn set_bell(&mut self, bell: Bell, port: &mut Port<'_>) {
        self.bell = bell;
        self.drive_lines(port);
    }

    /// What the equipment drives.
    pub(crate) fn dte(&self) -> DteLines {
        self.dte.unwrap_or(DteLines::READY)
    }

    /// What DTR going off does.
    pub(crate) fn dtr_action(&self) -> DtrAction {
        if self.persona().online.dtr == DtrUse::Ignored {
            return DtrAction::Nothing;
        }
        match self.settings.number(DTR_ACTION) {
            0 => DtrAction::Nothing,
            1 => DtrAction::Escape,
            2 => DtrAction::HangUp,
            _ => DtrAction::Reset,
        }
    }

    /// Whether DTR keeps callers out.
    pub(crate) fn dtr_refuses(&self) -> bool {
        !self.dte().dtr && matches!(self.dtr_action(), DtrAction::HangUp | DtrAction::Reset)
    }

    /// S25.
    pub(crate) fn dtr_time(&self) -> Duration {
        Duration::from_millis(10 * u64::from(self.settings.number(S25)))
    }

    // The port.

    /// The character format as `+ICF` has it.
    pub(crate) fn character(&self) -> Character {
        let parity = match self.settings.number(FORMAT_PARITY) {
            0 => Parity::Odd,
            1 => Parity::Even,
            2 => Parity::Mark,
            3 => Parity::Space,
            // Of GSM modules; V.250 ends at 3.
            _ => Parity::None,
        };
        let (data_bits, parity, stop_bits) = match self.settings.number(FORMAT) {
            1 => (8, Parity::None, 2),
            2 => (8, parity, 1),
            3 => (8, Parity::None, 1),
            4 => (7, Parity::None, 2),
            5 => (7, parity, 1),
            6 => (7, Parity::None, 1),
            _ => return Character::Auto,
        };
        Character::Form { data_bits, parity, stop_bits }
    }

    /// What the equipment's end has to be set to.
    pub(crate) fn end_settings(&self) -> EndSettings {
        EndSettings {
            flow: flow::of(&self.settings),
            character: self.character(),
            rate: self.settings.number(PORT_RATE),
        }
    }

    /// Tells the driver what changed since `before`.
    pub(crate) fn apply_end_settings(&mut self, before: EndSettings, port: &mut Port<'_>) {
        let now = self.end_settings();
        if now.flow != before.flow {
            port.act(Action::Flow(now.flow));
        }
        if now.character != before.character {
            port.act(Action::Character(now.character));
        }
        if now.rate != before.rate {
            if now.rate != 0 {
                self.rate = now.rate;
            }
            port.act(Action::Rate(now.rate));
        }
    }

    // Reading.

    pub(crate) fn line_chars(&self) -> LineChars {
        LineChars {
            end: self.settings.byte(S3),
            feed: self.settings.byte(S4),
            feed_ends: self.persona().sets.feed_ends(),
            erase: self.settings.byte(S5),
            delete: self.grammar().delete,
            prefix: self.grammar().prefix,
        }
    }

    pub(crate) fn reading(&self) -> Reading {
        match self.grammar().unknown {
            // Modules have no strict reading: their maker's own test scripts begin with `ATE0;&w`.
            Unknown::Error if !self.persona().sets.is_module() => Reading::Strict,
            Unknown::Ok | Unknown::Error => Reading::Lenient,
        }
    }

    pub(crate) fn echoes(&self) -> bool {
        self.settings.number(ECHO) == 1
    }

    // Speaking.

    pub(crate) fn x(&self) -> XLevel {
        XLevel::new(self.settings.byte(RESULT_SET))
    }

    pub(crate) fn format(&self) -> Format {
        let verbosity = match self.settings.number(VERBOSE) {
            0 => Verbosity::Numeric,
            _ => Verbosity::Verbose,
        };
        Format { verbosity, cr: self.settings.byte(S3), lf: self.settings.byte(S4) }
    }

    fn parity(&self) -> Parity {
        match self.persona().online.command_parity {
            CommandParity::Auto => self.recogniser.parity().unwrap_or_default(),
            CommandParity::Fixed(parity) => parity,
        }
    }

    /// Whether the result code of a command line is sent.
    pub(crate) fn tells_results(&self) -> bool {
        self.settings.number(QUIET) != 1
    }

    /// Whether a result code of a call is sent.
    fn tells_call(&self, code: ResultCode, direction: Direction) -> bool {
        match (self.settings.number(QUIET), self.persona().results.q2) {
            (0, _) => true,
            (2, Q2Hides::Connect) => !matches!(code, ResultCode::Connect(_)),
            (2 | 3, _) => direction != Direction::Answered,
            _ => false,
        }
    }

    /// Whether nothing but another call keeps a caller out.
    pub(crate) fn can_ring(&self) -> Result<(), Cause> {
        crate::sets::can_call(self)?;
        let refuses_all = self.persona().incoming.s0 == S0Means::Switch;
        if self.hook == Hook::Off {
            Err(Cause::OffHook)
        } else if self.dtr_refuses() || refuses_all && self.settings.number(S0) == 0 {
            Err(Cause::NotReady)
        } else {
            Ok(())
        }
    }

    /// Sends the result code of a command line.
    pub(crate) fn result(&self, code: ResultCode, port: &mut Port<'_>) {
        if self.tells_results() {
            let codes = &self.persona().results.codes;
            port.speak(self.parity(), |out| self.format().result(code, codes, out));
        }
    }

    /// Sends a result code that is about a call, with something behind its words.
    pub(crate) fn call_result(
        &self,
        code: ResultCode,
        behind: &str,
        direction: Direction,
        port: &mut Port<'_>,
    ) {
        if self.tells_call(code, direction) {
            let codes = &self.persona().results.codes;
            port.speak(self.parity(), |out| {
                self.format().result_with(code, behind, codes, out);
            });
        }
    }

    /// Sends a line that goes with a call's result codes, and is silent when they are.
    pub(crate) fn call_line(
        &self,
        text: &str,
        with: ResultCode,
        direction: Direction,
        port: &mut Port<'_>,
    ) {
        if self.tells_call(with, direction) {
            port.speak(self.parity(), |out| self.format().extended(text, out));
        }
    }

    /// Sends an information text.
    pub(crate) fn information(&self, lines: &[String], port: &mut Port<'_>) {
        port.speak(self.parity(), |out| self.format().information(lines, out));
    }
}

/// What the settings say about the equipment's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EndSettings {
    pub(crate) flow: Flow,
    pub(crate) character: Character,
    pub(crate) rate: u32,
}
