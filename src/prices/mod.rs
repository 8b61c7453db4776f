//! The price book: list prices of models, at a date, from a file that is part of the program and
//! one of the user's over it. Prices are integers; what a call cost is exact.
//!
//! Nothing is fetched, and a price that is not listed is unknown, never zero. Negotiated prices
//! come from the configuration as [`Rates`](crate::domain::Rates) and are computed with
//! [`cost_at`].

mod book;
mod compare;
mod cost;
mod entry;
mod file;
mod import;

pub use book::{PriceBook, Prices};
pub use compare::{Change, Difference, PriceChange, differences};
pub use cost::{ContextStep, LongContext, OffPeak, PriceRow, Window, cost_at, expected_cost};
pub use file::PriceFileError;
pub use import::{Format, Import, ImportError, Selection, Skipped, import};
