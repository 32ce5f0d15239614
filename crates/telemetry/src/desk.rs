//! What the centre wants to know of a station's units.

use std::collections::VecDeque;

use clock::Instant;
use modbus::UnitId;
use modbus::pdu::Pdu;

use crate::centre::{Full, Ticket};
use crate::limits;
use crate::message::{Mark, Message};

/// Questions, the oldest first; the first [`limits::ASKED`] of them are on their way.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    asks: VecDeque<Ask>,
    last_id: u32,
}

#[derive(Debug)]
struct Ask {
    ticket: Ticket,
    unit: UnitId,
    pdu: Pdu,
    /// Where it may be said again in another call, and is to be carried out once all the same.
    mark: Option<Mark>,
    said: Option<Said>,
}

#[derive(Debug)]
struct Said {
    id: u32,
    tries: u8,
    again: Instant,
}

/// What is to be done about a question.
#[derive(Debug)]
pub(crate) enum Due {
    Say(Message),
    GiveUp(Ticket),
}

impl Desk {
    pub(crate) fn put(
        &mut self,
        ticket: Ticket,
        unit: UnitId,
        pdu: Pdu,
        mark: Option<Mark>,
    ) -> Result<(), Full> {
        if self.asks.len() >= limits::ASKS {
            return Err(Full);
        }
        self.asks.push_back(Ask { ticket, unit, pdu, mark, said: None });
        Ok(())
    }

    /// The next question that is to be said, again or at first, or given up.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Due> {
        for index in 0..self.asks.len().min(limits::ASKED) {
            let ask = self.asks.get_mut(index)?;
            match &mut ask.said {
                Some(said) if now < said.again => continue,
                Some(said) if said.tries >= limits::TRIES => {
                    return self.asks.remove(index).map(|ask| Due::GiveUp(ask.ticket));
                }
                Some(said) => {
                    said.tries += 1;
                    said.again = now + limits::AGAIN;
                }
                None => {
                    self.last_id = self.last_id.wrapping_add(1);
                    ask.said =
                        Some(Said { id: self.last_id, tries: 1, again: now + limits::AGAIN });
                }
            }
            let id = ask.said.as_ref().map_or(0, |said| said.id);
            let (unit, pdu) = (ask.unit, ask.pdu.clone());
            return Some(Due::Say(match ask.mark {
                None => Message::Ask { id, unit, pdu },
                Some(mark) => Message::Once { id, mark, unit, pdu },
            }));
        }
        None
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let said = self.asks.iter().take(limits::ASKED).filter_map(|ask| ask.said.as_ref());
        said.map(|said| said.again).min()
    }

    /// Whose question was answered.
    pub(crate) fn answered(&mut self, id: u32) -> Option<Ticket> {
        let is_it = |ask: &Ask| ask.said.as_ref().is_some_and(|said| said.id == id);
        let index = self.asks.iter().position(is_it)?;
        self.asks.remove(index).map(|ask| ask.ticket)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.asks.is_empty()
    }

    /// Everybody who waits; nobody does any more.
    pub(crate) fn clear(&mut self) -> impl Iterator<Item = Ticket> {
        std::mem::take(&mut self.asks).into_iter().map(|ask| ask.ticket)
    }
}
