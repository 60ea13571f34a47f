//! The local file in trouble: killed, shared, full, damaged.

mod crash;
mod damage;
mod full;
mod owner;
