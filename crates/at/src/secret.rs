//! Which part of a command line nobody may read: PINs and passwords, for logs and traces.
//!
//! What a modem doesn't know may be anything, and equipment sends the commands of makers whose passwords nobody
//! here has heard of: only the values of commands that are known are shown.

/// Commands that are told a PIN or a password, or a string that may have one in it.
const SECRET: [&[u8]; 6] = [b"+CPIN", b"+CPWD", b"+CLCK", b"+CSIM", b"+CUSD", b"#APNPW"];

/// Dialled, they change the PIN or take its lock away: `**04*old*new*new#`, `**05*puk*new*new#`.
const CODES: [&[u8]; 2] = [b"**04", b"**05"];

/// What stands in front of a name that isn't V.250's or a letter's.
const MARKS: &[u8] = b"+#*$!@^";

/// Where a secret begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// Not yet.
    Later,
    /// With the last character.
    Here,
    /// Behind it.
    Behind,
}

/// Whether a secret begins at the end of this, and goes on to the end of the line. `line` has the characters so far of
/// what was typed, in capital letters, without blanks, and as corrections have left it; `is_known` says whether there
/// is a command of this name.
///
/// ```
/// use at::secret::{Begins, begins};
/// let is_known = |name: &str| name == "+CSQ";
/// assert_eq!(begins(b"ATE0+CPIN=", is_known), Begins::Behind);
/// assert_eq!(begins(b"AT+NOSUCH=", is_known), Begins::Behind);
/// assert_eq!(begins(b"AT+CSQ=", is_known), Begins::Later);
/// ```
pub fn begins(line: &[u8], is_known: impl Fn(&str) -> bool) -> Begins {
    let is_behind = match line.split_last() {
        Some((b'=', before)) => {
            let name = name(before);
            let is_known = || str::from_utf8(name).is_ok_and(is_known);
            ends_in_secret(name) || is_command(line) && !name.is_empty() && !is_known()
        }
        Some((b',', _)) => in_values(line).unwrap_or(false),
        // Whoever forgets what stands before a value has typed it nevertheless.
        Some((b'0'..=b'9' | b'"' | b':', before)) if ends_in_secret(before) => {
            return Begins::Here;
        }
        Some(_) => CODES.iter().any(|code| line.ends_with(code)) && is_command(line),
        None => false,
    };
    if is_behind { Begins::Behind } else { Begins::Later }
}

fn ends_in_secret(before: &[u8]) -> bool {
    SECRET.iter().any(|name| before.ends_with(name))
}

/// What may be shown of a dial string with a code that changes a PIN; nothing if there is none in it.
pub fn before_code(dialled: &str) -> Option<&str> {
    let digits = dialled.as_bytes();
    let at = digits.windows(4).position(|four| CODES.contains(&four))?;
    dialled.get(..at + 4)
}

/// Whether a line begins as a command does, or with noise and then so.
pub fn is_command(line: &[u8]) -> bool {
    let noise = line.iter().take_while(|byte| !byte.is_ascii_alphanumeric()).count();
    line.get(noise..).is_some_and(|line| line.starts_with(b"AT"))
}

/// The name at the end of this, with its mark; empty for a letter or a register.
fn name(before: &[u8]) -> &[u8] {
    let word = before.iter().rposition(|byte| b"=,;\"'".contains(byte)).map_or(0, |at| at + 1);
    let word = before.get(word..).unwrap_or_default();
    let mark = word.iter().rposition(|byte| MARKS.contains(byte)).unwrap_or(word.len());
    word.get(mark..).unwrap_or_default()
}

/// The same behind a comma: Wavecom's commands have passwords among other values, and so has an answer.
fn in_values(line: &[u8]) -> Option<bool> {
    let at = line.windows(4).rposition(|four| four == b"+WIP")?;
    let text = str::from_utf8(line.get(at + 4..)?).ok()?;
    let (name, values) = text.split_once(['=', ':'])?;
    let values: Vec<&str> = values.split(',').collect();
    let number = |place: usize| values.get(place).and_then(|value| value.parse().ok());
    // Early libraries of the WISMO228 give the password to the option of the access point.
    let is_plain = |option: Option<u8>| option.is_some_and(|option| !matches!(option, 1 | 11));
    Some(match (name, number(0), values.len()) {
        ("BR", ..) if text.starts_with("BR:") => values.len() == 3 && !is_plain(number(1)),
        ("BR", Some(2), 4) => !is_plain(number(2)),
        ("BR", Some(4), 5) => true,
        // Behind the server or the page and the user's name; headers may be secret too.
        ("CREATE" | "FILE", _, 6) => true,
        _ => false,
    })
}

