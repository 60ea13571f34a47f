//! Remembered answers: once at a time, never too old, never another site's, and nothing lost when Redis is away.

use std::time::{Duration, Instant};

use hgpixel_config::{CacheUrl, SecretUrl};
use hgpixel_store::{Scope, Site};
use hgpixel_testkit::{Redis, TcpProxy, redis_prefix, shared_redis};
use serde_json::{Value, json};

use crate::support::{Answer, Pages, event, post};

struct Remembering {
    pages: Pages,
    site: Site,
    token: String,
}

impl Remembering {
    /// With one page view of today.
    async fn start(cache: CacheUrl) -> Self {
        let pages = Pages::start_with(|settings| settings.cache.url = cache).await;
        // Redis outlives a test, and so do keys of answers.
        let key = format!("{}example.com", redis_prefix().replace(':', "-"));
        let site = pages.add_site(&key).await;
        pages.store_events(vec![event(&site, 1)]).await;
        let token = pages.token(Scope::Read, None).await;
        Self { pages, site, token }
    }

    async fn ask(&self, pages: &Pages, more: Value) -> Answer {
        let mut question = json!({
            "site_id": self.site.key.as_str(),
            "metrics": ["pageviews"],
            "date_range": "day",
        });
        let more = more.as_object().unwrap().clone();
        question.as_object_mut().unwrap().extend(more);
        post("/api/v2/query")
            .json(&question)
            .bearer(&self.token)
            .send(pages)
            .await
    }

    /// The answer about today: where it came from, and its page views.
    async fn today(&self, pages: &Pages) -> (String, u64) {
        told(&self.ask(pages, json!({})).await)
    }

    async fn view(&self) {
        self.pages.store_events(vec![event(&self.site, 2)]).await;
    }
}

fn told(answer: &Answer) -> (String, u64) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let pageviews = answer.json()["results"][0]["metrics"][0].as_u64().unwrap();
    (answer.header("x-cache").to_owned(), pageviews)
}

fn is(found: &str, pageviews: u64) -> (String, u64) {
    (found.to_owned(), pageviews)
}

#[tokio::test]
async fn an_answer_is_reused_then_given_once_more_while_it_is_renewed_then_forgotten() {
    let remembering = Remembering::start(CacheUrl::Memory).await;
    let pages = &remembering.pages;
    assert_eq!(remembering.today(pages).await, is("miss", 1));
    remembering.view().await;
    pages.clock.advance_ms(4_999);
    assert_eq!(remembering.today(pages).await, is("hit", 1));
    pages.clock.advance_ms(1);
    assert_eq!(remembering.today(pages).await, is("stale", 1));
    hgpixel_testkit::wait_until("it is renewed", Duration::from_secs(10), async || {
        remembering.today(pages).await == is("hit", 2)
    })
    .await
    .unwrap();
    remembering.view().await;
    pages.clock.advance_ms(30_000);
    assert_eq!(remembering.today(pages).await, is("miss", 3));
}

#[tokio::test]
async fn what_is_over_is_fresh_for_a_minute() {
    let remembering = Remembering::start(CacheUrl::Memory).await;
    let pages = &remembering.pages;
    let over = json!({"date_range": ["2026-09-01", "2026-09-20"]});
    let ask = async || told(&remembering.ask(pages, over.clone()).await);
    assert_eq!(ask().await, is("miss", 0));
    pages.clock.advance_ms(59_999);
    assert_eq!(ask().await, is("hit", 0));
    pages.clock.advance_ms(1);
    assert_eq!(ask().await, is("stale", 0));
}

