//! Registration, signal, operator: `+CREG`, `+CGREG`, `+CSQ`, `+COPS`.

use at::body::{ExtendedAct, Value, Values};

use super::charset::Charset;
use super::due::Later;
use super::error::{self, Refusal};
use super::facts::{Evolved, Facts, Registration};
use super::wind::Event;
use super::{Done, Part, Reply, Turn, settings};

/// What the module knows of its network.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// As `+CREG` has it.
    status: u8,
    pub(super) selection: Selection,
    /// How `+COPS?` writes the operator.
    format: u8,
    attached: bool,
}

/// Who chooses the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Selection {
    Automatic,
    Manual,
    /// The module stays off the air.
    Off,
}

/// Whether the module may use the air at all: `+CFUN`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Air {
    #[default]
    On,
    Off,
    /// Off, with as little else as there can be.
    Least,
}

impl Air {
    /// As `+CFUN` has it.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::On => 1,
            Self::Off => 4,
            Self::Least => 0,
        }
    }
}

const IDLE: u8 = 0;
const SEARCHING: u8 = 2;

impl Network {
    pub(super) fn new(facts: &Facts) -> Self {
        Self {
            status: IDLE,
            selection: Selection::Automatic,
            format: facts.operator_format,
            attached: false,
        }
    }

    /// Off the air without a word.
    pub(super) fn go_silent(&mut self) {
        (self.status, self.attached) = (IDLE, false);
    }

    /// As `+CREG` has it.
    pub(super) fn status(&self) -> u8 {
        self.status
    }

    /// Whether calls and messages go.
    pub(super) fn serves(&self) -> bool {
        matches!(self.status, 1 | 5)
    }

    pub(super) fn is_attached(&self) -> bool {
        self.attached
    }

    fn packet_status(&self) -> u8 {
        if self.attached { self.status } else { IDLE }
    }
}

impl Part {
    /// The module may use the air: it searches.
    pub(super) fn search(&mut self, turn: &mut Turn<'_, '_>) {
        if self.is_off_air() || self.network.status != IDLE {
            return;
        }
        self.set_status(SEARCHING, turn);
        let span = turn.facts().search;
        self.agenda.add(turn.now() + span, super::due::Due::Found);
    }

    /// The search is over.
    pub(super) fn found(&mut self, turn: &mut Turn<'_, '_>) {
        if self.network.status == SEARCHING {
            let facts = turn.facts();
            let registration = facts.registration;
            self.network.attached = registration.serves();
            self.set_status(registration.number(), turn);
        }
    }

    /// The module has been on the air for long: everything is as a search would have found it.
    pub(super) fn settled(&mut self, registration: Registration) {
        self.network.status = registration.number();
        self.network.attached = registration.serves();
    }

    /// Off the air, by command or because the module restarts.
    pub(super) fn leave(&mut self, turn: &mut Turn<'_, '_>) {
        self.agenda.forget(|due| matches!(due, super::due::Due::Found));
        let packet_before = self.network.packet_status();
        if std::mem::take(&mut self.network.attached) {
            self.tell_packet_event("NW DETACH", turn);
        }
        self.packet.deactivate();
        let detached = self.network.packet_status();
        self.set_status(IDLE, turn);
        // What has changed since is told; the end of the attachment came before.
        if packet_before != detached && detached == self.network.packet_status() {
            self.tell_packet_status(turn);
        }
    }

    fn set_status(&mut self, status: u8, turn: &mut Turn<'_, '_>) {
        let served = self.network.serves();
        let (before, packet_before) = (self.network.status, self.network.packet_status());
        self.network.status = status;
        crate::sets::radio(turn.core, self);
        if before != status {
            self.tell("+CREG", settings::REGISTRATION, status, turn);
        }
        if packet_before != self.network.packet_status() {
            self.tell_packet_status(turn);
        }
        match (served, self.network.serves()) {
            (false, true) => {
                self.wind(Event::NetworkThere, turn);
                self.hear_time(turn);
                self.tell_packet_radio(turn);
            }
            (true, false) => {
                self.wind(Event::NetworkLost, turn);
                self.tell_packet_radio(turn);
            }
            _ => {}
        }
    }

