//! Who is a bot, as people say: of what is stored and of what comes, in whatever order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hgpixel_config::StoreUrl;
use hgpixel_store::{
    Actor, Applied, AuditAction, EventStore, NewEvent, Site, StoreError, Suspect, Verdict,
    ViewFilter,
};
use hgpixel_testkit::wait_until;

use crate::support::{
    MINUTE_MS, NOW_MS, Place, append, ask, for_each_backend, hit, message, site, view,
};

for_each_backend!(
    a_restored_bot_counts_and_is_one_again_when_that_is_taken_back,
    a_taught_user_agent_is_left_out_and_says_why,
    what_comes_later_follows_too,
    the_user_agent_goes_before_the_name,
    a_verdict_is_about_one_site,
    an_event_that_differs_from_its_visit_says_what_was_seen_of_it,
    a_sweep_that_was_cut_short_is_ended,
    a_sweep_goes_through_many_visits,
    writers_and_verdicts_agree_in_any_order,
    verdicts_are_bounded_and_make_sense,
    every_verdict_is_in_the_audit_log,
    the_last_of_each_kind_is_known,
);

const AGENT: &str = "GPTBot/1.2";

fn bot(site: &Site, visitor: i64, offset_ms: i64) -> NewEvent {
    let mut event = hit(site, visitor, offset_ms);
    event.event.user_agent = AGENT.into();
    event.enriched.bot_reason = "ai_crawler".into();
    event.enriched.bot_name = "GPTBot".into();
    event
}

fn name() -> Suspect {
    Suspect::Name("GPTBot".into())
}

fn agent(text: &str) -> Suspect {
    Suspect::UserAgent(text.into())
}

async fn teach(store: &EventStore, site: &Site, suspect: &Suspect, verdict: Verdict) {
    let me = Actor::command_line();
    let applied = store.teach(&me, site.id, suspect, verdict).await.unwrap();
    assert_eq!(applied, Applied::Wholly);
}

async fn forget(store: &EventStore, site: &Site, suspect: &Suspect) {
    let me = Actor::command_line();
    let applied = store.forget_verdict(&me, site.id, suspect).await.unwrap();
    assert_eq!(applied, Some(Applied::Wholly));
}

/// The sessions of a site by visitor: whether left out, the reason, the name.
async fn sessions(place: &Place, site: &Site) -> String {
    let sql = format!(
        "select s.visitor, s.bot, c.bot_reason, c.bot_name from sessions s join clients c on c.id = s.client \
         where s.site = {} order by s.visitor, s.session",
        site.id
    );
    ask(place, &sql).await
}

async fn generation(store: &EventStore, site: &Site) -> i64 {
    let sites = store.sites().await.unwrap();
    let found = sites.into_iter().find(|other| other.id == site.id);
    found.unwrap().generation
}

async fn a_restored_bot_counts_and_is_one_again_when_that_is_taken_back(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(&store, vec![hit(&site, 1, 0), bot(&site, 2, 0)]).await;
    let seen = "1|0||\n2|1|ai_crawler|GPTBot";
    assert_eq!(sessions(&place, &site).await, seen);
    let before = generation(&store, &site).await;
    teach(&store, &site, &name(), Verdict::People).await;
    assert_eq!(sessions(&place, &site).await, "1|0||\n2|0||GPTBot");
    assert!(generation(&store, &site).await > before);
    forget(&store, &site, &name()).await;
    assert_eq!(sessions(&place, &site).await, seen);
    let originals =
        "select count(*) from sessions s join clients c on c.id = s.client where c.original <> 0";
    assert_eq!(ask(&place, originals).await, "0");
    let me = Actor::command_line();
    let nothing = store.forget_verdict(&me, site.id, &name()).await.unwrap();
    assert_eq!(nothing, None);
}

async fn a_taught_user_agent_is_left_out_and_says_why(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(&store, vec![hit(&site, 1, 0), bot(&site, 2, 0)]).await;
    teach(&store, &site, &agent("Mozilla/5.0"), Verdict::Bot).await;
    // Who was seen to be one keeps the reason.
    teach(&store, &site, &agent(AGENT), Verdict::Bot).await;
    assert_eq!(
        sessions(&place, &site).await,
        "1|1|taught|\n2|1|ai_crawler|GPTBot"
    );
    teach(&store, &site, &agent("Mozilla/5.0"), Verdict::People).await;
    teach(&store, &site, &agent(AGENT), Verdict::People).await;
    assert_eq!(sessions(&place, &site).await, "1|0||\n2|0||GPTBot");
}