#[tokio::test]
async fn whoever_wants_it_computed_gets_that() {
    let remembering = Remembering::start(CacheUrl::Memory).await;
    let pages = &remembering.pages;
    assert_eq!(remembering.today(pages).await, is("miss", 1));
    remembering.view().await;
    let question = json!({
        "site_id": remembering.site.key.as_str(),
        "metrics": ["pageviews"],
        "date_range": "day",
    });
    let answer = post("/api/v2/query")
        .json(&question)
        .bearer(&remembering.token)
        .header("cache-control", "max-age=0, No-Cache")
        .send(pages)
        .await;
    assert_eq!(told(&answer), is("bypass", 2));
    hgpixel_testkit::wait_until("others get it too", Duration::from_secs(10), async || {
        remembering.today(pages).await == is("hit", 2)
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn many_who_ask_at_once_cost_one_computation() {
    let remembering = Remembering::start(CacheUrl::Memory).await;
    let pages = &remembering.pages;
    let asking = (0..20).map(|_| remembering.today(pages));
    let answers = futures_util::future::join_all(asking).await;
    assert!(answers.iter().all(|(_, pageviews)| *pageviews == 1));
    assert_eq!(pages.answers("miss"), 1, "{answers:?}");
    assert_eq!(pages.answers("joined") + pages.answers("hit"), 19);
}

#[tokio::test]
async fn questions_that_differ_have_answers_of_their_own() {
    let remembering = Remembering::start(CacheUrl::Memory).await;
    let pages = &remembering.pages;
    let same = [json!({}), json!({"dimensions": [], "filters": []})];
    for more in same {
        remembering.ask(pages, more).await;
    }
    assert_eq!(pages.answers("miss"), 1);
    let others = [
        json!({"metrics": ["pageviews", "visitors"]}),
        json!({"date_range": "7d"}),
        json!({"date_range": ["2026-09-21T00:00:00.000Z", "2026-09-22T00:00:00.000Z"]}),
        json!({"date_range": ["2026-09-21T00:00:00.001Z", "2026-09-22T00:00:00.000Z"]}),
        json!({"dimensions": ["time:hour"]}),
        json!({"dimensions": ["time:hour"], "include": {"time_labels": true}}),
        json!({"timezone": "Asia/Tokyo"}),
        json!({"filters": [["is", "event:page", ["/"]]]}),
        json!({"filters": [["is_not", "event:page", ["/"]]]}),
        json!({"order_by": [["pageviews", "asc"]]}),
        json!({"pagination": {"limit": 5}}),
        json!({"pagination": {"offset": 5}}),
        json!({"include": {"comparisons": {"mode": "previous_period"}}}),
        json!({"include": {"comparisons": {"mode": "year_over_year"}}}),
    ];
    for more in &others {
        remembering.ask(pages, more.clone()).await;
    }
    // The first pair of instants is the day itself.
    assert_eq!(pages.answers("miss"), others.len() as u64);
    assert_eq!(pages.answers("hit"), 2);
}

#[tokio::test]
async fn an_answer_says_whose_it_is_and_what_it_is() {
    let remembering = Remembering::start(CacheUrl::Memory).await;
    let pages = &remembering.pages;
    let first = remembering.ask(pages, json!({})).await;
    assert_eq!(first.header("cache-control"), "private, no-cache");
    assert_eq!(first.header("content-type"), "application/json");
    let again = remembering.ask(pages, json!({})).await;
    assert_eq!(first.header("etag"), again.header("etag"));
    let other = remembering.ask(pages, json!({"date_range": "7d"})).await;
    assert_ne!(first.header("etag"), other.header("etag"));
    let refused = remembering.ask(pages, json!({"metrics": []})).await;
    assert_eq!(refused.header("cache-control"), "no-store");
}

#[tokio::test]
async fn what_one_process_computed_another_finds() {
    let url = shared_redis().await.unwrap();
    let remembering = Remembering::start(CacheUrl::Redis(SecretUrl::new(url))).await;
    let another = remembering.pages.another();
    assert_eq!(remembering.today(&remembering.pages).await, is("miss", 1));
    hgpixel_testkit::wait_until("Redis has it", Duration::from_secs(10), async || {
        remembering.today(&another).await.0 == "hit"
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_redis_that_is_slow_or_away_costs_next_to_nothing() {
    let redis = Redis::start().await.unwrap();
    let proxy = TcpProxy::start(redis.port()).await.unwrap();
    let url = CacheUrl::Redis(SecretUrl::new(proxy.url(&redis.url())));
    let remembering = Remembering::start(url).await;
    let pages = &remembering.pages;
    // What the same costs without any of it.
    let warm = remembering.ask(pages, json!({"date_range": "28d"})).await;
    assert_eq!(warm.status, 200);
    proxy.slow(Duration::from_secs(5)).await;
    let timed = async |more: Value| {
        let started = Instant::now();
        let answer = remembering.ask(pages, more).await;
        assert_eq!(told(&answer).0, "miss");
        started.elapsed()
    };
    let first = timed(json!({"date_range": "7d"})).await;
    let second = timed(json!({"date_range": "30d"})).await;
    // 40 ms for the one that finds out, and what a busy machine needs to answer.
    assert!(first < Duration::from_secs(1), "{first:?}");
    assert!(second < Duration::from_secs(1), "{second:?}");
    proxy.cut().await;
    let cut = timed(json!({"date_range": "91d"})).await;
    assert!(cut < Duration::from_secs(1), "{cut:?}");
    assert_eq!(
        told(&remembering.ask(pages, json!({"date_range": "91d"})).await).0,
        "hit"
    );
}
