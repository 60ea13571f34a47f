//! A private RabbitMQ.

mod vhost;

use std::ops::Deref;

use anyhow::Result;

pub use vhost::RabbitVhost;

use crate::{Process, Ready, find_program, free_port};

/// `guest:guest`, as the Authorization header wants it.
pub(crate) const AUTHORIZATION: &str = "Basic Z3Vlc3Q6Z3Vlc3Q=";

/// `epmd` is started here and not by Erlang, which would start it as a daemon that outlives the broker; it ends with us.
/// The broker is `exec`ed so that a signal reaches the Erlang machine itself. `RUNNING_UNDER_SYSTEMD` asks for just that.
const LAUNCH: &str = "export HOME=\"$PWD\" RABBITMQ_MNESIA_BASE=\"$PWD/mnesia\" RABBITMQ_LOG_BASE=\"$PWD\"
export RABBITMQ_CONFIG_FILE=\"$PWD/rabbitmq.conf\" RABBITMQ_ENABLED_PLUGINS_FILE=\"$PWD/plugins\" RABBITMQ_CONF_ENV_FILE=/dev/null
export RABBITMQ_PID_FILE=\"$PWD/rabbitmq.pid\" RABBITMQ_LOGS=- RUNNING_UNDER_SYSTEMD=true
\"$EPMD\" -address 127.0.0.1 -port \"$ERL_EPMD_PORT\" &
exec \"$BROKER\"
";

/// A running broker; user `guest`, password `guest`, default vhost `/`.
#[derive(Debug)]
pub struct Rabbitmq {
    process: Process,
    port: u16,
    management_port: u16,
}

impl Rabbitmq {
    /// Starts one; takes about 8 s.
    ///
    /// # Errors
    /// When RabbitMQ is not installed or does not come up.
    pub async fn start() -> Result<Self> {
        Self::start_with("").await
    }

    /// Starts one with more lines for `rabbitmq.conf`: `"disk_free_limit.absolute = 1TB"` blocks all publishers.
    ///
    /// # Errors
    /// When RabbitMQ is not installed or does not come up.
    pub async fn start_with(settings: &str) -> Result<Self> {
        let (port, management_port) = (free_port(), free_port());
        let config = format!(
            "listeners.tcp.1 = 127.0.0.1:{port}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management_port}\n\
             disk_free_limit.absolute = 50MB\nlog.console.level = info\n{settings}\n"
        );
        let node = uuid::Uuid::new_v4().simple().to_string();
        let process = Process::builder("sh")
            .arg("launch.sh")
            .file("launch.sh", LAUNCH)
            .file("rabbitmq.conf", config)
            .file("plugins", "[rabbitmq_management].\n")
            .env("EPMD", find_program("epmd")?.to_string_lossy())
            .env("BROKER", find_program("rabbitmq-server")?.to_string_lossy())
            .env("RABBITMQ_NODENAME", format!("t{}@localhost", &node[..12]))
            .env("RABBITMQ_DIST_PORT", free_port().to_string())
            .env("ERL_EPMD_PORT", free_port().to_string())
            // Idle schedulers spin by default, which two cores shared with the tests cannot spare.
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}")
            .ready(speaks_amqp(port))
            .ready(management_answers(management_port))
            .start()
            .await?;
        Ok(Self {
            process,
            port,
            management_port,
        })
    }

    /// The default vhost: `amqp://guest:guest@127.0.0.1:PORT/%2f`
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    /// The management API: `http://127.0.0.1:PORT`, for `guest:guest`.
    pub fn management_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.management_port)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// A server is its process and an address: kill, pause, restart and the rest are the process'.
impl Deref for Rabbitmq {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

/// The protocol header of AMQP 0-9-1 is answered by a method frame (type 1) on channel 0.
fn speaks_amqp(port: u16) -> Ready {
    Ready {
        port,
        question: b"AMQP\x00\x00\x09\x01".to_vec(),
        answer: vec![1, 0, 0],
    }
}

fn management_answers(port: u16) -> Ready {
    let mut ready = Ready::http(port, "/api/vhosts");
    ready.question.truncate(ready.question.len() - 2);
    ready
        .question
        .extend(format!("Authorization: {AUTHORIZATION}\r\n\r\n").into_bytes());
    ready
}
