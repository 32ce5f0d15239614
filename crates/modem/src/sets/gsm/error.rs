//! Why a command of a module is refused: 3GPP TS 27.007, 9.2, and TS 27.005, 3.2.5.

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `ERROR`, whatever `+CMEE` says: it could not be read.
    Syntax,
    /// `+CME ERROR`: of the equipment.
    Equipment(u16),
    /// `+CMS ERROR`: of messages.
    Message(u16),
}

pub(super) const NOT_ALLOWED: Refusal = Refusal::Equipment(3);
pub(super) const NOT_SUPPORTED: Refusal = Refusal::Equipment(4);
pub(super) const SIM_ABSENT: Refusal = Refusal::Equipment(10);
pub(super) const PIN_WANTED: Refusal = Refusal::Equipment(11);
pub(super) const PUK_WANTED: Refusal = Refusal::Equipment(12);
pub(super) const SIM_DEAD: Refusal = Refusal::Equipment(13);
pub(super) const WRONG_PASSWORD: Refusal = Refusal::Equipment(16);
pub(super) const MEMORY_FULL: Refusal = Refusal::Equipment(20);
pub(super) const BAD_PLACE: Refusal = Refusal::Equipment(21);
pub(super) const NOT_FOUND: Refusal = Refusal::Equipment(22);
pub(super) const MEMORY_FAILURE: Refusal = Refusal::Equipment(23);
pub(super) const LONG_NAME: Refusal = Refusal::Equipment(24);
pub(super) const BAD_NAME: Refusal = Refusal::Equipment(25);
pub(super) const LONG_NUMBER: Refusal = Refusal::Equipment(26);
pub(super) const BAD_NUMBER: Refusal = Refusal::Equipment(27);
pub(super) const NO_SERVICE: Refusal = Refusal::Equipment(30);
pub(super) const MESSAGE_NOT_ALLOWED: Refusal = Refusal::Message(302);
pub(super) const BAD_PDU: Refusal = Refusal::Message(304);
pub(super) const BAD_TEXT: Refusal = Refusal::Message(305);
pub(super) const MESSAGE_MEMORY_FAILURE: Refusal = Refusal::Message(320);
pub(super) const BAD_INDEX: Refusal = Refusal::Message(321);
pub(super) const STORE_FULL: Refusal = Refusal::Message(322);
pub(super) const NO_CENTRE: Refusal = Refusal::Message(330);
pub(super) const NO_MESSAGE_SERVICE: Refusal = Refusal::Message(331);
pub(super) const MESSAGE_TIMEOUT: Refusal = Refusal::Message(332);

impl Refusal {
    /// The same, as a command about messages has it.
    pub(super) fn of_message(self) -> Self {
        match self {
            SIM_ABSENT => Self::Message(310),
            PIN_WANTED => Self::Message(311),
            SIM_DEAD => Self::Message(313),
            PUK_WANTED => Self::Message(316),
            NO_SERVICE => NO_MESSAGE_SERVICE,
            other => other,
        }
    }

    /// What `+CMEE=2` says; the number where the standard has no words.
    pub(crate) fn words(self) -> Option<&'static str> {
        let (table, number): (&[(u16, &str)], u16) = match self {
            Self::Syntax => return None,
            Self::Equipment(number) => (EQUIPMENT, number),
            Self::Message(number) => (MESSAGE, number),
        };
        table.iter().find(|(known, _)| *known == number).map(|(_, words)| *words)
    }
}

const EQUIPMENT: &[(u16, &str)] = &[
    (0, "phone failure"),
    (3, "operation not allowed"),
    (4, "operation not supported"),
    (10, "SIM not inserted"),
    (11, "SIM PIN required"),
    (12, "SIM PUK required"),
    (13, "SIM failure"),
    (14, "SIM busy"),
    (16, "incorrect password"),
    (17, "SIM PIN2 required"),
    (18, "SIM PUK2 required"),
    (20, "memory full"),
    (21, "invalid index"),
    (22, "not found"),
    (23, "memory failure"),
    (24, "text string too long"),
    (25, "invalid characters in text string"),
    (26, "dial string too long"),
    (27, "invalid characters in dial string"),
    (30, "no network service"),
    (32, "network not allowed - emergency calls only"),
    (50, "incorrect parameters"),
    (100, "unknown"),
];

const MESSAGE: &[(u16, &str)] = &[
    (1, "Unassigned (unallocated) number"),
    (21, "Short message transfer rejected"),
    (38, "Network out of order"),
    (300, "ME failure"),
    (302, "operation not allowed"),
    (303, "operation not supported"),
    (304, "invalid PDU mode parameter"),
    (305, "invalid text mode parameter"),
    (310, "SIM not inserted"),
    (311, "SIM PIN required"),
    (313, "SIM failure"),
    (316, "SIM PUK required"),
    (320, "memory failure"),
    (321, "invalid memory index"),
    (322, "memory full"),
    (330, "SMSC address unknown"),
    (331, "no network service"),
    (332, "network timeout"),
    (340, "no +CNMA acknowledgement expected"),
    (500, "unknown error"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_its_words_or_only_its_number() {
        assert_eq!(WRONG_PASSWORD.words(), Some("incorrect password"));
        assert_eq!(STORE_FULL.words(), Some("memory full"));
        assert_eq!(Refusal::Equipment(844).words(), None);
        assert_eq!(PIN_WANTED.of_message(), Refusal::Message(311));
    }
}
