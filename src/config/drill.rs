//! The file of a drill: who is taken away, and until when.

use std::path::Path;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::check::Complaint;
use crate::domain::Drill;

/// What is in the file.
#[derive(Serialize, Deserialize)]
struct Written {
    without: String,
    /// RFC 3339.
    until: String,
}

/// Returns the text of a drill's file.
#[must_use]
pub fn drill_text(drill: &Drill) -> String {
    let until = drill.until.to_utc().format(&Rfc3339);
    let written = Written {
        without: drill.without.clone(),
        until: until.unwrap_or_default(),
    };
    toml::to_string(&written).unwrap_or_default()
}

/// Reads the file. One that says nothing understandable is no drill: it takes nobody away.
pub(super) fn read(path: &Path, complaints: &mut Vec<Complaint>) -> Option<Drill> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            complaints.push(complaint(path, format!("cannot be read: {error}")));
            return None;
        }
    };
    let written = toml::from_str::<Written>(&text).ok();
    let drill = written.and_then(|written| {
        let until = OffsetDateTime::parse(&written.until, &Rfc3339).ok()?;
        Some(Drill {
            without: written.without,
            until: until.into(),
        })
    });
    if drill.is_none() {
        complaints.push(complaint(path, "is no drill".to_owned()));
    }
    drill
}

fn complaint(path: &Path, message: String) -> Complaint {
    Complaint {
        place: path.display().to_string(),
        line: None,
        message,
        hint: Some("nobody is taken away; end it with `mantle drill --stop`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn what_was_written_is_read_and_what_makes_no_sense_takes_nobody_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("drill.toml");
        let mut complaints = Vec::new();
        assert_eq!(read(&path, &mut complaints), None);
        assert!(complaints.is_empty(), "no file is no drill");
        let drill = Drill {
            without: "models.example".into(),
            until: Timestamp::from_unix_micros(1_795_000_000_000_000),
        };
        std::fs::write(&path, drill_text(&drill)).expect("a file");
        assert_eq!(read(&path, &mut complaints), Some(drill));
        std::fs::write(&path, "without = 3").expect("a file");
        assert_eq!(read(&path, &mut complaints), None);
        assert_eq!(complaints.len(), 1);
    }
}
