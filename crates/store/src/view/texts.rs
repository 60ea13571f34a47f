//! Texts by small numbers: each is kept once, however many rows of a dictionary say it.

use std::collections::HashMap;

use hgpixel_event::Marks;
use sqlx::QueryBuilder;

use super::dialect::Dialect;
use super::expression::Dictionary;
use super::marks::mark_words;
use crate::error::StoreError;
use crate::pool::{Pool, reading};

/// Rows of a dictionary that are read in one statement.
const ROWS: usize = 5_000;

/// Texts in the order in which they were first met.
#[derive(Debug, Default)]
pub(super) struct Texts {
    texts: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Texts {
    pub(super) fn number(&mut self, text: String) -> u32 {
        if let Some(number) = self.numbers.get(&text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.clone());
        self.numbers.insert(text, number);
        number
    }

    pub(super) fn text(&self, number: i64) -> &str {
        let index = usize::try_from(number).ok();
        let text = index.and_then(|index| self.texts.get(index));
        text.map_or("", String::as_str)
    }

    /// By number, the place of each in the order of their bytes.
    pub(super) fn ranks(&self) -> Vec<u32> {
        let mut sorted: Vec<usize> = (0..self.texts.len()).collect();
        sorted.sort_unstable_by_key(|index| &self.texts[*index]);
        let mut ranks = vec![0; sorted.len()];
        for (rank, index) in (0..).zip(sorted) {
            ranks[index] = rank;
        }
        ranks
    }
}

/// What an event says by an id: which text that is.
#[derive(Debug)]
pub(super) struct Named {
    by: By,
    known: HashMap<i64, u32>,
    pub(super) texts: Texts,
}

/// Who knows the texts of the ids.
#[derive(Debug)]
pub(super) enum By {
    Dictionary(Dictionary, &'static str, Whole),
    Sites(HashMap<i64, String>),
    Marks,
}

/// Whether the whole text is needed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whole {
    Whole,
    /// Its first 100 characters, which is enough to sort by.
    Beginning,
}

impl Whole {
    /// What to read of `column`.
    pub(super) fn of(self, column: &str) -> String {
        match self {
            Self::Whole => column.to_owned(),
            Self::Beginning => format!("substr({column}, 1, 100)"),
        }
    }
}

impl Named {
    pub(super) fn new(by: By) -> Self {
        Self {
            by,
            known: HashMap::new(),
            texts: Texts::default(),
        }
    }

    /// Finds the texts of these ids. One that nobody knows is empty.
    pub(super) async fn learn(
        &mut self,
        pool: &Pool,
        ids: impl Iterator<Item = i64>,
    ) -> Result<(), StoreError> {
        let mut unknown: Vec<i64> = ids.filter(|id| !self.known.contains_key(id)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        for ids in unknown.chunks(ROWS) {
            let mut found = self.by.texts(pool, ids).await?;
            for id in ids {
                let number = self.texts.number(found.remove(id).unwrap_or_default());
                self.known.insert(*id, number);
            }
        }
        Ok(())
    }

    /// The number of a learned id's text.
    pub(super) fn number(&self, id: i64) -> u32 {
        self.known.get(&id).copied().unwrap_or(u32::MAX)
    }
}

impl By {
    async fn texts(&self, pool: &Pool, ids: &[i64]) -> Result<HashMap<i64, String>, StoreError> {
        let rows: Vec<(i64, String)> = match self {
            Self::Dictionary(dictionary, column, whole) => {
                reading!(pool, db: Db => {
                    let mut query = QueryBuilder::<Db>::new("select cast(id as bigint), ");
                    query.push(whole.of(column)).push(" from ").push(dictionary.table());
                    query.push(" where id");
                    Db::one_of(&mut query, ids);
                    query.build_query_as().fetch_all(db).await?
                })
            }
            Self::Sites(keys) => {
                let key = |id: &i64| Some((*id, keys.get(id)?.clone()));
                ids.iter().filter_map(key).collect()
            }
            Self::Marks => {
                let words = |id: &i64| mark_words(Marks::from_bits(u8::try_from(*id).unwrap_or(0)));
                ids.iter().map(|id| (*id, words(id))).collect()
            }
        };
        Ok(rows.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_number_and_its_place_in_the_order() {
        let mut texts = Texts::default();
        let numbers = ["b", "a", "b", "c"].map(|text| texts.number(text.to_owned()));
        assert_eq!(numbers, [0, 1, 0, 2]);
        assert_eq!(texts.text(2), "c");
        assert_eq!(texts.ranks(), [1, 0, 2]);
    }
}
