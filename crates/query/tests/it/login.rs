//! Coming in and going out.

use hgpixel_store::{Actor, Scope};

use crate::support::{Pages, get, post};

#[tokio::test]
async fn a_link_works_once_and_only_by_its_button() {
    let pages = Pages::start().await;
    let link = pages.link().await;
    // A preview of the link, however often, uses nothing up.
    for _ in 0..3 {
        let page = get(&format!("/login?link={link}"))
            .page()
            .send(&pages)
            .await;
        assert_eq!(page.status, 200);
        assert!(
            page.body
                .contains(&format!("name=\"link\" value=\"{link}\"")),
            "{}",
            page.body
        );
        assert!(!page.headers.contains_key("set-cookie"));
        assert_eq!(page.header("cache-control"), "no-store");
    }
    let answer = post("/login")
        .form(&format!("link={link}&next=%2Fview-data%3Furl%3Dx"))
        .send(&pages)
        .await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), "/view-data?url=x");
    let seen = get("/view-data").cookie(answer.cookie()).send(&pages).await;
    assert_eq!(seen.status, 200);

    let again = post("/login")
        .form(&format!("link={link}"))
        .send(&pages)
        .await;
    assert_eq!(again.status, 401);
    assert!(!again.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn an_old_link_does_not_work() {
    let pages = Pages::start().await;
    let link = pages.link().await;
    pages.clock.advance_ms(10 * 60 * 1_000 + 1);
    let answer = post("/login")
        .form(&format!("link={link}"))
        .send(&pages)
        .await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn a_link_may_be_pasted_whole() {
    let pages = Pages::start().await;
    let link = pages.link().await;
    let pasted = format!("secret=+http%3A%2F%2Flocalhost%3A5000%2Flogin%3Flink%3D{link}+");
    let answer = post("/login").form(&pasted).send(&pages).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(answer.header("location"), "/");
}

#[tokio::test]
async fn a_login_by_token_has_the_tokens_limits() {
    let pages = Pages::start().await;
    let site = pages.add_site("one").await;
    let token = pages.token(Scope::Read, Some(site.id)).await;
    let answer = post("/login")
        .form(&format!("secret={token}"))
        .send(&pages)
        .await;
    let cookie = answer.cookie().to_owned();
    // The token itself stays with its holder.
    assert!(!cookie.contains(&token), "{cookie}");
    assert_eq!(
        get("/view-data").cookie(&cookie).send(&pages).await.status,
        200
    );

    let id = pages.store.token(&token).await.unwrap().unwrap().id;
    pages
        .store
        .revoke_token(&Actor::command_line(), id)
        .await
        .unwrap();
    assert_eq!(
        get("/view-data").cookie(&cookie).send(&pages).await.status,
        401
    );
}

#[tokio::test]
async fn a_logout_ends_the_login_and_not_the_token_that_opened_it() {
    let pages = Pages::start().await;
    let token = pages.token(Scope::Read, None).await;
    let log_in = async || {
        let answer = post("/login")
            .form(&format!("secret={token}"))
            .send(&pages)
            .await;
        answer.cookie().to_owned()
    };
    let (one, other) = (log_in().await, log_in().await);
    assert_ne!(one, other);
    post("/logout")
        .cookie(&one)
        .header("sec-fetch-site", "same-origin")
        .send(&pages)
        .await;
    for (cookie, status) in [(&one, 401), (&other, 200)] {
        let answer = get("/view-data").cookie(cookie).send(&pages).await;
        assert_eq!(answer.status, status);
    }
    let answer = get("/view-data").bearer(&token).send(&pages).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_token_that_may_only_write_opens_no_login() {
    let pages = Pages::start().await;
    let token = pages.token(Scope::Write, None).await;
    let answer = post("/login")
        .form(&format!("secret={token}"))
        .send(&pages)
        .await;
    assert_eq!(answer.status, 401);
    assert!(!answer.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn after_the_logout_the_cookie_is_worth_nothing() {
    let pages = Pages::start().await;
    let cookie = pages.logged_in().await;
    let own =
        |ask: crate::support::Ask| ask.cookie(&cookie).header("sec-fetch-site", "same-origin");
    let answer = own(post("/logout")).send(&pages).await;
    assert_eq!(answer.status, 303);
    assert!(
        answer.header("set-cookie").contains("Max-Age=0"),
        "{answer:?}"
    );
    assert_eq!(
        get("/view-data").cookie(&cookie).send(&pages).await.status,
        401
    );
}

#[tokio::test]
async fn each_login_has_a_session_of_its_own() {
    let pages = Pages::start().await;
    let planted = "hgpixel=planted";
    let link = pages.link().await;
    let request = post("/login").form(&format!("link={link}")).cookie(planted);
    let first = request
        .header("sec-fetch-site", "same-origin")
        .send(&pages)
        .await;
    assert_ne!(first.cookie(), planted);
    assert_ne!(first.cookie(), pages.logged_in().await);
}

#[tokio::test]
async fn the_cookie_is_closed_to_scripts_and_bound_to_its_host() {
    let cookie_at = async |public_url: &str| {
        let pages = Pages::start_at(public_url).await;
        let link = pages.link().await;
        let answer = post("/login")
            .form(&format!("link={link}"))
            .send(&pages)
            .await;
        answer.header("set-cookie").to_owned()
    };
    let secure = cookie_at("https://stats.example.com").await;
    assert!(secure.starts_with("__Host-hgpixel="), "{secure}");
    assert!(
        secure.ends_with("; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure"),
        "{secure}"
    );
    let local = cookie_at("http://127.0.0.1:5000").await;
    assert!(local.starts_with("hgpixel="), "{local}");
    assert!(
        local.ends_with("; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax"),
        "{local}"
    );
}

#[tokio::test]
async fn guesses_are_limited_and_those_who_know_are_not() {
    let pages = Pages::start().await;
    let mut tried = 0;
    for n in 0..1_000 {
        let answer = post("/login")
            .form(&format!("secret=guess{n}"))
            .send(&pages)
            .await;
        tried += usize::from(answer.status == 401);
        if answer.status != 401 {
            assert_eq!(answer.status, 429);
            assert!(!answer.header("retry-after").is_empty());
        }
    }
    assert_eq!(tried, 5);
    let link = pages.link().await;
    let page = post("/login")
        .page()
        .form(&format!("link={link}"))
        .send(&pages)
        .await;
    assert_eq!(page.status, 429);
    assert!(
        page.body.contains("Too many attempts") && page.body.contains(&link),
        "{}",
        page.body
    );
    pages.clock.advance_ms(12_000);
    // The link was not used up by the attempt that was one too many.
    for _ in 0..20 {
        pages.clock.advance_ms(1_000);
        pages.logged_in().await;
    }
    assert_eq!(
        post("/login")
            .form(&format!("link={link}"))
            .send(&pages)
            .await
            .status,
        303
    );
}

#[tokio::test]
async fn whoever_comes_for_a_page_is_led_back_to_it() {
    let pages = Pages::start().await;
    let answer = get("/view-data?url=https%3A%2F%2Fx%2F&search=a%20b")
        .page()
        .send(&pages)
        .await;
    let location = answer.header("location");
    assert_eq!(
        location,
        "/login?next=%2Fview-data%3Furl%3Dhttps%253A%252F%252Fx%252F%26search%3Da%2520b"
    );
    let page = get(location).page().send(&pages).await;
    assert!(
        page.body
            .contains("name=\"next\" value=\"/view-data?url=https%3A%2F%2Fx%2F&#38;search=a%20b\""),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn what_the_address_says_is_never_markup() {
    let pages = Pages::start().await;
    let hostile = "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    for query in [
        format!("link={hostile}"),
        format!("next=/{hostile}"),
        format!("link=a&next=/{hostile}"),
    ] {
        let page = get(&format!("/login?{query}")).page().send(&pages).await;
        assert!(!page.body.contains("<script>alert"), "{}", page.body);
    }
}

#[tokio::test]
async fn forms_that_are_none_are_refused() {
    let pages = Pages::start().await;
    let answer = post("/login").send(&pages).await;
    assert!([400, 401].contains(&answer.status.as_u16()), "{answer:?}");
    let answer = post("/login")
        .form(&format!("secret={}", "x".repeat(70_000)))
        .send(&pages)
        .await;
    assert_eq!(answer.status, 400);
    for body in ["", "secret=", "link=&secret=", "secret=%00", "secret=%ff"] {
        let pages = Pages::start().await;
        let answer = post("/login").form(body).send(&pages).await;
        assert!(
            [400, 401].contains(&answer.status.as_u16()),
            "{body}: {answer:?}"
        );
    }
}
