//! What is learnt when not everything fits: what was changed last.
//!
//! Memory is bounded by what is let in, before it is read, so that nothing is learnt only to be
//! thrown away. Files that people have just worked on say most about what they will type next.

use std::cmp::{Ordering, Reverse};
use std::collections::{HashMap, HashSet};

use crate::workspace::{Manifest, Skip, SourceFile, Stamp};

/// What has room and what has not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// The found files that have room, in their order.
    pub files: Vec<SourceFile>,
    /// Files that were learnt and must be forgotten, by path from the root on.
    pub dropped: Vec<String>,
    /// How long the texts of the dropped ones were together, in bytes.
    pub dropped_bytes: u64,
    /// How long all texts of the table are with those that have room now, in bytes.
    pub held: u64,
}

/// Gives room to the files of `table` and to those that were `found` anew, and notes in the table
/// what has none. `room` is in bytes of text.
pub fn give_room(table: &mut Manifest, found: Vec<SourceFile>, room: u64) -> Room {
    let is_found: HashSet<&str> = found.iter().map(|file| file.relative.as_str()).collect();
    let others = table
        .files
        .iter()
        .filter(|(relative, _)| !is_found.contains(relative.as_str()));
    let listed = found.iter().map(|file| file.size);
    let held: u64 = others
        .clone()
        .map(|(_, file)| file.bytes)
        .chain(listed)
        .sum();
    if held <= room {
        return Room {
            files: found,
            held,
            ..Room::default()
        };
    }
    let others = others.map(|(relative, file)| Candidate {
        relative: relative.clone(),
        stamp: Stamp {
            size: file.bytes,
            ..file.stamp
        },
    });
    let listed = found.iter().map(|file| Candidate {
        relative: file.relative.clone(),
        stamp: Stamp {
            size: file.size,
            modified: file.modified,
        },
    });
    let mut all: Vec<Candidate> = others.chain(listed).collect();
    all.sort_by(Candidate::cmp);
    let mut given = Room {
        files: found,
        ..Room::default()
    };
    let mut without: HashMap<String, Stamp> = HashMap::new();
    for candidate in all {
        if given.held + candidate.stamp.size <= room {
            given.held += candidate.stamp.size;
        } else {
            without.insert(candidate.relative, candidate.stamp);
        }
    }
    given
        .files
        .retain(|file| !without.contains_key(&file.relative));
    for (relative, stamp) in without {
        let bytes = table.files.get(&relative).map_or(0, |file| file.bytes);
        if table.leave(&relative, stamp, Skip::NoRoom) {
            given.dropped.push(relative);
            given.dropped_bytes += bytes;
        }
    }
    given.dropped.sort_unstable();
    given
}

/// Returns whether something that had no room would have some now.
pub fn has_room_for_more(table: &Manifest, room: u64) -> bool {
    table
        .left
        .values()
        .any(|left| left.why == Skip::NoRoom && left.stamp.size <= room)
}

struct Candidate {
    relative: String,
    stamp: Stamp,
}

impl Candidate {
    /// The most useful first: one whose time is unknown is open or has just been changed, then the
    /// latest.
    fn cmp(&self, other: &Self) -> Ordering {
        let age = |candidate: &Self| candidate.stamp.modified.map(Reverse);
        (age(self), &self.relative).cmp(&(age(other), &other.relative))
    }
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
        let given = give_room(&mut table, found, 100);
        assert_eq!(names(&given.files), ["a.rs", "b.rs"]);
        assert!(given.dropped.is_empty());
        assert_eq!(given.held, 100);
    }

    #[test]
    fn the_oldest_have_no_room() {
        let mut table = Manifest::new(Path::new("/w"));
        let found = vec![
            file("a.rs", 60, 3),
            file("b.rs", 60, 1),
            file("c.rs", 40, 2),
        ];
        let given = give_room(&mut table, found, 100);
        assert_eq!(names(&given.files), ["b.rs", "c.rs"]);
        assert_eq!(given.dropped.len(), 0, "it was never learnt");
        assert_eq!(table.left_out(), [(Skip::NoRoom, 1)].into());
        assert!(
            !table.is_unchanged(&file("a.rs", 60, 3)),
            "it may have room later"
        );
        assert!(has_room_for_more(&table, 60) && !has_room_for_more(&table, 59));
    }

    #[test]
    fn a_new_file_displaces_an_older_one_that_was_learnt() {
        let mut table = Manifest::new(Path::new("/w"));
        for (name, hours) in [("a.rs", 5), ("b.rs", 9)] {
            let file = file(name, 50, hours);
            table.learn(&file, Stamp::of(&file, NOW), &"x".repeat(50));
        }
        let given = give_room(&mut table, vec![file("c.rs", 40, 1)], 100);
        assert_eq!(names(&given.files), ["c.rs"]);
        assert_eq!(given.dropped, ["b.rs"]);
        assert_eq!((given.dropped_bytes, given.held), (50, 90));
    }
}
