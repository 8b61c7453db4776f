//! What is kept of a folder, for `mantle doctor`.

use std::path::{Path, PathBuf};

use crate::domain::Timestamp;
use crate::engine::Engine;
use crate::workspace::Kept;

/// What was kept of an open folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFolder {
    /// The folder.
    pub root: PathBuf,
    /// Files that were learnt.
    pub files: usize,
    /// The length of their texts together, in bytes.
    pub bytes: u64,
    /// What the index takes on disk, with that of the folders that were open beside this one.
    pub bytes_on_disk: u64,
    /// How many files were left out, by reason in words; ignored ones are not counted.
    pub left_out: Vec<(&'static str, usize)>,
    /// Whether it has more files than are listed.
    pub is_capped: bool,
    /// When something was learnt or forgotten last.
    pub updated: Option<Timestamp>,
}

impl Engine {
    /// Returns what is kept of every folder that `place` lies in.
    #[must_use]
    pub fn look_at_index(&self, place: &Path) -> Vec<KeptFolder> {
        let all = Kept::folders(&self.cache_folder).into_iter();
        let mut found: Vec<KeptFolder> = all
            .flat_map(|folder| {
                let bytes_on_disk = Kept::bytes_on_disk(&folder);
                let tables = Kept::tables(&folder).into_iter();
                tables.map(move |table| KeptFolder {
                    files: table.files.len(),
                    bytes: table.bytes(),
                    bytes_on_disk,
                    left_out: table
                        .left_out()
                        .into_iter()
                        .map(|(why, count)| (why.as_str(), count))
                        .collect(),
                    is_capped: table.is_capped,
                    updated: table.updated,
                    root: table.root,
                })
            })
            .filter(|kept| place.starts_with(&kept.root))
            .collect();
        found.sort_by(|a, b| (&a.root, b.updated).cmp(&(&b.root, a.updated)));
        found
    }
}
