//! Everything that a store answers, to be compared with what another one does.

use fastrand::Rng;
use futures_util::TryStreamExt;
use hgpixel_event::Clock;
use hgpixel_store::{EventStore, ViewFilter, ViewOrder};

use crate::stats::question::{dimensions, plain, random};

/// Questions with their answers, as text.
pub(super) struct Picture(Vec<(String, String)>);

impl Picture {
    pub(super) async fn of(store: &EventStore, clock: &Clock, seed: u64) -> Self {
        let mut picture = Self(Vec::new());
        let sites = store.sites().await.unwrap();
        picture.add("sites", &sites);
        picture.add("users", &store.users().await.unwrap());
        picture.add("tokens", &store.tokens().await.unwrap());
        picture.add("audit", &store.audit(None, None).await.unwrap());
        picture.add("span", &store.site_counts(None).await.unwrap());
        for instance in ["one", "two", "test", "nobody"] {
            let books = store.books(instance).await.unwrap();
            picture.add(&format!("books of {instance}"), &books);
        }
        let snapshot = store.snapshot().await.unwrap();
        let salt = snapshot.salt(clock.now_ms()).map(|salt| salt.bytes);
        let days: Vec<i64> = snapshot.salts.iter().map(|salt| salt.day).collect();
        picture.add(
            "snapshot",
            &(snapshot.secret, salt, days, snapshot.senders.len()),
        );
        for order in [ViewOrder::NewestFirst, ViewOrder::OldestFirst] {
            let rows = store.view_stream(ViewFilter::default(), order);
            let rows: Vec<_> = rows.try_collect().await.unwrap();
            assert!(rows.len() > 500);
            for (number, row) in rows.iter().enumerate() {
                picture.add(&format!("row {number}, {order:?}"), row);
            }
        }
        let mut rng = Rng::with_seed(seed);
        for site in &sites {
            picture.of_site(store, site.id, &mut rng).await;
        }
        picture
    }

    async fn of_site(&mut self, store: &EventStore, site: i64, rng: &mut Rng) {
        let mut add = |what: &str, answer: &dyn std::fmt::Debug| {
            self.add(&format!("{what} of site {site}"), answer);
        };
        add("kept", &store.kept(site).await.unwrap());
        add("links", &store.shared_links(site).await.unwrap());
        add("verdicts", &store.verdicts(site).await.unwrap());
        let visits = store.visits(site, 50).await.unwrap();
        for visit in &visits {
            let timeline = store.timeline(site, visit.session).await.unwrap();
            add("timeline", &timeline);
        }
        add("visits", &visits);
        let by_dimension = dimensions().into_iter().map(|dimension| {
            let mut query = plain(site);
            query.dimensions = vec![dimension];
            query
        });
        let mut queries = vec![plain(site)];
        queries.extend(by_dimension);
        queries.extend((0..60).map(|_| random(rng, site)));
        for query in &queries {
            let answer = store.stats(query).await.unwrap();
            add(&format!("{query:?}"), &answer);
        }
    }

    fn add(&mut self, question: &str, answer: &(impl std::fmt::Debug + ?Sized)) {
        self.0.push((question.to_owned(), format!("{answer:?}")));
    }

    pub(super) fn assert_same(&self, other: &Self) {
        for (ours, theirs) in self.0.iter().zip(&other.0) {
            assert_eq!(ours, theirs);
        }
        assert_eq!(self.0.len(), other.0.len());
    }
}