    /// The network tells the time.
    fn hear_time(&mut self, turn: &mut Turn<'_, '_>) {
        if turn.core.settings.number(settings::CLOCK_FOLLOWS) > 0 {
            self.clock = super::control::Clock::default();
        }
        self.wind(Event::Time, turn);
        if turn.core.settings.number(settings::ZONE_TOLD) > 0 {
            let zone = self.moment(turn).zone();
            turn.indicate(format!("+CTZV: \"{zone}\""));
        }
    }

    /// What `+CSQ` tells.
    pub(super) fn strength(&self, facts: &Facts) -> (u8, u8) {
        if self.is_off_air() || facts.registration == Registration::Searching {
            (99, 99)
        } else {
            (facts.signal, facts.bit_errors)
        }
    }

    fn tell(&self, name: &str, cell: settings::Cell, status: u8, turn: &mut Turn<'_, '_>) {
        let wanted = turn.core.settings.number(cell);
        if wanted > 0 {
            let place = place(name, wanted, status, turn.facts());
            turn.indicate(format!("{name}: {status}{place}"));
        }
    }

    /// The network, or why there is none.
    pub(super) fn service(&self) -> Result<(), Refusal> {
        self.sim.ready()?;
        if self.network.serves() { Ok(()) } else { Err(error::NO_SERVICE) }
    }

    pub(super) fn attach(&mut self, turn: &mut Turn<'_, '_>) {
        let before = self.network.packet_status();
        self.network.attached = self.network.serves();
        crate::sets::radio(turn.core, self);
        self.tell_packet(before, turn);
    }

    pub(super) fn detach(&mut self, turn: &mut Turn<'_, '_>) {
        let before = self.network.packet_status();
        self.network.attached = false;
        self.packet.deactivate();
        crate::sets::radio(turn.core, self);
        self.tell_packet(before, turn);
        self.tell_packet_event("ME DETACH", turn);
    }

    fn tell_packet(&self, before: u8, turn: &mut Turn<'_, '_>) {
        if self.network.packet_status() != before {
            self.tell_packet_status(turn);
        }
    }

    fn tell_packet_status(&self, turn: &mut Turn<'_, '_>) {
        let status = self.network.packet_status();
        self.tell("+CGREG", settings::PACKET_REGISTRATION, status, turn);
        if turn.facts().evolved == Evolved::Present {
            self.tell("+CEREG", settings::EVOLVED_REGISTRATION, status, turn);
        }
    }
}

/// Area and cell, where they are asked for and there is a cell.
fn place(name: &str, wanted: u32, status: u8, facts: &Facts) -> String {
    match (wanted, status) {
        // 27.007, 10.1.22: cells of LTE have eight digits, and 7 is its radio.
        (2, 1 | 5) if name == "+CEREG" => {
            format!(",\"{:04X}\",\"{:08X}\",7", facts.area, facts.cell)
        }
        (2, 1 | 5) => format!(",\"{:04X}\",\"{:04X}\"", facts.area, facts.cell),
        _ => String::new(),
    }
}

/// `+CREG?`; the rest of `+CREG` is a setting like others.
pub(super) fn registration(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    read("+CREG", settings::REGISTRATION, part.network.status, turn)
}

/// `+CGREG?`
pub(super) fn packet_registration(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    read("+CGREG", settings::PACKET_REGISTRATION, part.network.packet_status(), turn)
}

/// `+CEREG`: modules of before LTE don't know it.
pub(super) fn evolved_registration(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.facts().evolved {
        Evolved::Absent => Err(Refusal::Syntax),
        Evolved::Present => {
            read("+CEREG", settings::EVOLVED_REGISTRATION, part.network.packet_status(), turn)
        }
    }
}

fn read(name: &str, cell: settings::Cell, status: u8, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => {
            let wanted = turn.core.settings.number(cell);
            let place = place(name, wanted, status, turn.facts());
            Ok(Done::Lines(vec![format!("{name}: {wanted},{status}{place}")]))
        }
        _ => Ok(Done::Table),
    }
}

/// `+CSQ`
pub(super) fn signal(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Execute | ExtendedAct::Read => {
            let (signal, errors) = part.strength(turn.facts());
            Ok(Done::Lines(vec![format!("+CSQ: {signal},{errors}")]))
        }
        ExtendedAct::Test => Ok(Done::Lines(vec!["+CSQ: (0-31,99),(0-7,99)".to_owned()])),
        ExtendedAct::Set(_) => Err(Refusal::Syntax),
    }
}

