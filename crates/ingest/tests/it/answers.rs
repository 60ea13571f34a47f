//! Every kind of bad input gets its designed answer, and costs nothing else.

use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::json;

use crate::rig::Rig;

/// What a body gets. Bodies are sent as `text/plain`.
#[tokio::test]
async fn every_bad_body_has_its_answer() {
    let rig = Rig::start().await;
    let deep = |depth: usize| {
        format!(
            "{{\"eventData\":{}{}}}",
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    let sized = |bytes: usize| {
        let frame = r#"{"clientID":"s","pad":""}"#.len();
        format!(
            r#"{{"clientID":"s","pad":"{}"}}"#,
            "x".repeat(bytes - frame)
        )
    };
    let entries = |count: usize| {
        let data: serde_json::Map<_, _> = (0..count).map(|n| (format!("k{n}"), json!(n))).collect();
        json!({"clientID": "s", "eventData": data}).to_string()
    };
    let batch = |count: usize| json!({"site": "s", "events": vec![json!({}); count]}).to_string();
    let cases: Vec<(Vec<u8>, u16)> = vec![
        (b"".to_vec(), 400),
        (b" ".to_vec(), 400),
        (b"null".to_vec(), 400),
        (b"[]".to_vec(), 400),
        (b"[{\"clientID\":\"s\"}]".to_vec(), 400),
        (b"{\"clientID\":\"s\"".to_vec(), 400),
        (b"{\"clientID\":\"s\"} x".to_vec(), 400),
        (b"\xef\xbb\xbf{}".to_vec(), 400),
        (b"{\"clientID\":\"s\",\"url\":\"\xff\"}".to_vec(), 400),
        (
            b"{\"clientID\":\"s\",\"eventType\":\"\xed\xa0\x80\"}".to_vec(),
            400,
        ),
        (b"{\"clientID\":\"s\",\"a\":NaN}".to_vec(), 400),
        (
            b"{\"clientID\":\"s\",\"eventData\":{\"n\":1e999}}".to_vec(),
            400,
        ),
        (b"{\"clientID\":\"s\",\"a\":\"\x01\"}".to_vec(), 400),
        (deep(15).into(), 400),
        (deep(16).into(), 400),
        (deep(40_000 / 2).into(), 400),
        (sized(64 * 1024).into(), 204),
        (sized(64 * 1024 + 1).into(), 413),
        (sized(1024 * 1024).into(), 413),
        (entries(30).into(), 204),
        (entries(31).into(), 400),
        (batch(0).into(), 400),
        (batch(1).into(), 204),
        (batch(100).into(), 204),
        (batch(101).into(), 400),
        (r#"{"clientID":"s","url":"/relative"}"#.into(), 400),
        (
            r#"{"clientID":"s","url":"javascript:alert(1)"}"#.into(),
            400,
        ),
        (r#"{"clientID":"s","url":"data:text/html,x"}"#.into(), 400),
        (r#"{"clientID":"s","eventData":"text"}"#.into(), 400),
        (r#"{"clientID":"s","deviceInfo":[1]}"#.into(), 400),
        (r#"{"clientID":"s","eventType":{"a":1}}"#.into(), 400),
        (r#"{"clientID":"","eventType":"x"}"#.into(), 400),
        (r#"{"clientID":"a b"}"#.into(), 400),
        (r#"{"clientID":"<script>"}"#.into(), 400),
        (
            format!(r#"{{"clientID":"{}"}}"#, "k".repeat(64)).into(),
            204,
        ),
        (
            format!(r#"{{"clientID":"{}"}}"#, "k".repeat(65)).into(),
            400,
        ),
        (r#"{"clientID":"s","timestamp":"yesterday"}"#.into(), 204),
        (r#"{"clientID":"s","id":"not a uuid"}"#.into(), 204),
        (
            r#"{"clientID":"s","unknown":{"a":[1,2,{"b":null}]}}"#.into(),
            204,
        ),
        (r#"{"clientID":"s","eventType":"\u0000\ud800"}"#.into(), 204),
        (r#"{"site":"s","v":2,"events":[{}]}"#.into(), 400),
        (r#"{"site":"s","events":[{"url":"x"},5]}"#.into(), 400),
        (r#"{"site":"s","events":{}}"#.into(), 400),
    ];
    for (body, status) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        let answer = rig.post(body).await;
        assert_eq!(answer.status.as_u16(), status, "{shown}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        if status != 204 {
            assert_eq!(
                answer.header("content-type"),
                Some("application/problem+json")
            );
            assert!(!answer.detail().is_empty(), "{shown}");
        }
    }
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn no_single_wrong_type_costs_more_than_its_event() {
    let rig = Rig::start().await;
    let keys = [
        "clientID",
        "eventType",
        "eventData",
        "sessionId",
        "userId",
        "timestamp",
        "url",
        "referrer",
        "userAgent",
        "deviceInfo",
        "id",
        "title",
        "language",
        "gpc",
        "v",
        "site",
        "device",
        "sentAt",
        "events",
        "type",
        "data",
        "time",
        "age",
    ];
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e308),
        json!(""),
        json!(" "),
        json!("text"),
        json!("\u{0}"),
        json!("https://example.com/"),
        json!([]),
        json!([null]),
        json!([[]]),
        json!({}),
        json!({"a": {"b": []}}),
        json!([{}]),
        json!("x".repeat(10_000)),
        json!(u64::MAX),
        json!(i64::MIN),
    ];
    let mut accepted = 0;
    for key in keys {
        for value in &values {
            let alone = json!({ key: value });
            let in_batch = json!({"site": "s", "events": [{ key: value }, {"type": "good"}]});
            for body in [alone, in_batch] {
                let status = rig.post(body.to_string()).await.status.as_u16();
                assert!([204, 400].contains(&status), "{status}: {body}");
                accepted += u16::from(status == 204);
            }
            let beside_a_bad_one =
                json!({"site": "s", "events": [{ key: value }, {"type": "good"}]});
            assert_eq!(rig.post(beside_a_bad_one.to_string()).await.status, 204);
        }
    }
    assert!(accepted > 400);
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn json_comes_under_many_names_and_nothing_else_does() {
    let rig = Rig::start().await;
    let check = async |headers: &[(&str, &str)], status: u16| {
        let answer = rig.post_with(headers, r#"{"clientID":"s"}"#).await;
        assert_eq!(answer.status.as_u16(), status, "{headers:?}");
    };
    for name in [
        "text/plain",
        "text/plain;charset=UTF-8",
        "Text/Plain; charset=utf-8",
        "application/json",
        "application/json; charset=utf-8",
        "application/problem+json",
        "application/vnd.api+json;v=1",
        "",
    ] {
        check(&[("content-type", name)], 204).await;
    }
    check(&[], 204).await;
    for name in [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/html",
        "image/json",
        "application/xml",
        "json",
    ] {
        check(&[("content-type", name)], 415).await;
    }
    check(&[("content-encoding", "identity")], 204).await;
    for encoding in ["gzip", "br", "zstd", "deflate", "identity, gzip"] {
        check(&[("content-encoding", encoding)], 415).await;
    }
}

#[tokio::test]
async fn a_body_in_pieces_is_one_body_and_an_endless_one_is_refused() {
    let rig = Rig::start().await;
    let pieces = |bytes: usize| {
        let body = format!(r#"{{"clientID":"s","pad":"{}"}}"#, "x".repeat(bytes));
        let chunks: Vec<_> = body
            .into_bytes()
            .chunks(1_000)
            .map(|chunk| Ok::<_, std::io::Error>(bytes::Bytes::copy_from_slice(chunk)))
            .collect();
        Body::from_stream(futures_util::stream::iter(chunks))
    };
    assert_eq!(rig.post(pieces(60_000)).await.status, 204);
    assert_eq!(rig.post(pieces(70_000)).await.status, 413);
    let endless = futures_util::stream::repeat_with(|| {
        Ok::<_, std::io::Error>(bytes::Bytes::from_static(&[b' '; 4_096]))
    });
    assert_eq!(rig.post(Body::from_stream(endless)).await.status, 413);
    let told = rig
        .post_with(&[("content-length", "10485760")], Body::empty())
        .await;
    assert_eq!(told.status, 413);
    let broken = futures_util::stream::iter([
        Ok(bytes::Bytes::from_static(b"{")),
        Err(std::io::Error::other("gone")),
    ]);
    assert_eq!(
        rig.post(Body::from_stream(broken)).await.status,
        StatusCode::REQUEST_TIMEOUT
    );
    rig.assert_the_books_balance();
}

#[tokio::test]
async fn a_preflight_allows_what_the_scripts_send() {
    let rig = Rig::start().await;
    for path in ["/track", "/pixel.gif"] {
        let request = Rig::request(Method::OPTIONS, path)
            .header("origin", "https://example.com")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
        let answer = rig.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 204);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert!(
            answer
                .header("access-control-allow-methods")
                .unwrap()
                .contains("POST")
        );
        assert!(
            answer
                .header("access-control-allow-headers")
                .unwrap()
                .contains("Content-Type")
        );
        assert_eq!(answer.header("access-control-max-age"), Some("86400"));
    }
    let exposed = rig.post("{}").await;
    let exposed = exposed.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("X-Hgpixel-Dropped") && exposed.contains("Retry-After"));
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let rig = Rig::start().await;
    for (method, path) in [
        (Method::GET, "/track"),
        (Method::PUT, "/track"),
        (Method::POST, "/pixel.gif"),
    ] {
        let request = Rig::request(method, path).body(Body::empty()).unwrap();
        assert_eq!(
            rig.send(request).await.status,
            StatusCode::METHOD_NOT_ALLOWED
        );
    }
}
