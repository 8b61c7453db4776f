//! Decisions of a period as chance has played them, with what each of some other policies would have
//! done there: what `mantle simulate --policy` and the frontier of a report are estimated from.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::domain::{Action, ArmEstimate, ModelId, Reason, Timestamp, fnv1a};
use crate::ledger::{LedgerError, LedgerReader, Logged};
use crate::routing::off_policy::{Gate, Sample, Wish};

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// All that costs nothing is one option,
const FREE: u16 = 0;
/// but for silence where the embedded model was held out: that is played for its own sake only.
const HELD_OUT: u16 = 1;

/// Another policy, and what it would have done in each row.
pub(super) struct Course {
    pub wish: Wish,
    wanted: Vec<u16>,
    /// Rows that do not tell what it would have done.
    pub untold: usize,
}

impl Course {
    /// Returns the option that it would have taken in a row.
    pub fn wanted(&self, row: usize) -> u64 {
        self.wanted[row].into()
    }

    /// Returns whether it would have done the same everywhere.
    pub fn is_like(&self, other: &Self) -> bool {
        self.wanted == other.wanted
    }
}

/// What is to be played over the decisions of a period.
pub(super) struct Plays {
    pub wishes: Vec<Wish>,
    /// Models that the wishes find missing, as if nobody had them.
    pub without: Vec<ModelId>,
    /// Whether there is one more policy for each model that could have been asked anywhere.
    pub every_model: bool,
}

/// The decisions of a period: about a hundred bytes for each.
#[derive(Default)]
pub(super) struct Played {
    pub samples: Vec<Sample>,
    /// Characters that were accepted, by row.
    pub accepted: Vec<f64>,
    /// What each row says of silence.
    pub gates: Vec<Gate>,
    /// Of the rows at which silence had a chance, those at which a held-out burst asked a model.
    pub held_out: usize,
    /// Characters that were still there after ten minutes, by row; `None` where nothing has looked.
    looked: Vec<Option<f64>>,
    /// What calls cost in dollars, by row.
    pub usd: Vec<f64>,
    /// Calls whose cost is not known.
    pub unpriced: u64,
    pub courses: Vec<Course>,
    options: HashMap<ModelId, u16>,
}

impl Played {
    /// Reads the decisions of a period, and what these policies would have done.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn read(
        reader: &LedgerReader,
        period: (Timestamp, Timestamp),
        plays: Plays,
    ) -> Result<Self, LedgerError> {
        let course = |wish| Course {
            wish,
            wanted: Vec::new(),
            untold: 0,
        };
        let mut played = Self {
            courses: plays.wishes.into_iter().map(course).collect(),
            ..Self::default()
        };
        reader
            .logged(period, |logged| {
                played.add(&logged, &plays.without, plays.every_model);
            })
            .await?;
        Ok(played)
    }

    /// Returns characters that were kept, by row, and how many accepts nothing has looked after:
    /// those count with the share that the others have kept. `None` where most were not looked
    /// after.
    pub fn kept(&self) -> Option<(Vec<f64>, usize)> {
        let accepts = || {
            let rows = self.accepted.iter().zip(&self.looked);
            rows.filter(|(accepted, _)| **accepted > 0.0)
        };
        let looked = accepts().filter_map(|(accepted, kept)| Some((*accepted, (*kept)?)));
        let (count, accepted, kept) = looked.fold((0, 0.0, 0.0), |(n, a, k), (more, left)| {
            (n + 1, a + more, k + left)
        });
        let unknown = accepts().count() - count;
        if count == 0 || unknown > count {
            return None;
        }
        let share = kept / accepted;
        let rows = self.accepted.iter().zip(&self.looked);
        let kept = rows.map(|(accepted, kept)| kept.unwrap_or(accepted * share));
        Some((kept.collect(), unknown))
    }

    fn add(&mut self, logged: &Logged, without: &[ModelId], every_model: bool) {
        if every_model {
            self.meet_models(logged);
        }
        let is_there = |arm: &&ArmEstimate| !without.contains(&arm.model);
        let arms: Cow<'_, [ArmEstimate]> = match without {
            [] => Cow::Borrowed(&logged.arms),
            _ => logged.arms.iter().filter(is_there).cloned().collect(),
        };
        for index in 0..self.courses.len() {
            let course = &self.courses[index];
            let is_told = course.wish.is_told_by(&arms);
            let wanted = course.wish.wanted(&arms);
            let wanted = self.option(wanted);
            let course = &mut self.courses[index];
            course.wanted.push(wanted);
            course.untold += usize::from(!is_told);
        }
        let sample = self.sample(logged);
        let gate = gate(logged, sample.cluster);
        let is_asked = matches!(gate, Gate::Asked { .. });
        self.held_out += usize::from(is_asked && logged.reason == Reason::HeldOut);
        self.gates.push(gate);
        self.samples.push(sample);
        self.accepted.push(logged.accepted_chars as f64);
        self.looked.push(logged.kept_chars.map(|kept| kept as f64));
        self.usd.push(logged.cost_pico as f64 / 1e12);
        self.unpriced += logged.unpriced;
    }

    /// A model that is new here could not be asked before.
    fn meet_models(&mut self, logged: &Logged) {
        for arm in logged.arms.iter().skip(1) {
            let is_known = |course: &Course| matches!(&course.wish, Wish::Always(model) if *model == arm.model);
            if arm.excluded.is_none() && !self.courses.iter().any(is_known) {
                self.courses.push(Course {
                    wish: Wish::Always(arm.model.clone()),
                    wanted: vec![FREE; self.samples.len()],
                    untold: 0,
                });
            }
        }
    }

    fn option(&mut self, model: Option<&ModelId>) -> u16 {
        let Some(model) = model else { return FREE };
        if let Some(&option) = self.options.get(model) {
            return option;
        }
        let next = self.options.len() + usize::from(HELD_OUT) + 1;
        // Nobody configures so many models; what is beyond them is one option.
        let option = u16::try_from(next).unwrap_or(u16::MAX);
        self.options.insert(model.clone(), option);
        option
    }

    /// A row as the estimator sees it.
    fn sample(&mut self, logged: &Logged) -> Sample {
        let embedded = logged.arms.first();
        let shows_embedded = embedded.is_some_and(|embedded| embedded.excluded.is_none());
        let is_silenced =
            logged.action == Action::Silent && logged.reason == Reason::HeldOut && shows_embedded;
        let taken = match logged.action {
            Action::Call => self.option(logged.arm.as_ref()),
            _ if is_silenced => HELD_OUT,
            _ => FREE,
        };
        let day = logged.at.unix_micros().div_euclid(MICROS_PER_DAY);
        let user = logged.user.as_deref().unwrap_or_default();
        let sure = embedded.and_then(|embedded| embedded.p_accept);
        let sure = sure.map_or(-1, |sure| (sure * 5.0) as i32);
        Sample {
            cluster: fnv1a(format!("{user} {day}").as_bytes()),
            cell: fnv1a(format!("{} {sure} {shows_embedded}", logged.language).as_bytes()),
            taken: taken.into(),
            propensity: logged.propensity.unwrap_or(1.0),
            is_drawn: logged.is_drawn,
        }
    }
}

