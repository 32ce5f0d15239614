//! The SIM: its PIN and PUK, the tries that are left, and the lock.

use std::fmt::{self, Write};

use super::error::{self, Refusal};

/// Wrong PINs until the PUK is asked for, and wrong PUKs until the card is dead.
const PIN_TRIES: u8 = 3;
const PUK_TRIES: u8 = 10;

/// A PIN or PUK: digits, which no log shows.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Code(String);

/// Whether a card is in the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Card {
    #[default]
    Present,
    Absent,
}

/// Whether the PIN is asked for at every start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    On,
    Off,
}

/// What the card wants before it is of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    Nothing,
    Pin,
    Puk,
}

/// The card of one module.
#[derive(Clone, Debug)]
pub(super) struct Sim {
    card: Card,
    lock: Lock,
    pin: Code,
    puk: Code,
    pin_tries: u8,
    puk_tries: u8,
    /// The PIN was given since the start.
    open: Opened,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opened {
    No,
    Yes,
}

impl Code {
    /// Four to eight digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        (digits && (4..=8).contains(&text.len())).then(|| Self(text.to_owned()))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

impl Sim {
    /// A card with this PIN, which is asked for if there is one.
    pub(super) fn new(card: Card, pin: Option<&Code>, puk: &Code) -> Self {
        Self {
            card,
            lock: if pin.is_some() { Lock::On } else { Lock::Off },
            pin: pin.cloned().unwrap_or_else(|| Code("0000".to_owned())),
            puk: puk.clone(),
            pin_tries: PIN_TRIES,
            puk_tries: PUK_TRIES,
            open: Opened::No,
        }
    }

    /// The module starts: what was given is forgotten.
    pub(super) fn restart(&mut self) {
        self.open = Opened::No;
    }

    pub(super) fn is_present(&self) -> bool {
        self.card == Card::Present
    }

    pub(super) fn wants(&self) -> Wants {
        if self.pin_tries == 0 {
            Wants::Puk
        } else if self.lock == Lock::On && self.open == Opened::No {
            Wants::Pin
        } else {
            Wants::Nothing
        }
    }

    /// Whether it can be used, or the error that says why not.
    pub(super) fn ready(&self) -> Result<(), Refusal> {
        if !self.is_present() {
            return Err(error::SIM_ABSENT);
        }
        match self.wants() {
            Wants::Nothing => Ok(()),
            Wants::Pin => Err(error::PIN_WANTED),
            Wants::Puk if self.puk_tries == 0 => Err(error::SIM_DEAD),
            Wants::Puk => Err(error::PUK_WANTED),
        }
    }

    /// Tries left for PIN and PUK.
    pub(super) fn tries(&self) -> (u8, u8) {
        (self.pin_tries, self.puk_tries)
    }

    pub(super) fn lock(&self) -> Lock {
        self.lock
    }

    /// The PIN is given.
    pub(super) fn enter(&mut self, pin: &str) -> Result<(), Refusal> {
        self.usable()?;
        match self.wants() {
            Wants::Nothing => Err(error::NOT_ALLOWED),
            Wants::Puk => Err(error::PUK_WANTED),
            Wants::Pin => {
                self.check(pin)?;
                self.open = Opened::Yes;
                Ok(())
            }
        }
    }

    /// The PUK is given, and a new PIN.
    pub(super) fn unblock(&mut self, puk: &str, pin: &str) -> Result<(), Refusal> {
        self.usable()?;
        if self.wants() != Wants::Puk {
            return Err(error::NOT_ALLOWED);
        }
        let pin = Code::parse(pin).ok_or(error::WRONG_PASSWORD)?;
        if self.puk != Code(puk.to_owned()) {
            self.puk_tries = self.puk_tries.saturating_sub(1);
            return Err(error::WRONG_PASSWORD);
        }
        self.pin = pin;
        (self.pin_tries, self.puk_tries) = (PIN_TRIES, PUK_TRIES);
        self.open = Opened::Yes;
        Ok(())
    }

    /// Asks for the PIN at every start, or no longer.
    pub(super) fn set_lock(&mut self, lock: Lock, pin: &str) -> Result<(), Refusal> {
        self.ready()?;
        self.check(pin)?;
        self.lock = lock;
        self.open = Opened::Yes;
        Ok(())
    }

    /// Takes another PIN.
    pub(super) fn change(&mut self, old: &str, new: &str) -> Result<(), Refusal> {
        self.ready()?;
        if self.lock == Lock::Off {
            return Err(error::NOT_ALLOWED);
        }
        let new = Code::parse(new).ok_or(error::WRONG_PASSWORD)?;
        self.check(old)?;
        self.pin = new;
        Ok(())
    }

