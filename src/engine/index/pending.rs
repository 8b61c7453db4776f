//! Where to look again: what editors and the watcher have said since the last look.
//!
//! A hundred words about one file are one look, and a thousand files are one walk. The memory is
//! bounded: from some number of places on, everything is looked at, which finds the same.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::workspace::{Heard, Places, is_ignore_file};

/// From this many places on it is cheaper to look at everything.
const MOST_PLACES: usize = 2_000;
/// A look waits until nothing was said for so long: editors and version control write in bursts.
const QUIET: Duration = Duration::from_millis(150);
/// It does not wait longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What is to be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// These places.
    pub places: Places,
    /// Everything, whatever the places are.
    pub is_everything: bool,
}

impl Wanted {
    fn is_nothing(&self) -> bool {
        self.places.is_empty() && !self.is_everything
    }
}

#[derive(Debug, Default)]
struct State {
    wanted: Wanted,
    /// Somebody waits for the look.
    is_urgent: bool,
}

/// The places that wait.
#[derive(Debug, Default)]
pub struct Pending {
    state: Mutex<State>,
    changed: Notify,
}

impl Pending {
    /// Notes paths that may have changed. Never waits.
    pub fn add(&self, paths: impl IntoIterator<Item = PathBuf>) {
        let mut state = self.state();
        for path in paths {
            if state.wanted.is_everything {
                break;
            }
            // An ignore file decides about everything beside and below it.
            let place = match path.parent() {
                Some(folder) if is_ignore_file(&path) => folder.to_owned(),
                _ => path,
            };
            state.wanted.places.insert(place);
            if state.wanted.places.len() > MOST_PLACES {
                state.wanted = everything();
            }
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Notes that anything may have changed.
    pub fn add_everything(&self) {
        self.state().wanted = everything();
        self.changed.notify_one();
    }

    /// Notes what a watcher has heard.
    pub fn hear(&self, heard: Heard) {
        match heard {
            Heard::Change(paths) => self.add(paths),
            Heard::Lost => self.add_everything(),
        }
    }

    /// Ends the wait for quiet, because somebody waits for what is then known.
    pub fn hurry(&self) {
        let mut state = self.state();
        if !state.wanted.is_nothing() {
            state.is_urgent = true;
            self.changed.notify_one();
        }
    }

    /// Returns whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.state().wanted.is_nothing()
    }

    /// Takes all that waits.
    pub fn take(&self) -> Wanted {
        let mut state = self.state();
        state.is_urgent = false;
        std::mem::take(&mut state.wanted)
    }

    /// Waits until something waits and no more comes. May be dropped at any time.
    pub async fn settled(&self) {
        while self.is_empty() {
            self.changed.notified().await;
        }
        let longest = Instant::now() + LONGEST_WAIT;
        while !self.state().is_urgent {
            let quiet = longest.min(Instant::now() + QUIET);
            let more = tokio::time::timeout_at(quiet, self.changed.notified()).await;
            if more.is_err() {
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn everything() -> Wanted {
    Wanted {
        places: Places::default(),
        is_everything: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(number: usize) -> PathBuf {
        format!("/w/{number}.rs").into()
    }

    #[test]
    fn too_many_places_are_everything_and_take_no_more_memory() {
        let pending = Pending::default();
        pending.add((0..MOST_PLACES).map(path));
        assert_eq!(pending.take().places.len(), MOST_PLACES);
        pending.add((0..=MOST_PLACES).map(path));
        pending.add([path(1)]);
        assert_eq!(pending.take(), everything());
        assert!(pending.is_empty());
        pending.hear(Heard::Lost);
        assert_eq!(pending.take(), everything());
    }

    #[test]
    fn an_ignore_file_is_about_its_folder() {
        let pending = Pending::default();
        pending.add(["/w/a/.gitignore".into(), "/w/a/b/c.rs".into()]);
        let places = [PathBuf::from("/w/a")].into_iter().collect();
        assert_eq!(pending.take().places, places);
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_one_look_behind_its_end() {
        let pending = Pending::default();
        let begun = Instant::now();
        let burst = async {
            for number in 0..5 {
                pending.add([path(number)]);
                tokio::time::sleep(QUIET / 2).await;
            }
        };
        tokio::join!(pending.settled(), burst);
        assert_eq!(begun.elapsed(), QUIET / 2 * 4 + QUIET);
        assert_eq!(pending.take().places.len(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn changes_without_end_do_not_put_the_look_off_for_ever() {
        let pending = Pending::default();
        let begun = Instant::now();
        let noise = async {
            loop {
                pending.add([path(1)]);
                tokio::time::sleep(QUIET / 3).await;
            }
        };
        tokio::select! {
            () = pending.settled() => {}
            () = noise => {}
        }
        assert_eq!(begun.elapsed(), LONGEST_WAIT);
    }

    #[tokio::test(start_paused = true)]
    async fn somebody_who_waits_is_not_kept_waiting_for_quiet() {
        let pending = Pending::default();
        let begun = Instant::now();
        pending.hurry();
        pending.add([path(1)]);
        pending.hurry();
        pending.settled().await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        assert!(!pending.take().places.is_empty());
    }
}
