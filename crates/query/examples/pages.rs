//! The pages over made-up events in a temporary store, for whoever works on their looks: `cargo run -p hgpixel-query --example pages`.
//!
//! A new event comes every second. `pages empty` begins without any.
#![expect(clippy::print_stdout, reason = "it tells where to look")]
#![expect(
    clippy::unwrap_used,
    reason = "nothing here is worth going on after a failure"
)]

use std::time::Duration;

use hgpixel_cache::Cache;
use hgpixel_config::{Settings, StoreUrl};
use hgpixel_event::{Clock, Event, assigned_id};
use hgpixel_query::{Deps, start};
use hgpixel_store::{
    Actor, Authority, Enriched, EventStore, Grant, Message, NewEvent, NewToken, Role, Scope, Site,
    SiteSetting,
};
use hgpixel_telemetry::{Health, Lifecycle, registry};
use uuid::Uuid;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let mut settings = Settings::default();
    settings.store.url = StoreUrl::Sqlite(directory.path().join("store.db"));
    let (clock, registry) = (Clock::system(), registry());
    EventStore::migrate(&settings.store, &clock).await?;
    let store = EventStore::open(&settings.store, clock.clone(), &registry).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let link = store.create_login_link(Duration::from_hours(1)).await?;
    println!("http://{}/login?link={link}", listener.local_addr()?);

    let deps = Deps {
        cache: Cache::open(&settings.cache, &registry)?,
        settings,
        store: store.clone(),
        clock: clock.clone(),
        registry,
        health: Health::new(),
        lifecycle: Lifecycle::new(),
    };
    let router = start(&deps)?;
    let is_empty = std::env::args().any(|argument| argument == "empty");
    let traffic = async move {
        if is_empty {
            return std::future::pending().await;
        }
        let keys = ["shop.example.com", "blog.example.org", "docs"];
        let mut sites = Vec::new();
        for key in keys {
            sites.push(store.add_site(&key.parse().unwrap(), key).await.unwrap());
        }
        let cookie = let_in(&store, &sites).await;
        println!("or as a person, with the cookie hgpixel={cookie}");
        append(
            &store,
            (0..2_345).map(|n| made_up(&sites, n, clock.now_ms() - n * 9_000)),
        )
        .await;
        for n in 10_000.. {
            tokio::time::sleep(Duration::from_secs(1)).await;
            append(&store, [made_up(&sites, n, clock.now_ms())]).await;
        }
    };
    tokio::select! {
        served = async { axum::serve(listener, router).await } => served?,
        () = traffic => {}
    }
    Ok(())
}

/// People, tokens and settings; gives the cookie of an owner of the server.
async fn let_in(store: &EventStore, sites: &[Site]) -> String {
    let me = Actor::command_line();
    let mut site = sites[0].clone();
    for (setting, text) in [
        (SiteSetting::Name, "The shop"),
        (SiteSetting::Domain, "shop.example.com"),
        (SiteSetting::TimeZone, "Europe/Vienna"),
        (SiteSetting::RetentionDays, "400"),
        (
            SiteSetting::DropRules,
            "network 192.0.2.0/24\npath /staging\nagent UptimeRobot",
        ),
    ] {
        setting.set(&mut site, text).unwrap();
    }
    store.change_site(&me, &site).await.unwrap();
    let on = |role| Grant::Site(site.id, role);
    let mut cookie = String::new();
    for (email, name, grant) in [
        ("ben@example.com", "Ben Okafor", on(Role::Editor)),
        ("chris@example.com", "", on(Role::Viewer)),
        (
            "someone.with.a.long.name@departments.example.com",
            "Dr. Wilhelmina Featherstonehaugh",
            on(Role::Owner),
        ),
        ("anna@example.com", "Anna Lindqvist", Grant::Server),
    ] {
        let email = email.parse().unwrap();
        let invited = store.invite(&me, &Authority::Server, &email, grant).await;
        if name.is_empty() {
            continue;
        }
        let link = invited.unwrap().link.unwrap();
        let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";
        let accepted = store.accept_invitation(&link, name, "correct horse battery", agent);
        cookie = accepted.await.unwrap().unwrap();
    }
    let email = "anna@example.com".parse().unwrap();
    let again = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1";
    let login = store.login_with_password(&email, "correct horse battery", again);
    login.await.unwrap().unwrap();
    for (name, scope, site) in [
        ("Nightly export", Scope::Read, Some(site.id)),
        ("Server-side events", Scope::Write, Some(site.id)),
        ("Grafana", Scope::Read, None),
    ] {
        let new = NewToken {
            name: name.to_owned(),
            expires_in: Some(Duration::from_hours(24 * 90)),
            ..NewToken::new(scope, site)
        };
        store.create_token(&me, &new).await.unwrap();
    }
    cookie
}

