//! Redis, shared by processes, hostile or away.
use std::time::{Duration, Instant};

use crate::support::{Backend, counted, open};
use bytes::Bytes;
use hgpixel_cache::Cache;
use hgpixel_testkit::{Redis, wait_until};

const LONG: Duration = Duration::from_mins(1);
const RECOVERY: Duration = Duration::from_secs(10);

async fn timed_get(cache: &Cache, key: &str) -> (Option<Bytes>, Duration) {
    let start = Instant::now();
    let found = cache.get(key).await;
    (found, start.elapsed())
}

async fn put_until_redis_has_it(cache: &Cache, backend: &Backend, name: &str) {
    wait_until("Redis takes entries again", RECOVERY, async || {
        cache
            .put(&backend.key(name), Bytes::from_static(b"one"), LONG)
            .await;
        // Another process' view: its own memory is empty.
        open(backend).0.get(&backend.key(name)).await.is_some()
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_one_process_put_another_finds_and_keeps_no_longer() {
    let backend = Backend::shared_redis().await;
    let (one, _) = open(&backend);
    let (other, registry) = open(&backend);
    let key = backend.key("k");
    one.put(&key, Bytes::from_static(b"one"), Duration::from_millis(500))
        .await;
    assert_eq!(other.get(&key).await.unwrap(), &b"one"[..]);
    assert_eq!(counted(&registry, "redis", "hit"), 1);
    assert!(other.get(&key).await.is_some());
    assert_eq!(counted(&registry, "memory", "hit"), 1);
    let put = Instant::now();
    wait_until("it is gone", RECOVERY, async || {
        other.get(&key).await.is_none()
    })
    .await
    .unwrap();
    assert!(put.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn garbage_in_redis_is_a_miss_and_costs_only_itself() {
    let redis = Redis::start().await.unwrap();
    let backend = Backend::redis(redis.url());
    let (cache, registry) = open(&backend);
    let good = backend.key("good");
    cache.put(&good, Bytes::from_static(b"one"), LONG).await;

    let client = redis::Client::open(redis.url()).unwrap();
    let mut raw = client.get_multiplexed_async_connection().await.unwrap();
    let stored = |name: &str| format!("hg:c1:{}", backend.key(name));
    let sealed: Vec<u8> = redis::cmd("GET")
        .arg(stored("good"))
        .query_async(&mut raw)
        .await
        .unwrap();
    let mut other_version = sealed.clone();
    other_version[0] += 1;
    for (name, value) in [
        ("garbage", b"garbage".to_vec()),
        ("empty", Vec::new()),
        ("version", other_version),
        // Another key's value, intact: of another site, perhaps.
        ("copied", sealed),
    ] {
        let set = redis::cmd("SET")
            .arg(stored(name))
            .arg(value)
            .arg("EX")
            .arg(60)
            .to_owned();
        let () = set.query_async(&mut raw).await.unwrap();
        assert_eq!(cache.get(&backend.key(name)).await, None, "{name}");
    }
    let () = redis::cmd("RPUSH")
        .arg(stored("list"))
        .arg(1)
        .query_async(&mut raw)
        .await
        .unwrap();
    assert_eq!(cache.get(&backend.key("list")).await, None);

    assert_eq!(counted(&registry, "redis", "corrupt"), 5);
    assert_eq!(counted(&registry, "redis", "error"), 0);
    assert!(
        open(&backend).0.get(&good).await.is_some(),
        "Redis is still asked"
    );
}

#[tokio::test]
async fn a_killed_redis_is_a_miss_at_once_and_comes_back() {
    let redis = Redis::start().await.unwrap();
    let backend = Backend::redis(redis.url());
    let (cache, registry) = open(&backend);
    put_until_redis_has_it(&cache, &backend, "before").await;

    redis.kill().await.unwrap();
    let (found, first) = timed_get(&cache, &backend.key("absent")).await;
    assert_eq!(found, None);
    assert!(first < Duration::from_millis(60), "{first:?}");
    assert!(
        cache.get(&backend.key("before")).await.is_some(),
        "this process still knows it"
    );
    let asked = Instant::now();
    for n in 0..100 {
        assert_eq!(cache.get(&backend.key(&format!("absent {n}"))).await, None);
        cache
            .put(&backend.key("kept"), Bytes::from_static(b"one"), LONG)
            .await;
    }
    assert!(
        asked.elapsed() < Duration::from_millis(60),
        "{:?}",
        asked.elapsed()
    );
    assert!(counted(&registry, "redis", "bypass") >= 99);

    redis.restart().await.unwrap();
    put_until_redis_has_it(&cache, &backend, "after").await;
}

/// The bound is on the best of three rounds: a busy machine may hold one up, not all.
#[tokio::test]
async fn a_frozen_redis_costs_one_deadline_and_then_nothing() {
    let redis = Redis::start().await.unwrap();
    let backend = Backend::redis(redis.url());
    let (cache, _) = open(&backend);
    let mut best = LONG;
    for round in 0..3 {
        put_until_redis_has_it(&cache, &backend, &format!("round {round}")).await;
        redis.pause().await.unwrap();
        let (found, first) = timed_get(&cache, &backend.key("absent")).await;
        assert_eq!(found, None);
        assert!(
            first >= Duration::from_millis(30),
            "Redis was asked: {first:?}"
        );
        let (_, then) = timed_get(&cache, &backend.key("absent")).await;
        best = best.min(first.max(then * 10));
        redis.resume().await.unwrap();
    }
    assert!(best < Duration::from_millis(60), "{best:?}");
}

#[tokio::test]
async fn a_redis_that_was_never_there_is_a_miss() {
    let port = hgpixel_testkit::free_port();
    let backend = Backend::redis(format!("redis://127.0.0.1:{port}"));
    let (cache, registry) = open(&backend);
    assert_eq!(cache.get(&backend.key("k")).await, None);
    cache
        .put(&backend.key("k"), Bytes::from_static(b"one"), LONG)
        .await;
    assert!(
        cache.get(&backend.key("k")).await.is_some(),
        "memory still works"
    );
    assert_eq!(counted(&registry, "redis", "error"), 1);
}
