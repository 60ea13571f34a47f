//! Reading: defaults, then a file, then the environment.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, Environment, File, FileFormat};

use crate::settings::Settings;

/// The documented defaults, as they stand in the program.
pub const DEFAULT_TOML: &str = include_str!("../default.toml");

const PREFIX: &str = "HGPIXEL_";

/// The variable that names the settings file where no option does. It is no setting itself.
const FILE_VARIABLE: &str = "HGPIXEL_CONFIG";

/// Settings that cannot be used: one line that names the key and says what is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(String);

impl Settings {
    /// Reads the defaults, then `file` or else the one that the variable `HGPIXEL_CONFIG` names, then those of `variables` that begin
    /// with `HGPIXEL_`.
    ///
    /// # Errors
    /// When the file cannot be read, a key is unknown, or a value is of the wrong type or makes no sense.
    pub fn load(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut variables: HashMap<String, String> = variables
            .into_iter()
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        let named = variables.remove(FILE_VARIABLE).map(PathBuf::from);
        let file = file.map(Path::to_owned).or(named);
        let names: Vec<String> = variables.keys().cloned().collect();
        let environment = Environment::with_prefix("HGPIXEL")
            .prefix_separator("_")
            .separator("__")
            .source(Some(variables));
        let mut sources =
            Config::builder().add_source(File::from_str(DEFAULT_TOML, FileFormat::Toml));
        if let Some(path) = file {
            sources = sources.add_source(File::from(path).format(FileFormat::Toml));
        }
        let mut settings: Self = sources
            .add_source(environment)
            .build()
            .and_then(Config::try_deserialize)
            .map_err(|error| one_line(&error, &names))?;
        settings.settle();
        settings.validate().map_err(SettingsError)?;
        Ok(settings)
    }

    /// Files that were given without a path lie in the data directory.
    fn settle(&mut self) {
        self.store.url.settle(&self.data_dir);
        self.queue.url.settle(&self.data_dir);
    }

    fn validate(&self) -> Result<(), String> {
        at_least("http.connections_max", self.http.connections_max as u64, 1)?;
        at_least("http.header_timeout_ms", self.http.header_timeout_ms, 1)?;
        at_least("http.body_timeout_ms", self.http.body_timeout_ms, 1)?;
        at_least("http.handler_timeout_ms", self.http.handler_timeout_ms, 1)?;
        at_least("http.shutdown_timeout_ms", self.http.shutdown_timeout_ms, 1)?;
        at_least("ingest.rate_burst", self.ingest.rate_burst.into(), 1)?;
        at_least(
            "ingest.snapshot_refresh_ms",
            self.ingest.snapshot_refresh_ms,
            10,
        )?;
        at_least(
            "queue.publish_timeout_ms",
            self.queue.publish_timeout_ms,
            10,
        )?;
        at_least(
            "queue.connect_timeout_ms",
            self.queue.connect_timeout_ms,
            10,
        )?;
        at_least(
            "queue.inflight_bytes_max",
            self.queue.inflight_bytes_max as u64,
            256 * 1024,
        )?;
        at_least(
            "queue.local_bytes_max",
            self.queue.local_bytes_max,
            1024 * 1024,
        )?;
        at_least(
            "store.connections_max",
            self.store.connections_max.into(),
            2,
        )?;
        at_least(
            "store.acquire_timeout_ms",
            self.store.acquire_timeout_ms,
            10,
        )?;
        at_least(
            "store.statement_timeout_ms",
            self.store.statement_timeout_ms,
            10,
        )?;
        at_least(
            "store.partition_weeks_ahead",
            self.store.partition_weeks_ahead.into(),
            1,
        )?;
        at_least("worker.batch_events", self.worker.batch_events as u64, 1)?;
        within(
            "queue.prefetch_batches",
            self.queue.prefetch_batches.into(),
            1..=300,
        )?;
        within(
            "store.partition_weeks_ahead",
            self.store.partition_weeks_ahead.into(),
            1..=52,
        )?;
        if self.queue.publish_timeout_ms >= self.http.handler_timeout_ms {
            return Err(
                "queue.publish_timeout_ms must be below http.handler_timeout_ms".to_owned(),
            );
        }
        check_name_prefix(&self.queue.name_prefix)?;
        check_header(&self.ingest.forwarded_header)?;
        check_public_url(&self.public_url)
    }
}

impl Default for Settings {
    /// The settings of `default.toml`.
    fn default() -> Self {
        Self::load(None, []).expect("the compiled-in default.toml is complete and valid")
    }
}

