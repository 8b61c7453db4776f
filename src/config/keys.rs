//! Takes a key from where the configuration says that it is.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::Environment;
use crate::domain::KeyPlace;

/// Why there is no key. Says where it was looked for, and never anything of a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The variable is not set, or empty.
    #[error("its key is not set; set the environment variable {0}")]
    NotSet(String),
    /// The file cannot be read.
    #[error("its key cannot be read from {file}: {error}")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Others may read the file.
    #[error("its key is not used, because others may read {0}; run `chmod 600 {0}`")]
    Open(PathBuf),
    /// There is no line in the file.
    #[error("{0} is empty; write the key into it")]
    Empty(PathBuf),
}

/// Returns the key at a place.
///
/// # Errors
///
/// [`KeyError`] says what to do; a file that others may read is refused.
pub fn key_of(environment: &Environment, place: &KeyPlace) -> Result<String, KeyError> {
    match place {
        KeyPlace::Variable(name) => environment
            .get(name)
            .map(str::to_owned)
            .ok_or_else(|| KeyError::NotSet(name.clone())),
        KeyPlace::File(file) => in_file(file),
    }
}

/// Returns what takes keys from their places in this environment, or says why there is none.
pub fn key_source(
    environment: Environment,
) -> impl Fn(&KeyPlace) -> Result<SecretString, String> + Send + Sync + 'static {
    move |place| {
        let key = key_of(&environment, place);
        key.map(Into::into).map_err(|error| error.to_string())
    }
}

fn in_file(file: &Path) -> Result<String, KeyError> {
    let unreadable = |error| KeyError::Unreadable {
        file: file.to_owned(),
        error,
    };
    if is_open_to_others(file).map_err(unreadable)? {
        return Err(KeyError::Open(file.to_owned()));
    }
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    match text.lines().map(str::trim).find(|line| !line.is_empty()) {
        Some(key) => Ok(key.to_owned()),
        None => Err(KeyError::Empty(file.to_owned())),
    }
}

#[cfg(unix)]
fn is_open_to_others(file: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(std::fs::metadata(file)?.mode() & 0o077 != 0)
}

/// Elsewhere a file of the user's own folder is the user's.
#[cfg(not(unix))]
fn is_open_to_others(file: &Path) -> std::io::Result<bool> {
    std::fs::metadata(file).map(|_| false)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn at(file: &Path) -> Result<String, KeyError> {
        key_of(&Environment::default(), &KeyPlace::File(file.to_owned()))
    }

    #[test]
    fn a_key_is_the_first_line_of_a_file_that_is_ours_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("key");
        assert!(matches!(at(&file), Err(KeyError::Unreadable { .. })));
        std::fs::write(&file, "\n  key-1 \n").expect("a file");
        let allow = |mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&file, mode).expect("our own file");
        };
        allow(0o640);
        let error = at(&file).expect_err("the group may read it").to_string();
        assert!(
            error.contains("chmod 600") && !error.contains("key-1"),
            "{error}"
        );
        allow(0o600);
        assert_eq!(at(&file).expect("a key"), "key-1");
        std::fs::write(&file, "\n").expect("a file");
        assert!(matches!(at(&file), Err(KeyError::Empty(_))));
    }

    #[test]
    fn a_variable_that_is_empty_is_not_set() {
        let environment = Environment::from_pairs([("A", "key-1"), ("B", "")]);
        let of = |name: &str| key_of(&environment, &KeyPlace::Variable(name.to_owned()));
        assert_eq!(of("A").expect("a key"), "key-1");
        assert!(matches!(of("B"), Err(KeyError::NotSet(name)) if name == "B"));
    }
}
