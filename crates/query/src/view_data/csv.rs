//! Events as CSV (RFC 4180): every cell quoted, and none of them a formula.
//!
//! Spreadsheets run what begins with `=`, `+`, `-`, `@`, a tab or a carriage return, and quotes do not keep them from it. Such a cell
//! gets an apostrophe before it, which spreadsheets take for "this is text".

use std::borrow::Cow;

use csv::{QuoteStyle, Terminator, Writer, WriterBuilder};
use hgpixel_store::ViewRow;

use super::columns::columns;

pub(crate) fn header() -> Vec<u8> {
    records([columns().map(|(name, _)| Cow::from(name))])
}

/// Records of any cells, which must be equally many in each.
pub(crate) fn records<'a>(
    records: impl IntoIterator<Item = impl IntoIterator<Item = Cow<'a, str>>>,
) -> Vec<u8> {
    let mut writer = writer();
    for record in records {
        for cell in record {
            let text = harmless(cell);
            writer.write_field(text.as_bytes()).expect(MEMORY);
        }
        writer.write_record(None::<&[u8]>).expect(MEMORY);
    }
    writer.into_inner().expect(MEMORY)
}

pub(crate) fn write(rows: &[ViewRow]) -> Vec<u8> {
    records(
        rows.iter()
            .map(|row| columns().map(|(_, cell)| cell(row).into_text())),
    )
}

const MEMORY: &str = "memory takes all bytes, and all records have the same length";

fn writer() -> Writer<Vec<u8>> {
    WriterBuilder::new()
        .quote_style(QuoteStyle::Always)
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new())
}

fn harmless(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        return format!("'{text}").into();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(row: ViewRow) -> String {
        String::from_utf8(write(&[row])).unwrap()
    }

    #[test]
    fn the_header_names_the_columns() {
        let header = String::from_utf8(header()).unwrap();
        assert!(header.starts_with("\"clientID\",\"eventType\",\"eventData\",\"sessionId\","));
        assert!(header.ends_with("\"marks\",\"path\"\r\n"));
    }

    #[test]
    fn every_cell_is_quoted_and_quotes_are_doubled() {
        let text = line(ViewRow {
            client_id: "site".into(),
            event_data: r#"{"a":"x, y"}"#.into(),
            ..ViewRow::default()
        });
        assert!(
            text.starts_with(
                r#""site","","{""a"":""x, y""}","0","","1970-01-01T00:00:00.000Z","","","","{}","#
            ),
            "{text}"
        );
    }

    #[test]
    fn no_cell_is_a_formula() {
        for hostile in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"] {
            let text = line(ViewRow {
                event_type: hostile.into(),
                ..ViewRow::default()
            });
            assert!(
                text.starts_with(&format!("\"\",\"'{hostile}\",")),
                "{text:?}"
            );
        }
        let text = line(ViewRow {
            event_type: "a=b".into(),
            session: -5,
            ..ViewRow::default()
        });
        assert!(
            text.contains("\"a=b\"") && text.contains("\"'-5\""),
            "{text:?}"
        );
    }
}
