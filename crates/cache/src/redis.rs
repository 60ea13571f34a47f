//! Entries in Redis, asked for at most [`OPERATION_DEADLINE`] and not at all while it is away.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Cmd, FromRedisValue, Pipeline, RedisError};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::CacheError;
use crate::breaker::Breaker;
use crate::envelope;
use crate::lookup::{Entry, Lookup, Stored};

/// The longest that a caller waits for Redis, connecting included. An answer that takes longer is cheaper to compute.
pub const OPERATION_DEADLINE: Duration = Duration::from_millis(40);

/// Between two probes of a Redis that is away.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// All keys of this program start with it; the number is raised when the meaning of keys changes.
const KEY_PREFIX: &str = "hg:c1:";

pub(crate) struct RedisTier {
    link: Arc<Link>,
    /// Holds the probing task, which ends with this.
    probes: Mutex<JoinSet<()>>,
}

/// What the requests and the probing task share.
struct Link {
    connection: ConnectionManager,
    breaker: Breaker,
}

impl RedisTier {
    pub(crate) fn open(url: &str) -> Result<Self, CacheError> {
        let unusable = |error: RedisError| CacheError::Url(error.kind_text());
        let client = redis::Client::open(url).map_err(unusable)?;
        // The manager's defaults wait for some ten seconds on every first command after a failure. These bound a round of
        // connecting to half a second, which only a probe ever sits through.
        let tuned = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(20))
            .set_max_delay(Duration::from_millis(100))
            .set_connection_timeout(Some(Duration::from_millis(200)))
            .set_response_timeout(Some(Duration::from_millis(50)));
        let connection =
            ConnectionManager::new_lazy_with_config(client, tuned).map_err(unusable)?;
        Ok(Self {
            link: Arc::new(Link {
                connection,
                breaker: Breaker::default(),
            }),
            probes: Mutex::default(),
        })
    }

    /// What lies under `key`, with what is left of its time.
    pub(crate) async fn get(&self, key: &str) -> Lookup {
        if self.link.breaker.is_open() {
            return Lookup::Bypassed;
        }
        let stored = format!("{KEY_PREFIX}{key}");
        let both = redis::pipe().get(&stored).pttl(&stored).to_owned();
        match self.run(Ask::Pipeline(&both)).await {
            Ok((None, _)) => Lookup::Miss,
            Ok((Some(sealed), ttl_ms)) => unseal(key, &sealed, ttl_ms),
            Err(failure) if failure.is_wrong_type() => Lookup::Corrupt,
            Err(_) => Lookup::Failed,
        }
    }

    pub(crate) async fn put(&self, key: &str, entry: &Entry) -> Stored {
        if self.link.breaker.is_open() {
            return Stored::Bypassed;
        }
        let ttl_ms = u64::try_from(entry.ttl.as_millis()).unwrap_or(u64::MAX);
        let sealed = envelope::seal(key, &entry.bytes);
        let command = Cmd::pset_ex(format!("{KEY_PREFIX}{key}"), &*sealed, ttl_ms);
        match self.run::<()>(Ask::Command(&command)).await {
            Ok(()) => Stored::Kept,
            Err(_) => Stored::Failed,
        }
    }

    /// Runs one command within the deadline. When it fails or is late, Redis counts as away.
    async fn run<T: FromRedisValue>(&self, ask: Ask<'_>) -> Result<T, Failure> {
        let answer = self.link.try_run(ask, OPERATION_DEADLINE).await;
        if let Err(failure) = &answer
            && !failure.is_wrong_type()
        {
            self.count_as_away(failure);
        }
        answer
    }

    fn count_as_away(&self, failure: &Failure) {
        if !self.link.breaker.trip() {
            return;
        }
        tracing::warn!(%failure, "Redis does not answer: the cache is bypassed until it does");
        let mut probes = self.probes.lock().unwrap_or_else(PoisonError::into_inner);
        // Forget the handle of an earlier, finished task.
        while probes.try_join_next().is_some() {}
        probes.spawn(probe_until_it_answers(Arc::clone(&self.link)));
    }
}

impl Link {
    async fn try_run<T: FromRedisValue>(
        &self,
        ask: Ask<'_>,
        deadline: Duration,
    ) -> Result<T, Failure> {
        let mut connection = self.connection.clone();
        let answer = async {
            match ask {
                Ask::Command(command) => command.query_async(&mut connection).await,
                Ask::Pipeline(pipeline) => pipeline.query_async(&mut connection).await,
            }
        };
        match timeout(deadline, answer).await {
            Ok(answer) => answer.map_err(Failure::Redis),
            Err(_) => Err(Failure::Late(deadline)),
        }
    }
}

/// Asks until Redis answers, then lets the requests through again. The connection is made here, where nobody waits for it.
async fn probe_until_it_answers(link: Arc<Link>) {
    let ping = redis::cmd("PING");
    loop {
        sleep(PROBE_INTERVAL).await;
        if link
            .try_run::<String>(Ask::Command(&ping), PROBE_INTERVAL)
            .await
            .is_ok()
        {
            break;
        }
    }
    link.breaker.close();
    tracing::info!("Redis answers again: the cache is used");
}

/// The entry that was sealed for `key`. A key without a time to live (-1), or whose time is up (-2, 0), is not ours to use.
fn unseal(key: &str, sealed: &Bytes, ttl_ms: i64) -> Lookup {
    let ttl_ms = u64::try_from(ttl_ms).unwrap_or(0);
    match envelope::open(key, sealed) {
        Some(_) if ttl_ms == 0 => Lookup::Miss,
        Some(bytes) => Lookup::Hit(Entry {
            bytes,
            ttl: Duration::from_millis(ttl_ms),
        }),
        None => Lookup::Corrupt,
    }
}

#[derive(Clone, Copy)]
enum Ask<'a> {
    Command(&'a Cmd),
    Pipeline(&'a Pipeline),
}

/// Why a command brought nothing.
enum Failure {
    Redis(RedisError),
    Late(Duration),
}

impl Failure {
    /// The key holds a list, a hash or the like: somebody else's doing, and no sign that Redis is ill.
    fn is_wrong_type(&self) -> bool {
        let Self::Redis(error) = self else {
            return false;
        };
        let of_commands = error.clone().into_server_errors();
        of_commands
            .is_some_and(|errors| errors.iter().all(|(_, error)| error.code() == "WRONGTYPE"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The error's own text only: it names no key, no value and no password.
            Self::Redis(error) => f.write_str(&error.kind_text()),
            Self::Late(deadline) => write!(f, "no answer within {} ms", deadline.as_millis()),
        }
    }
}

impl fmt::Debug for RedisTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTier")
            .field("breaker", &self.link.breaker)
            .finish_non_exhaustive()
    }
}

/// An error's kind and code without its detail, which may repeat what was sent.
trait KindText {
    fn kind_text(&self) -> String;
}

impl KindText for RedisError {
    fn kind_text(&self) -> String {
        match self.code() {
            Some(code) => format!("{:?} ({code})", self.kind()),
            None => format!("{:?}", self.kind()),
        }
    }
}
