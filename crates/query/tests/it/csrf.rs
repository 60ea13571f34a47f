//! No other site's page may act here.

use axum::http::Method;

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
