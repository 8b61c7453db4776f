//! What the user wrote, and what it means.
//!
//! Options are what was typed, layer by layer; settings are what it means, complete and valid.
//! Built-in < managed (`/etc/mantle/config.toml`) < user < environment < the editor's
//! `initializationOptions`; a workspace's `.mantle.toml` may only narrow. Every complaint is
//! gathered before any is shown. No part reads this module: each gets its slice from a face.

mod check;
mod drill;
mod keyring;
mod keys;
mod layers;
mod options;
mod paths;
mod rules;
mod settings;
mod variables;

pub use check::{Complaint, nearest};
pub use drill::drill_text;
pub use keyring::{Keyring, KeyringError};
pub use keys::{KeyError, Keys};
pub use layers::{Environment, Layers, Loaded, load};
pub use options::Options;
pub use paths::Paths;
pub use settings::{Settings, SettingsError};
