//! An order to the launcher, as bytes.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;
use std::time::Duration;

use settings::Span;

use crate::config::{Nice, Privileges, ProcessConfig, Size};
use crate::environment::{OfCall, Variable};
use crate::limits;
use crate::recipe::Recipe;

/// What is to be started.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) who: Who,
    pub(crate) told: OfCall,
}

/// For whom.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// An account of the configuration, which the launcher knows.
    Known { account: String },
    /// One that only the exchange knows, from the store.
    Stored { account: String, recipe: Box<Recipe> },
}

/// Bytes that are no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the order makes no sense")]
pub(crate) struct NoOrder;

const KNOWN: u8 = 1;
const STORED: u8 = 2;

impl Order {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer(Vec::new());
        match &self.who {
            Who::Known { account } => {
                writer.byte(KNOWN);
                writer.text(account);
            }
            Who::Stored { account, recipe } => {
                writer.byte(STORED);
                writer.text(account);
                writer.recipe(recipe);
            }
        }
        writer.count(self.told.len());
        for (variable, value) in &self.told {
            let place = Variable::ALL.iter().position(|it| it == variable);
            writer.byte(place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX));
            writer.bytes(value.as_bytes());
        }
        writer.0
    }

    pub(crate) fn of(bytes: &[u8]) -> Result<Self, NoOrder> {
        let mut reader = Reader(bytes);
        let who = match reader.byte()? {
            KNOWN => Who::Known { account: reader.text()? },
            STORED => Who::Stored { account: reader.text()?, recipe: Box::new(reader.recipe()?) },
            _ => return Err(NoOrder),
        };
        let told = reader.told()?;
        if reader.0.is_empty() { Ok(Self { who, told }) } else { Err(NoOrder) }
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    fn number(&mut self, number: u64) {
        self.0.extend(number.to_le_bytes());
    }

    /// What has more is longer than any order, and refused as such.
    fn count(&mut self, count: usize) {
        self.0.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn maybe<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            None => self.byte(0),
            Some(value) => {
                self.byte(1);
                write(self, value);
            }
        }
    }

    fn recipe(&mut self, recipe: &Recipe) {
        let Recipe { argv, argv0, user, directory, environment, terminal, process, privileges } =
            recipe;
        self.count(argv.len());
        argv.iter().for_each(|argument| self.text(argument));
        self.maybe(argv0.as_deref(), Self::text);
        self.maybe(user.as_deref(), Self::text);
        self.maybe(directory.as_deref(), |it, path| it.bytes(path.as_os_str().as_bytes()));
        self.count(environment.len());
        for (name, value) in environment {
            self.text(name);
            self.text(value);
        }
        self.text(terminal);
        let ProcessConfig { cpu, memory, files, processes, file_size, nice } = process;
        self.maybe(cpu.map(|cpu| cpu.0.as_secs()), Self::number);
        self.maybe(memory.map(|size| size.0), Self::number);
        self.maybe(*files, Self::number);
        self.maybe(*processes, Self::number);
        self.maybe(file_size.map(|size| size.0), Self::number);
        self.maybe(nice.map(|nice| nice.0), Self::byte);
        self.byte(match privileges {
            Privileges::NeverGained => 0,
            Privileges::Usual => 1,
        });
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], NoOrder> {
        let (chunk, rest) = self.0.split_first_chunk().ok_or(NoOrder)?;
        self.0 = rest;
        Ok(*chunk)
    }

    fn byte(&mut self) -> Result<u8, NoOrder> {
        self.chunk().map(|[byte]| byte)
    }

    fn number(&mut self) -> Result<u64, NoOrder> {
        self.chunk().map(u64::from_le_bytes)
    }

    /// How many of something follow, each with a byte at least.
    fn count(&mut self) -> Result<usize, NoOrder> {
        let count = usize::try_from(self.chunk().map(u32::from_le_bytes)?).map_err(|_| NoOrder)?;
        if count <= self.0.len() { Ok(count) } else { Err(NoOrder) }
    }

    fn bytes(&mut self) -> Result<&'a [u8], NoOrder> {
        let length = self.count()?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(NoOrder)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn text(&mut self) -> Result<String, NoOrder> {
        let text = std::str::from_utf8(self.bytes()?).map_err(|_| NoOrder)?;
        Ok(text.to_owned())
    }

    fn maybe<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, NoOrder>,
    ) -> Result<Option<T>, NoOrder> {
        match self.byte()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(NoOrder),
        }
    }

    fn many<T>(
        &mut self,
        read: impl Fn(&mut Self) -> Result<T, NoOrder>,
    ) -> Result<Vec<T>, NoOrder> {
        let count = self.count()?;
        (0..count).map(|_| read(self)).collect()
    }

    fn recipe(&mut self) -> Result<Recipe, NoOrder> {
        Ok(Recipe {
            argv: self.many(Self::text)?,
            argv0: self.maybe(Self::text)?,
            user: self.maybe(Self::text)?,
            directory: self.maybe(Self::path)?,
            environment: self.many(|it| Ok((it.text()?, it.text()?)))?,
            terminal: self.text()?,
            process: ProcessConfig {
                cpu: self.maybe(Self::number)?.map(|secs| Span(Duration::from_secs(secs))),
                memory: self.maybe(Self::number)?.map(Size),
                files: self.maybe(Self::number)?,
                processes: self.maybe(Self::number)?,
                file_size: self.maybe(Self::number)?.map(Size),
                nice: self.maybe(Self::nice)?,
            },
            privileges: match self.byte()? {
                0 => Privileges::NeverGained,
                1 => Privileges::Usual,
                _ => return Err(NoOrder),
            },
        })
    }

    /// A path from the root on, which is all that a table is left with when it has been read.
    fn path(&mut self) -> Result<PathBuf, NoOrder> {
        let bytes = self.bytes()?;
        if !bytes.starts_with(b"/") || bytes.contains(&0) {
            return Err(NoOrder);
        }
        Ok(OsString::from_vec(bytes.to_vec()).into())
    }

    fn nice(&mut self) -> Result<Nice, NoOrder> {
        Some(self.byte()?).filter(|&nice| nice <= 19).map(Nice).ok_or(NoOrder)
    }

    fn told(&mut self) -> Result<OfCall, NoOrder> {
        let count = self.count()?;
        if count > Variable::ALL.len() {
            return Err(NoOrder);
        }
        let mut told = OfCall::with_capacity(count);
        for _ in 0..count {
            let variable = *Variable::ALL.get(usize::from(self.byte()?)).ok_or(NoOrder)?;
            let value = OsStr::from_bytes(self.bytes()?);
            let long = value.len() > limits::CALL_VARIABLE && variable != Variable::Command;
            let twice = told.iter().any(|(known, _)| *known == variable);
            if long || twice || !variable.allows(value) {
                return Err(NoOrder);
            }
            told.push((variable, value.to_owned()));
        }
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told() -> OfCall {
        vec![
            (Variable::Terminal, "vt220".into()),
            (Variable::CallerId, "0123 456".into()),
            (Variable::Command, OsString::from_vec(b"ls\n\xff".to_vec())),
        ]
    }

    fn recipe() -> Recipe {
        Recipe {
            argv: vec!["/bin/cat".into(), "-u".into(), String::new()],
            argv0: Some("-cat".into()),
            user: Some("rtu".into()),
            directory: Some("/srv/rtu".into()),
            environment: vec![("A".into(), "1".into()), ("B".into(), String::new())],
            terminal: "dumb".into(),
            process: ProcessConfig {
                cpu: Some(Span(Duration::from_secs(60))),
                memory: None,
                files: Some(12),
                processes: Some(u64::MAX),
                file_size: Some(Size(1 << 40)),
                nice: Some(Nice(19)),
            },
            privileges: Privileges::Usual,
        }
    }

    fn orders() -> [Order; 3] {
        let account = || "site-0042".to_owned();
        let nothing = Recipe {
            argv: vec!["/bin/cat".into()],
            argv0: None,
            user: None,
            directory: None,
            environment: Vec::new(),
            process: ProcessConfig::default(),
            privileges: Privileges::NeverGained,
            ..recipe()
        };
        [
            Order { who: Who::Known { account: account() }, told: told() },
            Order {
                who: Who::Stored { account: account(), recipe: Box::new(recipe()) },
                told: told(),
            },
            Order {
                who: Who::Stored { account: account(), recipe: Box::new(nothing) },
                told: Vec::new(),
            },
        ]
    }

    #[test]
    fn an_order_is_read_as_it_was_written() {
        for order in orders() {
            assert_eq!(Order::of(&order.to_bytes()), Ok(order));
        }
    }

    #[test]
    fn an_order_that_is_cut_or_has_too_much_is_none() {
        for order in orders() {
            let bytes = order.to_bytes();
            for end in 0..bytes.len() {
                assert_eq!(Order::of(&bytes[..end]), Err(NoOrder), "{order:?} cut at {end}");
            }
            assert_eq!(Order::of(&[&bytes[..], b"\0"].concat()), Err(NoOrder));
        }
    }

    #[test]
    fn no_byte_that_is_changed_makes_anybody_panic_or_ask_for_much_memory() {
        for order in orders() {
            let bytes = order.to_bytes();
            for at in 0..bytes.len() {
                for value in [0, 1, 0x7f, 0xff] {
                    let mut bytes = bytes.clone();
                    bytes[at] = value;
                    let _ = Order::of(&bytes);
                }
            }
        }
    }

    #[test]
    fn what_a_program_may_not_be_told_is_refused() {
        for (variable, value) in [
            (Variable::Terminal, "../x"),
            (Variable::CallerId, "a\nb"),
            (Variable::Command, "a\0b"),
            (Variable::Device, &"x".repeat(limits::CALL_VARIABLE + 1)),
        ] {
            let who = Who::Known { account: "a".into() };
            let order = Order { who, told: vec![(variable, value.into())] };
            assert_eq!(Order::of(&order.to_bytes()), Err(NoOrder), "{variable:?}");
        }
        let twice = vec![(Variable::Date, "0101".into()), (Variable::Date, "0102".into())];
        let order = Order { who: Who::Known { account: "a".into() }, told: twice };
        assert_eq!(Order::of(&order.to_bytes()), Err(NoOrder));
    }
}
