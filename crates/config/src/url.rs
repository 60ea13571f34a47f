//! Addresses of stores, queues and caches: the scheme chooses the backend.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

/// An address that may hold a password: it shows itself without one.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// Keeps `url` as it is.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The address with its password.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(mut url) = url::Url::parse(&self.0) else {
            return f.write_str("(unreadable address)");
        };
        if url.password().is_some() && url.set_password(Some("…")).is_err() {
            return f.write_str("(address with a password)");
        }
        // Parameters may carry secrets too (`?password=`), and nobody needs them in a log.
        url.set_query(None);
        f.write_str(url.as_str())
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where events are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres(SecretUrl),
}

/// How events get from ingest to the worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueUrl {
    /// A SQLite file of this machine.
    Local(PathBuf),
    /// A RabbitMQ broker.
    Amqp(SecretUrl),
}

/// Where answers are remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheUrl {
    /// This process.
    Memory,
    /// A Redis server, behind a tier in this process.
    Redis(SecretUrl),
}

impl StoreUrl {
    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sqlite", path)) => Ok(Self::Sqlite(file_path(path))),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(secret(text)?)),
            _ => Err("expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE".to_owned()),
        }
    }

    /// Puts a file that was given without a path into `data_dir`.
    pub fn settle(&mut self, data_dir: &Path) {
        if let Self::Sqlite(path) = self {
            settle(path, data_dir, "hgpixel.db");
        }
    }
}

/// The message does not repeat the text, which may hold a password.
impl std::str::FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::parse(text)
    }
}

impl QueueUrl {
    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("local", path)) => Ok(Self::Local(file_path(path))),
            Some(("amqp" | "amqps", _)) => Ok(Self::Amqp(secret(text)?)),
            _ => Err("expected local:PATH or amqp://USER:PASSWORD@HOST/VHOST".to_owned()),
        }
    }

    /// Puts a file that was given without a path into `data_dir`.
    pub(crate) fn settle(&mut self, data_dir: &Path) {
        if let Self::Local(path) = self {
            settle(path, data_dir, "queue.db");
        }
    }
}

impl CacheUrl {
    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("redis" | "rediss", _)) => Ok(Self::Redis(secret(text)?)),
            _ => Err("expected memory: or redis://HOST:PORT".to_owned()),
        }
    }
}

fn secret(text: &str) -> Result<SecretUrl, String> {
    // The parser's own message may quote the text, and with it a password.
    let url = url::Url::parse(text).map_err(|_| "the address cannot be read".to_owned())?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err("the address names no host".to_owned());
    }
    if url.password().is_some_and(is_placeholder) && !is_loopback(&url) {
        return Err("the password is one that manuals and images print: choose another".to_owned());
    }
    Ok(SecretUrl::new(text))
}

/// What everybody tries first. Over a network such a password is none; this machine may be set up with it for a try.
fn is_placeholder(password: &str) -> bool {
    const KNOWN: [&str; 10] = [
        "changeme",
        "change-me",
        "change_me",
        "changeit",
        "example",
        "guest",
        "password",
        "placeholder",
        "postgres",
        "secret",
    ];
    KNOWN.contains(&password.to_ascii_lowercase().as_str())
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        // Hosts of other schemes than http's are kept as they are written.
        Some(url::Host::Domain(name)) => {
            let address = name.parse::<std::net::IpAddr>();
            name == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

/// `sqlite:PATH` and `sqlite://PATH` name the same file.
fn file_path(rest: &str) -> PathBuf {
    PathBuf::from(rest.strip_prefix("//").unwrap_or(rest))
}

fn settle(path: &mut PathBuf, data_dir: &Path, name: &str) {
    if path.as_os_str().is_empty() {
        *path = data_dir.join(name);
    }
}

macro_rules! deserialize_by_parse {
    ($($url:ty),*) => {$(
        impl<'de> Deserialize<'de> for $url {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    )*};
}
deserialize_by_parse!(StoreUrl, QueueUrl, CacheUrl);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_address_never_shows_its_password() {
        let url = SecretUrl::new("postgres://hg:s3cret@db/hg?sslpassword=other");
        let shown = format!("{url} {url:?}");
        assert!(
            !shown.contains("s3cret") && !shown.contains("other"),
            "{shown}"
        );
        assert!(shown.contains("postgres://hg:"), "{shown}");
        assert_eq!(url.expose(), "postgres://hg:s3cret@db/hg?sslpassword=other");
    }

    #[test]
    fn a_password_that_everybody_knows_is_refused_over_a_network() {
        for text in [
            "postgres://hg:changeme@db/hg",
            "postgres://hg:Password@192.0.2.1/hg",
        ] {
            assert!(StoreUrl::parse(text).is_err(), "{text}");
        }
        assert!(QueueUrl::parse("amqp://guest:guest@broker/%2f").is_err());
        for text in [
            "amqp://guest:guest@127.0.0.1:5672/%2f",
            "amqp://guest:guest@localhost/%2f",
            "amqp://guest:guest@[::1]/%2f",
            "amqp://hg:x7kQ29zz@broker/%2f",
        ] {
            assert!(QueueUrl::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn the_scheme_chooses_the_backend() {
        assert_eq!(
            StoreUrl::parse("sqlite:/var/x.db"),
            Ok(StoreUrl::Sqlite("/var/x.db".into()))
        );
        assert_eq!(
            StoreUrl::parse("sqlite:///var/x.db"),
            Ok(StoreUrl::Sqlite("/var/x.db".into()))
        );
        assert!(matches!(
            StoreUrl::parse("postgres://a@b/c"),
            Ok(StoreUrl::Postgres(_))
        ));
        assert!(matches!(
            QueueUrl::parse("amqp://a:b@c:5672/%2f"),
            Ok(QueueUrl::Amqp(_))
        ));
        assert_eq!(CacheUrl::parse("memory:"), Ok(CacheUrl::Memory));
        assert!(matches!(
            CacheUrl::parse("redis://h:1"),
            Ok(CacheUrl::Redis(_))
        ));
        for wrong in ["", "mysql://x", "postgres:", "/tmp/file", "memory"] {
            assert!(StoreUrl::parse(wrong).is_err(), "{wrong}");
            assert!(QueueUrl::parse(wrong).is_err(), "{wrong}");
            assert!(CacheUrl::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_file_without_a_path_lies_in_the_data_directory() {
        let mut url = StoreUrl::parse("sqlite:").unwrap();
        url.settle(Path::new("/data"));
        assert_eq!(url, StoreUrl::Sqlite("/data/hgpixel.db".into()));
    }
}
