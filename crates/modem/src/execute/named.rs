//! Commands with a name: to set, to read, to ask for the range.

use at::body::{Command as Typed, ExtendedAct, Mark};

use super::{Taken, out_of_range, tell, unknown as by_policy};
use crate::core::Core;
use crate::port::Port;
use crate::state::State;
use crate::table::{Asked, Command, Control, Does};
use crate::{caller, help};

/// Executes a named command of the table.
pub(super) fn command(
    state: &State,
    command: &'static Command,
    act: &ExtendedAct<'_>,
    core: &mut Core,
    port: &mut Port<'_>,
) -> Taken {
    match (command.does, act) {
        (Does::Sets | Does::SetsBare | Does::Means(..), ExtendedAct::Set(values)) => {
            match core.settings.assign(command, values.iter()) {
                Ok(()) => Taken::Yes,
                Err(_) => out_of_range(command, core),
            }
        }
        (Does::Sets, ExtendedAct::Read) => {
            let mut text = format!("{}: ", command.name);
            core.settings.write_values(command, &mut text);
            core.information(&[text], port);
            Taken::Yes
        }
        (Does::SetsBare | Does::Means(..), ExtendedAct::Read) => {
            let mut text = String::new();
            core.settings.write_values(command, &mut text);
            core.information(&[text], port);
            Taken::Yes
        }
        (Does::Sets, ExtendedAct::Test) => {
            core.information(&[format!("{}: {}", command.name, ranges(command))], port);
            Taken::Yes
        }
        (Does::SetsBare | Does::Means(..), ExtendedAct::Test) => {
            core.information(&[bare_ranges(command)], port);
            Taken::Yes
        }
        (Does::Tells(tells), ExtendedAct::Execute | ExtendedAct::Read) => {
            let told = tells(&Asked { core, state, number: 0 });
            tell(told, core, port)
        }
        (Does::Tells(_) | Does::Controls(_), ExtendedAct::Test) => Taken::Yes,
        (Does::Controls(Control::RepeatCallerId), ExtendedAct::Execute | ExtendedAct::Set(_)) => {
            core.information(&caller::last(core), port);
            Taken::Yes
        }
        _ => Taken::No,
    }
}

/// A named command that is not in the table.
pub(super) fn unknown(typed: &Typed<'_>, core: &Core, port: &mut Port<'_>) -> Taken {
    let grammar = core.grammar();
    match typed {
        Typed::Vendor { mark: Mark::At, name, act: ExtendedAct::Execute } if name.is_empty() => {
            core.information(&help::own(core), port);
            Taken::Yes
        }
        Typed::Vendor { mark, .. } if *mark != Mark::At => by_policy(grammar.unknown),
        _ => by_policy(grammar.unknown_extended),
    }
}

/// The ranges of a command's values, each in brackets.
pub(super) fn ranges(command: &Command) -> String {
    let ranges: Vec<String> =
        command.cells.iter().map(|cell| format!("({})", cell.range())).collect();
    ranges.join(",")
}

/// The range of a command that answers without its name.
fn bare_ranges(command: &Command) -> String {
    command.cells.iter().map(|cell| cell.range()).collect::<Vec<_>>().join(",")
}
