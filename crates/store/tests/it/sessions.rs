//! Sessions: gaps, late arrivals, two workers, nobody.

use std::collections::HashMap;

use hgpixel_event::Place as Where;
use hgpixel_store::{EventStore, NewEvent, Site};

use crate::support::{
    HOUR_MS, MINUTE_MS, NOW_MS, Place, all, append, ask, at_url, for_each_backend, hit, message,
    site,
};

for_each_backend!(
    a_gap_of_half_an_hour_begins_a_session,
    sessions_go_on_over_batches,
    a_late_event_moves_the_beginning,
    a_late_run_is_a_session_of_its_own,
    a_late_run_inside_the_session_changes_its_counters_only,
    one_batch_may_hold_several_sessions_of_a_visitor,
    two_late_runs_can_meet_in_one_session,
    visitors_and_sites_are_apart,
    nobody_has_no_visit,
    duplicates_do_not_count_and_do_not_begin_sessions,
    the_first_event_tells_of_the_session,
    what_a_writer_remembers_is_what_is_stored,
    a_session_without_end_is_cut,
    two_workers_agree_on_sessions,
);

/// The sessions by their starts: started, duration, pageviews, events (minutes from now, in order of time).
async fn sessions(place: &Place) -> String {
    let sql = format!(
        "select (started_ms - {NOW_MS}) / {MINUTE_MS}, duration_ms / {MINUTE_MS}, pageviews, events \
         from sessions order by started_ms, events"
    );
    ask(place, &sql).await
}

async fn at_minutes(store: &EventStore, site: &Site, minutes: &[i64]) {
    append(
        store,
        minutes
            .iter()
            .map(|minute| hit(site, 1, minute * MINUTE_MS))
            .collect(),
    )
    .await;
}

async fn a_gap_of_half_an_hour_begins_a_session(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    at_minutes(&store, &site, &[0]).await;
    append(&store, vec![hit(&site, 1, 30 * MINUTE_MS - 1)]).await;
    append(&store, vec![hit(&site, 1, 60 * MINUTE_MS - 1)]).await;
    assert_eq!(sessions(&place).await, "0|29|2|2\n59|0|1|1");
}

async fn sessions_go_on_over_batches(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut click = hit(&site, 1, 20 * MINUTE_MS);
    click.event.kind = "click".into();
    append(
        &store,
        vec![at_url(hit(&site, 1, 0), "https://example.com/in")],
    )
    .await;
    append(
        &store,
        vec![
            click,
            at_url(hit(&site, 1, 40 * MINUTE_MS), "https://example.com/out"),
        ],
    )
    .await;
    assert_eq!(sessions(&place).await, "0|40|2|3");
    let pages = "select entry.url, out.url from sessions s \
                 join pages entry on entry.id = s.entry_page join pages out on out.id = s.exit_page";
    assert_eq!(
        ask(&place, pages).await,
        "https://example.com/in|https://example.com/out"
    );
}

async fn a_late_event_moves_the_beginning(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(
        &store,
        vec![at_url(hit(&site, 1, 0), "https://example.com/later")],
    )
    .await;
    append(
        &store,
        vec![at_url(
            hit(&site, 1, -20 * MINUTE_MS),
            "https://example.com/first",
        )],
    )
    .await;
    assert_eq!(sessions(&place).await, "-20|20|2|2");
    let pages = "select entry.url, out.url from sessions s \
                 join pages entry on entry.id = s.entry_page join pages out on out.id = s.exit_page";
    assert_eq!(
        ask(&place, pages).await,
        "https://example.com/first|https://example.com/later"
    );
    // And what was moved still ends where it ended.
    at_minutes(&store, &site, &[29]).await;
    assert_eq!(sessions(&place).await, "-20|49|3|3");
}

async fn a_late_run_is_a_session_of_its_own(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    at_minutes(&store, &site, &[0]).await;
    at_minutes(&store, &site, &[-40, -30]).await;
    assert_eq!(sessions(&place).await, "-40|10|2|2\n0|0|1|1");
    // The current session was left alone.
    at_minutes(&store, &site, &[29]).await;
    assert_eq!(sessions(&place).await, "-40|10|2|2\n0|29|2|2");
}

