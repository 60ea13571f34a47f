//! The local file in trouble: killed, shared, full, damaged.

mod crash;
mod damage;
mod disk;
mod full;
mod owner;
