//! The messages of a module's card: a few numbered places.

use sms::{Deliver, Number, Submit, hex};

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Unread,
    Read,
    Unsent,
    Sent,
}

const STATUSES: [(Status, &str); 4] = [
    (Status::Unread, "REC UNREAD"),
    (Status::Read, "REC READ"),
    (Status::Unsent, "STO UNSENT"),
    (Status::Sent, "STO SENT"),
];

impl Status {
    /// As text mode has it.
    pub(super) fn words(self) -> &'static str {
        STATUSES.iter().find(|(status, _)| *status == self).map_or("", |(_, words)| words)
    }

    /// As PDU mode has it.
    pub(super) fn number(self) -> usize {
        STATUSES.iter().position(|(status, _)| *status == self).unwrap_or(0)
    }

    pub(super) fn of_number(number: u32) -> Option<Self> {
        let place = usize::try_from(number).ok()?;
        STATUSES.get(place).map(|(status, _)| *status)
    }

    pub(super) fn of_words(words: &str) -> Option<Self> {
        let known = STATUSES.iter().find(|(_, known)| known.eq_ignore_ascii_case(words));
        known.map(|(status, _)| *status)
    }

    pub(super) fn is_received(self) -> bool {
        matches!(self, Self::Unread | Self::Read)
    }
}

/// A message in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) status: Status,
    /// With the service centre in front.
    pub(super) octets: Vec<u8>,
}

/// What is in a message's octets.
pub(super) enum Letter {
    Received(Deliver),
    Written(Submit),
}

impl Message {
    pub(super) fn new(status: Status, centre: Option<&Number>, message: &[u8]) -> Self {
        let mut octets = Vec::with_capacity(12 + message.len());
        match centre {
            Some(centre) => centre.to_centre(&mut octets),
            None => octets.push(0),
        }
        octets.extend_from_slice(message);
        Self { status, octets }
    }

    /// The octets of the centre, and those behind.
    pub(super) fn parts(&self) -> Option<(Option<Number>, &[u8])> {
        let (centre, taken) = Number::from_centre(&self.octets)?;
        Some((centre, self.octets.get(taken..)?))
    }

    pub(super) fn letter(&self) -> Option<Letter> {
        let (_, octets) = self.parts()?;
        if self.status.is_received() {
            Deliver::from_octets(octets).map(Letter::Received)
        } else {
            Submit::from_octets(octets).map(Letter::Written)
        }
    }

    /// As it is kept over a power cut.
    pub(super) fn to_text(&self) -> String {
        format!("{} {}", self.status.number(), hex::write(&self.octets))
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let (status, octets) = text.split_once(' ')?;
        let status = Status::of_number(status.parse().ok()?)?;
        let message = Self { status, octets: hex::read(octets.as_bytes())? };
        message.letter().is_some().then_some(message)
    }
}

/// The places of a card.
#[derive(Clone, Debug, Default)]
pub(super) struct Messages(Vec<Option<Message>>);

/// The number of a place, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(pub(super) u16);

impl Messages {
    pub(super) fn with_room(room: u16) -> Self {
        Self(vec![None; usize::from(room)])
    }

    pub(super) fn room(&self) -> usize {
        self.0.len()
    }

    pub(super) fn used(&self) -> usize {
        self.0.iter().flatten().count()
    }

    pub(super) fn is_full(&self) -> bool {
        self.0.iter().all(Option::is_some)
    }

    pub(super) fn get(&self, place: Place) -> Option<&Message> {
        self.0.get(usize::from(place.0).checked_sub(1)?)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, place: Place) -> Option<&mut Message> {
        self.0.get_mut(usize::from(place.0).checked_sub(1)?)?.as_mut()
    }

    /// Whether there is such a place, with a message in it or not.
    pub(super) fn has_place(&self, place: Place) -> bool {
        (1..=self.0.len()).contains(&usize::from(place.0))
    }

    /// Puts a message into the first free place.
    pub(super) fn add(&mut self, message: Message) -> Option<Place> {
        let free = self.0.iter().position(Option::is_none)?;
        self.put(free, message)
    }

    /// Puts a message back where it was kept.
    pub(super) fn restore(&mut self, place: Place, message: Message) {
        if let Some(at) = usize::from(place.0).checked_sub(1) {
            let _ = self.put(at, message);
        }
    }

    fn put(&mut self, at: usize, message: Message) -> Option<Place> {
        *self.0.get_mut(at)? = Some(message);
        u16::try_from(at + 1).ok().map(Place)
    }

    pub(super) fn remove(&mut self, place: Place) {
        let at = usize::from(place.0).checked_sub(1);
        if let Some(slot) = at.and_then(|at| self.0.get_mut(at)) {
            *slot = None;
        }
    }

    /// The messages in the order of their places.
    pub(super) fn all(&self) -> impl Iterator<Item = (Place, &Message)> {
        self.0.iter().enumerate().filter_map(|(at, slot)| {
            let place = u16::try_from(at + 1).ok()?;
            Some((Place(place), slot.as_ref()?))
        })
    }
}

#[cfg(test)]
mod tests {
    use sms::Content;

    use super::*;

    fn message(text: &str) -> Message {
        let content = Content::of_any_text(text).unwrap();
        let submit = Submit::new(17, 167, Number::parse("5").unwrap(), content);
        Message::new(Status::Unsent, None, &submit.to_octets())
    }

    #[test]
    fn places_are_filled_from_the_first_and_freed_one_by_one() {
        let mut messages = Messages::with_room(2);
        assert_eq!(messages.add(message("a")), Some(Place(1)));
        assert_eq!(messages.add(message("b")), Some(Place(2)));
        assert_eq!(messages.add(message("c")), None);
        assert!(messages.is_full());
        messages.remove(Place(1));
        messages.remove(Place(0));
        messages.remove(Place(9));
        assert_eq!(messages.add(message("d")), Some(Place(1)));
        assert_eq!(messages.used(), 2);
        assert!(!messages.has_place(Place(0)) && !messages.has_place(Place(3)));
    }

    #[test]
    fn a_message_is_kept_as_text() {
        let message = message("kept");
        assert_eq!(Message::from_text(&message.to_text()), Some(message));
        for wrong in ["", "2", "2 zz", "9 00", "2 00", "0 0011"] {
            assert_eq!(Message::from_text(wrong), None, "{wrong}");
        }
    }
}
