//! The language server: speaks to editors, converts, calls the engine, answers.
//!
//! Only this module knows the Language Server Protocol. Below it there are byte offsets and plain
//! values. [`drive`] reads frames and keeps the order; [`server`] holds one handler per method and
//! no logic. What goes over the wire beyond the standard is in [`protocol`]; what clients of
//! Copilot's server speak is in [`copilot`]. [`suggest`] is the one way to a suggestion for all;
//! [`workspace`] is what a client is asked and told about the files beside the open ones.

mod convert;
mod copilot;
mod drive;
mod frames;
mod lenient;
mod protocol;
mod reload;
mod server;
mod start;
mod stdio;
mod suggest;
mod workspace;

pub use start::{Launch, serve};
pub use stdio::{standard_input, standard_output};
