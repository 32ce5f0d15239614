//! The command set of a GSM module: its card, its network, its messages, its clock.
//!
//! 3GPP TS 27.007 and 27.005 as Wavecom's modules have them, with `+WIND` and `+WOPEN` of Wavecom's own.
//! There is no radio: what the network says is what the persona says of it, and messages go to the driver.

mod about;
mod arrival;
mod bands;
mod book;
mod calls;
mod charset;
mod control;
mod dialled;
mod due;
mod entry;
mod error;
mod facts;
mod files;
mod held;
mod indicators;
mod keeping;
mod keys;
mod mailbox;
mod manual;
mod messages;
mod network;
mod off_air;
mod packet;
mod phonebook;
mod preferred;
mod security;
mod sending;
mod settings;
mod sim;
mod table;
mod wind;
mod wiring;

use std::time::Duration;

use at::question::Question;
use clock::Instant;
pub use sms::{Content, Moment, Number};

use super::{Answer, Named, Said, Set};
use crate::core::Core;
use crate::keeping::Unkept;
use crate::persona::Persona;
use crate::port::Port;
use crate::state::State;
use crate::stored::{Kept, Stored};

pub(crate) use about::information;
pub(crate) use dialled::{begins_ppp, dialled};
pub(crate) use error::Refusal;
pub(crate) use facts::{Facts, StatusFrom};
pub(crate) use held::{Held, awake, dtr_on};
pub(crate) use keys::KEYS;
pub(super) use off_air::{can_call, end_lost_call};
pub(crate) use settings::SETTINGS;
pub(crate) use table::COMMANDS;
pub(crate) use wind::progress;

use due::{Agenda, Due, Later, Sending};
pub use manual::gsm_manual;
use messages::Messages;
use sending::Prompt;
use sim::Sim;

/// A message between two numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortMessage {
    /// Who wrote it.
    pub from: Number,
    /// Whom it is for.
    pub to: Number,
    /// What it says.
    pub content: Content,
}

impl ShortMessage {
    /// A message of plain text; `None` if it is too long for one, which is 160 characters, or 70 where
    /// one is not in the alphabet of messages.
    pub fn of_text(from: Number, to: Number, text: &str) -> Option<Self> {
        Content::of_any_text(text).map(|content| Self { from, to, content })
    }
}

/// What the set remembers.
#[derive(Debug)]
pub(crate) struct Part {
    /// The card as it came from the operator.
    new_sim: Sim,
    sim: Sim,
    bands: bands::Bands,
    air: network::Air,
    network: network::Network,
    preferred: preferred::Preferred,
    packet: packet::Packet,
    packet_radio: bands::PacketRadio,
    services: calls::Services,
    in_call: indicators::InCall,
    /// As it was told last.
    shown: indicators::Shown,
    messages: Messages,
    book: book::Book,
    /// `+CPBS`
    shelf: phonebook::Shelf,
    /// `+WIND`
    indications: u32,
    application: Application,
    centre: Option<Number>,
    charset: charset::Charset,
    clock: control::Clock,
    /// Of the last message that was sent.
    reference: u8,
    prompt: Option<Prompt>,
    power: Power,
    /// What the network has and says nothing of yet.
    sending: Option<Box<Sending>>,
    agenda: Agenda,
}

/// `+CPOF`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Power {
    On,
    Off,
}

/// Whether the application of the TCP/IP commands runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    No,
    Yes,
}

/// Whether a module has come as far as `+WIND: 4` since its start.
#[cfg(feature = "wip")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    No,
    Yes,
}

/// `+WOPEN`: whether the application is there and runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Application {
    Running,
    Stopped,
    Erased,
}

/// One command while it executes.
struct Turn<'t, 'o> {
    named: &'t Named<'t>,
    /// Where the call is, while a command of the equipment's executes.
    state: Option<&'t State>,
    core: &'t mut Core,
    port: &'t mut Port<'o>,
}

/// What a command of the set came to.
enum Done {
    Ok,
    Lines(Vec<String>),
    /// Lines that are no text of ours.
    Bytes(Vec<Vec<u8>>),
    /// Lines without a result code behind them.
    Bare(Vec<String>),
    /// It takes its time.
    After(Duration, Later),
    /// `>`
    Prompt,
    /// The module starts anew, and hears nothing meanwhile.
    Restart(Duration),
    /// The module is off.
    Off,
    /// The table's own rules do the rest.
    Table,
}

