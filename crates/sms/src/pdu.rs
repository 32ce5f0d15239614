//! The kinds of messages that a modem is handed and shows: 3GPP TS 23.040.

use crate::address::Number;
use crate::alphabet;
use crate::moment::Moment;

/// The most octets of a message's text: 3GPP TS 23.040, 9.2.3.24.
const TEXT_OCTETS: usize = 140;
/// The most septets of it.
pub const TEXT_SEPTETS: usize = 160;

const MESSAGE_TYPE: u8 = 0x03;
const SUBMIT: u8 = 0x01;
const NO_MORE_MESSAGES: u8 = 0x04;
const VALIDITY: u8 = 0x18;
const VALIDITY_RELATIVE: u8 = 0x10;
const REPORT: u8 = 0x20;
const HEADER: u8 = 0x40;

/// What a message says, and how that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// TP-PID.
    pub protocol: u8,
    /// TP-DCS.
    pub coding: u8,
    /// Whether the octets begin with a header.
    pub headed: Headed,
    /// TP-UDL: septets or octets, by the coding.
    length: u8,
    octets: Vec<u8>,
}

/// Whether a message's octets begin with a header, as the parts of a long one do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headed {
    /// They don't.
    No,
    /// They do.
    Yes,
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// In the alphabet of seven bits.
    Seven,
    /// As octets.
    Eight,
    /// In UCS-2.
    Wide,
}

impl Coding {
    /// TP-DCS: 3GPP TS 23.038, section 4.
    pub fn of(scheme: u8) -> Self {
        match scheme >> 4 {
            0x0..=0x7 if scheme & 0x20 != 0 => Self::Eight,
            0x0..=0x7 => match scheme >> 2 & 3 {
                1 => Self::Eight,
                2 => Self::Wide,
                _ => Self::Seven,
            },
            0xE => Self::Wide,
            0xF if scheme & 0x04 != 0 => Self::Eight,
            _ => Self::Seven,
        }
    }
}

impl Content {
    /// A text in the alphabet that `scheme` names; `None` if it is too long or does not fit it.
    pub fn of_text(text: &str, protocol: u8, scheme: u8) -> Option<Self> {
        let (length, octets) = match Coding::of(scheme) {
            Coding::Seven => {
                let septets = alphabet::encode(text)?;
                (septets.len(), alphabet::pack(&septets, 0))
            }
            Coding::Wide => {
                let octets: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
                (octets.len(), octets)
            }
            Coding::Eight => {
                let octets: Option<Vec<u8>> =
                    text.chars().map(|character| u8::try_from(character).ok()).collect();
                let octets = octets?;
                (octets.len(), octets)
            }
        };
        let length = u8::try_from(length).ok()?;
        let fits = octets.len() <= TEXT_OCTETS && usize::from(length) <= TEXT_SEPTETS;
        fits.then_some(Self { protocol, coding: scheme, headed: Headed::No, length, octets })
    }

    /// A text of any characters, in the narrowest alphabet that has them all.
    pub fn of_any_text(text: &str) -> Option<Self> {
        Self::of_text(text, 0, 0x00).or_else(|| Self::of_text(text, 0, 0x08))
    }

    /// What it says, without its header. Octets that are no text are shown as their characters.
    pub fn text(&self) -> String {
        let header = self.header();
        let body = self.octets.get(header..).unwrap_or_default();
        match Coding::of(self.coding) {
            Coding::Seven => {
                let skipped = (header * 8).div_ceil(7);
                let count = usize::from(self.length).saturating_sub(skipped);
                let fill = skipped * 7 - header * 8;
                alphabet::decode(&alphabet::unpack(body, count, fill))
            }
            Coding::Eight => body.iter().copied().map(char::from).collect(),
            Coding::Wide => {
                let units = body.chunks_exact(2).map(|pair| match pair {
                    [high, low] => u16::from_be_bytes([*high, *low]),
                    _ => 0,
                });
                char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{fffd}')).collect()
            }
        }
    }

    /// The octets that are no header, for equipment that wants those of an 8-bit message.
    pub fn body(&self) -> &[u8] {
        self.octets.get(self.header()..).unwrap_or_default()
    }

