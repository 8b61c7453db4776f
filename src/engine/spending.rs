//! The month's budget in a session: read from the ledger, kept to by every call.

use std::sync::Arc;

use super::Engine;
use super::arm::ArmModel;
use super::market::PROFILE;
use super::purse::{Hold, READ_EVERY, Reading, SeatReading};
use super::roster::Roster;
use crate::domain::{Allowance, Money, Month, Policy, Timestamp, TokenCount};
use crate::ledger::{Dimension, Figures, ReportQuery};
use crate::routing::{Ceiling, Infeasible, Seat};

impl Engine {
    /// Reads what may still be spent, again and again, so that what other processes spend counts,
    /// and brings together what they have learnt. Runs until [`Engine::close`]. Where nothing is
    /// limited, no spending is read.
    pub async fn follow_spending(self: &Arc<Self>) {
        loop {
            let is_read = self.read_spending().await;
            tokio::select! {
                () = self.closing.cancelled() => return,
                () = self.purse.is_stale(), if is_read => {}
                () = tokio::time::sleep(READ_EVERY) => {}
            }
        }
    }

    /// Reads from the ledger what this month has cost and what it may cost. Until that is known, no
    /// paid model is called. Returns whether it is.
    pub async fn read_spending(self: &Arc<Self>) -> bool {
        let roster = self.roster();
        if roster.arms.is_empty() {
            return true;
        }
        let engine = Arc::clone(self);
        if let Err(error) = tokio::task::spawn_blocking(move || engine.keep_learnt()).await {
            tracing::error!(%error, "what was learnt of the models was not read");
        }
        let allowance = &roster.policy.allowance;
        if allowance.is_limited() || roster.policy.caps.are_set() {
            self.read_traffic(&roster.policy).await;
        }
        if !allowance.is_limited() {
            let floor = roster.policy.quality_floor;
            self.pace.no_plan(floor, self.clock.now());
            return true;
        }
        if let Err(message) = self.take_slice(&roster.policy).await {
            let sentence = format!(
                "what this month has cost cannot be read, so paid models are not asked: {message}"
            );
            self.tell_once(allowance, &sentence);
            return false;
        }
        true
    }

    /// Reads what the month has cost while no other window does, and takes a slice of what is left.
    async fn take_slice(self: &Arc<Self>, policy: &Policy) -> Result<(), String> {
        let (allowance, floor) = (&policy.allowance, policy.quality_floor);
        let (engine, at) = (Arc::clone(self), self.clock.now());
        let open = move || engine.leases.open(engine.book.folder(), at);
        let table = match tokio::task::spawn_blocking(open).await {
            Ok(table) => table.map_err(|error| error.to_string())?,
            Err(error) => return Err(error.to_string()),
        };
        let (reading, infeasible) = self.spending(allowance, at, table.of_others()).await?;
        match reading.ceiling {
            Some(ceiling) => self.pace.plan((ceiling.get(), reading.spent), floor, at),
            None => self.pace.no_plan(floor, at),
        }
        if let Some(infeasible) = infeasible {
            self.tell_once(allowance, &infeasible.to_string());
        }
        let slice = self.purse.take(allowance, &reading);
        table.take(slice, at).map_err(|error| {
            self.purse.withdraw();
            error.to_string()
        })
    }

    /// Gives the slice of this session back, once all that it has spent is on the ledger.
    pub(super) fn give_slice_back(&self) {
        if !self.roster().policy.allowance.is_limited() {
            return;
        }
        let now = self.clock.now();
        let table = self.leases.open(self.book.folder(), now);
        if let Err(error) = table.and_then(|table| table.take(Money::ZERO, now)) {
            tracing::info!(%error, "what this session did not spend is free in an hour");
        }
    }

    /// Reads how much has gone through, when that was not done lately: it goes over all decisions of
    /// a month.
    async fn read_traffic(&self, policy: &Policy) {
        let (now, by_arm) = (self.clock.now(), policy.caps.are_set());
        if !self.pace.wants_traffic(now, by_arm) {
            return;
        }
        let shadow_since = policy.shadow_share.map(|_| Month::of(now).begin);
        let period = (now.minus(PROFILE), now);
        match self.book.traffic(period, by_arm, shadow_since).await {
            Ok(traffic) => self.pace.take(traffic, now),
            Err(message) => {
                tracing::warn!("what has gone through cannot be read: {message}");
            }
        }
    }

    async fn spending(
        &self,
        allowance: &Allowance,
        at: Timestamp,
        of_others: Money,
    ) -> Result<(Reading, Option<Infeasible>), String> {
        let month = Month::of(at);
        let query = ReportQuery {
            now: at,
            by: if allowance.shares_seats() {
                vec![Dimension::User]
            } else {
                Vec::new()
            },
            seat_price: allowance.seat_price,
            seats: allowance.seats,
            is_brief: true,
            ..ReportQuery::new(month.begin, month.end)
        };
        self.purse.begin_reading();
        let report = self.book.report(&query).await?;
        let revenue = report
            .margin
            .earned
            .as_ref()
            .map(|earned| earned.net().to_money());
        let committed = report.margin.committed_cost().to_money();
        let (ceiling, infeasible) = match Ceiling::of(allowance, revenue, committed) {
            None => (None, None),
            Some(Ok(ceiling)) => (Some(ceiling), None),
            Some(Err(infeasible)) => (Some(Ceiling::own(Money::ZERO)), Some(infeasible)),
        };
        let shared = ceiling.filter(|_| allowance.shares_seats());
        let seat = shared.and_then(|ceiling| {
            let users = report.by.first().map_or(&[][..], |(_, users)| users);
            seat_of(ceiling.get(), allowance.seats?, users, &self.who().user?)
        });
        let reading = Reading {
            ceiling,
            spent: Money::saturating(report.spent_pico()),
            of_others,
            seat,
            at,
        };
        Ok((reading, infeasible))
    }