/// What a row says of silence: only places matter where nothing was free and a model was eligible.
fn gate(logged: &Logged, cluster: u64) -> Gate {
    let Some((embedded, arms)) = logged.arms.split_first() else {
        return Gate::Elsewhere;
    };
    let eligible = arms.iter().filter(|arm| arm.excluded.is_none()).count();
    if !logged.is_drawn || embedded.excluded.is_none() || eligible == 0 {
        return Gate::Elsewhere;
    }
    match (logged.action, logged.propensity) {
        (Action::Silent, _) => Gate::Silent,
        (Action::Call, Some(asked)) => {
            // Where one model was eligible, all that is not its chance is that of silence.
            let of_the_rest = (eligible == 1).then_some(1.0 - asked);
            let silence = embedded.propensity.or(of_the_rest);
            silence.map_or(Gate::Untold, |silence| {
                Gate::asked(cluster, silence, asked, eligible)
            })
        }
        (Action::Call, None) => Gate::Untold,
        (Action::Embedded, _) => Gate::Elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Exclusion, Money, Tier};

    fn arm(propensity: Option<f64>, excluded: Option<Exclusion>) -> ArmEstimate {
        ArmEstimate {
            model: ModelId::new("m"),
            tier: Tier::OpenSource,
            p_accept: None,
            kept_chars: None,
            cost: Some(Money::ZERO),
            latency_ms: None,
            excluded,
            propensity,
        }
    }

    /// A place where the embedded model is not sure, with so many eligible models and one that is not.
    fn place(action: Action, eligible: usize, silence: Option<f64>) -> Logged {
        let mut arms = vec![
            arm(silence, Some(Exclusion::NotSure)),
            arm(None, Some(Exclusion::Region)),
        ];
        arms.extend((0..eligible).map(|_| arm(Some(0.1), None)));
        Logged {
            at: Timestamp::from_unix_micros(0),
            user: None,
            language: "rust".to_owned(),
            action,
            arm: None,
            reason: Reason::BestValue,
            propensity: Some(0.1),
            is_drawn: true,
            arms,
            accepted_chars: 0,
            kept_chars: None,
            cost_pico: 0,
            unpriced: 0,
        }
    }

    #[track_caller]
    fn check(logged: &Logged, expected: Gate) {
        match (gate(logged, 7), expected) {
            (Gate::Asked { cluster, weight }, Gate::Asked { weight: wanted, .. }) => {
                assert_eq!(cluster, 7);
                assert!((weight - wanted).abs() < 1e-12, "{weight} {wanted}");
            }
            (found, expected) => assert_eq!(found, expected),
        }
    }

    #[test]
    fn a_call_counts_for_silent_places_by_how_likely_silence_was_there() {
        let weight = |weight| Gate::Asked { cluster: 7, weight };
        check(&place(Action::Silent, 2, None), Gate::Silent);
        check(&place(Action::Call, 2, Some(0.8)), weight(0.8 / 0.2));
        // Of one model, the row of an older version says it as well.
        check(&place(Action::Call, 1, None), weight(0.9 / 0.1));
        check(&place(Action::Call, 2, None), Gate::Untold);
        let unknown = Logged {
            propensity: None,
            ..place(Action::Call, 2, Some(0.8))
        };
        check(&unknown, Gate::Untold);
    }

    #[test]
    fn where_something_is_free_or_chance_has_no_part_silence_misses_nothing_that_can_be_told() {
        check(&place(Action::Silent, 0, None), Gate::Elsewhere);
        let undrawn = Logged {
            is_drawn: false,
            ..place(Action::Silent, 2, Some(0.8))
        };
        check(&undrawn, Gate::Elsewhere);
        let mut sure = place(Action::Silent, 2, Some(0.8));
        sure.arms[0].excluded = None;
        check(&sure, Gate::Elsewhere);
    }
}