async fn what_comes_later_follows_too(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    // It has read that there are no verdicts.
    let mut writer = store.writer("early").await.unwrap();
    let first = message(vec![bot(&site, 1, 0)]);
    writer.append(&[first]).await.unwrap();
    teach(&store, &site, &name(), Verdict::People).await;
    let more = vec![bot(&site, 1, MINUTE_MS), bot(&site, 2, 0), hit(&site, 3, 0)];
    writer.append(&[message(more)]).await.unwrap();
    assert_eq!(
        sessions(&place, &site).await,
        "1|0||GPTBot\n2|0||GPTBot\n3|0||"
    );
    teach(&store, &site, &agent("Mozilla/5.0"), Verdict::Bot).await;
    forget(&store, &site, &name()).await;
    let more = vec![bot(&site, 4, 0), hit(&site, 5, 0)];
    writer.append(&[message(more)]).await.unwrap();
    assert_eq!(
        sessions(&place, &site).await,
        "1|1|ai_crawler|GPTBot\n2|1|ai_crawler|GPTBot\n3|1|taught|\n4|1|ai_crawler|GPTBot\n5|1|taught|"
    );
    // None of them says anything but its visit.
    assert_eq!(
        ask(&place, "select count(*) from events where extra <> ''").await,
        "0"
    );
}

async fn the_user_agent_goes_before_the_name(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let mut other = bot(&site, 2, 0);
    other.event.user_agent = "GPTBot/2".into();
    append(&store, vec![bot(&site, 1, 0), other]).await;
    teach(&store, &site, &agent(AGENT), Verdict::Bot).await;
    teach(&store, &site, &name(), Verdict::People).await;
    let expected = "1|1|ai_crawler|GPTBot\n2|0||GPTBot";
    assert_eq!(sessions(&place, &site).await, expected);
    forget(&store, &site, &agent(AGENT)).await;
    let expected = "1|0||GPTBot\n2|0||GPTBot";
    assert_eq!(sessions(&place, &site).await, expected);
}

async fn a_verdict_is_about_one_site(place: Place) {
    let store = place.open().await;
    let (mine, other) = (site(&store, "a").await, site(&store, "b").await);
    append(&store, vec![bot(&mine, 1, 0), bot(&other, 1, 0)]).await;
    teach(&store, &mine, &name(), Verdict::People).await;
    append(&store, vec![bot(&mine, 2, 0), bot(&other, 2, 0)]).await;
    assert_eq!(sessions(&place, &mine).await, "1|0||GPTBot\n2|0||GPTBot");
    let untouched = "1|1|ai_crawler|GPTBot\n2|1|ai_crawler|GPTBot";
    assert_eq!(sessions(&place, &other).await, untouched);
    assert!(store.verdicts(other.id).await.unwrap().is_empty());
}

async fn an_event_that_differs_from_its_visit_says_what_was_seen_of_it(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let reasons = async || {
        let rows = view(&store, ViewFilter::default()).await.rows;
        rows.into_iter()
            .map(|row| row.bot_reason)
            .collect::<Vec<_>>()
    };
    let differing = |offset_ms| {
        let mut event = bot(&site, 1, offset_ms);
        event.enriched.bot_reason = "webdriver".into();
        event.enriched.bot_name = String::new();
        event
    };
    append(&store, vec![bot(&site, 1, 0), differing(MINUTE_MS)]).await;
    assert_eq!(reasons().await, ["webdriver", "ai_crawler"]);
    teach(&store, &site, &agent(AGENT), Verdict::People).await;
    append(&store, vec![differing(2 * MINUTE_MS)]).await;
    append(&store, vec![bot(&site, 1, 3 * MINUTE_MS)]).await;
    assert_eq!(reasons().await, ["", "webdriver", "webdriver", ""]);
    forget(&store, &site, &agent(AGENT)).await;
    assert_eq!(
        reasons().await,
        ["ai_crawler", "webdriver", "webdriver", "ai_crawler"]
    );
}

