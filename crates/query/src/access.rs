//! Who is asking, and what they may see.
//!
//! A **viewer** is whoever came with a session's cookie or a token that may read. Which sites they see follows from that alone,
//! never from what they ask for.

mod cookie;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use hgpixel_store::{AccessToken, Scope, StoreError};
use hgpixel_telemetry::Problem;
use http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::answer::{store_failed, wants_page};
use crate::state::{App, Parts};

pub(crate) use cookie::{cleared_cookie, login_cookie, read_cookie};

/// Who may see what; an extension of every request that gets past [`require_viewer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Viewer {
    pub(crate) sites: VisibleSites,
    /// Whether they may change what these sites' dashboards keep: not with a token that may only read, nor by a shared link.
    pub(crate) may_edit: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VisibleSites {
    All,
    /// The one that a token is bound to.
    Only(i64),
}

impl VisibleSites {
    /// As the store's filters take it.
    pub(crate) fn as_filter(self) -> Option<Vec<i64>> {
        match self {
            Self::All => None,
            Self::Only(site) => Some(vec![site]),
        }
    }

    pub(crate) fn includes(self, site: i64) -> bool {
        match self {
            Self::All => true,
            Self::Only(only) => only == site,
        }
    }
}

/// What came of looking at a request's credentials.
#[derive(Debug)]
enum Verdict {
    Viewer(Viewer),
    /// A good token that may not read.
    Forbidden,
    /// No credentials, or none that (still) count.
    Unknown,
}

/// Lets viewers through. Others are sent to the login when they are browsers after a page, and refused otherwise.
pub(crate) async fn require_viewer(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    match judge(&app, request.headers()).await {
        Ok(Verdict::Viewer(viewer)) => {
            request.extensions_mut().insert(viewer);
            private(next.run(request).await)
        }
        Ok(Verdict::Forbidden) => {
            Problem::new(StatusCode::FORBIDDEN, "this token may not read").into_response()
        }
        Ok(Verdict::Unknown) => ask_to_log_in(&request),
        Err(error) => store_failed(&error).into_response(),
    }
}

/// Whether the request comes from someone who is logged in already.
pub(crate) async fn is_viewer(app: &Parts, headers: &HeaderMap) -> bool {
    matches!(judge(app, headers).await, Ok(Verdict::Viewer(_)))
}

/// A token in the header counts before the cookie: who sends one means it.
async fn judge(app: &Parts, headers: &HeaderMap) -> Result<Verdict, StoreError> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let Some(secret) = bearer(value) else {
            return Ok(Verdict::Unknown);
        };
        let token = app.store.token(secret).await?;
        return Ok(token.map_or(Verdict::Unknown, |token| allowed_by(&token)));
    }
    let Some(cookie) = read_cookie(headers, &app.public_url) else {
        return Ok(Verdict::Unknown);
    };
    let Some(session) = app.store.login_session(cookie).await? else {
        return Ok(Verdict::Unknown);
    };
    Ok(match session.token {
        Some(token) => allowed_by(&token),
        None => Verdict::Viewer(Viewer {
            sites: VisibleSites::All,
            may_edit: true,
        }),
    })
}

fn allowed_by(token: &AccessToken) -> Verdict {
    match token.scope {
        Scope::Read | Scope::Admin => Verdict::Viewer(Viewer {
            sites: token.site.map_or(VisibleSites::All, VisibleSites::Only),
            may_edit: token.scope == Scope::Admin,
        }),
        Scope::Write => Verdict::Forbidden,
    }
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

fn ask_to_log_in(request: &Request) -> Response {
    if request.method() == Method::GET && wants_page(request.headers()) {
        let asked_for = request
            .uri()
            .path_and_query()
            .map_or("/", |asked| asked.as_str());
        return private(Redirect::to(&login_path(asked_for)).into_response());
    }
    let problem = Problem::new(
        StatusCode::UNAUTHORIZED,
        "log in, or send a token that may read as `Authorization: Bearer hgp_…`",
    );
    let mut response = problem.into_response();
    let challenge = HeaderValue::from_static("Bearer realm=\"hgpixel\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

/// The login, from which the way leads back to `asked_for`.
fn login_path(asked_for: &str) -> String {
    if asked_for == "/" {
        return "/login".to_owned();
    }
    let next: String = url::form_urlencoded::byte_serialize(asked_for.as_bytes()).collect();
    format!("/login?next={next}")
}

/// What a viewer sees is kept by no cache: not by a proxy, and not by the browser after the logout.
pub(crate) fn private(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, no_store);
    response
}
