mod cases;
mod discover;
mod fake;
mod http;
mod providers;
mod ready;
mod refusals;
mod scripted;
mod stream;
mod tls;
mod wires;

pub(super) use cases::{cleared, pretty, prompt, spec};
pub(super) use stream::{check_all_splits, check_any, counts, read};