async fn a_sweep_that_was_cut_short_is_ended(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(
        &store,
        (1..=20).map(|visitor| bot(&site, visitor, 0)).collect(),
    )
    .await;
    assert_eq!(store.apply_verdicts().await.unwrap(), 0);
    teach(&store, &site, &name(), Verdict::People).await;
    // As a process leaves it that is killed after the verdict was set.
    ask(
        &place,
        "update sessions set bot = 1, client = (select original from clients where original <> 0)",
    )
    .await;
    ask(
        &place,
        &format!(
            "insert into verdict_sweeps (site, revision, session) select {}, value, 0 from counters where name = 'verdicts'",
            site.id
        ),
    )
    .await;
    let before = generation(&store, &site).await;
    assert_eq!(store.apply_verdicts().await.unwrap(), 1);
    assert!(generation(&store, &site).await > before);
    assert_eq!(
        ask(&place, "select count(*) from sessions where bot <> 0").await,
        "0"
    );
    assert_eq!(store.apply_verdicts().await.unwrap(), 0);
}

/// Two pieces exactly, after which an empty one must end it.
async fn a_sweep_goes_through_many_visits(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    for batch in 0..4_i64 {
        let event = |n: i64| {
            let mut event = bot(&site, 1 + batch * 2_500 + n, n);
            event.event.device = format!("{{\"n\":{}}}", n % 2_000);
            event
        };
        append(&store, (0..2_500).map(event).collect()).await;
    }
    let counted = async || {
        let counts = "select count(*), sum(bot) from sessions";
        ask(&place, counts).await
    };
    assert_eq!(counted().await, "10000|10000");
    teach(&store, &site, &name(), Verdict::People).await;
    assert_eq!(counted().await, "10000|0");
    forget(&store, &site, &name()).await;
    assert_eq!(counted().await, "10000|10000");
    assert_eq!(store.apply_verdicts().await.unwrap(), 0);
}

/// Stores a bot and a person again and again, until it is over.
async fn write_on(store: &EventStore, site: &Site, number: i64, over: &AtomicBool) {
    let mut writer = store.writer(&number.to_string()).await.unwrap();
    let mut visitor = number * 1_000_000;
    while !over.load(Ordering::Relaxed) {
        visitor += 2;
        let batch = [message(vec![
            bot(site, visitor, visitor % 1_000),
            hit(site, visitor + 1, visitor % 1_000),
        ])];
        // A deadlock with a sweep may cost a try, as in a worker.
        while let Err(error) = writer.append(&batch).await {
            assert!(error.is_retryable(), "{error}");
        }
    }
}

/// Writers store without pause while verdicts are set and taken back: in the end every visit is what the last verdicts say.
async fn writers_and_verdicts_agree_in_any_order(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let over = AtomicBool::new(false);
    let teaching = async {
        let me = Actor::command_line();
        let last = [
            (name(), Verdict::People),
            (agent("Mozilla/5.0"), Verdict::Bot),
        ];
        for round in 0..13 {
            for (suspect, verdict) in &last {
                // A sweep that meets a deadlock is the leader's to end.
                let taught = store.teach(&me, site.id, suspect, *verdict).await;
                taught.unwrap();
            }
            for (suspect, _) in last.iter().filter(|_| round < 12) {
                let forgotten = store.forget_verdict(&me, site.id, suspect).await;
                forgotten.unwrap().unwrap();
            }
        }
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(
        write_on(&store, &site, 1, &over),
        write_on(&store, &site, 2, &over),
        teaching
    );
    store.apply_verdicts().await.unwrap();
    let kinds = "select distinct s.bot, c.bot_reason, c.bot_name from sessions s join clients c on c.id = s.client order by 1";
    assert_eq!(ask(&place, kinds).await, "0||GPTBot\n1|taught|");
}

/// A writer that has judged its batch and stored half of it is in the way of a new verdict, which would not know of its sessions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verdict_waits_for_who_writes_by_the_old_ones() {
    use sqlx::{Connection, Executor};
    let place = Place::postgres().await;
    let StoreUrl::Postgres(url) = &place.settings.url else {
        panic!("a PostgreSQL");
    };
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(&store, vec![bot(&site, 1, 0)]).await;
    let mut in_the_way = sqlx::PgConnection::connect(url.expose()).await.unwrap();
    in_the_way.execute("begin").await.unwrap();
    let hold = "select 1 from visits for update";
    in_the_way.execute(hold).await.unwrap();
    let waiting = async |count: &str| {
        let sql = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        let is_so = async || ask(&place, sql).await == count;
        wait_until("somebody to wait", Duration::from_secs(10), is_so)
            .await
            .unwrap();
    };
    tokio::join!(
        append(&store, vec![bot(&site, 1, 60 * MINUTE_MS)]),
        async {
            waiting("1").await;
            teach(&store, &site, &name(), Verdict::People).await;
        },
        async {
            waiting("2").await;
            in_the_way.execute("rollback").await.unwrap();
        }
    );
    assert_eq!(sessions(&place, &site).await, "1|0||GPTBot\n1|0||GPTBot");
}

