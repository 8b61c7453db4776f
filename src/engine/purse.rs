//! What this process may still promise of the month's budget.
//!
//! Nothing is begun whose worst cost does not fit. What was spent is read from the ledger now and
//! then, because other processes write there too, and is counted here in between. Windows that read
//! the same ledger must not all spend what is left of it, so between two readings a process promises
//! no more than a part of what it saw left, which is its slice (`leases`); the slices of others are
//! gone for it, and a reading that is too old lets nothing through.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::domain::{Allowance, Money, Month, Timestamp};
use crate::routing::{Budget, Ceiling, Reservation, Seat};

/// How long a reading is followed before the next.
pub const READ_EVERY: Duration = Duration::from_secs(120);
/// How long it holds at the most, should the next be late.
const HOLDS: Duration = Duration::from_secs(180);
/// Between two readings one process promises at most this part of what was left, so that something
/// is left for the windows that are opened next.
const PART: i64 = 32;

/// What a reading of the ledger says.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The most that the month may cost; `None` where nothing limits it.
    pub ceiling: Option<Ceiling>,
    /// What it has cost.
    pub spent: Money,
    /// What other processes may spend.
    pub of_others: Money,
    /// How the seat of this process stands, where several share the ceiling.
    pub seat: Option<SeatReading>,
    /// When it was made.
    pub at: Timestamp,
}

/// How one seat stands among those that share a ceiling.
#[derive(Clone, Copy, Debug)]
pub struct SeatReading {
    /// What it has cost this month.
    pub spent: Money,
    /// The ceiling divided by the seats.
    pub share: Money,
    /// What the guaranteed slices of all others still hold.
    pub promised_to_others: Money,
}

/// What is gone, where not even a new reading makes room for another call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// What was spent.
    pub spent: Money,
    /// Of this much.
    pub limit: Money,
    /// Whether it is one seat's part that is gone, and not the whole.
    pub of_seat: bool,
}

/// What is set aside for one call, until it is settled.
#[derive(Debug)]
#[must_use]
pub struct Hold(Option<Reservation>);

/// The budget as this process sees it.
pub struct Purse {
    state: Mutex<State>,
    stale: Notify,
}

struct State {
    window: Option<Window>,
    budget: Budget,
    /// Settled since the reading that is under way began: the ledger may not show it.
    settled: Money,
    /// What the user has been told about, so that it is said once.
    told: Option<(Allowance, Month)>,
}

/// Whether a call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Admission {
    /// Nothing limits it.
    Unlimited,
    /// This much fits.
    Within(Money),
    /// Its worst cost does not fit, or cannot be told.
    Beyond,
    /// What was spent is not known, or not any more.
    Unread,
}

/// What holds between two readings.
struct Window {
    allowance: Allowance,
    begin: Timestamp,
    end: Timestamp,
    /// What must be left of the budget; `None` where nothing limits it.
    floor: Option<Money>,
    /// What other processes could spend when it was read.
    of_others: Money,
    seat: Option<SeatReading>,
}

impl Default for Purse {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                window: None,
                budget: Budget::new(Ceiling::own(Money::ZERO)),
                settled: Money::ZERO,
                told: None,
            }),
            stale: Notify::new(),
        }
    }
}

impl Purse {
    /// Says that the ledger is about to be read: what is settled from now on may be missing there.
    pub fn begin_reading(&self) {
        self.state().settled = Money::ZERO;
    }

    /// Takes what was read under an allowance. Returns the slice that this process needs for it: what
    /// it may still promise, and what it has promised already.
    pub fn take(&self, allowance: &Allowance, reading: &Reading) -> Money {
        let mut state = self.state();
        let ceiling = reading.ceiling.unwrap_or(Ceiling::own(Money::ZERO));
        // What is in both counts twice until the next reading; that is the safe side.
        let spent = reading.spent + state.settled;
        state.budget.restate(ceiling, spent);
        let left = state.budget.left().pico_usd();
        let own = state.own(reading.of_others, reading.seat);
        let room = own.pico_usd() / PART;
        let floor = reading.ceiling.map(|_| Money::from_pico_usd(left - room));
        let end = reading.at.plus(HOLDS).min(Month::of(reading.at).end);
        state.window = Some(Window {
            allowance: allowance.clone(),
            begin: reading.at,
            end,
            floor,
            of_others: reading.of_others,
            seat: reading.seat,
        });
        match floor {
            // What was settled meanwhile may not be on the ledger when others read it.
            Some(_) => state.budget.reserved() + state.settled + Money::from_pico_usd(room),
            None => Money::ZERO,
        }
    }

