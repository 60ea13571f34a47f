//! The store from outside: every promise, on both databases.

mod access;
mod append;
mod keeping;
mod schema;
mod sessions;
mod support;
mod view;