    fn usable(&self) -> Result<(), Refusal> {
        if !self.is_present() {
            Err(error::SIM_ABSENT)
        } else if self.pin_tries == 0 && self.puk_tries == 0 {
            Err(error::SIM_DEAD)
        } else {
            Ok(())
        }
    }

    fn check(&mut self, pin: &str) -> Result<(), Refusal> {
        if self.pin == Code(pin.to_owned()) {
            self.pin_tries = PIN_TRIES;
            return Ok(());
        }
        self.pin_tries = self.pin_tries.saturating_sub(1);
        Err(error::WRONG_PASSWORD)
    }

    /// What a card remembers when the power is off, where that isn't as the `new` card's.
    pub(super) fn to_text(&self, new: &Self) -> String {
        let mut text = String::new();
        let mut word = |name: &str, value: &str| {
            let gap = if text.is_empty() { "" } else { " " };
            let _ = write!(text, "{gap}{name} {value}");
        };
        if self.lock != new.lock {
            word("lock", if self.lock == Lock::On { "on" } else { "off" });
        }
        if self.pin_tries != new.pin_tries {
            word("pin-tries", &self.pin_tries.to_string());
        }
        if self.puk_tries != new.puk_tries {
            word("puk-tries", &self.puk_tries.to_string());
        }
        if self.pin != new.pin {
            word("pin", &self.pin.0);
        }
        text
    }

    /// Remembers what [`to_text`](Self::to_text) wrote. What can't be read is as it was.
    pub(super) fn remember(&mut self, text: &str) {
        let mut words = text.split(' ');
        while let (Some(name), Some(value)) = (words.next(), words.next()) {
            let tries = |most: u8| value.parse().ok().filter(|tries| *tries <= most);
            match name {
                "lock" => self.lock = if value == "on" { Lock::On } else { Lock::Off },
                "pin-tries" => self.pin_tries = tries(PIN_TRIES).unwrap_or(self.pin_tries),
                "puk-tries" => self.puk_tries = tries(PUK_TRIES).unwrap_or(self.puk_tries),
                "pin" => self.pin = Code::parse(value).unwrap_or_else(|| self.pin.clone()),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked() -> Sim {
        Sim::new(Card::Present, Code::parse("1234").as_ref(), &Code("12345678".to_owned()))
    }

    #[test]
    fn three_wrong_pins_ask_for_the_puk_and_ten_wrong_puks_end_the_card() {
        let mut sim = locked();
        assert_eq!(sim.ready(), Err(error::PIN_WANTED));
        for left in [2, 1, 0] {
            assert_eq!(sim.enter("0000"), Err(error::WRONG_PASSWORD));
            assert_eq!(sim.tries().0, left);
        }
        assert_eq!(sim.enter("1234"), Err(error::PUK_WANTED));
        assert_eq!(sim.unblock("12345678", "99999"), Ok(()));
        assert_eq!(sim.ready(), Ok(()));
        sim.restart();
        assert_eq!(sim.enter("99999"), Ok(()));
        sim.restart();
        for _ in 0..3 {
            let _ = sim.enter("0");
        }
        for _ in 0..10 {
            assert_eq!(sim.unblock("0", "1234"), Err(error::WRONG_PASSWORD));
        }
        assert_eq!(sim.unblock("12345678", "1234"), Err(error::SIM_DEAD));
    }

    #[test]
    fn a_card_remembers_what_it_must() {
        let new = locked();
        let mut sim = new.clone();
        assert_eq!(sim.to_text(&new), "");
        let _ = sim.enter("1");
        let _ = sim.enter("1234");
        assert_eq!(sim.change("1234", "4321"), Ok(()));
        assert_eq!(sim.set_lock(Lock::Off, "9"), Err(error::WRONG_PASSWORD));
        let text = sim.to_text(&new);
        assert_eq!(text, "pin-tries 2 pin 4321");
        let mut again = new.clone();
        again.remember(&text);
        assert_eq!(again.to_text(&new), text);
        assert_eq!(again.enter("4321"), Ok(()));
        again.remember("pin-tries 99 pin x lock");
        assert_eq!(again.tries(), (3, 10));
    }

    #[test]
    fn what_is_not_asked_for_is_not_allowed() {
        let mut sim = Sim::new(Card::Present, None, &Code::default());
        assert_eq!(sim.enter("0000"), Err(error::NOT_ALLOWED));
        assert_eq!(sim.unblock("1", "2"), Err(error::NOT_ALLOWED));
        assert_eq!(sim.change("0000", "1111"), Err(error::NOT_ALLOWED));
        let mut none = Sim::new(Card::Absent, None, &Code::default());
        assert_eq!(none.enter("0000"), Err(error::SIM_ABSENT));
        assert_eq!(none.ready(), Err(error::SIM_ABSENT));
    }

    #[test]
    fn a_pin_is_not_shown() {
        assert!(!format!("{:?}", locked()).contains("1234"));
    }
}
