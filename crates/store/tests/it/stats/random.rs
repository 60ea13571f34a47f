//! Every answer about a random site is what a naive count of its events gives: every metric by every dimension, under every form of filter,
//! and questions put together at random.

use fastrand::Rng;
use hgpixel_store::{Dimension, EventStore, Filter, StatsQuery};

use super::question::{FORMS, dimensions, plain, random, some_rows, test};
use super::recount::Recount;
use super::world::World;
use crate::support::{Place, for_each_backend};

for_each_backend!(
    every_metric_by_every_dimension_is_exact,
    every_form_of_filter_is_exact,
    random_questions_are_answered_exactly,
);

pub(crate) async fn check(
    store: &EventStore,
    recount: &Recount<'_>,
    query: &StatsQuery,
    seed: u64,
) {
    let answer = store.stats(query).await;
    let answer = answer.unwrap_or_else(|error| panic!("{error}; seed {seed}: {query:#?}"));
    let mut expected = recount.answer(query);
    if expected.rows.is_empty() && query.offset == 0 {
        // Whoever skips nothing and gets nothing learns that there is nothing.
        expected.total_rows = 0;
    }
    assert_eq!(answer, expected, "seed {seed}: {query:#?}");
}

async fn every_metric_by_every_dimension_is_exact(place: Place) {
    let store = place.open().await;
    let seed = 1;
    let mut rng = Rng::with_seed(seed);
    let world = World::write(&store, &mut rng, 600).await;
    let recount = Recount::of(&world);
    let query = plain(world.site.id);
    check(&store, &recount, &query, seed).await;
    for dimension in dimensions() {
        let query = StatsQuery {
            dimensions: vec![dimension],
            ..query.clone()
        };
        check(&store, &recount, &query, seed).await;
    }
}

async fn every_form_of_filter_is_exact(place: Place) {
    let store = place.open().await;
    let seed = 2;
    let mut rng = Rng::with_seed(seed);
    let world = World::write(&store, &mut rng, 300).await;
    let recount = Recount::of(&world);
    for dimension in dimensions() {
        for form in 0..FORMS {
            let filter = test(&mut rng, dimension.clone(), form);
            let grouped = [dimension.clone(), Dimension::Page, Dimension::Country];
            let query = StatsQuery {
                dimensions: vec![grouped[rng.usize(..3)].clone()],
                filters: vec![if rng.bool() {
                    filter
                } else {
                    Filter::Not(Box::new(filter))
                }],
                ..plain(world.site.id)
            };
            check(&store, &recount, &query, seed).await;
        }
    }
}

async fn random_questions_are_answered_exactly(place: Place) {
    let store = place.open().await;
    for seed in 10..13 {
        let mut rng = Rng::with_seed(seed);
        // Each has a site, but all share the dictionaries and the tables.
        let world = World::write(&store, &mut rng, 400).await;
        let recount = Recount::of(&world);
        for _ in 0..120 {
            let mut query = random(&mut rng, world.site.id);
            check(&store, &recount, &query, seed).await;
            if rng.u8(..4) == 0 && !query.dimensions.is_empty() {
                let rows = recount.answer(&query).rows;
                let rows = rows.into_iter().map(|row| row.dimensions).collect();
                query.only = Some(some_rows(&mut rng, rows));
                check(&store, &recount, &query, seed).await;
            }
        }
    }
}
