//! What equipment may ask of a real module behind its line: 3GPP TS 27.007 beside the maker's own.

use Question::*;

/// A question that a module answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// `+CSQ`: strength and errors of the signal.
    Signal,
    /// `+CREG?`: whether a network takes it.
    Registration,
    /// `+CGREG?`: the same for packet data.
    PacketRegistration,
    /// `+CEREG?`: the same for LTE.
    LteRegistration,
    /// `+COPS?`: which network.
    Operator,
    /// `+CGATT?`: whether packet data are attached.
    Attachment,
    /// `+CGMI`: who made it.
    Maker,
    /// `+CGMM`: which model it is.
    Model,
    /// `+CGMR`: its software.
    Version,
    /// `+CGSN`: its own number.
    Serial,
    /// `+CIMI`: the subscriber on the card.
    Subscriber,
    /// `+CCID`: the card's own number.
    Card,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// These lines, without the `OK` behind them.
    Lines(Vec<String>),
    /// The module refuses, with this `+CME ERROR` if it gives one.
    Refused(Option<u16>),
    /// Nobody knows: there is no module, it doesn't answer, or what it last said is too old.
    Nothing,
}

impl Question {
    /// Every question.
    pub const ALL: [Self; 12] = [
        Signal,
        Registration,
        PacketRegistration,
        LteRegistration,
        Operator,
        Attachment,
        Maker,
        Model,
        Version,
        Serial,
        Subscriber,
        Card,
    ];

    /// The command that asks it.
    pub const fn command(self) -> &'static str {
        match self {
            Signal => "AT+CSQ",
            Registration => "AT+CREG?",
            PacketRegistration => "AT+CGREG?",
            LteRegistration => "AT+CEREG?",
            Operator => "AT+COPS?",
            Attachment => "AT+CGATT?",
            Maker => "AT+CGMI",
            Model => "AT+CGMM",
            Version => "AT+CGMR",
            Serial => "AT+CGSN",
            Subscriber => "AT+CIMI",
            Card => "AT+CCID",
        }
    }

    /// The command's name, with which most answers begin.
    pub fn name(self) -> &'static str {
        self.command().trim_start_matches("AT").trim_end_matches('?')
    }

    /// Whether the answer stays the same for as long as the module is the same.
    pub const fn is_lasting(self) -> bool {
        matches!(self, Maker | Model | Version | Serial)
    }

    /// Whether this line, heard behind the command, answers it: much else is said unasked.
    pub fn is_answered_by(self, line: &str) -> bool {
        if let Some(rest) = line.strip_prefix(self.name()) {
            return rest.starts_with(':');
        }
        // These are told bare, by some or by all.
        let bare = self.is_lasting() || matches!(self, Subscriber | Card);
        bare && !line.starts_with(['+', '*', '^', '#', '>'])
            && !matches!(line, "OK" | "ERROR" | "RING" | "NO CARRIER" | "RDY")
    }

    /// What stands for an answer that nobody knows; nothing, where no value says so.
    pub const fn unknown(self) -> Option<&'static str> {
        match self {
            Signal => Some("+CSQ: 99,99"),
            Registration => Some("+CREG: 0,4"),
            PacketRegistration => Some("+CGREG: 0,4"),
            LteRegistration => Some("+CEREG: 0,4"),
            // No network is chosen.
            Operator => Some("+COPS: 0"),
            Attachment | Maker | Model | Version | Serial | Subscriber | Card => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_said_unasked_answers_nothing() {
        for (question, line, answers) in [
            (Signal, "+CSQ: 17,0", true),
            (Signal, "+CSQN: 17,0", false),
            (Registration, "+CGREG: 0,1", false),
            (Serial, "004999010640000", true),
            (Serial, "+WIND: 7", false),
            (Maker, "RING", false),
            (Card, "+CCID: \"8988\"", true),
            (Card, "8988211000000000000", true),
        ] {
            assert_eq!(question.is_answered_by(line), answers, "{question:?} {line}");
        }
    }

    #[test]
    fn what_stands_for_nothing_known_is_an_answer() {
        for question in Question::ALL {
            assert!(question.unknown().is_none_or(|line| question.is_answered_by(line)));
            assert!(question.command().contains(question.name()));
        }
    }
}
