//! Keyed hashes: rows can be grouped by user and workspace, and neither can be read from them.

use std::path::Path;

use uuid::Uuid;

/// The key of this machine's hashes: random, made once, kept in the state folder.
#[derive(Clone, Copy, Debug)]
pub struct HashKey(Uuid);

impl HashKey {
    /// Reads the key beside the ledger, or makes it. Without a place to keep it, the key of this
    /// process serves: rows of one session still belong together.
    pub fn read_or_make(folder: &Path) -> Self {
        let path = folder.join("hash.key");
        let read = || {
            std::fs::read_to_string(&path)
                .ok()
                .and_then(|text| Uuid::parse_str(text.trim()).ok())
        };
        if let Some(key) = read() {
            return Self(key);
        }
        let key = Uuid::new_v4();
        let made = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path);
        match made
            .and_then(|mut file| std::io::Write::write_all(&mut file, key.to_string().as_bytes()))
        {
            Ok(()) => Self(key),
            // Another process was faster: its key is the key.
            Err(_) => Self(read().unwrap_or(key)),
        }
    }

    /// Returns the hash of a name, sixteen hexadecimal digits.
    pub fn hash(self, kind: &str, name: &str) -> String {
        let hash = Uuid::new_v5(&self.0, format!("{kind}\0{name}").as_bytes());
        hash.simple().to_string()[..16].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_machine_gives_one_hash_and_another_machine_another() {
        let (here, there) = (
            tempfile::tempdir().expect("a folder"),
            tempfile::tempdir().expect("a folder"),
        );
        let first = HashKey::read_or_make(here.path()).hash("workspace", "/home/a/project");
        assert_eq!(
            HashKey::read_or_make(here.path()).hash("workspace", "/home/a/project"),
            first
        );
        assert_ne!(
            HashKey::read_or_make(there.path()).hash("workspace", "/home/a/project"),
            first
        );
        assert!(!first.contains("project"));
    }
}
