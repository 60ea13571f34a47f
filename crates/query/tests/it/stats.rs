//! `/api/v2/query` from outside.

use std::time::Duration;

use hgpixel_event::Event;
use hgpixel_query::ROUTES;
use hgpixel_store::{Scope, Site};
use serde_json::{Value, json};

use crate::support::{Answer, Pages, event, get, post};

struct Asked {
    pages: Pages,
    token: String,
}

impl Asked {
    /// Three page views within an hour, by two visitors.
    async fn start() -> Self {
        let pages = Pages::start().await;
        let site = pages.add_site("example.com").await;
        let viewed = |visitor, minutes: i64, url: &str| Event {
            visitor: Some(visitor),
            url: url.into(),
            ..event(&site, minutes * 60)
        };
        pages
            .store_events(vec![
                viewed(1, 0, "https://example.com/"),
                viewed(1, 10, "https://example.com/b"),
                viewed(2, 10, "https://example.com/b"),
            ])
            .await;
        let token = pages.token(Scope::Read, None).await;
        Self { pages, token }
    }

    async fn ask(&self, question: &Value) -> Answer {
        post("/api/v2/query")
            .json(question)
            .bearer(&self.token)
            .send(&self.pages)
            .await
    }
}

/// About the site that all these tests have.
fn about(more: &Value) -> Value {
    let mut question = json!({
        "site_id": "example.com",
        "metrics": ["visitors", "pageviews"],
        "date_range": "day",
    });
    let more = more.as_object().unwrap().clone();
    question.as_object_mut().unwrap().extend(more);
    question
}

#[tokio::test]
async fn a_process_that_starts_reads_today_before_anybody_asks() {
    let asked = Asked::start().await;
    let started = asked.pages.restarted().await;
    let series = "hgpixel_store_answers_total{source=\"rollups\"}";
    hgpixel_testkit::wait_until("today is read", Duration::from_secs(10), async || {
        started.metric(series) == 1
    })
    .await
    .unwrap();
    let answer = post("/api/v2/query")
        .json(&about(&json!({})))
        .bearer(&asked.token)
        .send(&started)
        .await;
    assert_eq!(answer.json()["results"][0]["metrics"], json!([2, 3]));
}

