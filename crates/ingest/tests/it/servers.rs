//! Servers send with a token: more at a time, compressed, and of visitors of whom they tell.

use std::io::Write;
use std::time::Duration;

use axum::body::Body;
use flate2::Compression;
use flate2::write::GzEncoder;
use hgpixel_config::UnknownSite;
use hgpixel_event::{Event, Marks};
use hgpixel_store::{Actor, NewToken, Scope, SiteSetting};
use http::Method;
use serde_json::{Value, json};

use crate::rig::{Answer, PATIENCE, Rig};
use crate::rules::set_up;

const OUTSIDE: &str = "198.51.100.9:4711";

/// A token that the collector knows already.
async fn token(rig: &Rig, scope: Scope, site: Option<&str>) -> String {
    let site = match site {
        Some(key) => Some(
            rig.store
                .add_site(&key.parse().unwrap(), key)
                .await
                .unwrap(),
        ),
        None => None,
    };
    let site = site.map(|site| site.id);
    let new = NewToken::new(scope, site);
    let token = rig.store.create_token(&Actor::command_line(), &new).await;
    let token = token.unwrap();
    if scope != Scope::Read {
        until_known(rig, &token).await;
    }
    token
}

async fn until_known(rig: &Rig, token: &str) {
    // From loopback, where asking costs nothing. An empty body is refused for what it is once the token is known.
    let shown = format!("Bearer {token}");
    let headers = [("authorization", shown.as_str())];
    let known = async {
        while rig.post_with(&headers, "").await.status == 401 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, known).await.unwrap();
}

async fn post(rig: &Rig, token: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut request = Rig::request_from(Method::POST, "/track", OUTSIDE)
        .header("authorization", format!("Bearer {token}"))
        .header("user-agent", "python-requests/2");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    rig.send(request.body(body.into()).unwrap()).await
}

