//! The rest of the repository: which files there are, what they say, and what was indexed.
//!
//! It reads and never writes in the repository; what it keeps lies in the cache folder, under a
//! lock that one process holds at a time. What becomes of the texts is not decided here.
//! [`list`] is the one way to find files, [`Places`] say where to look, [`Manifest`] remembers what
//! was found, [`Watcher`] hears of changes and [`Kept`] survives the process.

mod content;
mod dependencies;
mod foreign;
mod kept;
mod lock;
mod manifest;
mod places;
mod walk;
mod watch;

pub use content::Skip;
pub use dependencies::dependencies;
pub use kept::{Kept, KeptError, index_folder, keep};
pub use lock::{IndexLock, LockError};
pub use manifest::{Indexed, Left, Manifest, Stamp};
pub use places::Places;
pub use walk::{Limits, Listing, SourceFile, is_ignore_file, list};
pub use watch::{Heard, WatchError, Watcher};
