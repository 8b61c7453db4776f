//! What the model thinks about one place, and what of that is shown.

use super::correction::Correction;
use super::cut::CutFeatures;
use super::features::Features;
use super::further::FurtherFeatures;
use super::weights::{CUT_THRESHOLD, FURTHER_THRESHOLD, SHOW_THRESHOLD};
use crate::domain::Confidence;

/// What the model believes the rest of the line to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The text to insert at the cursor: not blank, without what already stands after the cursor,
    /// and without a line break unless several lines were asked for.
    pub text: String,
    /// The calibrated probability that it is what the user is about to type: the whole rest of
    /// the line, or where it is a cut, the next part of it. Of several lines, that of the first.
    pub confidence: Confidence,
    /// The same before the workspace's own correction, which learns from this one.
    pub fitted: Confidence,
    /// Whether the line is believed to go on after it.
    pub is_cut: bool,
}

impl Prediction {
    pub(super) fn new(text: String, probability: f32, is_cut: bool) -> Self {
        let confidence = Confidence::new(probability);
        Self {
            text,
            confidence,
            fitted: confidence,
            is_cut,
        }
    }
}

/// A prediction with what its confidence was computed from; for fitting and for explaining.
#[derive(Clone, Debug, PartialEq)]
pub struct Alternative {
    /// The prediction.
    pub prediction: Prediction,
    /// Its features, named by `FEATURE_NAMES`.
    pub features: Features,
}

/// The beginning of the best line, up to the end of some token.
#[derive(Clone, Debug, PartialEq)]
pub struct Cut {
    /// The text, and the probability that the user is about to type it, whatever follows.
    pub prediction: Prediction,
    /// Its features, named by `CUT_FEATURE_NAMES`.
    pub features: CutFeatures,
}

/// A line that comes after the surest one.
#[derive(Clone, Debug, PartialEq)]
pub struct Further {
    /// The whole line, indented, and the probability that the user is about to type all lines up
    /// to and with this one.
    pub prediction: Prediction,
    /// Its features, named by `FURTHER_FEATURE_NAMES`.
    pub features: FurtherFeatures,
}

impl Further {
    pub(super) fn new(text: String, probability: f32, features: FurtherFeatures) -> Self {
        Self {
            prediction: Prediction::new(text, probability, false),
            features,
        }
    }
}

/// What the model thinks about one place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Opinion {
    /// Whole lines, the surest first.
    pub alternatives: Vec<Alternative>,
    /// Beginnings of the surest line, the shortest first.
    pub cuts: Vec<Cut>,
    /// Lines after the surest one, in order, where that is to be shown and several lines are wanted;
    /// the last one may not be sure.
    pub further: Vec<Further>,
}

impl Opinion {
    /// Returns the same opinion, as sure as this workspace has taught.
    #[must_use]
    pub fn corrected(mut self, correction: &Correction) -> Self {
        let wholes = self
            .alternatives
            .iter_mut()
            .map(|whole| &mut whole.prediction);
        let cuts = self.cuts.iter_mut().map(|cut| &mut cut.prediction);
        let further = self.further.iter_mut().map(|line| &mut line.prediction);
        for prediction in wholes.chain(cuts).chain(further) {
            prediction.confidence = correction.apply(prediction.fitted);
        }
        self
    }

    /// Returns all of it: whole lines, then cuts, the surest of each first.
    #[must_use]
    pub fn into_predictions(self) -> Vec<Prediction> {
        let wholes = self.alternatives.into_iter().map(|whole| whole.prediction);
        let cuts = self.cuts.into_iter().map(|cut| cut.prediction);
        wholes.chain(cuts).collect()
    }

    /// Returns what to show: the surest line with the lines after it that are sure, too, or where it
    /// is not sure enough of that, the longest beginning that it is sure of.
    #[must_use]
    pub fn prediction(&self) -> Option<Prediction> {
        let whole = &self.alternatives.first()?.prediction;
        if whole.confidence.get() >= SHOW_THRESHOLD {
            let mut shown = whole.clone();
            let further = self.further.iter().map(|line| &line.prediction);
            for line in further.take_while(|line| line.confidence.get() >= FURTHER_THRESHOLD) {
                shown.text.push('\n');
                shown.text.push_str(&line.text);
            }
            return Some(shown);
        }
        let cuts = self.cuts.iter().map(|cut| &cut.prediction);
        let sure = cuts.rev().find(|cut| cut.confidence.get() >= CUT_THRESHOLD);
        Some(sure.unwrap_or(whole).clone())
    }
}
