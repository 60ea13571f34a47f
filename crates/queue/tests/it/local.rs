//! The local file in trouble.
