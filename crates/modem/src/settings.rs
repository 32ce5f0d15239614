//! What is set now: the persona's factory settings and what was changed since.

use std::fmt::{self, Write};
use std::sync::Arc;

use at::body::{self, Command as Typed, ExtendedAct, Prefix, Reading, RegisterAct, Syntax, Value};

use crate::limits::LAST_FREE_REGISTER;
use crate::persona::{Persona, Unknown};
use crate::table::{self, Cell, Command, Does, Kept, Key};

/// Cells that differ from what lies under them, sorted by key.
///
/// Lines that nobody configured differ little from their persona, so an overlay takes a few dozen
/// bytes where a full set of registers would take hundreds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Overlay(Vec<(Key, u32)>);

impl Overlay {
    fn get(&self, key: Key) -> Option<u32> {
        let place = self.0.binary_search_by_key(&key, |entry| entry.0).ok()?;
        self.0.get(place).map(|entry| entry.1)
    }

    /// Puts `number` at `key`; a number equal to `under` needs no entry.
    pub(crate) fn set(&mut self, key: Key, number: u32, under: u32) {
        let place = self.0.binary_search_by_key(&key, |entry| entry.0);
        match place {
            Ok(place) if number == under => {
                self.0.remove(place);
            }
            Ok(place) => {
                if let Some(entry) = self.0.get_mut(place) {
                    entry.1 = number;
                }
            }
            Err(_) if number == under => {}
            Err(place) => self.0.insert(place, (key, number)),
        }
    }
}

/// The settings of one modem.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    persona: Arc<Persona>,
    changed: Overlay,
}

/// Why a command could not set anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingError {
    /// The line can't be read.
    Syntax(Syntax),
    /// There is no such command.
    Unknown,
    /// The value is not in the command's range.
    OutOfRange,
    /// The command does something other than setting.
    NotASetting,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(syntax) => write!(f, "{syntax}"),
            Self::Unknown => f.write_str("there is no such command"),
            Self::OutOfRange => f.write_str("the value is out of range"),
            Self::NotASetting => f.write_str("this command sets nothing that could be stored"),
        }
    }
}

impl std::error::Error for SettingError {}

impl Settings {
    /// The factory settings of a persona.
    pub(crate) fn factory(persona: Arc<Persona>) -> Self {
        Self { persona, changed: Overlay::default() }
    }

    /// Whose settings these are.
    pub(crate) fn persona(&self) -> &Arc<Persona> {
        &self.persona
    }

    /// Back to the factory settings.
    pub(crate) fn restore_factory(&mut self) {
        self.changed = Overlay::default();
    }

    /// What a cell holds.
    pub(crate) fn number(&self, cell: Cell) -> u32 {
        self.changed.get(cell.key).unwrap_or_else(|| self.under(cell.key, cell.default))
    }

    /// What a cell holds, where all it may hold fits a byte.
    pub(crate) fn byte(&self, cell: Cell) -> u8 {
        u8::try_from(self.number(cell)).unwrap_or(u8::MAX)
    }

    fn under(&self, key: Key, default: u32) -> u32 {
        self.persona.factory.get(key).unwrap_or(default)
    }

    /// Puts a number that the cell accepts.
    pub(crate) fn set(&mut self, cell: Cell, number: u32) {
        let under = self.under(cell.key, cell.default);
        self.changed.set(cell.key, number, under);
    }

