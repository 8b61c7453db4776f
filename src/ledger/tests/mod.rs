//! Tests of the ledger as a whole; `rows` makes events for them and for the report's tests.

mod begun;
pub(crate) mod example;
mod killed;
mod migrating;
mod reporting;
pub(crate) mod rows;
mod transferring;
mod unwritable;
mod verifying;
pub(crate) mod writing;
