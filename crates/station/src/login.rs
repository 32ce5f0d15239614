//! Logging in as a person would: a name at the one prompt, a password at the other; and asking whoever calls for one.

use std::sync::Arc;

use settings::Secret;

use crate::limits;

/// The caller's side of a login.
#[derive(Debug)]
pub(crate) struct Login {
    name: String,
    password: Secret,
    heard: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Name,
    Password,
    /// Both are said.
    Said,
}

/// What bytes have led to.
#[derive(Debug)]
pub(crate) enum Step {
    More,
    /// Say this; it may be a password.
    Say(Secret),
    /// The centre speaks: these were its first bytes.
    In(Vec<u8>),
    /// It asks again.
    Refused,
}

/// How a centre's first words begin, once somebody is in.
const OPENING: &[u8] = b"TLP BEGIN";

impl Login {
    pub(crate) fn new(name: &str, password: Secret) -> Self {
        Self { name: name.to_owned(), password, heard: Vec::new(), state: State::Name }
    }

    /// Bytes from the call, as far as they were taken.
    pub(crate) fn input(&mut self, bytes: &mut &[u8]) -> Step {
        while let Some((&byte, rest)) = bytes.split_first() {
            *bytes = rest;
            if self.heard.len() == limits::PROMPT {
                self.heard.remove(0);
            }
            // Whatever its parity: nobody has agreed on any yet.
            self.heard.push(byte & 0x7f);
            let step = self.look();
            if !matches!(step, Step::More) {
                return step;
            }
        }
        Step::More
    }

    fn look(&mut self) -> Step {
        let at_prompt = |prompt: &[u8]| {
            let heard = self.heard.as_slice();
            let end = heard.len().checked_sub(prompt.len()).and_then(|start| heard.get(start..));
            end.is_some_and(|end| end.eq_ignore_ascii_case(prompt))
        };
        match self.state {
            _ if self.heard.ends_with(OPENING) => {
                let mut opening = b"\r\n".to_vec();
                opening.extend(OPENING);
                Step::In(opening)
            }
            // Shells greet with `Last login:`, which asks for nothing.
            State::Name if at_prompt(b"last login:") => Step::More,
            State::Name if at_prompt(b"login:") || at_prompt(b"username:") => {
                self.heard.clear();
                self.state = State::Password;
                Step::Say(line(self.name.as_bytes()))
            }
            State::Password if at_prompt(b"password:") => {
                self.heard.clear();
                self.state = State::Said;
                let said = line(self.password.expose());
                self.password.wipe();
                Step::Say(said)
            }
            State::Password | State::Said if at_prompt(b"last login:") => Step::More,
            State::Password | State::Said if at_prompt(b"login:") => Step::Refused,
            _ => Step::More,
        }
    }
}

/// What a station asks of whoever calls it.
pub(crate) const PROMPT: &[u8] = b"\r\nPassword: ";

/// Hears what a caller says at the prompt. He has one try.
#[derive(Debug)]
pub(crate) struct Gate {
    password: Arc<Secret>,
    said: Secret,
}

/// What a caller's bytes have led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    More,
    Right,
    Wrong,
}

impl Gate {
    pub(crate) fn new(password: Arc<Secret>) -> Self {
        Self { password, said: Secret::with_room(limits::PASSWORD) }
    }

    /// Bytes from the call, as far as they were taken.
    pub(crate) fn input(&mut self, bytes: &mut &[u8]) -> Proof {
        while let Some((&byte, rest)) = bytes.split_first() {
            *bytes = rest;
            // Whatever its parity.
            match byte & 0x7f {
                // A line that was begun and left, and the LF of one that was ended.
                b'\r' | b'\n' if self.said.is_empty() => {}
                b'\r' | b'\n' => {
                    // An empty password is none.
                    let right = !self.password.is_empty() && self.said.same_as(&self.password);
                    self.said.wipe();
                    return if right { Proof::Right } else { Proof::Wrong };
                }
                byte if self.said.push(byte).is_err() => return Proof::Wrong,
                _ => {}
            }
        }
        Proof::More
    }
}

