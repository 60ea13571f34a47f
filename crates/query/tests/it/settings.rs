//! What is set of a site, by its page.

use hgpixel_store::{Grant, Role};

use crate::support::{Ask, Pages, get, post};

fn change(generation: i64, part: &str) -> Ask {
    let mut fields = vec![
        ("generation", generation.to_string()),
        ("name", "Shop".to_owned()),
        ("domain", String::new()),
        ("time_zone", "UTC".to_owned()),
        ("allowed_origins", String::new()),
        ("retention_days", "0".to_owned()),
        ("opt_out", String::new()),
        ("drop_rules", String::new()),
    ];
    for (name, value) in &mut fields {
        if let Some(own) = part.strip_prefix(&format!("{name}=")) {
            own.clone_into(value);
        }
    }
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    post("/sites/shop/settings").form(&form.finish()).own()
}

#[tokio::test]
async fn a_change_is_kept_and_stands_in_the_log() {
    let pages = Pages::start().await;
    let site = pages.add_site("shop").await;
    let editor = pages.user_of("anna@example.com", &site, Role::Editor).await;
    let saved = change(1, "time_zone=europe/vienna")
        .cookie(&editor)
        .send(&pages)
        .await;
    assert_eq!(
        saved.header("location"),
        "/sites/shop/settings?done=saved",
        "{saved:?}"
    );
    let site = pages.store.sites().await.unwrap().remove(0);
    assert_eq!(
        (site.time_zone.as_str(), site.generation),
        ("Europe/Vienna", 2)
    );

    let owner = pages.user("owner@example.com", Grant::Server).await;
    for path in ["/audit", "/sites/shop/audit"] {
        let log = get(path).page().cookie(&owner).send(&pages).await;
        assert!(
            log.body.contains("Anna (user 1)") && log.body.contains("<ins>Europe/Vienna</ins>"),
            "{}",
            log.body
        );
        assert!(!log.body.contains("example.com"), "{}", log.body);
    }
}

#[tokio::test]
async fn what_will_not_do_is_said_beside_its_field_and_stays_as_it_was_typed() {
    let pages = Pages::start().await;
    let site = pages.add_site("shop").await;
    let editor = pages.user_of("anna@example.com", &site, Role::Editor).await;
    for (part, field) in [
        ("name=", "name"),
        ("domain=https://a.example", "domain"),
        ("time_zone=Vienna", "time_zone"),
        ("allowed_origins=shop.example", "allowed_origins"),
        ("retention_days=soon", "retention_days"),
        ("opt_out=maybe", "opt_out"),
        ("drop_rules=<script>", "drop_rules"),
    ] {
        let refused = change(1, part).cookie(&editor).send(&pages).await;
        assert_eq!(refused.status, 422, "{part}");
        assert!(
            refused.body.contains(&format!("id=\"{field}-error\"")),
            "{part}: {}",
            refused.body
        );
        assert_eq!(refused.body.matches("-error\">").count(), 1, "{part}");
        assert!(!refused.body.contains("<script>"), "{part}");
    }
    assert_eq!(pages.store.sites().await.unwrap(), [site]);
}

#[tokio::test]
async fn two_who_change_a_site_at_once_hear_of_each_other() {
    let pages = Pages::start().await;
    let site = pages.add_site("shop").await;
    let editor = pages.user_of("anna@example.com", &site, Role::Editor).await;
    let first = change(1, "name=First").cookie(&editor).send(&pages).await;
    assert_eq!(first.status, 303);
    let second = change(1, "name=Second").cookie(&editor).send(&pages).await;
    assert_eq!(second.status, 422);
    assert!(
        second.body.contains("Somebody else has changed")
            && second.body.contains("value=\"Second\""),
        "{}",
        second.body
    );
    assert_eq!(pages.store.sites().await.unwrap()[0].name, "First");
    let again = change(2, "name=Second").cookie(&editor).send(&pages).await;
    assert_eq!(again.status, 303);
}

#[tokio::test]
async fn a_form_with_a_field_too_many_is_refused() {
    let pages = Pages::start().await;
    let site = pages.add_site("shop").await;
    let editor = pages.user_of("anna@example.com", &site, Role::Editor).await;
    let answer = post("/sites/shop/settings")
        .form("generation=1&name=a&id=2")
        .cookie(&editor)
        .own()
        .send(&pages)
        .await;
    assert_eq!(answer.status, 400, "{answer:?}");
}

#[tokio::test]
async fn an_owner_of_the_server_adds_a_site() {
    let pages = Pages::start().await;
    let owner = pages.user("anna@example.com", Grant::Server).await;
    let add = async |form: &str| {
        let request = post("/sites").form(form).cookie(&owner).own();
        request.send(&pages).await
    };
    let refused = add("key=a+b&name=").await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.body.contains("id=\"site-key-error\""),
        "{}",
        refused.body
    );
    let added = add("key=shop.example&name=The+shop").await;
    assert_eq!(
        added.header("location"),
        "/sites/shop.example/settings?done=added"
    );
    assert_eq!(pages.store.sites().await.unwrap()[0].name, "The shop");
}