    /// The command of the table that was typed, if this persona has it.
    pub(crate) fn find(&self, typed: &Typed<'_>) -> Option<&'static Command> {
        if let Some(found) = self.find_of_set(typed) {
            return Some(found);
        }
        let found = match typed {
            Typed::Basic { prefix, letter, .. } => {
                table::find(prefix.map(Prefix::byte), &[*letter])
            }
            Typed::Register { number: Some(number), .. } => table::find_register(*number),
            Typed::StoreNumber { .. } | Typed::ReadNumber { .. } => table::find(Some(b'&'), b"Z"),
            Typed::Extended { name, .. } => table::find(Some(b'+'), name.as_bytes()),
            Typed::Vendor { mark, name, .. } => table::find(Some(mark.byte()), name.as_bytes()),
            Typed::Dial(_) => table::find(None, b"D"),
            Typed::Register { number: None, .. } | Typed::Help(_) => None,
        };
        found.filter(|command| self.persona.has(command.name))
    }

    /// The setting of a command set that was typed, if this persona has it.
    fn find_of_set(&self, typed: &Typed<'_>) -> Option<&'static Command> {
        let Typed::Extended { name, .. } = typed else { return None };
        let known = |command: &&Command| command.name.strip_prefix('+') == Some(&**name);
        crate::sets::settings(&self.persona).iter().find(known)
    }

    /// Sets what a command sets to the values that were typed; all of them or none.
    pub(crate) fn assign<'v>(
        &mut self,
        command: &Command,
        values: impl Iterator<Item = Value<'v>>,
    ) -> Result<(), SettingError> {
        let mut cells = command.cells.iter();
        let mut accepted = Vec::new();
        for value in values {
            let cell = cells.next().ok_or(SettingError::OutOfRange)?;
            let number = match &value {
                Value::Omitted => continue,
                Value::Number(number) => cell.accept(*number),
                Value::Word(word) | Value::Text(word) => cell.accept_word(word),
            };
            accepted.push((*cell, number.ok_or(SettingError::OutOfRange)?));
        }
        match command.does {
            Does::Sets | Does::SetsBare => {
                for (cell, number) in accepted {
                    self.set(cell, number);
                }
                Ok(())
            }
            Does::Means(write, _) => {
                for (_, number) in accepted {
                    write(self, number);
                }
                Ok(())
            }
            Does::Tells(_) | Does::Controls(_) => Err(SettingError::NotASetting),
        }
    }

    /// What the command's first cell, or what it stands for, holds.
    pub(crate) fn read(&self, command: &Command) -> u32 {
        match (command.does, command.cells.first()) {
            (Does::Means(_, read), _) => read(self),
            (_, Some(cell)) => self.number(*cell),
            (_, None) => 0,
        }
    }

    /// What a register holds that the table does not name.
    pub(crate) fn free_register(&self, number: u16) -> Option<u32> {
        Some(self.number(self.free_cell(number)?))
    }

    /// Sets a register that the table does not name.
    pub(crate) fn set_free_register(&mut self, number: u16, to: u32) -> Result<(), SettingError> {
        let cell = self.free_cell(number).ok_or(SettingError::Unknown)?;
        let to = cell.accept(to).ok_or(SettingError::OutOfRange)?;
        self.set(cell, to);
        Ok(())
    }

    fn free_cell(&self, number: u16) -> Option<Cell> {
        let grammar = &self.persona.grammar;
        let own = |&(first, last): &(u16, u16)| (first..=last).contains(&number);
        if grammar.registers.iter().any(own) {
            return Some(Cell::free_register(number, u32::from(u16::MAX)));
        }
        let stored = grammar.unknown == Unknown::Ok && number <= LAST_FREE_REGISTER;
        stored.then(|| Cell::free_register(number, u32::from(u8::MAX)))
    }

    /// Carries out the commands of a profile, or of a persona's settings. One that can't be set does
    /// not keep the others from being set; the first of the errors is returned.
    pub(crate) fn apply(&mut self, text: &str) -> Result<(), SettingError> {
        let mut first_error = Ok(());
        for typed in body::commands(text.as_bytes(), Reading::Lenient) {
            let set = typed.map_err(SettingError::Syntax).and_then(|typed| self.apply_one(&typed));
            first_error = first_error.and(set);
        }
        first_error
    }

    fn apply_one(&mut self, typed: &Typed<'_>) -> Result<(), SettingError> {
        let found = self.find(typed);
        match (typed, found) {
            (Typed::Basic { number, .. }, Some(command)) => {
                let number = Value::Number(number.unwrap_or(0));
                self.assign(command, std::iter::once(number))
            }
            (Typed::Register { act: RegisterAct::Set(to), .. }, Some(command)) => {
                self.assign(command, std::iter::once(Value::Number(*to)))
            }
            (Typed::Register { number: Some(number), act: RegisterAct::Set(to) }, None) => {
                self.set_free_register(*number, *to)
            }
            (
                Typed::Extended { act: ExtendedAct::Set(values), .. }
                | Typed::Vendor { act: ExtendedAct::Set(values), .. },
                Some(command),
            ) => self.assign(command, values.iter()),
            (_, Some(_)) => Err(SettingError::NotASetting),
            (_, None) => Err(SettingError::Unknown),
        }
    }

    /// The commands that make these settings out of the factory's: what `&W` stores.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        let own = crate::sets::settings(&self.persona);
        let all = table::commands().chain(own);
        for command in all.filter(|command| command.kept == Kept::Profile) {
            let sets = matches!(command.does, Does::Sets | Does::SetsBare);
            let changed = |cell: &Cell| self.changed.get(cell.key).is_some();
            if sets && command.cells.iter().any(changed) {
                separate(&mut text);
                self.write(command, &mut text);
            }
        }
        for (register, held) in self.changed_free_registers() {
            separate(&mut text);
            let _ = write!(text, "S{register}={held}");
        }
        text
    }

