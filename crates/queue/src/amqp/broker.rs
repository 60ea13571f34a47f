//! One connection to the broker: how it is made, and what its errors mean.

use std::io;
use std::time::Duration;

use deadpool_lapin::{Config, Object, Pool, PoolConfig, PoolError, Runtime, Timeouts};
use hgpixel_config::SecretUrl;
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::error::QueueError;

/// A broker that has gone away without a word is noticed after two of these, if nothing else is sent meanwhile.
const HEARTBEAT_SECONDS: u16 = 10;

/// An answer to anything but a publish. Publishes have the settings' own deadline.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// How long a broker that has just begun to listen is left alone.
///
/// A quorum queue on a single node elects its leader within about half a second after the start, unless it is asked for something
/// before: then some versions (3.8 to 3.10 at least; rabbitmq-server issue 10070) never elect one, and nothing is confirmed until
/// somebody restarts the broker. Declaring the queue is harmless, publishing and consuming are not.
const SETTLE: Duration = Duration::from_millis(1_200);

/// A supplier of one connection at a time.
#[derive(Debug)]
pub(super) struct Broker {
    pool: Pool,
    uri: AMQPUri,
    connect_timeout: Duration,
    /// Whether the last attempt failed.
    doubtful: bool,
    /// Whether nobody listened at the last attempt: then the broker itself is about to start.
    absent: bool,
}

impl Broker {
    /// `purpose` is shown in the broker's list of connections.
    pub(super) fn new(
        url: &SecretUrl,
        purpose: &'static str,
        connect_timeout: Duration,
    ) -> Result<Self, QueueError> {
        let unreadable = |_| QueueError::Access {
            // The parser quotes what it cannot read, and with it perhaps a password.
            detail: format!("the address {url} cannot be read"),
        };
        let uri: AMQPUri = url.expose().parse().map_err(unreadable)?;
        let mut pool = PoolConfig::new(1);
        pool.timeouts = Timeouts {
            wait: Some(connect_timeout),
            create: Some(connect_timeout),
            recycle: Some(connect_timeout),
        };
        let config = Config {
            url: Some(with_parameters(url.expose(), connect_timeout)),
            pool: Some(pool),
        };
        let name = format!("hgpixel {purpose}");
        let properties =
            move || ConnectionProperties::default().with_connection_name(name.clone().into());
        let pool = config
            .create_pool(properties, Runtime::Tokio1)
            .map_err(|error| unavailable("preparing a connection", &error))?;
        Ok(Self {
            pool,
            uri,
            connect_timeout,
            doubtful: false,
            absent: false,
        })
    }

    /// A new connection, within the timeout. Connections are not given back: each serves until it is in doubt.
    pub(super) async fn connect(&mut self) -> Result<Connection, QueueError> {
        let connected = self.try_connect().await;
        self.doubtful = connected.is_err();
        if connected.is_ok() && self.absent {
            self.absent = false;
            sleep(SETTLE).await;
        }
        connected
    }

    async fn try_connect(&mut self) -> Result<Connection, QueueError> {
        if self.doubtful {
            self.knock().await?;
        }
        match self.pool.get().await {
            Ok(connection) => Ok(Object::take(connection)),
            Err(PoolError::Backend(error)) => {
                self.absent |= is_refused(&error);
                Err(classify("connecting", &error))
            }
            Err(error) => Err(unavailable("connecting", &error)),
        }
    }

    /// Whether the broker says anything at all. A frozen one accepts a connection and never answers; lapin's attempt to connect
    /// to it could be given up but not ended, and each would keep a thread.
    async fn knock(&mut self) -> Result<(), QueueError> {
        let address = (self.uri.authority.host.as_str(), self.uri.authority.port);
        let answered = async {
            let mut stream = TcpStream::connect(address).await?;
            if self.uri.scheme == AMQPScheme::AMQP {
                stream.write_all(b"AMQP\x00\x00\x09\x01").await?;
                stream.read_u8().await?;
            }
            io::Result::Ok(())
        };
        match timeout(self.connect_timeout, answered).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                self.absent |= error.kind() == io::ErrorKind::ConnectionRefused;
                Err(unavailable("connecting", &error))
            }
            Err(_) => Err(unavailable("connecting", &"no answer in time")),
        }
    }
}

fn is_refused(error: &lapin::Error) -> bool {
    matches!(error.kind(), ErrorKind::IOError(error) if error.kind() == io::ErrorKind::ConnectionRefused)
}

/// Our heartbeat and timeout, unless the address says otherwise.
fn with_parameters(url: &str, connect_timeout: Duration) -> String {
    let mut url = url.to_owned();
    let parameters = [
        ("heartbeat", u128::from(HEARTBEAT_SECONDS)),
        ("connection_timeout", connect_timeout.as_millis()),
    ];
    for (name, value) in parameters {
        if url.contains(&format!("{name}=")) {
            continue;
        }
        let separator = if url.contains('?') { '&' } else { '?' };
        url = format!("{url}{separator}{name}={value}");
    }
    url
}

/// Waits for an answer of the broker, but not for ever.
pub(super) async fn answer<T>(
    what: &str,
    answer: impl Future<Output = lapin::Result<T>>,
) -> Result<T, QueueError> {
    match timeout(ANSWER_WITHIN, answer).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(classify(what, &error)),
        Err(_) => Err(unavailable(what, &"no answer in time")),
    }
}

/// What an error means for whoever wanted `what`.
pub(super) fn classify(what: &str, error: &lapin::Error) -> QueueError {
    let ErrorKind::ProtocolError(said) = error.kind() else {
        return untrusted(error).unwrap_or_else(|| unavailable(what, error));
    };
    match said.kind() {
        AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => QueueError::Mismatch {
            name: what.to_owned(),
            detail: said.get_message().to_string(),
        },
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED)
        | AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED | AMQPHardError::INVALIDPATH) => {
            QueueError::Access {
                detail: said.get_message().to_string(),
            }
        }
        _ => unavailable(what, error),
    }
}

/// A certificate that TLS does not accept waits for a person, as wrong credentials do.
fn untrusted(error: &lapin::Error) -> Option<QueueError> {
    let ErrorKind::IOError(error) = error.kind() else {
        return None;
    };
    let said = error.to_string();
    said.contains("certificate").then(|| QueueError::Access {
        detail: format!(
            "its certificate is not trusted ({said}); add its authority to the system's, or name the authority's file in SSL_CERT_FILE"
        ),
    })
}

/// Whether the broker said that there is no such queue or exchange. The channel is closed then.
pub(super) fn is_not_found(error: &lapin::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ProtocolError(said)
            if *said.kind() == AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND)
    )
}

pub(super) fn unavailable(what: &str, detail: &impl ToString) -> QueueError {
    QueueError::Unavailable {
        detail: format!("{what}: {}", detail.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_added_unless_the_address_has_them() {
        let second = Duration::from_secs(1);
        assert_eq!(
            with_parameters("amqp://h/%2f", second),
            "amqp://h/%2f?heartbeat=10&connection_timeout=1000"
        );
        assert_eq!(
            with_parameters("amqp://h/v?heartbeat=3", second),
            "amqp://h/v?heartbeat=3&connection_timeout=1000"
        );
    }

    #[tokio::test]
    async fn an_unreadable_address_does_not_show_its_password() {
        let url = SecretUrl::new("amqp://user:s3cret@host:port:port/");
        let error = Broker::new(&url, "publish", Duration::from_secs(1)).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
