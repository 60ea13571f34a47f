//! A cache of either backend, with keys of its own.

use hgpixel_cache::Cache;
use hgpixel_config::{CacheUrl, SecretUrl, Settings};
use hgpixel_testkit::{redis_prefix, shared_redis};
use prometheus::Registry;

pub(crate) enum Backend {
    Memory,
    Redis { url: String, prefix: String },
}

impl Backend {
    pub(crate) async fn shared_redis() -> Self {
        Self::redis(shared_redis().await.unwrap())
    }

    pub(crate) fn redis(url: impl Into<String>) -> Self {
        Self::Redis {
            url: url.into(),
            prefix: redis_prefix(),
        }
    }

    pub(crate) fn key(&self, name: &str) -> String {
        match self {
            Self::Memory => name.to_owned(),
            Self::Redis { prefix, .. } => format!("{prefix}{name}"),
        }
    }

    pub(crate) fn tier(&self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Redis { .. } => "redis",
        }
    }
}

pub(crate) fn open(backend: &Backend) -> (Cache, Registry) {
    let mut settings = Settings::default().cache;
    settings.url = match backend {
        Backend::Memory => CacheUrl::Memory,
        Backend::Redis { url, .. } => CacheUrl::Redis(SecretUrl::new(url)),
    };
    let registry = Registry::new();
    (Cache::open(&settings, &registry).unwrap(), registry)
}

/// The value of `hgpixel_cache_requests_total{tier, result}`.
pub(crate) fn counted(registry: &Registry, tier: &str, result: &str) -> u64 {
    let text = prometheus::TextEncoder::new()
        .encode_to_string(&registry.gather())
        .unwrap();
    let series = format!("hgpixel_cache_requests_total{{result=\"{result}\",tier=\"{tier}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&series));
    line.unwrap_or_else(|| panic!("{series} is missing in\n{text}"))
        .parse()
        .unwrap()
}
