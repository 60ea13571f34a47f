use super::*;

/// What hyper would make of a head: a field per line of `kept`.
fn parsed(target: &str, kept: &[(&str, &str)]) -> Request<()> {
    kept.iter()
        .fold(Request::builder().uri(target), |request, (name, value)| {
            request.header(*name, *value)
        })
        .body(())
        .unwrap()
}

fn inbox(bytes: &[u8]) -> Inbox {
    let mut inbox = Inbox::default();
    inbox.received(bytes, 1);
    inbox
}

const POST: &[u8] = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n";

fn post() -> Request<()> {
    parsed("/", &[("host", "x"), ("content-length", "3")])
}

#[test]
fn a_plain_request_leaves_nothing_behind() {
    let mut inbox = inbox(&[POST, b"abc"].concat());
    assert_eq!(inbox.take_head(&post(), 2), Ok(()));
    assert_eq!(inbox.head_began(), None);
}

#[test]
fn a_body_that_comes_later_is_no_head() {
    let mut inbox = inbox(POST);
    assert_eq!(inbox.take_head(&post(), 2), Ok(()));
    inbox.received(b"ab", 3);
    assert_eq!(inbox.head_began(), None);
    inbox.received(b"cPOST", 4);
    assert_eq!(inbox.head_began(), Some(4));
}

#[test]
fn pipelined_requests_are_told_apart() {
    let mut inbox = inbox(&[POST, b"abc", POST, b"a"].concat());
    assert_eq!(inbox.take_head(&post(), 2), Ok(()));
    assert_eq!(inbox.head_began(), Some(2));
    assert_eq!(inbox.take_head(&post(), 3), Ok(()));
    assert_eq!(inbox.head_began(), None);
    inbox.received(b"bc", 4);
    assert_eq!(inbox.head_began(), None);
}

#[test]
fn empty_lines_before_a_head_are_no_fields() {
    let mut inbox = inbox(&[b"\r\n\r\n", POST, b"abc"].concat());
    assert_eq!(inbox.take_head(&post(), 2), Ok(()));
    assert_eq!(inbox.head_began(), None);
}

#[test]
fn a_field_that_was_dropped_is_ambiguous() {
    let twice = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\n";
    assert_eq!(inbox(twice).take_head(&post(), 2), Err(Refusal::Ambiguous));
}

#[test]
fn bare_line_feeds_are_ambiguous() {
    let head = b"POST / HTTP/1.1\nhost: x\ncontent-length: 3\n\n";
    assert_eq!(inbox(head).take_head(&post(), 2), Err(Refusal::Ambiguous));
    let hidden = [head.as_slice(), b"\r\n\r\n"].concat();
    assert_eq!(
        inbox(&hidden).take_head(&post(), 2),
        Err(Refusal::Ambiguous)
    );
}

#[test]
fn limits_hold_at_the_byte() {
    let check = |target: usize, padding: usize, expected| {
        let target = format!("/{}", "a".repeat(target - 1));
        let value = "b".repeat(padding);
        let head = format!("GET {target} HTTP/1.1\r\npad: {value}\r\n\r\n");
        let request = parsed(&target, &[("pad", &value)]);
        let verdict = inbox(head.as_bytes()).take_head(&request, 2);
        assert_eq!(
            verdict,
            expected,
            "target {} head {}",
            target.len(),
            head.len()
        );
    };
    check(8 * 1024, 0, Ok(()));
    check(8 * 1024 + 1, 0, Err(Refusal::TargetTooLong));
    let rest = "GET / HTTP/1.1\r\npad: \r\n\r\n".len();
    check(1, 16 * 1024 - rest, Ok(()));
    check(1, 16 * 1024 - rest + 1, Err(Refusal::HeadTooLarge));
}

#[test]
fn an_idle_connection_keeps_little_memory() {
    let body = [POST, &[b'x'; 12_000]].concat();
    let mut inbox = inbox(&body);
    let request = parsed("/", &[("host", "x"), ("content-length", "12000")]);
    assert_eq!(inbox.take_head(&request, 2), Ok(()));
    assert!(inbox.head.capacity() <= KEPT_BYTES);
}