    /// Lets nothing paid through until the next reading.
    pub fn withdraw(&self) {
        self.state().window = None;
    }

    /// Returns whether a call may be made whose worst cost this is; `None` is a cost that cannot be
    /// told.
    pub fn affords(&self, allowance: &Allowance, worst: Option<Money>, now: Timestamp) -> bool {
        let admission = self.state().admission(allowance, worst, now);
        if admission == Admission::Unread {
            self.stale.notify_one();
        }
        matches!(admission, Admission::Unlimited | Admission::Within(_))
    }

    /// Sets aside what a call may cost at the most; `None` where that does not fit.
    pub fn reserve(
        &self,
        allowance: &Allowance,
        worst: Option<Money>,
        now: Timestamp,
    ) -> Option<Hold> {
        let mut state = self.state();
        match state.admission(allowance, worst, now) {
            Admission::Unlimited => Some(Hold(None)),
            Admission::Within(worst) => state.budget.reserve(worst).map(|held| Hold(Some(held))),
            Admission::Unread | Admission::Beyond => None,
        }
    }

    /// Books what a call has cost, once its row is on its way to the ledger.
    pub fn settle(&self, hold: Hold, cost: Money) {
        let mut state = self.state();
        state.settled = state.settled + cost;
        if let Some(reservation) = hold.0
            && state.budget.settle(reservation, cost)
        {
            tracing::warn!(%cost, "a call has cost more than was taken for its worst");
        }
    }

    /// Returns what is gone, if not even a new reading would make room for a call of this worst cost.
    pub fn is_spent_for(
        &self,
        allowance: &Allowance,
        worst: Money,
        now: Timestamp,
    ) -> Option<Gone> {
        let state = self.state();
        let window = state.window_at(allowance, now)?;
        window.floor?;
        let fits = |own: Money| worst.pico_usd() <= own.pico_usd() / PART;
        let budget = &state.budget;
        if !fits(state.own(window.of_others, None)) {
            return Some(Gone {
                spent: budget.spent(),
                limit: budget.ceiling(),
                of_seat: false,
            });
        }
        let seat = window
            .seat
            .filter(|_| !fits(state.own(window.of_others, window.seat)))?;
        let seat = state.seat(seat, window.of_others);
        Some(Gone {
            spent: seat.spent,
            limit: seat.spent + seat.left(),
            of_seat: true,
        })
    }

    /// Returns whether the user has not been told yet how it stands in the month of `now`, and takes
    /// it for told.
    pub fn is_news(&self, allowance: &Allowance, now: Timestamp) -> bool {
        let what = Some((allowance.clone(), Month::of(now)));
        let mut state = self.state();
        let is_news = state.told != what;
        state.told = what;
        is_news
    }

    /// Waits until somebody has asked whom a reading that is too old could not answer.
    pub async fn is_stale(&self) {
        self.stale.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns what this process may still promise, slices of others off.
    fn own(&self, of_others: Money, seat: Option<SeatReading>) -> Money {
        match seat {
            Some(seat) => self.seat(seat, of_others).left(),
            None => self.pool(of_others),
        }
    }

    /// Returns what is promised to no process yet.
    fn pool(&self, of_others: Money) -> Money {
        let left = self.budget.left().pico_usd();
        Money::from_pico_usd(left.saturating_sub(of_others.pico_usd()).max(0))
    }

    /// Returns how the seat stands with what this process has promised and settled since it was read.
    fn seat(&self, read: SeatReading, of_others: Money) -> Seat {
        Seat {
            spent: read.spent + self.settled + self.budget.reserved(),
            share: read.share,
            pool_left: self.pool(of_others),
            promised_to_others: read.promised_to_others,
        }
    }

    fn admission(&self, allowance: &Allowance, worst: Option<Money>, now: Timestamp) -> Admission {
        if !allowance.is_limited() || worst == Some(Money::ZERO) {
            return Admission::Unlimited;
        }
        let Some(window) = self.window_at(allowance, now) else {
            return Admission::Unread;
        };
        let Some(floor) = window.floor else {
            return Admission::Unlimited;
        };
        let room = self.budget.left().pico_usd() - floor.pico_usd();
        match worst {
            Some(worst) if worst.pico_usd() <= room => Admission::Within(worst),
            _ => Admission::Beyond,
        }
    }

    fn window_at(&self, allowance: &Allowance, now: Timestamp) -> Option<&Window> {
        self.window.as_ref().filter(|window| {
            window.allowance == *allowance && window.begin <= now && now < window.end
        })
    }
}

#[cfg(test)]
mod tests;
