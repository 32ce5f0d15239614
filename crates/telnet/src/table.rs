//! Where every known option of both parties stands.

use clock::Instant;

use crate::limits;
use crate::q::{self, Happening, Say, State, Step};
use crate::wire::{Known, Verb};

/// Whose use of an option is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    /// Our use of it: the peer says DO and DONT, we say WILL and WONT.
    Us,
    /// The peer's use of it: he says WILL and WONT, we say DO and DONT.
    Peer,
}

impl Party {
    /// The command with which we speak of this party's options.
    pub(crate) const fn verb(self, say: Say) -> Verb {
        match (self, say) {
            (Self::Us, Say::On) => Verb::Will,
            (Self::Us, Say::Off) => Verb::Wont,
            (Self::Peer, Say::On) => Verb::Do,
            (Self::Peer, Say::Off) => Verb::Dont,
        }
    }
}

/// One option of one party.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) state: State,
    changes: u8,
}

const NEW: Entry = Entry { state: State::No, changes: 0 };

impl Entry {
    /// What would follow from this happening, within the budget.
    pub(crate) fn foresee(&self, happening: Happening) -> Step {
        let step = q::step(self.state, happening);
        if step.next == self.state || self.changes < limits::STATE_CHANGES {
            return step;
        }
        // Silence ends a loop. The option may still fall to "off", where data are always understood.
        match happening {
            Happening::PeerOff | Happening::NoAnswer => Step { next: State::No, say: None },
            Happening::PeerOn(_) | Happening::WantOn | Happening::WantOff => {
                Step { next: self.state, say: None }
            }
        }
    }

    fn is_asked(&self) -> bool {
        matches!(self.state, State::WantNo(_) | State::WantYes(_))
    }
}

/// A question whose answer is awaited.
#[derive(Clone, Copy, Debug)]
struct Question {
    party: Party,
    option: Known,
    answer_by: Instant,
}

#[derive(Clone, Debug, Default)]
struct Questions(Vec<Question>);

#[derive(Clone, Debug)]
struct Sides {
    us: Entry,
    peer: Entry,
}

const BOTH: Sides = Sides { us: NEW, peer: NEW };

/// Every known option of both parties.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    binary: Sides,
    echo: Sides,
    suppress_go_ahead: Sides,
    terminal_type: Sides,
    window_size: Sides,
    com_port: Sides,
    /// At most one for each option of each party. Nothing when all are answered, as they soon are for
    /// good.
    questions: Option<Box<Questions>>,
}

impl Table {
    pub(crate) const KNOWN: [Known; 6] = [
        Known::Binary,
        Known::Echo,
        Known::SuppressGoAhead,
        Known::TerminalType,
        Known::WindowSize,
        Known::ComPort,
    ];

    pub(crate) const fn new() -> Self {
        Self {
            binary: BOTH,
            echo: BOTH,
            suppress_go_ahead: BOTH,
            terminal_type: BOTH,
            window_size: BOTH,
            com_port: BOTH,
            questions: None,
        }
    }

    /// Takes a foreseen step.
    pub(crate) fn take(&mut self, now: Instant, party: Party, option: Known, step: Step) {
        let entry = self.entry_mut(party, option);
        if step.next == entry.state {
            return;
        }
        entry.changes = entry.changes.saturating_add(1);
        entry.state = step.next;
        let asked = entry.is_asked();
        // A wish that has to wait for the answer leaves the question as it is.
        if asked && step.say.is_none() {
            return;
        }
        let questions = &mut self.questions.get_or_insert_default().0;
        questions.retain(|question| (question.party, question.option) != (party, option));
        if asked {
            questions.push(Question { party, option, answer_by: now + limits::ANSWER });
        } else if questions.is_empty() {
            self.questions = None;
        }
    }

    pub(crate) fn state(&self, party: Party, option: Known) -> State {
        self.entry(party, option).state
    }

    pub(crate) fn entry(&self, party: Party, option: Known) -> &Entry {
        let sides = match option {
            Known::Binary => &self.binary,
            Known::Echo => &self.echo,
            Known::SuppressGoAhead => &self.suppress_go_ahead,
            Known::TerminalType => &self.terminal_type,
            Known::WindowSize => &self.window_size,
            Known::ComPort => &self.com_port,
        };
        match party {
            Party::Us => &sides.us,
            Party::Peer => &sides.peer,
        }
    }

    fn entry_mut(&mut self, party: Party, option: Known) -> &mut Entry {
        let sides = match option {
            Known::Binary => &mut self.binary,
            Known::Echo => &mut self.echo,
            Known::SuppressGoAhead => &mut self.suppress_go_ahead,
            Known::TerminalType => &mut self.terminal_type,
            Known::WindowSize => &mut self.window_size,
            Known::ComPort => &mut self.com_port,
        };
        match party {
            Party::Us => &mut sides.us,
            Party::Peer => &mut sides.peer,
        }
    }

    /// When the first of the awaited answers is overdue.
    pub(crate) fn answer_by(&self) -> Option<Instant> {
        self.questions().map(|question| question.answer_by).min()
    }

    /// Whether the answer that an option waits for is overdue.
    pub(crate) fn is_overdue(&self, now: Instant, party: Party, option: Known) -> bool {
        self.questions().any(|question| {
            (question.party, question.option) == (party, option) && question.answer_by <= now
        })
    }

    fn questions(&self) -> impl Iterator<Item = &Question> {
        self.questions.iter().flat_map(|questions| questions.0.iter())
    }
}
