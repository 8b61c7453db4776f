//! What a model should see: a snapshot becomes a [`Context`] that knows no model, and that becomes
//! a [`Prompt`](crate::domain::Prompt) that fits one.
//!
//! Everything here is a function of its arguments: no clock, no network, no configuration. Equal
//! states give equal bytes, so that providers' prompt caches hit. Read `collect`, then `render`.

mod collect;
mod counted;
mod edited;
mod facts;
mod healing;
#[cfg(test)]
mod properties;
mod receiver;
mod related;
mod render;
mod site;
mod steady;
mod tokens;

pub use collect::{Context, Head, collect, look};
pub use edited::{Edit, MOST_EDITS, edited};
pub use facts::Facts;
pub use healing::{Healed, Healing, heal};
pub use related::{Related, Sources, related};
pub use render::{DEFAULT_PROMPT_TOKENS, INSTRUCTION_TOKENS, prompt_budget, render, render_within};
pub use steady::Steady;
pub use tokens::{
    count_tokens, estimate_tokens, estimate_tokens_up_to, preload_token_table,
    token_table_is_loaded,
};
