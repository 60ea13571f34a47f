//! Links that work once, logins that end, tokens that allow what they say.

use std::time::Duration;

use hgpixel_store::{Actor, EventStore, NewToken, Scope};

use crate::support::{DAY_MS, HOUR_MS, MINUTE_MS, NOW_MS, Place, ask, for_each_backend, site};

for_each_backend!(
    a_link_works_once,
    a_link_ends,
    a_login_ends_when_idle_and_when_old,
    a_logout_ends_the_login,
    a_login_by_token_ends_with_its_token,
    a_token_allows_what_it_says,
    a_token_ends,
    no_secret_is_stored,
);

const HOUR: Duration = Duration::from_hours(1);

async fn create_token(
    store: &EventStore,
    scope: Scope,
    site: Option<i64>,
    expires_in: Option<Duration>,
) -> String {
    let new = NewToken {
        expires_in,
        ..NewToken::new(scope, site)
    };
    store
        .create_token(&Actor::command_line(), &new)
        .await
        .unwrap()
}

async fn a_link_works_once(place: Place) {
    let store = place.open().await;
    let link = store.create_login_link(HOUR).await.unwrap();
    let (one, other) = tokio::join!(
        store.redeem_login_link(&link),
        store.redeem_login_link(&link)
    );
    let cookies: Vec<String> = [one.unwrap(), other.unwrap()]
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(cookies.len(), 1);
    assert_ne!(cookies[0], link);
    assert_eq!(store.redeem_login_link(&link).await.unwrap(), None);
    assert_eq!(store.redeem_login_link("").await.unwrap(), None);
    let login = store.login_session(&cookies[0]).await.unwrap().unwrap();
    assert_eq!(
        (login.created_ms, login.expires_ms),
        (NOW_MS, NOW_MS + 7 * DAY_MS)
    );
    // A link is no cookie, and a cookie no link.
    assert_eq!(store.login_session(&link).await.unwrap(), None);
    assert_eq!(store.redeem_login_link(&cookies[0]).await.unwrap(), None);
}

async fn a_link_ends(place: Place) {
    let store = place.open().await;
    let link = store.create_login_link(HOUR).await.unwrap();
    place.clock.advance_ms(HOUR_MS);
    assert_eq!(store.redeem_login_link(&link).await.unwrap(), None);
}

async fn a_login_ends_when_idle_and_when_old(place: Place) {
    let store = place.open().await;
    let login = async || {
        let link = store.create_login_link(HOUR).await.unwrap();
        store.redeem_login_link(&link).await.unwrap().unwrap()
    };
    let cookie = login().await;
    place.clock.advance_ms(12 * HOUR_MS - 1);
    assert!(store.login_session(&cookie).await.unwrap().is_some());
    place.clock.advance_ms(12 * HOUR_MS - 1);
    assert!(store.login_session(&cookie).await.unwrap().is_some());
    place.clock.advance_ms(12 * HOUR_MS);
    assert!(store.login_session(&cookie).await.unwrap().is_none());
    let cookie = login().await;
    for _ in 0..14 {
        place.clock.advance_ms(12 * HOUR_MS - 1);
        assert!(store.login_session(&cookie).await.unwrap().is_some());
    }
    place.clock.advance_ms(14);
    assert!(store.login_session(&cookie).await.unwrap().is_none());
    store.prune().await.unwrap();
    assert_eq!(ask(&place, "select count(*) from logins").await, "0");
}

async fn a_logout_ends_the_login(place: Place) {
    let store = place.open().await;
    let link = store.create_login_link(HOUR).await.unwrap();
    let cookie = store.redeem_login_link(&link).await.unwrap().unwrap();
    store.logout(&cookie).await.unwrap();
    assert_eq!(store.login_session(&cookie).await.unwrap(), None);
    store.logout(&cookie).await.unwrap();
}

