//! The card's own: `+CPIN`, `+CPINC`, `+CLCK`, `+CPWD`, `+CIMI`, `+CCID`.

use at::body::{ExtendedAct, Value};

use super::error::{self, Refusal};
use super::facts::{CpinRead, UntilCmee};
use super::sim::{Lock, Wants};
use super::{Done, Part, Reply, Turn};
use crate::table::MODULE_ERRORS;

/// The facility of the card's lock.
const CARD: &str = "SC";

/// `+CPIN`
pub(super) fn pin(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => {
            speaks(turn)?;
            if !part.sim.is_present() {
                return Err(error::SIM_ABSENT);
            }
            let wanted = match part.sim.wants() {
                Wants::Nothing => "READY",
                Wants::Pin => "SIM PIN",
                Wants::Puk => "SIM PUK",
            };
            let lines = vec![format!("+CPIN: {wanted}")];
            Ok(match turn.facts().cpin_read {
                CpinRead::WithOk => Done::Lines(lines),
                CpinRead::Bare => Done::Bare(lines),
            })
        }
        ExtendedAct::Test => Ok(Done::Ok),
        ExtendedAct::Set(values) => {
            let words: Vec<String> = written(values.raw());
            let outcome = match words.as_slice() {
                [pin] => part.sim.enter(pin),
                [puk, pin] => part.sim.unblock(puk, pin),
                _ => return Err(Refusal::Syntax),
            };
            part.keep_sim(turn);
            outcome?;
            part.unlocked(turn);
            Ok(Done::Ok)
        }
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

/// `+CPINC`: the tries that are left, of PIN, PIN2, PUK and PUK2.
pub(super) fn tries(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Execute | ExtendedAct::Read => {
            if !part.sim.is_present() {
                return Err(error::SIM_ABSENT);
            }
            let (pin, puk) = part.sim.tries();
            Ok(Done::Lines(vec![format!("+CPINC: {pin},3,{puk},10")]))
        }
        ExtendedAct::Test => Ok(Done::Ok),
        ExtendedAct::Set(_) => Err(Refusal::Syntax),
    }
}

/// `+CLCK`, of the card alone.
pub(super) fn lock(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    let ExtendedAct::Set(values) = turn.named.act else {
        return match turn.named.act {
            ExtendedAct::Test => Ok(Done::Lines(vec![format!("+CLCK: (\"{CARD}\")")])),
            _ => Err(Refusal::Syntax),
        };
    };
    let words = written(values.raw());
    let [facility, mode, rest @ ..] = words.as_slice() else { return Err(Refusal::Syntax) };
    if !facility.eq_ignore_ascii_case(CARD) {
        return Err(error::NOT_SUPPORTED);
    }
    let lock = match mode.as_str() {
        "0" => Lock::Off,
        "1" => Lock::On,
        "2" => {
            part.sim.ready()?;
            let on = u8::from(part.sim.lock() == Lock::On);
            return Ok(Done::Lines(vec![format!("+CLCK: {on}")]));
        }
        _ => return Err(error::NOT_ALLOWED),
    };
    let pin = rest.first().ok_or(error::NOT_ALLOWED)?;
    let outcome = part.sim.set_lock(lock, pin);
    part.keep_sim(turn);
    outcome.map(|()| Done::Ok)
}

/// `+CPWD`, of the card's PIN.
pub(super) fn password(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    let ExtendedAct::Set(values) = turn.named.act else {
        return match turn.named.act {
            ExtendedAct::Test => Ok(Done::Lines(vec![format!("+CPWD: (\"{CARD}\",8)")])),
            _ => Err(Refusal::Syntax),
        };
    };
    let words = written(values.raw());
    let [facility, old, new] = words.as_slice() else { return Err(Refusal::Syntax) };
    if !facility.eq_ignore_ascii_case(CARD) {
        return Err(error::NOT_SUPPORTED);
    }
    let outcome = part.sim.change(old, new);
    part.keep_sim(turn);
    outcome.map(|()| Done::Ok)
}

/// `+CIMI`
pub(super) fn subscriber(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    if *turn.named.act == ExtendedAct::Test {
        return Ok(Done::Ok);
    }
    only_executed(turn)?;
    speaks(turn)?;
    part.sim.ready()?;
    Ok(Done::Lines(vec![turn.facts().subscriber.clone()]))
}

/// `+CCID`
pub(super) fn card(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Execute | ExtendedAct::Read => {
            if !part.sim.is_present() {
                return Err(error::SIM_ABSENT);
            }
            Ok(Done::Lines(vec![format!("+CCID: \"{}\"", turn.facts().card_number)]))
        }
        ExtendedAct::Test => Ok(Done::Ok),
        ExtendedAct::Set(_) => Err(Refusal::Syntax),
    }
}

/// `+CNUM`
pub(super) fn number(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    only_executed(turn)?;
    part.sim.ready()?;
    let line = |number: &super::Number| format!("+CNUM: \"\",\"{number}\",{}", number.kind());
    Ok(Done::Lines(turn.facts().number.iter().map(line).collect()))
}

/// Whether this firmware answers the card's commands at all.
pub(super) fn speaks(turn: &Turn<'_, '_>) -> Result<(), Refusal> {
    let mute = turn.facts().until_cmee == UntilCmee::Refuses;
    if mute && turn.core.settings.number(MODULE_ERRORS) == 0 {
        return Err(Refusal::Syntax);
    }
    Ok(())
}

/// A command that is neither read nor set.
fn only_executed(turn: &Turn<'_, '_>) -> Result<(), Refusal> {
    match turn.named.act {
        ExtendedAct::Execute | ExtendedAct::Test => Ok(()),
        ExtendedAct::Read | ExtendedAct::Set(_) => Err(Refusal::Syntax),
    }
}

/// Values as they were typed: a PIN may begin with a zero, quotes or none around it.
fn written(raw: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(raw);
    text.split(',').map(|word| word.trim().trim_matches('"').to_owned()).collect()
}

/// The value of a command that takes one number.
pub(super) fn single_number(values: &at::body::Values<'_>) -> Result<u32, Refusal> {
    values.single().as_ref().and_then(Value::number).ok_or(Refusal::Syntax)
}
