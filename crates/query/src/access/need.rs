//! What a route needs of whoever asks.

use hgpixel_store::Role;

/// What one must be to use a route. Each but [`Need::Nothing`] includes being a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// For everybody: the login, and files that browsers load.
    Nothing,
    /// A session, or a token that may read. What is shown is about the sites that it allows.
    Viewer,
    /// A session of a user, who acts on the own account.
    User,
    /// At least this role on the site that the path names as `{key}`.
    Site(Role),
    /// A shared link, whose secret the path names as `{token}`; if it names a `{key}` too, of that site.
    SharedLink,
    /// Who may do everything on this server.
    ServerOwner,
}
