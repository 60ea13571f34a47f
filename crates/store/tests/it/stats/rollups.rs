//! Counted days and events together give what the events alone give, whatever happens to a day after it was counted.

use fastrand::Rng;
use hgpixel_store::{Actor, EventStore, Filter, StatsQuery, Whom};
use jiff::tz::TimeZone;
use prometheus::Registry;

use super::question::{of_days, random, some_rows};
use super::random::check;
use super::recount::Recount;
use super::world::World;
use crate::support::{DAY_MS, HOUR_MS, NOW_MS, Place, for_each_backend};

for_each_backend!(
    counted_days_and_events_together_are_exact,
    whoever_is_settled_and_comes_again_is_counted_once,
    a_day_that_changed_is_counted_anew,
    what_is_forgotten_leaves_the_figures_at_once,
);

/// A store that tells from what its answers were.
struct Watched {
    store: EventStore,
    registry: Registry,
}

impl Watched {
    async fn open(place: &Place) -> Self {
        let registry = Registry::new();
        let store = EventStore::open(&place.settings, place.clock.clone(), &registry);
        Self {
            store: store.await.unwrap(),
            registry,
        }
    }

    /// How many answers came from counted days, and how many from events alone.
    fn sources(&self) -> [f64; 2] {
        let families = self.registry.gather();
        let family = families
            .iter()
            .find(|family| family.name() == "hgpixel_store_answers_total")
            .unwrap();
        ["rollups", "events"].map(|source| {
            let of_source =
                |metric: &&prometheus::proto::Metric| metric.get_label()[0].value() == source;
            family
                .get_metric()
                .iter()
                .find(of_source)
                .unwrap()
                .get_counter()
                .get_value()
        })
    }
}

/// Counts every day that waits; returns how many.
pub(crate) async fn roll_up(store: &EventStore, site: i64) -> usize {
    let sites = store.sites().await.unwrap();
    let site = sites.iter().find(|known| known.id == site).unwrap();
    let waiting = store.rollups_waiting(site, false).await.unwrap();
    for day in &waiting {
        store.roll_up(site, *day).await.unwrap();
    }
    for day in store.rollups_waiting(site, true).await.unwrap() {
        let checked = store.check_rollup(site, day).await.unwrap();
        assert_eq!(checked, Some(true), "{day}");
    }
    waiting.len()
}

async fn ask(store: &EventStore, world: &World, rng: &mut Rng, zone: &str, seed: u64) {
    let zone = TimeZone::get(zone).unwrap();
    let recount = Recount::of(world);
    for _ in 0..40 {
        let mut query = of_days(rng, world.site.id, &zone);
        check(store, &recount, &query, seed).await;
        if rng.u8(..4) == 0 && !query.dimensions.is_empty() {
            let rows = recount.answer(&query).rows;
            let rows = rows.into_iter().map(|row| row.dimensions).collect();
            query.only = Some(some_rows(rng, rows));
            check(store, &recount, &query, seed).await;
        }
    }
    for _ in 0..40 {
        let query = random(rng, world.site.id);
        check(store, &recount, &query, seed).await;
    }
}

async fn counted_days_and_events_together_are_exact(place: Place) {
    let watched = Watched::open(&place).await;
    let store = &watched.store;
    for (seed, zone) in (20..).zip([
        "UTC",
        "Europe/Vienna",
        "America/Los_Angeles",
        "Asia/Kathmandu",
    ]) {
        let mut rng = Rng::with_seed(seed);
        let mut world = World::write(store, &mut rng, 400).await;
        zone.clone_into(&mut world.site.time_zone);
        let actor = Actor::command_line();
        world.site = store.change_site(&actor, &world.site).await.unwrap();
        ask(store, &world, &mut rng, zone, seed).await;
        let [before, _] = watched.sources();
        assert!(roll_up(store, world.site.id).await >= 3);
        ask(store, &world, &mut rng, zone, seed).await;
        let [after, _] = watched.sources();
        assert!(
            after - before >= 50.0,
            "{} of about 90 were answered by adding up days",
            after - before
        );
        // Some of the days have marks now.
        world.go_on(store, &mut rng, 60).await;
        ask(store, &world, &mut rng, zone, seed).await;
        // Another zone's days do not fit.
        ask(store, &world, &mut rng, "Pacific/Auckland", seed).await;
        assert!(roll_up(store, world.site.id).await > 0);
        ask(store, &world, &mut rng, zone, seed).await;
    }
}