    /// TP-UDL.
    pub fn length(&self) -> u8 {
        self.length
    }

    fn header(&self) -> usize {
        match self.headed {
            Headed::No => 0,
            Headed::Yes => {
                let length = self.octets.first().map_or(0, |length| usize::from(*length) + 1);
                length.min(self.octets.len())
            }
        }
    }

    /// Reads protocol, coding, what `between` takes, length and octets, up to the end.
    fn read<T>(
        headed: Headed,
        cursor: &mut Cursor<'_>,
        between: impl FnOnce(&mut Cursor<'_>) -> Option<T>,
    ) -> Option<(T, Self)> {
        let (protocol, scheme) = (cursor.octet()?, cursor.octet()?);
        let between = between(cursor)?;
        let length = cursor.octet()?;
        let count = match Coding::of(scheme) {
            Coding::Seven => (usize::from(length) * 7).div_ceil(8),
            Coding::Eight | Coding::Wide => usize::from(length),
        };
        if count > TEXT_OCTETS {
            return None;
        }
        let octets = cursor.take(count)?.to_vec();
        cursor
            .0
            .is_empty()
            .then_some((between, Self { protocol, coding: scheme, headed, length, octets }))
    }

    fn flag(&self) -> u8 {
        match self.headed {
            Headed::No => 0,
            Headed::Yes => HEADER,
        }
    }
}

/// A message on its way to the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submit {
    /// Its first octet.
    pub first: u8,
    /// TP-MR.
    pub reference: u8,
    /// To whom.
    pub to: Number,
    /// What it says.
    pub content: Content,
    /// TP-VP, as long as the first octet has it.
    pub validity: Vec<u8>,
}

impl Submit {
    /// A message with a validity of one octet, and `first` as `+CSMP` has it.
    pub fn new(first: u8, validity: u8, to: Number, content: Content) -> Self {
        let kept = first & !(MESSAGE_TYPE | VALIDITY | HEADER);
        let first = kept | SUBMIT | VALIDITY_RELATIVE | content.flag();
        Self { first, reference: 0, to, content, validity: vec![validity] }
    }

    /// Whether its sender wants to hear that it arrived.
    pub fn wants_report(&self) -> bool {
        self.first & REPORT != 0
    }

    /// Reads one, without a service centre.
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        let mut cursor = Cursor(octets);
        let (first, reference) = (cursor.octet()?, cursor.octet()?);
        if first & MESSAGE_TYPE != SUBMIT {
            return None;
        }
        let (to, taken) = Number::from_octets(cursor.0)?;
        cursor.take(taken)?;
        let validity = match first & VALIDITY {
            0 => 0,
            VALIDITY_RELATIVE => 1,
            _ => 7,
        };
        let (validity, content) = Content::read(headed(first), &mut cursor, |cursor| {
            cursor.take(validity).map(<[u8]>::to_vec)
        })?;
        Some(Self { first, reference, to, content, validity })
    }

    /// The same as octets, without a service centre.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut octets = vec![self.first, self.reference];
        self.to.to_octets(&mut octets);
        octets.extend([self.content.protocol, self.content.coding]);
        octets.extend(&self.validity);
        octets.push(self.content.length);
        octets.extend(&self.content.octets);
        octets
    }
}

/// A message that the network delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deliver {
    /// From whom.
    pub from: Number,
    /// What it says.
    pub content: Content,
    /// When the network took it.
    pub at: Moment,
}

impl Deliver {
    /// Reads one, without a service centre.
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        let mut cursor = Cursor(octets);
        let first = cursor.octet()?;
        if first & MESSAGE_TYPE != 0 {
            return None;
        }
        let (from, taken) = Number::from_octets(cursor.0)?;
        cursor.take(taken)?;
        let (at, content) = Content::read(headed(first), &mut cursor, |cursor| {
            cursor.take(7)?.try_into().ok().map(Moment::from_octets)
        })?;
        Some(Self { from, content, at })
    }

    /// The same as octets, without a service centre.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut octets = vec![NO_MORE_MESSAGES | self.content.flag()];
        self.from.to_octets(&mut octets);
        octets.extend([self.content.protocol, self.content.coding]);
        octets.extend(self.at.to_octets());
        octets.push(self.content.length);
        octets.extend(&self.content.octets);
        octets
    }
}

