//! The values that the events of a day have in a dimension.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::columns::Column;
use super::day::{Day, whole};
use crate::error::StoreError;
use crate::pool::Pool;
use crate::stats::dimension::{Dimension, Owner};
use crate::stats::statement::Statement;

/// Numbers that one statement looks up.
const NUMBERS_AT_ONCE: usize = 5_000;

/// The values of a dimension, in the order of their bytes, and whose is which.
#[derive(Debug)]
pub(super) struct Values {
    pub(super) texts: Vec<String>,
    pub(super) places: Places,
}

/// Places in a list of values.
#[derive(Debug)]
pub(super) enum Places {
    /// By the event's place in [`Day::events`].
    OfEvents(Vec<u32>),
    /// By the visit's place in [`Day::visits`].
    OfVisits(Vec<u32>),
}

impl Day {
    /// The values that events or visits have in a dimension.
    pub(super) async fn values(
        &self,
        pool: &Pool,
        dimension: &Dimension,
    ) -> Result<Values, StoreError> {
        let home = dimension.home();
        let Some(dictionary) = home.dictionary() else {
            return Ok(self.of_colours(dimension));
        };
        let column = Column::of(dictionary);
        let numbers: Vec<i64> = match dictionary.owner() {
            Owner::Event => self
                .events
                .iter()
                .map(|event| event.number(column))
                .collect(),
            Owner::Visit => self
                .visits
                .iter()
                .map(|visit| visit.number(column))
                .collect(),
        };
        let numbers: Vec<i32> = numbers.into_iter().map(whole).collect::<Result<_, _>>()?;
        let known = texts(pool, dimension, &numbers).await?;
        let (texts, places) = sorted(&numbers, |number| {
            known
                .get(&number)
                .map_or(dimension.nothing(), String::as_str)
        });
        Ok(Values {
            texts,
            places: match dictionary.owner() {
                Owner::Event => Places::OfEvents(places),
                Owner::Visit => Places::OfVisits(places),
            },
        })
    }

    fn of_colours(&self, dimension: &Dimension) -> Values {
        let colours: Vec<Option<u32>> = self.events.iter().map(|event| event.colour).collect();
        let (texts, places) = sorted(&colours, |colour| match colour {
            Some(colour) => self.colours[colour as usize].as_str(),
            None => dimension.nothing(),
        });
        Values {
            texts,
            places: Places::OfEvents(places),
        }
    }
}

impl Values {
    /// One value, that of everything.
    pub(super) fn one(day: &Day) -> Self {
        Self {
            texts: vec![String::new()],
            places: Places::OfVisits(vec![0; day.visits.len()]),
        }
    }
}

/// The different texts in order, and where among them each number's is. Several numbers may have one text.
fn sorted<'t, N: Copy + Eq + Hash>(
    numbers: &[N],
    text: impl Fn(N) -> &'t str,
) -> (Vec<String>, Vec<u32>) {
    let different: HashSet<N> = numbers.iter().copied().collect();
    let mut texts: Vec<&str> = different.iter().map(|number| text(*number)).collect();
    texts.sort_unstable();
    texts.dedup();
    let place = |number: N| {
        let place = texts.binary_search(&text(number)).unwrap_or_default();
        u32::try_from(place).unwrap_or_default()
    };
    let places: HashMap<N, u32> = different
        .into_iter()
        .map(|number| (number, place(number)))
        .collect();
    let of_each = numbers.iter().map(|number| places[number]).collect();
    (texts.into_iter().map(str::to_owned).collect(), of_each)
}

/// The texts of a dimension that has a dictionary, by the numbers that stand for them; a number without a text is missing.
pub(super) async fn texts(
    pool: &Pool,
    dimension: &Dimension,
    numbers: &[i32],
) -> Result<HashMap<i32, String>, StoreError> {
    let home = dimension.home();
    let Some(dictionary) = home.dictionary() else {
        return Ok(HashMap::new());
    };
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    let mut known = HashMap::with_capacity(numbers.len());
    for some in numbers.chunks(NUMBERS_AT_ONCE) {
        let mut statement = Statement::new(pool);
        statement.push("select cast(d.id as bigint), coalesce(nullif(");
        home.push_value(&mut statement, "d");
        statement.push(&format!(", ''), '{}') from ", dimension.nothing()));
        statement.push(dictionary.table()).push(" d where d.id");
        statement.is_any_number(some);
        let keep = |number: i64, text: &str| {
            if let Ok(number) = i32::try_from(number) {
                known.insert(number, text.to_owned());
            }
        };
        pool.bounded(statement.each(pool, keep)).await?;
    }
    Ok(known)
}
