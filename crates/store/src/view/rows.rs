//! From keys to whole events.

use std::collections::HashMap;

use hgpixel_event::Marks;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::ViewRow;
use super::dialect::Dialect;
use super::keys::Key;
use crate::error::StoreError;
use crate::extra::Extra;
use crate::pool::{Pool, reading};

const ROWS: &str = include_str!("../../sql/view.rows.sql");
const CLIENTS: &str = include_str!("../../sql/view.clients.sql");
const KINDS: &str = include_str!("../../sql/view.kinds.sql");
const PLACES: &str = include_str!("../../sql/view.places.sql");

/// The events of `keys`, in their order. One that was erased in the meantime is left out.
pub(super) async fn rows(pool: &Pool, keys: &[Key]) -> Result<Vec<ViewRow>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let stored: Vec<StoredRow> = reading!(pool, db: Db => {
        let mut query = QueryBuilder::<Db>::new("");
        push_found(&mut query, keys);
        query.build_query_as().fetch_all(db).await?
    });
    let events = stored
        .into_iter()
        .map(Told::of)
        .collect::<Result<Vec<_>, _>>()?;
    let clients = clients(pool, events.iter().map(|event| event.client)).await?;
    let places = places(pool, events.iter().map(|event| event.place)).await?;
    let kinds = kinds(pool, events.iter().map(|event| event.kind)).await?;
    let mut found: HashMap<(i64, Uuid), ViewRow> = events
        .into_iter()
        .map(|mut event| {
            if let Some(kind) = kinds.get(&event.kind) {
                event.row.kind.clone_from(&kind.name);
            }
            let client = clients.get(&event.client).cloned().unwrap_or_default();
            let place = places.get(&event.place).cloned().unwrap_or_default();
            (
                (event.row.site, event.row.event_id),
                whole(event, client, place),
            )
        })
        .collect();
    Ok(keys
        .iter()
        .filter_map(|key| found.remove(&(key.site, key.event_id)))
        .collect())
}

#[derive(Clone, Debug, FromRow)]
struct StoredRow {
    event_id: Uuid,
    site: i64,
    session: i64,
    time_ms: i64,
    age_ms: i64,
    data: String,
    extra: String,
    site_key: String,
    kind: String,
    url: String,
    path: String,
    title: String,
    referrer: String,
    source: String,
    user_id: String,
    session_id: String,
    client: i64,
    place: i64,
    channel: String,
    campaign: String,
}

#[derive(Clone, Debug, Default, FromRow)]
struct ClientRow {
    id: i64,
    user_agent: String,
    browser: String,
    browser_version: String,
    os: String,
    os_version: String,
    device: String,
    bot_reason: String,
    bot_name: String,
    language: String,
    language_sent: String,
    screen: String,
    device_info: String,
}

#[derive(Clone, Debug, Default, FromRow)]
struct PlaceRow {
    id: i64,
    country: String,
    region: String,
    city: String,
}

#[derive(Clone, Debug, FromRow)]
struct KindRow {
    id: i64,
    name: String,
}

/// An event that knows which client, place and kind are its own.
struct Told {
    row: StoredRow,
    client: i64,
    place: i64,
    /// 0 where the row has it.
    kind: i64,
    marks: Marks,
}

impl Told {
    fn of(row: StoredRow) -> Result<Self, StoreError> {
        let extra = Extra::decode(&row.extra).map_err(|error| {
            StoreError::rejected(
                "decode",
                format!("an event's extra cannot be read: {error}"),
            )
        })?;
        Ok(Self {
            client: extra.client.map_or(row.client, i64::from),
            place: extra.place.map_or(row.place, i64::from),
            kind: extra.kind.map_or(0, i64::from),
            marks: extra.marks,
            row,
        })
    }
}

/// First the events alone, by their keys: with all the joins at once a planner may begin with the dictionaries. The least and the
/// greatest id leave out the partitions that hold none of them.
fn push_found<DB: Dialect>(query: &mut QueryBuilder<DB>, keys: &[Key]) {
    let ids = keys.iter().map(|key| key.event_id);
    query.push("with found as materialized (select * from events where event_id >= ");
    DB::id(query, ids.clone().min().unwrap_or_default());
    query.push(" and event_id <= ");
    DB::id(query, ids.max().unwrap_or_default());
    query.push(" and (site, event_id) in (values ");
    for (index, key) in keys.iter().enumerate() {
        query.push(if index == 0 { "(" } else { ", (" });
        DB::number(query, key.site);
        query.push(", ");
        DB::id(query, key.event_id);
        query.push(")");
    }
    // Nothing is cut off by this; it tells the planner how few rows to expect.
    query.push(") limit ");
    DB::number(query, i64::try_from(keys.len()).unwrap_or(i64::MAX));
    query.push(ROWS);
}

async fn clients(
    pool: &Pool,
    ids: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, ClientRow>, StoreError> {
    let ids = distinct(ids);
    let rows: Vec<ClientRow> = reading!(pool, db: Db => {
        let mut query = QueryBuilder::<Db>::new(CLIENTS);
        push_ids(&mut query, &ids);
        query.build_query_as().fetch_all(db).await?
    });
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

async fn places(
    pool: &Pool,
    ids: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, PlaceRow>, StoreError> {
    let ids = distinct(ids);
    if ids == [0] {
        return Ok(HashMap::new());
    }
    let rows: Vec<PlaceRow> = reading!(pool, db: Db => {
        let mut query = QueryBuilder::<Db>::new(PLACES);
        push_ids(&mut query, &ids);
        query.build_query_as().fetch_all(db).await?
    });
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

async fn kinds(
    pool: &Pool,
    ids: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, KindRow>, StoreError> {
    let ids = distinct(ids);
    if ids == [0] {
        return Ok(HashMap::new());
    }
    let rows: Vec<KindRow> = reading!(pool, db: Db => {
        let mut query = QueryBuilder::<Db>::new(KINDS);
        push_ids(&mut query, &ids);
        query.build_query_as().fetch_all(db).await?
    });
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

fn distinct(ids: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn push_ids<DB: Dialect>(query: &mut QueryBuilder<DB>, ids: &[i64]) {
    for (index, id) in ids.iter().enumerate() {
        query.push(if index == 0 { "(" } else { ", " });
        DB::number(query, *id);
    }
    query.push(")");
}

fn whole(event: Told, client: ClientRow, place: PlaceRow) -> ViewRow {
    let row = event.row;
    ViewRow {
        event_id: row.event_id,
        site: row.site,
        client_id: row.site_key,
        event_type: row.kind,
        event_data: row.data,
        client_session_id: row.session_id,
        session: row.session,
        user_id: row.user_id,
        time_ms: row.time_ms,
        received_ms: row.time_ms + row.age_ms,
        url: row.url,
        path: row.path,
        title: row.title,
        referrer: row.referrer,
        user_agent: client.user_agent,
        device_info: client.device_info,
        country: place.country,
        region: place.region,
        city: place.city,
        browser: client.browser,
        browser_version: client.browser_version,
        os: client.os,
        os_version: client.os_version,
        device: client.device,
        language: client.language,
        language_sent: client.language_sent,
        screen: client.screen,
        channel: row.channel,
        source: row.source,
        campaign: row.campaign,
        bot_reason: client.bot_reason,
        bot_name: client.bot_name,
        marks: event.marks,
    }
}
