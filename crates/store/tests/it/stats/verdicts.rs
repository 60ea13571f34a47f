//! Figures after verdicts: as if they had always been said, whenever they were, and whatever came before, meanwhile and after.

use std::collections::HashMap;

use fastrand::Rng;
use hgpixel_store::{Actor, Applied, Dimension, EventStore, StatsQuery, Suspect, Verdict};

use super::question::{dimensions, plain, random};
use super::recount::Recount;
use super::rollups::roll_up;
use super::world::{AGENTS, World};
use crate::support::{Place, for_each_backend};

for_each_backend!(figures_are_those_of_a_recount_under_the_last_verdicts);

type Taught = HashMap<Suspect, Verdict>;

/// Says something at random, or takes it back.
async fn say(store: &EventStore, site: i64, rng: &mut Rng, taught: &mut Taught) {
    let actor = Actor::command_line();
    let suspect = match rng.usize(..=AGENTS.len()) {
        3 => Suspect::Name("GPTBot".into()),
        agent => Suspect::UserAgent(AGENTS[agent].into()),
    };
    if rng.u8(..3) == 0 {
        let forgotten = store.forget_verdict(&actor, site, &suspect).await.unwrap();
        assert_eq!(forgotten.is_some(), taught.remove(&suspect).is_some());
        return;
    }
    let verdict = match suspect {
        Suspect::UserAgent(_) if rng.bool() => Verdict::Bot,
        _ => Verdict::People,
    };
    let applied = store.teach(&actor, site, &suspect, verdict).await;
    assert_eq!(applied.unwrap(), Applied::Wholly);
    taught.insert(suspect, verdict);
}

/// The world as if everything had been seen as the verdicts say.
fn as_taught(mut world: World, taught: &Taught) -> World {
    for sent in &mut world.events {
        let event = &mut sent.event;
        let agent = Suspect::UserAgent(event.event.user_agent.clone());
        let name = Suspect::Name(event.enriched.bot_name.clone());
        match taught.get(&agent).or_else(|| taught.get(&name)) {
            Some(Verdict::People) => event.enriched.bot_reason.clear(),
            Some(Verdict::Bot) if event.enriched.bot_reason.is_empty() => {
                event.enriched.bot_reason = "taught".into();
            }
            Some(Verdict::Bot) | None => {}
        }
    }
    world
}

async fn check(store: &EventStore, recount: &Recount<'_>, query: &StatsQuery, seed: u64) {
    let answer = store.stats(query).await.unwrap();
    let mut expected = recount.answer(query);
    if expected.rows.is_empty() && query.offset == 0 {
        expected.total_rows = 0;
    }
    assert_eq!(answer, expected, "seed {seed}: {query:#?}");
}

async fn figures_are_those_of_a_recount_under_the_last_verdicts(place: Place) {
    let store = place.open().await;
    for seed in 30..33 {
        let mut rng = Rng::with_seed(seed);
        let mut taught = Taught::new();
        let world = World::write_while(&store, &mut rng, 400, async |site, rng| {
            if rng.u8(..3) == 0 {
                say(&store, site.id, rng, &mut taught).await;
            }
            if rng.u8(..8) == 0 {
                roll_up(&store, site.id).await;
            }
        })
        .await;
        let site = world.site.id;
        roll_up(&store, site).await;
        for _ in 0..3 {
            say(&store, site, &mut rng, &mut taught).await;
        }
        let world = as_taught(world, &taught);
        let recount = Recount::of(&world);
        check(&store, &recount, &plain(site), seed).await;
        for dimension in dimensions() {
            let query = StatsQuery {
                dimensions: vec![dimension, Dimension::BotReason],
                ..plain(site)
            };
            let one = StatsQuery {
                dimensions: vec![query.dimensions[0].clone()],
                ..query.clone()
            };
            if query.dimensions[0] != Dimension::BotReason {
                check(&store, &recount, &query, seed).await;
            }
            check(&store, &recount, &one, seed).await;
        }
        roll_up(&store, site).await;
        for _ in 0..60 {
            check(&store, &recount, &random(&mut rng, site), seed).await;
        }
    }
}
