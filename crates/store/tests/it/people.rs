//! People: how they come in, what they may do, and how they go.

use hgpixel_store::{
    Actor, AuditAction, Authority, Email, EventStore, Grant, Invited, Role, StoreError, User,
};

use crate::support::{HOUR_MS, MINUTE_MS, NOW_MS, Place, ask, for_each_backend, site};

for_each_backend!(
    an_invitation_sets_name_and_password_once,
    an_invitation_ends,
    a_password_opens_logins_until_it_is_changed,
    a_user_sees_and_ends_their_logins,
    roles_are_given_changed_and_taken,
    whoever_invites_decides_about_no_more_than_is_theirs,
    a_reset_link_replaces_the_password,
    whoever_is_removed_is_out,
    the_log_names_nobody_by_address_and_holds_no_secret,
);

const PASSWORD: &str = "correct horse battery";

fn email(text: &str) -> Email {
    text.parse().unwrap()
}

fn me() -> Actor {
    Actor::command_line()
}

async fn invite(store: &EventStore, address: &str, grant: Grant) -> Invited {
    store
        .invite(&me(), &Authority::Server, &email(address), grant)
        .await
        .unwrap()
}

/// A user with a password, and the cookie of the login that setting it began.
async fn come_in(store: &EventStore, address: &str, grant: Grant) -> (User, String) {
    let link = invite(store, address, grant).await.link.unwrap();
    let cookie = store
        .accept_invitation(&link, "Anna", PASSWORD, "Firefox")
        .await
        .unwrap()
        .unwrap();
    let user = store.user_by_email(&email(address)).await.unwrap();
    (user.unwrap(), cookie)
}

async fn log_in(store: &EventStore, address: &str, password: &str) -> Option<String> {
    store
        .login_with_password(&email(address), password, "Chrome")
        .await
        .unwrap()
}

async fn an_invitation_sets_name_and_password_once(place: Place) {
    let store = place.open().await;
    let site = site(&store, "shop").await;
    let grant = Grant::Site(site.id, Role::Editor);
    let Invited { user, link } = invite(&store, "anna@example.com", grant).await;
    let link = link.unwrap();
    assert!(!user.is_active && !user.is_owner);
    assert_eq!(user.role(site.id), Some(Role::Editor));
    assert_eq!(log_in(&store, "anna@example.com", "").await, None);
    // Looking does not use it up, and neither does a password that will not do.
    for _ in 0..2 {
        assert_eq!(store.invited(&link).await.unwrap().unwrap().id, user.id);
        let refused = store.accept_invitation(&link, "Anna", "short", "").await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))));
        let refused = store.accept_invitation(&link, " ", PASSWORD, "").await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))));
    }
    let accept = async || store.accept_invitation(&link, "Anna", PASSWORD, "").await;
    let (one, other) = tokio::join!(accept(), accept());
    let cookies: Vec<_> = [one.unwrap(), other.unwrap()]
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(cookies.len(), 1);
    let login = store.login_session(&cookies[0]).await.unwrap().unwrap();
    let user = login.user.unwrap();
    assert_eq!((user.name.as_str(), user.is_active), ("Anna", true));
    assert_eq!(login.token, None);
    assert_eq!(store.invited(&link).await.unwrap(), None);
    // Who has a password needs no link for another site.
    assert_eq!(
        invite(&store, "ANNA@example.com", Grant::Server).await.link,
        None
    );
}

async fn an_invitation_ends(place: Place) {
    let store = place.open().await;
    let link = invite(&store, "anna@example.com", Grant::Server).await.link;
    let link = link.unwrap();
    place.clock.advance_ms(72 * HOUR_MS);
    assert_eq!(store.invited(&link).await.unwrap(), None);
    let late = store.accept_invitation(&link, "Anna", PASSWORD, "").await;
    assert_eq!(late.unwrap(), None);
    store.prune().await.unwrap();
    assert_eq!(ask(&place, "select count(*) from invitations").await, "0");
}

