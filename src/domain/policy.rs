//! What the owner of a configuration has decided: the rules that no score can outweigh.

use serde::{Deserialize, Serialize};

use super::model::named;
use super::{Allowance, ModelId, ModelSpec, Ppm, Region, Timestamp, lab_of};

named!(
    /// How one of several eligible models is chosen.
    Choice {
        /// By what its answer is worth here, after its price; where it is known what a character may
        /// cost, else the cheapest.
        Value = "value",
        /// Always the cheapest.
        Cheapest = "cheapest",
    }
);

/// Hard rules for routing. They are checked before any cost or score, and fail closed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Policy {
    /// Names this state of the rules on every decision row; changes when they change.
    pub id: String,
    /// Regions that text may go to; empty allows every region. `local` is always allowed.
    pub regions: Vec<Region>,
    /// Send every request to this model: no filter, no exploration, no embedded answer.
    pub pin: Option<ModelId>,
    /// Whether the embedded model may answer.
    pub embedded: bool,
    /// What a month of calls may cost.
    pub allowance: Allowance,
    /// How one of several models is chosen; by value when nothing is said.
    pub choice: Option<Choice>,
    /// The most that may hang on one supplier.
    pub caps: Caps,
    /// Kept characters that a thousand decision points of a language and kind of place must bring:
    /// below it a character counts for more there.
    pub quality_floor: Option<u32>,
    /// Share of the ceiling that may go into calls whose answers are not shown, only learnt from.
    pub shadow_share: Option<Ppm>,
    /// A supplier that is taken away for a while, to see how it goes without.
    pub drill: Option<Drill>,
}

/// The most that may hang on one supplier: shares of the last 30 days.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Caps {
    /// Of all suggestions, the embedded model's included, by host.
    pub host: Option<Ppm>,
    /// Of all suggestions, by the lab that has made the model.
    pub lab: Option<Ppm>,
    /// Of what metered calls have cost, by host.
    pub spend: Option<Ppm>,
}

impl Caps {
    /// Returns whether there is any.
    #[must_use]
    pub fn are_set(&self) -> bool {
        *self != Self::default()
    }
}

/// A supplier that is taken away for a while.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drill {
    /// A host, a lab, or the id of a model.
    pub without: String,
    /// Until then.
    pub until: Timestamp,
}

impl Drill {
    /// Returns whether a model hangs on the supplier that is taken away: by its host, with or without
    /// the port, its lab or its id.
    #[must_use]
    pub fn takes_away(&self, model: &ModelSpec) -> bool {
        let host = model.host();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let suppliers = [Some(host), Some(name), lab_of(&model.model)];
        let mut suppliers = suppliers.into_iter().flatten();
        model.id.as_str() == self.without
            || suppliers.any(|supplier| supplier.eq_ignore_ascii_case(&self.without))
    }
}

impl Policy {
    /// Returns whether text may go to `region`; an unknown region is refused as soon as a list exists.
    #[must_use]
    pub fn allows(&self, region: Option<&Region>) -> bool {
        match region {
            Some(region) => {
                region.is_local() || self.regions.is_empty() || self.regions.contains(region)
            }
            None => self.regions.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_region_is_refused_once_regions_are_listed() {
        let eu = Policy {
            regions: vec![Region::new("eu")],
            ..Policy::default()
        };
        assert!(eu.allows(Some(&Region::new("EU"))));
        assert!(eu.allows(Some(&Region::local())));
        assert!(!eu.allows(Some(&Region::new("us"))));
        assert!(!eu.allows(None));
        assert!(Policy::default().allows(None));
    }
}
