//! The module itself: `+CFUN`, `+CPOF`, `+WOPEN`, `+CPAS`, `+CCLK`, `+CSCS`, `+CLAC` and a few of Wavecom's own.

use at::body::{ExtendedAct, Value};
use sms::{Moment, UNSET};

use super::charset::{self, Charset};
use super::error::{self, Refusal};
use super::facts::{CommandList, ErrorWords, Function};
use super::network::Air;
use super::security::single_number;
use super::{Application, COMMANDS, Done, Part, Reply, Turn};
#[cfg(feature = "wip")]
use crate::core::Core;
#[cfg(feature = "wip")]
use crate::port::Port;
use crate::state::{State, StateName};

/// `+CFUN`: 4 and 0 are off the air, and 1,0 is back on it.
pub(super) fn function(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => Ok(Done::Lines(vec![format!("+CFUN: {}", part.air.number())])),
        ExtendedAct::Test => Ok(Done::Lines(vec!["+CFUN: (0,1,4),(0,1)".to_owned()])),
        ExtendedAct::Set(values) => {
            let values: Vec<Value<'_>> = values.iter().collect();
            let stays = turn.facts().function == Function::Stays;
            match values.as_slice() {
                [Value::Number(1), Value::Number(0)] => part.take_air(turn),
                [Value::Number(1)] if stays => part.take_air(turn),
                [Value::Number(1)] | [Value::Number(1), Value::Number(1)] => {
                    let span = turn.facts().restart;
                    part.leave_quietly(turn);
                    Ok(Done::Restart(span))
                }
                [Value::Number(4)] | [Value::Number(4), Value::Number(0)] => {
                    part.leave_air(Air::Off, turn)
                }
                [Value::Number(0)] | [Value::Number(0), Value::Number(0)] => {
                    part.leave_air(Air::Least, turn)
                }
                [Value::Number(_), ..] => Err(error::NOT_SUPPORTED),
                _ => Err(Refusal::Syntax),
            }
        }
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

impl Part {
    /// Off the air: bearers and calls end.
    fn leave_air(&mut self, air: Air, turn: &mut Turn<'_, '_>) -> Reply {
        self.air = air;
        self.leave(turn);
        Ok(Done::Ok)
    }

    /// Back on the air, where the module was off it.
    fn take_air(&mut self, turn: &mut Turn<'_, '_>) -> Reply {
        self.air = Air::On;
        if self.sim.ready().is_ok() {
            self.search(turn);
        }
        Ok(Done::Ok)
    }
}

/// `+CPOF`: off, until DTR goes on again. ModemManager has a 1 behind it.
pub(super) fn power_off(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Test => return Ok(Done::Ok),
        ExtendedAct::Read => return Err(Refusal::Syntax),
        ExtendedAct::Set(values) if single_number(values)? != 1 => {
            return Err(error::NOT_SUPPORTED);
        }
        ExtendedAct::Execute | ExtendedAct::Set(_) => {}
    }
    part.leave_quietly(turn);
    Ok(Done::Off)
}