async fn a_password_opens_logins_until_it_is_changed(place: Place) {
    let store = place.open().await;
    let (user, first) = come_in(&store, "anna@example.com", Grant::Server).await;
    let second = log_in(&store, "Anna@Example.com", PASSWORD).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(
        log_in(&store, "anna@example.com", "another password").await,
        None
    );
    assert_eq!(log_in(&store, "ben@example.com", PASSWORD).await, None);

    let change = async |current: &str, new: &str| {
        store.change_password(&user, current, new, "Firefox").await
    };
    assert_eq!(change("wrong", "a better password").await.unwrap(), None);
    let refused = change(PASSWORD, "anna@example.com").await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))));
    let third = change(PASSWORD, "a better password")
        .await
        .unwrap()
        .unwrap();
    for (cookie, lives) in [(&first, false), (&second, false), (&third, true)] {
        let session = store.login_session(cookie).await.unwrap();
        assert_eq!(session.is_some(), lives);
    }
    assert_eq!(log_in(&store, "anna@example.com", PASSWORD).await, None);
    assert!(
        log_in(&store, "anna@example.com", "a better password")
            .await
            .is_some()
    );
}

async fn a_user_sees_and_ends_their_logins(place: Place) {
    let store = place.open().await;
    let (anna, mine) = come_in(&store, "anna@example.com", Grant::Server).await;
    let (ben, others) = come_in(&store, "ben@example.com", Grant::Server).await;
    place.clock.advance_ms(MINUTE_MS);
    let second = log_in(&store, "anna@example.com", PASSWORD).await.unwrap();
    let third = log_in(&store, "anna@example.com", PASSWORD).await.unwrap();
    let logins = store.user_logins(anna.id, &mine).await.unwrap();
    assert_eq!(logins.len(), 3);
    let this: Vec<_> = logins.iter().filter(|login| login.is_this).collect();
    assert_eq!(this.len(), 1);
    assert_eq!(
        (this[0].agent.as_str(), this[0].created_ms),
        ("Firefox", NOW_MS)
    );
    // Nobody ends another's.
    let foreign = store.user_logins(ben.id, &others).await.unwrap();
    store
        .end_user_logins(&anna, &mine, Some(&foreign[0].id))
        .await
        .unwrap();
    assert!(store.login_session(&others).await.unwrap().is_some());
    let second_id = store.user_logins(anna.id, &second).await.unwrap();
    let second_id = second_id.iter().find(|login| login.is_this).unwrap();
    store
        .end_user_logins(&anna, &mine, Some(&second_id.id))
        .await
        .unwrap();
    assert!(store.login_session(&second).await.unwrap().is_none());
    assert!(store.login_session(&third).await.unwrap().is_some());
    store.end_user_logins(&anna, &mine, None).await.unwrap();
    assert!(store.login_session(&third).await.unwrap().is_none());
    assert!(store.login_session(&mine).await.unwrap().is_some());
    // The id of a login opens nothing.
    assert!(store.login_session(&logins[0].id).await.unwrap().is_none());
}

async fn roles_are_given_changed_and_taken(place: Place) {
    let store = place.open().await;
    let (shop, blog) = (site(&store, "shop").await, site(&store, "blog").await);
    let grant = Grant::Site(shop.id, Role::Viewer);
    let (anna, _) = come_in(&store, "anna@example.com", grant).await;
    let role = async |site: i64| {
        let user = store.user(anna.id).await.unwrap().unwrap();
        user.role(site)
    };
    assert_eq!(role(shop.id).await, Some(Role::Viewer));
    assert_eq!(role(blog.id).await, None);
    let set = async |site, role| store.set_role(&me(), anna.id, site, role).await;
    set(shop.id, Some(Role::Owner)).await.unwrap();
    assert_eq!(role(shop.id).await, Some(Role::Owner));
    assert!(
        set(blog.id, Some(Role::Owner)).await.is_err(),
        "invited first"
    );
    set(shop.id, None).await.unwrap();
    assert_eq!(role(shop.id).await, None);

    store.set_server_owner(&me(), anna.id, true).await.unwrap();
    assert_eq!(role(blog.id).await, Some(Role::Owner));
    store.set_server_owner(&me(), anna.id, false).await.unwrap();
    assert_eq!(role(blog.id).await, None);
    let unknown = Grant::Site(99, Role::Viewer);
    let refused = store
        .invite(&me(), &Authority::Server, &email("x@example.com"), unknown)
        .await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))));
    assert_eq!(
        store.users().await.unwrap().len(),
        1,
        "nobody came in by it"
    );
}

