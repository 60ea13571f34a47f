//! A private Redis.

use std::ops::Deref;

use anyhow::Result;

use crate::{Process, Ready, free_port};

/// A running Redis server without persistence: a restart finds it empty, as a cache must be able to bear.
#[derive(Debug)]
pub struct Redis {
    process: Process,
    port: u16,
}

impl Redis {
    /// Starts one; takes about 50 ms.
    ///
    /// # Errors
    /// When Redis is not installed or does not come up.
    pub async fn start() -> Result<Self> {
        let port = free_port();
        let config =
            format!("bind 127.0.0.1\nport {port}\nsave \"\"\nappendonly no\ndaemonize no\n");
        let process = Process::builder("redis-server")
            .arg("redis.conf")
            .file("redis.conf", config)
            .ready(Ready {
                port,
                question: b"PING\r\n".to_vec(),
                answer: b"+PONG".to_vec(),
            })
            .start()
            .await?;
        Ok(Self { process, port })
    }

    /// `redis://127.0.0.1:PORT/`
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// A server is its process and an address: kill, pause, restart and the rest are the process'.
impl Deref for Redis {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}
