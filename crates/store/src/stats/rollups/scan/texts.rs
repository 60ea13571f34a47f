//! The values of a dimension, as numbers of this question's own.

use std::collections::HashMap;

use crate::error::StoreError;
use crate::pool::Pool;
use crate::stats::dimension::{Dictionary, Dimension};
use crate::stats::rollups::columns::{Column, Columns};
use crate::stats::rollups::met::Met;
use crate::stats::rollups::values;

/// The values of a dimension.
pub(super) struct Texts {
    dimension: Dimension,
    pub(super) dictionary: Dictionary,
    pub(super) met: Met,
    of_number: HashMap<i32, u32>,
}

impl Texts {
    /// `None` for a dimension without a dictionary.
    pub(super) fn of(dimension: &Dimension) -> Option<Self> {
        Some(Self {
            dimension: dimension.clone(),
            dictionary: dimension.home().dictionary()?,
            met: Met::default(),
            of_number: HashMap::new(),
        })
    }

    /// Looks up the numbers of a day that were not met before.
    pub(super) async fn learn(&mut self, pool: &Pool, columns: &Columns) -> Result<(), StoreError> {
        let mut new = columns.get(Column::of(self.dictionary)).different();
        new.retain(|number| !self.of_number.contains_key(number));
        if new.is_empty() {
            return Ok(());
        }
        let known = values::texts(pool, &self.dimension, &new).await?;
        let nothing = self.dimension.nothing();
        for number in new {
            let text = known.get(&number).map_or(nothing, String::as_str);
            let place = self.met.place(text);
            self.of_number.insert(number, place);
        }
        Ok(())
    }

    /// Where the value of each row of the day is.
    pub(super) fn places(&self, columns: &Columns) -> Vec<u32> {
        columns
            .get(Column::of(self.dictionary))
            .mapped(|number| self.of_number.get(&number).copied().unwrap_or_default())
    }
}
