//! The typed tree. What each field means, and why its default is what it is, stands in `default.toml`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

use crate::url::{CacheUrl, QueueUrl, StoreUrl};

/// Everything that can be set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub listen: SocketAddr,
    pub admin_listen: SocketAddr,
    pub data_dir: PathBuf,
    pub public_url: String,
    pub log: Log,
    pub http: Http,
    pub ingest: Ingest,
    pub queue: Queue,
    pub store: Store,
    pub cache: Cache,
    pub worker: Worker,
    pub privacy: Privacy,
    pub geo: Geo,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub level: String,
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    pub connections_max: usize,
    pub header_timeout_ms: u64,
    pub body_timeout_ms: u64,
    pub handler_timeout_ms: u64,
    pub drain_delay_ms: u64,
    pub shutdown_timeout_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingest {
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    pub forwarded_header: String,
    pub unknown_site: UnknownSite,
    pub sites_max: u32,
    pub rate_events_per_s: u32,
    pub rate_burst: u32,
    pub site_rate_events_per_s: u32,
    pub batch_wait_ms: u64,
    pub snapshot_refresh_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownSite {
    Create,
    Reject,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    pub url: QueueUrl,
    pub name_prefix: String,
    pub publish_timeout_ms: u64,
    pub connect_timeout_ms: u64,
    pub inflight_bytes_max: usize,
    pub local_bytes_max: u64,
    pub local_free_bytes_min: u64,
    pub prefetch_batches: u16,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    pub url: StoreUrl,
    pub connections_max: u32,
    pub acquire_timeout_ms: u64,
    pub statement_timeout_ms: u64,
    pub partition_weeks_ahead: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    pub url: CacheUrl,
    pub memory_bytes_max: u64,
    pub ttl_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    pub batch_events: usize,
    pub batch_wait_ms: u64,
    pub agent_cache_entries: u64,
    pub instance: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    pub opt_out: OptOut,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptOut {
    Anonymous,
    Drop,
    Ignore,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Geo {
    #[serde(deserialize_with = "optional_path")]
    pub database: Option<PathBuf>,
}

/// A list of networks: an array in a file, or a text with commas in a variable. An address alone is a network of one.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum List {
        Text(String),
        Items(Vec<String>),
    }
    let items = match List::deserialize(deserializer)? {
        List::Text(text) => text.split(',').map(str::to_owned).collect(),
        List::Items(items) => items,
    };
    items
        .iter()
        .map(|item| item.trim())
        .filter(|item| !item.is_empty())
        .map(network)
        .collect()
}

fn network<E: serde::de::Error>(text: &str) -> Result<IpNet, E> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>().or_else(|_| address()).map_err(|_| {
        E::custom(format!(
            "{text:?} is neither a network such as \"10.0.0.0/8\" nor an address"
        ))
    })
}

fn optional_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    let path = String::deserialize(deserializer)?;
    Ok((!path.is_empty()).then(|| PathBuf::from(path)))
}
