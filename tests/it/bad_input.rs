//! Bad input of every kind gets its designed answer: no 5xx but 503, no panic, and nothing else is lost.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use flate2::Compression;
use flate2::write::GzEncoder;
use hgpixel_event::{Clock, assigned_id};
use hgpixel_testkit::wait_until;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::in_both_modes;
use crate::stack::Stack;

in_both_modes!(
    bad_input_is_refused_as_designed_and_costs_nothing_else,
    servers_have_limits_of_their_own,
);

async fn bad_input_is_refused_as_designed_and_costs_nothing_else(stack: Stack) -> Result<()> {
    for (name, body, status) in bodies() {
        let answer = stack.post(body).await.with_context(|| name.to_owned())?;
        check(name, answer.status(), status, answer.headers())?;
    }
    for (name, content_type, status) in content_types() {
        let request = stack.client.post(format!("{}/track", stack.ingest().url()));
        let answer = request
            .header(CONTENT_TYPE, content_type)
            .body(good("by-type").to_string())
            .send()
            .await?;
        ensure!(answer.status() == status, "{name}: {}", answer.status());
    }
    for (name, head) in torn_requests() {
        let answer = raw(stack.ingest().port(), head).await?;
        let is_refused = answer.is_empty()
            || answer.starts_with("HTTP/1.1 4")
            || answer.starts_with("HTTP/1.1 5");
        ensure!(
            is_refused && !answer.starts_with("HTTP/1.1 500"),
            "{name}: {answer}"
        );
    }
    check_mixed_batch(&stack).await?;
    check_hostile_text(&stack).await?;
    for process in stack.processes() {
        ensure!(process.is_running(), "a process ended: {}", process.log());
        ensure!(!process.log().contains("panicked"), "{}", process.log());
    }
    Ok(())
}

/// Each limit of a server's requests: at it, and one beyond.
async fn servers_have_limits_of_their_own(stack: Stack) -> Result<()> {
    let token = async |scope: &str| {
        let arguments = ["token", "create", "--scope", scope];
        let made = stack.query().run(&arguments).await?;
        anyhow::Ok(made.trim().to_owned())
    };
    let (writer, reader) = (token("write").await?, token("read").await?);
    let send = async |token: &str, encoding: &str, body: Vec<u8>| {
        let request = stack.client.post(format!("{}/track", stack.ingest().url()));
        let request = request
            .bearer_auth(token)
            .header(CONTENT_ENCODING, encoding);
        anyhow::Ok(request.body(body).send().await?)
    };
    let known = async || {
        let answer = send(&writer, "identity", good("known").to_string().into_bytes());
        answer.await.is_ok_and(|answer| answer.status() == 204)
    };
    wait_until("the token to be known", Duration::from_secs(20), known).await?;
    for (name, encoding, body, status) in server_bodies()? {
        let answer = send(&writer, encoding, body).await?;
        check(name, answer.status(), status, answer.headers())?;
    }
    for token in [reader.as_str(), "hgp_unknown", ""] {
        let answer = send(token, "identity", good("denied").to_string().into_bytes()).await?;
        check("no such token", answer.status(), 401, answer.headers())?;
    }
    let books = stack.at_rest().await?;
    ensure!(books.finished() == books.accepted, "{books:?}");
    Ok(())
}

/// A name, a content encoding, a body, and the status that it must get.
type ServerBody = (&'static str, &'static str, Vec<u8>, u16);

