//! What people set of a site, and what becomes of those who send.

use hgpixel_config::OptOut;
use hgpixel_event::Marks;
use hgpixel_store::{Actor, SiteSetting};
use http::Method;
use serde_json::json;

use crate::rig::{Answer, PATIENCE, Rig};

/// Sets a site up, and waits until the collector has read it.
async fn set_up(rig: &Rig, settings: &[(SiteSetting, &str)]) {
    rig.store
        .add_site(&"shop".parse().unwrap(), "")
        .await
        .unwrap();
    let mut site = rig.store.sites().await.unwrap().remove(0);
    // A rule that is of no use to the test tells that it has been read: the collector then leaves its page out.
    let rules = settings
        .iter()
        .find(|(setting, _)| *setting == SiteSetting::DropRules)
        .map_or("", |(_, rules)| *rules);
    for (setting, text) in settings {
        setting.set(&mut site, text).unwrap();
    }
    SiteSetting::DropRules
        .set(&mut site, &format!("{rules}\npath /is-it-known"))
        .unwrap();
    let changed = rig.store.change_site(&Actor::command_line(), &site).await;
    changed.unwrap();
    let known = async {
        loop {
            let body = json!({"clientID": "shop", "url": "https://shop.example/is-it-known"});
            let answer = send(rig, &[("origin", "https://shop.example")], &body).await;
            if answer.header("x-hgpixel-dropped") == Some("rule") {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, known).await.unwrap();
}

async fn send(rig: &Rig, headers: &[(&str, &str)], body: &serde_json::Value) -> Answer {
    rig.post_with(headers, body.to_string()).await
}

fn visit() -> serde_json::Value {
    json!({"clientID": "shop", "url": "https://shop.example/"})
}

/// How many events the queue has taken while the site was set up: those that came before the rules were known.
fn taken(rig: &Rig) -> u64 {
    rig.metric("hgpixel_events_accepted_total")
}

#[tokio::test]
async fn only_allowed_origins_send() {
    let rig = Rig::start().await;
    let origins = "https://shop.example\nhttps://*.shop.example";
    set_up(&rig, &[(SiteSetting::AllowedOrigins, origins)]).await;
    let before = taken(&rig);
    for headers in [
        [("origin", "https://shop.example")],
        [("origin", "https://m.shop.example")],
        [("referer", "https://shop.example/cart")],
    ] {
        let answer = send(&rig, &headers, &visit()).await;
        assert_eq!(answer.status, 204, "{headers:?}");
    }
    for headers in [
        [("origin", "https://evil.example")],
        [("origin", "http://shop.example")],
        [("origin", "null")],
        [("referer", "https://evil.example/?https://shop.example")],
        [("accept", "*/*")],
    ] {
        let answer = send(&rig, &headers, &visit()).await;
        assert_eq!(answer.status, 403, "{headers:?}");
        assert!(answer.detail().contains("allowed origins"));
        // The page is told, so that its makers see it.
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    assert_eq!(taken(&rig) - before, 3);
    assert_eq!(
        rig.metric("hgpixel_events_rejected_total{reason=\"origin\"}"),
        5
    );
    let uri = "/pixel.gif?site=shop&url=https://shop.example/";
    let picture = Rig::request(Method::GET, uri).header("referer", "https://evil.example/");
    let picture = rig.send(picture.body(axum::body::Body::empty()).unwrap());
    let picture = picture.await;
    assert_eq!(picture.status, 403);
    assert_eq!(picture.header("content-type"), Some("image/gif"));
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn a_rule_leaves_out_networks_programs_and_paths() {
    let rig = Rig::start().await;
    let rules = "network 198.51.100.0/24\nagent uptimerobot\npath /staging";
    set_up(&rig, &[(SiteSetting::DropRules, rules)]).await;
    let before = taken(&rig);
    let from = async |peer: &str| {
        let request = Rig::request_from(Method::POST, "/track", peer);
        rig.send(request.body(visit().to_string().into()).unwrap())
            .await
    };
    let office = from("198.51.100.7:1").await;
    assert_eq!(
        (office.status.as_u16(), office.header("x-hgpixel-dropped")),
        (204, Some("rule"))
    );
    assert_eq!(
        from("198.51.101.7:1").await.header("x-hgpixel-dropped"),
        None
    );
    let monitor = [("user-agent", "Mozilla/5.0 (compatible; UptimeRobot/2.0)")];
    let monitor = send(&rig, &monitor, &visit()).await;
    assert_eq!(monitor.header("x-hgpixel-dropped"), Some("rule"));

    let batch = json!({"site": "shop", "url": "https://shop.example/", "events": [
        {"url": "https://shop.example/staging/1"}, {}, {"url": "https://shop.example/a/staging"},
        {"url": "https://shop.example/staging?x"},
    ]});
    let answer = send(&rig, &[], &batch).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("x-hgpixel-dropped")),
        (204, Some("rule"))
    );
    assert_eq!(taken(&rig) - before, 3);
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn a_site_has_an_opt_out_rule_of_its_own() {
    let check = async |server: OptOut, site: &str, dropped: bool, recognised: bool| {
        let mut rig = Rig::start_with(|settings| settings.privacy.opt_out = server).await;
        set_up(&rig, &[(SiteSetting::OptOut, site)]).await;
        let before = usize::try_from(taken(&rig)).unwrap();
        rig.queued(before).await;
        let answer = send(&rig, &[("sec-gpc", "1")], &visit()).await;
        if dropped {
            assert_eq!(answer.header("x-hgpixel-dropped"), Some("opt_out"));
            return;
        }
        let event = rig.queued(1).await.remove(0);
        assert_eq!(event.visitor.is_some(), recognised, "{server:?} {site}");
        assert_eq!(event.marks.contains(Marks::OPTED_OUT), !recognised);
    };
    check(OptOut::Anonymous, "drop", true, false).await;
    check(OptOut::Drop, "ignore", false, true).await;
    check(OptOut::Drop, "anonymous", false, false).await;
    check(OptOut::Drop, "", true, false).await;
    check(OptOut::Ignore, "", false, true).await;
}
