//! The radio itself: `+WMBS`, `+WS46`, `+WGPRS`.

use at::body::{ExtendedAct, Value};

use super::error::{self, Refusal};
use super::security::single_number;
use super::{Done, Part, Reply, Turn};

/// Four bands at once, which modules of two bands don't have.
const ALL_FOUR: u8 = 7;

/// `+WS46` of GSM: 3GPP TS 27.007, 5.9.
const GSM: u32 = 12;

/// The bands that a module uses, as `+WMBS` numbers them: 0 to 3 are 850, 900, 1800 and 1900 MHz, 4 to 6 two of
/// them, 7 all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bands {
    used: u8,
    /// What is used from the next start on.
    chosen: u8,
}

/// Whether a change of packet data's radio is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum PacketRadio {
    #[default]
    Untold,
    Told,
}

impl Bands {
    pub(super) const fn new(number: u8) -> Self {
        Self { used: number, chosen: number }
    }

    /// What is kept over a power cut; nothing where it is the `usual` one.
    pub(super) fn to_text(self, usual: u8) -> String {
        if self.chosen == usual { String::new() } else { self.chosen.to_string() }
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| *number <= ALL_FOUR).map(Self::new)
    }

    /// The module starts.
    pub(super) const fn restart(&mut self) {
        self.used = self.chosen;
    }
}

/// `+WMBS`: with 1 behind it the module goes to the bands at once, and looks for its network there.
pub(super) fn bands(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    let usual = turn.facts().bands;
    match turn.named.act {
        ExtendedAct::Read => {
            let Bands { used, chosen } = part.bands;
            Ok(Done::Lines(vec![format!("+WMBS: {chosen},{}", u8::from(used == chosen))]))
        }
        ExtendedAct::Test => {
            let last = usual.max(ALL_FOUR - 1);
            let known: Vec<String> = (0..=last).map(|number| number.to_string()).collect();
            Ok(Done::Lines(vec![format!("+WMBS: ({}),(0-1)", known.join(","))]))
        }
        ExtendedAct::Set(values) => {
            let values: Vec<Value<'_>> = values.iter().collect();
            let (wanted, at_once) = match values.as_slice() {
                [Value::Number(wanted)] => (*wanted, 0),
                [Value::Number(wanted), Value::Number(at_once)] => (*wanted, *at_once),
                _ => return Err(Refusal::Syntax),
            };
            let known = |number: &u8| *number <= usual.max(ALL_FOUR - 1);
            let wanted = u8::try_from(wanted).ok().filter(known).ok_or(error::NOT_ALLOWED)?;
            if at_once > 1 {
                return Err(error::NOT_ALLOWED);
            }
            part.bands.chosen = wanted;
            turn.keep("bands", &part.bands.to_text(usual));
            if at_once == 1 && part.bands.used != wanted {
                part.bands.used = wanted;
                if part.sim.ready().is_ok() {
                    part.leave(turn);
                    part.search(turn);
                }
            }
            Ok(Done::Ok)
        }
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

/// `+WS46`: there is GSM and nothing else.
pub(super) fn stack(_: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    match turn.named.act {
        ExtendedAct::Read => Ok(Done::Lines(vec![format!("+WS46: {GSM}")])),
        ExtendedAct::Test => Ok(Done::Lines(vec![format!("+WS46: ({GSM})")])),
        ExtendedAct::Set(values) if single_number(values)? == GSM => Ok(Done::Ok),
        ExtendedAct::Set(_) => Err(error::NOT_SUPPORTED),
        ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

/// `+WGPRS=9`: what carries packet data, now by 2, or at every change by 1.
pub(super) fn packet_radio(part: &mut Part, turn: &mut Turn<'_, '_>) -> Reply {
    const INDICATION: u32 = 9;
    match turn.named.act {
        ExtendedAct::Test => Ok(Done::Lines(vec![format!("+WGPRS: ({INDICATION}),(0-2)")])),
        ExtendedAct::Set(values) => {
            let values: Vec<Value<'_>> = values.iter().collect();
            match values.as_slice() {
                [Value::Number(INDICATION), Value::Number(0)] => {
                    part.packet_radio = PacketRadio::Untold;
                }
                [Value::Number(INDICATION), Value::Number(1)] => {
                    part.packet_radio = PacketRadio::Told;
                }
                [Value::Number(INDICATION), Value::Number(2)] => {
                    return Ok(Done::Lines(vec![part.packet_radio_line()]));
                }
                [Value::Number(_), Value::Number(_)] => return Err(error::NOT_SUPPORTED),
                _ => return Err(Refusal::Syntax),
            }
            Ok(Done::Ok)
        }
        ExtendedAct::Read | ExtendedAct::Execute => Err(Refusal::Syntax),
    }
}

impl Part {
    /// 1 is GPRS: there is no EDGE.
    fn packet_radio_line(&self) -> String {
        format!("+WGPRSIND: {}", u8::from(self.network.serves()))
    }

    /// The network came or went.
    pub(super) fn tell_packet_radio(&self, turn: &mut Turn<'_, '_>) {
        if self.packet_radio == PacketRadio::Told {
            turn.indicate(self.packet_radio_line());
        }
    }
}
