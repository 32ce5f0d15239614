//! Offences as debts of time, for sources that misbehave.
//!
//! Each offence adds to what a source owes; time pays it off. A source that owes more than it is
//! allowed is barred for a while, and for twice as long each time it happens again.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clock::Instant;

use crate::limits;

/// How debts are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// What may be owed.
    pub(crate) allowance: Duration,
    /// How long the first bar lasts.
    pub(crate) first: Duration,
    /// How long no bar outlasts, and how long a debtor must keep quiet for his earlier bars to be
    /// forgotten.
    pub(crate) longest: Duration,
}

/// Who owes what. At the limit those who owe least are forgotten: a flood from many addresses must
/// neither fill the memory nor bar those who have done nothing.
#[derive(Debug)]
pub(crate) struct Debts<K> {
    ledger: Mutex<Ledger<K>>,
}

#[derive(Debug)]
struct Ledger<K> {
    terms: Terms,
    debts: HashMap<K, Debt>,
}

#[derive(Clone, Copy, Debug)]
struct Debt {
    /// When it will be paid off.
    paid: Instant,
    barred_until: Instant,
    /// How often its owner was barred.
    bars: u32,
}

/// Whether an offence was one too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Noted,
    /// From now on, and for so long.
    Barred(Duration),
}

impl<K: Copy + Eq + Hash> Debts<K> {
    pub(crate) fn new(terms: Terms) -> Self {
        Self { ledger: Mutex::new(Ledger { terms, debts: HashMap::new() }) }
    }

    /// Judges by other terms from now on.
    pub(crate) fn set_terms(&self, terms: Terms) {
        self.ledger().terms = terms;
    }

    /// Whether somebody is barred now.
    pub(crate) fn is_barred(&self, who: &K, now: Instant) -> bool {
        self.ledger().debts.get(who).is_some_and(|debt| debt.barred_until > now)
    }

    /// Somebody has done something that costs so much.
    pub(crate) fn offend(&self, who: K, cost: Duration, now: Instant) -> Outcome {
        if cost.is_zero() {
            return Outcome::Noted;
        }
        let mut ledger = self.ledger();
        let terms = ledger.terms;
        if !ledger.debts.contains_key(&who) {
            ledger.make_room(now);
        }
        let nothing = Debt { paid: now, barred_until: now, bars: 0 };
        let debt = ledger.debts.entry(who).or_insert(nothing);
        debt.paid = debt.paid.max(now) + cost;
        if debt.paid.since(now) <= terms.allowance {
            return Outcome::Noted;
        }
        let bar = terms.first.saturating_mul(1 << debt.bars.min(20)).min(terms.longest);
        debt.bars = debt.bars.saturating_add(1);
        debt.barred_until = now + bar;
        // The bar has paid for it; the next offence afterwards begins anew, at a higher price.
        debt.paid = now;
        Outcome::Barred(bar)
    }

    /// Somebody has shown that he is welcome: what he owes is forgotten.
    pub(crate) fn forgive(&self, who: &K) {
        self.ledger().debts.remove(who);
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger<K>> {
        // Nothing under the lock can fail half-way, so a poisoned lock guards a sound ledger.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash> Ledger<K> {
    fn make_room(&mut self, now: Instant) {
        if self.debts.len() < limits::DEBTORS {
            return;
        }
        // A look at a few is enough to find one that matters less than most, and costs nothing in
        // the middle of a flood.
        let weight = |debt: &Debt| (debt.barred_until.max(now), debt.paid);
        let few = self.debts.iter().take(limits::DEBTORS_LOOKED_AT);
        let least = few.min_by_key(|(_, debt)| weight(debt)).map(|(who, _)| *who);
        if let Some(least) = least {
            self.debts.remove(&least);
        }
        let quiet = self.terms.longest;
        self.debts.retain(|_, debt| {
            debt.paid > now || now.since(debt.barred_until) < quiet && debt.bars > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(secs: u64) -> Instant {
        Instant::ORIGIN + Duration::from_secs(secs)
    }

    fn debts() -> Debts<u32> {
        Debts::new(Terms { allowance: SECOND * 10, first: SECOND * 60, longest: SECOND * 300 })
    }

    fn offend(debts: &Debts<u32>, who: u32, count: u32, secs: u64) -> Outcome {
        (0..count).map(|_| debts.offend(who, SECOND, at(secs))).last().expect("one")
    }

    #[test]
    fn what_is_owed_is_paid_off_by_time() {
        let debts = debts();
        assert_eq!(offend(&debts, 1, 10, 0), Outcome::Noted);
        assert_eq!(offend(&debts, 1, 5, 5), Outcome::Noted);
        assert!(!debts.is_barred(&1, at(5)));
        assert_eq!(offend(&debts, 1, 1, 5), Outcome::Barred(SECOND * 60));
        assert!(debts.is_barred(&1, at(64)) && !debts.is_barred(&1, at(65)));
        assert!(!debts.is_barred(&2, at(6)));
    }

    #[test]
    fn each_bar_lasts_twice_as_long_up_to_the_longest() {
        let debts = debts();
        let mut now = 0;
        for bar in [60, 120, 240, 300, 300] {
            assert_eq!(offend(&debts, 1, 11, now), Outcome::Barred(SECOND * bar));
            now += u64::from(bar);
        }
    }

    #[test]
    fn who_is_forgiven_begins_anew() {
        let debts = debts();
        offend(&debts, 1, 11, 0);
        debts.forgive(&1);
        assert!(!debts.is_barred(&1, at(0)));
        assert_eq!(offend(&debts, 1, 11, 0), Outcome::Barred(SECOND * 60));
    }

    #[test]
    fn a_flood_of_sources_fills_no_memory_and_frees_nobody_who_is_barred_for_long() {
        let debts = debts();
        for _ in 0..3 {
            offend(&debts, 0, 11, 0);
        }
        let sources = u32::try_from(limits::DEBTORS).expect("fits") * 2;
        for source in 1..sources {
            debts.offend(source, SECOND, at(1));
        }
        assert_eq!(debts.ledger().debts.len(), limits::DEBTORS);
        assert!(debts.is_barred(&0, at(2)));
        assert!(!debts.is_barred(&sources, at(2)));
        // Once they are paid, they are forgotten altogether.
        debts.offend(sources, SECOND, at(100));
        assert!(debts.ledger().debts.len() < 3);
    }
}
