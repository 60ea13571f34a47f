//! A real browser.

/// The names under which Chromium is installed; the first that is found is used.
pub const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];
