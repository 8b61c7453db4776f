//! One configured model with what the engine knows of it: price, key, health.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::Semaphore;

use super::health::Health;
use crate::domain::{
    KeyPlace, ModelSpec, Money, PriceSource, Timestamp, TokenCount, Usage, bills_cancelled_in_full,
};
use crate::models::{Clients, Model, ModelError};
use crate::prices::{Prices, cost_at, expected_cost};
use crate::routing::Arm;

/// How many calls one host may have at once. A person types in one place, so more than a few are
/// calls that hang.
pub const CALLS_PER_HOST: usize = 8;

/// A model that can be routed to.
pub struct ArmModel {
    pub spec: ModelSpec,
    /// The model itself, or why it cannot be used.
    pub model: Result<Model, ModelError>,
    /// Whether its key is there, or it needs none; else why it is not.
    pub key: Result<(), String>,
    pub health: Health,
    /// Calls that its host may have at once; all models of a host share them.
    pub slots: Arc<Semaphore>,
    /// The book that its price is looked up in.
    prices: Prices,
}

impl ArmModel {
    pub fn new(
        spec: ModelSpec,
        prices: Prices,
        key_of: &(dyn Fn(&KeyPlace) -> Result<SecretString, String> + Send + Sync),
        clients: &Clients,
        slots: Arc<Semaphore>,
    ) -> Self {
        let key = spec.api_key.as_ref().map(key_of).transpose();
        let secret = key.as_ref().ok().cloned().flatten();
        let model = Model::new(spec.clone(), secret, clients);
        if let Err(error) = &model {
            tracing::warn!(model = %spec.id, %error, "a model cannot be used");
        }
        Self {
            spec,
            model,
            key: key.map(|_| ()),
            health: Health::default(),
            slots,
            prices,
        }
    }

    /// Wraps a model that answers from a script.
    #[cfg(test)]
    pub fn scripted(spec: ModelSpec, script: crate::models::Script) -> Self {
        let model = Ok(Model::scripted(spec.clone(), script));
        Self {
            spec,
            model,
            key: Ok(()),
            health: Health::default(),
            slots: Arc::new(Semaphore::new(CALLS_PER_HOST)),
            prices: Prices::default(),
        }
    }

    /// Returns what the router is told about this arm at a place with `input` prompt tokens, as far
    /// as the arm knows it: that it may be paid for and hang on its host is for others to say.
    pub fn at(&self, input: TokenCount, now: Timestamp) -> Arm {
        let answer = u64::from(self.spec.max_output_tokens);
        Arm {
            model: self.spec.id.clone(),
            tier: self.spec.tier,
            region: self.spec.region.clone(),
            cost: self.expected_cost(input, TokenCount::new(answer), now),
            has_key: self.key.is_ok(),
            is_healthy: self.model.is_ok() && self.health.may_be_tried(now),
            // The prompt is fitted to the model; what must fit is an answer with some prompt.
            fits: u64::from(self.spec.context_tokens) >= answer + 64,
            is_affordable: true,
            is_canary: self.spec.is_canary,
            is_within_cap: true,
            is_drilled: false,
            latency_ms: self.health.median_latency_ms(),
        }
    }

    /// Returns what a call may cost at the most; `None` when it cannot be told.
    ///
    /// A budget is kept by this, so it is taken high: a tokenizer may count more than we estimate,
    /// what is written to a prompt cache may cost more than other input, and what is paid by time may
    /// come late and with pauses. A bill above it is booked as it is.
    pub fn worst_cost(&self, input: TokenCount, now: Timestamp) -> Option<Money> {
        let input = TokenCount::new(2 * input.get() + 64);
        let output = TokenCount::new(u64::from(self.spec.max_output_tokens));
        match &self.spec.price {
            PriceSource::Book(key) => {
                let row = self.prices.find(key, now)?;
                let region = self.spec.region.as_ref();
                Some(row.expected_cost((input, output), self.longest(), region))
            }
            _ => self.expected_cost(input, output, now),
        }
    }

    /// Returns what a call costs that the next key closes; `None` when it cannot be told.
    ///
    /// Some hosts bill it as if it had run to its end. Elsewhere a quarter of the answer has come by
    /// then: the key falls anywhere into the call, and the first half of a call is spent until the
    /// first token.
    pub fn cancel_cost(&self, input: TokenCount, now: Timestamp) -> Option<Money> {
        let most = u64::from(self.spec.max_output_tokens);
        let output = if bills_cancelled_in_full(self.spec.host()) {
            most
        } else {
            most.div_ceil(4)
        };
        self.expected_cost(input, TokenCount::new(output), now)
    }