/// A command line without its `AT`, with stars in place of what is secret in it.
pub fn masked(body: &str, is_known: impl Fn(&str) -> bool) -> String {
    let mut line = b"AT".to_vec();
    let mut masked = String::with_capacity(body.len());
    let mut hides = false;
    let mut quoted = false;
    for typed in body.chars() {
        quoted ^= typed == '"';
        hides &= typed != ';' || quoted;
        if hides {
            continue;
        }
        if typed != ' ' {
            line.push(u8::try_from(typed).unwrap_or(b'?').to_ascii_uppercase());
        }
        let begins = if typed == ' ' { Begins::Later } else { begins(&line, &is_known) };
        if begins != Begins::Here {
            masked.push(typed);
        }
        if begins != Begins::Later {
            masked.push_str("***");
            hides = true;
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::masked;

    fn shown(body: &str) -> String {
        let known =
            ["+CSQ", "+CPIN", "+WIPBR", "+WIPCREATE", "+WIPFILE", "+WIPOPT", "#OTCP", "+CMGS"];
        masked(body, |name| known.contains(&name))
    }

    #[test]
    fn a_pin_is_not_shown_and_everything_else_is() {
        for (body, wanted) in [
            ("+cpin=1234", "+cpin=***"),
            (" + C P I N = 1 2 3 4", " + C P I N =***"),
            ("E0+CPIN=\"1\",2;+CSQ;+CPWD=\"SC\",1,2", "E0+CPIN=***;+CSQ;+CPWD=***"),
            ("+CLCK=\"SC\",1,\"12;34\";+CSQ", "+CLCK=***;+CSQ"),
            ("+CSIM=26,\"0020000108\"", "+CSIM=***"),
            ("+CPIN 1234;+CSQ", "+CPIN ***;+CSQ"),
            ("D**04*1234*5678*5678#", "D**04***"),
            ("é+CPIN=é", "é+CPIN=***"),
        ] {
            assert_eq!(shown(body), wanted);
        }
        for body in
            ["", ";;", "+CPIN?", "+CPINC", "E0V1S7=60", "+CSQ=?", "DT10.0.0.7:8023", "D*99***1#"]
        {
            assert_eq!(shown(body), body);
        }
    }

    #[test]
    fn what_nobody_knows_may_be_a_password() {
        assert_eq!(shown("+CGAUTH=1,1,\"me\",\"x\";+CSQ"), "+CGAUTH=***;+CSQ");
        assert_eq!(shown("#FTPPW=x"), "#FTPPW=***");
        assert_eq!(shown("^SISS=0,password,x"), "^SISS=***");
    }

    #[test]
    fn passwords_of_bearers_and_services_are_not_shown() {
        for (body, wanted) in [
            ("+WIPBR=2,6,1,\"se;cret\";&W", "+WIPBR=2,6,1,***;&W"),
            ("E0;+wipbr = 2, 6, 01 ,secret", "E0;+wipbr = 2, 6, 01 ,***"),
            ("+WIPBR=2,6,11,\"PW\"", "+WIPBR=2,6,11,***"),
            ("+WIPBR=4,6,0,\"me\",\"secret\"", "+WIPBR=4,6,0,\"me\",***"),
            ("+WIPCREATE=4,1,\"h\",21,\"me\",\"x\"", "+WIPCREATE=4,1,\"h\",21,\"me\",***"),
            (
                "+wipfile=5,1,1,\"/x\",\"me\",\"x\",\"Cookie\",\"y\"",
                "+wipfile=5,1,1,\"/x\",\"me\",***",
            ),
        ] {
            assert_eq!(shown(body), wanted);
        }
        for body in [
            "+WIPBR=2,6,0,\"me\"",
            "+WIPBR=4,6,0",
            "+WIPBR=3,6,15",
            "+WIPCREATE=2,1,\"h\",80",
            "+WIPCREATE=3,1,80,1,8",
            "+WIPOPT=6,1,2,63,\"a, b, c, d\"",
        ] {
            assert_eq!(shown(body), body);
        }
    }
}
