//! A map that forgets: bounded in entries, without a list to keep in order.
//!
//! Entries live in two generations. A new one, and an old one that is touched, goes into the young generation; when that is full,
//! it becomes the old one and the old one is forgotten whole. So an entry is forgotten only after at least half of the bound
//! in other entries came later, and nothing is ever searched for the oldest.

use std::collections::HashMap;
use std::hash::Hash;

#[derive(Debug)]
pub(crate) struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    young_max: usize,
}

impl<K: Hash + Eq, V: Copy> Generations<K, V> {
    /// A map of at most `entries_max` entries.
    pub(crate) fn new(entries_max: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            young_max: (entries_max / 2).max(1),
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.young.get(key).or_else(|| self.old.get(key)).copied()
    }

    pub(crate) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.young_max && !self.young.contains_key(&key) {
            self.age();
        }
        self.young.insert(key, value);
    }

    /// Forgets the old generation. The memory of a flood is given back with it: the new young one begins small.
    pub(crate) fn age(&mut self) {
        self.old = std::mem::take(&mut self.young);
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_holds_more_than_its_bound_and_keeps_what_is_used() {
        let mut map = Generations::new(100);
        for n in 0..10_000 {
            map.put(n, n);
            map.put(-1, n);
            assert!(map.len() <= 100);
            assert_eq!(map.get(&-1), Some(n));
            assert_eq!(map.get(&n), Some(n));
        }
        assert_eq!(map.get(&0), None);
    }

    #[test]
    fn what_is_touched_in_no_generation_is_forgotten() {
        let mut map = Generations::new(100);
        map.put(1, 'a');
        map.age();
        assert_eq!(map.get(&1), Some('a'));
        map.age();
        assert_eq!(map.get(&1), None);
    }
}