async fn verdicts_are_bounded_and_make_sense(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let me = Actor::command_line();
    let says = |result: Result<Applied, StoreError>| match result {
        Err(StoreError::Invalid(text)) => text,
        other => panic!("{other:?}"),
    };
    let taught = store.teach(&me, site.id, &name(), Verdict::Bot).await;
    assert!(says(taught).contains("user agent"));
    let long = agent(&"x".repeat(513));
    let taught = store.teach(&me, site.id, &long, Verdict::Bot).await;
    assert!(says(taught).contains("512"));
    let rows: Vec<String> = (0..500)
        .map(|n| format!("({}, 'user_agent', 'agent {n}', 'bot', {n}, 'x')", site.id))
        .collect();
    ask(
        &place,
        &format!(
            "insert into verdicts (site, about, subject, verdict, at_ms, actor) values {}",
            rows.join(", ")
        ),
    )
    .await;
    let taught = store.teach(&me, site.id, &name(), Verdict::People).await;
    assert!(says(taught).contains("500"));
    // One that is there already may change.
    teach(&store, &site, &agent("agent 7"), Verdict::People).await;
    let verdicts = store.verdicts(site.id).await.unwrap();
    assert_eq!(verdicts.len(), 500);
    assert_eq!(verdicts[0].suspect, agent("agent 7"));
    assert_eq!(verdicts[0].actor, "command line");
}

async fn every_verdict_is_in_the_audit_log(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    teach(&store, &site, &agent(""), Verdict::Bot).await;
    teach(&store, &site, &agent(""), Verdict::People).await;
    teach(&store, &site, &agent(""), Verdict::People).await;
    forget(&store, &site, &agent("")).await;
    let entries = store.audit(Some(site.id), None).await.unwrap();
    let lines: Vec<_> = entries
        .iter()
        .take(3)
        .map(|entry| (entry.action, entry.old.as_str(), entry.new.as_str()))
        .collect();
    let expected = [
        (AuditAction::BotsForget, "people", ""),
        (AuditAction::BotsTeach, "bot", "people"),
        (AuditAction::BotsTeach, "", "bot"),
    ];
    assert_eq!(lines, expected);
    assert_eq!(entries[0].subject, "the empty user agent");
}

async fn the_last_of_each_kind_is_known(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    append(
        &store,
        vec![
            bot(&site, 1, 0),
            bot(&site, 1, 2 * MINUTE_MS),
            bot(&site, 2, MINUTE_MS),
            hit(&site, 3, 3 * MINUTE_MS),
        ],
    )
    .await;
    let range = (NOW_MS, NOW_MS + 10 * MINUTE_MS);
    let agents = [AGENT.to_owned(), "Mozilla/5.0".to_owned()];
    let told = async |range| {
        let seen = store.bots_last_seen(site.id, range, &agents).await.unwrap();
        let mut lines: Vec<String> = seen
            .into_iter()
            .map(|seen| {
                let minutes = (seen.last_ms - NOW_MS) / MINUTE_MS;
                let agent = seen.user_agent.unwrap_or("any".into());
                format!("{agent} {} {} {minutes}", seen.reason, seen.name)
            })
            .collect();
        lines.sort();
        lines
    };
    let expected = [
        "GPTBot/1.2 ai_crawler GPTBot 2",
        "Mozilla/5.0   3",
        "any ai_crawler GPTBot 2",
    ];
    assert_eq!(told(range).await, expected);
    teach(&store, &site, &name(), Verdict::People).await;
    let expected = ["GPTBot/1.2  GPTBot 2", "Mozilla/5.0   3", "any  GPTBot 2"];
    assert_eq!(told(range).await, expected);
    let before = (NOW_MS - 10 * MINUTE_MS, NOW_MS);
    assert!(told(before).await.is_empty());
}
