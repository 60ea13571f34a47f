//! Who may see and do what: every route, everybody.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use hgpixel_query::{Need, ROUTES};
use hgpixel_store::{Actor, Grant, NewToken, Role, Scope, Site};

use crate::support::{Answer, Ask, Pages, ask, event, get};

/// The table of routes is where routes are made, but for the two of the script, which are for everybody.
#[test]
fn no_route_is_made_outside_of_the_table() {
    let mut made = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src"
    ))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            let routes =
                source.matches(".route(").count() + source.matches("route_service(").count();
            if routes > 0 {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                made.push((name, routes));
            }
        }
    }
    made.sort();
    let expected = [("pixel.rs".to_owned(), 2), ("routes.rs".to_owned(), 1)];
    assert_eq!(made, expected);
}

/// A way of asking, under a name, and what it is to be worth.
struct Persona {
    name: &'static str,
    ask: Box<dyn Fn(Ask) -> Ask>,
    worth: Worth,
}

#[derive(Clone, Copy)]
enum Worth {
    Nothing,
    /// A good token that opens no page.
    WriteOnly,
    Some {
        is_user: bool,
        is_server_owner: bool,
        /// On the site of the path.
        role: Option<Role>,
    },
}

impl Persona {
    fn with_cookie(name: &'static str, cookie: String, worth: Worth) -> Self {
        let ask = Box::new(move |ask: Ask| ask.cookie(&cookie));
        Self { name, ask, worth }
    }

    fn with_token(name: &'static str, token: String, worth: Worth) -> Self {
        let ask = Box::new(move |ask: Ask| ask.bearer(&token));
        Self { name, ask, worth }
    }
}

impl Worth {
    /// The status of a refusal; `None` where the handler is to be reached.
    fn refusal(self, need: Need) -> Option<u16> {
        let (is_user, is_server_owner, role) = match (need, self) {
            (Need::Nothing, _) => return None,
            // No link has the secret `{token}`.
            (Need::SharedLink, _) => return Some(404),
            (_, Self::Nothing) => return Some(401),
            (_, Self::WriteOnly) => return Some(403),
            (
                _,
                Self::Some {
                    is_user,
                    is_server_owner,
                    role,
                },
            ) => (is_user, is_server_owner, role),
        };
        match need {
            Need::Nothing | Need::Viewer | Need::SharedLink => None,
            Need::User => (!is_user).then_some(403),
            Need::ServerOwner => (!is_server_owner).then_some(403),
            Need::Site(needed) => match role {
                None => Some(404),
                Some(role) => (role < needed).then_some(403),
            },
        }
    }
}

fn worth(is_user: bool, is_server_owner: bool, role: Option<Role>) -> Worth {
    Worth::Some {
        is_user,
        is_server_owner,
        role,
    }
}

async fn users(pages: &Pages, mine: &Site, other: &Site) -> Vec<Persona> {
    let mut personas = vec![Persona::with_cookie(
        "owner of the server",
        pages.user("server@example.com", Grant::Server).await,
        worth(true, true, Some(Role::Owner)),
    )];
    for (name, email, role) in [
        ("viewer", "viewer@example.com", Role::Viewer),
        ("editor", "editor@example.com", Role::Editor),
        ("owner", "owner@example.com", Role::Owner),
    ] {
        let cookie = pages.user_of(email, mine, role).await;
        personas.push(Persona::with_cookie(
            name,
            cookie,
            worth(true, false, Some(role)),
        ));
    }
    let cookie = pages.user_of("other@example.com", other, Role::Owner).await;
    let nothing_here = worth(true, false, None);
    personas.push(Persona::with_cookie(
        "owner of another site",
        cookie,
        nothing_here,
    ));
    personas.push(Persona::with_cookie(
        "login link",
        pages.logged_in().await,
        worth(false, true, Some(Role::Owner)),
    ));
    personas
}

async fn tokens(pages: &Pages, mine: &Site, other: &Site) -> Vec<Persona> {
    let mut personas = Vec::new();
    for (name, scope, site, worth) in [
        (
            "read token",
            Scope::Read,
            None,
            worth(false, false, Some(Role::Viewer)),
        ),
        (
            "read token of the site",
            Scope::Read,
            Some(mine.id),
            worth(false, false, Some(Role::Viewer)),
        ),
        (
            "read token of another site",
            Scope::Read,
            Some(other.id),
            worth(false, false, None),
        ),
        (
            "admin token",
            Scope::Admin,
            None,
            worth(false, true, Some(Role::Owner)),
        ),
        (
            "admin token of the site",
            Scope::Admin,
            Some(mine.id),
            worth(false, false, Some(Role::Owner)),
        ),
        (
            "admin token of another site",
            Scope::Admin,
            Some(other.id),
            worth(false, false, None),
        ),
        ("write token", Scope::Write, None, Worth::WriteOnly),
        (
            "write token of the site",
            Scope::Write,
            Some(mine.id),
            Worth::WriteOnly,
        ),
    ] {
        let token = pages.token(scope, site).await;
        personas.push(Persona::with_token(name, token, worth));
    }
    personas
}