type Reply = Result<Done, Refusal>;

impl Part {
    /// A module that has been on for long.
    pub(super) fn of(persona: &Persona, stored: &Stored) -> Option<Box<Self>> {
        persona.sets.has(Set::Gsm).then(|| Box::new(Self::new(persona.sets.gsm(), stored)))
    }

    fn new(facts: &Facts, stored: &Stored) -> Self {
        let new_sim = Sim::new(facts.card, facts.pin.as_ref(), &facts.puk);
        let mut part = Self {
            sim: new_sim.clone(),
            new_sim,
            bands: bands::Bands::new(facts.bands),
            air: network::Air::On,
            network: network::Network::new(facts),
            preferred: preferred::Preferred::default(),
            packet: packet::Packet::default(),
            packet_radio: bands::PacketRadio::default(),
            services: calls::Services::default(),
            in_call: indicators::InCall::No,
            shown: indicators::Shown::default(),
            messages: Messages::with_room(facts.messages),
            book: book::Book::with_room(facts.entries),
            shelf: phonebook::Shelf::default(),
            indications: 0,
            application: if facts.application {
                Application::Running
            } else {
                Application::Stopped
            },
            centre: facts.centre.clone(),
            charset: facts.charset,
            clock: control::Clock::default(),
            reference: 0,
            prompt: None,
            power: Power::On,
            sending: None,
            agenda: Agenda::default(),
        };
        part.remember(stored);
        if part.sim.ready().is_ok() {
            part.settled(facts.registration);
        }
        part.shown = part.indicators(facts);
        part
    }

    /// Whether the application of the TCP/IP commands runs.
    pub(super) fn runs(&self) -> Runs {
        if self.application == Application::Running { Runs::Yes } else { Runs::No }
    }

    /// Whether the card can be used, and the module has come as far as `+WIND: 4` since its start.
    #[cfg(feature = "wip")]
    pub(super) fn card(&self) -> Result<Ready, Refusal> {
        self.sim.ready()?;
        Ok(if self.agenda.has(&Due::Ready) { Ready::No } else { Ready::Yes })
    }

    /// What bearers over radio can count on.
    #[cfg(feature = "wip")]
    pub(super) fn radio(&self) -> ::wip::Radio {
        use ::wip::Radio;
        match self.sim.ready() {
            _ if !self.sim.is_present() => Radio::NoCard,
            Err(_) => Radio::Locked,
            Ok(()) if self.network.is_attached() => Radio::There,
            Ok(()) => Radio::Absent,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.agenda.next()
    }

    /// The PIN was given.
    fn unlocked(&mut self, turn: &mut Turn<'_, '_>) {
        self.wind(wind::Event::Ready, turn);
        self.search(turn);
        let span = turn.facts().search;
        self.agenda.add(turn.now() + span, Due::Ready);
    }

    /// The module goes silent: nothing of what it was at comes to an end.
    fn leave_quietly(&mut self, turn: &mut Turn<'_, '_>) {
        self.agenda.clear();
        self.network.go_silent();
        super::start_anew(turn.core);
        super::radio(turn.core, self);
        (self.prompt, self.sending) = (None, None);
    }

    fn open_application(&self, turn: &mut Turn<'_, '_>) {
        super::application(turn.core, self.runs());
    }

    /// The module starts.
    fn start(&mut self, turn: &mut Turn<'_, '_>) {
        let facts = turn.facts();
        let charset = facts.charset;
        self.network = network::Network::new(facts);
        self.air = network::Air::On;
        self.bands.restart();
        self.packet = packet::Packet::default();
        self.packet_radio = bands::PacketRadio::default();
        self.services = calls::Services::default();
        self.charset = charset;
        self.shelf = phonebook::Shelf::default();
        self.power = Power::On;
        self.sim.restart();
        let card =
            if self.sim.is_present() { wind::Event::SimPresent } else { wind::Event::SimAbsent };
        self.wind(card, turn);
        if self.sim.ready().is_ok() {
            self.unlocked(turn);
        }
    }

    /// A command that took its time comes to its end.
    fn finish(&mut self, later: Later, turn: &mut Turn<'_, '_>) -> Reply {
        match later {
            Later::Scanned => Ok(Done::Bytes(self.scanned(turn.facts()))),
            Later::Registered => self.service().map(|()| Done::Ok),
            Later::Attached => {
                self.service()?;
                self.attach(turn);
                Ok(Done::Ok)
            }
            Later::Detached => {
                self.detach(turn);
                Ok(Done::Ok)
            }
            Later::Activated(numbers) => {
                self.service()?;
                self.attach(turn);
                self.packet.activate(&numbers);
                Ok(Done::Ok)
            }
            Later::Send(sending) => self.hand_over(*sending, turn),
            Later::Unsent => {
                self.sending = None;
                Err(error::MESSAGE_TIMEOUT)
            }
        }
    }
}

impl Turn<'_, '_> {
    fn now(&self) -> Instant {
        self.port.now()
    }