#[tokio::test]
async fn figures_come_with_the_question_as_it_was_understood() {
    let asked = Asked::start().await;
    let answer = asked.ask(&about(&json!({}))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let json = answer.json();
    assert_eq!(
        json["results"],
        json!([{"dimensions": [], "metrics": [2, 3]}])
    );
    assert_eq!(json["meta"], json!({}));
    assert_eq!(
        json["query"],
        json!({
            "site_id": "example.com",
            "metrics": ["visitors", "pageviews"],
            "date_range": ["2026-09-21T00:00:00+00:00", "2026-09-21T23:59:59+00:00"],
            "dimensions": [],
            "filters": [],
            "order_by": [["visitors", "desc"]],
            "include": {},
            "pagination": {"limit": 10_000, "offset": 0},
            "timezone": "UTC",
        })
    );
}

#[tokio::test]
async fn times_have_labels_of_the_zone() {
    let asked = Asked::start().await;
    let question = about(&json!({
        "dimensions": ["time:hour"],
        "timezone": "Asia/Kathmandu",
        "include": {"time_labels": true},
        "date_range": ["2026-09-21", "2026-09-21"],
    }));
    let json = asked.ask(&question).await.json();
    // 13:13 and 13:23 UTC are 18:58 and 19:08 in Nepal.
    assert_eq!(
        json["results"],
        json!([
            {"dimensions": ["2026-09-21 18:00:00"], "metrics": [1, 1]},
            {"dimensions": ["2026-09-21 19:00:00"], "metrics": [2, 2]},
        ])
    );
    let labels = json["meta"]["time_labels"].as_array().unwrap();
    assert_eq!(
        (labels.len(), &labels[23]),
        (24, &json!("2026-09-21 23:00:00"))
    );
}

#[tokio::test]
async fn a_range_is_compared_row_by_row() {
    let asked = Asked::start().await;
    let question = about(&json!({
        "dimensions": ["event:page"],
        "date_range": ["2026-09-21T13:20:00Z", "2026-09-21T13:30:00Z"],
        "include": {"comparisons": {"mode": "previous_period"}, "total_rows": true},
    }));
    let json = asked.ask(&question).await.json();
    assert_eq!(
        json["meta"]["total_rows"], 0,
        "paths are the worker's to tell: {json}"
    );
    let question = about(&json!({
        "date_range": ["2026-09-21T13:20:00Z", "2026-09-21T13:30:00Z"],
        "include": {"comparisons": {"mode": "previous_period"}, "total_rows": true},
    }));
    let json = asked.ask(&question).await.json();
    assert_eq!(
        json["results"],
        json!([{
            "dimensions": [],
            "metrics": [2, 2],
            "comparison": {"dimensions": [], "metrics": [1, 1], "change": [100, 100]},
        }])
    );
    assert_eq!(
        json["query"]["comparison_date_range"],
        json!(["2026-09-21T13:10:00+00:00", "2026-09-21T13:19:59+00:00"])
    );
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_by_its_key() {
    let asked = Asked::start().await;
    for (more, begin) in [
        (json!({"metrics": []}), "metrics: "),
        (json!({"metrics": ["visitors", "visitors"]}), "metrics: "),
        (
            json!({"metrics": ["users"]}),
            "metrics[0]: `users` is not known; there are visitors, ",
        ),
        (
            json!({"dimensions": ["event:goal"]}),
            "dimensions[0]: `event:goal`",
        ),
        (
            json!({"dimensions": ["time:day", "time"]}),
            "dimensions: at most one",
        ),
        (
            json!({"dimensions": ["event:props:a\"b"]}),
            "dimensions[0]: the key",
        ),
        (
            json!({"date_range": "yesterday"}),
            "date_range: expected day, ",
        ),
        (json!({"date_range": null}), "date_range: expected day, "),
        (json!({"filters": [["is", "event:page"]]}), "filters[0]: "),
        (json!({"order_by": [["events", "desc"]]}), "order_by[0]: "),
        (json!({"order_by": [["visitors", "down"]]}), "order_by[0]: "),
        (
            json!({"include": {"time_labels": true}}),
            "include.time_labels: ",
        ),
        (json!({"include": {"totals": true}}), "include.totals: "),
        (json!({"pagination": {"limit": 0}}), "pagination.limit: "),
        (
            json!({"pagination": {"limit": 10_001}}),
            "pagination.limit: ",
        ),
        (json!({"pagination": {"offset": -1}}), "pagination.offset: "),
        (json!({"timezone": "Mars/Olympus"}), "timezone: "),
        (json!({"site_id": 1}), "site_id: "),
        (
            json!({"sites": 1}),
            "sites: this key is not known; there are site_id, ",
        ),
        (
            json!({"dimensions": ["time:minute"], "date_range": "30d"}),
            "dimensions: this range has more than",
        ),
    ] {
        let answer = asked.ask(&about(&more)).await;
        assert_eq!(answer.status, 400, "{more}");
        assert!(
            answer.detail().starts_with(begin),
            "{more}: {}",
            answer.detail()
        );
        assert_eq!(answer.json()["error"], answer.detail(), "{more}");
    }
    let answer = post("/api/v2/query")
        .bearer(&asked.token)
        .send(&asked.pages)
        .await;
    assert!(answer.detail().starts_with("the body is not JSON"));
}

#[tokio::test]
async fn a_site_that_is_not_the_viewers_is_like_one_that_does_not_exist() {
    let asked = Asked::start().await;
    let other: Site = asked.pages.add_site("other.example").await;
    let token = asked.pages.token(Scope::Read, Some(other.id)).await;
    let refused = |key: &'static str, token: String| {
        let question = about(&json!({"site_id": key}));
        let pages = &asked.pages;
        async move {
            let answer = post("/api/v2/query")
                .json(&question)
                .bearer(&token)
                .send(pages)
                .await;
            (answer.status, answer.body.replace(key, "KEY"))
        }
    };
    let hidden = refused("example.com", token.clone()).await;
    assert_eq!(hidden.0, 404);
    assert_eq!(hidden, refused("nowhere.example", token.clone()).await);
    assert_eq!(refused("other.example", token).await.0, 200);
    let nobody = post("/api/v2/query")
        .json(&about(&json!({})))
        .send(&asked.pages)
        .await;
    assert_eq!(nobody.status, 401);
}

/// The description of the interfaces is kept by hand: each of its paths is a route that is there, by the same method.
#[tokio::test]
async fn the_description_names_routes_that_are_there() {
    let asked = Asked::start().await;
    let answer = get("/openapi.json")
        .bearer(&asked.token)
        .send(&asked.pages)
        .await;
    let json = answer.json();
    assert_eq!(json["openapi"], "3.1.0");
    let described: Vec<(String, String)> = json["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let routes: Vec<(String, String)> = ROUTES
        .iter()
        .map(|route| (route.method.to_string(), route.path.to_owned()))
        .collect();
    for route in &described {
        // Taken by ingest, which this router knows nothing of.
        let is_ingest = route.1 == "/track";
        assert!(is_ingest || routes.contains(route), "{route:?}");
    }
    // What is for programs is all described.
    let for_programs = |path: &str| path.starts_with("/api/") || path == "/openapi.json";
    for route in routes.iter().filter(|(_, path)| for_programs(path)) {
        assert!(described.contains(route), "{route:?}");
    }
}
