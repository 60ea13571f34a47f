//! Who may see what: every route, everybody.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use hgpixel_store::Scope;

use crate::support::{Ask, Pages, ask, event, get};

/// Routes that only viewers may use, with the status that a viewer gets who says no more: 400 is asked for what is missing.
const VIEWERS_ONLY: &[(Method, &str, u16)] = &[
    (Method::GET, "/", 200),
    (Method::GET, "/sites", 200),
    (Method::GET, "/sites/{key}/visits", 404),
    (Method::GET, "/sites/{key}/visits/{session}", 404),
    (Method::GET, "/api/live", 400),
    (Method::GET, "/api/sites/{key}/kept", 404),
    (Method::POST, "/api/sites/{key}/kept", 404),
    (Method::DELETE, "/api/sites/{key}/kept/{id}", 404),
    (Method::GET, "/api/sites/{key}/properties", 404),
    (Method::GET, "/api/sites/{key}/links", 404),
    (Method::POST, "/api/sites/{key}/links", 404),
    (Method::DELETE, "/api/sites/{key}/links/{id}", 404),
    (Method::POST, "/api/v2/query", 400),
    (Method::GET, "/view-data", 200),
    (Method::GET, "/demo", 200),
    (Method::GET, "/demo/{page}", 200),
];
/// Routes for everybody, with the status that anybody gets.
const PUBLIC: &[(Method, &str, u16)] = &[
    (Method::GET, "/login", 200),
    (Method::POST, "/login", 401),
    (Method::POST, "/logout", 303),
    (Method::GET, "/share/{token}", 404),
    (Method::GET, "/share/{token}/api/live", 404),
    (Method::POST, "/share/{token}/api/v2/query", 404),
    (Method::GET, "/share/{token}/api/sites/{key}/kept", 404),
    (
        Method::GET,
        "/share/{token}/api/sites/{key}/properties",
        404,
    ),
    (Method::GET, "/assets/{hash}/{*name}", 404),
    (Method::GET, "/static/{name}", 404),
    (Method::GET, "/static/{hash}/{name}", 404),
    (Method::GET, "/nothing/here", 404),
];

