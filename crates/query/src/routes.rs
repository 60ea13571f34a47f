//! Every route, what it needs, and what all are wrapped in.
//!
//! The table below is the only place where routes are made (the script that pages load has two of its own, for everybody, in `pixel`).
//! The tests of access and of foreign requests go through [`ROUTES`], so a new route is in them as soon as it is here.

use axum::extract::DefaultBodyLimit;
use axum::routing::{MethodFilter, MethodRouter};
use axum::{Router, middleware};
use hgpixel_store::Role;
use http::Method;

use crate::access::Need;
use crate::state::App;
use crate::{
    access, answer, assets, audit, bots, csrf, dashboard, demo, headers, invitation, kept, live,
    login, openapi, people, pixel, properties, settings, shared, site_settings, sites, stats,
    view_data, visits,
};

/// Forms and questions: a site's rules, and filters of some thousand short values, are the longest things that anybody writes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// A route, for whoever must know them all.
#[derive(Clone, Debug)]
pub struct Route {
    pub method: Method,
    /// As the router takes it, with parameters in braces.
    pub path: &'static str,
    pub need: Need,
}

macro_rules! routes {
    ($($method:ident $path:literal, $need:expr => $handler:path;)*) => {
        /// Every route but those of the pixel.
        pub const ROUTES: &[Route] = &[$(Route { method: Method::$method, path: $path, need: $need }),*];

        fn declared(app: &App) -> Router<App> {
            Router::new()$(.route($path, guarded(app, $need, MethodRouter::new().on(MethodFilter::$method, $handler))))*
        }
    };
}

routes! {
    GET "/", Need::Viewer => dashboard::show;
    GET "/sites", Need::Viewer => sites::show;
    GET "/live", Need::Viewer => live::listen;
    GET "/view-data", Need::Viewer => view_data::show;
    POST "/api/v2/query", Need::Viewer => stats::ask;
    GET "/openapi.json", Need::Viewer => openapi::show;
    GET "/demo", Need::Viewer => demo::show;
    GET "/demo/{page}", Need::Viewer => demo::show;

    GET "/sites/{key}/visits", Need::Site(Role::Viewer) => visits::list;
    GET "/sites/{key}/visits/{session}", Need::Site(Role::Viewer) => visits::show;
    GET "/sites/{key}/bots", Need::Site(Role::Viewer) => bots::show;
    POST "/sites/{key}/bots", Need::Site(Role::Editor) => bots::teach;
    POST "/sites/{key}/bots/forget", Need::Site(Role::Editor) => bots::forget;
    GET "/sites/{key}/properties", Need::Site(Role::Viewer) => properties::list;
    GET "/sites/{key}/kept", Need::Site(Role::Viewer) => kept::list;
    POST "/sites/{key}/kept", Need::Site(Role::Editor) => kept::keep;
    DELETE "/sites/{key}/kept/{id}", Need::Site(Role::Editor) => kept::forget;
    GET "/sites/{key}/links", Need::Site(Role::Editor) => shared::list;
    POST "/sites/{key}/links", Need::Site(Role::Editor) => shared::share;
    DELETE "/sites/{key}/links/{id}", Need::Site(Role::Editor) => shared::revoke;

    GET "/share/{token}", Need::SharedLink => shared::show;
    GET "/share/{token}/live", Need::SharedLink => live::listen;
    POST "/share/{token}/api/v2/query", Need::SharedLink => stats::ask;
    GET "/share/{token}/sites/{key}/kept", Need::SharedLink => kept::list;
    GET "/share/{token}/sites/{key}/properties", Need::SharedLink => properties::list;

    GET "/login", Need::Nothing => login::show;
    POST "/login", Need::Nothing => login::log_in;
    POST "/logout", Need::Nothing => login::log_out;
    GET "/invitation", Need::Nothing => invitation::show;
    POST "/invitation", Need::Nothing => invitation::accept;
    GET "/assets/{hash}/{*name}", Need::Nothing => assets::serve;

    GET "/settings", Need::Viewer => settings::show;
    POST "/settings/name", Need::User => settings::rename;
    POST "/settings/password", Need::User => settings::change_password;
    POST "/settings/sessions", Need::User => settings::end_sessions;

    GET "/sites/{key}/settings", Need::Site(Role::Editor) => site_settings::show;
    POST "/sites/{key}/settings", Need::Site(Role::Editor) => site_settings::change;
    GET "/sites/{key}/audit", Need::Site(Role::Owner) => audit::of_site;
    POST "/sites/{key}/people", Need::Site(Role::Owner) => site_settings::invite;
    POST "/sites/{key}/people/role", Need::Site(Role::Owner) => site_settings::set_role;
    POST "/sites/{key}/tokens", Need::Site(Role::Owner) => site_settings::create_token;
    POST "/sites/{key}/tokens/revoke", Need::Site(Role::Owner) => site_settings::revoke_token;

    POST "/sites", Need::ServerOwner => people::add_site;
    GET "/people", Need::ServerOwner => people::show;
    POST "/people", Need::ServerOwner => people::invite;
    POST "/people/owner", Need::ServerOwner => people::set_owner;
    POST "/people/link", Need::ServerOwner => people::make_link;
    POST "/people/remove", Need::ServerOwner => people::remove;
    POST "/tokens", Need::ServerOwner => people::create_token;
    POST "/tokens/revoke", Need::ServerOwner => people::revoke_token;
    GET "/audit", Need::ServerOwner => audit::of_server;
}

fn guarded(app: &App, need: Need, handler: MethodRouter<App>) -> MethodRouter<App> {
    if need == Need::Nothing {
        return handler;
    }
    let state = (app.clone(), need);
    handler.route_layer(middleware::from_fn_with_state(state, access::require))
}

pub(crate) fn router(app: App) -> Router {
    declared(&app)
        .merge(pixel::router())
        .fallback(answer::not_found)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(
            app.clone(),
            csrf::refuse_foreign,
        ))
        .layer(middleware::from_fn_with_state(app.clone(), headers::add))
        .with_state(app)
}
