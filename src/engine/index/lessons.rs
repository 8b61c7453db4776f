//! The one way for a lesson to those who learn from the workspace.
//!
//! What is learnt and forgotten goes through here and nowhere else, so that all learners know the
//! same files. Lessons come from one thread at a time; what a learner answers meanwhile is its own
//! affair, and must not wait for a lesson.

use std::io::{self, Read, Write};
use std::sync::{Arc, PoisonError, RwLock};

use crate::inhouse::EmbeddedModel;
use crate::workspace::{Kept, Library, Text};

/// A file to learn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// Its path, as the file is named in every lesson and every question.
    pub path: String,
    /// Its language id.
    pub language: String,
    /// What it says.
    pub text: String,
}

/// Somebody who learns from the files of the workspace.
pub trait Learner: Send + Sync {
    /// A name for its file on disk: lower-case letters.
    fn name(&self) -> &'static str;

    /// Learns files, each in place of what was known of it.
    fn learn(&self, lessons: &[Lesson]);

    /// Forgets files; afterwards it is as if they had never been learnt.
    fn forget(&self, paths: &[String]);

    /// Returns the memory that it holds, in bytes.
    fn bytes(&self) -> usize;

    /// Writes all it knows, for the next start.
    ///
    /// # Errors
    /// Whatever the output says.
    fn save(&self, output: &mut dyn Write) -> io::Result<()>;

    /// Knows again what it knew, in place of all it knows; returns whether the bytes were sound to
    /// the last one. Where they were not, it knows what it knew before.
    fn restore(&self, input: &mut dyn Read) -> bool;
}

/// All learners.
#[derive(Default)]
pub struct Lessons {
    learners: RwLock<Vec<Arc<dyn Learner>>>,
}

impl Lessons {
    /// Adds a learner; returns whether it was not there yet.
    pub fn add(&self, learner: Arc<dyn Learner>) -> bool {
        let mut learners = self
            .learners
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let is_new = learners.iter().all(|known| known.name() != learner.name());
        if is_new {
            learners.push(learner);
        }
        is_new
    }

    fn all(&self) -> Vec<Arc<dyn Learner>> {
        let learners = self.learners.read();
        learners.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns whether nobody learns.
    pub fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    pub fn learn(&self, lessons: &[Lesson]) {
        if !lessons.is_empty() {
            self.all().iter().for_each(|learner| learner.learn(lessons));
        }
    }

    pub fn forget(&self, paths: &[String]) {
        if !paths.is_empty() {
            self.all().iter().for_each(|learner| learner.forget(paths));
        }
    }

    /// Returns the memory that the learners hold together, in bytes.
    pub fn bytes(&self) -> usize {
        self.all().iter().map(|learner| learner.bytes()).sum()
    }

    /// Returns the names of the learners.
    pub fn names(&self) -> Vec<&'static str> {
        self.all().iter().map(|learner| learner.name()).collect()
    }

    /// Writes what the learner of this name knows.
    ///
    /// # Errors
    /// Whatever the output says, and when nobody has the name.
    pub fn save(&self, name: &str, output: &mut dyn Write) -> io::Result<()> {
        let learners = self.all();
        let learner = learners.iter().find(|learner| learner.name() == name);
        learner.map_or(Err(io::ErrorKind::NotFound.into()), |learner| {
            learner.save(output)
        })
    }

    /// Gives every learner back what it knew; returns whether all could use it. Where not, some may
    /// know of files: forget them all, since everyone must know the same.
    pub fn restore(&self, kept: &Kept) -> bool {
        let learners = self.all();
        kept.learners().count() == learners.len()
            && learners.iter().all(|learner| {
                let input = kept.open(learner.name());
                input.is_ok_and(|mut input| learner.restore(&mut input))
            })
    }
}

impl Learner for EmbeddedModel {
    fn name(&self) -> &'static str {
        "embedded"
    }

    fn learn(&self, lessons: &[Lesson]) {
        self.learn_many(lessons.iter().map(|lesson| {
            let Lesson {
                path,
                language,
                text,
            } = lesson.clone();
            (path, language, text)
        }));
    }

    fn forget(&self, paths: &[String]) {
        self.forget_many(paths.iter().map(String::as_str));
    }

    fn bytes(&self) -> usize {
        Self::bytes(self)
    }

    fn save(&self, output: &mut dyn Write) -> io::Result<()> {
        Self::save(self, output)
    }

    fn restore(&self, input: &mut dyn Read) -> bool {
        let restored = Self::restore(self, input);
        if let Err(error) = &restored {
            tracing::info!(%error, "the embedded model learns anew");
        }
        restored.is_ok()
    }
}

impl Learner for Library {
    fn name(&self) -> &'static str {
        "library"
    }

    fn learn(&self, lessons: &[Lesson]) {
        for lesson in lessons {
            Self::learn(
                self,
                &Text {
                    path: &lesson.path,
                    language: &lesson.language,
                    text: &lesson.text,
                },
            );
        }
    }

    fn forget(&self, paths: &[String]) {
        paths.iter().for_each(|path| Self::forget(self, path));
    }

    fn bytes(&self) -> usize {
        Self::bytes(self)
    }

    fn save(&self, output: &mut dyn Write) -> io::Result<()> {
        Self::save(self, output)
    }

    fn restore(&self, input: &mut dyn Read) -> bool {
        let restored = Self::restore(self, input);
        if let Err(error) = &restored {
            tracing::info!(%error, "the library learns anew");
        }
        restored.is_ok()
    }
}
