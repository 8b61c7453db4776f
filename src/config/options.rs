//! What was typed: every key may be absent. Unknown keys are found by `check`, which names them all;
//! serde would stop at the first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One layer of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Options {
    /// Money coming in and what must remain of it.
    pub margin: Margin,
    /// What may leave the machine.
    pub privacy: Privacy,
    /// The embedded model.
    pub inhouse: InHouse,
    /// What is learnt of the workspace.
    pub index: Index,
    /// Who is asked.
    pub routing: Routing,
    /// The models over the network.
    pub models: Vec<Model>,
    /// How models are reached.
    pub network: Network,
    /// The log file.
    pub log: Log,
}

/// Money coming in and what must remain of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Margin {
    /// Gross margin to keep over the billing period, as a fraction such as 0.80.
    pub target: Option<f64>,
    /// USD per seat and month, as a text such as "19.00".
    pub seat_price: Option<String>,
    /// How many seats there are; default 1.
    pub seats: Option<u32>,
    /// USD that calls may cost per month where there is no revenue, as a text such as "25.00".
    pub own_budget: Option<String>,
    /// USD that a thousand kept characters are worth, as a text such as "0.50"; default is what the
    /// budget of the month has for them.
    pub value_per_1000_chars: Option<String>,
}

/// What may leave the machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Privacy {
    /// Regions that text may go to, such as ["eu"]; a model of any other region is never called.
    pub regions: Option<Vec<String>>,
}

/// The embedded model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct InHouse {
    /// Whether the embedded model may answer; default true.
    pub enabled: Option<bool>,
}

/// What is learnt of the workspace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Index {
    /// Memory that what is learnt of the open folders may take, in MiB; default 256.
    pub max_memory_mb: Option<u32>,
    /// Whether the sources of dependencies are learnt where they are on disk; default false.
    pub dependencies: Option<bool>,
}

/// Who is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Routing {
    /// Id of the one model that gets every request.
    pub pin: Option<String>,
    /// How one of several models is chosen: value (what its answer is worth here, after its price;
    /// needs a budget or a value of characters) or cheapest; default value.
    pub choice: Option<String>,
    /// The largest share of all answers that may come from one host, such as 0.6; default no limit.
    pub supplier_cap: Option<f64>,
    /// The largest share of all answers that may come from models of one lab; default no limit.
    pub lab_cap: Option<f64>,
    /// The largest share of what calls cost that may go to one host; default no limit.
    pub spend_cap: Option<f64>,
    /// Kept characters that a thousand decision points of each language and kind of place must
    /// bring, such as 800: below it more is paid there; default none.
    pub quality_floor: Option<u32>,
    /// Share of the month's ceiling that may go into calls that are learnt from and not shown, up to
    /// 0.05; default none.
    pub shadow_share: Option<f64>,
}

/// How models are reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Network {
    /// The proxy for every host but this machine, such as "http://proxy.example:3128"; default is
    /// what the variables HTTPS_PROXY and NO_PROXY say.
    pub proxy: Option<String>,
    /// A file of certificates in PEM that are trusted beside those of the system.
    pub ca_file: Option<String>,
}

/// The log file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Log {
    /// error, warn, info, debug or trace; default info.
    pub level: Option<String>,
}

/// One model over the network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Model {
    /// Its name here; required.
    pub id: Option<String>,
    /// in-house, open-source or premium; required.
    pub tier: Option<String>,
    /// How it is spoken to, such as llama-cpp or anthropic; required.
    pub protocol: Option<String>,
    /// Root of the host, such as "http://127.0.0.1:8080"; required.
    pub base_url: Option<String>,
    /// Its name at the provider; default is the id.
    pub model: Option<String>,
    /// Family of its fill-in-the-middle template, where the protocol renders one.
    pub fim: Option<String>,
    /// Where the key is.
    pub api_key: Option<ApiKey>,
    /// Where it runs, such as "eu"; an address of this machine is "local".
    pub region: Option<String>,
    /// A key of the price book, or prices in USD per million tokens.
    pub price: Option<Price>,
    /// Tokens that prompt and answer may have together; default 4096.
    pub context_tokens: Option<u32>,
    /// The most tokens of an answer; default 128.
    pub max_output_tokens: Option<u32>,
    /// Milliseconds to wait for the first token; default 5000.
    pub first_token_timeout_ms: Option<u64>,
    /// Milliseconds to wait between tokens; default 2000.
    pub idle_timeout_ms: Option<u64>,
    /// Whether it is tried out with a small share of the places; default false.
    pub canary: Option<bool>,
}

/// Where a key is: never the key itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ApiKey {
    /// Name of the environment variable that holds it.
    pub env: Option<String>,
    /// Absolute path of a file that holds it and that only you may read.
    pub file: Option<String>,
    /// Name under which `mantle models key` has stored it in the system's keyring.
    pub keyring: Option<String>,
}

/// What a model costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Price {
    /// A key of the price book, such as "mistral/codestral-2508", or "pool/NAME" for a server on
    /// GPUs that `mantle pools` knows under that name.
    Book(String),
    /// Own prices.
    Own(OwnPrice),
}

/// Prices in USD per million tokens, as texts such as "0.30".
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OwnPrice {
    /// Input that no cache holds.
    pub input: String,
    /// Input read from the prompt cache; default is the input price.
    #[serde(default)]
    pub cached_input: Option<String>,
    /// Input written to the prompt cache; default is the input price.
    #[serde(default)]
    pub cache_write: Option<String>,
    /// Output, reasoning included.
    pub output: String,
}
