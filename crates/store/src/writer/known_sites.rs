//! The sites that there are: a site that was found once stays.

use std::collections::HashSet;

use sqlx::QueryBuilder;

use crate::error::StoreError;
use crate::new_event::NewEvent;
use crate::pool::{Pool, reading};

#[derive(Debug, Default)]
pub(super) struct KnownSites {
    sites: HashSet<i64>,
}

impl KnownSites {
    /// Refuses events of sites that do not exist: their rows would belong to nobody.
    pub(super) async fn check(
        &mut self,
        pool: &Pool,
        rows: &[&NewEvent],
    ) -> Result<(), StoreError> {
        let unknown: HashSet<i64> = rows
            .iter()
            .map(|row| row.event.site)
            .filter(|site| !self.sites.contains(site))
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let found: Vec<i64> = reading!(pool, db: Db => {
            let mut query = QueryBuilder::<Db>::new("select cast(id as bigint) from sites where id in (");
            let mut list = query.separated(", ");
            for site in &unknown {
                list.push_bind(*site);
            }
            query.push(")");
            query.build_query_scalar().fetch_all(db).await?
        });
        self.sites.extend(found);
        match unknown.iter().find(|site| !self.sites.contains(site)) {
            Some(site) => Err(StoreError::rejected(
                "23503",
                format!("there is no site with the number {site}"),
            )),
            None => Ok(()),
        }
    }
}