/// A report that a message arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its first octet.
    pub first: u8,
    /// Which message it is about.
    pub reference: u8,
    /// To whom that went.
    pub to: Number,
    /// When the network took it.
    pub sent: Moment,
    /// When it arrived.
    pub arrived: Moment,
}

/// The type of a report.
pub const STATUS_REPORT: u8 = 0x06;

impl Report {
    /// The same as octets, without a service centre.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut octets = vec![self.first, self.reference];
        self.to.to_octets(&mut octets);
        octets.extend(self.sent.to_octets());
        octets.extend(self.arrived.to_octets());
        // Received by the other one.
        octets.push(0);
        octets
    }
}

fn headed(first: u8) -> Headed {
    if first & HEADER == 0 { Headed::No } else { Headed::Yes }
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn octet(&mut self) -> Option<u8> {
        let (octet, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*octet)
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hex;

    fn octets(text: &str) -> Vec<u8> {
        hex::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_message_as_phones_send_it_is_read() {
        // As python-gsmmodem makes it for "Hello" to +27820001234.
        let pdu = octets("11000B917228001032F40000A905C8329BFD06");
        let submit = Submit::from_octets(&pdu).unwrap();
        assert_eq!(submit.to.to_string(), "+27820001234");
        assert_eq!(submit.content.text(), "Hello");
        assert_eq!(submit.to_octets(), pdu);
    }

    #[test]
    fn a_part_of_a_long_message_keeps_its_header_and_shows_its_text() {
        let mut content = Content::of_text("parted", 0, 0).unwrap();
        let septets = alphabet::encode("parted").unwrap();
        content.headed = Headed::Yes;
        content.octets = vec![5, 0, 3, 7, 2, 1];
        content.octets.extend(alphabet::pack(&septets, 1));
        // The header of six octets takes seven septets.
        content.length = 7 + 6;
        assert_eq!(content.text(), "parted");
        let from = Number::parse("123").unwrap();
        let deliver = Deliver { from, content, at: Moment { local: 0, quarters: 4 } };
        assert_eq!(Deliver::from_octets(&deliver.to_octets()), Some(deliver));
    }

    #[test]
    fn a_text_takes_the_alphabet_that_has_it_and_not_more_than_there_is_room() {
        let coding = |text: &str| Content::of_any_text(text).map(|content| content.coding);
        assert_eq!(coding("plain €"), Some(0));
        assert_eq!(coding("привет"), Some(8));
        assert_eq!(coding(&"a".repeat(160)), Some(0));
        assert_eq!(coding(&"a".repeat(161)), None);
        assert_eq!(coding(&"б".repeat(70)), Some(8));
        assert_eq!(coding(&"б".repeat(71)), None);
    }

    proptest! {
        #[test]
        fn any_octets_are_a_message_or_none(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(submit) = Submit::from_octets(&octets) {
                let _ = submit.content.text();
                prop_assert_eq!(Submit::from_octets(&submit.to_octets()), Some(submit));
            }
            if let Some(deliver) = Deliver::from_octets(&octets) {
                let _ = deliver.content.text();
                let again = Deliver::from_octets(&deliver.to_octets()).unwrap();
                prop_assert_eq!(again.content, deliver.content);
            }
        }

        #[test]
        fn what_is_written_is_read(
            text in "[a-z €é\\n]{0,60}|[а-я]{0,60}", to in "\\+?[0-9]{1,20}", local in 0i64..3_000_000_000
        ) {
            let content = Content::of_any_text(&text).unwrap();
            let number = Number::parse(&to).unwrap();
            let submit = Submit::new(17, 167, number.clone(), content.clone());
            prop_assert_eq!(Submit::from_octets(&submit.to_octets()), Some(submit));
            let at = Moment { local, quarters: -8 };
            let deliver = Deliver { from: number, content, at };
            let read = Deliver::from_octets(&deliver.to_octets()).unwrap();
            prop_assert_eq!(read.content.text(), text);
            prop_assert_eq!(read, deliver);
        }
    }
}