async fn a_late_run_inside_the_session_changes_its_counters_only(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    at_minutes(&store, &site, &[0, 20, 40]).await;
    at_minutes(&store, &site, &[10, 30]).await;
    assert_eq!(sessions(&place).await, "0|40|5|5");
}

async fn one_batch_may_hold_several_sessions_of_a_visitor(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    at_minutes(&store, &site, &[90, 0, 10, 200, 95]).await;
    assert_eq!(sessions(&place).await, "0|10|2|2\n90|5|2|2\n200|0|1|1");
    at_minutes(&store, &site, &[210]).await;
    assert_eq!(sessions(&place).await, "0|10|2|2\n90|5|2|2\n200|10|2|2");
}

async fn two_late_runs_can_meet_in_one_session(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    at_minutes(&store, &site, &[0, 20, 40, 60, 80]).await;
    at_minutes(&store, &site, &[5, 70]).await;
    assert_eq!(sessions(&place).await, "0|80|7|7");
}

async fn visitors_and_sites_are_apart(place: Place) {
    let store = place.open().await;
    let (a, b) = (site(&store, "a").await, site(&store, "b").await);
    append(
        &store,
        vec![hit(&a, 1, 0), hit(&a, 2, 1), hit(&b, 1, 2), hit(&a, -1, 3)],
    )
    .await;
    assert_eq!(ask(&place, "select count(*) from sessions").await, "4");
}

async fn nobody_has_no_visit(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut events = vec![hit(&site, 1, 0), hit(&site, 1, 1)];
    for event in &mut events {
        event.event.visitor = None;
    }
    append(&store, events).await;
    assert_eq!(
        ask(&place, "select count(*), count(visitor) from sessions").await,
        "2|0"
    );
    assert_eq!(ask(&place, "select count(*) from visits").await, "0");
}

async fn duplicates_do_not_count_and_do_not_begin_sessions(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let first = hit(&site, 1, 0);
    append(&store, vec![first.clone()]).await;
    at_minutes(&store, &site, &[60]).await;
    // The client sends the first again, long after its session: it belongs to nothing new.
    let mut writer = store.writer("w").await.unwrap();
    let again = writer
        .append(&[message(vec![first.clone()])])
        .await
        .unwrap();
    assert_eq!((again.stored, again.duplicate), (0, 1));
    assert_eq!(sessions(&place).await, "0|0|1|1\n60|0|1|1");
    // Nor does an event that is a duplicate tell of the session that its neighbours begin.
    let mut neighbour = hit(&site, 1, -60 * MINUTE_MS);
    neighbour.event.user_agent = "other".into();
    let mut known = first;
    known.event.time_ms = NOW_MS - 61 * MINUTE_MS;
    let appended = writer
        .append(&[message(vec![known, neighbour])])
        .await
        .unwrap();
    assert_eq!((appended.stored, appended.duplicate), (1, 1));
    assert_eq!(sessions(&place).await, "-60|0|1|1\n0|0|1|1\n60|0|1|1");
    assert_eq!(all(&store).await[0].user_agent, "other");
}

async fn the_first_event_tells_of_the_session(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut first = hit(&site, 1, 0);
    first.enriched.channel = "Organic search".into();
    first.event.place = Where {
        country: "AT".into(),
        ..Where::default()
    };
    let mut second = hit(&site, 1, MINUTE_MS);
    second.enriched.channel = "Direct".into();
    second.event.user_agent = "resized".into();
    append(&store, vec![second, first]).await;
    let mut third = hit(&site, 1, 2 * MINUTE_MS);
    third.event.place.country = "CH".into();
    append(&store, vec![third]).await;
    let rows: Vec<_> = all(&store).await;
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.channel.as_str(),
                row.country.as_str(),
                row.user_agent.as_str(),
            )
        })
        .collect();
    // The channel is the session's; where an event differs in what it said itself, it keeps that.
    let expected = [
        ("Organic search", "AT", "Mozilla/5.0"),
        ("Organic search", "", "resized"),
        ("Organic search", "CH", "Mozilla/5.0"),
    ];
    assert_eq!(told, expected);
    assert_eq!(ask(&place, "select count(*) from sessions").await, "1");
}

