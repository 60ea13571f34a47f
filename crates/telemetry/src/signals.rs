//! The two signals that end a process.

use std::io;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// Why the process shall end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM, from a supervisor: whoever sends us requests must first learn that we leave, so the drain delay applies.
    Terminate,
    /// SIGINT, from a keyboard: nobody is balanced away, so nothing is waited for.
    Interrupt,
}

/// A listener for [`Signal`]s. From [`Signals::install`] on, none ends the process by itself any more, and none is missed.
#[derive(Debug)]
pub struct Signals {
    terminate: Stream,
    interrupt: Stream,
}

impl Signals {
    /// Takes over SIGTERM and SIGINT. Call it once, before anything that must end in order is started.
    ///
    /// # Errors
    /// When the operating system refuses the handlers.
    pub fn install() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for the next signal. Cancel safe.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.interrupt.recv() => Signal::Interrupt,
        }
    }
}
