//! `+WIPCFG`: the IP stack and its options.

use std::time::Duration;

use at::body::ExtendedAct;

use crate::command::{Args, Read, ok};
use crate::{Answer, Code, Gathering, Out, StackDown, Wip};

/// How long bytes of the equipment are gathered for one segment, in units of [`GATHER_UNIT`].
const GATHERING: u32 = 12;

/// As the makers' guide has it.
pub(crate) const GATHER_UNIT: Duration = Duration::from_millis(20);

/// Number, first, last, default. What nothing comes of is held and told.
const OPTIONS: [(u32, u32, u32, u32); 7] = [
    (TTL, 0, 255, 64),
    (TOS, 0, 255, 0),
    (2, 1, 65_535, 60),
    (3, 0, 65_535, 0),
    (4, 536, 1460, 536),
    (5, 0, 3, 0),
    (GATHERING, 0, 250, 0),
];

const TTL: u32 = 0;
const TOS: u32 = 1;

/// The stack.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    pub(crate) power: Power,
    /// As they stand in [`OPTIONS`].
    options: [u32; OPTIONS.len()],
}

/// Whether the stack was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Power {
    Down,
    Up,
}

impl Default for Stack {
    fn default() -> Self {
        Self { power: Power::Down, options: OPTIONS.map(|(_, _, _, default)| default) }
    }
}

impl Stack {
    fn option(&self, number: u32) -> u32 {
        let held = OPTIONS.iter().zip(self.options);
        held.filter(|((known, ..), _)| *known == number).map(|(_, value)| value).sum()
    }

    /// How long bytes of the equipment are gathered.
    pub(crate) fn gathering(&self) -> Duration {
        GATHER_UNIT * self.option(GATHERING)
    }

    /// What sockets begin with.
    pub(crate) fn ttl(&self) -> u8 {
        u8::try_from(self.option(TTL)).unwrap_or(u8::MAX)
    }

    /// See [`Stack::ttl`].
    pub(crate) fn tos(&self) -> u8 {
        u8::try_from(self.option(TOS)).unwrap_or(u8::MAX)
    }
}

impl Wip {
    pub(crate) fn stack_command(
        &mut self,
        act: &ExtendedAct<'_>,
        out: &mut impl Out,
    ) -> Read<Answer> {
        let values = match act {
            ExtendedAct::Set(values) => values,
            ExtendedAct::Test => return Ok(ok()),
            ExtendedAct::Read => return Ok(self.stack_options()),
            ExtendedAct::Execute => return Err(Answer::Error),
        };
        let args = Args::of(values, 1, 3)?;
        match (args.number(0)?, args.len()) {
            (0, 1) => self.stop_stack(out),
            (1, 1) => self.start_stack(),
            (2, 3) => self.set_stack_option(args.number(1)?, args.number(2)?),
            (3, 1) => {
                let line = format!("+WIPCFG: {}", self.rules.version);
                Ok(Answer::Ok(vec![line]))
            }
            // What is stored lasts as long as the machine does anyway.
            (4, 2) if args.number(1)? <= 1 => Ok(ok()),
            _ => Err(Answer::Error),
        }
    }

    fn stack_options(&self) -> Answer {
        match (self.stack.power, self.rules.stack_down) {
            (Power::Down, StackDown::Error) => Answer::Cme(Code::BAD_STACK_STATE),
            (Power::Down, StackDown::Ok) => ok(),
            (Power::Up, _) => {
                let held = OPTIONS.iter().zip(self.stack.options);
                let known = held.filter(|((number, ..), _)| self.knows(*number));
                Answer::Ok(
                    known
                        .map(|((number, ..), value)| format!("+WIPCFG: {number},{value}"))
                        .collect(),
                )
            }
        }
    }

    fn knows(&self, option: u32) -> bool {
        option != GATHERING || self.rules.gathering == Gathering::Known
    }

    pub(crate) fn start_stack(&mut self) -> Read<Answer> {
        if self.stack.power == Power::Up {
            return Err(Answer::Cme(Code::STACK_UP));
        }
        self.stack.power = Power::Up;
        Ok(ok())
    }

    pub(crate) fn stop_stack(&mut self, out: &mut impl Out) -> Read<Answer> {
        self.close_all(out);
        self.bearers.close_all();
        self.stack.power = Power::Down;
        Ok(ok())
    }

    fn set_stack_option(&mut self, number: u32, value: u32) -> Read<Answer> {
        let known = self.knows(number);
        let mut held = OPTIONS.iter().zip(&mut self.stack.options);
        let found = held.find(|((option, ..), _)| *option == number && known);
        let ((_, first, last, _), place) = found.ok_or(Answer::Cme(Code::BAD_OPTION))?;
        if !(first..=last).contains(&&value) {
            return Err(Answer::Cme(Code::BAD_VALUE));
        }
        *place = value;
        Ok(ok())
    }

    /// Whether the stack is up, or what a command that needs it is answered.
    pub(crate) fn stack_is_up(&self) -> Read<()> {
        match self.stack.power {
            Power::Up => Ok(()),
            Power::Down => Err(Answer::Cme(Code::BAD_STACK_STATE)),
        }
    }
}