fn at_least(key: &str, value: u64, least: u64) -> Result<(), String> {
    if value < least {
        Err(format!("{key} is {value}, the least is {least}"))
    } else {
        Ok(())
    }
}

fn within(key: &str, value: u64, range: std::ops::RangeInclusive<u64>) -> Result<(), String> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(format!(
        "{key} is {value}, it may be {} to {}",
        range.start(),
        range.end()
    ))
}

fn check_name_prefix(prefix: &str) -> Result<(), String> {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' || byte == b'.';
    if (1..=64).contains(&prefix.len()) && prefix.bytes().all(plain) {
        return Ok(());
    }
    Err(
        "queue.name_prefix must be 1 to 64 letters, digits, dots, underscores or hyphens"
            .to_owned(),
    )
}

fn check_header(name: &str) -> Result<(), String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !name.is_empty() && name.bytes().all(token) {
        return Ok(());
    }
    Err(format!(
        "ingest.forwarded_header: {name:?} is no header name"
    ))
}

fn check_public_url(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    let web = url::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if web {
        Ok(())
    } else {
        Err(format!("public_url: {text:?} is no http or https address"))
    }
}

/// One line for `error`; the variable is named where the key came from one, because the library names the key only.
fn one_line(error: &ConfigError, variables: &[String]) -> SettingsError {
    let text = error.to_string().replace('\n', " ");
    let from = variables.iter().find(|name| mentions(&text, name));
    SettingsError(match from {
        Some(name) => format!("{name}: {text}"),
        None => text,
    })
}

