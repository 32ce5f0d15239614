//! What has come for a call and was not taken yet.

use std::collections::VecDeque;

use telnet::Event;

use crate::limits;

/// Data and signals in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    items: VecDeque<Item>,
    /// Bytes of data among the items.
    bytes: usize,
    over: bool,
}

#[derive(Debug)]
enum Item {
    Data { bytes: Vec<u8>, taken: usize },
    Event(Event),
}

/// What lies on top of an [`Inbox`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Top {
    /// So many bytes of data were taken.
    Data(usize),
    /// A signal; it must be taken before the data behind it.
    Event,
    /// Nothing, and nothing will come.
    Over,
    /// Nothing yet.
    Empty,
}

impl Inbox {
    /// Puts data behind what is there. After the end there is nothing.
    pub(super) fn put(&mut self, data: &[u8]) {
        if self.over || data.is_empty() {
            return;
        }
        self.bytes += data.len();
        match self.items.back_mut() {
            // Many small packets must not cost more memory than one large one.
            Some(Item::Data { bytes, .. }) if bytes.len() + data.len() <= limits::SSH_PIECE => {
                bytes.extend_from_slice(data);
            }
            _ => self.items.push_back(Item::Data { bytes: data.to_vec(), taken: 0 }),
        }
    }

    /// Puts a signal behind what is there. A window that changes its size again and again has its
    /// last one; of a flood of other signals only the first ones count.
    pub(super) fn signal(&mut self, event: Event) {
        if self.over {
            return;
        }
        match (self.items.back_mut(), &event) {
            (Some(Item::Event(last @ Event::WindowSize(_))), Event::WindowSize(_)) => *last = event,
            _ => {
                let signals = self.items.iter().filter(|item| matches!(item, Item::Event(_)));
                if signals.count() < limits::SSH_SIGNALS {
                    self.items.push_back(Item::Event(event));
                }
            }
        }
    }

    /// Nothing more will come.
    pub(super) fn end(&mut self) {
        self.over = true;
    }

    /// Whether nothing more will come, be it that something is left to take.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Bytes of data that wait.
    pub(super) fn waiting(&self) -> usize {
        self.bytes
    }

    /// Takes data into `buf`, up to the next signal.
    pub(super) fn take(&mut self, buf: &mut [u8]) -> Top {
        let mut filled = 0;
        while let Some(Item::Data { bytes, taken }) = self.items.front_mut() {
            let room = buf.get_mut(filled..).unwrap_or_default();
            let rest = bytes.get(*taken..).unwrap_or_default();
            let count = room.len().min(rest.len());
            for (to, from) in room.iter_mut().zip(rest) {
                *to = *from;
            }
            filled += count;
            *taken += count;
            self.bytes -= count;
            if *taken < bytes.len() {
                break;
            }
            self.items.pop_front();
        }
        if self.items.is_empty() {
            // An idle call keeps nothing.
            self.items = VecDeque::new();
        }
        match self.items.front() {
            _ if filled > 0 => Top::Data(filled),
            Some(_) => Top::Event,
            None if self.over => Top::Over,
            None => Top::Empty,
        }
    }

    /// Takes the signal on top, if there is one.
    pub(super) fn take_event(&mut self) -> Option<Event> {
        match self.items.pop_front() {
            Some(Item::Event(event)) => Some(event),
            Some(data) => {
                self.items.push_front(data);
                None
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telnet::WindowSize;

    fn taken(inbox: &mut Inbox) -> Vec<u8> {
        let mut buf = [0; 64];
        match inbox.take(&mut buf) {
            Top::Data(count) => buf[..count].to_vec(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn a_signal_keeps_its_place_between_the_data() {
        let mut inbox = Inbox::default();
        inbox.put(b"before");
        inbox.signal(Event::Break);
        inbox.put(b"behind");
        inbox.end();
        assert_eq!(inbox.take_event(), None);
        assert_eq!(taken(&mut inbox), b"before");
        assert_eq!(inbox.take(&mut [0; 8]), Top::Event);
        assert_eq!(inbox.take_event(), Some(Event::Break));
        assert_eq!(taken(&mut inbox), b"behind");
        assert_eq!(inbox.take(&mut [0; 8]), Top::Over);
        assert_eq!(inbox.waiting(), 0);
    }

    #[test]
    fn single_bytes_cost_what_one_piece_costs() {
        let mut inbox = Inbox::default();
        for _ in 0..10_000 {
            inbox.put(b"x");
        }
        assert_eq!(inbox.waiting(), 10_000);
        assert_eq!(inbox.items.len(), 1);
        while inbox.waiting() > 0 {
            assert!(!taken(&mut inbox).is_empty());
        }
        assert_eq!(inbox.items.capacity(), 0);
    }

    #[test]
    fn a_flood_of_signals_is_bounded_and_the_last_window_counts() {
        let mut inbox = Inbox::default();
        for columns in 0..1000 {
            inbox.signal(Event::WindowSize(WindowSize { columns, rows: 1 }));
        }
        assert_eq!(inbox.items.len(), 1);
        for _ in 0..1000 {
            inbox.signal(Event::Break);
        }
        assert_eq!(inbox.items.len(), limits::SSH_SIGNALS);
        let last = Event::WindowSize(WindowSize { columns: 999, rows: 1 });
        assert_eq!(inbox.take_event(), Some(last));
    }
}
