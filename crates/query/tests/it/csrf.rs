//! No other site's page may act here.

use axum::http::Method;
use hgpixel_query::ROUTES;
use hgpixel_store::Grant;

use crate::support::{Pages, ask, get, post};

#[tokio::test]
async fn a_foreign_page_can_neither_log_in_nor_log_out() {
    let pages = Pages::start_at("https://stats.example.com").await;
    let cookie = pages.logged_in().await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        for path in ["/login", "/logout", "/", "/view-data", "/nothing"] {
            for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
                let link = pages.link().await;
                let request = ask(method.clone(), path).form(&format!("link={link}"));
                let answer = request
                    .cookie(&cookie)
                    .header(name, value)
                    .send(&pages)
                    .await;
                assert_eq!(answer.status, 403, "{method} {path} with {name}: {value}");
                assert!(!answer.headers.contains_key("set-cookie"));
            }
        }
    }
    let still_in = get("/view-data").cookie(&cookie).send(&pages).await;
    assert_eq!(still_in.status, 200);
}

/// By the table of routes: one that is added is in here.
#[tokio::test]
async fn no_route_that_changes_something_takes_a_foreign_form() {
    let pages = Pages::start().await;
    pages.add_site("one").await;
    let cookie = pages.user("owner@example.com", Grant::Server).await;
    let unsafe_routes: Vec<_> = ROUTES
        .iter()
        .filter(|route| !route.method.is_safe())
        .collect();
    assert!(unsafe_routes.len() >= 15, "{unsafe_routes:?}");
    for route in unsafe_routes {
        let path = route.path.replace("{key}", "one");
        let request = || ask(route.method.clone(), &path).cookie(&cookie).form("");
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
            // Nothing is said about where it comes from, and the cookie is sent.
            ("accept", "*/*"),
        ] {
            let answer = request().header(name, value).send(&pages).await;
            assert_eq!(answer.status, 403, "{path} with {name}: {value}");
            assert!(answer.detail().contains("another site"), "{path}");
        }
        // The same from our own page gets to its handler, which finds the form wanting, or does as it is told.
        if path != "/logout" {
            let answer = request().own().send(&pages).await;
            assert!(
                // 404: nobody shared anything.
                [303, 400, 401, 404].contains(&answer.status.as_u16()),
                "{path}: {answer:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_request_that_does_not_say_where_it_comes_from_must_not_carry_the_cookie() {
    let pages = Pages::start().await;
    let cookie = pages.logged_in().await;
    let answer = post("/logout").cookie(&cookie).send(&pages).await;
    assert_eq!(answer.status, 403);
    let answer = post("/logout")
        .cookie(&cookie)
        .header("origin", "http://127.0.0.1:5000")
        .send(&pages)
        .await;
    assert_eq!(answer.status, 303);
}