/// Whether `text` is about the key that `variable` sets. The library writes "unknown field `typo`, expected one of …" and
/// "… for key `section.key`"; the keys that it merely offers are in backticks too.
fn mentions(text: &str, variable: &str) -> bool {
    let key = variable
        .trim_start_matches(PREFIX)
        .to_lowercase()
        .replace("__", ".");
    if let Some((_, rest)) = text.split_once("unknown field `") {
        let last = key.rsplit('.').next().unwrap_or(&key);
        return rest.starts_with(&format!("{last}`"));
    }
    text.contains(&format!("for key `{key}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LogFormat, OptOut, QueueUrl, StoreUrl, UnknownSite};

    fn load(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        Settings::load(
            None,
            variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    fn check_error(variables: &[(&str, &str)], parts: &[&str]) {
        let error = load(variables).expect_err("refused").to_string();
        assert!(!error.contains('\n'), "{error}");
        for part in parts {
            assert!(error.contains(part), "{error:?} lacks {part:?}");
        }
    }

    #[test]
    fn the_defaults_are_valid_and_lie_in_the_data_directory() {
        let settings = Settings::default();
        assert_eq!(
            settings.store.url,
            StoreUrl::Sqlite("./data/hgpixel.db".into())
        );
        assert_eq!(
            settings.queue.url,
            QueueUrl::Local("./data/queue.db".into())
        );
        assert!(settings.ingest.trusted_proxies.is_empty());
        insta::assert_debug_snapshot!(settings);
    }

    #[test]
    fn variables_override_a_file_and_a_file_the_defaults() {
        let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
        std::fs::write(
            file.path(),
            "listen = \"127.0.0.1:1\"\n[log]\nlevel = \"warn\"\nformat = \"json\"\n",
        )
        .unwrap();
        let variables = [("HGPIXEL_LOG__LEVEL".to_owned(), "debug".to_owned())];
        let settings = Settings::load(Some(file.path()), variables).unwrap();
        assert_eq!(settings.listen.port(), 1);
        assert_eq!(
            (settings.log.level.as_str(), settings.log.format),
            ("debug", LogFormat::Json)
        );
    }

    #[test]
    fn a_variable_names_the_file_where_no_option_does() {
        let file = |text: &str| {
            let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
            std::fs::write(file.path(), text).unwrap();
            file
        };
        let (named, given) = (
            file("listen = \"127.0.0.1:1\""),
            file("listen = \"127.0.0.1:2\""),
        );
        let variable = || {
            [(
                "HGPIXEL_CONFIG".to_owned(),
                named.path().display().to_string(),
            )]
        };
        let port = |file| Settings::load(file, variable()).unwrap().listen.port();
        assert_eq!(port(None), 1);
        assert_eq!(port(Some(given.path())), 2);
    }

    #[test]
    fn every_kind_of_value_can_come_from_a_variable() {
        let settings = load(&[
            ("HGPIXEL_LISTEN", "[::]:80"),
            ("HGPIXEL_DATA_DIR", "/var/lib/hgpixel"),
            ("HGPIXEL_STORE__URL", "postgres://hg:0012@db/hg"),
            (
                "HGPIXEL_INGEST__TRUSTED_PROXIES",
                "10.0.0.0/8, 192.0.2.1,fd00::/8",
            ),
            ("HGPIXEL_INGEST__UNKNOWN_SITE", "reject"),
            ("HGPIXEL_HTTP__CONNECTIONS_MAX", "7"),
            ("HGPIXEL_PRIVACY__OPT_OUT", "drop"),
            ("HGPIXEL_GEO__DATABASE", "/geo.mmdb"),
            ("UNRELATED", "x"),
        ])
        .unwrap();
        assert_eq!(settings.listen.to_string(), "[::]:80");
        assert_eq!(settings.ingest.trusted_proxies.len(), 3);
        assert_eq!(settings.ingest.unknown_site, UnknownSite::Reject);
        assert_eq!(settings.http.connections_max, 7);
        assert_eq!(settings.privacy.opt_out, OptOut::Drop);
        assert_eq!(
            settings.geo.database.as_deref(),
            Some(Path::new("/geo.mmdb"))
        );
        assert_eq!(
            settings.queue.url,
            QueueUrl::Local("/var/lib/hgpixel/queue.db".into())
        );
        assert!(
            matches!(&settings.store.url, StoreUrl::Postgres(url) if url.expose().contains("0012"))
        );
    }

    #[test]
    fn an_empty_list_is_no_list_of_one_empty_item() {
        assert!(
            load(&[("HGPIXEL_INGEST__TRUSTED_PROXIES", "")])
                .unwrap()
                .ingest
                .trusted_proxies
                .is_empty()
        );
    }

    #[test]
    fn what_cannot_be_used_is_one_clear_line() {
        check_error(
            &[("HGPIXEL_LISTNE", "x")],
            &["HGPIXEL_LISTNE", "unknown field"],
        );
        check_error(
            &[("HGPIXEL_HTTP__CONNECTION_MAX", "1")],
            &["HGPIXEL_HTTP__CONNECTION_MAX", "unknown field"],
        );
        check_error(
            &[("HGPIXEL_LISTEN", "nowhere")],
            &["HGPIXEL_LISTEN", "listen"],
        );
        check_error(
            &[("HGPIXEL_HTTP__CONNECTIONS_MAX", "many")],
            &["http.connections_max"],
        );
        check_error(
            &[("HGPIXEL_HTTP__CONNECTIONS_MAX", "0")],
            &["http.connections_max is 0, the least is 1"],
        );
        check_error(
            &[("HGPIXEL_HTTP__HEADER_TIMEOUT_MS", "-1")],
            &["http.header_timeout_ms"],
        );
        check_error(
            &[("HGPIXEL_INGEST__TRUSTED_PROXIES", "10.0.0.0/33")],
            &["10.0.0.0/33"],
        );
        check_error(
            &[("HGPIXEL_STORE__URL", "mysql://x")],
            &["store.url", "sqlite:PATH"],
        );
        check_error(&[("HGPIXEL_QUEUE__PREFETCH_BATCHES", "301")], &["1 to 300"]);
        check_error(
            &[("HGPIXEL_QUEUE__PUBLISH_TIMEOUT_MS", "6000")],
            &["below http.handler_timeout_ms"],
        );
        check_error(
            &[("HGPIXEL_PRIVACY__OPT_OUT", "maybe")],
            &["privacy.opt_out"],
        );
        check_error(
            &[("HGPIXEL_PUBLIC_URL", "stats.example.com")],
            &["public_url"],
        );
    }

    #[test]
    fn a_password_is_in_no_error() {
        let error = load(&[("HGPIXEL_STORE__URL", "postgres://hg:s3cret@ bad host/")])
            .expect_err("refused");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }

    #[test]
    fn a_missing_or_broken_file_is_named() {
        let missing =
            Settings::load(Some(Path::new("/nonexistent/hg.toml")), []).expect_err("refused");
        assert!(
            missing.to_string().contains("/nonexistent/hg.toml"),
            "{missing}"
        );
        let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
        std::fs::write(file.path(), "[log]\ncolour = true\n").unwrap();
        let unknown = Settings::load(Some(file.path()), []).expect_err("refused");
        assert!(unknown.to_string().contains("colour"), "{unknown}");
    }
}