    fn facts(&self) -> &Facts {
        self.core.persona().sets.gsm()
    }

    fn indicate(&mut self, line: String) {
        self.core.sets.indicate(line);
    }

    /// Tells a line by the mode that stands in this cell: 1 has it dropped where data passes.
    fn indicate_by(&mut self, mode: settings::Cell, line: String) {
        self.core.sets.say(match self.core.settings.number(mode) {
            1 => Said::Fleeting(line),
            _ => Said::Line(line),
        });
    }

    fn indicate_bytes(&mut self, bytes: Vec<u8>) {
        self.core.sets.say(Said::Bytes(bytes));
    }

    fn keep(&mut self, what: &'static str, text: &str) {
        let kept = self.core.stored.set_module(what, text);
        self.store(kept, error::MEMORY_FAILURE);
    }

    /// Has what changed kept, which the command's answer waits for.
    fn store(&mut self, kept: Kept, unkept: Refusal) {
        self.core.keep(kept, Some(Unkept::Refused(unkept)), self.port);
    }
}

/// Lends the set its part of what is remembered, and the rest of the modem.
fn with<T>(
    named: &Named<'_>,
    state: Option<&State>,
    core: &mut Core,
    port: &mut Port<'_>,
    act: impl FnOnce(&mut Part, &mut Turn<'_, '_>) -> T,
) -> Option<T> {
    let mut part = core.sets.get_mut()?.gsm.take()?;
    let turn = &mut Turn { named, state, core, port };
    let outcome = act(&mut part, turn);
    part.tell_indicators(turn);
    if let Some(inner) = core.sets.get_mut() {
        inner.gsm = Some(part);
    }
    Some(outcome)
}

/// Whether the set has a command or a setting of this name.
pub(super) fn knows(name: &str) -> bool {
    COMMANDS.iter().any(|command| command.name == name)
        || SETTINGS.iter().any(|command| command.name == name)
}

/// Executes a command if it is one of the set.
pub(super) fn command(
    named: &Named<'_>,
    state: &State,
    core: &mut Core,
    port: &mut Port<'_>,
) -> Option<Answer> {
    let known = COMMANDS.iter().find(|command| {
        let name = command.name.as_bytes();
        name.split_first() == Some((&named.mark, named.name.as_bytes()))
    })?;
    let reply = with(named, Some(state), core, port, |part, turn| (known.run)(part, turn))?;
    answer(reply, core, port)
}

/// Says what there is to say now.
fn answer(reply: Reply, core: &mut Core, port: &mut Port<'_>) -> Option<Answer> {
    let done = match reply {
        Ok(done) => done,
        Err(Refusal::Syntax) => return Some(Answer::Error),
        Err(refusal) => return Some(Answer::Refused(refusal)),
    };
    Some(match done {
        Done::Ok => Answer::Ok,
        Done::Table => return None,
        Done::Lines(lines) => {
            match port.awaited() {
                Some(keeping) => keeping.lines = lines,
                None if lines.is_empty() => {}
                None => core.information(&lines, port),
            }
            Answer::Ok
        }
        Done::Bytes(lines) => {
            if !lines.is_empty() {
                core.information_bytes(&lines, port);
            }
            Answer::Ok
        }
        Done::Bare(lines) => {
            core.information(&lines, port);
            Answer::Silent
        }
        Done::After(span, later) => {
            let at = port.now() + span;
            if let Some(part) = core.sets.get_mut().and_then(|inner| inner.gsm.as_mut()) {
                part.agenda.add(at, Due::Finish(later));
            }
            Answer::Waits
        }
        Done::Prompt => {
            held::show_prompt(core, port);
            Answer::Prompt
        }
        Done::Restart(span) => {
            let at = port.now() + span;
            if let Some(part) = core.sets.get_mut().and_then(|inner| inner.gsm.as_mut()) {
                part.agenda.add(at, Due::Awake);
            }
            Answer::Deaf
        }
        Done::Off => {
            if let Some(part) = core.sets.get_mut().and_then(|inner| inner.gsm.as_mut()) {
                part.power = Power::Off;
            }
            Answer::Deaf
        }
    })
}

/// Whatever is due.
pub(super) fn due(mut state: State, core: &mut Core, port: &mut Port<'_>) -> State {
    let now = port.now();
    while let Some(due) = core.sets.get_mut().and_then(|inner| inner.gsm.as_mut()?.agenda.take(now))
    {
        let nameless = Named::NONE;
        match due {
            Due::Finish(later) => {
                let reply =
                    with(&nameless, None, core, port, |part, turn| part.finish(later, turn));
                if let Some(reply) = reply {
                    end(reply, core, port);
                }
            }
            Due::Awake => state = awake(state, core, port),
            Due::Silence => state = held::silence(state, core, port),
            Due::Found => {
                with(&nameless, None, core, port, |part, turn| part.found(turn));
            }
            Due::Ready => {
                with(&nameless, None, core, port, |part, turn| {
                    part.wind(wind::Event::AllReady, turn);
                    part.wind(wind::Event::BookThere, turn);
                    part.wind(wind::Event::BookSum, turn);
                    part.wind(wind::Event::MessagesReady, turn);
                });
            }
        }
    }
    state
}

/// Says how a command ends that took its time.
fn end(reply: Reply, core: &mut Core, port: &mut Port<'_>) {
    match answer(reply, core, port) {
        Some(Answer::Waits) | None => {}
        Some(answer) => core.sets.finish(answer),
    }
}

/// What `+CRC` wants said in place of `RING`: 27.007, 6.11.
pub(crate) fn ring(core: &Core) -> Option<&'static str> {
    let settings = &core.settings;
    match (settings.number(settings::CALL_KIND), settings.number(settings::TRANSPARENCY)) {
        (0, _) => None,
        (_, 0) => Some("+CRING: ASYNC"),
        _ => Some("+CRING: REL ASYNC"),
    }
}