/// `+COPS`
pub(super) fn operator(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => {
            part.sim.ready()?;
            Ok(Done::Bytes(vec![part.chosen(turn.facts())]))
        }
        ExtendedAct::Test => {
            part.sim.ready()?;
            Ok(Done::After(turn.facts().scan, Later::Scanned))
        }
        ExtendedAct::Set(values) => choose(part, &with_digits(values), turn),
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

impl Part {
    fn chosen(&self, facts: &Facts) -> Vec<u8> {
        let mode = match self.network.selection {
            Selection::Automatic => 0,
            Selection::Manual => 1,
            Selection::Off => 2,
        };
        if !self.network.serves() {
            return format!("+COPS: {mode}").into_bytes();
        }
        let line = format!("+COPS: {mode},{},", self.network.format).into_bytes();
        [line, name(self.network.format, self.charset, facts)].concat()
    }

    /// The answer to `+COPS=?`.
    pub(super) fn scanned(&self, facts: &Facts) -> Vec<Vec<u8>> {
        let status = match facts.registration {
            Registration::Home | Registration::Roaming => 2,
            Registration::Denied => 3,
            Registration::Searching => return Vec::new(),
        };
        let line = [
            format!("+COPS: ({status},").into_bytes(),
            self.charset.quoted(&facts.operator),
            b",".to_vec(),
            self.charset.quoted(&facts.operator_short),
            format!(",\"{}\")", facts.network).into_bytes(),
        ];
        vec![line.concat()]
    }
}

/// The operator in a format of `+COPS`.
pub(super) fn name(format: u8, charset: Charset, facts: &Facts) -> Vec<u8> {
    match format {
        0 => charset.quoted(&facts.operator),
        1 => charset.quoted(&facts.operator_short),
        _ => facts.network.clone().into_bytes(),
    }
}

/// The values of `+COPS` and `+CPOL`, with a network's number as it was typed: it may begin with zeros.
pub(super) fn with_digits<'a>(values: &Values<'a>) -> Vec<Value<'a>> {
    let mut all: Vec<_> = values.iter().collect();
    if let Some(name @ Value::Number(_)) = all.get_mut(2) {
        let typed = values.raw().split(|byte| *byte == b',').nth(2).unwrap_or_default();
        let digits: String = typed
            .iter()
            .filter(|byte| byte.is_ascii_digit())
            .map(|byte| char::from(*byte))
            .collect();
        *name = Value::Word(digits.into());
    }
    all
}

fn choose(part: &mut Part, values: &[Value<'_>], turn: &mut Turn<'_, '_>) -> Reply {
    let mode = values.first().and_then(Value::number).ok_or(Refusal::Syntax)?;
    if let Some(format) = values.get(1).filter(|value| **value != Value::Omitted) {
        let format = format.number().filter(|format| *format <= 2).ok_or(error::NOT_ALLOWED)?;
        part.network.format = u8::try_from(format).unwrap_or(0);
    }
    match mode {
        3 => Ok(Done::Ok),
        2 => {
            part.network.selection = Selection::Off;
            part.leave(turn);
            Ok(Done::Ok)
        }
        0 | 1 | 4 => {
            part.sim.ready()?;
            let known = match (mode, values.get(2)) {
                (0, _) => true,
                (_, Some(wanted)) => is_ours(wanted, part.charset, turn.facts()),
                (_, None) => return Err(Refusal::Syntax),
            };
            if !known && mode == 1 {
                return Err(error::NO_SERVICE);
            }
            part.network.selection =
                if known && mode != 0 { Selection::Manual } else { Selection::Automatic };
            if part.network.serves() {
                return Ok(Done::Ok);
            }
            part.search(turn);
            // Whoever asks for a network is answered when there is one or none.
            Ok(Done::After(turn.facts().search, Later::Registered))
        }
        _ => Err(error::NOT_ALLOWED),
    }
}

/// Whether this names our operator, in the equipment's characters or as digits.
pub(super) fn is_ours(wanted: &Value<'_>, charset: Charset, facts: &Facts) -> bool {
    let Some(text) = wanted.text() else { return false };
    let spelled = charset.read(text.as_bytes());
    let names = [&facts.operator, &facts.operator_short, &facts.network];
    let is = |text: &str| names.iter().any(|known| known.eq_ignore_ascii_case(text));
    is(text) || spelled.is_some_and(|text| is(&text))
}