async fn strangers(pages: &Pages, mine: &Site) -> Vec<Persona> {
    let me = Actor::command_line();
    let short = NewToken {
        expires_in: Some(Duration::from_secs(1)),
        ..NewToken::new(Scope::Admin, None)
    };
    let expired = pages.store.create_token(&me, &short).await.unwrap();
    pages.clock.advance_ms(2_000);
    let revoked = pages.token(Scope::Admin, None).await;
    let of_revoked = pages.token(Scope::Admin, None).await;
    let form = format!("secret={of_revoked}");
    let login = ask(Method::POST, "/login").form(&form).send(pages).await;
    for token in [&revoked, &of_revoked] {
        let id = pages.store.token(token).await.unwrap().unwrap().id;
        assert!(pages.store.revoke_token(&me, id).await.unwrap());
    }
    let ended = pages.logged_in().await;
    ask(Method::POST, "/logout")
        .cookie(&ended)
        .own()
        .send(pages)
        .await;
    let removed = pages
        .user_of("removed@example.com", mine, Role::Owner)
        .await;
    let email = "removed@example.com".parse().unwrap();
    let user = pages.store.user_by_email(&email).await.unwrap().unwrap();
    pages.store.remove_user(&me, user.id).await.unwrap();

    let unknown = format!("hgp_{}", "A".repeat(64));
    let unknown_cookie = format!("hgpixel={}", "A".repeat(64));
    let nothing = Worth::Nothing;
    vec![
        Persona {
            name: "anonymous",
            ask: Box::new(|ask| ask),
            worth: nothing,
        },
        Persona {
            name: "basic",
            ask: Box::new(|ask| ask.header("authorization", "Basic YWRtaW46YWRtaW4=")),
            worth: nothing,
        },
        Persona::with_token("expired token", expired, nothing),
        Persona::with_token("revoked token", revoked, nothing),
        Persona::with_token("unknown token", unknown, nothing),
        Persona::with_token("empty token", String::new(), nothing),
        Persona::with_cookie(
            "session of a revoked token",
            login.cookie().to_owned(),
            nothing,
        ),
        Persona::with_cookie("ended session", ended, nothing),
        Persona::with_cookie("session of a removed user", removed, nothing),
        Persona::with_cookie("empty cookie", "hgpixel=".to_owned(), nothing),
        Persona::with_cookie("unknown session", unknown_cookie, nothing),
    ]
}

fn is_refusal(answer: &Answer) -> Option<u16> {
    let status = answer.status.as_u16();
    [401, 403, 404].contains(&status).then_some(status)
}

/// By the table of routes: one that is added is in here.
#[tokio::test]
async fn everybody_may_do_what_they_are_to_and_nothing_else() {
    let pages = Pages::start().await;
    let mine = pages.add_site("mine").await;
    let other = pages.add_site("other").await;
    let mut personas = users(&pages, &mine, &other).await;
    personas.extend(tokens(&pages, &mine, &other).await);
    personas.extend(strangers(&pages, &mine).await);
    let guarded: Vec<_> = ROUTES
        .iter()
        .filter(|route| route.need != Need::Nothing)
        .collect();
    assert!(guarded.len() >= 20 && personas.len() >= 25);

    for route in guarded {
        let path = route.path.replace("{key}", "mine");
        for persona in &personas {
            // An empty form: whoever is let through is told that it is not the page's, or changes nothing of the others here.
            let request = || (persona.ask)(ask(route.method.clone(), &path).own().form(""));
            let answer = request().send(&pages).await;
            let (method, name) = (&route.method, persona.name);
            let context = format!("{name}: {method} {path}: {answer:?}");
            assert_eq!(
                is_refusal(&answer),
                persona.worth.refusal(route.need),
                "{context}"
            );
            assert!(answer.status.as_u16() < 500, "{context}");
            if answer.status == 401 {
                let challenge = answer.header("www-authenticate");
                assert!(challenge.starts_with("Bearer"), "{context}");
                let page = request().page().send(&pages).await;
                let led = *method == Method::GET && page.status == 303;
                assert!(led || *method != Method::GET, "{context}");
            } else {
                assert_eq!(answer.header("cache-control"), "no-store", "{context}");
            }
        }
    }
}

/// A site that one may not see answers like one that is not there.
#[tokio::test]
async fn a_hidden_site_is_like_none() {
    let pages = Pages::start().await;
    let mine = pages.add_site("mine").await;
    pages.add_site("other").await;
    let cookie = pages.user_of("anna@example.com", &mine, Role::Owner).await;
    let settings = async |key: &str| {
        let path = format!("/sites/{key}/settings");
        let answer = get(&path).cookie(&cookie).send(&pages).await;
        (answer.status.as_u16(), answer.body)
    };
    assert_eq!(settings("mine").await.0, 200);
    assert_eq!(settings("other").await, settings("unknown").await);
    assert_eq!(settings("other").await.0, 404);
}

#[tokio::test]
async fn a_user_sees_the_events_of_their_sites_alone() {
    let pages = Pages::start().await;
    let mine = pages.add_site("mine").await;
    let other = pages.add_site("hidden.example").await;
    pages
        .store_events(vec![event(&mine, 1), event(&other, 2)])
        .await;
    let viewer = pages.user_of("anna@example.com", &mine, Role::Viewer).await;
    let seen = get("/view-data").cookie(&viewer).send(&pages).await;
    assert_eq!(seen.events("clientID"), ["mine"]);
    let home = get("/").page().cookie(&viewer).send(&pages).await;
    assert!(!home.body.contains("hidden.example"), "{}", home.body);
    // Whose last role was taken sees nothing, and is not an owner of everything.
    let email = "anna@example.com".parse().unwrap();
    let user = pages.store.user_by_email(&email).await.unwrap().unwrap();
    let actor = Actor::command_line();
    let taken = pages.store.set_role(&actor, user.id, mine.id, None).await;
    taken.unwrap();
    let seen = get("/view-data").cookie(&viewer).send(&pages).await;
    assert!(seen.events("clientID").is_empty());
    assert_eq!(
        get("/people").cookie(&viewer).send(&pages).await.status,
        403
    );
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
