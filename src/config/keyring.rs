//! The keyring of the operating system: the Secret Service on Linux (GNOME Keyring, KWallet,
//! KeePassXC), the login keychain on macOS, the credential manager on Windows.
//!
//! A keyring may be locked, and then asks its owner before it answers, so whoever asks it has to be
//! able to wait.

use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};
use secrecy::{ExposeSecret, SecretString};

/// What our entries are filed under; their user is the name that the configuration says.
const SERVICE: &str = "mantle";

/// Why a keyring did not do what it was asked for. Holds nothing of a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// There is no entry of that name.
    #[error("the keyring has no key {0}; store it with `mantle models key {0}`")]
    NoEntry(String),
    /// It cannot be asked at all.
    #[error(
        "the keyring of this system cannot be asked ({0}); start and unlock it, or keep the key in an environment variable or a file"
    )]
    NoAccess(String),
    /// It holds something else than a key there.
    #[error("the keyring's entry {0} is not a key; store it anew with `mantle models key {0}`")]
    NotAKey(String),
}

/// The keyring of whoever runs this process.
#[derive(Clone, Debug)]
pub struct Keyring(Arc<CredentialStore>);

impl Keyring {
    /// Opens the keyring of this system. May wait.
    ///
    /// # Errors
    ///
    /// [`KeyringError::NoAccess`] where none runs.
    pub fn open() -> Result<Self, KeyringError> {
        let store = native::Store::new();
        let store = store.map_err(|error| KeyringError::NoAccess(error.to_string()))?;
        Ok(Self(store))
    }

    /// Returns the key of this name. May wait for the owner to unlock the keyring.
    ///
    /// # Errors
    ///
    /// See [`KeyringError`].
    pub fn key(&self, name: &str) -> Result<SecretString, KeyringError> {
        let found = self.entry(name).and_then(|entry| entry.get_password());
        let key = found.map_err(|error| no_key(name, error))?;
        match key.trim() {
            "" => Err(KeyringError::NotAKey(name.to_owned())),
            key => Ok(key.to_owned().into()),
        }
    }

    /// Stores a key under this name, in place of what was there.
    ///
    /// # Errors
    ///
    /// See [`KeyringError`].
    pub fn store(&self, name: &str, key: &SecretString) -> Result<(), KeyringError> {
        let entry = self.entry(name);
        let stored = entry.and_then(|entry| entry.set_password(key.expose_secret()));
        stored.map_err(|error| no_key(name, error))
    }

    /// Deletes the key of this name.
    ///
    /// # Errors
    ///
    /// See [`KeyringError`]; also when there is none.
    pub fn forget(&self, name: &str) -> Result<(), KeyringError> {
        let entry = self.entry(name);
        let gone = entry.and_then(|entry| entry.delete_credential());
        gone.map_err(|error| no_key(name, error))
    }

    fn entry(&self, name: &str) -> Result<Entry, Error> {
        Entry::new_in_store(&self.0, SERVICE, name)
    }
}

/// Errors of the library may carry what was read, so they are not passed on as they are.
fn no_key(name: &str, error: Error) -> KeyringError {
    match error {
        Error::NoEntry => KeyringError::NoEntry(name.to_owned()),
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::Ambiguous(_) => {
            KeyringError::NotAKey(name.to_owned())
        }
        Error::PlatformFailure(error) | Error::NoStorageAccess(error) => {
            KeyringError::NoAccess(error.to_string())
        }
        other => KeyringError::NoAccess(other.to_string()),
    }
}

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain as native;
#[cfg(all(unix, not(target_os = "macos")))]
use dbus_secret_service_keyring_store as native;
#[cfg(windows)]
use windows_native_keyring_store as native;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_under_its_name_until_it_is_forgotten() {
        let keyring = Keyring(keyring_core::mock::Store::new().expect("a store in memory"));
        let missing = keyring.key("codestral").expect_err("nothing was stored");
        assert!(missing.to_string().contains("mantle models key codestral"));
        let key = SecretString::from("key-1\n");
        keyring.store("codestral", &key).expect("it takes keys");
        let found = keyring.key("codestral").expect("it was stored");
        assert_eq!(found.expose_secret(), "key-1");
        assert!(!format!("{keyring:?}").contains("key-1"));
        keyring.forget("codestral").expect("it was there");
        assert!(matches!(
            keyring.key("codestral"),
            Err(KeyringError::NoEntry(_))
        ));
        assert!(keyring.forget("codestral").is_err());
    }

    #[test]
    fn an_entry_that_is_no_text_is_not_printed() {
        let error = no_key("a", Error::BadEncoding(b"key-1\xff".to_vec()));
        assert!(matches!(error, KeyringError::NotAKey(_)));
        assert!(!error.to_string().contains("key-1"));
    }
}
