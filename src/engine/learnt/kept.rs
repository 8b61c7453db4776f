//! What was learnt, from one session to the next and from one window to the other.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Learnt;
use crate::engine::shared_file;
use crate::routing::{Estimates, Witnesses};

/// The file's name, beside the ledger.
const FILE_NAME: &str = "estimates.json";
/// Goes up when features or their slots change: weights of other features say nothing.
pub(super) const VERSION: u32 = 1;

/// What is on disk.
#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    /// The pacing price that the last session ended with, in characters per micro-USD.
    price: f64,
    estimates: Estimates,
}

/// Only the version, of a file that another version may have written.
#[derive(Deserialize)]
struct Stamp {
    version: u32,
}

/// How this session stands to the file.
#[derive(Default)]
pub(super) struct Standing {
    /// Whether it was read once.
    is_known: bool,
    /// Whether the user knows that nothing is kept.
    pub is_told: bool,
}

/// Why what was learnt is not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// Another version has written the file; it is left as it is.
    #[error(
        "{} was written by another version of mantle (format {found}, this one writes {VERSION}); \
         what this session learns of the models is not kept. Move the file away to begin anew",
        .path.display()
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: u32,
    },
    /// Another window is writing it.
    #[error("another window is writing what is learnt of the models")]
    Busy,
    /// The disk.
    #[error("what is learnt of the models cannot be kept")]
    Io(#[from] io::Error),
}

impl Learnt {
    /// Brings what this session knows together with the file in `folder`: takes what others have
    /// learnt, adds what was learnt here. `price` is the pacing price; that of the file is returned
    /// the first time.
    ///
    /// # Errors
    ///
    /// When the file cannot be taken or is of another version. Nothing is lost: what was learnt is
    /// added the next time.
    pub fn keep(&self, folder: &Path, price: Option<f64>) -> Result<Option<f64>, KeepError> {
        let _lock = lock(folder)?;
        let path = folder.join(FILE_NAME);
        let on_disk = read(&path)?;
        let mut state = self.state();
        let is_first = !std::mem::replace(&mut state.file.is_known, true);
        let found = on_disk.as_ref().map(|kept| kept.price);
        let mut all = on_disk.map_or_else(Estimates::default, |kept| kept.estimates);
        let has_learnt = state.mine.lessons() > state.base.lessons();
        all.merge(&state.base, &state.mine);
        state.mine = all.clone();
        state.base = all.clone();
        drop(state);
        if has_learnt {
            write(folder, all, price.or(found))?;
        }
        Ok(found.filter(|_| is_first))
    }
}

/// Puts other estimates in place of those that are kept in `folder`. Sessions that run add to them
/// what they have learnt since they last looked.
///
/// # Errors
///
/// When the file cannot be taken or is of another version; it is as it was then.
pub fn replace_estimates(folder: &Path, estimates: &Estimates) -> Result<(), KeepError> {
    let _lock = lock(folder)?;
    let found = read(&folder.join(FILE_NAME))?;
    let price = found.as_ref().map(|kept| kept.price);
    let estimates = estimates.clone();
    let estimates = match found {
        Some(kept) => estimates.with_witness(kept.estimates.witness().clone()),
        None => estimates,
    };
    Ok(write(folder, estimates, price)?)
}

/// Returns what those who keep their estimates in `folder` have seen both ways: what a client said of
/// an offer, and what its document looked like. Nothing, where nothing is kept that can be read.
#[must_use]
pub fn witness_in(folder: &Path) -> Witnesses {
    let bytes = fs::read(folder.join(FILE_NAME)).ok();
    let kept = bytes.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
    let kept = kept.filter(|kept| kept.version == VERSION && kept.estimates.is_sound());
    kept.map(|kept| kept.estimates.witness().clone())
        .unwrap_or_default()
}

/// Takes the file for oneself, until what is returned is dropped.
fn lock(folder: &Path) -> Result<File, KeepError> {
    shared_file::lock(folder, "estimates.lock")?.ok_or(KeepError::Busy)
}

fn write(folder: &Path, estimates: Estimates, price: Option<f64>) -> io::Result<()> {
    let kept = Kept {
        version: VERSION,
        price: price.unwrap_or(0.0),
        estimates,
    };
    shared_file::replace(&folder.join(FILE_NAME), &kept)
}

/// Reads the file; one that makes no sense is put aside, so that nothing is lost and the next is
/// written.
fn read(path: &Path) -> Result<Option<Kept>, KeepError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let stamp = serde_json::from_slice::<Stamp>(&bytes).ok();
    if let Some(stamp) = stamp.filter(|stamp| stamp.version != VERSION) {
        return Err(KeepError::OtherVersion {
            path: path.to_owned(),
            found: stamp.version,
        });
    }
    let kept = serde_json::from_slice::<Kept>(&bytes).ok();
    let kept = kept.filter(|kept| kept.estimates.is_sound() && kept.price.is_finite());
    if kept.is_none() {
        let aside = path.with_extension("damaged");
        tracing::warn!(file = %path.display(), aside = %aside.display(), "it is damaged and was put aside; the models are learnt anew");
        fs::rename(path, aside)?;
    }
    Ok(kept)
}