    fn expected_cost(
        &self,
        input: TokenCount,
        output: TokenCount,
        now: Timestamp,
    ) -> Option<Money> {
        match &self.spec.price {
            PriceSource::Free | PriceSource::Pool(_) => Some(Money::ZERO),
            PriceSource::Own(rates) => Some(expected_cost(rates, input, output)),
            PriceSource::Book(key) => {
                let row = self.prices.find(key, now)?;
                let region = self.spec.region.as_ref();
                Some(row.expected_cost((input, output), self.usual_duration(), region))
            }
            PriceSource::Unknown => None,
        }
    }

    /// How long a call is taken to last at the most: late, and with pauses.
    pub fn longest(&self) -> Duration {
        2 * (self.spec.first_token_timeout + self.spec.idle_timeout)
    }

    /// How long a call takes, as far as that is known: what is paid by time costs so much.
    fn usual_duration(&self) -> Duration {
        self.health
            .median_latency_ms()
            .map_or(self.spec.first_token_timeout, |ms| {
                Duration::from_millis(ms.into())
            })
    }

    /// Returns the cost of a call that lasted `duration`, at the price valid at `now`; `None` when
    /// it cannot be told.
    pub fn cost(&self, usage: &Usage, duration: Duration, now: Timestamp) -> Option<Money> {
        match &self.spec.price {
            PriceSource::Free | PriceSource::Pool(_) => Some(Money::ZERO),
            PriceSource::Own(rates) => cost_at(rates, usage),
            PriceSource::Book(key) => {
                let region = self.spec.region.as_ref();
                self.prices.find(key, now)?.cost(usage, duration, region)
            }
            PriceSource::Unknown => None,
        }
    }

    /// Returns whether a call costs nothing, whatever it uses.
    pub fn is_free(&self) -> bool {
        self.spec.price.is_free()
    }

    /// Returns the price row's name, for the ledger.
    pub fn price_id(&self) -> Option<String> {
        match &self.spec.price {
            PriceSource::Free => Some("free".to_owned()),
            PriceSource::Own(_) => Some("own".to_owned()),
            PriceSource::Book(key) => Some(key.clone()),
            PriceSource::Pool(name) => Some(format!("pool/{name}")),
            PriceSource::Unknown => None,
        }
    }

    /// Returns the digest of the price book, when the price comes from it.
    pub fn price_snapshot(&self) -> Option<String> {
        matches!(self.spec.price, PriceSource::Book(_))
            .then(|| self.prices.snapshot_id().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{ModelId, PricePerMTok, Protocol, Rates, Tier};
    use crate::models::Script;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_795_000_000_000_000);

    /// 0.30 USD in, 0.90 USD out, answers of at most 62 tokens.
    fn own() -> PriceSource {
        let (input, output) = (
            PricePerMTok::from_micro_usd(300_000),
            PricePerMTok::from_micro_usd(900_000),
        );
        PriceSource::Own(Rates {
            input,
            cache_read: input,
            cache_write: input,
            cache_write_1h: input,
            output,
        })
    }

    #[track_caller]
    fn check(base_url: &str, price: PriceSource, expected: Option<i64>) {
        let spec = ModelSpec {
            id: ModelId::new("a"),
            tier: Tier::OpenSource,
            protocol: Protocol::Scripted,
            base_url: base_url.to_owned(),
            model: "a".to_owned(),
            fim: None,
            region: None,
            price,
            context_tokens: 4_096,
            max_output_tokens: 62,
            first_token_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(2),
            is_canary: false,
            api_key: None,
        };
        let arm = ArmModel::scripted(spec, Script::answer(""));
        let cost = arm.cancel_cost(TokenCount::new(1_500), NOW);
        assert_eq!(cost.map(Money::pico_usd), expected);
    }

    #[test]
    fn a_closed_call_costs_the_whole_answer_where_it_is_billed_and_a_quarter_elsewhere() {
        // 1,500×300,000 + 62×900,000, or + 16×900,000 pico-USD.
        check("https://api.mistral.ai", own(), Some(505_800_000));
        check("https://api.notmistral.ai/v1", own(), Some(464_400_000));
    }

    #[test]
    fn a_free_model_costs_nothing_to_close_and_an_unknown_price_is_unknown() {
        check("http://127.0.0.1:8080", PriceSource::Free, Some(0));
        check("https://api.mistral.ai", PriceSource::Unknown, None);
    }
}
