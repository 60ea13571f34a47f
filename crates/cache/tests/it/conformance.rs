//! The promises of the cache, kept by every backend.
use std::time::Duration;

use crate::support::{Backend, counted, open};
use bytes::Bytes;
use hgpixel_cache::{Cache, ENTRY_BYTES_MAX};
use hgpixel_testkit::wait_until;

const LONG: Duration = Duration::from_mins(1);

async fn check_what_is_put_comes_back(backend: Backend) {
    let (cache, _) = open(&backend);
    let key = backend.key("k");
    assert_eq!(cache.get(&key).await, None);
    cache
        .put(&key, Bytes::from_static(b"\0\xff one"), LONG)
        .await;
    cache.put(&backend.key("empty"), Bytes::new(), LONG).await;
    assert_eq!(cache.get(&key).await.unwrap(), &b"\0\xff one"[..]);
    assert_eq!(cache.get(&backend.key("empty")).await.unwrap(), &b""[..]);
    assert_eq!(cache.get(&backend.key("K")).await, None);
}

async fn check_a_later_put_replaces_bytes_and_time(backend: Backend) {
    let (cache, _) = open(&backend);
    let key = backend.key("k");
    cache
        .put(&key, Bytes::from_static(b"one"), Duration::from_millis(200))
        .await;
    cache.put(&key, Bytes::from_static(b"two"), LONG).await;
    let short = backend.key("short");
    cache
        .put(&short, Bytes::from_static(b"x"), Duration::from_millis(200))
        .await;
    wait_until("the short one is gone", LONG, async || {
        cache.get(&short).await.is_none()
    })
    .await
    .unwrap();
    assert_eq!(cache.get(&key).await.unwrap(), &b"two"[..]);
}

async fn check_an_entry_is_gone_after_its_time(backend: Backend) {
    let (cache, _) = open(&backend);
    let key = backend.key("k");
    cache
        .put(&key, Bytes::from_static(b"one"), Duration::from_millis(300))
        .await;
    assert!(cache.get(&key).await.is_some());
    wait_until("it is gone", Duration::from_secs(5), async || {
        cache.get(&key).await.is_none()
    })
    .await
    .unwrap();
}

async fn check_too_large_and_timeless_entries_are_not_kept(backend: Backend) {
    let (cache, _) = open(&backend);
    let at = |bytes| Bytes::from(vec![b'x'; bytes]);
    cache
        .put(&backend.key("fits"), at(ENTRY_BYTES_MAX), LONG)
        .await;
    cache
        .put(&backend.key("larger"), at(ENTRY_BYTES_MAX + 1), LONG)
        .await;
    cache
        .put(&backend.key("timeless"), at(1), Duration::ZERO)
        .await;
    assert_eq!(
        cache.get(&backend.key("fits")).await.unwrap().len(),
        ENTRY_BYTES_MAX
    );
    assert_eq!(cache.get(&backend.key("larger")).await, None);
    assert_eq!(cache.get(&backend.key("timeless")).await, None);
}

async fn check_clones_share_entries(backend: Backend) {
    let (cache, _) = open(&backend);
    let clone: Cache = cache.clone();
    clone
        .put(&backend.key("k"), Bytes::from_static(b"one"), LONG)
        .await;
    assert!(cache.get(&backend.key("k")).await.is_some());
}

async fn check_lookups_are_counted(backend: Backend) {
    let (cache, registry) = open(&backend);
    for result in ["hit", "miss", "corrupt", "error", "bypass"] {
        assert_eq!(
            counted(&registry, backend.tier(), result),
            0,
            "{result} starts at zero"
        );
    }
    cache.get(&backend.key("k")).await;
    cache.put(&backend.key("k"), Bytes::new(), LONG).await;
    cache.get(&backend.key("k")).await;
    cache.get(&backend.key("k")).await;
    // What this process put itself never asks Redis.
    assert_eq!(counted(&registry, backend.tier(), "miss"), 1);
    assert_eq!(counted(&registry, "memory", "hit"), 2);
}

macro_rules! for_each_backend {
    ($($name:ident => $check:ident,)*) => {
        mod memory {
            $(#[tokio::test]
            async fn $name() {
                super::$check(super::Backend::Memory).await;
            })*
        }
        mod redis {
            $(#[tokio::test]
            async fn $name() {
                super::$check(super::Backend::shared_redis().await).await;
            })*
        }
    };
}

for_each_backend! {
    what_is_put_comes_back => check_what_is_put_comes_back,
    a_later_put_replaces_bytes_and_time => check_a_later_put_replaces_bytes_and_time,
    an_entry_is_gone_after_its_time => check_an_entry_is_gone_after_its_time,
    too_large_and_timeless_entries_are_not_kept => check_too_large_and_timeless_entries_are_not_kept,
    clones_share_entries => check_clones_share_entries,
    lookups_are_counted => check_lookups_are_counted,
}
