//! Hears of changes on disk, for editors that do not tell.
//!
//! Only folders that a walk has looked into are watched, so that builds in ignored folders cost
//! nothing. It says where to look again, never what happened there: the walk sees that.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use notify::event::{EventKind, ModifyKind};
use notify::{ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::places::Places;

/// On Linux a watch is for one folder, and one for a whole tree is made of one for each folder in
/// it, ignored ones too. Elsewhere the system watches trees itself.
const IS_PER_FOLDER: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Something has changed at these paths.
    Change(Vec<PathBuf>),
    /// Something has changed and nobody knows where: events were lost.
    Lost,
}

/// Why changes are not heard.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The system gives no more watches; the rest is seen when files are saved and at the next start.
    #[error(
        "the system's limit of watched folders is reached; raise fs.inotify.max_user_watches to see \
         every change"
    )]
    Full,
    /// The system refuses.
    #[error("changes on disk cannot be watched")]
    Refused(#[source] notify::Error),
}

impl From<notify::Error> for WatchError {
    fn from(error: notify::Error) -> Self {
        match error.kind {
            ErrorKind::MaxFilesWatch => Self::Full,
            _ => Self::Refused(error),
        }
    }
}

/// The watches on folders; they end when it is dropped.
#[derive(Debug)]
pub struct Watcher {
    system: RecommendedWatcher,
    watched: HashSet<PathBuf>,
    is_full: bool,
}

impl Watcher {
    /// Starts without any folder. `hear` is called on a thread of the watcher and must not wait.
    ///
    /// # Errors
    /// When the system gives no watcher.
    pub fn new(hear: impl Fn(Heard) + Send + 'static) -> Result<Self, WatchError> {
        let system = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if let Some(heard) = heard(event) {
                hear(heard);
            }
        })?;
        Ok(Self {
            system,
            watched: HashSet::new(),
            is_full: false,
        })
    }

    /// Watches what was found when `places` below `root` were listed; returns whether some folder
    /// is watched from now on only, so that a change between listing and watching was not heard.
    ///
    /// # Errors
    /// [`WatchError::Full`] once, when the limit is reached; what is watched stays watched.
    pub fn follow(
        &mut self,
        root: &Path,
        places: &Places,
        folders: &[PathBuf],
    ) -> Result<bool, WatchError> {
        if !IS_PER_FOLDER {
            let is_new = !self.watched.contains(root);
            if is_new {
                self.system.watch(root, RecursiveMode::Recursive)?;
                self.watched.insert(root.to_owned());
            }
            return Ok(is_new);
        }
        let found: HashSet<&Path> = folders.iter().map(PathBuf::as_path).collect();
        self.watched
            .retain(|path| !places.covers(path) || found.contains(path.as_path()));
        let mut is_new = false;
        for folder in folders {
            // One that was deleted and made again lost its watch, so it is asked for again.
            if self.is_full || (self.watched.contains(folder) && !places.covers(folder)) {
                continue;
            }
            match self.system.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => is_new |= self.watched.insert(folder.clone()),
                Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => {
                    self.is_full = true;
                    return Err(WatchError::Full);
                }
                // It is gone again, or may not be read; then there is nothing to hear either.
                Err(error) => tracing::debug!(%error, "a folder is not watched"),
            }
        }
        Ok(is_new)
    }

    /// Stops watching a folder and all below it.
    pub fn leave(&mut self, root: &Path) {
        let below: Vec<PathBuf> = self
            .watched
            .iter()
            .filter(|path| path.starts_with(root))
            .cloned()
            .collect();
        for path in below {
            // The watch of a deleted folder is gone already.
            let _ = self.system.unwatch(&path);
            self.watched.remove(&path);
            self.is_full = false;
        }
    }
}

/// Returns what an event means for us, if anything.
fn heard(event: notify::Result<Event>) -> Option<Heard> {
    let event = match event {
        Ok(event) if event.need_rescan() => return Some(Heard::Lost),
        Ok(event) => event,
        Err(error) => {
            tracing::debug!(%error, "the watcher has trouble");
            return Some(Heard::Lost);
        }
    };
    match event.kind {
        // Our own reading makes the first; the second is about rights and times, not about text.
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => None,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => Some(Heard::Change(event.paths)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc;
    use std::time::Duration;

    use notify::event::{AccessKind, CreateKind, Flag, MetadataKind};

    use super::*;

    /// A test that passes never waits so long.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn event(kind: EventKind) -> Event {
        Event::new(kind).add_path("/w/a.rs".into())
    }

    #[test]
    fn reading_a_file_is_no_change() {
        let silent = [
            EventKind::Access(AccessKind::Read),
            EventKind::Modify(ModifyKind::Metadata(MetadataKind::Permissions)),
        ];
        for kind in silent {
            assert_eq!(heard(Ok(event(kind))), None);
        }
        let created = heard(Ok(event(EventKind::Create(CreateKind::File))));
        assert_eq!(created, Some(Heard::Change(vec!["/w/a.rs".into()])));
    }

    #[test]
    fn lost_events_and_trouble_mean_that_anything_may_have_changed() {
        let overflow = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!(heard(Ok(overflow)), Some(Heard::Lost));
        let trouble = notify::Error::generic("it is gone");
        assert_eq!(heard(Err(trouble)), Some(Heard::Lost));
    }

    #[test]
    fn a_watched_folder_is_heard_also_when_it_was_made_again() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let root = folder.path().canonicalize().expect("it is there");
        let inner = root.join("inner");
        fs::create_dir(&inner).expect("writable");
        let (sender, receiver) = mpsc::channel();
        let mut watcher = Watcher::new(move |heard| {
            let _ = sender.send(heard);
        })
        .expect("the system watches");
        let everything: Places = [root.clone()].into_iter().collect();
        let folders = [root.clone(), inner.clone()];
        let mut follow = || watcher.follow(&root, &everything, &folders).expect("room");
        assert!(follow(), "new");
        assert!(!follow(), "known");
        let wait_for = |path: &Path| loop {
            let heard = receiver.recv_timeout(PATIENCE).expect("a change is heard");
            match heard {
                Heard::Change(paths) if paths.iter().any(|other| other == path) => return,
                Heard::Change(_) | Heard::Lost => {}
            }
        };
        fs::write(inner.join("a.rs"), "a").expect("writable");
        wait_for(&inner.join("a.rs"));
        fs::remove_dir_all(&inner).expect("writable");
        wait_for(&inner);
        fs::create_dir(&inner).expect("writable");
        wait_for(&inner);
        follow();
        fs::write(inner.join("b.rs"), "b").expect("writable");
        wait_for(&inner.join("b.rs"));
    }
}
