//! `mantle config check`: every complaint about the configuration at once.

use std::io::Write;
use std::process::ExitCode;

use crate::config::Loaded;

/// Prints what is wrong; fails when anything is.
pub fn check(loaded: &Loaded, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    for complaint in &loaded.complaints {
        writeln!(out, "{complaint}")?;
    }
    let settings = &loaded.settings;
    if loaded.complaints.is_empty() {
        for file in &loaded.files {
            writeln!(out, "read: {}", file.display())?;
        }
        let models = match settings.models.len() {
            1 => "1 model".to_owned(),
            number => format!("{number} models"),
        };
        let embedded = if settings.policy.embedded {
            "on"
        } else {
            "off"
        };
        writeln!(
            out,
            "The configuration is right: embedded model {embedded}, {models} over the network."
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let number = loaded.complaints.len();
    writeln!(
        out,
        "{number} to mend. Until then the editor works without what they are about."
    )?;
    Ok(ExitCode::FAILURE)
}