/// One writer that did not commit, and one that did, and another that only reads: each event keeps what it said.
async fn what_a_writer_remembers_is_what_is_stored(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let said = |minute: i64, agent: &str| {
        let mut event = hit(&site, 1, minute * MINUTE_MS);
        event.event.user_agent = agent.into();
        event
    };
    let mut one = store.writer("one").await.unwrap();
    let mut two = store.writer("two").await.unwrap();
    one.probe(&[said(0, "rolled back")]).await.unwrap();
    one.append(&[message(vec![said(1, "first")])])
        .await
        .unwrap();
    two.append(&[message(vec![said(2, "second"), said(3, "first")])])
        .await
        .unwrap();
    for (minute, agent) in [(4, "third"), (5, "first")] {
        one.append(&[message(vec![said(minute, agent)])])
            .await
            .unwrap();
        two.append(&[message(vec![said(minute + 2, agent)])])
            .await
            .unwrap();
    }
    let rows = all(&store).await;
    let told: Vec<_> = rows.iter().map(|row| row.user_agent.as_str()).collect();
    let expected = [
        "first", "second", "first", "third", "first", "third", "first",
    ];
    assert_eq!(told, expected);
    // Only what differs from the session's first event is kept with an event.
    let differing = "select count(*) from events where extra <> ''";
    assert_eq!(ask(&place, differing).await, "3");
    assert_eq!(sessions(&place).await, "1|6|7|7");
}

async fn a_session_without_end_is_cut(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let minutes: Vec<i64> = (0..15 * 24 * 3).map(|n| n * 20).collect();
    for part in minutes.chunks(500) {
        at_minutes(&store, &site, part).await;
    }
    assert_eq!(
        ask(&place, "select count(*), sum(events) from sessions").await,
        "2|1080"
    );
    // Late events cannot pull a beginning back without end either.
    for hours in 1..=30 {
        append(
            &store,
            vec![hit(&site, 2, -hours * HOUR_MS / 2 + hours * 1_000)],
        )
        .await;
    }
    let longest = "select max(duration_ms) <= 15 * 86400000 from sessions";
    assert!(["t", "1"].contains(&ask(&place, longest).await.as_str()));
}

/// Two workers at the same time, batches that share visitors in opposite order: no deadlock that is not retried, nothing counted
/// twice, and sessions as if there had been one worker.
async fn two_workers_agree_on_sessions(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let work = async |instance: &str, offset_ms: i64| {
        let mut writer = store.writer(instance).await.unwrap();
        for round in 0..20 {
            let mut rows: Vec<NewEvent> = (0..30)
                .map(|visitor| hit(&site, visitor, round * 10 * MINUTE_MS + visitor + offset_ms))
                .collect();
            if offset_ms > 0 {
                rows.reverse();
            }
            let batch = [message(rows)];
            loop {
                match writer.append(&batch).await {
                    Ok(_) => break,
                    Err(error) if error.is_retryable() => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    };
    tokio::join!(work("one", 0), work("other", 1));
    let rows = all(&store).await;
    let mut events: HashMap<i64, i64> = HashMap::new();
    for row in &rows {
        *events.entry(row.session).or_default() += 1;
    }
    assert_eq!(ask(&place, "select count(*) from events").await, "1200");
    assert_eq!(
        ask(&place, "select sum(events), sum(pageviews) from sessions").await,
        "1200|1200"
    );
    let wrong = "select count(*) from sessions s \
                 where s.events <> (select count(*) from events e where e.site = s.site and e.session = s.session)";
    assert_eq!(ask(&place, wrong).await, "0");
    // One worker may run ahead by more than the gap; then the other's events are late and stand apart. Never more than that.
    let sessions: i64 = ask(&place, "select count(*) from sessions")
        .await
        .parse()
        .unwrap();
    assert!((30..=600).contains(&sessions), "{sessions}");
}
