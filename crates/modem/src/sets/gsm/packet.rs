//! Packet data: `+CGATT`, `+CGDCONT`, `+CGACT`, `+CGPADDR`, `+CGCLASS`.

use std::collections::BTreeMap;

use at::body::{ExtendedAct, Value};

use super::due::Later;
use super::error::{self, Refusal};
use super::{Done, Part, Reply, Turn};

/// Contexts of these modules.
const CONTEXTS: u8 = 4;
/// The text of an access point's name: WIP_BOPT_GPRS_APN takes as much.
const NAME: usize = 96;

/// What is known of packet data.
#[derive(Clone, Debug, Default)]
pub(super) struct Packet {
    contexts: Vec<Context>,
}

#[derive(Clone, Debug)]
struct Context {
    number: u8,
    kind: String,
    access_point: String,
    address: String,
    compression: [u32; 2],
    active: bool,
}

impl Packet {
    pub(super) fn deactivate(&mut self) {
        self.contexts.iter_mut().for_each(|context| context.active = false);
    }

    pub(super) fn activate(&mut self, numbers: &[u8]) {
        for context in &mut self.contexts {
            context.active |= numbers.contains(&context.number);
        }
    }

    /// The fixed address of a context, if it has one.
    fn address(&self, number: u8) -> &str {
        let mut own = self.contexts.iter().filter(|context| context.number == number);
        own.next().map_or("", |context| &context.address)
    }

    /// All contexts, and whether they are active; a bearer of the TCP/IP commands is one, defined or not.
    fn all(&self, bearer: Option<u8>) -> BTreeMap<u8, bool> {
        let own = self.contexts.iter().map(|context| (context.number, context.active));
        own.chain(bearer.map(|number| (number, true))).collect()
    }
}

/// The context of a bearer that is started.
fn bearer(turn: &Turn<'_, '_>) -> Option<u8> {
    crate::sets::context(turn.core).map(|(number, _)| number)
}

