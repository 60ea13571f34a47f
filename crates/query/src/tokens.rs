//! Tokens as pages list and make them, for a site and for the whole server alike.

use std::time::Duration;

use hgpixel_store::{AccessToken, NewToken, Scope};
use serde::Deserialize;

use crate::answer::{Refusal, store_failed};
use crate::forms::{Field, wrong};
use crate::state::Parts;
use crate::time;

use crate::access::Viewer;

/// A token in a list.
pub(crate) struct TokenLine {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) scope: &'static str,
    pub(crate) created: String,
    pub(crate) used: String,
    /// Empty for one that does not end by itself.
    pub(crate) expires: String,
    pub(crate) has_expired: bool,
}

/// The form that makes one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenForm {
    name: String,
    scope: String,
    /// Days until it ends; 0 is never.
    days: u32,
}

/// The form that ends one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeForm {
    pub(crate) id: i64,
}

/// How the making of a token went, as its part of the page shows it.
#[derive(Default)]
pub(crate) struct Made {
    pub(crate) name: Field,
    /// Shown this once; empty where none was made.
    pub(crate) secret: String,
}

/// The tokens of a site, or (`None`) those that are bound to none.
pub(crate) async fn list(app: &Parts, site: Option<i64>) -> Result<Vec<TokenLine>, Refusal> {
    let tokens = app.store.tokens().await;
    let tokens = tokens.map_err(|error| store_failed(&error))?;
    let now_ms = app.clock.now_ms();
    let of_site = tokens.into_iter().filter(|token| token.site == site);
    Ok(of_site.map(|token| line(token, now_ms)).collect())
}

fn line(token: AccessToken, now_ms: i64) -> TokenLine {
    TokenLine {
        id: token.id,
        name: if token.name.is_empty() {
            format!("Token {}", token.id)
        } else {
            token.name
        },
        scope: token.scope.as_str(),
        created: time::minute(token.created_ms),
        used: token
            .last_used_ms
            .map(|used_ms| time::ago(used_ms, now_ms))
            .unwrap_or_default(),
        expires: token.expires_ms.map(time::minute).unwrap_or_default(),
        has_expired: token
            .expires_ms
            .is_some_and(|expires_ms| expires_ms <= now_ms),
    }
}

/// Makes a token for the site, or for the whole server.
pub(crate) async fn create(
    app: &Parts,
    viewer: &Viewer,
    site: Option<i64>,
    form: TokenForm,
) -> Result<Made, Refusal> {
    let scope: Scope = match form.scope.parse() {
        Ok(scope) => scope,
        Err(error) => {
            return Ok(Made {
                name: Field::wrong(form.name, wrong(error)?),
                ..Made::default()
            });
        }
    };
    let expires_in = (form.days > 0).then(|| Duration::from_hours(24 * u64::from(form.days)));
    let new = NewToken {
        name: form.name.clone(),
        scope,
        site,
        expires_in,
    };
    Ok(match app.store.create_token(&viewer.actor(), &new).await {
        Ok(secret) => Made {
            secret,
            ..Made::default()
        },
        Err(error) => Made {
            name: Field::wrong(form.name, wrong(error)?),
            ..Made::default()
        },
    })
}

/// Ends a token, if it is one of the site's (of the server's): another one's number is like none.
pub(crate) async fn revoke(
    app: &Parts,
    viewer: &Viewer,
    site: Option<i64>,
    id: i64,
) -> Result<(), Refusal> {
    let tokens = app.store.tokens().await;
    let tokens = tokens.map_err(|error| store_failed(&error))?;
    if tokens
        .iter()
        .any(|token| token.id == id && token.site == site)
    {
        let revoked = app.store.revoke_token(&viewer.actor(), id).await;
        revoked.map_err(|error| store_failed(&error))?;
    }
    Ok(())
}
