//! Events as lines of JSON.

use hgpixel_store::ViewRow;

use super::columns::RowObject;

pub(crate) fn write(rows: &[ViewRow]) -> Vec<u8> {
    let mut text = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut text, &RowObject(row))
            .expect("a row is JSON, and memory takes all bytes");
        text.push(b'\n');
    }
    text
}
