//! The kit against the real servers: what it promises to every other test.

mod leftovers;
mod servers;
mod support;
