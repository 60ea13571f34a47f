//! A bounded memory of what the database answered, for answers that never change.

use std::collections::HashMap;
use std::hash::Hash;

/// Remembers the latest answers: between half of its limit and all of it. When the young half is full it becomes the old one, and what
/// was not asked for since is forgotten: two moves a lookup at most, and no list to keep in order.
#[derive(Debug)]
pub(super) struct Remembered<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    half_max: usize,
}

impl<K: Copy + Eq + Hash, V: Copy> Remembered<K, V> {
    pub(super) fn new(entries_max: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            half_max: entries_max.div_ceil(2),
        }
    }

    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(*value);
        }
        let value = self.old.remove(key)?;
        self.insert(*key, value);
        Some(value)
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.young.len() >= self.half_max {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_goes() {
        let mut remembered = Remembered::new(4);
        for key in 0..100 {
            remembered.insert(key, key);
            assert_eq!(remembered.get(&0), Some(0), "at {key}");
            assert!(remembered.young.len() + remembered.old.len() <= 4);
        }
        assert_eq!(remembered.get(&50), None);
        assert_eq!(remembered.get(&99), Some(99));
    }
}
