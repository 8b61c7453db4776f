//! The rest of the repository: which files there are, what they say, and what was indexed.
//!
//! It reads and never writes in the repository; what it keeps lies in the cache folder, under a
//! lock that one process holds at a time. What becomes of the texts is not decided here.

mod content;
mod lock;
mod manifest;
mod walk;

pub use content::Skip;
pub use lock::{IndexLock, LockError};
pub use manifest::{Changes, Indexed, Manifest, ManifestError, index_folder};
pub use walk::{Cap, Limits, SourceFile, Walk, walk};
