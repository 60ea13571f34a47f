//! A map that forgets: two generations of half its bound each, of which the older is forgotten whole.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;

#[derive(Debug)]
pub(super) struct Generations<K, V> {
    current: HashMap<K, V>,
    previous: HashMap<K, V>,
    current_max: usize,
}

impl<K: Hash + Eq, V: Copy> Generations<K, V> {
    pub(super) fn new(entries_max: usize) -> Self {
        Self {
            current: HashMap::new(),
            previous: HashMap::new(),
            current_max: entries_max / 2,
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<V> {
        let known = self.current.get(key).or_else(|| self.previous.get(key));
        known.copied()
    }

    pub(super) fn set(&mut self, key: K, value: V) {
        if self.current.len() >= self.current_max {
            self.previous = mem::take(&mut self.current);
        }
        self.current.insert(key, value);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.current.len() + self.previous.len()
    }
}
