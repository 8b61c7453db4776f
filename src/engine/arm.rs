//! One configured model with what the engine knows of it: price, key, health.

use secrecy::SecretString;

use super::health::Health;
use crate::domain::{ModelSpec, Money, PriceSource, Timestamp, TokenCount, Usage};
use crate::models::{Clients, Model, ModelError};
use crate::prices::{PriceBook, cost_at, expected_cost};
use crate::routing::Arm;

/// A model that can be routed to.
pub struct ArmModel {
    pub spec: ModelSpec,
    /// The model itself, or why it cannot be used.
    pub model: Result<Model, ModelError>,
    pub has_key: bool,
    pub health: Health,
}

impl ArmModel {
    pub fn new(
        spec: ModelSpec,
        key_of: &(dyn Fn(&str) -> Option<SecretString> + Send + Sync),
        clients: &Clients,
    ) -> Self {
        let key = spec.api_key_env.as_deref().and_then(key_of);
        let has_key = spec.api_key_env.is_none() || key.is_some();
        let model = Model::new(spec.clone(), key, clients);
        if let Err(error) = &model {
            tracing::warn!(model = %spec.id, %error, "a model cannot be used");
        }
        Self {
            spec,
            model,
            has_key,
            health: Health::default(),
        }
    }

    /// Wraps a model that answers from a script.
    #[cfg(test)]
    pub fn scripted(spec: ModelSpec, script: crate::models::Script) -> Self {
        let model = Ok(Model::scripted(spec.clone(), script));
        Self {
            spec,
            model,
            has_key: true,
            health: Health::default(),
        }
    }

    /// Returns what the router is told about this arm at a place with `input` prompt tokens.
    pub fn at(&self, input: TokenCount, now: Timestamp) -> Arm {
        let answer = u64::from(self.spec.max_output_tokens);
        Arm {
            model: self.spec.id.clone(),
            tier: self.spec.tier,
            region: self.spec.region.clone(),
            cost: self.expected_cost(input, TokenCount::new(answer), now),
            has_key: self.has_key,
            is_healthy: self.model.is_ok() && self.health.may_be_tried(now),
            // The prompt is fitted to the model; what must fit is an answer with some prompt.
            fits: u64::from(self.spec.context_tokens) >= answer + 64,
            latency_ms: self.health.median_latency_ms(),
        }
    }

    fn expected_cost(
        &self,
        input: TokenCount,
        output: TokenCount,
        now: Timestamp,
    ) -> Option<Money> {
        match &self.spec.price {
            PriceSource::Free => Some(Money::ZERO),
            PriceSource::Own(rates) => Some(expected_cost(rates, input, output)),
            PriceSource::Book(key) => {
                let row = PriceBook::bundled().find(key, now)?;
                Some(expected_cost(&row.rates, input, output))
            }
            PriceSource::Unknown => None,
        }
    }

    /// Returns the cost of a call at the price valid at `now`; `None` when it cannot be told.
    pub fn cost(&self, usage: &Usage, now: Timestamp) -> Option<Money> {
        match &self.spec.price {
            PriceSource::Free => Some(Money::ZERO),
            PriceSource::Own(rates) => cost_at(rates, usage),
            PriceSource::Book(key) => PriceBook::bundled().find(key, now)?.cost(usage),
            PriceSource::Unknown => None,
        }
    }

    /// Returns whether a call costs nothing, whatever it uses.
    pub const fn is_free(&self) -> bool {
        matches!(self.spec.price, PriceSource::Free)
    }

    /// Returns the price row's name, for the ledger.
    pub fn price_id(&self) -> Option<String> {
        match &self.spec.price {
            PriceSource::Free => Some("free".to_owned()),
            PriceSource::Own(_) => Some("own".to_owned()),
            PriceSource::Book(key) => Some(key.clone()),
            PriceSource::Unknown => None,
        }
    }

    /// Returns the digest of the price book, when the price comes from it.
    pub fn price_snapshot(&self) -> Option<String> {
        matches!(self.spec.price, PriceSource::Book(_))
            .then(|| PriceBook::bundled().snapshot_id().to_owned())
    }
}
