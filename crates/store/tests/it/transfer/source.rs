//! A store in which there is something of everything.

use std::time::Duration;

use fastrand::Rng;
use hgpixel_store::{
    Actor, Authority, Email, EventStore, Grant, Message, NewEvent, NewToken, Role, Scope, Site,
    SiteSetting, Suspect, Verdict, Whom,
};

use crate::stats::rollups::roll_up;
use crate::stats::world::World;
use crate::support::{DAY_MS, HOUR_MS, MINUTE_MS, NOW_MS, Place, append, ask, hit, message};

/// What a test goes on with.
pub(super) struct Filled {
    pub(super) site: Site,
    /// Stored under the name `one`.
    pub(super) message: Message,
    pub(super) cookie: String,
    pub(super) token: String,
    /// The number of a user who was removed.
    pub(super) last_user: i64,
}

pub(super) async fn fill(place: &Place, store: &EventStore, seed: u64) -> Filled {
    let me = Actor::command_line();
    let mut rng = Rng::with_seed(seed);
    let site = World::write(store, &mut rng, 500).await.site;
    store.rotate_salts().await.unwrap();
    // Of a server that stood still for long: it must not come along.
    let old = NOW_MS / DAY_MS - 2;
    for day in [old, old + 1] {
        ask(
            place,
            &format!("insert into salts (day, bytes) values ({day}, zeroblob(32))"),
        )
        .await;
    }
    let mut changed = site.clone();
    for (setting, text) in [
        (SiteSetting::Name, "Größe \"M\" & 'L' \\ ☃"),
        (SiteSetting::TimeZone, "America/St_Johns"),
        (SiteSetting::AllowedOrigins, "https://shop.example"),
        (SiteSetting::RetentionDays, "900"),
        (SiteSetting::OptOut, "ignore"),
    ] {
        setting.set(&mut changed, text).unwrap();
    }
    let site = store.change_site(&me, &changed).await.unwrap();

    let known = message(
        (0..7)
            .map(|n| hit(&site, 60 + n % 3, -n * MINUTE_MS))
            .collect(),
    );
    let mut writer = store.writer("one").await.unwrap();
    let batch = [message(odd(&site)), known.clone()];
    writer.append(&batch).await.unwrap();

    for suspect in [
        Suspect::Name("GPTBot".into()),
        Suspect::UserAgent("Mozilla/5.0".into()),
    ] {
        let verdict = match suspect {
            Suspect::Name(_) => Verdict::People,
            Suspect::UserAgent(_) => Verdict::Bot,
        };
        store.teach(&me, site.id, &suspect, verdict).await.unwrap();
    }
    // On several sites, of which one is swept only in part.
    for site in store.sites().await.unwrap() {
        for name in ["A", "B", "C"] {
            let suspect = Suspect::Name(name.into());
            let taught = store.teach(&me, site.id, &suspect, Verdict::People).await;
            taught.unwrap();
        }
    }
    ask(
        place,
        &format!(
            "insert into verdict_sweeps (site, revision, session) values ({}, 1, 5)",
            site.id
        ),
    )
    .await;

    // Counted, and then changed: an erasure, and an event that came long after it happened.
    assert!(roll_up(store, site.id).await > 0);
    let whom = Whom::User("user \u{1F980}".into());
    assert!(store.erase(&me, site.id, &whom).await.unwrap().events > 0);
    let mut late = hit(&site, 5, -2 * DAY_MS);
    late.event.received_ms = NOW_MS - DAY_MS;
    append(store, vec![late]).await;
    assert_ne!(ask(place, "select count(*) from rollup_marks").await, "0");

    // From the first moment that there is, on a site of which no day is counted: there are 20,000 of them.
    let ancient = crate::support::site(store, "ancient").await;
    let mut first = hit(&ancient, 4, -NOW_MS);
    first.event.received_ms = i64::from(i32::MAX);
    append(store, vec![first]).await;

    let (cookie, last_user) = people(store, &site).await;
    let new = NewToken {
        expires_in: Some(Duration::from_hours(48)),
        ..NewToken::new(Scope::Read, Some(site.id))
    };
    let token = store.create_token(&me, &new).await.unwrap();
    let sender = NewToken::new(Scope::Write, None);
    store.create_token(&me, &sender).await.unwrap();
    for (kind, name, body) in [
        ("goal", "signup", r#"{"event":"signup"}"#),
        ("funnel", "checkout ☃", r#"{"steps":["/a","/b"]}"#),
        ("annotation", "release", r#"{"at":"2026-11-01"}"#),
    ] {
        let kept = store.keep(&me, site.id, kind, name, body).await.unwrap();
        assert!(kept.is_some());
    }
    let shared = store.share(&me, site.id, "for Ben").await.unwrap();
    assert!(shared.is_some());
    Filled {
        site,
        message: known,
        cookie,
        token,
        last_user,
    }
}

/// Events at the ends of what can be stored.
fn odd(site: &Site) -> Vec<NewEvent> {
    let texts = [
        String::new(),
        "\u{FEFF}\r\n\t\\N\\.\"'\u{7F}\u{1}".to_owned(),
        "\u{1F980}".repeat(500),
        "ﷺ é e\u{301} \u{202E}".to_owned(),
        "x".repeat(2_000),
    ];
    let mut rows = Vec::new();
    let visitors = [i64::MIN, i64::MAX, 0, -1, 1];
    let users = ["", "b", "", "b", ""];
    for (hours, ((text, visitor), user)) in (0..).zip(texts.iter().zip(visitors).zip(users)) {
        let mut row = hit(site, visitor, -hours * HOUR_MS);
        row.event.title.clone_from(text);
        row.event.data = serde_json::json!({ "text": text }).to_string();
        row.event.user_agent = text.chars().take(200).collect();
        row.event.user_id = format!("user \u{1F980}{user}");
        row.event.session_id = text.chars().take(40).collect();
        row.event.kind = format!("kind {}", text.chars().take(20).collect::<String>());
        row.enriched.source.clone_from(text);
        rows.push(row);
    }
    let mut anonymous = hit(site, 0, -3 * MINUTE_MS);
    anonymous.event.visitor = None;
    // As far as clocks may differ.
    let mut early = hit(site, 3, 0);
    early.event.received_ms = early.event.time_ms - 10 * MINUTE_MS;
    rows.extend([anonymous, early]);
    rows
}

/// Invites three, of whom one comes in and the last goes again. Returns a cookie, and the number of whoever went.
async fn people(store: &EventStore, site: &Site) -> (String, i64) {
    let (me, authority) = (Actor::command_line(), Authority::Server);
    let invite = async |address: &str, grant| {
        let address: Email = address.parse().unwrap();
        let invited = store.invite(&me, &authority, &address, grant).await;
        invited.unwrap()
    };
    let anna = invite("anna@example.com", Grant::Server).await;
    invite("ben@example.com", Grant::Site(site.id, Role::Editor)).await;
    let eve = invite("eve@example.com", Grant::Site(site.id, Role::Viewer)).await;
    let (link, password) = (anna.link.unwrap(), "correct horse battery");
    let cookie = store.accept_invitation(&link, "Änne", password, "Firefox");
    let cookie = cookie.await.unwrap().unwrap();
    store.remove_user(&me, eve.user.id).await.unwrap();
    store
        .create_login_link(Duration::from_hours(1))
        .await
        .unwrap();
    (cookie, eve.user.id)
}
