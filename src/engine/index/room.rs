//! What is learnt when not everything fits: what was changed last.
//!
//! Memory is bounded by what is let in, before it is read, so that nothing is learnt only to be
//! thrown away. Files that people have just worked on say most about what they will type next.

use std::collections::{HashMap, HashSet};

use crate::workspace::{Manifest, Skip, SourceFile, Stamp};

/// What had to go.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Files that were learnt and must be forgotten, by path from the root on.
    pub files: Vec<String>,
    /// How long their texts were together, in bytes.
    pub bytes: u64,
}

/// Notes in `table` what has no room among its files and those that were `found` anew; returns the
/// found ones that have room, in their order, and what had to go. `room` is in bytes of text.
pub fn without_room(
    table: &mut Manifest,
    mut found: Vec<SourceFile>,
    room: u64,
) -> (Vec<SourceFile>, Dropped) {
    let mut dropped = Dropped::default();
    let is_found: HashSet<&str> = found.iter().map(|file| file.relative.as_str()).collect();
    let others = table
        .files
        .iter()
        .filter(|(relative, _)| !is_found.contains(relative.as_str()));
    let listed = found.iter().map(|file| file.size);
    let total: u64 = others
        .clone()
        .map(|(_, file)| file.bytes)
        .chain(listed)
        .sum();
    if total <= room {
        return (found, dropped);
    }
    // A file whose time is unknown is open or has just been changed.
    let others = others.map(|(relative, file)| {
        let modified = file.stamp.modified;
        (modified.is_some(), modified, relative.clone(), file.bytes)
    });
    let listed = found.iter().map(|file| {
        let modified = file.modified;
        (
            modified.is_some(),
            modified,
            file.relative.clone(),
            file.size,
        )
    });
    let mut all: Vec<_> = others.chain(listed).collect();
    all.sort_by(|a, b| (a.0, b.1, &a.2).cmp(&(b.0, a.1, &b.2)));
    let mut taken = 0;
    all.retain(|(_, _, _, bytes)| {
        taken += bytes;
        taken > room
    });
    let without: HashMap<String, Stamp> = all
        .into_iter()
        .map(|(_, modified, relative, size)| (relative, Stamp { size, modified }))
        .collect();
    found.retain(|file| !without.contains_key(&file.relative));
    for (relative, stamp) in without {
        let bytes = table.files.get(&relative).map_or(0, |file| file.bytes);
        if table.leave(&relative, stamp, Skip::NoRoom) {
            dropped.files.push(relative);
            dropped.bytes += bytes;
        }
    }
    dropped.files.sort_unstable();
    (found, dropped)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::domain::Timestamp;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_795_000_000_000_000);

    fn file(relative: &str, size: u64, hours: u32) -> SourceFile {
        SourceFile {
            path: Path::new("/w").join(relative),
            relative: relative.to_owned(),
            language: "rust".to_owned(),
            modified: Some(NOW.minus(Duration::from_hours(1) * hours)),
            size,
        }
    }

    fn names(files: &[SourceFile]) -> Vec<&str> {
        files.iter().map(|file| file.relative.as_str()).collect()
    }

    #[test]
    fn what_fits_is_taken_as_it_is() {
        let mut table = Manifest::new(Path::new("/w"));
        let found = vec![file("a.rs", 60, 1), file("b.rs", 40, 2)];
        let (kept, dropped) = without_room(&mut table, found, 100);
        assert_eq!(names(&kept), ["a.rs", "b.rs"]);
        assert_eq!(dropped, Dropped::default());
    }

    #[test]
    fn the_oldest_have_no_room() {
        let mut table = Manifest::new(Path::new("/w"));
        let found = vec![
            file("a.rs", 60, 3),
            file("b.rs", 60, 1),
            file("c.rs", 40, 2),
        ];
        let (kept, dropped) = without_room(&mut table, found, 100);
        assert_eq!(names(&kept), ["b.rs", "c.rs"]);
        assert_eq!(dropped.files.len(), 0, "it was never learnt");
        assert_eq!(table.left_out(), [(Skip::NoRoom, 1)].into());
        assert!(
            !table.is_unchanged(&file("a.rs", 60, 3)),
            "it may have room later"
        );
    }

    #[test]
    fn a_new_file_displaces_an_older_one_that_was_learnt() {
        let mut table = Manifest::new(Path::new("/w"));
        for (name, hours) in [("a.rs", 5), ("b.rs", 9)] {
            let file = file(name, 50, hours);
            table.learn(&file, Stamp::of(&file, NOW), &"x".repeat(50));
        }
        let (kept, dropped) = without_room(&mut table, vec![file("c.rs", 40, 1)], 100);
        assert_eq!(names(&kept), ["c.rs"]);
        assert_eq!(
            (dropped.files, dropped.bytes),
            (vec!["b.rs".to_owned()], 50)
        );
    }
}
