//! The HTTP server, the lifecycle and the private listener from outside: real sockets, real signals.
#![cfg(test)] // always so here, and it tells clippy that the helpers are tests, too

mod admin;
mod deadlines;
mod lifecycle;
mod limits;
mod shutdown;
mod support;
