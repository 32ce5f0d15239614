//! How many wrong passwords are taken from one source before it has to wait.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::limits;

const MINUTE: Duration = Duration::from_secs(60);

/// Whoever can be told apart from the rest of the network: an address, or the /56 that one subscriber gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source(u128);

impl From<IpAddr> for Source {
    fn from(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self(u128::from(ip.to_bits())),
            IpAddr::V6(ip) => Self(ip.to_bits() >> 72 << 72),
        }
    }
}

/// A bucket of wrong passwords for each source, emptied evenly. Unlike at the exchange this machine has one too:
/// whoever tries names at a page does so from some browser.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    /// When each source will be forgiven.
    forgiven: Mutex<HashMap<Option<Source>, Instant>>,
}

impl Patience {
    /// Takes one attempt from a source, if it has one left. A right password gives it back.
    pub(crate) fn take(&self, source: Source, now: Instant) -> Result<(), Duration> {
        let one = MINUTE / limits::WRONG_PASSWORDS;
        let mut forgiven = self.forgiven.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = Some(source);
        if forgiven.len() >= limits::SOURCES && !forgiven.contains_key(&key) {
            forgiven.retain(|_, until| *until > now);
            if forgiven.len() >= limits::SOURCES {
                // Strangers share one bucket while the map is full.
                key = None;
            }
        }
        let until = forgiven.get(&key).map_or(now, |until| (*until).max(now)) + one;
        let over = until.duration_since(now).saturating_sub(MINUTE);
        if !over.is_zero() {
            return Err(over);
        }
        forgiven.insert(key, until);
        Ok(())
    }

    /// Gives an attempt back: the password was right.
    pub(crate) fn give_back(&self, source: Source) {
        let mut forgiven = self.forgiven.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = forgiven.get_mut(&Some(source))
            && let Some(earlier) = until.checked_sub(MINUTE / limits::WRONG_PASSWORDS)
        {
            *until = earlier;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        text.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn a_minutes_mistakes_are_forgiven_evenly_and_right_ones_cost_nothing() {
        let (patience, t) = (Patience::default(), Instant::now());
        let one = source("192.0.2.1");
        for _ in 0..100 {
            patience.take(one, t).unwrap();
            patience.give_back(one);
        }
        for _ in 0..limits::WRONG_PASSWORDS {
            patience.take(one, t).unwrap();
        }
        assert_eq!(patience.take(one, t), Err(MINUTE / limits::WRONG_PASSWORDS));
        patience.take(source("192.0.2.2"), t).unwrap();
        patience.take(one, t + MINUTE / limits::WRONG_PASSWORDS).unwrap();
        assert!(patience.take(one, t + MINUTE / limits::WRONG_PASSWORDS).is_err());
    }

    #[test]
    fn a_subscriber_is_one_source_whatever_address_he_takes() {
        assert_eq!(source("2001:db8:0:ff::1"), source("2001:db8:0:1::2"));
        assert_ne!(source("2001:db8:0:100::1"), source("2001:db8::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
    }

    #[test]
    fn a_flood_of_sources_slows_strangers_not_memory() {
        let (patience, t) = (Patience::default(), Instant::now());
        for n in 0..limits::SOURCES as u32 {
            patience.take(IpAddr::from(n.to_be_bytes()).into(), t).unwrap();
        }
        let refused =
            (0..100).filter(|n| patience.take(IpAddr::from([10, 9, 9, *n]).into(), t).is_err());
        assert_eq!(refused.count(), 100 - limits::WRONG_PASSWORDS as usize);
        assert!(patience.forgiven.lock().unwrap().len() <= limits::SOURCES + 1);
    }
}
