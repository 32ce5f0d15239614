//! What nobody may read of what is typed: the rest of a command that is told a PIN, and a password in an address.
//!
//! The name of a command is shown as it comes. What stands behind it waits for the end of its line: a correction may
//! make another command of it, and an `@` a password of what looks like a port.

use at::limits::BODY_MAX;
use at::secret::{self, Begins};
use carrier::trace::Visibility;

/// Bytes that are looked at together. No command line is longer.
const LINE: usize = BODY_MAX + 16;

/// In front of a host, or of a name, a colon and a password.
const AUTHORITY: &[u8] = b"://";

/// Beginnings of lines that tell a server a password.
const LOGINS: [&[u8]; 4] = [b"PASS ", b"AUTH PLAIN ", b"AUTHORIZATION:", b"PROXY-AUTHORIZATION:"];

/// Digits of a port.
const PORT: usize = 5;

/// Looks for secrets in one direction, however it is cut into pieces.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// The line so far, as corrections have left it, in capital letters,
    line: Vec<u8>,
    /// and without its blanks.
    plain: Vec<u8>,
    place: Place,
}

#[derive(Debug, Default)]
enum Place {
    #[default]
    Open,
    /// In a value, which isn't shown yet.
    Waiting(Vec<u8>),
    /// To the end of the line. A password may have any character in it, so that nothing else ends it.
    Hidden,
}

/// What a byte means for what waits, for itself and for what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    /// Nothing new.
    Nothing,
    /// A value begins behind it.
    Value,
    /// What waits is none.
    NoSecret,
    /// A secret begins behind it,
    SecretBehind,
    /// with it,
    Secret,
    /// or with what waits.
    SecretBefore,
}

/// Bytes that are to be shown in the same way, and how.
pub(super) type Run = (Visibility, Vec<u8>);

impl Secrets {
    /// How these bytes are to be shown. Those of which nobody knows yet come with what follows them.
    pub(super) fn split(&mut self, bytes: &[u8]) -> Vec<Run> {
        let mut runs = Vec::new();
        for byte in bytes {
            match byte & 0x7F {
                b'\r' | b'\n' => self.end(*byte, &mut runs),
                character => self.next(*byte, character.to_ascii_uppercase(), &mut runs),
            }
        }
        runs
    }

    fn end(&mut self, byte: u8, runs: &mut Vec<Run>) {
        let Self { plain, place, .. } = std::mem::take(self);
        if let Place::Waiting(value) = place {
            put(runs, visibility(&plain), &value);
        }
        put(runs, Visibility::Shown, &[byte]);
    }

    fn next(&mut self, byte: u8, character: u8, runs: &mut Vec<Run>) {
        use Visibility::{Hidden, Shown};
        self.write(character);
        let means = self.means(character);
        let mut waiting = match std::mem::take(&mut self.place) {
            Place::Hidden => {
                self.place = Place::Hidden;
                return put(runs, Hidden, &[byte]);
            }
            Place::Waiting(mut value) if matches!(means, Means::Nothing | Means::Value) => {
                value.push(byte);
                self.place = Place::Waiting(value);
                return;
            }
            Place::Waiting(value) => value,
            Place::Open => Vec::new(),
        };
        let (before, itself, place) = match means {
            Means::Nothing | Means::NoSecret => (Shown, Shown, Place::Open),
            Means::Value => (Shown, Shown, Place::Waiting(Vec::new())),
            Means::SecretBehind => (Shown, Shown, Place::Hidden),
            Means::Secret => (Shown, Hidden, Place::Hidden),
            Means::SecretBefore => (Hidden, Hidden, Place::Hidden),
        };
        if before == itself {
            waiting.push(byte);
            put(runs, itself, &waiting);
        } else {
            put(runs, before, &waiting);
            put(runs, itself, &[byte]);
        }
        self.place = place;
    }

    fn write(&mut self, character: u8) {
        // Too long for a command: the rest is hidden, whatever it is.
        if self.line.len() > LINE {
            return;
        }
        match character {
            0x08 | 0x7F => {
                if self.line.pop().is_some_and(|last| last != b' ') {
                    self.plain.pop();
                }
            }
            character if character.is_ascii_control() => {}
            character => {
                self.line.push(character);
                self.plain.extend(Some(character).filter(|character| *character != b' '));
            }
        }
        // Data has lines without an end.
        if self.line.len() > LINE && !secret::is_command(&self.plain) {
            self.line.drain(..LINE / 2);
            self.plain.drain(..self.plain.len() / 2);
        }
    }

