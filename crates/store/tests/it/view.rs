//! `/view-data`: what was accepted reads back, filtered, in order, page by page.

mod counts;
mod filters;
mod limits;
mod pages;
mod questions;
mod reading_back;
mod search;
