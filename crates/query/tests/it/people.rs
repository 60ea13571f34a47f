//! How people come in, what they are told, and what is shown once.

use hgpixel_store::{Grant, Role};

use crate::support::{Answer, PASSWORD, Pages, get, post};

/// What stands in the box that is shown once.
fn shown_once(answer: &Answer, id: &str) -> String {
    let begin = format!("<pre id=\"{id}\">");
    let (_, rest) = answer
        .body
        .split_once(&begin)
        .unwrap_or_else(|| panic!("no {id}: {}", answer.body));
    rest.split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_owner_invites_and_the_invited_comes_in() {
    let pages = Pages::start().await;
    let site = pages.add_site("shop").await;
    let owner = pages.user_of("owner@example.com", &site, Role::Owner).await;
    let invited = post("/sites/shop/people")
        .form("email=Ben%40example.com&role=editor")
        .cookie(&owner)
        .own()
        .send(&pages)
        .await;
    assert_eq!(invited.status, 200, "{invited:?}");
    let link = shown_once(&invited, "link");
    let path = link.split_once("/invitation").unwrap().1;
    let path = format!("/invitation{path}");
    let again = get("/sites/shop/settings")
        .page()
        .cookie(&owner)
        .send(&pages)
        .await;
    assert!(again.body.contains("ben@example.com") && !again.body.contains("/invitation?"));

    let page = get(&path).page().send(&pages).await;
    assert!(page.body.contains("ben@example.com"), "{}", page.body);
    assert_eq!(page.header("cache-control"), "no-store");
    let secret = path.split_once("link=").unwrap().1;
    let accept = async |name: &str, password: &str| {
        let form = format!("link={secret}&email=x&name={name}&password={password}");
        post("/invitation").page().form(&form).send(&pages).await
    };
    let refused = accept("Ben", "short").await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.body.contains("id=\"password-error\"") && refused.body.contains("value=\"Ben\""),
        "{}",
        refused.body
    );
    let accepted = accept("Ben", "correct+horse+battery").await;
    assert_eq!(accepted.status, 303, "{accepted:?}");
    let cookie = accepted.cookie().to_owned();
    let settings = get("/sites/shop/settings")
        .cookie(&cookie)
        .send(&pages)
        .await;
    assert_eq!(settings.status, 200);
    // An editor is shown neither people nor tokens.
    assert!(!settings.body.contains("owner@example.com") && !settings.body.contains("Tokens"));
    assert_eq!(accept("Eve", "correct+horse+battery").await.status, 404);
    assert_eq!(get(&path).page().send(&pages).await.status, 404);
}

#[tokio::test]
async fn people_log_in_with_address_and_password() {
    let pages = Pages::start().await;
    let first = pages.user("anna@example.com", Grant::Server).await;
    let log_in = async |email: &str, password: &str| {
        let form = format!("email={email}&password={password}&next=%2Fsettings");
        post("/login").page().form(&form).send(&pages).await
    };
    let wrong = log_in("anna%40example.com", "wrong").await;
    assert_eq!(wrong.status, 401);
    let unknown = log_in("nobody%40example.com", "wrong").await;
    // Nothing tells who has an account.
    assert_eq!(
        wrong.body.replace("anna", ""),
        unknown.body.replace("nobody", "")
    );
    assert!(!wrong.body.contains("value=\"wrong\""));
    let good = log_in("Anna%40Example.com", &PASSWORD.replace(' ', "+")).await;
    assert_eq!(
        (good.status.as_u16(), good.header("location")),
        (303, "/settings")
    );
    assert_ne!(good.cookie(), first);
}

