//! The rest of the repository: which files there are, what they say, what was indexed, and what of
//! it fits a place.
//!
//! It reads and never writes in the repository; what it keeps lies in the cache folder, under a
//! lock that one process holds at a time. What becomes of the texts is not decided here.
//! [`list`] is the one way to find files, [`Places`] say where to look, [`Manifest`] remembers what
//! was found, [`Watcher`] hears of changes and [`Kept`] survives the process. [`Library`] is the
//! searchable part: what is found in it is ranked and shown elsewhere.

mod chunks;
mod content;
mod dependencies;
mod foreign;
mod kept;
mod library;
mod lock;
mod manifest;
mod outlines;
mod places;
mod reading;
mod search;
mod shelved;
mod terms;
mod walk;
mod watch;

pub use chunks::pieces;
pub use content::Skip;
pub use dependencies::dependencies;
pub use kept::{Kept, KeptError, index_folder, keep};
pub use library::{Library, LibraryLimits, Text, narrow};
pub use lock::{IndexLock, LockError};
pub use manifest::{Indexed, Left, Manifest, Stamp};
pub use outlines::OutlineKind;
pub use places::Places;
pub use reading::OpenTexts;
pub use search::{Found, Kind, Question};
pub use shelved::ShelvedError;
pub use terms::{ByTerm, Term, Terms, each_term, names, term};
pub use walk::{Limits, Listing, SourceFile, is_ignore_file, list};
pub use watch::{Heard, WatchError, Watcher};
