//! From what is asked to where to look.

use sqlx::{FromRow, QueryBuilder};

use super::keys::{Conditions, Source};
use super::{VIEW_SEARCH_BYTES_MAX, ViewFilter};
use crate::error::StoreError;
use crate::pool::{Pool, reading};
use crate::writer::dictionary::text_hash;

/// An address that comes with more titles than this is looked for event by event instead of title by title.
const SOURCES_MAX: usize = 200;

/// Where the matching events are, and what must hold for them besides.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) sources: Vec<Source>,
    pub(super) conditions: Conditions,
    /// The sites that the filter allows.
    pub(super) sites: Vec<i64>,
    /// The address that is asked for, also where the sources are its pages.
    url: Option<String>,
}

impl Plan {
    pub(super) async fn of(pool: &Pool, filter: &ViewFilter) -> Result<Self, StoreError> {
        if filter
            .search
            .as_ref()
            .is_some_and(|text| text.len() > VIEW_SEARCH_BYTES_MAX)
        {
            return Err(StoreError::Invalid(format!(
                "a search text has {VIEW_SEARCH_BYTES_MAX} bytes at most"
            )));
        }
        let sites = allowed_sites(pool, filter.sites.as_deref()).await?;
        let conditions = Conditions {
            url: filter.url.clone(),
            user_id: filter.user_id.clone(),
            search: filter.search.clone().filter(|text| !text.is_empty()),
            from_ms: filter.from_ms,
            until_ms: filter.until_ms,
        };
        Self::narrow(pool, sites, conditions).await
    }

    /// Looks where the fewest events are: a user's, else an address's, else the sites'. What chose the place need not be asked of each
    /// event again.
    async fn narrow(
        pool: &Pool,
        sites: Vec<i64>,
        mut conditions: Conditions,
    ) -> Result<Self, StoreError> {
        let url = conditions.url.clone();
        let by_site = || {
            sites
                .iter()
                .map(|site| Source::Site(*site))
                .collect::<Vec<_>>()
        };
        let sources = if let Some(user_id) = &conditions.user_id {
            let people = named(pool, Named::People, user_id, &sites).await?;
            if people.len() > SOURCES_MAX {
                by_site()
            } else {
                conditions.user_id = None;
                people.into_iter().map(Source::Person).collect()
            }
        } else if let Some(url) = &conditions.url {
            let pages = named(pool, Named::Pages, url, &sites).await?;
            if pages.len() > SOURCES_MAX {
                by_site()
            } else {
                conditions.url = None;
                pages.into_iter().map(Source::Page).collect()
            }
        } else {
            by_site()
        };
        Ok(Self {
            sources,
            conditions,
            sites,
            url,
        })
    }

    /// The same events, looked for in the order of time instead of by their address. `None` where no address is asked for, or a person.
    pub(super) fn by_time(&self) -> Option<Self> {
        let by_page = self
            .sources
            .iter()
            .all(|source| matches!(source, Source::Page(_)));
        let url = self.url.clone().filter(|_| by_page)?;
        Some(Self {
            sources: self.sites.iter().map(|site| Source::Site(*site)).collect(),
            conditions: Conditions {
                url: Some(url),
                ..self.conditions.clone()
            },
            ..self.clone()
        })
    }

    /// Whether every event of the sites matches. No source at all is an address or a user that nobody knows: nothing matches.
    pub(super) fn is_everything(&self) -> bool {
        self.conditions == Conditions::default()
            && !self.sources.is_empty()
            && self
                .sources
                .iter()
                .all(|source| matches!(source, Source::Site(_)))
    }
}

async fn allowed_sites(pool: &Pool, only: Option<&[i64]>) -> Result<Vec<i64>, StoreError> {
    let select = include_str!("../../sql/site.all.sql");
    let rows: Vec<SiteId> = reading!(pool, db => sqlx::query_as(select).fetch_all(db).await?);
    let allowed = |id: &i64| only.is_none_or(|only| only.contains(id));
    Ok(rows.into_iter().map(|row| row.id).filter(allowed).collect())
}

#[derive(FromRow)]
struct SiteId {
    id: i64,
}

#[derive(Clone, Copy)]
enum Named {
    Pages,
    People,
}

/// The numbers of all pages of this address, or of all people of this user id, on these sites.
async fn named(
    pool: &Pool,
    named: Named,
    text: &str,
    sites: &[i64],
) -> Result<Vec<i64>, StoreError> {
    if sites.is_empty() {
        return Ok(Vec::new());
    }
    reading!(pool, db: Db => {
        let mut query = QueryBuilder::<Db>::new("select cast(id as bigint) from ");
        query.push(match named {
            Named::Pages => "pages where url_hash = ",
            Named::People => "people where user_hash = ",
        });
        query.push_bind(text_hash(text));
        query.push(match named {
            Named::Pages => " and url = ",
            Named::People => " and user_id = ",
        });
        query.push_bind(text.to_owned());
        query.push(" and site in (");
        let mut list = query.separated(", ");
        for site in sites {
            list.push_bind(*site);
        }
        query.push(")");
        Ok(query.build_query_scalar().fetch_all(db).await?)
    })
}