#[tokio::test]
async fn wrong_passwords_for_one_account_are_limited_whoever_sends_them() {
    let pages = Pages::start().await;
    pages.user("anna@example.com", Grant::Server).await;
    let (mut tried, mut waits) = (0, 0);
    for _ in 0..40 {
        // The limit by address is another one, and lets one pass each twelve seconds.
        pages.clock.advance_ms(12_000);
        let answer = post("/login")
            .form("email=anna%40example.com&password=wrong")
            .send(&pages)
            .await;
        tried += usize::from(answer.status == 401);
        waits += usize::from(answer.status == 429);
    }
    assert_eq!((tried, waits), (9, 31));
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions() {
    let pages = Pages::start().await;
    let first = pages.user("anna@example.com", Grant::Server).await;
    let form = format!(
        "email=anna%40example.com&password={}",
        PASSWORD.replace(' ', "+")
    );
    let second = post("/login")
        .form(&form)
        .send(&pages)
        .await
        .cookie()
        .to_owned();
    let change = async |cookie: &str, current: &str, new: &str| {
        let form = format!("email=x&current={current}&password={new}");
        let request = post("/settings/password").form(&form).cookie(cookie).own();
        request.send(&pages).await
    };
    let refused = change(&first, "wrong", "a+better+password").await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.body.contains("id=\"current-error\""),
        "{}",
        refused.body
    );
    let refused = change(&first, "correct+horse+battery", "short").await;
    assert!(
        refused.body.contains("id=\"password-error\""),
        "{}",
        refused.body
    );
    let changed = change(&first, "correct+horse+battery", "a+better+password").await;
    assert_eq!(changed.status, 303, "{changed:?}");
    let third = changed.cookie().to_owned();
    for (cookie, status) in [(&first, 401), (&second, 401), (&third, 200)] {
        let answer = get("/settings").cookie(cookie).send(&pages).await;
        assert_eq!(answer.status, status);
    }
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let pages = Pages::start().await;
    let first = pages.user("anna@example.com", Grant::Server).await;
    let form = format!(
        "email=anna%40example.com&password={}",
        PASSWORD.replace(' ', "+")
    );
    let second = post("/login")
        .header(
            "user-agent",
            "Mozilla/5.0 (Windows NT 10.0) Chrome/156.0 Safari/537.36",
        )
        .form(&form)
        .send(&pages)
        .await;
    let second = second.cookie().to_owned();
    let page = get("/settings").page().cookie(&first).send(&pages).await;
    assert!(
        page.body.contains("Firefox on Linux") && page.body.contains("Chrome on Windows"),
        "{}",
        page.body
    );
    let (_, rest) = page.body.split_once("name=\"id\" value=\"").unwrap();
    let id = rest.split('"').next().unwrap();
    let end = post("/settings/sessions").form(&format!("id={id}"));
    let ended = end.cookie(&first).own().send(&pages).await;
    assert_eq!(ended.header("location"), "/settings?done=session");
    assert_eq!(get("/").cookie(&second).send(&pages).await.status, 401);
    assert_eq!(get("/").cookie(&first).send(&pages).await.status, 200);
}

#[tokio::test]
async fn nobody_locks_themselves_out_by_a_slip() {
    let pages = Pages::start().await;
    let site = pages.add_site("shop").await;
    let cookie = pages.user("anna@example.com", Grant::Server).await;
    let owner = pages.user_of("ben@example.com", &site, Role::Owner).await;
    let users = pages.store.users().await.unwrap();
    let (anna, ben) = (users[0].id, users[1].id);
    for (path, form, cookie) in [
        ("/people/remove", format!("user={anna}"), &cookie),
        ("/people/owner", format!("user={anna}&owner=false"), &cookie),
        (
            "/sites/shop/people/role",
            format!("user={ben}&role="),
            &owner,
        ),
    ] {
        let request = post(path).form(&form).cookie(cookie).own();
        let answer = request.send(&pages).await;
        assert_eq!(answer.status, 422, "{path}: {answer:?}");
    }
    assert_eq!(pages.store.users().await.unwrap(), users);
}

#[tokio::test]
async fn a_token_is_shown_once_and_belongs_to_its_site() {
    let pages = Pages::start().await;
    let (shop, blog) = (pages.add_site("shop").await, pages.add_site("blog").await);
    let owner = pages.user_of("anna@example.com", &shop, Role::Owner).await;
    let of_blog = pages.token(hgpixel_store::Scope::Read, Some(blog.id)).await;
    let made = post("/sites/shop/tokens")
        .form("name=Nightly+export&scope=read&days=30")
        .cookie(&owner)
        .own()
        .send(&pages)
        .await;
    let secret = shown_once(&made, "secret");
    assert!(secret.starts_with("hgp_"), "{secret}");
    let token = pages.store.token(&secret).await.unwrap().unwrap();
    assert_eq!(
        (token.site, token.name.as_str()),
        (Some(shop.id), "Nightly export")
    );
    let page = get("/sites/shop/settings")
        .cookie(&owner)
        .send(&pages)
        .await;
    assert!(page.body.contains("Nightly export") && !page.body.contains(&secret));

    let revoke = async |id: i64| {
        let request = post("/sites/shop/tokens/revoke").form(&format!("id={id}"));
        request.cookie(&owner).own().send(&pages).await
    };
    let foreign = pages.store.token(&of_blog).await.unwrap().unwrap().id;
    revoke(foreign).await;
    assert!(pages.store.token(&of_blog).await.unwrap().is_some());
    revoke(token.id).await;
    assert!(pages.store.token(&secret).await.unwrap().is_none());
}