fn batch(events: &[Value]) -> String {
    json!({"site": "shop", "events": events}).to_string()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

const GZIP: [(&str, &str); 1] = [("content-encoding", "gzip")];

#[tokio::test]
async fn a_token_that_may_not_send_is_refused_and_told_what_to_do() {
    let rig = Rig::start().await;
    let reader = token(&rig, Scope::Read, None).await;
    for secret in [reader.as_str(), "hgp_0", "", "nonsense"] {
        let answer = post(&rig, secret, &[], batch(&[json!({})])).await;
        assert_eq!(answer.status, 401, "{secret:?}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert!(answer.detail().contains("token create --scope write"));
    }
    let rejected = "hgpixel_events_rejected_total{reason=\"token\"}";
    assert_eq!(rig.metric(rejected), 4);
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn a_token_serves_until_it_ends() {
    let mut rig = Rig::start().await;
    let admin = token(&rig, Scope::Admin, None).await;
    assert_eq!(
        post(&rig, &admin, &[], batch(&[json!({})])).await.status,
        204
    );
    let hour = NewToken {
        expires_in: Some(Duration::from_hours(1)),
        ..NewToken::new(Scope::Write, None)
    };
    let ending = rig.store.create_token(&Actor::command_line(), &hour).await;
    let ending = ending.unwrap();
    until_known(&rig, &ending).await;
    assert_eq!(
        post(&rig, &ending, &[], batch(&[json!({})])).await.status,
        204
    );
    rig.clock.advance_ms(3_600_000);
    assert_eq!(
        post(&rig, &ending, &[], batch(&[json!({})])).await.status,
        401
    );
    rig.queued(2).await;
}

#[tokio::test]
async fn whoever_guesses_a_token_pays_for_it() {
    let rig = Rig::start_with(|settings| {
        settings.ingest.rate_events_per_s = 1;
        settings.ingest.rate_burst = 3;
    })
    .await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(post(&rig, "hgp_0", &[], "{}").await.status.as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 429, 429]);
}

#[tokio::test]
async fn another_scheme_is_not_for_us() {
    let mut rig = Rig::start().await;
    let basic = [("authorization", "Basic dXNlcjpwYXNz")];
    let answer = rig
        .post_with(&basic, json!({"clientID": "s"}).to_string())
        .await;
    assert_eq!(answer.status, 204);
    rig.queued(1).await;
}

#[tokio::test]
async fn a_server_sends_a_thousand_events_whatever_its_address_has_sent() {
    let mut rig = Rig::start_with(|settings| {
        settings.ingest.rate_events_per_s = 1;
        settings.ingest.rate_burst = 1;
    })
    .await;
    let token = token(&rig, Scope::Write, None).await;
    let events = vec![json!({"type": "order"}); 1_000];
    for _ in 0..3 {
        assert_eq!(post(&rig, &token, &[], batch(&events)).await.status, 204);
    }
    rig.queued(3_000).await;
    let more = [&events[..], &[json!({})]].concat();
    let refused = post(&rig, &token, &[], batch(&more)).await;
    assert_eq!(refused.status, 400);
    assert!(refused.detail().contains("1000"), "{}", refused.detail());
    // Without it a hundred and one are too many.
    let few = vec![json!({}); 101];
    assert_eq!(rig.post(batch(&few)).await.status, 400);
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn a_body_of_a_server_has_its_limit() {
    let mut rig = Rig::start().await;
    let token = token(&rig, Scope::Write, None).await;
    let mut body = batch(&[json!({})]);
    body.push_str(&" ".repeat((1 << 20) - body.len()));
    assert_eq!(post(&rig, &token, &[], body.clone()).await.status, 204);
    rig.queued(1).await;
    body.push(' ');
    let refused = post(&rig, &token, &[], body.clone()).await;
    assert_eq!(refused.status, 413);
    assert!(refused.detail().contains("1048576"));
    body.truncate(64 * 1024 + 1);
    assert_eq!(rig.post(body).await.status, 413, "without a token");
}

#[tokio::test]
async fn a_compressed_body_needs_a_token_and_has_limits() {
    let mut rig = Rig::start().await;
    let token = token(&rig, Scope::Write, None).await;
    let body = gzip(&batch(&[json!({"type": "order"})]));
    assert_eq!(post(&rig, &token, &GZIP, body.clone()).await.status, 204);
    assert_eq!(rig.queued(1).await[0].kind, "order");
    assert_eq!(rig.post_with(&GZIP, body.clone()).await.status, 415);
    let deflate = [("content-encoding", "deflate")];
    assert_eq!(post(&rig, &token, &deflate, body.clone()).await.status, 415);
    let torn = &body[..body.len() - 1];
    assert_eq!(post(&rig, &token, &GZIP, torn.to_vec()).await.status, 400);
    // A bomb: a thousand to one.
    let bomb = gzip(&format!("{{\"events\":[{}]}}", " ".repeat(3 << 20)));
    let refused = post(&rig, &token, &GZIP, bomb).await;
    assert_eq!(refused.status, 413);
    assert!(refused.detail().contains("100 times"));
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn events_that_outgrow_the_queue_together_are_refused_for_good() {
    let rig = Rig::start().await;
    let token = token(&rig, Scope::Write, None).await;
    let body = json!({
        "site": "shop", "url": format!("https://shop.example/{}", "u".repeat(1_900)),
        "referrer": format!("https://shop.example/{}", "r".repeat(1_900)), "title": "t".repeat(500),
        "events": vec![json!({}); 1_000],
    });
    let refused = post(&rig, &token, &[], body.to_string()).await;
    assert_eq!(refused.status, 413);
    assert!(refused.detail().contains("in several requests"));
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn an_event_that_escaping_makes_too_large_is_bad_and_the_others_are_good() {
    let mut rig = Rig::start().await;
    let token = token(&rig, Scope::Write, None).await;
    let quotes = |key: usize| {
        (
            format!("{key}{}", "\"".repeat(290)),
            json!("\"".repeat(2_000)),
        )
    };
    let data: serde_json::Map<String, Value> = (0..30).map(quotes).collect();
    let answer = post(
        &rig,
        &token,
        &[],
        batch(&[json!({"data": data}), json!({})]),
    )
    .await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("x-hgpixel-rejected"), Some("1"));
    rig.queued(1).await;
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn a_server_tells_whose_visit_it_was() {
    let mut rig = Rig::start().await;
    let token = token(&rig, Scope::Write, None).await;
    let visit = |ip: &str, agent: &str| json!({"ip": ip, "userAgent": agent});
    let events = [
        visit("203.0.113.77", "Firefox/1"),
        visit("203.0.113.77", "Firefox/1"),
        visit("2001:db8::77", "Firefox/1"),
        visit("203.0.113.77", "Chrome/1"),
        json!({}),
        json!({"userAgent": "Firefox/1"}),
    ];
    assert_eq!(post(&rig, &token, &[], batch(&events)).await.status, 204);
    let events = rig.queued(6).await;
    let [same, again, other_ip, other_agent, nobody, unknown] = &events[..] else {
        panic!("six events");
    };
    assert!(same.visitor.is_some());
    assert_eq!(same.visitor, again.visitor);
    assert_ne!(same.visitor, other_ip.visitor);
    assert_ne!(same.visitor, other_agent.visitor);
    assert_eq!((nobody.visitor, unknown.visitor), (None, None));
    assert_eq!(
        (same.user_agent.as_str(), nobody.user_agent.as_str()),
        ("Firefox/1", "")
    );
    assert!(
        events
            .iter()
            .all(|event| event.marks.contains(Marks::FROM_SERVER))
    );
    // The same as if the visitor's browser had sent it.
    let request = Rig::request_from(Method::POST, "/track", "203.0.113.77:1")
        .header("user-agent", "Firefox/1");
    let body = Body::from(json!({"site": "shop", "events": [{}]}).to_string());
    rig.send(request.body(body).unwrap()).await;
    assert_eq!(rig.queued(1).await[0].visitor, same.visitor);
    let text = serde_json::to_string(&events).unwrap();
    assert!(!text.contains("203.0.113.77") && !text.contains("db8::77"));
}

#[tokio::test]
async fn a_batch_or_a_lone_event_may_tell_it_once() {
    let mut rig = Rig::start().await;
    let token = token(&rig, Scope::Write, None).await;
    let batch = json!({"site": "shop", "ip": "203.0.113.77", "userAgent": "Firefox/1", "events": [{}, {"ip": "203.0.113.78"}]});
    assert_eq!(post(&rig, &token, &[], batch.to_string()).await.status, 204);
    let events = rig.queued(2).await;
    assert_ne!(events[0].visitor, events[1].visitor);
    let lone = json!({"clientID": "shop", "ip": "203.0.113.77", "userAgent": "Firefox/1"});
    assert_eq!(post(&rig, &token, &[], lone.to_string()).await.status, 204);
    assert_eq!(rig.queued(1).await[0].visitor, events[0].visitor);
}

#[tokio::test]
async fn an_address_that_is_none_costs_its_event_and_from_a_browser_is_ignored() {
    let mut rig = Rig::start().await;
    let token = token(&rig, Scope::Write, None).await;
    for wrong in [json!("203.0.113.7:80"), json!("here"), json!({}), json!(7)] {
        let events = [json!({"ip": wrong}), json!({"ip": null})];
        let answer = post(&rig, &token, &[], batch(&events)).await;
        assert_eq!(answer.status, 204);
        assert_eq!(answer.header("x-hgpixel-rejected"), Some("1"), "{wrong}");
        rig.queued(1).await;
    }
    let told = json!({"clientID": "shop", "ip": "203.0.113.77"});
    let told: Event = rig.track(&told).await;
    let untold = rig
        .track(&json!({"clientID": "shop", "ip": ["no", "address"]}))
        .await;
    assert_eq!(told.visitor, untold.visitor);
    assert!(!told.marks.contains(Marks::FROM_SERVER));
}

#[tokio::test]
async fn an_opt_out_of_the_body_is_honoured() {
    let mut rig = Rig::start().await;
    let token = token(&rig, Scope::Write, None).await;
    let body = json!({"site": "shop", "gpc": true, "events": [{"ip": "203.0.113.77"}]});
    assert_eq!(post(&rig, &token, &[], body.to_string()).await.status, 204);
    let event = rig.queued(1).await.remove(0);
    assert_eq!(event.visitor, None);
    assert!(event.marks.contains(Marks::OPTED_OUT));
}

#[tokio::test]
async fn a_bound_token_sends_for_its_site_only() {
    let mut rig =
        Rig::start_with(|settings| settings.ingest.unknown_site = UnknownSite::Create).await;
    rig.add_site("other").await;
    let token = token(&rig, Scope::Write, Some("shop")).await;
    let site = rig.store.sites().await.unwrap();
    let shop = site
        .iter()
        .find(|site| site.key.as_str() == "shop")
        .unwrap()
        .id;
    let told = post(&rig, &token, &[], batch(&[json!({})])).await;
    let untold = json!({"events": [{"url": "https://other/"}]}).to_string();
    let untold = post(&rig, &token, &[], untold).await;
    assert_eq!((told.status.as_u16(), untold.status.as_u16()), (204, 204));
    assert!(rig.queued(2).await.iter().all(|event| event.site == shop));
    for key in ["other", "new"] {
        let body = json!({"site": key, "events": [{}]}).to_string();
        let answer = post(&rig, &token, &[], body).await;
        assert_eq!(answer.status, 403, "{key}");
        assert!(answer.detail().contains("another site"));
    }
    let keys = rig.store.sites().await.unwrap().len();
    assert_eq!(keys, 2, "none was created");
}

#[tokio::test]
async fn the_rules_of_a_site_hold_for_those_of_whom_a_server_tells() {
    let rig = Rig::start().await;
    let settings = [
        (SiteSetting::AllowedOrigins, "https://shop.example"),
        (
            SiteSetting::DropRules,
            "network 192.0.2.0/24\nagent uptimerobot",
        ),
    ];
    set_up(&rig, &settings).await;
    let token = token(&rig, Scope::Write, None).await;
    let accepted = "hgpixel_events_accepted_total";
    let before = rig.metric(accepted);
    let visits = [
        json!({"ip": "192.0.2.7"}),
        json!({"ip": "203.0.113.7"}),
        json!({"ip": "203.0.113.7", "userAgent": "UptimeRobot/2.0"}),
    ];
    let answer = post(&rig, &token, &[], batch(&visits)).await;
    assert_eq!(answer.status, 204, "a server is no page of another origin");
    assert_eq!(answer.header("x-hgpixel-dropped"), Some("rule"));
    assert_eq!(rig.metric(accepted) - before, 1);
    rig.assert_the_books_balance();
}
