//! What the server had to change in an event, in words.

use hgpixel_event::Marks;

const WORDS: [(Marks, &str); 6] = [
    (Marks::TIME_REPLACED, "timeReplaced"),
    (Marks::ID_ASSIGNED, "idAssigned"),
    (Marks::TEXT_CUT, "textCut"),
    (Marks::TEXT_CLEANED, "textCleaned"),
    (Marks::OPTED_OUT, "optedOut"),
    (Marks::FROM_SERVER, "fromServer"),
];

/// The marks as words with spaces between, as `/view-data` shows, filters and groups them.
pub fn mark_words(marks: Marks) -> String {
    let set = WORDS.iter().filter(|(mark, _)| marks.contains(*mark));
    set.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_words() {
        let mut set = Marks::TIME_REPLACED;
        set.insert(Marks::OPTED_OUT);
        assert_eq!(mark_words(set), "timeReplaced optedOut");
        assert_eq!(mark_words(Marks::default()), "");
    }
}