/// News of messages.
pub(crate) fn message(arrived: &ShortMessage, core: &mut Core, port: &mut Port<'_>) {
    with(&Named::NONE, None, core, port, |part, turn| part.arrive(arrived, turn));
}

/// The network has taken a message, or refused it.
pub(crate) fn sent(outcome: Result<(), u16>, core: &mut Core, port: &mut Port<'_>) {
    let reply = with(&Named::NONE, None, core, port, |part, turn| part.handed_over(outcome, turn));
    if let Some(Some(reply)) = reply {
        end(reply, core, port);
    }
}

/// What the equipment has set `+CREG` or `+CGREG` to.
pub(super) fn registration_told(question: Question, core: &Core) -> u32 {
    match question {
        Question::Registration => core.settings.number(settings::REGISTRATION),
        Question::PacketRegistration => core.settings.number(settings::PACKET_REGISTRATION),
        _ => 0,
    }
}

/// Whether a message can arrive, or the number of `+CMS ERROR` for its sender.
pub(crate) fn can_receive(core: &Core) -> Result<(), u16> {
    /// 3GPP TS 24.011, cause 1: nobody has this number.
    const UNASSIGNED: u16 = 1;
    let part = core.sets.get().and_then(|inner| inner.gsm.as_ref()).ok_or(UNASSIGNED)?;
    part.can_receive(core.settings.number(settings::TELL))
}
