//! What nobody may read of what is typed: the rest of a command that is told a PIN, and a password in an address.

use carrier::trace::Visibility;

/// Commands that are told a PIN or a password.
const SECRET: [&[u8]; 11] = [
    b"+CPIN=",
    b"+CPWD=",
    b"+CLCK=",
    b"+WIPBR=2,",
    b"+WIPBR=4,",
    b"+WIPCREATE=4,",
    b"+WIPCREATE=5,",
    b"+WIPCREATE=6,",
    b"+WIPCREATE=7,",
    b"+WIPFILE=5,",
    b"#APNPW=",
];

/// What stands before a host, or before a name, a colon and a password.
const AUTHORITY: &[u8] = b"://";

/// Characters of the longest command above.
const LONGEST: usize = 13;

/// Digits of a port.
const PORT: usize = 5;

/// Looks for secrets in one direction, however it is cut into pieces.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// The end of the line so far, as long as a command can be.
    last: Vec<u8>,
    place: Place,
}

#[derive(Debug, Default)]
enum Place {
    #[default]
    Open,
    /// Behind `://`: what stands before a colon there.
    Name,
    /// Behind `://[`: the colons of an IPv6 address.
    Brackets,
    /// Behind that colon, where only digits have come, which aren't shown yet: a port, unless an `@` follows.
    Digits(Vec<u8>),
    /// To the end of the line. A password may have an `@` of its own, so none of them ends it.
    Hidden,
}

/// Bytes that are to be shown in the same way, and how.
pub(super) type Run = (Visibility, Vec<u8>);

impl Secrets {
    /// How these bytes are to be shown. Digits of which nobody knows yet come with what follows them.
    pub(super) fn split(&mut self, bytes: &[u8]) -> Vec<Run> {
        let mut runs = Vec::new();
        for byte in bytes {
            self.next(*byte, &mut runs);
        }
        runs
    }

    fn next(&mut self, byte: u8, runs: &mut Vec<Run>) {
        let plain = (byte & 0x7F).to_ascii_uppercase();
        let ends = matches!(plain, b'\r' | b'\n');
        self.place = match (std::mem::take(&mut self.place), plain) {
            (Place::Hidden, _) if !ends => {
                put(runs, Visibility::Hidden, &[byte]);
                self.place = Place::Hidden;
                return;
            }
            (Place::Digits(mut digits), b'0'..=b'9') if digits.len() < PORT => {
                digits.push(byte);
                self.place = Place::Digits(digits);
                return;
            }
            (Place::Digits(digits), plain) if ends_port(plain) => {
                put(runs, Visibility::Shown, &digits);
                Place::Open
            }
            (Place::Digits(digits), _) => {
                put(runs, Visibility::Hidden, &digits);
                put(runs, Visibility::Hidden, &[byte]);
                self.place = Place::Hidden;
                return;
            }
            (Place::Name, b':') => Place::Digits(Vec::new()),
            (Place::Name, b'[') => Place::Brackets,
            (Place::Brackets, b']') => Place::Open,
            (Place::Name, b'/' | b'@') => Place::Open,
            (Place::Brackets, plain) if plain.is_ascii_graphic() => Place::Brackets,
            (Place::Name, plain) if plain.is_ascii_graphic() => Place::Name,
            _ => Place::Open,
        };
        put(runs, Visibility::Shown, &[byte]);
        if self.last.len() >= LONGEST {
            self.last.remove(0);
        }
        self.last.push(plain);
        if SECRET.iter().any(|command| self.last.ends_with(command)) {
            (self.place, self.last) = (Place::Hidden, Vec::new());
        } else if self.last.ends_with(AUTHORITY) {
            self.place = Place::Name;
        }
    }
}

/// What may stand behind a port in a dial string, a quotation or a text.
fn ends_port(plain: u8) -> bool {
    !plain.is_ascii_graphic() || matches!(plain, b'/' | b',' | b';' | b'"' | b'\'')
}

fn put(runs: &mut Vec<Run>, visibility: Visibility, bytes: &[u8]) {
    match runs.last_mut() {
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
            "ATDTssh://rtu:123456789\r",
            "ATDTssh://rtu:a@b@host\r",
            "ATDTssh://rtu::@host\r",
        ] {
            assert_eq!(shown(typed), "ATDTssh://rtu:_\r", "{typed}");
        }
        assert_eq!(shown("ATDtelnet://rtu:12ab@h\rAT+CSQ\r"), "ATDtelnet://rtu:_\rAT+CSQ\r");
    }

    #[test]
    fn ports_and_names_are_shown() {
        for typed in [
            "ATDTtelnet://host:8023\r",
            "ATDTssh://rtu@host:22\r",
            "ATDTtcp://[fe80::1%eth0]:4001\r",
            "ATD\"tls://a.example:992\"\r",
            "ATDTtelnet://host\rATDT10.0.0.7:8023\r",
            "see http://a:80/b: c@d\r\n",
        ] {
            assert_eq!(shown(typed), typed);
        }
    }

    #[test]
    fn the_rest_of_a_command_that_is_told_a_secret_is_hidden() {
        assert_eq!(shown("AT+CMEE=1;+cpin=1234;+CSQ\rAT\r"), "AT+CMEE=1;+cpin=_\rAT\r");
        assert!(SECRET.iter().all(|command| command.len() <= LONGEST));
    }
}
