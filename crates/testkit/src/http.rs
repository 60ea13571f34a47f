//! As much of an HTTP client as tests of this kit need: one request, one connection, a deadline, no TLS.
//!
//! It is blocking inside, so that `Drop` can use it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A `WebDriver` command may take as long as a page; everything else answers in milliseconds.
const LIMIT: Duration = Duration::from_mins(1);

const BUFFER_BYTES: usize = 64 * 1024;

/// What is sent.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    authority: String,
    path: String,
    headers: String,
    body: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The code of its first line.
    pub status: u16,
    /// As text, whole.
    pub body: String,
}

impl Request {
    /// `url` is `http://host:port/path`.
    ///
    /// # Panics
    /// When it is not plain http.
    pub fn new(method: &str, url: &str) -> Self {
        let rest = url
            .strip_prefix("http://")
            .expect("the kit speaks plain http to servers of its own");
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        Self {
            method: method.to_owned(),
            authority: authority.to_owned(),
            path: format!("/{path}"),
            headers: String::new(),
            body: String::new(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.extend([name, ": ", value, "\r\n"]);
        self
    }

    /// Gives it a body.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string();
        self.header("Content-Type", "application/json; charset=utf-8")
    }

    pub(crate) fn send_blocking(&self) -> Result<Answer> {
        self.try_send()
            .with_context(|| format!("{} http://{}{}", self.method, self.authority, self.path))
    }

    fn try_send(&self) -> Result<Answer> {
        let mut stream = TcpStream::connect(&self.authority)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        let Self {
            method,
            authority,
            path,
            headers,
            body,
        } = self;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        )?;
        receive(&mut stream)
    }
}

/// Reads until the answer is whole: not every server closes the connection when it is asked to.
fn receive(stream: &mut TcpStream) -> Result<Answer> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = stream.read(&mut buffer)?;
        bytes.extend(&buffer[..read]);
        match Answer::parse(&bytes, read == 0) {
            Err(reason) if read == 0 => return Err(reason),
            Err(_) => {}
            Ok(answer) => return Ok(answer),
        }
    }
}

/// Sends without blocking the test's runtime.
///
/// # Errors
/// When there is no connection, or no whole answer within a minute.
pub async fn send(request: Request) -> Result<Answer> {
    tokio::task::spawn_blocking(move || request.send_blocking())
        .await
        .context("the thread that sent a request")?
}

/// The body of a `GET` that answers 200.
pub(crate) async fn get(url: &str) -> Result<String> {
    let answer = send(Request::new("GET", url)).await?;
    anyhow::ensure!(
        answer.status == 200,
        "GET {url} answered {}: {}",
        answer.status,
        answer.body
    );
    Ok(answer.body)
}

impl Answer {
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body)
            .with_context(|| format!("read an answer as JSON: {}", self.body))
    }

    /// An answer without a length is whole when the connection has `ended`.
    fn parse(bytes: &[u8], ended: bool) -> Result<Self> {
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .context("an answer without an end of its headers")?;
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .context("an answer without a status")?;
        let body = &bytes[end + 4..];
        let header = |name: &str| {
            head.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .map(str::trim)
        };
        let length = header("content-length").and_then(|length| length.parse().ok());
        let body = match length {
            _ if header("transfer-encoding") == Some("chunked") => unchunk(body)?,
            Some(length) => body
                .get(..length)
                .context("an answer that ended too early")?
                .to_vec(),
            None if ended || status == 204 => body.to_vec(),
            None => bail!("an answer without a length that goes on"),
        };
        Ok(Self {
            status,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}

/// RFC 9112, section 7.1, without trailers.
fn unchunk(mut bytes: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = bytes
            .windows(2)
            .position(|two| two == b"\r\n")
            .context("a chunk without a size")?;
        let size = std::str::from_utf8(&bytes[..end])?
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        let size = usize::from_str_radix(size, 16).context("a chunk's size")?;
        if size == 0 {
            return Ok(body);
        }
        body.extend(
            bytes
                .get(end + 2..end + 2 + size)
                .context("a chunk that ended too early")?,
        );
        bytes = bytes
            .get(end + 4 + size..)
            .context("a chunk without an end")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined() {
        let answer = Answer::parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n", false).unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "Wikipedia"));
    }

    #[test]
    fn a_cut_answer_is_an_error() {
        assert!(Answer::parse(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", false).is_err());
        assert!(Answer::parse(b"HTTP/1.1 200 OK\r\n", false).is_err());
    }
}