#[test]
fn no_route_is_missing_from_these_tests() {
    let sources = concat!(
        include_str!("../../src/routes.rs"),
        include_str!("../../src/pixel.rs")
    );
    let declared = sources
        .split(".route(\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap());
    for path in declared {
        let is_viewers_only = VIEWERS_ONLY.iter().any(|(_, known, _)| *known == path);
        let is_public = PUBLIC.iter().any(|(_, known, _)| *known == path);
        assert!(is_viewers_only != is_public, "{path}");
    }
}

/// A way of asking, under a name.
type Role = (&'static str, Box<dyn Fn(Ask) -> Ask>);

fn bearer(name: &'static str, token: String) -> Role {
    (name, Box::new(move |ask| ask.bearer(&token)))
}

#[tokio::test]
async fn only_credentials_that_may_read_see_anything() {
    let pages = Pages::start().await;
    let cookie = pages.logged_in().await;
    let expired = pages
        .store
        .create_token(Scope::Admin, None, Some(Duration::from_secs(1)))
        .await
        .unwrap();
    let revoked = pages.token(Scope::Admin, None).await;
    let id = pages.store.token(&revoked).await.unwrap().unwrap().id;
    assert!(pages.store.revoke_token(id).await.unwrap());
    pages.clock.advance_ms(2_000);
    let site = pages.add_site("one").await;
    let ended = pages.logged_in().await;
    ask(Method::POST, "/logout")
        .cookie(&ended)
        .header("sec-fetch-site", "same-origin")
        .send(&pages)
        .await;

    let ended_cookie = ended.clone();
    let viewers: Vec<Role> = vec![
        ("session", Box::new(move |ask| ask.cookie(&cookie))),
        bearer("read token", pages.token(Scope::Read, None).await),
        bearer(
            "read token of a site",
            pages.token(Scope::Read, Some(site.id)).await,
        ),
        bearer("admin token", pages.token(Scope::Admin, None).await),
    ];
    let strangers: Vec<Role> = vec![
        ("anonymous", Box::new(|ask| ask)),
        bearer("expired token", expired),
        bearer("revoked token", revoked),
        bearer(
            "unknown token",
            "hgp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        ),
        bearer("empty token", String::new()),
        (
            "ended session",
            Box::new(move |ask| ask.cookie(&ended_cookie)),
        ),
        (
            "basic",
            Box::new(|ask| ask.header("authorization", "Basic YWRtaW46YWRtaW4=")),
        ),
        ("empty cookie", Box::new(|ask| ask.cookie("hgpixel="))),
        (
            "unknown session",
            Box::new(|ask| ask.cookie("hgpixel=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
        ),
    ];
    let write_token = bearer("write token", pages.token(Scope::Write, None).await);

    for (method, path, status) in VIEWERS_ONLY {
        // From a page of ours: the check on foreign pages has its own tests.
        let ask = || ask(method.clone(), path).header("sec-fetch-site", "same-origin");
        for (name, role) in &viewers {
            let answer = role(ask()).send(&pages).await;
            assert_eq!(answer.status, *status, "{name} at {path}");
            assert_eq!(
                answer.header("cache-control"),
                "no-store",
                "{name} at {path}"
            );
        }
        for (name, role) in &strangers {
            let answer = role(ask()).send(&pages).await;
            assert_eq!(answer.status, 401, "{name} at {path}");
            assert!(
                answer.header("www-authenticate").starts_with("Bearer"),
                "{name} at {path}"
            );
            assert!(answer.detail().contains("log in"));
            if method != Method::GET {
                continue;
            }
            let answer = role(ask().page()).send(&pages).await;
            assert_eq!(answer.status, 303, "{name} at {path}");
            assert!(
                answer.header("location").starts_with("/login"),
                "{name} at {path}"
            );
        }
        let (name, role) = &write_token;
        let answer = role(ask()).send(&pages).await;
        assert_eq!(answer.status, 403, "{name} at {path}");
    }
    for (method, path, status) in PUBLIC {
        for (name, role) in viewers.iter().chain(&strangers).chain([&write_token]) {
            let foreign = role(ask(method.clone(), path)).header("sec-fetch-site", "same-origin");
            let answer = foreign.form("link=unknown").send(&pages).await;
            // The login shows nothing to those who are in; and guesses are limited.
            let expected = match (*path, method) {
                ("/login", &Method::GET) if viewers.iter().any(|(viewer, _)| viewer == name) => 303,
                ("/login", &Method::POST) if answer.status == 429 => 429,
                _ => *status,
            };
            assert_eq!(answer.status, expected, "{name} at {method} {path}");
        }
    }
}

#[tokio::test]
async fn a_token_of_a_site_sees_that_site_and_no_other() {
    let pages = Pages::start().await;
    let mine = pages.add_site("mine").await;
    let other = pages.add_site("hidden.example").await;
    pages
        .store_events(vec![event(&mine, 1), event(&other, 2), event(&mine, 3)])
        .await;
    let token = pages.token(Scope::Read, Some(mine.id)).await;

    for query in [
        "",
        "clientID=mine",
        "url=&userId=",
        "search=example",
        "clientID=&search=/",
    ] {
        let answer = get(&format!("/view-data?{query}"))
            .bearer(&token)
            .send(&pages)
            .await;
        assert_eq!(answer.events("clientID"), ["mine", "mine"], "{query}");
        assert_eq!(answer.json()["recordsTotal"], 2, "{query}");
    }
    for query in [
        "clientID=hidden.example",
        "clientID=unknown",
        "url=https://example.com/2",
        "search=example.com/2",
    ] {
        for format in ["json", "csv", "ndjson"] {
            let path = format!("/view-data?{query}&format={format}");
            let answer = get(&path).bearer(&token).send(&pages).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert!(
                !answer.body.contains("\"hidden.example\"") && !answer.body.contains(".com/"),
                "{path}: {}",
                answer.body
            );
        }
    }
    for format in ["csv", "ndjson"] {
        let answer = get(&format!("/view-data?format={format}"))
            .bearer(&token)
            .send(&pages)
            .await;
        assert_eq!(
            answer.body.matches("\"mine\"").count(),
            2,
            "{}",
            answer.body
        );
        assert!(!answer.body.contains("\"hidden.example\""));
    }
    let home = get("/").bearer(&token).send(&pages).await;
    assert!(
        home.body.contains("mine") && !home.body.contains("hidden.example"),
        "{}",
        home.body
    );
    // The other way round: what one viewer's page put into the cache is not another's.
    let admin = pages.token(Scope::Admin, None).await;
    let home = get("/").bearer(&admin).send(&pages).await;
    assert!(home.body.contains("mine") && home.body.contains("hidden.example"));
}

#[tokio::test]
async fn a_token_in_the_query_is_refused() {
    let pages = Pages::start().await;
    let token = pages.token(Scope::Read, None).await;
    for name in ["token", "access_token", "auth", "secret"] {
        let answer = get(&format!("/view-data?{name}={token}"))
            .send(&pages)
            .await;
        assert_eq!(answer.status, 401, "{name}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_policy() {
    let pages = Pages::start_at("https://stats.example.com").await;
    let token = pages.token(Scope::Read, None).await;
    let asks = [
        get("/").bearer(&token),
        get("/"),
        get("/view-data?length=0").bearer(&token),
        get("/view-data?format=csv").bearer(&token),
        get("/view-data").page().bearer(&token),
        get("/login"),
        get("/static/app.js"),
        get("/nothing"),
        ask(Method::DELETE, "/view-data"),
        ask(Method::POST, "/login").header("sec-fetch-site", "cross-site"),
    ];
    for ask in asks {
        let answer = ask.send(&pages).await;
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
             base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
            "{answer:?}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert!(
            answer
                .header("permissions-policy")
                .contains("geolocation=()")
        );
        assert_eq!(
            answer.header("strict-transport-security"),
            "max-age=31536000"
        );
    }
}
