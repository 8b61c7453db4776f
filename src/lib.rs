//! Mantle, the layer between a code editor and the models.
//!
//! A keystroke comes in; out goes an inline completion, made by the cheapest model that is good
//! enough for this place, with every cent on a ledger that knows which suggestions were kept.
//! The map of the modules and who may use whom is in `ARCHITECTURE.md`; `tests/architecture.rs`
//! holds it true. Start reading at [`engine`], whose `complete` is one request from start to end.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's task ends with its runtime"
    )
)]

pub mod cache;
pub mod cli;
pub mod config;
pub mod context;
pub mod documents;
pub mod domain;
pub mod engine;
pub mod guard;
pub mod inhouse;
pub mod ledger;
pub mod lsp;
pub mod models;
pub mod prices;
pub mod routing;
pub mod workspace;
