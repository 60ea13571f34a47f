//! Every route, and what each is wrapped in.

use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, post};
use axum::{Router, middleware};

use crate::state::App;
use crate::{
    access, answer, assets, csrf, dashboard, demo, headers, kept, live, login, pixel, properties,
    shared, sites, stats, view_data, visits,
};

/// A login is a token or a link and a path; a question of figures has a limit of its own, and nothing else a body.
const BODY_BYTES_MAX: usize = 16 * 1024;

pub(crate) fn router(app: App) -> Router {
    let viewers_only = Router::new()
        .route("/", get(dashboard::show))
        .route("/sites", get(sites::show))
        .route("/sites/{key}/visits", get(visits::list))
        .route("/sites/{key}/visits/{session}", get(visits::show))
        .route("/api/live", get(live::listen))
        .route("/api/sites/{key}/kept", get(kept::list).post(kept::keep))
        .route("/api/sites/{key}/kept/{id}", delete(kept::forget))
        .route("/api/sites/{key}/properties", get(properties::list))
        .route(
            "/api/sites/{key}/links",
            get(shared::list).post(shared::share),
        )
        .route("/api/sites/{key}/links/{id}", delete(shared::revoke))
        .route("/view-data", get(view_data::show))
        .route(
            "/api/v2/query",
            post(stats::ask).layer(DefaultBodyLimit::max(stats::QUESTION_BYTES_MAX)),
        )
        .route("/demo", get(demo::show))
        .route("/demo/{page}", get(demo::show))
        .route_layer(middleware::from_fn_with_state(
            app.clone(),
            access::require_viewer,
        ));
    let shared = Router::new()
        .route("/share/{token}", get(shared::show))
        .route("/share/{token}/api/live", get(live::listen))
        .route(
            "/share/{token}/api/v2/query",
            post(stats::ask).layer(DefaultBodyLimit::max(stats::QUESTION_BYTES_MAX)),
        )
        .route(
            "/share/{token}/api/sites/{key}/kept",
            get(kept::list_shared),
        )
        .route(
            "/share/{token}/api/sites/{key}/properties",
            get(properties::list_shared),
        )
        .route_layer(middleware::from_fn_with_state(
            app.clone(),
            shared::require_link,
        ));
    let public = Router::new()
        .route("/login", get(login::show).post(login::log_in))
        .route("/logout", post(login::log_out))
        .route("/assets/{hash}/{*name}", get(assets::serve));
    viewers_only
        .merge(shared)
        .merge(public)
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
