//! The kit against the real servers: what it promises to every other test.
#![cfg(test)]

mod browser;
mod hgpixel;
mod leftovers;
mod proxy;
mod servers;
mod support;
