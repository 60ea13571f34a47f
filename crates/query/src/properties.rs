//! `GET /sites/{key}/properties?event=NAME`: under which keys a site's events carry data, the most frequent first, as seen in the newest
//! thousand of the last 91 days. Without a name: of all but those events that the pixel sends on its own. The values are asked of `/api/v2/query` as `event:props:<key>`.
//! Keys that cannot be asked for there are left out: whoever chose one would be refused.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Extension, Query, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::access::SiteAccess;
use crate::answer::{Refusal, store_failed};
use crate::state::App;
use crate::stats::names::is_property;

/// How far back is looked.
const BACK_MS: i64 = 91 * 24 * 3_600_000;
/// Keys of an answer.
const KEYS_MAX: usize = 50;

#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    event: Option<String>,
}

pub(crate) async fn list(
    State(app): State<App>,
    Extension(SiteAccess { site, .. }): Extension<SiteAccess>,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Refusal> {
    let event = asked.event.as_deref();
    let now_ms = app.clock.now_ms();
    let data = app
        .store
        .newest_data(site.id, (now_ms - BACK_MS, now_ms), event)
        .await;
    let data = data.map_err(|error| store_failed(&error))?;
    Ok(Json(json!({ "keys": keys(&data) })))
}

fn keys(data: &[String]) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for text in data {
        let object: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        for (key, _) in object.into_iter().filter(|(key, _)| is_property(key)) {
            *seen.entry(key).or_default() += 1;
        }
    }
    let mut keys: Vec<_> = seen.into_iter().collect();
    keys.sort_by(|(one, first), (other, second)| second.cmp(first).then_with(|| one.cmp(other)));
    keys.into_iter()
        .map(|(key, _)| key)
        .take(KEYS_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_keys_come_first() {
        let data = [r#"{"b":1,"a":2}"#, r#"{"b":"x"}"#, "", "no object"].map(str::to_owned);
        assert_eq!(keys(&data), ["b", "a"]);
    }

    #[test]
    fn a_key_that_cannot_be_asked_for_is_not_offered() {
        let data = [r#"{"a\"b":1,"c\\d":1,"e\nf":1,"":1,"ok":1}"#.to_owned()];
        assert_eq!(keys(&data), ["ok"]);
    }
}
