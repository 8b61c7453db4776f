//! Open text and its trees: the rope of every open document, its version, its syntax tree, and
//! what is known about its language (from the data in `grammars/`).
//!
//! Readers take a [`Snapshot`], which later edits do not change; a lock is held only for the
//! moment in which an edit is applied or a snapshot is taken, never while parsing. No LSP types
//! come in here and nothing waits. Start reading at [`Documents`].

mod blocks;
mod definitions;
mod edit;
mod edits;
mod language;
mod languages;
mod parse;
mod position;
#[cfg(test)]
mod properties;
mod skeleton;
mod snapshot;
mod splice;
mod store;
mod survey;

pub use blocks::{BlockStyle, Blocks};
pub use definitions::{
    Definition, DefinitionKind, Scope, definitions, enclosing_scopes, imports, outline, references,
};
pub use edit::TextEdit;
pub use edits::{Edits, Hunk};
pub use language::Language;
pub use parse::{MAX_PARSE_BYTES, parse_text};
pub use position::{Position, PositionEncoding};
/// The text of a document, as a rope.
pub use ropey::{Rope, RopeSlice};
pub use skeleton::{Bracket, Skeleton, closer_of};
pub use snapshot::Snapshot;
pub use splice::{Change, Splice};
pub use store::{DocumentError, Documents};
pub use survey::{Container, Survey, survey};
/// The syntax tree of one document, and a node of it.
pub use tree_sitter::{Node, Tree};
