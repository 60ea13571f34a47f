//! The server's own refusals; some are written without hyper: to connections over the cap, and in place of hyper's, which say
//! nothing.
//!
//! Every page may read them, whatever it asked for: they tell nothing of anybody, and a pixel that must not read a 503 can take it for
//! a broken network only, and does not learn when to come again.

use axum::response::{IntoResponse, Response};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS};
use http::{HeaderValue, StatusCode};
use memchr::memchr;

use super::framing::Refusal;
use crate::Problem;

/// A refusal of the server's own, as a response.
pub(super) fn refusal(problem: &Problem) -> Response {
    let mut response = problem.clone().into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Retry-After"),
    );
    response
}

/// What is wrong with a head that we refuse.
pub(super) fn problem_of(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Ambiguous => Problem::new(
            StatusCode::BAD_REQUEST,
            "the request could be read in two ways",
        ),
        Refusal::TargetTooLong => {
            Problem::new(StatusCode::URI_TOO_LONG, "a target has at most 8192 bytes")
        }
        Refusal::HeadTooLarge => Problem::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "a head has at most 16384 bytes and 64 fields",
        ),
    }
}

/// What is wrong with a head that hyper refuses, if `answer` is such a refusal: a status with three fields and no body.
///
/// While hyper waits for a head, a rest of an earlier answer may still be on its way. None of ours looks like this.
pub(super) fn problem_of_bare(answer: &[u8]) -> Option<Problem> {
    let rest = answer.strip_prefix(b"HTTP/1.1 ")?;
    let (status, rest) = rest.split_at_checked(3)?;
    let (_phrase, fields) = after_line(rest)?;
    let date = fields.strip_prefix(b"connection: close\r\ncontent-length: 0\r\ndate: ")?;
    let (_date, rest) = after_line(date)?;
    match status {
        _ if rest != b"\r\n" => None,
        b"400" => Some(Problem::new(
            StatusCode::BAD_REQUEST,
            "this is no HTTP/1 request",
        )),
        b"414" => Some(problem_of(Refusal::TargetTooLong)),
        b"431" => Some(problem_of(Refusal::HeadTooLarge)),
        _ => None,
    }
}

fn after_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(memchr(b'\n', bytes)? + 1)
}

/// The whole answer, after which the connection is closed.
pub(super) fn last_answer(problem: &Problem) -> Vec<u8> {
    let status = problem.status;
    let phrase = status.canonical_reason().unwrap_or_default();
    let retry_after = problem
        .retry_after_s
        .map(|seconds| format!("retry-after: {seconds}\r\n"))
        .unwrap_or_default();
    let body = problem.to_json();
    format!(
        "HTTP/1.1 {} {phrase}\r\n\
         connection: close\r\n\
         content-type: application/problem+json\r\n\
         cache-control: no-store\r\n\
         access-control-allow-origin: *\r\n\
         access-control-expose-headers: Retry-After\r\n\
         {retry_after}\
         content-length: {}\r\n\
         \r\n\
         {body}",
        status.as_u16(),
        body.len(),
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_answer_is_a_whole_one() {
        let answer = last_answer(&Problem::unavailable("full"));
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n"));
        assert!(head.contains("\r\nretry-after: "));
        assert!(head.ends_with(&format!("\r\ncontent-length: {}", body.len())));
        assert!(body.contains(r#""status":503"#));
    }

    #[test]
    fn bare_answers_are_told_from_ours() {
        let status = |answer: &str| {
            problem_of_bare(answer.as_bytes()).map(|problem| problem.status.as_u16())
        };
        let bare =
            "connection: close\r\ncontent-length: 0\r\ndate: Mon, 23 Nov 2026 08:00:00 GMT\r\n";
        assert_eq!(
            status(&format!("HTTP/1.1 431 Too Large\r\n{bare}\r\n")),
            Some(431)
        );
        assert_eq!(
            status(&format!("HTTP/1.1 400 Bad Request\r\n{bare}\r\n")),
            Some(400)
        );
        assert_eq!(
            status(&format!("HTTP/1.1 404 Not Found\r\n{bare}\r\n")),
            None
        );
        assert_eq!(
            status(&format!(
                "HTTP/1.1 400 Bad Request\r\n{bare}vary: a\r\n\r\n"
            )),
            None
        );
        assert_eq!(status("HTTP/1.1 400 Bad Request\r\nvary: a\r\n\r\n"), None);
        assert_eq!(status("HTTP/1.1 4"), None);
    }
}
