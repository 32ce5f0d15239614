//! `+WIPCFG`: the IP stack and its options.

use std::fmt::Write;
use std::time::Duration;

use at::body::ExtendedAct;

use crate::command::{Args, Read, ok};
use crate::{Action, Answer, Code, Gathering, Memory, Out, StackDown, Wip};

/// How long bytes of the equipment are gathered for one segment, in units of [`GATHER_UNIT`].
const GATHERING: u32 = 12;

/// As the makers' guide has it.
pub(crate) const GATHER_UNIT: Duration = Duration::from_millis(20);

/// Number, first, last, default. The host has no such setting of a socket for how long it waits for
/// fragments (2), for the first window (3), and no port for traces (5): these are held and told.
const OPTIONS: [(u32, u32, u32, u32); 7] = [
    (TTL, 0, 255, 64),
    (TOS, 0, 255, 0),
    (2, 1, 65_535, 60),
    (3, 0, 65_535, 0),
    (SEGMENT, 536, 1460, 536),
    (5, 0, 3, 0),
    (GATHERING, 0, 250, 0),
];

const TTL: u32 = 0;
const TOS: u32 = 1;
const SEGMENT: u32 = 4;

/// The stack.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    pub(crate) power: Power,
    pub(crate) options: Options,
}

/// What the equipment has set, as it stands in [`OPTIONS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options([Option<u32>; OPTIONS.len()]);

/// Whether the stack was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Power {
    Down,
    Up,
}

impl Options {
    /// Each option that there is, with what was set.
    fn all(&self) -> impl Iterator<Item = ((u32, u32, u32, u32), Option<u32>)> {
        OPTIONS.into_iter().zip(self.0)
    }

    /// What the equipment has set.
    fn set(&self, number: u32) -> Option<u32> {
        self.all().find(|((known, ..), _)| *known == number).and_then(|(_, value)| value)
    }

    fn put(&mut self, number: u32, value: u32) -> Read<()> {
        let mut held = OPTIONS.iter().zip(&mut self.0);
        let found = held.find(|((option, ..), _)| *option == number);
        let ((_, first, last, _), place) = found.ok_or(Answer::Cme(Code::BAD_OPTION))?;
        if !(first..=last).contains(&&value) {
            return Err(Answer::Cme(Code::BAD_VALUE));
        }
        *place = Some(value);
        Ok(())
    }

    /// What was set, to be stored: `0=65 12=10`.
    fn to_text(self) -> String {
        let mut text = String::new();
        for ((number, ..), value) in self.all() {
            if let Some(value) = value {
                let gap = if text.is_empty() { "" } else { " " };
                let _ = write!(text, "{gap}{number}={value}");
            }
        }
        text
    }

    /// Reads what [`to_text`](Self::to_text) wrote. What can't be is as if it had not been set.
    pub(crate) fn from_text(text: &str) -> Self {
        let mut options = Self::default();
        for (number, value) in text.split(' ').filter_map(|word| word.split_once('=')) {
            if let (Ok(number), Ok(value)) = (number.parse(), value.parse()) {
                let _ = options.put(number, value);
            }
        }
        options
    }
}

impl Stack {
    /// A stack that is down.
    pub(crate) const fn with(options: Options) -> Self {
        Self { power: Power::Down, options }
    }

    fn option(&self, number: u32) -> u32 {
        let held = self.options.all().filter(|((known, ..), _)| *known == number);
        held.map(|((.., default), value)| value.unwrap_or(default)).sum()
    }

    /// The largest segment, where the equipment has chosen one: without, the host knows better than to use as
    /// little as these modules did.
    fn segment(&self) -> Option<u16> {
        self.options.set(SEGMENT).and_then(|bytes| u16::try_from(bytes).ok())
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
            (1, 1) => self.start_stack(out),
            (2, 3) => self.set_stack_option(args.number(1)?, args.number(2)?, out),
            (3, 1) => {
                let line = format!("+WIPCFG: {}", self.rules.version);
                Ok(Answer::Ok(vec![line]))
            }
            (4, 2) => match args.number(1)? {
                0 => Ok(self.store_options(Options::default(), out)),
                1 => Ok(self.store_options(self.stack.options, out)),
                _ => Err(Answer::Error),
            },
            _ => Err(Answer::Error),
        }
    }

    fn stack_options(&self) -> Answer {
        match (self.stack.power, self.rules.stack_down) {
            (Power::Down, StackDown::Error) => Answer::Cme(Code::BAD_STACK_STATE),
            (Power::Down, StackDown::Ok) => ok(),
            (Power::Up, _) => {
                let known =
                    self.stack.options.all().filter(|((number, ..), _)| self.knows(*number));
                let line = |((number, .., default), value): ((u32, u32, u32, u32), Option<u32>)| {
                    format!("+WIPCFG: {number},{}", value.unwrap_or(default))
                };
                Answer::Ok(known.map(line).collect())
            }
        }
    }

    fn knows(&self, option: u32) -> bool {
        option != GATHERING || self.rules.gathering == Gathering::Known
    }

    pub(crate) fn start_stack(&mut self, out: &mut impl Out) -> Read<Answer> {
        if self.stack.power == Power::Up {
            return Err(Answer::Cme(Code::STACK_UP));
        }
        self.stack.power = Power::Up;
        if let Some(segment) = self.stack.segment() {
            out.act(Action::Segment(segment));
        }
        Ok(ok())
    }

    pub(crate) fn stop_stack(&mut self, out: &mut impl Out) -> Read<Answer> {
        self.close_all(out);
        self.bearers.close_all();
        self.stack.power = Power::Down;
        Ok(ok())
    }

    fn set_stack_option(&mut self, number: u32, value: u32, out: &mut impl Out) -> Read<Answer> {
        if !self.knows(number) {
            return Err(Answer::Cme(Code::BAD_OPTION));
        }
        self.stack.options.put(number, value)?;
        if let (SEGMENT, Some(segment)) = (number, self.stack.segment()) {
            out.act(Action::Segment(segment));
        }
        Ok(ok())
    }

    /// Stores what the stack begins with the next time that the module starts.
    fn store_options(&mut self, options: Options, out: &mut impl Out) -> Answer {
        self.stored.stack = options;
        out.keep(Memory::Stack, &options.to_text());
        ok()
    }

    /// Whether the stack is up, or what a command that needs it is answered.
    pub(crate) fn stack_is_up(&self) -> Read<()> {
        match self.stack.power {
            Power::Up => Ok(()),
            Power::Down => Err(Answer::Cme(Code::BAD_STACK_STATE)),
        }
    }
}