    fn means(&self, character: u8) -> Means {
        let doubtful = match &self.place {
            Place::Waiting(value) => character.is_ascii_control() || value.len() > LINE,
            Place::Open | Place::Hidden => false,
        };
        if doubtful || self.line.len() > LINE {
            return Means::SecretBefore;
        }
        match secret::begins(&self.plain, modem::knows) {
            Begins::Here => return Means::Secret,
            Begins::Behind => return Means::SecretBehind,
            Begins::Later => {}
        }
        let is_command = || secret::is_command(&self.plain);
        match character {
            b'=' if is_command() => Means::Value,
            b' ' | b':' if LOGINS.contains(&self.line.as_slice()) => Means::SecretBehind,
            b'@' | b'/' | b':' => match (character, authority(&self.plain)) {
                (b'@', Some(user)) if user.contains(&b':') => Means::SecretBefore,
                (b'@', None) if is_command() && self.plain.contains(&b':') => Means::SecretBefore,
                (b'/', Some([])) => Means::NoSecret,
                (b':', Some(_)) => Means::Value,
                (b':', None) if is_command() => Means::Value,
                _ => Means::Nothing,
            },
            _ => Means::Nothing,
        }
    }
}

/// What stands behind the first `://`.
fn authority(plain: &[u8]) -> Option<&[u8]> {
    let at = plain.windows(AUTHORITY.len()).position(|three| three == AUTHORITY)?;
    plain.get(at + AUTHORITY.len()..)
}

/// What becomes of a value at the end of its line: behind a name and a colon only a port is shown.
fn visibility(plain: &[u8]) -> Visibility {
    let authority = authority(plain).unwrap_or_default();
    let Some(colon) = authority.iter().position(|byte| *byte == b':') else {
        return Visibility::Shown;
    };
    let behind = authority.get(colon + 1..).unwrap_or_default();
    let digits = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let ends = behind.get(digits).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    // The colons of an IPv6 address stand in brackets.
    match authority.starts_with(b"[") || digits <= PORT && ends {
        true => Visibility::Shown,
        false => Visibility::Hidden,
    }
}

