//! A folder that exists as long as one session does.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// A temporary folder that only this user can read; removed with all it holds on drop.
#[derive(Debug)]
pub(super) struct ScratchFolder(PathBuf);

impl ScratchFolder {
    pub(super) fn new() -> io::Result<Self> {
        let name = format!("mantle-{}", uuid::Uuid::now_v7().simple());
        let path = std::env::temp_dir().join(name);
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        let folder = Self(path);
        for inner in ["state/mantle", "cache", "config"] {
            fs::create_dir_all(folder.0.join(inner))?;
        }
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        // Nothing can be done about a folder that cannot be removed; the system clears it later.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_with_everything_in_it() {
        let folder = ScratchFolder::new().expect("a temporary folder");
        let path = folder.path().to_owned();
        fs::write(path.join("state/mantle/ledger"), "x").expect("a file");
        drop(folder);
        assert!(!path.exists());
    }
}
