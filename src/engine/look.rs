//! Looks at the configured models for `mantle doctor`: rules, price, key, and whether anybody answers.

use std::path::Path;

use super::Engine;
use super::roster::Roster;
use crate::documents::Language;
use crate::domain::{ModelId, PriceSource};

/// Whether a model can be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArmState {
    /// It can.
    Ready,
    /// It cannot until something is mended.
    Unusable,
}

/// What was found about one model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ArmReport {
    /// The model.
    pub model: ModelId,
    /// Its host.
    pub address: String,
    /// Whether it can be used.
    pub state: ArmState,
    /// What was found, and what to do.
    pub sentence: String,
}

impl Engine {
    /// Looks at every configured model; asks only those that the rules allow to be asked.
    pub async fn look_at_models(&self) -> Vec<ArmReport> {
        let mut reports = Vec::new();
        let roster = self.roster();
        for arm in &roster.arms {
            let (state, sentence) = match self.look(&roster, arm).await {
                Ok(sentence) => (ArmState::Ready, sentence),
                Err(sentence) => (ArmState::Unusable, sentence),
            };
            let spec = &arm.spec;
            reports.push(ArmReport {
                model: spec.id.clone(),
                address: spec.base_url.clone(),
                state,
                sentence,
            });
        }
        reports
    }

    async fn look(&self, roster: &Roster, arm: &super::arm::ArmModel) -> Result<String, String> {
        let spec = &arm.spec;
        if !roster.policy.allows(spec.region.as_ref()) {
            let region = spec
                .region
                .as_ref()
                .map_or("unknown", crate::domain::Region::as_str);
            return Err(format!(
                "its region is {region}, which privacy.regions does not allow; it is never called"
            ));
        }
        match &spec.price {
            PriceSource::Unknown => {
                return Err(
                    "it has no price, so it is never called; set price = \"provider/model\" or \
                     { input = \"0.30\", output = \"0.90\" } (USD per million tokens)"
                        .to_owned(),
                );
            }
            PriceSource::Book(key) => {
                let book = &roster.prices;
                if book.find(key, self.clock.now()).is_none() {
                    let hint = book
                        .nearest(key)
                        .map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
                    return Err(format!(
                        "the price book has no `{key}`{hint}; until then it is never called"
                    ));
                }
            }
            PriceSource::Own(_) | PriceSource::Pool(_) | PriceSource::Free => {}
        }
        arm.key.clone()?;
        let model = arm
            .model
            .as_ref()
            .map_err(|error| format!("{error}; {}", error.hint()))?;
        match model.probe().await {
            Ok(probe) => Ok(probe.message),
            Err(error) => Err(format!("{error}; {}", error.hint())),
        }
    }
}

/// Returns the language id of a file by its name, if the language is known.
#[must_use]
pub fn language_id(file: &Path) -> Option<&'static str> {
    Language::by_path(file).map(|language| language.id)
}
