//! A map for what is few, or comes all at once. The maps of std make up to 4 kB of code for each pair of types.

use std::borrow::Borrow;

/// Values in the order of their keys: a sorted vector. Collect what is much: each insertion moves all that is behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table<K, V>(Vec<(K, V)>);

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Table(Vec::new())
    }
}

impl<K: Ord, V> Table<K, V> {
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.place(key).ok().and_then(|at| self.0.get(at)).map(|(_, value)| value)
    }

    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.place(key).ok().and_then(|at| self.0.get_mut(at)).map(|(_, value)| value)
    }

    pub fn has<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).is_ok()
    }

    /// In the place of what was there before.
    pub fn insert(&mut self, key: K, value: V) {
        match self.place(&key) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (key, value)),
        }
    }

    /// The value of the key, which is made if there is none.
    pub fn entry(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        let place = self.place(&key);
        let at = place.unwrap_or_else(|at| {
            self.0.insert(at, (key, V::default()));
            at
        });
        &mut self.0[at].1
    }

    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.place(key).ok().map(|at| self.0.remove(at).1)
    }

    pub fn retain(&mut self, keep: impl FnMut(&(K, V)) -> bool) {
        self.0.retain(keep);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, (K, V)> {
        self.0.iter()
    }

    /// Where the key is, or where it belongs.
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.0.binary_search_by(|(other, _)| other.borrow().cmp(key))
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Table<K, V> {
    /// Of several with the same key the last one counts.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(all: I) -> Self {
        let mut all: Vec<_> = all.into_iter().collect();
        all.reverse();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all.dedup_by(|(a, _), (b, _)| a == b);
        Table(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_replaced_and_removed_by_their_keys() {
        let mut table = Table::default();
        for (key, value) in [("b", 1), ("c", 2), ("a", 3), ("b", 4)] {
            table.insert(key.to_owned(), value);
        }
        assert_eq!(
            table.iter().map(|(key, value)| (key.as_str(), *value)).collect::<Vec<_>>(),
            [("a", 3), ("b", 4), ("c", 2)]
        );
        *table.get_mut("c").unwrap() += 7;
        *table.entry("a".to_owned()) += 1;
        *table.entry("d".to_owned()) += 1;
        assert_eq!(
            ["a", "b", "c", "d", "e"].map(|key| table.get(key).copied()),
            [Some(4), Some(4), Some(9), Some(1), None]
        );
        assert_eq!(
            (table.remove("b"), table.remove("b"), table.has("b"), table.has("c")),
            (Some(4), None, false, true)
        );
    }

    #[test]
    fn of_several_that_come_at_once_the_last_one_counts() {
        let table: Table<_, _> = [(2, 'a'), (1, 'b'), (2, 'c'), (3, 'd'), (2, 'e'), (1, 'f')].into_iter().collect();
        assert_eq!(table.0, [(1, 'f'), (2, 'e'), (3, 'd')]);
    }
}
