//! A station's memory of what it was asked, so that nothing is done twice because it was said twice.

use std::collections::VecDeque;

use modbus::pdu::Pdu;

use crate::limits;

/// Questions, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Asks {
    known: VecDeque<(u32, Option<Pdu>)>,
    /// Nothing up to here is carried out any more.
    floor: u32,
}

/// What to do about a question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It is new.
    Anew,
    /// It is being asked, or too old.
    Known,
    /// It was answered so.
    Answered(Pdu),
}

impl Asks {
    pub(crate) fn asked(&mut self, id: u32) -> Asked {
        if let Some((_, answer)) = self.known.iter().find(|(known, _)| *known == id) {
            return answer.clone().map_or(Asked::Known, Asked::Answered);
        }
        if id <= self.floor || self.under_way() >= limits::ANSWERS {
            return Asked::Known;
        }
        if self.known.len() == limits::ANSWERS {
            let oldest = self.known.iter().position(|(_, answer)| answer.is_some());
            if let Some((id, _)) = oldest.and_then(|oldest| self.known.remove(oldest)) {
                self.floor = self.floor.max(id);
            }
        }
        self.known.push_back((id, None));
        Asked::Anew
    }

    /// Whether somebody waits for this answer.
    pub(crate) fn answered(&mut self, id: u32, pdu: &Pdu) -> bool {
        let waiting =
            self.known.iter_mut().find(|(known, answer)| *known == id && answer.is_none());
        waiting.is_some_and(|(_, answer)| answer.replace(pdu.clone()).is_none())
    }

    /// Questions without an answer.
    pub(crate) fn under_way(&self) -> usize {
        self.known.iter().filter(|(_, answer)| answer.is_none()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use modbus::pdu::Exception;

    #[test]
    fn a_question_is_carried_out_once_however_often_it_comes() {
        let mut asks = Asks::default();
        let answer = Pdu::exception(6, Exception::DeviceFailure);
        assert_eq!(asks.asked(1), Asked::Anew);
        assert_eq!(asks.asked(1), Asked::Known);
        assert!(asks.answered(1, &answer));
        assert_eq!(asks.asked(1), Asked::Answered(answer.clone()));
        for id in 2..200 {
            assert_eq!(asks.asked(id), Asked::Anew);
            assert!(asks.answered(id, &answer));
        }
        assert_eq!(asks.asked(1), Asked::Known, "forgotten, and not carried out again");
        assert_eq!(asks.under_way(), 0);
    }
}
