//! What to do next: for whoever stands before the module, with the flags of this command.

use std::fs;
use std::io;

use translator::gsm::{Reason, Refusal};
use tty::SerialError;

/// What to do about a module, a card or a network that is as this reason says.
pub(super) fn next(reason: &Reason) -> &'static str {
    match reason {
        Reason::Silent(_) => {
            "Is it switched on? Is this its port, and the cable no null modem? A port without RTS and CTS needs --flow \
             none. --power dtr, or --power with the program that switches it, starts it anew."
        }
        Reason::Refused(..) | Reason::Restarted => {
            "Run this again with --log debug, and look at what it was asked and what it said."
        }
        Reason::UnknownModule(_) => {
            "If its commands are those of a module that is known, say so: --dialect wavecom, or another of docs/gsm.md."
        }
        Reason::NoSim => {
            "Switch it off, put a SIM in the right way round, and switch it on again. If there is one, try another: \
             its contacts may be at fault."
        }
        Reason::SimFailed => "Switch it off, clean the SIM's contacts, or try another SIM.",
        Reason::PinNeeded => {
            "Write the PIN to a file that only you can read, and give --pin file:PATH. Or put the SIM into a telephone, \
             and switch its PIN off there."
        }
        Reason::PinRefused => {
            "Ask the SIM's owner for its PIN. The tries that are left are told by a telephone with this SIM."
        }
        Reason::PukNeeded => "The PUK came with the SIM; its operator knows it too.",
        Reason::NotRegistered(Refusal::Searching) => {
            "Is there a network of the SIM's operator here, on bands that this module has? Try a telephone with this \
             SIM in the same place, another place for the antenna, or more time: --within 5m."
        }
        Reason::NotRegistered(Refusal::Denied) => {
            "Ask the operator: is the SIM activated, paid for, and allowed in this kind of module?"
        }
        Reason::NoSignal => {
            "Is the antenna connected, right up to the module, and outside of any metal? Watch the signal while you move \
             it: --watch 2m."
        }
        Reason::Roaming => "The SIM's own network is not to be had here.",
        Reason::NoSession(_) => {
            "The operator tells the access point's name, and whether it wants a login: --apn NAME, and if so --user \
             and --password. It also knows whether the contract has packet data."
        }
        Reason::SessionLost => "Try again; if it stays like this, ask the operator what ends it.",
        Reason::FarRefused | Reason::Unreachable => {
            "Module and network are in order. Is something listening there, and does a firewall let this network's \
             addresses in?"
        }
        Reason::TimedOut => {
            "Module and network are in order. A firewall that drops calls looks like this, or an address that nobody \
             has: try one that answers for certain."
        }
        Reason::UnknownHost => "Try the address in place of the name.",
        Reason::PeerClosed | Reason::Reset => "The far end was reached: look into its log.",
        Reason::CannotListen
        | Reason::InUse
        | Reason::BadAddress
        | Reason::LocalHangUp
        | Reason::HungUp => "",
    }
}

/// Why the port can't be had, and what to do about it.
pub(super) fn no_port(error: &SerialError) -> String {
    let why = crate::failure::chain(error);
    match error {
        SerialError::Open { source, .. } => match source.kind() {
            io::ErrorKind::NotFound => format!("{why}\n{}", ports()),
            io::ErrorKind::PermissionDenied => format!(
                "{why}\nPorts belong to a group, as a rule `dialout`: usermod -aG dialout YOU, and log in again."
            ),
            _ => why,
        },
        SerialError::NotASerialPort(_) => format!("{why}\n{}", ports()),
        SerialError::InUse { pid, .. } => {
            let name = pid.and_then(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).ok());
            let name = name.map(|name| format!(" ({})", name.trim())).unwrap_or_default();
            format!(
                "{why}{name}\nEnd that program first. An instance of trunkline that has it as a [[gsm]] shows its module \
                 with `trunkline modems`."
            )
        }
        SerialError::Settings { .. } => why,
    }
}

/// Which ports there are.
fn ports() -> String {
    let names = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path().display().to_string()).collect()
    };
    let mut found = names("/dev/serial/by-id");
    if found.is_empty() {
        let usb = |name: &String| name.contains("/ttyUSB") || name.contains("/ttyACM");
        found = names("/dev").into_iter().filter(usb).collect();
    }
    found.sort();
    match found.is_empty() {
        true => "There is no USB port at all now; built-in ports are /dev/ttyS0 and up.".to_owned(),
        false => format!("There is: {}", found.join(" ")),
    }
}

/// Folds text into lines of at most `width` characters, at its spaces.
pub(super) fn folded(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(last) = lines.last_mut() else { break };
        if last.is_empty() {
            last.push_str(word);
        } else if last.chars().count() + 1 + word.chars().count() <= width {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_folded_at_its_spaces_and_loses_nothing() {
        assert_eq!(folded("a bc def ghij", 6), "a bc\ndef\nghij");
        assert_eq!(folded("", 6), "");
        assert_eq!(folded("longer-than-that x", 6), "longer-than-that\nx");
    }
}
