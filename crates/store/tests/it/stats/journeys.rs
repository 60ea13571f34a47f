//! Journeys by hand, with the figures that `docs/metrics.md` promises.

use hgpixel_store::{
    Dimension, Direction, EventStore, Figure, Filter, Matching, Metric, NewEvent, OrderBy, Site,
    StatsAnswer, StatsQuery, StatsValue, StoreError, Test,
};

use crate::support::{
    DAY_MS, HOUR_MS, Keeper, MINUTE_MS, NOW_MS, Place, append, ask as sql, for_each_backend, hit,
    site,
};

for_each_backend!(
    a_visit_counts_once_in_each_group_it_touches,
    a_visit_over_midnight_is_one_of_both_days,
    half_an_hour_without_an_event_ends_a_visit,
    what_arrives_late_and_out_of_order_is_counted_where_it_happened,
    bots_are_left_out_unless_they_are_asked_for,
    who_opted_out_is_counted_in_views_alone,
    a_page_past_the_end_says_how_many_rows_there_are,
    questions_beyond_the_limits_are_refused,
    kinds_beyond_the_columns_room_are_found,
    a_store_of_the_first_version_learns_what_was_meant,
);

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
    path.clone_into(&mut event.enriched.path);
    event
}

fn of_kind(mut event: NewEvent, kind: &str, data: &str) -> NewEvent {
    kind.clone_into(&mut event.event.kind);
    data.clone_into(&mut event.event.data);
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
    query.filters = vec![Filter::Done(vec![signed_up])];
    assert_eq!(ask(&store, &query).await, ["Direct / None 1 100.00"]);
}

/// Visitors, visits, bounces and seconds by bucket.
async fn by_time(store: &EventStore, site: &Site, edges_ms: Vec<i64>) -> Vec<String> {
    let query = StatsQuery {
        from_ms: edges_ms[0],
        until_ms: *edges_ms.last().unwrap(),
        metrics: vec![
            Metric::Visitors,
            Metric::Visits,
            Metric::BounceRate,
            Metric::VisitDuration,
        ],
        dimensions: vec![Dimension::Time],
        edges_ms,
        order: Vec::new(),
        ..question(site)
    };
    ask(store, &query).await
}

async fn a_visit_over_midnight_is_one_of_both_days(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    // 2026-11-24T00:00:00Z.
    let midnight = 12 * HOUR_MS;
    append(
        &store,
        vec![
            hit(&site, 1, midnight - 10 * MINUTE_MS),
            hit(&site, 1, midnight + 10 * MINUTE_MS),
            hit(&site, 2, midnight),
        ],
    )
    .await;
    let day = NOW_MS + midnight;
    // Each day has the whole visit: its 20 minutes, and that it did not bounce.
    let edges = vec![day - DAY_MS, day, day + DAY_MS];
    assert_eq!(
        by_time(&store, &site, edges).await,
        ["#0 1 1 0 1200", "#1 2 2 50 600"]
    );
    // Together they have it once.
    assert_eq!(
        by_time(&store, &site, vec![day - DAY_MS, day + DAY_MS]).await,
        ["#0 2 2 50 600"]
    );
    // The same instants cut by another zone's midnight, and by a day of 25 hours.
    let edges = vec![day - DAY_MS, day + HOUR_MS, day + DAY_MS];
    assert_eq!(by_time(&store, &site, edges).await, ["#0 2 2 50 600"]);
}

async fn half_an_hour_without_an_event_ends_a_visit(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(
        &store,
        vec![
            hit(&site, 1, 0),
            hit(&site, 1, 31 * MINUTE_MS),
            hit(&site, 2, 0),
            hit(&site, 2, 29 * MINUTE_MS),
        ],
    )
    .await;
    let query = StatsQuery {
        metrics: vec![Metric::Visitors, Metric::Visits, Metric::BounceRate],
        ..question(&site)
    };
    assert_eq!(ask(&store, &query).await, ["2 3 67"]);
}

async fn what_arrives_late_and_out_of_order_is_counted_where_it_happened(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(&store, vec![on(hit(&site, 1, 2 * MINUTE_MS), "/c")]).await;
    append(&store, vec![on(hit(&site, 1, 0), "/a")]).await;
    append(&store, vec![on(hit(&site, 1, MINUTE_MS), "/b")]).await;
    // Six days late.
    let mut late = on(hit(&site, 2, -6 * DAY_MS), "/late");
    late.event.received_ms = NOW_MS;
    append(&store, vec![late]).await;
    let mut query = StatsQuery {
        metrics: vec![Metric::Visits, Metric::Pageviews, Metric::VisitDuration],
        dimensions: vec![Dimension::EntryPage, Dimension::ExitPage],
        ..question(&site)
    };
    assert_eq!(ask(&store, &query).await, ["/a /c 1 3 120"]);
    query.from_ms = NOW_MS - 6 * DAY_MS;
    query.until_ms = query.from_ms + 1;
    assert_eq!(ask(&store, &query).await, ["/late /late 1 1 0"]);
}

