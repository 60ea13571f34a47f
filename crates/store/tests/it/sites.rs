//! What people set of a site, and the log of it.

use hgpixel_store::{Actor, AuditAction, SiteSetting, StoreError};

use crate::support::{DAY_MS, Place, ask, for_each_backend, site, site_key};

for_each_backend!(
    a_new_site_has_defaults,
    settings_are_kept_and_written_down,
    nobody_overwrites_what_they_have_not_seen,
    a_setting_that_makes_no_sense_is_not_kept,
    the_log_is_paged_and_ends,
    what_is_kept_and_shared_is_in_the_log,
);

async fn a_new_site_has_defaults(place: Place) {
    let store = place.open().await;
    let site = site(&store, "shop").await;
    assert_eq!(site.time_zone, "UTC");
    assert_eq!(site.zone().iana_name(), Some("UTC"));
    assert!(site.allowed_origins.is_any() && site.drop_rules.is_empty());
    assert_eq!((site.generation, site.retention_days), (1, 0));
    assert_eq!(site.opt_out, None);
    let entries = store.audit(Some(site.id), None).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (entries[0].action, entries[0].subject.as_str()),
        (AuditAction::SiteAdd, "shop")
    );
    // Adding it again changes nothing, and says nothing.
    store.add_site(&site_key("shop"), "Other").await.unwrap();
    assert_eq!(store.audit(Some(site.id), None).await.unwrap(), entries);
}

async fn settings_are_kept_and_written_down(place: Place) {
    let store = place.open().await;
    let mut changed = site(&store, "shop").await;
    for (setting, text) in [
        (SiteSetting::Domain, "shop.example"),
        (SiteSetting::TimeZone, "Europe/Vienna"),
        (SiteSetting::AllowedOrigins, "https://shop.example"),
        (SiteSetting::RetentionDays, "90"),
        (SiteSetting::OptOut, "drop"),
        (SiteSetting::DropRules, "path /staging\nagent Uptime"),
    ] {
        setting.set(&mut changed, text).unwrap();
    }
    let kept = store
        .change_site(&Actor::command_line(), &changed)
        .await
        .unwrap();
    changed.generation = 2;
    assert_eq!(kept, changed);
    assert_eq!(store.sites().await.unwrap(), std::slice::from_ref(&kept));
    let snapshot = store.snapshot().await.unwrap();
    assert_eq!(snapshot.sites.get("shop"), Some(&kept));

    let entries = store.audit(Some(kept.id), None).await.unwrap();
    let lines: Vec<_> = entries
        .iter()
        .filter(|entry| entry.action == AuditAction::SiteSet)
        .map(|entry| format!("{}: {} -> {}", entry.subject, entry.old, entry.new))
        .collect();
    assert_eq!(lines.len(), 6);
    assert!(lines.contains(&"time_zone: UTC -> Europe/Vienna".to_owned()));
    assert!(lines.contains(&"drop_rules:  -> path /staging\nagent Uptime".to_owned()));
    assert_eq!(entries[0].actor, "command line");

    // The same once more is no change.
    let same = store.change_site(&Actor::command_line(), &kept).await;
    assert_eq!(same.unwrap().generation, 2);
    assert_eq!(store.audit(Some(kept.id), None).await.unwrap(), entries);
}

async fn nobody_overwrites_what_they_have_not_seen(place: Place) {
    let store = place.open().await;
    let seen = site(&store, "shop").await;
    let rename = async |name: &str| {
        let mut site = seen.clone();
        SiteSetting::Name.set(&mut site, name).unwrap();
        store.change_site(&Actor::command_line(), &site).await
    };
    let (one, other) = tokio::join!(rename("one"), rename("other"));
    let won = [&one, &other].iter().filter(|kept| kept.is_ok()).count();
    assert_eq!(won, 1, "{one:?} {other:?}");
    assert!(matches!(rename("late").await, Err(StoreError::Conflict)));
}

async fn a_setting_that_makes_no_sense_is_not_kept(place: Place) {
    let store = place.open().await;
    let mut site = site(&store, "shop").await;
    "Nowhere".clone_into(&mut site.time_zone);
    let refused = store.change_site(&Actor::command_line(), &site).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))));
    site.id += 1;
    let refused = store.change_site(&Actor::command_line(), &site).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))));
}

async fn the_log_is_paged_and_ends(place: Place) {
    let store = place.open().await;
    let mut changed = site(&store, "shop").await;
    for n in 0..120 {
        SiteSetting::Name
            .set(&mut changed, &format!("{n}"))
            .unwrap();
        changed = store
            .change_site(&Actor::command_line(), &changed)
            .await
            .unwrap();
    }
    let first = store.audit(None, None).await.unwrap();
    assert_eq!((first.len(), first[0].new.as_str()), (100, "119"));
    let second = store.audit(None, Some(first[99].id)).await.unwrap();
    assert_eq!(second.len(), 21);
    place.clock.advance_ms(400 * DAY_MS + 1);
    store.prune().await.unwrap();
    assert_eq!(ask(&place, "select count(*) from audit").await, "0");
}

async fn what_is_kept_and_shared_is_in_the_log(place: Place) {
    let store = place.open().await;
    let (mine, other) = (site(&store, "a").await, site(&store, "b").await);
    let me = Actor::command_line();
    let body = r#"{"day":"2026-11-13"}"#;
    let kept = store.keep(&me, mine.id, "annotation", "A new page", body);
    let id = kept.await.unwrap().unwrap();
    let secret = store.share(&me, mine.id, "the board").await.unwrap();
    let link = store.shared_links(mine.id).await.unwrap().remove(0).id;
    // What is another site's is not there, and nothing is written down.
    assert!(!store.forget_kept(&me, other.id, id).await.unwrap());
    assert!(!store.unshare(&me, other.id, link).await.unwrap());
    assert!(store.forget_kept(&me, mine.id, id).await.unwrap());
    assert!(store.unshare(&me, mine.id, link).await.unwrap());
    assert!(!store.unshare(&me, mine.id, link).await.unwrap());

    let entries = store.audit(None, None).await.unwrap();
    let lines: Vec<String> = entries
        .iter()
        .take_while(|entry| entry.action != AuditAction::SiteAdd)
        .map(|entry| {
            assert_eq!(entry.site, Some(mine.id));
            format!(
                "{} {} {} {}",
                entry.action, entry.subject, entry.old, entry.new
            )
        })
        .collect();
    let expected = [
        "link.revoke the shared link the board  ".to_owned(),
        format!("kept.remove the annotation A new page {body} "),
        "link.share the shared link the board  ".to_owned(),
        format!("kept.add the annotation A new page  {body}"),
    ];
    assert_eq!(lines, expected);
    assert!(!format!("{entries:?}").contains(&secret.unwrap()));
}
