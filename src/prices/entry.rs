//! The file format `mantle.prices.v1`: JSON, money as integers.
//!
//! A price per token is in micro-USD per million tokens, which is pico-USD per token; a price per
//! hour is in micro-USD, one per request in pico-USD. What these entries mean is decided in
//! `file.rs`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Names the format and its version.
pub(super) const SCHEMA: &str = "mantle.prices.v1";

/// What the numbers are, for whoever reads the file.
const UNIT: &str = "integer micro-USD per million tokens: 1000000 is 1 USD per million tokens; the same number is pico-USD per token";

/// A whole price file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceFile {
    pub schema: String,
    pub unit: String,
    /// The day at which the prices were collected.
    pub as_of: String,
    pub currency: Currency,
    pub sources: Vec<SourceEntry>,
    #[serde(default)]
    pub warning: String,
    pub rows: Vec<Entry>,
}

impl PriceFile {
    /// Makes a file of this version.
    pub fn new(as_of: String, sources: Vec<SourceEntry>, rows: Vec<Entry>) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            unit: UNIT.to_owned(),
            as_of,
            currency: Currency::Usd,
            sources,
            warning: "Indicative list prices, not an invoice.".to_owned(),
            rows,
        }
    }

    /// Returns the text of the file, one entry on a line, so that two files can be compared.
    pub fn to_text(&self) -> String {
        let json = "texts and integers always serialize";
        let head = Self {
            rows: Vec::new(),
            ..self.clone()
        };
        let head = serde_json::to_string_pretty(&head).expect(json);
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|entry| format!("\n    {}", serde_json::to_string(entry).expect(json)))
            .collect();
        let rows = format!("\"rows\": [{}\n  ]", rows.join(","));
        head.replacen("\"rows\": []", &rows, 1) + "\n"
    }
}

/// Everything is in US dollars.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Currency {
    #[serde(rename = "USD")]
    Usd,
}

/// Where the prices of a file come from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SourceEntry {
    pub name: String,
    pub retrieved: String,
    pub licence: String,
    /// Digest of the file that was imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// The price of one model from one day on.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Key: the seller and its name of the model.
    pub id: String,
    pub provider: String,
    /// Kind of model on this list; it decides nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub class: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_input: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_output: Option<u64>,
    /// Whether it is known to cost nothing: a price of 0 alone would mean "not known".
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub free: bool,
    /// Pico-USD for each request, beside its tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_request_pico_usd: Option<u64>,
    /// Micro-USD for an hour of the call's duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_hour: Option<u64>,
    /// Micro-USD for an hour of each GPU, for as long as a call lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_gpu_hour: Option<u64>,
    /// GPUs that a call holds; one when nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpus: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub long_context: Vec<StepEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off_peak: Option<OffPeakEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_min_tokens: Option<u32>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub regional_uplift_percent: BTreeMap<String, u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deprecated_on: Option<String>,
    /// The row's name in LiteLLM's table, by which two files are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub litellm_key: Option<String>,
    /// Whether a second source agrees.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cross_checked: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Rates above a number of input tokens.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepEntry {
    pub above_tokens: u64,
    #[serde(default)]
    pub inclusive: bool,
    pub input: u64,
    pub output: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_1h: Option<u64>,
}

/// Lower rates at some hours.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OffPeakEntry {
    pub input: u64,
    pub output: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<u64>,
    pub windows: Vec<WindowEntry>,
}

/// Full hours of some days of the week, in UTC; 1 is Monday.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowEntry {
    pub weekdays: Vec<u8>,
    pub hours_utc: Vec<(u8, u8)>,
}
