//! The ledger: append-only events in one SQLite file that all processes of a user share, and the
//! report that is made from them.
//!
//! It decides nothing and changes nothing: an event is written once, by id, and a second writing
//! of it has no effect. [`Ledger`] records from anywhere without waiting; one writer thread per
//! process puts the events on disk in groups; [`LedgerReader`] reads while others write, and adds
//! up whole days once. The tables are described in [`schema`].

mod asked;
mod billed;
mod books;
mod compact;
mod connection;
mod corrected;
mod counters;
mod error;
mod figures;
mod handle;
mod increment;
mod insert;
mod jaggedness;
mod journal;
mod keys;
mod lessons;
mod logged;
pub mod margin;
mod margin_json;
mod reader;
mod report;
mod revenue;
mod rollup;
pub mod schema;
mod spool;
mod sums;
mod table;
mod top;
mod traffic;
mod transfer;
mod verify;
mod writer;

pub use billed::Billed;
pub use compact::{Compacted, compact};
pub use counters::{Counted, Counters};
pub use error::LedgerError;
pub use figures::Figures;
pub use handle::{Ledger, LedgerState, Place};
pub use increment::Increment;
pub use jaggedness::{Cell, ENOUGH_OFFERS, Jaggedness, Spread};
pub use keys::{Key, Unwanted};
pub use lessons::{Taught, What};
pub use logged::Logged;
pub use reader::LedgerReader;
pub use report::{Dimension, MarginReport, ReportQuery};
pub use rollup::RolledUp;
pub use schema::TABLES;
pub use top::OTHERS;
pub use traffic::ShadowCost;
pub use transfer::{Columns, ImportError, Imported, import, line};
pub use verify::{Fault, Verification};
pub use writer::WriterSettings;

#[cfg(test)]
pub(crate) mod tests;