fn server_bodies() -> Result<Vec<ServerBody>> {
    let padded = |bytes: usize| {
        let mut body = good("padded").to_string().into_bytes();
        body.resize(bytes, b' ');
        body
    };
    let events = |count: usize| {
        let events = vec![json!({"type": "many"}); count];
        json!({"site": "bad.example", "events": events})
            .to_string()
            .into_bytes()
    };
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes)?;
        anyhow::Ok(encoder.finish()?)
    };
    // Digits that hardly shrink, in an unknown key, so that the ratio stays low; blanks bring it to the size.
    let inflating = |bytes: usize| {
        let mut state = 1_u64;
        let digits = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            char::from(b'0' + state.to_le_bytes()[7] % 10)
        });
        let noise: String = digits.take(200_000).collect();
        let mut body = good("inflated");
        body["noise"] = json!(noise);
        let mut body = body.to_string().into_bytes();
        body.resize(bytes, b' ');
        gzip(&body)
    };
    let whole = gzip(good("whole").to_string().as_bytes())?;
    Ok(vec![
        ("a body of 1 MiB", "identity", padded(1 << 20), 204),
        ("one byte more", "identity", padded((1 << 20) + 1), 413),
        ("a thousand events", "identity", events(1_000), 204),
        ("one event more", "identity", events(1_001), 400),
        ("gzip", "gzip", whole.clone(), 204),
        ("torn gzip", "gzip", whole[..whole.len() - 1].to_vec(), 400),
        (
            "no gzip",
            "gzip",
            good("plain").to_string().into_bytes(),
            400,
        ),
        ("another coding", "br", whole, 415),
        ("4 MiB inflated", "gzip", inflating(4 << 20)?, 204),
        (
            "one byte more inflated",
            "gzip",
            inflating((4 << 20) + 1)?,
            413,
        ),
        ("a bomb", "gzip", gzip(&padded(3 << 20))?, 413),
    ])
}

fn check(name: &str, found: StatusCode, expected: u16, headers: &HeaderMap) -> Result<()> {
    ensure!(found == expected, "{name}: {found}, not {expected}");
    if found.is_client_error() {
        let kind = headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        ensure!(
            kind.starts_with("application/problem+json"),
            "{name}: {kind}"
        );
    }
    Ok(())
}

fn good(kind: &str) -> Value {
    json!({"clientID": "bad.example", "eventType": kind, "url": "https://bad.example/"})
}

/// Bodies as text/plain, and the status each must get.
fn bodies() -> Vec<(&'static str, Vec<u8>, u16)> {
    let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    let text = |value: Value| value.to_string().into_bytes();
    let with = |key: &str, value: Value| {
        let mut body = good("fields");
        body[key] = value;
        body
    };
    let events = |count: usize| {
        let events: Vec<Value> = (0..count).map(|_| json!({"type": "many"})).collect();
        json!({"v": 1, "site": "bad.example", "url": "https://bad.example/", "events": events})
    };
    let entries = |count: usize| {
        (0..count)
            .map(|key| (format!("k{key}"), json!(1)))
            .collect::<serde_json::Map<_, _>>()
    };
    vec![
        ("good", text(good("good")), 204),
        ("empty", Vec::new(), 400),
        ("not json", b"hello".to_vec(), 400),
        ("torn json", b"{\"clientID\":\"bad.example\"".to_vec(), 400),
        ("an array", b"[]".to_vec(), 400),
        ("a number", b"1".to_vec(), 400),
        ("null", b"null".to_vec(), 400),
        ("invalid utf-8", b"{\"clientID\":\"bad.example\",\"eventType\":\"\xff\"}".to_vec(), 400),
        ("not a number", b"{\"clientID\":\"bad.example\",\"eventData\":{\"a\":NaN}}".to_vec(), 400),
        ("too deep", nested(17).into_bytes(), 400),
        ("far too deep", nested(5_000).into_bytes(), 400),
        ("too large", vec![b' '; 64 * 1024 + 1], 413),
        ("no events", text(events(0)), 400),
        ("most events", text(events(100)), 204),
        ("too many events", text(events(101)), 400),
        ("most entries", text(with("eventData", Value::Object(entries(30)))), 204),
        ("too many entries", text(with("eventData", Value::Object(entries(31)))), 400),
        ("bad site key", text(with("clientID", json!("a b"))), 400),
        ("long site key", text(with("clientID", json!("a".repeat(65)))), 400),
        ("site key of a wrong type", text(with("clientID", json!(["bad.example"]))), 400),
        ("another scheme", text(with("url", json!("javascript:alert(1)"))), 400),
        ("long url", text(with("url", json!(format!("https://bad.example/{}", "a".repeat(4_000))))), 204),
        ("long title", text(with("title", json!("t".repeat(5_000)))), 204),
        ("nul", text(with("eventType", json!("nul\u{0}"))), 204),
        ("lone surrogate", b"{\"clientID\":\"bad.example\",\"eventType\":\"\\ud800\",\"url\":\"https://bad.example/\"}".to_vec(), 204),
        ("unknown keys", text(with("somethingElse", json!([1, {"a": 2}]))), 204),
        ("time of another age", text(with("timestamp", json!("1999-12-31T23:59:59.000Z"))), 204),
        ("time that is none", text(with("timestamp", json!("yesterday"))), 204),
        ("id that is none", text(with("id", json!("not-a-uuid"))), 204),
        ("id of another version", text(with("id", json!("6ba7b810-9dad-41d1-80b4-00c04fd430c8"))), 204),
    ]
}

