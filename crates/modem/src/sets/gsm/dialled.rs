//! `D>`: what is dialled stands among the card's telephone numbers (3GPP TS 27.007, 6.3), and `D*99#`, which asks
//! for PPP (10.2.1.1).

use at::dial::Dial;

use super::book::Entry;
use super::error::{self, Refusal};
use super::phonebook::Shelf;
use super::{Part, Turn, with};
use crate::core::Core;
use crate::port::Port;
use crate::sets::Named;

/// The number that is meant; none if what was dialled isn't `>`.
pub(crate) fn dialled(
    text: &[u8],
    core: &mut Core,
    port: &mut Port<'_>,
) -> Option<Result<Dial, Refusal>> {
    let text = text.trim_ascii();
    let text = match text {
        [b'T' | b't' | b'P' | b'p', rest @ ..] => rest,
        text => text,
    };
    let meant = text.trim_ascii_start().strip_prefix(b">")?;
    with(&Named::NONE, None, core, port, |part, turn| part.dialled(meant, turn))
}

/// Whether a dial string asks for PPP: `*99#`, `*99***1#`.
pub(crate) fn begins_ppp(dialled: &str) -> bool {
    let dialled = dialled.trim_start_matches(['T', 't', 'P', 'p']);
    dialled.starts_with("*99") && dialled.ends_with('#')
}

impl Part {
    /// `"name"`, `3`, `SM3`, with a `;` behind it or not.
    fn dialled(&self, meant: &[u8], turn: &Turn<'_, '_>) -> Result<Dial, Refusal> {
        self.sim.ready()?;
        let (meant, end) = match meant.strip_suffix(b";") {
            Some(meant) => (meant, ";"),
            None => (meant, ""),
        };
        // I and G are about the caller's number, which this network doesn't show.
        let is_about_caller = |byte: &u8| matches!(byte, b'I' | b'i' | b'G' | b'g');
        let behind = meant.iter().rev().take_while(|byte| is_about_caller(byte)).count();
        let meant = meant.get(..meant.len() - behind).unwrap_or(meant).trim_ascii();
        let quoted = meant.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
        let entry = match quoted {
            Some(name) => self.entry_of_name(name, turn)?,
            None => self.entry_at(meant, turn)?,
        };
        Dial::parse(format!("{}{end}", entry.number).as_bytes()).map_err(|_| Refusal::Syntax)
    }

    fn entry_of_name(&self, name: &[u8], turn: &Turn<'_, '_>) -> Result<Entry, Refusal> {
        let name = self.charset.read(name).ok_or(error::BAD_NAME)?.to_lowercase();
        let mut entries = self.entries(self.shelf, turn).into_iter().map(|(_, entry)| entry);
        entries.find(|entry| entry.name.to_lowercase() == name).ok_or(error::NOT_FOUND)
    }

    fn entry_at(&self, place: &[u8], turn: &Turn<'_, '_>) -> Result<Entry, Refusal> {
        let digits = place.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let split = place.split_at_checked(place.len() - digits);
        let (shelf, digits) = split.ok_or(Refusal::Syntax)?;
        let shelf = match shelf.trim_ascii() {
            b"" => self.shelf,
            name => Shelf::of(&String::from_utf8_lossy(name)).ok_or(error::NOT_SUPPORTED)?,
        };
        let digits = str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        let place: u16 = digits.ok_or(Refusal::Syntax)?;
        if !(1..=self.room(shelf)).contains(&place) {
            return Err(error::BAD_PLACE);
        }
        let mut entries = self.entries(shelf, turn).into_iter();
        entries.find(|(at, _)| *at == place).map(|(_, entry)| entry).ok_or(error::NOT_FOUND)
    }
}

#[cfg(test)]
mod tests {
    use super::begins_ppp;

    #[test]
    fn only_the_service_code_of_packet_data_asks_for_ppp() {
        for asks in ["*99#", "T*99#", "*99***1#", "*99*1*PPP*3#"] {
            assert!(begins_ppp(asks), "{asks}");
        }
        for other in ["*98#", "*99", "99#", "*100#", "5551212"] {
            assert!(!begins_ppp(other), "{other}");
        }
    }
}
