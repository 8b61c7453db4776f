//! Where to look again: paths, each of which stands for itself and everything below it.

use std::collections::BTreeSet;
use std::ops::Bound::{Included, Unbounded};
use std::path::{Path, PathBuf};

/// A set of paths of which none lies below another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(BTreeSet<PathBuf>);

impl Places {
    /// Adds a path. What lies below it is in it already and is no path of its own any more.
    pub fn insert(&mut self, path: PathBuf) {
        if self.covers(&path) {
            return;
        }
        // Paths are ordered by their parts, so those below one stand right behind it.
        let below: Vec<PathBuf> = self
            .0
            .range(path.clone()..)
            .take_while(|other| other.starts_with(&path))
            .cloned()
            .collect();
        for other in &below {
            self.0.remove(other);
        }
        self.0.insert(path);
    }

    /// Returns whether nothing is to be looked at.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how many paths there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the paths, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(PathBuf::as_path)
    }

    /// Returns whether a path is one of these or lies below one.
    #[must_use]
    pub fn covers(&self, path: &Path) -> bool {
        self.0
            .range::<Path, _>((Unbounded, Included(path)))
            .next_back()
            .is_some_and(|before| path.starts_with(before))
    }

    /// Returns whether one of these lies below a path, or is it.
    #[must_use]
    pub fn reach_below(&self, path: &Path) -> bool {
        self.0
            .range::<Path, _>((Included(path), Unbounded))
            .next()
            .is_some_and(|after| after.starts_with(path))
    }

    /// Returns the part of these that is in a folder: the folder itself where it is covered.
    #[must_use]
    pub fn within(&self, folder: &Path) -> Self {
        if self.covers(folder) {
            return [folder.to_owned()].into_iter().collect();
        }
        self.0
            .range::<Path, _>((Included(folder), Unbounded))
            .take_while(|path| path.starts_with(folder))
            .cloned()
            .collect()
    }
}

impl FromIterator<PathBuf> for Places {
    fn from_iter<I: IntoIterator<Item = PathBuf>>(paths: I) -> Self {
        let mut places = Self::default();
        places.extend(paths);
        places
    }
}

impl Extend<PathBuf> for Places {
    fn extend<I: IntoIterator<Item = PathBuf>>(&mut self, paths: I) {
        for path in paths {
            self.insert(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(paths: &[&str]) -> Places {
        paths.iter().map(PathBuf::from).collect()
    }

    #[test]
    fn what_lies_below_another_is_not_kept() {
        let both_ways = [
            ["/w/a", "/w/a/b.rs", "/w/ab"],
            ["/w/ab", "/w/a/b.rs", "/w/a"],
        ];
        for paths in both_ways {
            let kept = places(&paths);
            let kept: Vec<&Path> = kept.iter().collect();
            assert_eq!(kept, [Path::new("/w/a"), Path::new("/w/ab")]);
        }
    }

    #[test]
    fn a_place_covers_what_is_below_and_not_what_begins_alike() {
        let places = places(&["/w/a", "/w/c/d.rs"]);
        for inside in ["/w/a", "/w/a/x/y.rs", "/w/c/d.rs"] {
            assert!(places.covers(Path::new(inside)), "{inside}");
        }
        for outside in ["/w", "/w/ab", "/w/a.rs", "/w/c", "/w/c/e.rs"] {
            assert!(!places.covers(Path::new(outside)), "{outside}");
        }
    }

    #[test]
    fn the_folders_that_lead_to_a_place_are_known() {
        let places = places(&["/w/c/d.rs"]);
        for above in ["/", "/w", "/w/c", "/w/c/d.rs"] {
            assert!(places.reach_below(Path::new(above)), "{above}");
        }
        assert!(!places.reach_below(Path::new("/w/a")));
        assert!(!places.reach_below(Path::new("/w/c/d.rs/x")));
    }

    #[test]
    fn the_part_within_a_folder_is_the_folder_where_all_of_it_is_meant() {
        let places = places(&["/w/a", "/w/c/d.rs", "/x"]);
        assert_eq!(places.within(Path::new("/x/y")), self::places(&["/x/y"]));
        assert_eq!(
            places.within(Path::new("/w")),
            self::places(&["/w/a", "/w/c/d.rs"])
        );
        assert!(places.within(Path::new("/z")).is_empty());
    }
}