/// `+WOPEN`: the application that brings the TCP/IP commands.
pub(super) fn application(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    let running = part.application == Application::Running;
    match turn.named.act {
        ExtendedAct::Read => Ok(Done::Lines(vec![format!("+WOPEN: {}", u8::from(running))])),
        ExtendedAct::Test => Ok(Done::Lines(vec!["+WOPEN: (0-8)".to_owned()])),
        ExtendedAct::Set(values) => {
            let wanted = match single_number(values)? {
                0 => Application::Stopped,
                1 if part.application == Application::Erased => return Err(error::NOT_ALLOWED),
                1 => Application::Running,
                2 => {
                    let persona = turn.core.persona();
                    let revision = &persona.identity.revision;
                    let line = match (part.application, persona.sets.application()) {
                        (Application::Erased, _) | (_, None) => "+WOPEN: 2".to_owned(),
                        (_, Some(name)) => format!("+WOPEN: 2,\"{revision}\",\"{name}\""),
                    };
                    return Ok(Done::Lines(vec![line]));
                }
                4 if running => return Err(error::NOT_ALLOWED),
                4 => Application::Erased,
                7 => {
                    let state = if running { 12 } else { 0 };
                    return Ok(Done::Lines(vec![format!("+WOPEN: 7,{state}")]));
                }
                _ => return Err(error::NOT_ALLOWED),
            };
            let restarts = running != (wanted == Application::Running);
            part.application = wanted;
            part.keep_module(turn);
            let span = turn.facts().application_restart;
            if !restarts {
                return Ok(Done::Ok);
            }
            part.open_application(turn);
            if span.is_zero() {
                return Ok(Done::Ok);
            }
            part.leave_quietly(turn);
            Ok(Done::Restart(span))
        }
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

/// `+CPAS`
pub(super) fn activity(_: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Execute | ExtendedAct::Read => {
            let number = match turn.state.map(State::name) {
                Some(StateName::Ringing) => 3,
                Some(StateName::OnlineCommand) => 4,
                _ => 0,
            };
            Ok(Done::Lines(vec![format!("+CPAS: {number}")]))
        }
        ExtendedAct::Test => Ok(Done::Lines(vec!["+CPAS: (0,3,4)".to_owned()])),
        ExtendedAct::Set(_) => Err(Refusal::Syntax),
    }
}

/// `+CCLK`
pub(super) fn clock(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => Ok(Done::Lines(vec![format!("+CCLK: \"{}\"", part.moment(turn))])),
        ExtendedAct::Test => Ok(Done::Ok),
        ExtendedAct::Set(values) => {
            let values: Vec<Value<'_>> = values.iter().collect();
            let text = match values.as_slice() {
                [Value::Text(text)] => text,
                _ => return Err(Refusal::Syntax),
            };
            let wanted = Moment::parse(text).ok_or(error::NOT_ALLOWED)?;
            let wall = turn.wall();
            part.clock = Clock {
                ahead: wanted.local - wall.local,
                quarters: text.contains(['+', '-']).then_some(wanted.quarters),
            };
            Ok(Done::Ok)
        }
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

/// How the module's clock was set against the wall's.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    ahead: i64,
    quarters: Option<i8>,
}

impl Part {
    /// The time by the module's clock.
    pub(super) fn moment(&self, turn: &Turn<'_, '_>) -> Moment {
        self.clock.shows(turn.wall())
    }

    /// The time by the module's clock, where the wall has one.
    #[cfg(feature = "wip")]
    pub(in crate::sets) fn known_moment(&self, core: &Core, port: &Port<'_>) -> Option<Moment> {
        let wall = port.wall_time()?.ahead(core.persona().sets.gsm().zone);
        Some(self.clock.shows(wall))
    }
}

impl Clock {
    fn shows(self, wall: Moment) -> Moment {
        let moment = wall.later(self.ahead);
        Moment { quarters: self.quarters.unwrap_or(moment.quarters), ..moment }
    }
}

impl Turn<'_, '_> {
    fn wall(&self) -> Moment {
        // Without anybody to tell the time it runs from the modem's own start.
        let running = i64::try_from(self.now().as_nanos() / 1_000_000_000).unwrap_or(0);
        let moment = self.port.wall_time().unwrap_or_else(|| UNSET.later(running));
        moment.ahead(self.facts().zone)
    }
}

/// `+CMEE`, where the module has no words for its errors; the rest is a setting like others.
pub(super) fn errors(_: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    if turn.facts().error_words == ErrorWords::Known {
        return Ok(Done::Table);
    }
    match turn.named.act {
        ExtendedAct::Test => Ok(Done::Lines(vec!["+CMEE: 0,1".to_owned()])),
        ExtendedAct::Set(values) if values.single() == Some(Value::Number(2)) => {
            Err(Refusal::Syntax)
        }
        _ => Ok(Done::Table),
    }
}

/// `+CSCS`
pub(super) fn charset(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => Ok(Done::Lines(vec![format!("+CSCS: \"{}\"", part.charset.name())])),
        ExtendedAct::Test => {
            let names: Vec<String> =
                charset::NAMES.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            Ok(Done::Lines(vec![format!("+CSCS: ({})", names.join(","))]))
        }
        ExtendedAct::Set(values) => {
            let value = values.single();
            let name = value.as_ref().and_then(Value::text).ok_or(Refusal::Syntax)?;
            part.charset = Charset::of(name).ok_or(error::NOT_SUPPORTED)?;
            Ok(Done::Ok)
        }
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

/// `+CLAC`: all commands of this set, where the module can tell.
pub(super) fn list(_: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        _ if turn.facts().command_list == CommandList::Untold => Err(Refusal::Syntax),
        ExtendedAct::Execute => {
            Ok(Done::Lines(COMMANDS.iter().map(|command| command.name.to_owned()).collect()))
        }
        ExtendedAct::Test => Ok(Done::Ok),
        _ => Err(Refusal::Syntax),
    }
}

/// `+WSTR`: 1 is the start of the module, 2 the network.
pub(super) fn status(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Set(values) => match single_number(values)? {
            1 => Ok(Done::Lines(vec!["+WSTR: 1,1".to_owned()])),
            2 => {
                let there = u8::from(part.network.serves());
                Ok(Done::Lines(vec![format!("+WSTR: 2,{there}")]))
            }
            _ => Err(error::NOT_ALLOWED),
        },
        ExtendedAct::Test => Ok(Done::Lines(vec!["+WSTR: (1-2)".to_owned()])),
        _ => Err(Refusal::Syntax),
    }
}

/// `+WSHS`: the card's rack, and the card.
pub(super) fn rack(part: &mut Part, _: &mut Turn<'_, '_>) -> Reply {
    let card = u8::from(part.sim.is_present());
    Ok(Done::Lines(vec![format!("+WSHS: {card},{card}")]))
}

/// Commands about parts that this module does not have; equipment insists on an `OK`.
pub(super) fn nothing(_: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Set(_) | ExtendedAct::Execute | ExtendedAct::Test => Ok(Done::Ok),
        ExtendedAct::Read => Err(Refusal::Syntax),
    }
}