fn line(text: &[u8]) -> Secret {
    let mut line = Secret::with_room(text.len() + 1);
    for byte in text.iter().chain(b"\r") {
        // There is room for it.
        let _ = line.push(*byte);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(heard: &[u8], piece: usize) -> (Vec<String>, String) {
        let mut login = Login::new("site-0042", Secret::new(b"open sesame".to_vec()));
        let mut said = Vec::new();
        for piece in heard.chunks(piece) {
            let mut bytes = piece;
            loop {
                match login.input(&mut bytes) {
                    Step::More => break,
                    Step::Say(line) => {
                        said.push(String::from_utf8(line.expose().to_vec()).unwrap())
                    }
                    Step::In(first) => return (said, format!("in {}", first.escape_ascii())),
                    Step::Refused => return (said, "refused".to_owned()),
                }
            }
        }
        (said, "more".to_owned())
    }

    #[test]
    fn a_name_and_a_password_are_said_at_their_prompts_however_the_bytes_are_cut() {
        let heard = b"\r\nLast login: Monday on ttyS1\r\n\r\nlogin: site-0042\r\nPassword: \r\n\r\nTLP BEGIN\r\n[00";
        let heard = heard.as_slice();
        for piece in 1..heard.len() {
            let (said, end) = said(heard, piece);
            assert_eq!(said, ["site-0042\r", "open sesame\r"], "{piece}");
            assert_eq!(end, "in \\r\\nTLP BEGIN");
        }
    }

    #[test]
    fn a_second_prompt_is_a_refusal() {
        let heard = b"login: site-0042\r\nPassword: \r\nLogin incorrect\r\nlogin: ";
        assert_eq!(said(heard, 7).1, "refused");
    }

    #[test]
    fn a_centre_that_asks_for_nothing_is_entered_at_once() {
        assert_eq!(said(b"\r\nTLP BEGIN\r\n", 3), (vec![], "in \\r\\nTLP BEGIN".to_owned()));
    }

    /// What came of what a caller said, and what was left of it.
    fn gate(password: &[u8], said: &[u8], piece: usize) -> (Proof, Vec<u8>) {
        let mut gate = Gate::new(Arc::new(Secret::new(password.to_vec())));
        for (n, part) in said.chunks(piece).enumerate() {
            let mut bytes = part;
            match gate.input(&mut bytes) {
                Proof::More => {}
                proof => {
                    let behind = said.get((n * piece + part.len())..).unwrap_or_default();
                    return (proof, [bytes, behind].concat());
                }
            }
        }
        (Proof::More, Vec::new())
    }

    #[test]
    fn a_caller_is_let_in_by_the_password_and_nothing_else_however_the_bytes_are_cut() {
        let said = b"\r\nopen sesame\r\r\nTLP BEGIN";
        for piece in 1..said.len() {
            let (proof, rest) = gate(b"open sesame", said, piece);
            assert_eq!((proof, rest.as_slice()), (Proof::Right, &b"\r\nTLP BEGIN"[..]), "{piece}");
        }
        let odd: Vec<u8> = said.iter().map(|byte| byte | 0x80).collect();
        assert_eq!(gate(b"open sesame", &odd, 5).0, Proof::Right, "with a parity");
        for said in [
            &b"open\r"[..],
            b"open sesame2\r",
            b"Open sesame\r",
            b"\r\nTLP BEGIN\r\n[00",
            &[b'x'; limits::PASSWORD + 1],
        ] {
            assert_eq!(gate(b"open sesame", said, 3).0, Proof::Wrong, "{}", said.escape_ascii());
        }
        assert_eq!(gate(b"open sesame", b"open sesame", 3).0, Proof::More);
        assert_eq!(gate(b"", b"\r\r\n\r", 3).0, Proof::More, "nobody gets in by saying nothing");
        assert_eq!(gate(b"", b"x\r", 3).0, Proof::Wrong);
    }
}
