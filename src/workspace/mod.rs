//! The rest of the repository: which files there are, what they say, what was indexed, and what of
//! it fits a place.
//!
//! It reads and never writes in the repository; what it keeps lies in the cache folder, under a
//! lock that one process holds at a time. [`Library`] is the searchable part: what is found is
//! ranked and shown elsewhere.

mod chunks;
mod content;
mod library;
mod lock;
mod manifest;
mod outlines;
mod search;
mod terms;
mod walk;

pub use chunks::pieces;
pub use content::Skip;
pub use library::{Lesson, Library, LibraryLimits};
pub use lock::{IndexLock, LockError};
pub use manifest::{Changes, Indexed, Manifest, ManifestError, index_folder};
pub use outlines::OutlineKind;
pub use search::{Found, Kind, OpenTexts, Question};
pub use terms::{Term, each_term, names, term};
pub use walk::{Cap, Limits, SourceFile, Walk, walk};
