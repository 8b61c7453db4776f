//! What is made of an answer: by fixtures, by laws, and while it streams in.

mod early_stop;
mod fixtures;
mod properties;

use std::time::Duration;

use crate::context::{Context, collect};
use crate::documents::Documents;
use crate::domain::{ByteOffset, DocumentUri};

/// Returns the context of a text with `$0` at the cursor.
#[track_caller]
fn context_of(language: &str, file: &str) -> Context {
    let at = file.find("$0").expect("a cursor");
    let (documents, uri) = (Documents::default(), DocumentUri::new("file:///w/a"));
    documents.open(uri.clone(), language, 1, &file.replacen("$0", "", 1));
    let snapshot = documents.snapshot(&uri).expect("it is open");
    let tree = documents.parse(&snapshot, Duration::from_secs(10));
    collect(&snapshot, tree.as_ref(), ByteOffset::new(at), "a", &[])
}
