//! Where to go after the login: a path of ours, whatever the address bar says.

use serde::{Deserialize, Deserializer};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Next(String);

impl Next {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn of(text: &str) -> Self {
        if is_path_of_ours(text) {
            Self(text.to_owned())
        } else {
            Self::default()
        }
    }
}

impl Default for Next {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

/// `//host` and `/\host` lead elsewhere in browsers, and so may either after a control character, which they remove.
fn is_path_of_ours(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first() == Some(&b'/')
        && !matches!(bytes.get(1), Some(b'/' | b'\\'))
        && bytes.iter().all(u8::is_ascii_graphic)
}

impl<'de> Deserialize<'de> for Next {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::of(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours() {
        assert_eq!(
            Next::of("/view-data?url=%2F").as_str(),
            "/view-data?url=%2F"
        );
        for elsewhere in [
            "",
            "x",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/x\r\nset-cookie: a=b",
            "javascript:alert(1)",
        ] {
            assert_eq!(Next::of(elsewhere).as_str(), "/", "{elsewhere:?}");
        }
    }
}
