//! How one gets in: passwords, one-time login links, login sessions, tokens, and links to share a dashboard.
//!
//! All but passwords are 256 random bits, shown once and stored as their SHA-256: a copy of the database opens no door, and how long a look-up takes
//! tells about the hash only.

mod login;
mod password;
pub(crate) mod secret;
mod shared_link;
mod token;

pub use login::{LoginSession, UserLogin};
pub use shared_link::{SHARED_LINKS_MAX, SharedLink};
pub use token::{AccessToken, NewToken, Scope};

pub(crate) use login::{
    LOGIN_IDLE_MS, LOGIN_MS, Opener, any, begin, create_link, end, end_of_user, of_user,
    redeem_link, session, with_password, with_token,
};
pub(crate) use password::Passwords;
pub(crate) use shared_link::{share, shared, shared_site, unshare};
pub(crate) use token::{all, create, get, revoke};

/// The use of a login or token is noted when the last note is older, so that reading does not mean writing.
const USE_NOTED_MS: i64 = 60_000;