/// `+CGATT`
pub(super) fn attach(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => {
            let attached = u8::from(part.network.is_attached());
            Ok(Done::Lines(vec![format!("+CGATT: {attached}")]))
        }
        ExtendedAct::Test => Ok(Done::Lines(vec!["+CGATT: (0,1)".to_owned()])),
        ExtendedAct::Set(values) => {
            let wanted = values.single().as_ref().and_then(Value::number).ok_or(Refusal::Syntax)?;
            let later = match wanted {
                0 if !part.network.is_attached() => return Ok(Done::Ok),
                1 if part.network.is_attached() => return Ok(Done::Ok),
                0 => Later::Detached,
                1 => {
                    part.service()?;
                    Later::Attached
                }
                _ => return Err(error::NOT_ALLOWED),
            };
            Ok(Done::After(turn.facts().attach, later))
        }
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

/// `+CGDCONT`
pub(super) fn contexts(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => Ok(Done::Lines(
            part.packet
                .contexts
                .iter()
                .map(|context| {
                    let [data, header] = context.compression;
                    format!(
                        "+CGDCONT: {},\"{}\",\"{}\",\"{}\",{data},{header}",
                        context.number, context.kind, context.access_point, context.address
                    )
                })
                .collect(),
        )),
        ExtendedAct::Test => {
            Ok(Done::Lines(vec![format!("+CGDCONT: (1-{CONTEXTS}),\"IP\",,,(0,1),(0,1)")]))
        }
        ExtendedAct::Set(values) => define(part, &values.iter().collect::<Vec<_>>()),
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

fn define(part: &mut Part, values: &[Value<'_>]) -> Reply {
    let number = context_number(values.first().ok_or(Refusal::Syntax)?)?;
    let text = |place: usize| values.get(place).and_then(Value::text).unwrap_or_default();
    let contexts = &mut part.packet.contexts;
    let at = contexts.binary_search_by_key(&number, |context| context.number);
    if values.len() == 1 {
        if let Ok(at) = at {
            contexts.remove(at);
        }
        return Ok(Done::Ok);
    }
    if !text(1).eq_ignore_ascii_case("IP") || text(2).len() > NAME || text(3).len() > NAME {
        return Err(error::NOT_SUPPORTED);
    }
    let mut compression = [0; 2];
    for (place, held) in compression.iter_mut().enumerate() {
        *held = match values.get(4 + place) {
            None | Some(Value::Omitted) => 0,
            Some(Value::Number(number @ 0..=1)) => *number,
            Some(_) => return Err(error::NOT_ALLOWED),
        };
    }
    let context = Context {
        number,
        kind: "IP".to_owned(),
        access_point: text(2).to_owned(),
        address: text(3).to_owned(),
        compression,
        active: false,
    };
    match at {
        Ok(at) => {
            if let Some(held) = contexts.get_mut(at) {
                *held = context;
            }
        }
        Err(at) => contexts.insert(at, context),
    }
    Ok(Done::Ok)
}

/// `+CGACT`
pub(super) fn activation(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => {
            let contexts = part.packet.all(bearer(turn)).into_iter();
            let line = |(number, active)| format!("+CGACT: {number},{}", u8::from(active));
            Ok(Done::Lines(contexts.map(line).collect()))
        }
        ExtendedAct::Test => Ok(Done::Lines(vec!["+CGACT: (0,1)".to_owned()])),
        ExtendedAct::Set(values) => {
            let values: Vec<Value<'_>> = values.iter().collect();
            let (state, numbers) = values.split_first().ok_or(Refusal::Syntax)?;
            let known = part.packet.all(bearer(turn));
            let mut wanted = Vec::new();
            for number in numbers {
                let number = context_number(number)?;
                if !known.contains_key(&number) {
                    return Err(error::NOT_ALLOWED);
                }
                wanted.push(number);
            }
            if wanted.is_empty() {
                wanted = known.into_keys().collect();
            }
            match state.number() {
                Some(0) => {
                    part.put_down(&wanted, turn);
                    Ok(Done::Ok)
                }
                Some(1) => {
                    part.service()?;
                    Ok(Done::After(turn.facts().attach, Later::Activated(wanted)))
                }
                _ => Err(error::NOT_ALLOWED),
            }
        }
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

impl Part {
    fn put_down(&mut self, wanted: &[u8], turn: &mut Turn<'_, '_>) {
        let known = self.packet.all(bearer(turn)).into_iter();
        let active = known.filter(|(number, active)| *active && wanted.contains(number));
        let ended: Vec<u8> = active.map(|(number, _)| number).collect();
        for context in &mut self.packet.contexts {
            context.active &= !ended.contains(&context.number);
        }
        crate::sets::contexts_end(turn.core, &ended);
        for number in ended {
            let address = &turn.facts().address;
            let event = format!("ME DEACT \"IP\",\"{address}\",{number}");
            self.tell_packet_event(&event, turn);
        }
    }
}

/// `+CGPADDR`
pub(super) fn addresses(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    let bearer = crate::sets::context(turn.core);
    let known = part.packet.all(bearer.map(|(number, _)| number));
    let all: Vec<u8> = known.keys().copied().collect();
    let wanted = match turn.named.act {
        ExtendedAct::Execute | ExtendedAct::Read => all,
        ExtendedAct::Set(values) => {
            values.iter().map(|value| context_number(&value)).collect::<Result<_, _>>()?
        }
        ExtendedAct::Test => {
            let numbers: Vec<String> = all.iter().map(u8::to_string).collect();
            return Ok(Done::Lines(vec![format!("+CGPADDR: ({})", numbers.join(","))]));
        }
    };
    let lines = known.into_iter().filter(|(number, _)| wanted.contains(number));
    let lines = lines.map(|(number, active)| {
        let fixed = part.packet.address(number);
        let address = match (bearer, fixed, active) {
            (Some((own, address)), ..) if own == number => address.to_string(),
            (_, "", true) => turn.facts().address.clone(),
            (_, fixed, _) => fixed.to_owned(),
        };
        format!("+CGPADDR: {number},\"{address}\"")
    });
    Ok(Done::Lines(lines.collect()))
}

/// `+CGCLASS`: both services, one at a time.
pub(super) fn class(_: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => Ok(Done::Lines(vec!["+CGCLASS: \"B\"".to_owned()])),
        ExtendedAct::Test => Ok(Done::Lines(vec!["+CGCLASS: (\"B\")".to_owned()])),
        ExtendedAct::Set(values) => match values.single().as_ref().and_then(Value::text) {
            Some(class) if class.eq_ignore_ascii_case("B") => Ok(Done::Ok),
            _ => Err(error::NOT_SUPPORTED),
        },
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

fn context_number(value: &Value<'_>) -> Result<u8, Refusal> {
    let number = value.number().and_then(|number| u8::try_from(number).ok());
    number.filter(|number| (1..=CONTEXTS).contains(number)).ok_or(error::NOT_ALLOWED)
}