    fn changed_free_registers(&self) -> impl Iterator<Item = (u16, u32)> + '_ {
        let named = |number: &u16| table::find_register(*number).is_some();
        let registers = self.changed.0.iter();
        registers
            .filter_map(|(key, held)| Some((key.as_register()?, *held)))
            .filter(move |(number, _)| !named(number))
    }

    /// Appends a command with its present values, as it would be typed.
    pub(crate) fn write(&self, command: &Command, to: &mut String) {
        to.push_str(command.name);
        let mut bytes = command.name.bytes();
        let first = bytes.next();
        let is_register = first == Some(b'S') && bytes.next().is_some();
        let is_named = matches!(first, Some(b'+' | b'@' | b'#' | b'*' | b'-' | b'$'));
        if is_register || is_named {
            to.push('=');
        }
        self.write_values(command, to);
        if is_named {
            to.push(';');
        }
    }

    /// Appends the present values of a command, separated by commas.
    pub(crate) fn write_values(&self, command: &Command, to: &mut String) {
        if let Does::Means(_, read) = command.does {
            to.push_str(&read(self).to_string());
            return;
        }
        for (place, cell) in command.cells.iter().enumerate() {
            if place > 0 {
                to.push(',');
            }
            cell.show(self.number(*cell), to);
        }
    }

    /// What was changed, to lay over another overlay.
    pub(crate) fn into_changed(self) -> Overlay {
        self.changed
    }
}

fn separate(text: &mut String) {
    if !text.is_empty() {
        text.push(' ');
    }
}

impl Overlay {
    /// Lays another overlay over this one.
    pub(crate) fn lay_over(&mut self, above: Self) {
        for (key, number) in above.0 {
            // No value is worth dropping here: what is under this overlay is not known.
            match self.0.binary_search_by_key(&key, |entry| entry.0) {
                Ok(place) => {
                    if let Some(entry) = self.0.get_mut(place) {
                        entry.1 = number;
                    }
                }
                Err(place) => self.0.insert(place, (key, number)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Cells of the table that every persona has, with numbers of which some are in range.
    fn changes() -> impl Strategy<Value = Vec<(Cell, u32)>> {
        let cells: Vec<Cell> = table::commands()
            .filter(|command| command.kept == Kept::Profile && !table::GSM.contains(&command.name))
            .flat_map(|command| command.cells)
            .copied()
            .collect();
        let number = prop_oneof![0u32..20, 0u32..300, any::<u32>()];
        prop::collection::vec((prop::sample::select(cells), number), 0..40)
    }

    fn changed(persona: &Arc<Persona>, changes: &[(Cell, u32)], free: &[(u16, u8)]) -> Settings {
        let mut settings = Settings::factory(Arc::clone(persona));
        for (cell, number) in changes {
            if let Some(number) = cell.accept(*number) {
                settings.set(*cell, number);
            }
        }
        for (register, number) in free {
            let _ = settings.set_free_register(*register, u32::from(*number));
        }
        settings
    }

    proptest! {
        #[test]
        fn a_profile_brings_the_same_settings_back(
            changes in changes(),
            free in prop::collection::vec((any::<u16>(), any::<u8>()), 0..4),
        ) {
            for persona in [Persona::default(), Persona::with_every_command()] {
                let persona = Arc::new(persona);
                let settings = changed(&persona, &changes, &free);
                let mut loaded = Settings::factory(persona);
                loaded.apply(&settings.to_text()).unwrap();
                prop_assert_eq!(loaded.changed, settings.changed);
            }
        }

        #[test]
        fn any_text_is_a_profile_or_is_refused(text in ".{0,80}") {
            let _ = Settings::factory(Arc::new(Persona::default())).apply(&text);
        }
    }

    #[test]
    fn what_was_set_back_is_not_stored() {
        let mut settings = Settings::factory(Arc::new(Persona::default()));
        settings.apply("E0 S0=3 +IFC=0,0").unwrap();
        assert_eq!(settings.to_text(), "E0 S0=3 +IFC=0,0;");
        settings.apply("E1 S0=0 +IFC=2").unwrap();
        assert_eq!(settings.to_text(), "+IFC=2,0;");
        settings.restore_factory();
        assert_eq!(settings.to_text(), "");
    }

    #[test]
    fn one_bad_command_does_not_keep_the_others_from_being_set() {
        let mut settings = Settings::factory(Arc::new(Persona::default()));
        assert_eq!(settings.apply("X9 E0 H S0=1"), Err(SettingError::OutOfRange));
        assert_eq!(settings.to_text(), "E0 S0=1");
    }
}
