//! `/view-data`: what was accepted reads back, filtered, in order, page by page.

mod counts;
mod filters;
mod pages;
mod reading_back;
mod search;
