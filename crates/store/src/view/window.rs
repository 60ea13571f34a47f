//! Ranges of time.

/// A range of time, half open; unbounded where `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from_ms: Option<i64>,
    pub(super) until_ms: Option<i64>,
}

impl Window {
    pub(super) fn between(from_ms: i64, until_ms: i64) -> Self {
        Self {
            from_ms: Some(from_ms),
            until_ms: Some(until_ms),
        }
    }

    /// What lies in both.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            from_ms: self.from_ms.into_iter().chain(other.from_ms).max(),
            until_ms: self.until_ms.into_iter().chain(other.until_ms).min(),
        }
    }

    pub(super) fn is_empty(self) -> bool {
        matches!((self.from_ms, self.until_ms), (Some(from), Some(until)) if from >= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_meet_or_do_not() {
        let window = Window::between(3, 9).and(Window::between(5, 20));
        assert_eq!(window, Window::between(5, 9));
        assert!(!window.is_empty());
        assert!(window.and(Window::between(9, 10)).is_empty());
        assert_eq!(window.and(Window::default()), window);
    }
}
