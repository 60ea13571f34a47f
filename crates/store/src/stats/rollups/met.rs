//! Texts, numbered in the order in which they are met.

use std::collections::HashMap;

#[derive(Debug, Default)]
pub(super) struct Met {
    texts: Vec<String>,
    places: HashMap<String, u32>,
}

impl Met {
    /// The number of a text.
    pub(super) fn place(&mut self, text: &str) -> u32 {
        // Most texts come once a day: looked up before they are copied.
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.to_owned());
        self.places.insert(text.to_owned(), place);
        place
    }

    /// The text of a number that was given out.
    pub(super) fn text(&self, place: u32) -> &str {
        &self.texts[place as usize]
    }
}