async fn append(store: &EventStore, rows: impl IntoIterator<Item = NewEvent>) {
    let message = Message {
        id: Uuid::new_v4(),
        rows: rows.into_iter().collect(),
        dead_lettered: Vec::new(),
        replayed: false,
    };
    store
        .writer("example")
        .await
        .unwrap()
        .append(&[message])
        .await
        .unwrap();
}

/// The `n`th of a list, in no order that an eye would notice.
fn pick<'a>(list: &[&'a str], n: i64, salt: i64) -> &'a str {
    let mixed = (n + 1).wrapping_mul(0x9E37_79B9).wrapping_add(salt * 7_919) >> 7;
    list[usize::try_from(mixed.rem_euclid(1_000)).unwrap() % list.len()]
}

fn made_up(sites: &[Site], n: i64, time_ms: i64) -> NewEvent {
    let site = &sites[usize::try_from(n * n % 7).unwrap() % sites.len()];
    let path = pick(
        &[
            "/",
            "/pricing",
            "/articles/how-a-pixel-learned-to-love",
            "/cart?step=2&coupon=SPRING",
            "/über-uns",
        ],
        n,
        1,
    );
    let kind = pick(
        &[
            "pageview",
            "pageview",
            "pageview",
            "click",
            "outbound_link",
            "signup",
            "<b>bold</b>",
        ],
        n,
        2,
    );
    let data = match kind {
        "click" => r#"{"element":"BUTTON"}"#,
        "outbound_link" => {
            r#"{"linkText":"Read more about it","linkUrl":"https://other.example/a/long/way/to/go"}"#
        }
        "signup" => r#"{"plan":"free","note":"<img src=x onerror=alert(1)>"}"#,
        _ => "",
    };
    NewEvent {
        event: Event {
            id: assigned_id(time_ms),
            site: site.id,
            kind: kind.into(),
            time_ms,
            received_ms: time_ms + 40,
            visitor: Some(n / 4),
            user_id: pick(&["", "", "anna", "7f1c9a52-7a54-4c3e-8d35-0190b5a47a54"], n, 3).into(),
            url: format!("https://{}{path}", site.key),
            title: pick(&["Home", "Pricing – simple and fair", "How a pixel learned to love"], n, 1).into(),
            referrer: pick(&["", "https://www.google.com/", "https://news.ycombinator.com/item?id=1", "javascript:alert(1)"], n, 4).into(),
            user_agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36".into(),
            language: "de-AT".into(),
            data: data.into(),
            device: r#"{"screen":"1440x900","colorScheme":"dark"}"#.into(),
            ..Event::default()
        },
        enriched: Enriched {
            host: site.key.to_string(),
            path: path.into(),
            browser: pick(&["Chrome", "Firefox", "Safari", "Edge"], n, 5).into(),
            browser_version: "156".into(),
            os: pick(&["Linux", "Windows", "macOS", "Android", "iOS"], n, 6).into(),
            device: pick(&["desktop", "mobile", "tablet"], n, 7).into(),
            language: pick(&["de-AT", "en-US", "fr"], n, 8).into(),
            source: pick(&["", "Google", "Hacker News"], n, 4).into(),
            channel: pick(&["direct", "organic search", "social"], n, 4).into(),
            bot_reason: pick(&["", "", "", "", "", "", "", "crawler"], n, 9).into(),
            ..Enriched::default()
        },
    }
}
