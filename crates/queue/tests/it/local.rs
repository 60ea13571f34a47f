//! The local file in trouble: killed, shared, full, damaged.

mod copy;
mod crash;
mod damage;
mod disk;
mod full;
mod owner;
