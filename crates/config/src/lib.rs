//! Every setting with its default and its reason, one documented `default.toml`, one typed tree.
//!
//! Settings come from the compiled-in `default.toml`, then a file, then environment variables. What comes out is complete
//! and valid: a key that is unknown, a value of the wrong type or one that makes no sense is a [`SettingsError`] of one line
//! which names the key and, where it came from there, the variable.
//!
//! Nothing here watches files or changes at run time: a new setting needs a new start.

mod load;
mod settings;
mod url;

pub use load::{DEFAULT_TOML, SettingsError};
pub use settings::{
    Cache, Geo, Http, Ingest, Log, LogFormat, OptOut, Privacy, Queue, Settings, Store, UnknownSite,
    Worker,
};
pub use url::{CacheUrl, QueueUrl, SecretUrl, StoreUrl};
