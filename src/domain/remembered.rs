//! Answers that are worked out again and again from the same text, remembered in bounded memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Answers by the hash of what they follow from, in two generations of at most `MOST`: when the
/// newer one is full, the older one is forgotten.
///
/// The hash is keyed anew in every process, so that nobody can make two texts that have the same.
#[derive(Debug)]
pub struct Remembered<V, const MOST: usize> {
    keys: RandomState,
    generations: Mutex<Generations<V>>,
}

#[derive(Debug)]
struct Generations<V> {
    newer: HashMap<u64, V>,
    older: HashMap<u64, V>,
}

impl<V, const MOST: usize> Default for Remembered<V, MOST> {
    fn default() -> Self {
        Self {
            keys: RandomState::new(),
            generations: Mutex::new(Generations {
                newer: HashMap::new(),
                older: HashMap::new(),
            }),
        }
    }
}

impl<V: Clone, const MOST: usize> Remembered<V, MOST> {
    /// Returns the answer that follows from `what`, which is worked out if it is not remembered.
    /// Nobody waits meanwhile; two who ask at the same time both work it out.
    pub fn get_or(&self, what: &impl Hash, work_out: impl FnOnce() -> V) -> V {
        let key = self.keys.hash_one(what);
        let known = self.generations().get::<MOST>(key);
        known.unwrap_or_else(|| self.keep(key, work_out()))
    }

    /// Does the same where there may be no answer, which is not remembered.
    pub fn get_or_try(&self, what: &impl Hash, work_out: impl FnOnce() -> Option<V>) -> Option<V> {
        let key = self.keys.hash_one(what);
        let known = self.generations().get::<MOST>(key);
        known.or_else(|| Some(self.keep(key, work_out()?)))
    }

    fn keep(&self, key: u64, answer: V) -> V {
        self.generations().insert::<MOST>(key, answer.clone());
        answer
    }

    fn generations(&self) -> MutexGuard<'_, Generations<V>> {
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V: Clone> Generations<V> {
    fn get<const MOST: usize>(&mut self, key: u64) -> Option<V> {
        if let Some(answer) = self.newer.get(&key) {
            return Some(answer.clone());
        }
        let answer = self.older.remove(&key)?;
        self.insert::<MOST>(key, answer.clone());
        Some(answer)
    }

    fn insert<const MOST: usize>(&mut self, key: u64, answer: V) {
        if self.newer.len() >= MOST {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(key, answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_is_forgotten() {
        let remembered = Remembered::<usize, 2>::default();
        let mut worked_out = Vec::new();
        let asked = ["a", "b", "a", "c", "a", "d", "a", "b"];
        for text in asked {
            let length = remembered.get_or(&text, || {
                worked_out.push(text);
                text.len()
            });
            assert_eq!(length, 1);
        }
        assert_eq!(worked_out, ["a", "b", "c", "d", "b"]);
    }

    #[test]
    fn where_there_is_no_answer_it_is_looked_for_again() {
        let remembered = Remembered::<usize, 2>::default();
        let mut answers = [None, Some(1), None].into_iter();
        let mut ask = || remembered.get_or_try(&"a", || answers.next().flatten());
        assert_eq!([ask(), ask(), ask()], [None, Some(1), Some(1)]);
    }
}