async fn whoever_is_settled_and_comes_again_is_counted_once(place: Place) {
    let watched = Watched::open(&place).await;
    let store = &watched.store;
    for (seed, zone) in (40..).zip(["UTC", "America/Los_Angeles"]) {
        let mut rng = Rng::with_seed(seed);
        let mut world = World::write(store, &mut rng, 300).await;
        zone.clone_into(&mut world.site.time_zone);
        let actor = Actor::command_line();
        world.site = store.change_site(&actor, &world.site).await.unwrap();
        // Only today is left to be remembered, and goes on.
        assert!(roll_up(store, world.site.id).await >= 3);
        world.span = NOW_MS - 11 * HOUR_MS..NOW_MS + 9 * HOUR_MS;
        store.settle_today(world.site.id).await.unwrap();
        ask(store, &world, &mut rng, zone, seed).await;
        for _ in 0..2 {
            let before = watched.sources();
            world.go_on(store, &mut rng, 20).await;
            ask(store, &world, &mut rng, zone, seed).await;
            let after = watched.sources();
            assert!(after[0] - before[0] >= 40.0, "{before:?} {after:?}");
            store.settle_today(world.site.id).await.unwrap();
            // Whoever comes while that is made use of.
            world.go_on(store, &mut rng, 10).await;
            ask(store, &world, &mut rng, zone, seed).await;
        }
    }
}

async fn a_day_that_changed_is_counted_anew(place: Place) {
    let store = place.open().await;
    let mut rng = Rng::with_seed(30);
    let mut world = World::write(&store, &mut rng, 200).await;
    let days = roll_up(&store, world.site.id).await;
    assert_eq!(roll_up(&store, world.site.id).await, 0);
    // Another zone has other days.
    "Europe/Vienna".clone_into(&mut world.site.time_zone);
    let actor = Actor::command_line();
    world.site = store.change_site(&actor, &world.site).await.unwrap();
    let waiting = store.rollups_waiting(&world.site, false).await.unwrap();
    assert_eq!(waiting.len(), days);
    for day in waiting {
        assert_eq!(
            store.check_rollup(&world.site, day).await.unwrap(),
            None,
            "{day}"
        );
    }
    assert_eq!(roll_up(&store, world.site.id).await, days);
    // A day is over ten minutes after its end.
    place.clock.advance_ms(DAY_MS);
    assert_eq!(roll_up(&store, world.site.id).await, 1);
    ask(&store, &world, &mut rng, "Europe/Vienna", 30).await;
}

async fn what_is_forgotten_leaves_the_figures_at_once(place: Place) {
    let store = place.open().await;
    let mut rng = Rng::with_seed(31);
    let mut world = World::write(&store, &mut rng, 300).await;
    roll_up(&store, world.site.id).await;
    let actor = Actor::command_line();
    let gone = world.events[0]
        .event
        .event
        .visitor
        .or(world.events[1].event.event.visitor);
    let gone = gone.unwrap();
    store
        .erase(&actor, world.site.id, &Whom::Visitor(gone))
        .await
        .unwrap();
    world
        .events
        .retain(|sent| sent.event.event.visitor != Some(gone));
    ask(&store, &world, &mut rng, "UTC", 31).await;
    assert!(roll_up(&store, world.site.id).await > 0);
    ask(&store, &world, &mut rng, "UTC", 31).await;

    let sites = store.sites().await.unwrap();
    let site = sites.into_iter().find(|site| site.id == world.site.id);
    world.site = site.unwrap();
    world.site.retention_days = 2;
    world.site = store.change_site(&actor, &world.site).await.unwrap();
    assert!(store.apply_retention().await.unwrap() > 0);
    as_the_events_say(&store, &world, &mut rng).await;
    assert!(roll_up(&store, world.site.id).await > 0);
    as_the_events_say(&store, &world, &mut rng).await;
}

/// Whatever was taken away, answers are those that the events give.
async fn as_the_events_say(store: &EventStore, world: &World, rng: &mut Rng) {
    for _ in 0..20 {
        let query = of_days(rng, world.site.id, &TimeZone::UTC);
        // A filter without a test asks nothing, but no day was counted under one.
        let of_events = StatsQuery {
            filters: vec![Filter::All(Vec::new())],
            ..query.clone()
        };
        let answer = store.stats(&query).await.unwrap();
        assert_eq!(answer, store.stats(&of_events).await.unwrap(), "{query:#?}");
    }
}
