//! Refusals written without hyper: to connections over the cap, and in place of hyper's own, which say nothing.

use http::StatusCode;

use super::framing::Refusal;
use crate::Problem;

/// What is wrong with a head that we refuse.
pub(super) fn problem_of(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Ambiguous => Problem::new(
            StatusCode::BAD_REQUEST,
            "the end of the request could be read in two ways",
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

/// What is wrong with a head that hyper refuses, by the bytes of its bare answer.
pub(super) fn problem_of_bare(answer: &[u8]) -> Problem {
    match answer
        .get(b"HTTP/1.1 ".len()..)
        .and_then(|rest| rest.get(..3))
    {
        Some(b"414") => problem_of(Refusal::TargetTooLong),
        Some(b"431") => problem_of(Refusal::HeadTooLarge),
        _ => Problem::new(StatusCode::BAD_REQUEST, "this is no HTTP/1 request"),
    }
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
    fn bare_answers_are_told_apart() {
        let status = |answer: &[u8]| problem_of_bare(answer).status.as_u16();
        assert_eq!(
            status(b"HTTP/1.1 431 Request Header Fields Too Large\r\n"),
            431
        );
        assert_eq!(status(b"HTTP/1.1 414 URI Too Long\r\n"), 414);
        assert_eq!(status(b"HTTP/1.1 400 Bad Request\r\n"), 400);
        assert_eq!(status(b""), 400);
    }
}
