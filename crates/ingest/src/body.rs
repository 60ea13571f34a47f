//! The bytes of a request, read within bounds.
//!
//! A body that is too large is refused before it is read where its length is told, else as soon as it is known. A compressed one is
//! inflated as it arrives, so that what it inflates to is bounded while it grows, and not when it is there.

use std::io::{self, Write};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use flate2::write::MultiGzDecoder;
use hgpixel_event::limits::{INFLATED_BYTES_MAX, INFLATED_RATIO_MAX};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;

use crate::answer::Refusal;
use crate::beacon::Invalid;

/// The whole body, of at most so many bytes.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<Bytes, Refusal> {
    let mut pieces = Pieces::new(headers, body, bytes_max)?;
    let first = pieces.next().await?.unwrap_or_default();
    let Some(second) = pieces.next().await? else {
        return Ok(first);
    };
    let mut whole = BytesMut::from(first);
    let mut more = Some(second);
    while let Some(bytes) = more {
        whole.extend_from_slice(&bytes);
        more = pieces.next().await?;
    }
    Ok(whole.freeze())
}

/// What a body in gzip inflates to; of the body as sent, at most so many bytes.
pub(crate) async fn inflate(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
) -> Result<Bytes, Refusal> {
    let mut pieces = Pieces::new(headers, body, bytes_max)?;
    let mut inflating = MultiGzDecoder::new(Inflated(Vec::new()));
    while let Some(bytes) = pieces.next().await? {
        inflating.write_all(&bytes).map_err(|error| wrong(&error))?;
    }
    let Inflated(whole) = inflating.finish().map_err(|error| wrong(&error))?;
    // Judged at the end, for a text may begin with what shrinks well and go on with what does not.
    if whole.len() > pieces.bytes.saturating_mul(INFLATED_RATIO_MAX) {
        return Err(Refusal::Inflated);
    }
    Ok(whole.into())
}

/// The only error that is not the sender's bytes is ours, about their number.
fn wrong(error: &io::Error) -> Refusal {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return Refusal::Inflated;
    }
    Refusal::Invalid(Invalid::new("the body is not whole gzip"))
}

/// A buffer that takes no more than it may.
struct Inflated(Vec<u8>);

impl Write for Inflated {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > INFLATED_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A body, piece by piece, until it has too many bytes.
struct Pieces {
    body: Body,
    bytes_max: usize,
    /// Of the pieces so far.
    bytes: usize,
}

impl Pieces {
    fn new(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Self, Refusal> {
        let told: Option<u64> = headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse().ok());
        if told.is_some_and(|length| length > bytes_max as u64) {
            return Err(Refusal::BodyTooLarge { bytes_max });
        }
        Ok(Self {
            body,
            bytes_max,
            bytes: 0,
        })
    }

    /// The next piece; `None` at the end. Trailers are skipped.
    async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|_| Refusal::Incomplete)?;
            let Ok(bytes) = frame.into_data() else {
                continue;
            };
            self.bytes += bytes.len();
            if self.bytes > self.bytes_max {
                let bytes_max = self.bytes_max;
                return Err(Refusal::BodyTooLarge { bytes_max });
            }
            return Ok(Some(bytes));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// As it arrives in pieces of `piece` bytes.
    fn inflated(sent: &[u8], piece: usize) -> Result<Vec<u8>, Refusal> {
        let pieces: Vec<_> = sent
            .chunks(piece)
            .map(|piece| Ok::<_, io::Error>(Bytes::copy_from_slice(piece)))
            .collect();
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.build().unwrap();
        let whole = runtime.block_on(inflate(&HeaderMap::new(), body, 1 << 20));
        whole.map(|bytes| bytes.to_vec())
    }

    /// Text that hardly shrinks.
    fn noise(bytes: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        std::iter::repeat_with(next).take(bytes).collect()
    }

    #[test]
    fn what_was_compressed_comes_back_in_whatever_pieces() {
        let text = br#"{"events":[{"type":"signup"}]}"#;
        for piece in [1, 7, 10_000] {
            assert_eq!(inflated(&gzip(text), piece).unwrap(), text);
        }
        // Gzip is a row of members.
        let two = [gzip(&text[..10]), gzip(&text[10..])].concat();
        assert_eq!(inflated(&two, 5).unwrap(), text);
    }

    #[test]
    fn no_more_is_inflated_than_may_be() {
        // A tenth of noise keeps the ratio low.
        let mut most = noise(INFLATED_BYTES_MAX / 10);
        most.resize(INFLATED_BYTES_MAX, b' ');
        assert_eq!(inflated(&gzip(&most), 4_096).unwrap(), most);
        most.push(b' ');
        assert_eq!(inflated(&gzip(&most), 4_096), Err(Refusal::Inflated));
    }

    #[test]
    fn a_body_inflates_to_a_hundred_times_its_size_and_no_further() {
        let ratio = |blanks: usize| {
            let mut text = noise(500);
            text.resize(500 + blanks, b' ');
            (text.len(), gzip(&text))
        };
        let (mut within, mut beyond) = (0, 0);
        // The compressed size grows in steps of some bytes, so both sides of the limit are met near it.
        for blanks in (60_000..70_000).step_by(10) {
            let (bytes, sent) = ratio(blanks);
            let expected = bytes <= sent.len() * INFLATED_RATIO_MAX;
            assert_eq!(inflated(&sent, 4_096).is_ok(), expected, "{blanks}");
            within += u32::from(expected);
            beyond += u32::from(!expected);
        }
        assert!(within > 0 && beyond > 0, "{within} within, {beyond} beyond");
    }

    #[test]
    fn what_is_not_whole_gzip_is_said_to_be_that() {
        let whole = gzip(b"{}");
        for sent in [&b"{}"[..], &whole[..whole.len() - 1], &whole[1..]] {
            let Err(Refusal::Invalid(why)) = inflated(sent, 1_000) else {
                panic!("{sent:?} is not gzip");
            };
            assert!(why.to_string().contains("gzip"));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(sent: Vec<u8>, piece in 1_usize..100) {
            drop(inflated(&sent, piece));
        }
    }
}
