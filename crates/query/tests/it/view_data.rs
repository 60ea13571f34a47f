//! `/view-data` in all its forms.

use hgpixel_event::Event;
use hgpixel_store::Scope;
use serde_json::json;

use crate::support::{Pages, event, get};

struct Viewed {
    pages: Pages,
    token: String,
}

impl Viewed {
    async fn with(events: impl FnOnce(&hgpixel_store::Site) -> Vec<Event>) -> Self {
        let pages = Pages::start().await;
        let site = pages.add_site("example.com").await;
        pages.store_events(events(&site)).await;
        let token = pages.token(Scope::Read, None).await;
        Self { pages, token }
    }

    async fn get(&self, query: &str) -> crate::support::Answer {
        get(&format!("/view-data?{query}"))
            .bearer(&self.token)
            .send(&self.pages)
            .await
    }
}

#[tokio::test]
async fn an_event_reads_back_in_the_old_scripts_words() {
    let viewed = Viewed::with(|site| {
        vec![Event {
            kind: "button_click".into(),
            data: r#"{"buttonText":"Kauf \"es\" ☃","n":1.50}"#.into(),
            session_id: "their-session".into(),
            user_id: "their-user".into(),
            url: "https://example.com/?a=b".into(),
            referrer: "https://other.example/".into(),
            user_agent: "Mozilla/5.0".into(),
            device: r#"{"screenResolution":"390x844","deviceType":"Mobile"}"#.into(),
            title: "Title".into(),
            ..event(site, 7)
        }]
    })
    .await;
    let answer = viewed.get("").await;
    assert_eq!(answer.header("content-type"), "application/json");
    let json = answer.json();
    assert_eq!(
        (&json["recordsTotal"], &json["recordsFiltered"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(json["order"], "timestamp desc");
    let row = &json["data"][0];
    let expected = json!({
        "clientID": "example.com",
        "eventType": "button_click",
        "eventData": {"buttonText": "Kauf \"es\" ☃", "n": 1.50},
        "sessionId": "their-session",
        "userId": "their-user",
        "timestamp": "2026-09-21T13:13:27.000Z",
        "receivedAt": "2026-09-21T13:13:27.005Z",
        "url": "https://example.com/?a=b",
        "referrer": "https://other.example/",
        "userAgent": "Mozilla/5.0",
        "deviceInfo": {"screenResolution": "390x844", "deviceType": "Mobile"},
        "title": "Title",
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&row[name], value, "{name}");
    }
    assert_eq!(row["eventId"].as_str().unwrap().len(), 36);
    assert!(
        answer.body.contains("\"n\":1.50"),
        "digit by digit: {}",
        answer.body
    );
}

#[tokio::test]
async fn what_was_not_sent_is_empty() {
    let viewed = Viewed::with(|site| vec![event(site, 1)]).await;
    let row = viewed.get("").await.json()["data"][0].clone();
    for name in ["userId", "referrer", "userAgent", "country", "bot", "marks"] {
        assert_eq!(row[name], "", "{name}");
    }
    assert_eq!(
        (&row["eventData"], &row["deviceInfo"]),
        (&json!({}), &json!({}))
    );
    assert_eq!(row["sessionId"], row["session"]);
    assert!(row["session"].as_str().unwrap().parse::<i64>().is_ok());
}

#[tokio::test]
async fn pages_follow_each_other_newest_first() {
    let viewed = Viewed::with(|site| (0..250).map(|index| event(site, index)).collect()).await;
    let urls = |range: std::ops::Range<i64>| -> Vec<String> {
        range
            .rev()
            .map(|index| format!("https://example.com/{index}"))
            .collect()
    };
    assert_eq!(viewed.get("").await.events("url"), urls(150..250));
    assert_eq!(
        viewed.get("start=100&length=100").await.events("url"),
        urls(50..150)
    );
    assert_eq!(viewed.get("start=200").await.events("url"), urls(0..50));
    assert_eq!(viewed.get("start=250").await.events("url"), urls(0..0));
    assert_eq!(viewed.get("length=1000").await.events("url"), urls(0..250));
    assert_eq!(
        viewed.get("start=9223372036854775807").await.events("url"),
        urls(0..0)
    );
    let oldest = viewed
        .get("order[0][column]=5&order[0][dir]=asc&length=2")
        .await;
    assert_eq!(
        oldest.events("url"),
        ["https://example.com/0", "https://example.com/1"]
    );
    assert_eq!(oldest.json()["order"], "timestamp asc");
    assert_eq!(oldest.json()["recordsTotal"], 250);
}

#[tokio::test]
async fn datatables_gets_its_draw_back_as_a_number() {
    let viewed = Viewed::with(|site| vec![event(site, 1)]).await;
    let answer = viewed
        .get("draw=42&columns[0][data]=secret&columns[0][search][value]=x&order[0][column]=0&order[0][dir]=desc&start=0&length=10&search[value]=&search[regex]=false&_=1")
        .await;
    assert_eq!(answer.json()["draw"], 42);
    assert_eq!(answer.json()["data"].as_array().unwrap().len(), 1);
    assert!(viewed.get("").await.json().get("draw").is_none());
}

#[tokio::test]
async fn filters_are_exact_and_join() {
    let viewed = Viewed::with(|site| {
        let of = |index, user: &str| Event {
            user_id: user.into(),
            ..event(site, index)
        };
        vec![of(1, "anna"), of(2, "anna"), of(1, "bert"), of(1, "")]
    })
    .await;
    let count = async |query: &str| {
        let json = viewed.get(query).await.json();
        assert_eq!(json["recordsTotal"], 4, "{query}");
        assert_eq!(
            json["data"].as_array().unwrap().len() as u64,
            json["recordsFiltered"].as_u64().unwrap(),
            "{query}"
        );
        json["recordsFiltered"].as_u64().unwrap()
    };
    assert_eq!(count("url=https://example.com/1").await, 3);
    assert_eq!(count("userId=anna").await, 2);
    assert_eq!(count("url=https://example.com/1&userId=anna").await, 1);
    assert_eq!(count("url=https://example.com/1&userId=").await, 3);
    assert_eq!(count("url=https://example.com/").await, 0);
    assert_eq!(count("userId=ann").await, 0);
    assert_eq!(count("userId=%27%20or%201=1%20--").await, 0);
    assert_eq!(count("search=BERT").await, 1);
    assert_eq!(count("search=%25").await, 0);
    assert_eq!(count("search=_").await, 0);
    assert_eq!(count("search=example.com/2&userId=anna").await, 1);
}

#[tokio::test]
async fn wrong_parameters_are_named_and_nothing_else_happens() {
    let viewed = Viewed::with(|site| vec![event(site, 1)]).await;
    for (query, key) in [
        ("length=0", "length"),
        ("length=1001", "length"),
        ("length=-1", "length"),
        ("start=-1", "start"),
        ("draw=1;drop", "draw"),
        ("order[0][dir]=up", "order[0][dir]"),
        ("order[0][column]=77", "order[0][column]"),
        ("search[regex]=true", "search[regex]"),
        ("format=exe", "format"),
        ("order[0][column]=30", "order[0][column]"),
        ("order=password", "order"),
        (
            "columns[1][search][regex]=true",
            "columns[1][search][regex]",
        ),
        ("columns[30][search][value]=x", "columns[30][search][value]"),
        ("group=eventId", "group"),
        ("group=os,os", "group"),
        ("group=os&order=os", "order"),
        ("from=yesterday", "from"),
        ("session[contains]=1", "session[contains]"),
        ("browser[regex]=x", "browser[regex]"),
        ("browser[=]=%00", "browser[=]"),
        ("searchBuilder[criteria][50][logic]=AND", "searchBuilder"),
        (
            "searchBuilder[criteria][0][origData]=password&searchBuilder[criteria][0][condition]=null",
            "searchBuilder",
        ),
        ("password=x", "password"),
        ("userId=%00", "userId"),
        ("clientID=%2e%2e%2f", "clientID"),
    ] {
        let answer = viewed.get(query).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(
            answer.detail().starts_with(&format!("{key}: ")),
            "{query}: {}",
            answer.detail()
        );
    }
}

#[tokio::test]
async fn an_address_that_makes_no_sense_is_explained_on_the_page() {
    let viewed = Viewed::with(|site| vec![event(site, 1)]).await;
    let ask = get("/view-data?brwoser=x").bearer(&viewed.token).page();
    let answer = ask.send(&viewed.pages).await;
    assert_eq!(answer.status, 200);
    let answer = viewed.get("brwoser=x&format=json").await;
    assert_eq!(answer.status, 400);
    let detail = answer.detail();
    assert!(detail.contains("browser, browserVersion"), "{detail}");
}

/// Two kinds of events at three addresses, of two users.
fn mixed(site: &hgpixel_store::Site) -> Vec<Event> {
    let of = |index: i64| Event {
        kind: ["pageview", "click", "<b>"][usize::try_from(index % 3).unwrap()].into(),
        user_id: ["anna", "Bert"][usize::try_from(index % 2).unwrap()].into(),
        url: format!("https://example.com/{}", index % 4),
        ..event(site, index)
    };
    (0..24).map(of).collect()
}

#[tokio::test]
async fn every_column_filters_alone_and_by_conditions() {
    let viewed = Viewed::with(mixed).await;
    let count = async |query: &str| {
        let answer = viewed.get(query).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        let json = answer.json();
        assert_eq!(json["recordsTotal"], 24, "{query}");
        json["recordsFiltered"].as_u64().unwrap()
    };
    assert_eq!(count("eventType=click").await, 8);
    assert_eq!(count("eventType=click&eventType=pageview").await, 8);
    assert_eq!(count("eventType[!=]=click").await, 16);
    assert_eq!(count("eventType[contains]=CLI").await, 8);
    assert_eq!(count("eventType[contains]=%25").await, 0);
    assert_eq!(count("eventType[starts]=c&url[ends]=/0").await, 2);
    assert_eq!(
        count("eventType[lt]=click&eventType[%3C%3D]=click").await,
        8
    );
    assert_eq!(count("country[empty]=").await, 24);
    assert_eq!(count("country[!empty]=").await, 0);
    assert_eq!(
        count("columns[1][search][value]=click&columns[4][search][value]=ANN").await,
        4
    );
    assert_eq!(count("clientID[starts]=example").await, 24);
    assert_eq!(count("clientID[!=]=example.com").await, 0);
    assert_eq!(count("eventId=nonsense").await, 0);
    let builder = |logic: &str| {
        format!(
            "searchBuilder[logic]={logic}\
             &searchBuilder[criteria][0][origData]=eventType&searchBuilder[criteria][0][data]=Type\
             &searchBuilder[criteria][0][condition]=%3D&searchBuilder[criteria][0][type]=string\
             &searchBuilder[criteria][0][value][]=click&searchBuilder[criteria][0][value1]=click\
             &searchBuilder[criteria][1][logic]=OR\
             &searchBuilder[criteria][1][criteria][0][origData]=userId&searchBuilder[criteria][1][criteria][0][condition]=%3D\
             &searchBuilder[criteria][1][criteria][0][value1]=anna"
        )
    };
    assert_eq!(count(&builder("AND")).await, 4);
    assert_eq!(count(&builder("OR")).await, 16);
}

#[tokio::test]
async fn a_range_of_time_is_written_in_many_ways() {
    let viewed = Viewed::with(mixed).await;
    let count = async |query: &str| {
        let json = viewed.get(query).await.json();
        json["recordsFiltered"].as_u64().unwrap()
    };
    // The events lie a second apart from 13:13:20 on, an hour before now.
    assert_eq!(count("from=2026-09-21").await, 24);
    assert_eq!(count("to=2026-09-20").await, 0);
    assert_eq!(count("to=2026-09-21").await, 24);
    assert_eq!(count("from=2026-09-21T13:13:30Z").await, 14);
    assert_eq!(
        count("from=2026-09-21T13:13:30&to=2026-09-21T13:13:31").await,
        2
    );
    assert_eq!(count("from=2026-09-21T15:13:30%2B02:00").await, 14);
    assert_eq!(count("from=-60m").await, 24);
    assert_eq!(count("from=-59m").await, 0);
    assert_eq!(count("timestamp=2026-09-21").await, 24);
    assert_eq!(count("timestamp[gt]=2026-09-21T13:13:30").await, 13);
    assert_eq!(
        count("timestamp[between]=2026-09-21T13:13:30..2026-09-21T13:13:20").await,
        11
    );
    assert_eq!(
        count("receivedAt[!between]=2026-09-21..2026-09-22").await,
        0
    );
}

#[tokio::test]
async fn rows_are_sorted_by_any_column() {
    let viewed = Viewed::with(mixed).await;
    let answer = viewed.get("order=userId+asc&length=13").await;
    assert_eq!(answer.json()["order"], "userId asc");
    let users = answer.events("userId");
    // By their bytes: capitals come first.
    assert_eq!(users[..12], ["Bert"; 12]);
    assert_eq!(users[12], "anna");
    let newest_of_them = answer.events("timestamp");
    assert!(newest_of_them[..12].is_sorted_by(|one, next| one > next));
    let by_index = viewed
        .get("order[0][column]=4&order[0][dir]=asc&length=13")
        .await;
    assert_eq!(by_index.json()["data"], answer.json()["data"]);
    let by_name = viewed
        .get("order[0][column]=1&order[0][name]=userId&order[0][dir]=asc&length=13")
        .await;
    assert_eq!(by_name.json()["data"], answer.json()["data"]);
    assert!(answer.json().get("sortedNewest").is_none());
}

#[tokio::test]
async fn groups_tell_how_many_share_a_value() {
    let viewed = Viewed::with(mixed).await;
    let answer = viewed
        .get("group=userId,eventType&draw=3&length=2")
        .await
        .json();
    assert_eq!(answer["draw"], 3);
    assert_eq!(answer["groupedBy"], json!(["userId", "eventType"]));
    assert_eq!(answer["order"], "events desc");
    assert_eq!(
        (
            &answer["recordsTotal"],
            &answer["recordsFiltered"],
            &answer["groupsTotal"]
        ),
        (&json!(24), &json!(24), &json!(6))
    );
    assert_eq!(
        answer["groups"],
        json!([
            {"key": ["Bert", "<b>"], "events": 4, "visitors": 4, "first": "2026-09-21T13:13:25.000Z", "last": "2026-09-21T13:13:43.000Z"},
            {"key": ["Bert", "click"], "events": 4, "visitors": 4, "first": "2026-09-21T13:13:21.000Z", "last": "2026-09-21T13:13:39.000Z"},
        ])
    );
    let days = viewed.get("group=timestamp&eventType=click").await.json();
    assert_eq!(days["groups"][0]["key"], json!(["2026-09-21"]));
    assert_eq!(days["groups"][0]["events"], 8);
    // A group's key filters for its events.
    let rows = viewed
        .get("timestamp=2026-09-21&eventType=click")
        .await
        .json();
    assert_eq!(rows["recordsFiltered"], 8);

    let csv = viewed.get("group=eventType&format=csv&order=key+asc").await;
    let lines: Vec<_> = csv.body.lines().collect();
    assert_eq!(
        lines[0],
        r#""eventType","events","visitors","first","last""#
    );
    assert_eq!(
        lines[1],
        r#""<b>","8","8","2026-09-21T13:13:22.000Z","2026-09-21T13:13:43.000Z""#
    );
    assert_eq!(lines.len(), 4);
    let ndjson = viewed.get("group=eventType&format=ndjson").await;
    assert_eq!(ndjson.body.lines().count(), 3);
}

#[tokio::test]
async fn exports_hold_what_is_filtered_and_nothing_else() {
    let viewed = Viewed::with(mixed).await;
    for query in [
        "eventType=click",
        "eventType[!=]=click&from=2026-09-21T13:13:30",
        "columns[4][search][value]=ann&order=url+asc",
        "searchBuilder[criteria][0][origData]=url&searchBuilder[criteria][0][condition]=ends&searchBuilder[criteria][0][value1]=/1",
    ] {
        let page = viewed.get(&format!("{query}&length=1000")).await;
        let mut ids = page.events("eventId");
        let ndjson = viewed.get(&format!("{query}&format=ndjson")).await;
        let lines = ndjson.body.lines();
        let mut exported: Vec<String> = lines
            .map(|line| {
                let row: serde_json::Value = serde_json::from_str(line).unwrap();
                row["eventId"].as_str().unwrap().to_owned()
            })
            .collect();
        ids.sort();
        exported.sort();
        assert!(!ids.is_empty(), "{query}");
        assert_eq!(exported, ids, "{query}");
        let csv = viewed.get(&format!("{query}&format=csv")).await;
        assert_eq!(csv.body.matches("\r\n").count(), ids.len() + 1, "{query}");
    }
}

#[tokio::test]
async fn conditions_and_groups_show_no_other_sites_events() {
    let viewed = Viewed::with(mixed).await;
    let other = viewed.pages.add_site("other.example").await;
    viewed.pages.store_events(mixed(&other)).await;
    let token = viewed.pages.token(Scope::Read, Some(other.id)).await;
    for query in [
        "clientID[!=]=nobody",
        "eventType[!=]=nobody",
        "country[empty]=",
        "userId[contains]=n",
        "group=clientID",
        "order=clientID+asc",
        "from=2026-09-21",
    ] {
        let ask = get(&format!("/view-data?{query}")).bearer(&token);
        let answer = ask.send(&viewed.pages).await;
        assert_eq!(answer.status, 200, "{query}");
        assert!(
            !answer.body.contains("example.com\",\"eventType"),
            "{query}"
        );
        assert!(
            answer.json()["recordsFiltered"].as_u64().unwrap() <= 24,
            "{query}"
        );
        assert!(!answer.body.contains("[\"example.com\"]"), "{query}");
    }
}

#[tokio::test]
async fn the_form_is_chosen_by_name_or_by_accept() {
    let viewed = Viewed::with(|site| vec![event(site, 1)]).await;
    let kind = async |query: &str, accept: &str| {
        let ask = get(&format!("/view-data?{query}"))
            .bearer(&viewed.token)
            .header("accept", accept);
        let answer = ask.send(&viewed.pages).await;
        assert_eq!(answer.header("vary"), "Accept");
        answer
            .header("content-type")
            .split(';')
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(kind("", "text/html").await, "text/html");
    assert_eq!(kind("", "application/json").await, "application/json");
    assert_eq!(kind("", "text/csv").await, "text/csv");
    assert_eq!(
        kind("", "application/x-ndjson").await,
        "application/x-ndjson"
    );
    assert_eq!(kind("", "*/*").await, "application/json");
    assert_eq!(kind("format=csv", "text/html").await, "text/csv");
    assert_eq!(kind("format=html", "*/*").await, "text/html");
    assert_eq!(
        kind("format=ndjson", "application/json").await,
        "application/x-ndjson"
    );
}

#[tokio::test]
async fn exports_hold_every_event_once() {
    let viewed = Viewed::with(|site| (0..1_500).map(|index| event(site, index)).collect()).await;
    let ndjson = viewed.get("format=ndjson").await;
    let ids: Vec<String> = ndjson
        .body
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["url"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let expected: Vec<String> = (0..1_500)
        .rev()
        .map(|index| format!("https://example.com/{index}"))
        .collect();
    assert_eq!(ids, expected);

    let csv = viewed.get("format=csv&order[0][dir]=asc").await;
    assert!(csv.header("content-disposition").starts_with("attachment"));
    assert_eq!(csv.body.matches("\r\n").count(), 1_501);
    assert!(csv.body.starts_with("\"clientID\",\"eventType\","));
    assert!(
        csv.body
            .lines()
            .nth(1)
            .unwrap()
            .contains("\"https://example.com/0\"")
    );

    let filtered = viewed.get("format=csv&url=https://example.com/7").await;
    assert_eq!(filtered.body.matches("\r\n").count(), 2);
    let none = viewed.get("format=csv&url=nowhere").await;
    assert_eq!(none.body.matches("\r\n").count(), 1);
    assert_eq!(viewed.get("format=ndjson&url=nowhere").await.body, "");
}

#[tokio::test]
async fn an_export_opens_no_formula() {
    let viewed = Viewed::with(|site| {
        vec![Event {
            referrer: "=HYPERLINK(\"https://evil.example\")".into(),
            title: "@SUM(1)".into(),
            ..event(site, 1)
        }]
    })
    .await;
    let csv = viewed.get("format=csv").await.body;
    assert!(
        csv.contains("\"'=HYPERLINK(\"\"https://evil.example\"\")\""),
        "{csv}"
    );
    assert!(csv.contains("\"'@SUM(1)\""), "{csv}");
}