fn put(runs: &mut Vec<Run>, visibility: Visibility, bytes: &[u8]) {
    match runs.last_mut() {
        _ if bytes.is_empty() => {}
        Some((last, run)) if *last == visibility => run.extend(bytes),
        _ => runs.push((visibility, bytes.to_vec())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What can be read of it, with a `_` for what is hidden; the same however it is cut.
    fn shown(text: &str) -> String {
        let read = |parts: &[&[u8]]| {
            let mut secrets = Secrets::default();
            let mut shown = String::new();
            for (visibility, run) in parts.iter().flat_map(|part| secrets.split(part)) {
                match visibility {
                    Visibility::Shown => shown += &String::from_utf8_lossy(&run),
                    Visibility::Hidden if shown.ends_with('_') => {}
                    Visibility::Hidden => shown.push('_'),
                }
            }
            shown
        };
        let bytes = text.as_bytes();
        let whole = read(&[bytes]);
        for cut in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            assert_eq!(read(&[head, tail]), whole, "cut at {cut}");
        }
        let each: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&each), whole, "byte by byte");
        whole
    }

    #[test]
    fn a_password_in_a_dial_string_is_hidden_to_the_end_of_the_line() {
        for typed in [
            "ATDTssh://rtu:secret@host:22\r",
            "ATDTssh://rtu:1234@host\r",
            "ATDTssh://rtu:12,34@host\r",
            "ATDTssh://rtu:1'34@host\r",
            "ATDTssh://rtu:12/34@host\r",
            "ATDTssh://rtu:12 34@host\r",
            "ATDTssh://rtu:1\"2;34@host\r",
            "ATDTssh://rtu:123456789\r",
            "ATDTssh://rtu:a@b@host\r",
            "ATDTssh://rtu::@host\r",
        ] {
            assert_eq!(shown(typed), "ATDTssh://rtu:_\r", "{typed}");
        }
        assert_eq!(shown("ATDTtelnet://rtu:12ab@h\rAT+CSQ\r"), "ATDTtelnet://rtu:_\rAT+CSQ\r");
        assert_eq!(shown("AT&Z1=ssh://rtu:12@h\r"), "AT&Z1=ssh://rtu:_\r");
        assert_eq!(shown("ATDTrtu:secret@host\r"), "ATDTrtu:_\r");
        assert_eq!(shown("get http://me:12/34@host\n"), "get http://me:_\n");
    }

    #[test]
    fn ports_and_names_are_shown() {
        for typed in [
            "ATDTtelnet://host:8023\r",
            "ATDTssh://rtu@host:22\r",
            "ATDTtcp://[fe80::1%eth0]:4001\r",
            "ATD\"tls://a.example:992\"\r",
            "ATDTtelnet://host\rATDT10.0.0.7:8023\r",
            "ATDTtelnet://host:23,5\r",
            "see http://a:80/b: c\r\n",
            "From: me@host\r\n",
            "ATS7=60;+IPR=9600\r",
        ] {
            assert_eq!(shown(typed), typed);
        }
    }

    #[cfg(feature = "wip")]
    #[test]
    fn of_a_modules_commands_passwords_alone_are_hidden() {
        for (typed, wanted) in [
            ("AT+WIPBR=2,6,1,\"x\"\r", "AT+WIPBR=2,6,1,_\r"),
            ("AT+WIPCREATE=4,1,\"h\",21,\"u\",\"x\"\r", "AT+WIPCREATE=4,1,\"h\",21,\"u\",_\r"),
            ("AT#APNSERV=\"apn\";#APNPW=\"x\"\r", "AT#APNSERV=\"apn\";#APNPW=_\r"),
            ("AT+CREG=1\x08\x08\x08\x08\x08\x08PIN=1\r", "AT+CREG=_\r"),
        ] {
            assert_eq!(shown(typed), wanted, "{typed}");
        }
        for typed in [
            "AT+WIPBR=2,6,0,\"me\"\r",
            "AT+WIPCREATE=2,1,\"h\",21\r",
            "AT+WIPOPT=6,1,2,61,\"me@host\"\r",
            "AT+CCLK=\"26/11/23,08:27:43+00\"\r",
        ] {
            assert_eq!(shown(typed), typed);
        }
    }

    #[test]
    fn the_rest_of_a_command_that_is_told_a_secret_is_hidden() {
        for (typed, wanted) in [
            ("AT+CMEE=1;+cpin=1234;+CSQ\rAT\r", "AT+CMEE=1;+cpin=_\rAT\r"),
            ("A T + C P I N = 1 2 3 4\r", "A T + C P I N =_\r"),
            ("+++AT+CPIN=1234\r", "+++AT+CPIN=_\r"),
            ("AT+CPIN 1234\r", "AT+CPIN _\r"),
            ("AT+CPIN\"1234\"\r", "AT+CPIN_\r"),
            ("AT+CSIM=26,\"0020000108\"\r", "AT+CSIM=_\r"),
            ("AT+CLCK=\"SC\",1,\"1234\"\r", "AT+CLCK=_\r"),
            ("AT+CPWD=\"SC\",1,2\r", "AT+CPWD=_\r"),
            ("AT#GPRSPW=\"x\"\r", "AT#GPRSPW=_\r"),
            ("ATD**04*1234*56*56#\r", "ATD**04_\r"),
            ("\r\n+WIPBR: 6,1,\"x\"\r\n\r\nOK\r\n", "\r\n+WIPBR: 6,1,_\r\n\r\nOK\r\n"),
            ("\r\n+WIPBR: 6,15,\"1.2.3.4\"\r\n", "\r\n+WIPBR: 6,15,\"1.2.3.4\"\r\n"),
            ("PASS x\r\nLIST\r\n", "PASS _\r\nLIST\r\n"),
            ("Authorization: Basic eA==\r\n", "Authorization:_\r\n"),
        ] {
            assert_eq!(shown(typed), wanted, "{typed}");
        }
    }

    #[test]
    fn a_secret_that_was_typed_with_corrections_is_hidden() {
        for (typed, wanted) in [
            ("AT+CPINX\x08=1234\r", "AT+CPINX\x08=_\r"),
            // As it comes back to the screen.
            ("AT+CPINX\x08 \x08=1234\r", "AT+CPINX\x08 \x08=_\r"),
            ("AT+C PX\x7FIN=1234\r", "AT+C PX\x7FIN=_\r"),
            ("AT+CPIM=12\x08\x08\x08\x08N=1234\r", "AT+CPIM=_\r"),
            ("AT+CSQ=12\x08\x08\x08\x08\x08PIN=1234\r", "AT+CSQ=_\r"),
            ("ATDTssh://rtu:12\x0834@h\r", "ATDTssh://rtu:_\r"),
        ] {
            assert_eq!(shown(typed), wanted, "{typed:?}");
        }
    }

    #[test]
    fn a_pin_is_hidden_wherever_something_was_typed_in_between() {
        for command in ["AT+CPIN=", "at+cmee=1;+cpwd=", "AT#NOBODYKNOWS=", "AT+WIPBR=2,6,1,"] {
            for place in 0..command.len() {
                for between in [" ", "  ", "Q\x08", "Q\x08 \x08", " \x08", "=Q\x08\x08"] {
                    let (head, tail) = command.split_at(place);
                    let shown = shown(&format!("{head}{between}{tail}\"9876\"\r"));
                    assert!(
                        !shown.contains(['9', '8', '7']),
                        "{command} {place} {between:?}: {shown:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn lines_without_an_end_are_not_kept() {
        for begins in ["", "AT", "ATS7=", "see http://a:", "PASS ", "GET ssh://u:1"] {
            let mut secrets = Secrets::default();
            let mut seen = 0;
            for piece in std::iter::once(begins).chain(std::iter::repeat_n("x1", 4 * LINE)) {
                let shown = secrets.split(piece.as_bytes());
                seen += shown.iter().map(|(_, run)| run.len()).sum::<usize>();
                let kept = match &secrets.place {
                    Place::Waiting(value) => value.len(),
                    Place::Open | Place::Hidden => 0,
                };
                let most = [secrets.line.len(), secrets.plain.len(), kept].into_iter().max();
                assert!(most <= Some(LINE + 2), "{begins}: {most:?}");
            }
            assert_eq!(seen, begins.len() + 8 * LINE, "{begins}");
        }
    }

    #[test]
    fn lines_without_an_end_are_shown_unless_they_are_commands() {
        let long = "x".repeat(LINE + 60);
        assert_eq!(shown(&long), long);
        assert!(shown(&format!("AT{long}+CPIN=1234")).ends_with('_'));
    }
}
