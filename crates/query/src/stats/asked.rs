//! A question about instants, ready to be counted.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use hgpixel_store::{EventStore, Site, StatsQuery, StoreError};
use jiff::tz::TimeZone;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::answer::{Compared, Told};
use super::answers::FRESH_CLOSED;
use super::question::Question;
use super::range::{self, Range, Today};
use super::wrong::Wrong;
use super::{buckets, comparison};
use crate::state::Parts;

pub(crate) struct Asked {
    question: Question,
    zone: TimeZone,
    main: Part,
    compared: Option<Part>,
}

/// The question about one range.
struct Part {
    range: Range,
    /// Of its buckets of time.
    labels: Vec<String>,
    query: StatsQuery,
}

impl Asked {
    /// `first_ms` is when the site's first event happened.
    pub(crate) fn of(
        question: Question,
        site: &Site,
        today: &Today,
        first_ms: Option<i64>,
    ) -> Result<Self, Wrong> {
        let range = range::of(&question.dates, today, first_ms)?;
        let compared = match &question.include.comparison {
            None => None,
            Some(other) => {
                let range = comparison::of(other, &range, today)?;
                let mut part = Part::of(&question, site, range, &today.zone)?;
                // Its rows are chosen by those of the question.
                part.query.offset = 0;
                Some(part)
            }
        };
        Ok(Self {
            main: Part::of(&question, site, range, &today.zone)?,
            zone: today.zone.clone(),
            question,
            compared,
        })
    }

    /// How long its answer is fresh: shorter where more may happen in its range.
    pub(crate) fn fresh(&self, app: &Parts) -> Duration {
        let compared = self.compared.as_ref();
        if self.main.range.is_open || compared.is_some_and(|part| part.range.is_open) {
            app.fresh_open
        } else {
            FRESH_CLOSED
        }
    }

    /// From when to before when.
    pub(crate) fn range_ms(&self) -> (i64, i64) {
        (self.main.range.from_ms, self.main.range.until_ms)
    }

    /// The same for the same question about the same instants, while what is known of the site's past is the same.
    pub(crate) fn key(&self, site: &Site) -> String {
        let ends = |part: &Part| [part.range.from_ms, part.range.until_ms];
        let question = json!([
            site.key.as_str(),
            self.told(hgpixel_store::StatsAnswer::default(), None)
                .query(),
            ends(&self.main),
            self.compared.as_ref().map(ends),
        ]);
        let digest = Sha256::digest(question.to_string());
        let digest = URL_SAFE_NO_PAD.encode(&digest[..16]);
        format!("stats:{}:{}:{digest}", site.id, site.generation)
    }

    /// The answer, in JSON.
    pub(crate) async fn answer(&self, store: &EventStore) -> Result<Bytes, StoreError> {
        let counted = store.stats(&self.main.query).await?;
        let compared = match &self.compared {
            None => None,
            Some(part) => {
                let only = counted.rows.iter().map(|row| row.dimensions.clone());
                let query = StatsQuery {
                    // Without dimensions there is one row, and it needs no choosing.
                    only: (!self.question.dimensions.is_empty()).then(|| only.collect()),
                    ..part.query.clone()
                };
                let counted = store.stats(&query).await?;
                Some(Compared {
                    range: &part.range,
                    labels: &part.labels,
                    counted,
                })
            }
        };
        Ok(self.told(counted, compared).to_json().to_string().into())
    }

    fn told<'a>(
        &'a self,
        counted: hgpixel_store::StatsAnswer,
        compared: Option<Compared<'a>>,
    ) -> Told<'a> {
        Told {
            question: &self.question,
            range: &self.main.range,
            zone: &self.zone,
            labels: &self.main.labels,
            counted,
            compared,
        }
    }
}

impl Part {
    fn of(question: &Question, site: &Site, range: Range, zone: &TimeZone) -> Result<Self, Wrong> {
        let (edges_ms, labels) = match question.time_unit(&range) {
            Some(unit) => buckets::of(unit, &range, zone)?,
            None => (Vec::new(), Vec::new()),
        };
        let query = StatsQuery {
            site: site.id,
            from_ms: range.from_ms,
            until_ms: range.until_ms,
            metrics: question.metrics.clone(),
            dimensions: question.store_dimensions(),
            edges_ms,
            filters: question.filters.clone(),
            order: question.order.clone(),
            limit: question.limit,
            offset: question.offset,
            only: None,
        };
        Ok(Self {
            range,
            labels,
            query,
        })
    }
}