async fn whoever_invites_decides_about_no_more_than_is_theirs(place: Place) {
    let store = place.open().await;
    let (shop, blog) = (site(&store, "shop").await, site(&store, "blog").await);
    let of_shop = Authority::Sites(vec![shop.id]);
    let of_blog = Authority::Sites(vec![blog.id]);
    let invite_as = async |authority: &Authority, grant| {
        store
            .invite(&me(), authority, &email("anna@example.com"), grant)
            .await
    };
    assert!(invite_as(&of_shop, Grant::Server).await.is_err());
    assert!(
        invite_as(&of_shop, Grant::Site(blog.id, Role::Viewer))
            .await
            .is_err()
    );
    let on_shop = Grant::Site(shop.id, Role::Editor);
    let first = invite_as(&of_shop, on_shop).await.unwrap().link.unwrap();
    // The owner of the blog would get a link that opens the shop.
    let on_blog = Grant::Site(blog.id, Role::Viewer);
    assert!(invite_as(&of_blog, on_blog).await.is_err());
    // The owner of the server may; the link that the shop's owner holds must not open the blog.
    let second = invite_as(&Authority::Server, on_blog).await.unwrap();
    assert_eq!(store.invited(&first).await.unwrap(), None);
    assert!(
        store
            .invited(&second.link.unwrap())
            .await
            .unwrap()
            .is_some()
    );
    assert!(invite_as(&of_shop, on_shop).await.is_err());
}

async fn a_reset_link_replaces_the_password(place: Place) {
    let store = place.open().await;
    let (user, cookie) = come_in(&store, "anna@example.com", Grant::Server).await;
    let link = store.reset_link(&me(), user.id).await.unwrap();
    assert!(log_in(&store, "anna@example.com", PASSWORD).await.is_some());
    store
        .accept_invitation(&link, "Anna B.", "a better password", "")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(log_in(&store, "anna@example.com", PASSWORD).await, None);
    assert_eq!(store.login_session(&cookie).await.unwrap(), None);
}

async fn whoever_is_removed_is_out(place: Place) {
    let store = place.open().await;
    let (user, cookie) = come_in(&store, "anna@example.com", Grant::Server).await;
    store.remove_user(&me(), user.id).await.unwrap();
    assert_eq!(store.login_session(&cookie).await.unwrap(), None);
    assert_eq!(log_in(&store, "anna@example.com", PASSWORD).await, None);
    assert!(store.remove_user(&me(), user.id).await.is_err());
    // A number is never given again: the log names it.
    let next = invite(&store, "ben@example.com", Grant::Server).await.user;
    assert!(next.id > user.id);
}

async fn the_log_names_nobody_by_address_and_holds_no_secret(place: Place) {
    let store = place.open().await;
    let shop = site(&store, "shop").await;
    let grant = Grant::Site(shop.id, Role::Viewer);
    let (anna, cookie) = come_in(&store, "anna@example.com", grant).await;
    store.rename_user(&anna, "Anna B.").await.unwrap();
    let changed = store
        .change_password(&anna, PASSWORD, "a better password", "")
        .await;
    changed.unwrap().unwrap();
    let link = store.reset_link(&me(), anna.id).await.unwrap();
    store
        .set_role(&Actor::user(&anna), anna.id, shop.id, Some(Role::Owner))
        .await
        .unwrap();
    let entries = store.audit(None, None).await.unwrap();
    let of = |action| entries.iter().find(|entry| entry.action == action);
    let role = of(AuditAction::RoleSet).unwrap();
    assert_eq!(
        (role.old.as_str(), role.new.as_str(), role.site),
        ("viewer", "owner", Some(shop.id))
    );
    assert_eq!((role.user, role.at_ms), (Some(anna.id), NOW_MS));
    assert_eq!(of(AuditAction::UserName).unwrap().new, "Anna B.");
    for action in [
        AuditAction::UserInvite,
        AuditAction::UserAccept,
        AuditAction::UserPassword,
        AuditAction::UserResetLink,
    ] {
        assert!(of(action).is_some(), "{action}");
    }
    let text = format!("{entries:?}");
    for secret in ["example.com", PASSWORD, "better", "argon2", &cookie, &link] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
