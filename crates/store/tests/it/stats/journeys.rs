//! Journeys by hand, with the figures that `docs/metrics.md` promises.

use hgpixel_store::{
    Dimension, Direction, EventStore, Figure, Filter, Matching, Metric, NewEvent, OrderBy, Site,
    StatsAnswer, StatsQuery, StatsValue, Test,
};

use crate::support::{
    DAY_MS, HOUR_MS, MINUTE_MS, NOW_MS, Place, append, for_each_backend, hit, site,
};

for_each_backend!(a_visit_counts_once_in_each_group_it_touches);

/// A question about the two days around now.
fn question(site: &Site) -> StatsQuery {
    StatsQuery {
        site: site.id,
        from_ms: NOW_MS - DAY_MS,
        until_ms: NOW_MS + DAY_MS,
        metrics: Metric::ALL.to_vec(),
        dimensions: Vec::new(),
        edges_ms: Vec::new(),
        filters: Vec::new(),
        order: vec![(OrderBy::Metric(Metric::Visitors), Direction::Descending)],
        limit: 100,
        offset: 0,
        only: None,
    }
}

fn on(mut event: NewEvent, path: &str) -> NewEvent {
    event.event.url = format!("https://example.com{path}");
    event.enriched.path = path.to_owned();
    event
}

fn of_kind(mut event: NewEvent, kind: &str, data: &str) -> NewEvent {
    event.event.kind = kind.to_owned();
    event.event.data = data.to_owned();
    event
}

/// Rows as text: the dimensions, then the figures.
fn told(answer: &StatsAnswer, metrics: &[Metric]) -> Vec<String> {
    let figure = |figure: Option<Figure>| match figure {
        None => "-".to_owned(),
        Some(Figure::Whole(number)) => number.to_string(),
        Some(Figure::Hundredths(number)) => format!("{}.{:02}", number / 100, number % 100),
    };
    let row = |row: &hgpixel_store::StatsRow| {
        let dimensions = row.dimensions.iter().map(|value| match value {
            StatsValue::Text(text) => text.clone(),
            StatsValue::Bucket(bucket) => format!("#{bucket}"),
        });
        let figures = metrics
            .iter()
            .map(|metric| figure(metric.figure(&row.counts)));
        dimensions.chain(figures).collect::<Vec<_>>().join(" ")
    };
    answer.rows.iter().map(row).collect()
}

async fn ask(store: &EventStore, query: &StatsQuery) -> Vec<String> {
    told(&store.stats(query).await.unwrap(), &query.metrics)
}

async fn a_visit_counts_once_in_each_group_it_touches(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(
        &store,
        vec![
            on(hit(&site, 1, 0), "/"),
            on(hit(&site, 1, MINUTE_MS), "/b"),
            on(
                of_kind(
                    hit(&site, 1, 2 * MINUTE_MS),
                    "engagement",
                    r#"{"engaged":4000,"scroll":50}"#,
                ),
                "/b",
            ),
            on(
                of_kind(
                    hit(&site, 1, 3 * MINUTE_MS),
                    "engagement",
                    r#"{"engaged":2000,"scroll":80}"#,
                ),
                "/b",
            ),
            on(hit(&site, 2, 0), "/"),
            on(
                of_kind(hit(&site, 3, HOUR_MS), "signup", r#"{"plan":"pro"}"#),
                "/b",
            ),
        ],
    )
    .await;
    let mut query = question(&site);
    // visitors visits pageviews events views/visit bounce duration time scroll conversion percentage
    assert_eq!(
        ask(&store, &query).await,
        ["3 3 3 4 1.00 33 60 6 80 100.00 100.00"]
    );
    query.dimensions = vec![Dimension::Page];
    assert_eq!(
        ask(&store, &query).await,
        [
            "/ 2 2 2 2 1.00 50 90 - - 66.67 66.67",
            "/b 2 2 1 2 0.50 0 90 6 80 66.67 66.67"
        ]
    );
    query.dimensions = vec![Dimension::Time, Dimension::EventName];
    query.edges_ms = vec![NOW_MS - DAY_MS, NOW_MS, NOW_MS + HOUR_MS, NOW_MS + DAY_MS];
    query.metrics = vec![Metric::Visitors];
    query.order = Vec::new();
    assert_eq!(
        ask(&store, &query).await,
        ["#1 engagement 1", "#1 pageview 2", "#2 signup 1"]
    );
    query.dimensions = vec![Dimension::Property("plan".into())];
    assert_eq!(ask(&store, &query).await, ["pro 1"]);
    let signed_up = Filter::Test(Test {
        dimension: Dimension::EventName,
        matching: Matching::Is(vec!["signup".into()]),
    });
    query.dimensions = vec![Dimension::Source];
    query.metrics = vec![Metric::Visitors, Metric::ConversionRate];
    query.filters = vec![signed_up.clone()];
    assert_eq!(ask(&store, &query).await, ["Direct / None 1 33.33"]);
    query.filters = vec![Filter::Done(Box::new(signed_up))];
    assert_eq!(ask(&store, &query).await, ["Direct / None 1 100.00"]);
}
