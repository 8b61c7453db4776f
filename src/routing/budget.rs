//! What was spent, what is promised, and what may still be: the ceiling holds because nothing is
//! begun whose worst cost does not fit.
//!
//! A process that spends on its own, such as the server of another window, leases a slice; while it
//! is away the slice counts as gone. One that never comes back has its slice counted as spent when
//! the lease ends: what is not known must not be spent twice.

use std::collections::BTreeMap;

use super::ceiling::Ceiling;
use crate::domain::{Money, Timestamp};

/// A lease is at most this part of what is left.
const LEASE_PART: i64 = 100;

/// What a call may cost at the most, set aside until it is settled.
#[derive(Debug, PartialEq, Eq, Hash, Clone, Copy, PartialOrd, Ord)]
pub struct Reservation(u64);

/// A slice of a budget for a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    id: Reservation,
    /// How much it may spend.
    pub amount: Money,
    /// Until when.
    pub until: Timestamp,
}

impl Lease {
    /// Returns the budget that the holder of the lease spends from.
    #[must_use]
    pub fn budget(&self) -> Budget {
        Budget::of(self.amount)
    }

    /// Returns the name that decision rows carry.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}@{}", self.id.0, self.until.unix_micros())
    }
}

/// The budget of a period, or of a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    ceiling: Money,
    spent: Money,
    reserved: BTreeMap<Reservation, Money>,
    leased: BTreeMap<Reservation, Lease>,
    next: u64,
}

impl Budget {
    /// Begins a period.
    #[must_use]
    pub fn new(ceiling: Ceiling) -> Self {
        Self::of(ceiling.get())
    }

    fn of(ceiling: Money) -> Self {
        Self {
            ceiling,
            spent: Money::ZERO,
            reserved: BTreeMap::new(),
            leased: BTreeMap::new(),
            next: 0,
        }
    }

    /// Takes over what a ledger says was spent before.
    pub fn already_spent(&mut self, spent: Money) {
        self.spent = self.spent + spent;
    }

    /// Takes what a ledger says was spent, under a ceiling that may be another by now; what is set
    /// aside stays so.
    pub fn restate(&mut self, ceiling: Ceiling, spent: Money) {
        self.ceiling = ceiling.get();
        self.spent = spent;
    }

    /// Returns the most that may be spent.
    #[must_use]
    pub const fn ceiling(&self) -> Money {
        self.ceiling
    }

    /// Returns what was spent.
    #[must_use]
    pub const fn spent(&self) -> Money {
        self.spent
    }

    /// Returns what is set aside for calls that run and for leases that are out.
    #[must_use]
    pub fn reserved(&self) -> Money {
        let calls: Money = self.reserved.values().copied().sum();
        let leases: Money = self.leased.values().map(|lease| lease.amount).sum();
        calls + leases
    }

    /// Returns what may still be promised; never below zero.
    #[must_use]
    pub fn left(&self) -> Money {
        let gone = self.spent + self.reserved();
        let left = self.ceiling.pico_usd().saturating_sub(gone.pico_usd());
        Money::from_pico_usd(left.max(0))
    }

    /// Sets aside what a call may cost at the most, or refuses it.
    pub fn reserve(&mut self, worst: Money) -> Option<Reservation> {
        if worst > self.left() || worst < Money::ZERO {
            return None;
        }
        let reservation = self.next();
        self.reserved.insert(reservation, worst);
        Some(reservation)
    }

    /// Books what a call has cost and frees the rest. A reservation is settled once; a second time
    /// nothing happens. Returns whether the bill was above what was set aside, which means that the
    /// worst cost of that call was computed wrong.
    pub fn settle(&mut self, reservation: Reservation, cost: Money) -> bool {
        let Some(worst) = self.reserved.remove(&reservation) else {
            return false;
        };
        self.spent = self.spent + cost;
        cost > worst
    }

    /// Hands out a slice: what is `wanted`, up to a hundredth of what is left, and no less than
    /// `least`, which one call needs; nothing where that does not fit.
    pub fn lease(&mut self, least: Money, wanted: Money, until: Timestamp) -> Option<Lease> {
        let left = self.left();
        let most = Money::from_pico_usd(left.pico_usd() / LEASE_PART);
        let amount = wanted.min(most).max(least);
        if amount > left || amount <= Money::ZERO {
            return None;
        }
        let id = self.next();
        let lease = Lease { id, amount, until };
        self.leased.insert(id, lease);
        Some(lease)
    }

    /// Takes a slice back; `spent` is what its holder says. Once a lease has ended its slice was
    /// counted as spent, and coming back late changes nothing.
    pub fn give_back(&mut self, lease: &Lease, spent: Money) {
        if let Some(known) = self.leased.remove(&lease.id) {
            self.spent = self.spent + spent.min(known.amount);
        }
    }

    /// Ends the leases whose time is over: all that was in them counts as spent. A clock that jumps
    /// back ends none, one that jumps ahead ends them early; both are safe.
    pub fn end_leases(&mut self, now: Timestamp) {
        let over: Vec<Lease> = self
            .leased
            .values()
            .filter(|lease| lease.until <= now)
            .copied()
            .collect();
        for lease in over {
            self.give_back(&lease, lease.amount);
        }
    }

    fn next(&mut self) -> Reservation {
        self.next += 1;
        Reservation(self.next)
    }
}

/// How one seat stands in a pool that many share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// What this seat has spent and reserved.
    pub spent: Money,
    /// The pool divided by the seats.
    pub share: Money,
    /// What is left of the pool.
    pub pool_left: Money,
    /// What the guaranteed slices of all other seats still hold.
    pub promised_to_others: Money,
}

impl Seat {
    /// Returns the slice that nobody else can use up: a fifth of the seat's own share.
    #[must_use]
    pub fn guaranteed(&self) -> Money {
        Self::guaranteed_of(self.share)
    }

    /// Returns the guaranteed slice of a seat with this share.
    #[must_use]
    pub fn guaranteed_of(share: Money) -> Money {
        Money::from_pico_usd(share.pico_usd() / 5)
    }

    /// Returns the most that a seat may spend, whatever the others leave.
    #[must_use]
    pub fn most(&self) -> Money {
        Money::from_pico_usd(self.share.pico_usd().saturating_mul(5))
    }

    /// Returns what the seat may reserve: its guaranteed slice always, and beyond it what is in the
    /// pool for nobody, up to five times its share.
    #[must_use]
    pub fn left(&self) -> Money {
        let minus = |a: Money, b: Money| a.pico_usd().saturating_sub(b.pico_usd()).max(0);
        let guaranteed = minus(self.guaranteed(), self.spent);
        let open = minus(self.pool_left, self.promised_to_others);
        let open = open.min(minus(self.most(), self.spent));
        let left = guaranteed.max(open).min(self.pool_left.pico_usd().max(0));
        Money::from_pico_usd(left)
    }
}

#[cfg(test)]
mod tests;