async fn bots_are_left_out_unless_they_are_asked_for(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut bot = hit(&site, 2, 0);
    bot.enriched.bot_reason = "crawler".into();
    bot.enriched.bot_name = "GPTBot".into();
    append(&store, vec![hit(&site, 1, 0), bot]).await;
    let mut query = StatsQuery {
        metrics: vec![Metric::Visitors, Metric::Pageviews],
        ..question(&site)
    };
    assert_eq!(ask(&store, &query).await, ["1 1"]);
    query.dimensions = vec![Dimension::BotReason];
    assert_eq!(ask(&store, &query).await, ["crawler 1 1"]);
    let people = Filter::Test(Test {
        dimension: Dimension::BotName,
        matching: Matching::Is(vec!["(none)".into()]),
    });
    query.dimensions = Vec::new();
    query.filters = vec![Filter::Not(Box::new(people))];
    assert_eq!(ask(&store, &query).await, ["1 1"]);
    query.filters = vec![Filter::Any(vec![
        query.filters[0].clone(),
        Filter::Not(Box::new(query.filters[0].clone())),
    ])];
    assert_eq!(ask(&store, &query).await, ["2 2"]);
}

async fn who_opted_out_is_counted_in_views_alone(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let opted_out = |offset_ms| {
        let mut event = hit(&site, 0, offset_ms);
        event.event.visitor = None;
        event
    };
    let engaged = of_kind(
        opted_out(3),
        "engagement",
        r#"{"engaged":9000,"scroll":90}"#,
    );
    append(&store, vec![opted_out(0), opted_out(1), engaged]).await;
    assert_eq!(
        ask(&store, &question(&site)).await,
        ["0 0 2 2 0.00 0 0 - - 0.00 0.00"]
    );
}

async fn a_page_past_the_end_says_how_many_rows_there_are(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(
        &store,
        vec![on(hit(&site, 1, 0), "/a"), on(hit(&site, 1, 1), "/b")],
    )
    .await;
    let query = StatsQuery {
        dimensions: vec![Dimension::Page],
        offset: 2,
        ..question(&site)
    };
    let answer = store.stats(&query).await.unwrap();
    assert_eq!((answer.rows.len(), answer.total_rows), (0, 2));
}

async fn questions_beyond_the_limits_are_refused(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let refused = async |query: StatsQuery| {
        let error = store.stats(&query).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid(_)), "{error}");
    };
    refused(StatsQuery {
        dimensions: vec![Dimension::Page; 6],
        ..question(&site)
    })
    .await;
    refused(StatsQuery {
        limit: 10_001,
        ..question(&site)
    })
    .await;
    refused(StatsQuery {
        dimensions: vec![Dimension::Time],
        edges_ms: vec![NOW_MS, NOW_MS + DAY_MS],
        ..question(&site)
    })
    .await;
}

/// The column of an event has two bytes for its kind; of later kinds the number is elsewhere.
async fn kinds_beyond_the_columns_room_are_found(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(&store, vec![hit(&site, 1, 0)]).await;
    let digest = match &place.keeper {
        Keeper::Sqlite(_) => "x'00000000000000000000000000000001'",
        Keeper::Postgres(_) => "'00000000-0000-0000-0000-000000000001'",
    };
    let overriding = match &place.keeper {
        Keeper::Sqlite(_) => "",
        Keeper::Postgres(_) => "overriding system value",
    };
    sql(
        &place,
        &format!(
            "insert into kinds (digest, id, name) {overriding} values ({digest}, 40000, 'the last')"
        ),
    )
    .await;
    if matches!(place.keeper, Keeper::Postgres(_)) {
        sql(
            &place,
            "alter table kinds alter column id restart with 40001",
        )
        .await;
    }
    append(&store, vec![of_kind(hit(&site, 2, 0), "later", "")]).await;
    let mut query = StatsQuery {
        metrics: vec![Metric::Visitors, Metric::Events],
        dimensions: vec![Dimension::EventName],
        ..question(&site)
    };
    assert_eq!(ask(&store, &query).await, ["later 1 1", "pageview 1 1"]);
    let later = Filter::Test(Test {
        dimension: Dimension::EventName,
        matching: Matching::Contains(vec!["late".into()]),
    });
    query.filters = vec![later.clone()];
    assert_eq!(ask(&store, &query).await, ["later 1 1"]);
    query.filters = vec![Filter::Not(Box::new(later))];
    assert_eq!(ask(&store, &query).await, ["pageview 1 1"]);
}

/// What the third migration does with the sessions that are there already.
async fn a_store_of_the_first_version_learns_what_was_meant(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(
        &store,
        vec![
            hit(&site, 1, 0),
            of_kind(hit(&site, 1, 1), "signup", ""),
            of_kind(hit(&site, 1, 2), "click", ""),
            of_kind(hit(&site, 1, 3), "error", ""),
            hit(&site, 2, 0),
        ],
    )
    .await;
    let interactions = "select interactions from sessions order by visitor";
    let kept = sql(&place, interactions).await;
    assert_eq!(kept, "2\n0");
    // The store as it was before version 3, without what that one and the later ones have made.
    sql(&place, "alter table sessions drop column interactions").await;
    for table in [
        "kept",
        "shared_links",
        "rollup_days",
        "rollups",
        "rollup_marks",
        "verdicts",
        "verdict_sweeps",
    ] {
        sql(&place, &format!("drop table {table}")).await;
    }
    sql(&place, "drop index events_late").await;
    sql(&place, "alter table clients drop column original").await;
    sql(&place, "delete from schema_versions where version >= 3").await;
    EventStore::migrate(&place.settings, &place.clock)
        .await
        .unwrap();
    assert_eq!(sql(&place, interactions).await, kept);
}
