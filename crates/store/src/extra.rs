//! What an event says that its session does not say already: seldom anything.
//!
//! Browser, language, device and place are the session's, told by its first event. Where a later event differs (the visitor resized
//! the window, changed the network), its row says so in a few bytes of JSON, and reading puts it together again.

use hgpixel_event::Marks;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extra {
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<i32>,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<i32>,
    /// The number of a kind of event beyond what the column holds: of the kinds after the first 32,767.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<i32>,
    #[serde(rename = "m", default, skip_serializing_if = "Marks::is_empty")]
    pub(crate) marks: Marks,
}

impl Extra {
    /// The column's text; empty when there is nothing to say.
    pub(crate) fn encode(self) -> String {
        if self == Self::default() {
            return String::new();
        }
        serde_json::to_string(&self).expect("four numbers always serialize")
    }

    pub(crate) fn decode(text: &str) -> Result<Self, serde_json::Error> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_empty_and_all_else_reads_back() {
        assert_eq!(Extra::default().encode(), "");
        let full = Extra {
            client: Some(7),
            place: Some(0),
            kind: None,
            marks: Marks::ID_ASSIGNED,
        };
        assert_eq!(full.encode(), r#"{"c":7,"p":0,"m":2}"#);
        for extra in [Extra::default(), full] {
            assert_eq!(Extra::decode(&extra.encode()).unwrap(), extra);
        }
    }
}