    /// Returns whether a model may be called at a place with so many prompt tokens.
    pub(super) fn affords(&self, roster: &Roster, arm: &ArmModel, tokens: TokenCount) -> bool {
        let now = self.clock.now();
        let worst = arm.worst_cost(tokens, now);
        self.purse.affords(&roster.policy.allowance, worst, now)
    }

    /// Sets aside what a call may cost; `None` where that does not fit.
    pub(super) fn set_aside(
        &self,
        roster: &Roster,
        arm: &ArmModel,
        tokens: TokenCount,
    ) -> Option<Hold> {
        let now = self.clock.now();
        let worst = arm.worst_cost(tokens, now);
        self.purse.reserve(&roster.policy.allowance, worst, now)
    }

    /// Says once that the budget is spent, where that is what keeps every paid model out.
    pub(super) fn tell_if_spent(&self, roster: &Roster, tokens: TokenCount) {
        let (allowance, now) = (&roster.policy.allowance, self.clock.now());
        let worst = |arm: &Arc<ArmModel>| arm.worst_cost(tokens, now);
        let paid = roster.arms.iter().filter_map(worst);
        let Some(cheapest) = paid.filter(|worst| *worst > Money::ZERO).min() else {
            return;
        };
        if let Some(gone) = self.purse.is_spent_for(allowance, cheapest, now) {
            let dollars = |money: Money| Money::format_pico(money.pico_usd().into(), 2);
            let what = match gone.of_seat {
                true => "what one seat may spend of this month's budget is spent",
                false => "the budget of this month is spent",
            };
            let sentence = format!(
                "{what} (${} of ${}): paid models are not asked before {}, free ones and the \
                 embedded model answer; see `mantle budget`",
                dollars(gone.spent),
                dollars(gone.limit),
                Month::of(now).day_after()
            );
            self.tell_once(allowance, &sentence);
        }
    }

    fn tell_once(&self, allowance: &Allowance, sentence: &str) {
        if self.purse.is_news(allowance, self.clock.now()) {
            tracing::warn!("{sentence}");
            self.status.send_modify(|status| status.warn(sentence));
        }
    }
}

/// Returns how one of some seats stands that share a ceiling, by what each user of the ledger has
/// spent. Seats that have not been seen yet are promised their slices all the same.
fn seat_of(
    ceiling: Money,
    seats: u32,
    users: &[(String, Figures)],
    user: &str,
) -> Option<SeatReading> {
    let share = Money::from_pico_usd(ceiling.pico_usd() / i64::from(seats));
    let spent = |figures: &Figures| Money::saturating(figures.known_cost_pico);
    let (own, others): (Vec<_>, Vec<_>) = users.iter().partition(|(name, _)| name == user);
    let guaranteed = Seat::guaranteed_of(share).pico_usd();
    let unused = |(_, figures): &&(String, Figures)| {
        let left = guaranteed.saturating_sub(spent(figures).pico_usd());
        left.max(0)
    };
    let seen: i64 = others.iter().map(unused).sum();
    let unseen = i64::from(seats) - 1 - i64::try_from(others.len()).ok()?;
    let promised = seen.saturating_add(guaranteed.saturating_mul(unseen.max(0)));
    Some(SeatReading {
        spent: own.iter().map(|(_, figures)| spent(figures)).sum(),
        share,
        promised_to_others: Money::from_pico_usd(promised),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cents(amount: i64) -> Money {
        Money::from_pico_usd(amount * 10_000_000_000)
    }

    fn user(name: &str, spent: i64) -> (String, Figures) {
        let figures = Figures {
            known_cost_pico: cents(spent).pico_usd().into(),
            ..Figures::default()
        };
        (name.to_owned(), figures)
    }

    #[test]
    fn seats_that_have_spent_little_or_are_not_seen_yet_keep_their_slices() {
        // Five seats of a dollar each: a slice is twenty cents.
        let users = [user("ada", 150), user("grace", 5), user("lin", 90)];
        let seat = seat_of(cents(500), 5, &users, "ada").expect("a seat");
        assert_eq!((seat.spent, seat.share), (cents(150), cents(100)));
        // Fifteen cents of grace's slice, nothing of lin's, and two that nobody has used.
        assert_eq!(seat.promised_to_others, cents(15 + 2 * 20));
        let new = seat_of(cents(500), 5, &users, "new").expect("a seat");
        assert_eq!(
            (new.spent, new.promised_to_others),
            (Money::ZERO, cents(15 + 20))
        );
        // More users than seats: nobody is promised less than nothing.
        let crowd = seat_of(cents(500), 2, &users, "ada").expect("a seat");
        assert_eq!(crowd.promised_to_others, cents(45));
    }
}