async fn a_login_by_token_ends_with_its_token(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let create =
        async |scope, expires_in| create_token(&store, scope, Some(site.id), expires_in).await;
    let secret = create(Scope::Read, None).await;
    let cookie = store.login_with_token(&secret).await.unwrap().unwrap();
    assert_ne!(cookie, secret);
    let login = store.login_session(&cookie).await.unwrap().unwrap();
    let token = login.token.unwrap();
    assert_eq!((token.scope, token.site), (Scope::Read, Some(site.id)));

    // The next token must not open the old one's logins, even where numbers are given again.
    assert!(
        store
            .revoke_token(&Actor::command_line(), token.id)
            .await
            .unwrap()
    );
    let next = create(Scope::Admin, Some(HOUR)).await;
    assert_eq!(store.login_session(&cookie).await.unwrap(), None);

    let cookie = store.login_with_token(&next).await.unwrap().unwrap();
    assert!(store.login_session(&cookie).await.unwrap().is_some());
    place.clock.advance_ms(HOUR_MS);
    assert_eq!(store.login_session(&cookie).await.unwrap(), None);
    assert_eq!(store.login_with_token(&next).await.unwrap(), None);

    let writing = create(Scope::Write, None).await;
    assert_eq!(store.login_with_token(&writing).await.unwrap(), None);
    assert_eq!(store.login_with_token("hgp_").await.unwrap(), None);
}

async fn a_token_allows_what_it_says(place: Place) {
    let store = place.open().await;
    let site = site(&store, "a").await;
    let secret = create_token(&store, Scope::Read, Some(site.id), None).await;
    assert!(secret.starts_with("hgp_") && secret.len() == 68, "{secret}");
    let token = store.token(&secret).await.unwrap().unwrap();
    assert_eq!(
        (token.scope, token.site, token.last_used_ms),
        (Scope::Read, Some(site.id), None)
    );
    place.clock.advance_ms(MINUTE_MS);
    let used = store.token(&secret).await.unwrap().unwrap().last_used_ms;
    assert_eq!(used, Some(NOW_MS));
    for scope in [Scope::Write, Scope::Admin] {
        let secret = create_token(&store, scope, None, None).await;
        let token = store.token(&secret).await.unwrap().unwrap();
        assert_eq!((token.scope, token.site), (scope, None));
    }
    for wrong in [
        "",
        "hgp_",
        &secret[..67],
        &format!("{secret}0"),
        &secret.to_uppercase(),
    ] {
        assert_eq!(store.token(wrong).await.unwrap(), None, "{wrong}");
    }
}

async fn a_token_ends(place: Place) {
    let store = place.open().await;
    let secret = create_token(&store, Scope::Read, None, Some(HOUR)).await;
    let token = store.token(&secret).await.unwrap().unwrap();
    assert_eq!(token.expires_ms, Some(NOW_MS + HOUR_MS));
    place.clock.advance_ms(HOUR_MS);
    assert_eq!(store.token(&secret).await.unwrap(), None);
    let secret = create_token(&store, Scope::Read, None, None).await;
    let id = store.token(&secret).await.unwrap().unwrap().id;
    assert!(
        store
            .revoke_token(&Actor::command_line(), id)
            .await
            .unwrap()
    );
    assert!(
        !store
            .revoke_token(&Actor::command_line(), id)
            .await
            .unwrap()
    );
    assert_eq!(store.token(&secret).await.unwrap(), None);
}

async fn no_secret_is_stored(place: Place) {
    let store = place.open().await;
    let link = store.create_login_link(HOUR).await.unwrap();
    let spent = store.create_login_link(HOUR).await.unwrap();
    let cookie = store.redeem_login_link(&spent).await.unwrap().unwrap();
    let token = create_token(&store, Scope::Admin, None, None).await;
    for table in ["login_links", "logins", "tokens"] {
        let hex = match &place.keeper {
            crate::support::Keeper::Sqlite(_) => "hex(hash)",
            crate::support::Keeper::Postgres(_) => "encode(hash, 'hex')",
        };
        let stored = ask(&place, &format!("select {hex} from {table}"))
            .await
            .to_lowercase();
        assert_eq!(stored.len(), 64, "{table}: {stored}");
        for secret in [&link, &spent, &cookie, &token] {
            assert!(!stored.contains(&secret[secret.len() - 64..]), "{table}");
        }
    }
}
