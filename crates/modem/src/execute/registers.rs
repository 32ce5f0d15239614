//! S registers.

use at::body::{RegisterAct, Value};

use super::{Taken, named, out_of_range, store_number, taken};
use crate::core::Core;
use crate::port::Port;
use crate::table::{self, Command, Control, Does};

/// Executes what is to be done with a register.
pub(super) fn register(
    number: u16,
    act: &RegisterAct<'_>,
    core: &mut Core,
    port: &mut Port<'_>,
) -> Taken {
    if core.persona().dialling.destination_register == Some(number) {
        return destination_register(act, core, port);
    }
    let known = table::find_register(number).filter(|command| core.persona().has(command.name));
    if let Some(Command { does: Does::Controls(Control::RingCount), .. }) = known {
        return ring_count(act, core, port);
    }
    let held = match known {
        Some(command) => Some(core.settings.read(command)),
        None => core.settings.free_register(number),
    };
    let Some(held) = held else { return Taken::No };
    match (act, known) {
        (RegisterAct::Select, _) => Taken::Yes,
        (RegisterAct::Read, _) => {
            core.information(&[format!("{held:03}")], port);
            Taken::Yes
        }
        (RegisterAct::Test, Some(command)) => {
            core.information(&[named::ranges(command)], port);
            Taken::Yes
        }
        (RegisterAct::Test, None) => {
            core.information(&["(0-255)".to_owned()], port);
            Taken::Yes
        }
        (RegisterAct::Set(to), Some(command)) => {
            let value = std::iter::once(Value::Number(*to));
            match core.settings.assign(command, value) {
                Ok(()) => Taken::Yes,
                Err(_) => out_of_range(command, core),
            }
        }
        (RegisterAct::Set(to), None) => taken(core.settings.set_free_register(number, *to).is_ok()),
        (RegisterAct::SetText(_), _) => Taken::No,
    }
}

/// S1 counts; it can be cleared, which initialisation strings do, and not set.
fn ring_count(act: &RegisterAct<'_>, core: &mut Core, port: &mut Port<'_>) -> Taken {
    match act {
        RegisterAct::Select => Taken::Yes,
        RegisterAct::Read => {
            core.information(&[format!("{:03}", core.rings)], port);
            Taken::Yes
        }
        RegisterAct::Set(0) => {
            core.rings = 0;
            Taken::Yes
        }
        RegisterAct::Test => {
            core.information(&["(0-255)".to_owned()], port);
            Taken::Yes
        }
        RegisterAct::Set(_) | RegisterAct::SetText(_) => Taken::No,
    }
}

/// Some makers keep the stored destination in a register.
fn destination_register(act: &RegisterAct<'_>, core: &mut Core, port: &mut Port<'_>) -> Taken {
    match act {
        RegisterAct::SetText(text) => store_number(0, text, core, port),
        RegisterAct::Set(number) => {
            let text = if *number == 0 { String::new() } else { number.to_string() };
            store_number(0, &text, core, port)
        }
        RegisterAct::Read => {
            let text = core.stored.number(0).unwrap_or("0").to_owned();
            core.information(&[text], port);
            Taken::Yes
        }
        RegisterAct::Select | RegisterAct::Test => Taken::Yes,
    }
}
