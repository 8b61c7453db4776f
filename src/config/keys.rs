//! Takes a key from where the configuration says that it is.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;

use super::Environment;
use super::keyring::{Keyring, KeyringError};
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
    /// The keyring has no key, or cannot be asked.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The keyring has not answered yet.
    #[error("the keyring has not answered yet")]
    NotYet,
}

/// Takes keys from their places. Copies share what the keyring has answered.
#[derive(Clone, Debug)]
pub struct Keys {
    environment: Environment,
    /// What the keyring has answered, by name.
    answered: Arc<Mutex<HashMap<String, Result<SecretString, String>>>>,
}

impl Keys {
    /// Takes keys of this environment.
    #[must_use]
    pub fn of(environment: Environment) -> Self {
        Self {
            environment,
            answered: Arc::default(),
        }
    }

    /// Returns the key at a place. Waits for the keyring, which may ask its owner first.
    ///
    /// # Errors
    ///
    /// [`KeyError`] says what to do; a file that others may read is refused.
    pub fn find(&self, place: &KeyPlace) -> Result<SecretString, KeyError> {
        match place {
            KeyPlace::Variable(name) => self
                .environment
                .get(name)
                .map(SecretString::from)
                .ok_or_else(|| KeyError::NotSet(name.clone())),
            KeyPlace::File(file) => Ok(in_file(file)?.into()),
            KeyPlace::Keyring(name) => Ok(Keyring::open()?.key(name)?),
        }
    }

    /// Returns the key at a place as far as nobody has to be waited for: a keyring's is there once
    /// [`Keys::ask_keyring`] was answered.
    ///
    /// # Errors
    ///
    /// As [`Keys::find`], as a sentence.
    pub fn at_hand(&self, place: &KeyPlace) -> Result<SecretString, String> {
        match place {
            KeyPlace::Keyring(name) => {
                let answer = self.answered().get(name).cloned();
                answer.unwrap_or_else(|| Err(KeyError::NotYet.to_string()))
            }
            _ => self.find(place).map_err(|error| error.to_string()),
        }
    }

    /// Returns those of these places of which the keyring has not given the key yet.
    #[must_use]
    pub fn to_ask(&self, mut places: Vec<KeyPlace>) -> Vec<KeyPlace> {
        places.retain(|place| match place {
            KeyPlace::Keyring(name) => !matches!(self.answered().get(name), Some(Ok(_))),
            KeyPlace::Variable(_) | KeyPlace::File(_) => false,
        });
        places
    }

    /// Asks the keyring for the keys of these places, and keeps its answers in memory. Waits for it.
    pub fn ask_keyring(&self, places: &[KeyPlace]) {
        for place in places {
            if let KeyPlace::Keyring(name) = place {
                let answer = self.find(place).map_err(|error| error.to_string());
                self.answered().insert(name.clone(), answer);
            }
        }
    }

    /// Returns what the engine takes keys with, where it may wait for the keyring.
    pub fn source(self) -> impl Fn(&KeyPlace) -> Result<SecretString, String> + Send + Sync {
        move |place| self.find(place).map_err(|error| error.to_string())
    }

    fn answered(&self) -> std::sync::MutexGuard<'_, HashMap<String, Result<SecretString, String>>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
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

    use secrecy::ExposeSecret;

    use super::*;

    fn at(file: &Path) -> Result<String, KeyError> {
        let keys = Keys::of(Environment::default());
        let key = keys.find(&KeyPlace::File(file.to_owned()));
        key.map(|key| key.expose_secret().to_owned())
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
        let keys = Keys::of(Environment::from_pairs([("A", "key-1"), ("B", "")]));
        let of = |name: &str| keys.find(&KeyPlace::Variable(name.to_owned()));
        assert_eq!(of("A").expect("a key").expose_secret(), "key-1");
        assert!(matches!(of("B"), Err(KeyError::NotSet(name)) if name == "B"));
    }

    #[test]
    fn nobody_waits_for_a_keyring_who_does_not_want_to() {
        let keys = Keys::of(Environment::default());
        let place = KeyPlace::Keyring("codestral".to_owned());
        let said = keys.at_hand(&place).expect_err("nobody has asked it");
        assert_eq!(said, "the keyring has not answered yet");
        let answer = Ok(SecretString::from("key-1"));
        keys.answered().insert("codestral".to_owned(), answer);
        let copy = keys.clone();
        let key = copy.at_hand(&place).expect("it has answered");
        assert_eq!(key.expose_secret(), "key-1");
        assert!(keys.to_ask(vec![place]).is_empty(), "it is not asked again");
        let other = KeyPlace::Keyring("opus".to_owned());
        let variable = KeyPlace::Variable("A".to_owned());
        assert_eq!(keys.to_ask(vec![variable, other.clone()]), [other]);
    }
}