fn content_types() -> Vec<(&'static str, &'static str, u16)> {
    vec![
        ("plain", "text/plain", 204),
        ("plain with charset", "text/plain;charset=UTF-8", 204),
        ("json", "application/json", 204),
        ("json with charset", "application/json; charset=utf-8", 204),
        ("some json", "application/vnd.example+json", 204),
        ("form", "application/x-www-form-urlencoded", 415),
        ("html", "text/html", 415),
        ("nonsense", "???", 415),
    ]
}

/// Requests that are none, or that could be read in two ways.
fn torn_requests() -> Vec<(&'static str, Vec<u8>)> {
    let post = |rest: &str| {
        format!("POST /track HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{rest}").into_bytes()
    };
    vec![
        (
            "another protocol",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        ),
        ("garbage", b"hello\r\n\r\n".to_vec()),
        (
            "two lengths",
            post("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} "),
        ),
        (
            "length and chunks",
            post("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ),
        ("negative length", post("Content-Length: -1\r\n\r\n")),
        (
            "long target",
            format!(
                "GET /pixel.gif?{} HTTP/1.1\r\nHost: a\r\n\r\n",
                "a".repeat(9_000)
            )
            .into_bytes(),
        ),
        (
            "large head",
            post(&format!("X-Large: {}\r\n\r\n", "a".repeat(20_000))),
        ),
        (
            "many headers",
            post(&format!("{}\r\n", "X-Many: 1\r\n".repeat(100))),
        ),
    ]
}

async fn raw(port: u16, request: Vec<u8>) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    // The server may close before it has read everything; what it answered counts.
    stream.write_all(&request).await.ok();
    stream.shutdown().await.ok();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(15), read)
        .await
        .context("no answer and no end in 15 s")?
        .ok();
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// The good events of a batch are taken whatever stands beside them.
async fn check_mixed_batch(stack: &Stack) -> Result<()> {
    let before = stack.at_rest().await?;
    let beacon = json!({"v": 1, "site": "bad.example", "url": "https://bad.example/mixed", "events": [
        {"type": "mixed_good", "data": {"n": 1}},
        {"type": {"no": "text"}},
        {"type": "mixed_bad", "url": "ftp://bad.example/"},
        {"type": "mixed_good", "data": {"n": 2}, "id": assigned_id(Clock::system().now_ms())},
    ]});
    let answer = stack.post(beacon.to_string()).await?;
    ensure!(
        answer.status() == 204,
        "{}: {}",
        answer.status(),
        answer.text().await?
    );
    let after = stack.at_rest().await?;
    ensure!(after.stored == before.stored + 2, "{before:?} {after:?}");
    let rows = stack.rows("search=mixed").await?;
    ensure!(
        rows.iter()
            .filter(|row| row["eventType"] == "mixed_good")
            .count()
            == 2,
        "{rows:?}"
    );
    Ok(())
}

/// What a page of hostile texts leaves behind is text, and reads back as its documented form.
async fn check_hostile_text(stack: &Stack) -> Result<()> {
    let hostile = "<script>alert(1)</script>' or 1=1; -- \\ \u{202e} 🦀";
    let mut beacon = good("hostile");
    beacon["title"] = json!(format!("{hostile}\u{0}\r\n\u{1b}[31m"));
    beacon["eventData"] = json!({ "text": hostile, "nul\u{0}key": "a\u{0}b" });
    stack.track(&beacon).await?;
    stack.at_rest().await?;
    let rows = stack.rows("search=hostile").await?;
    let row = rows.first().context("the hostile event")?;
    ensure!(row["eventData"]["text"] == hostile, "{row}");
    ensure!(row["eventData"]["nul\u{fffd}key"] == "a\u{fffd}b", "{row}");
    Ok(())
}
