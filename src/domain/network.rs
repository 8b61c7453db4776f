//! How models are reached.

use std::path::PathBuf;

/// What stands between us and the models. Only the user and whoever manages the machine may say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Network {
    /// The proxy for every host but this machine, such as `http://proxy.example:3128`; without it
    /// the system's proxy variables hold.
    pub proxy: Option<String>,
    /// A file of certificates, in PEM, that are trusted beside those of the system.
    pub ca_file: Option<PathBuf>,
}
