//! Show what was stored: figures (`/api/v2/query`), the dashboard, `/view-data`, `/demo`, the settings of sites and people, login, and the files that browsers load.
//!
//! Everything but the login and the files needs a login or a token, and every answer is about the sites that it allows and no
//! other (`access`). What was tracked is hostile text: it leaves as JSON, CSV or escaped HTML, under a policy that runs no inline
//! script and loads nothing from elsewhere (`headers`).
//!
//! Absent: the store's SQL, listeners (the binary serves the router), and any state that a second process
//! would have to know, save the answers that the cache holds for a while and the login limiter's memory.

mod access;
mod answer;
mod assets;
mod audit;
mod bots;
mod csrf;
mod dashboard;
mod demo;
mod files;
mod forms;
mod headers;
mod html;
mod invitation;
mod kept;
mod live;
mod login;
mod openapi;
mod people;
mod pixel;
mod properties;
mod public_url;
mod readiness;
mod routes;
mod settings;
mod shared;
mod site_settings;
mod sites;
mod state;
mod stats;
mod time;
mod today;
mod tokens;
mod view_data;
mod visits;

use hgpixel_cache::Cache;
use hgpixel_config::Settings;
use hgpixel_event::Clock;
use hgpixel_store::EventStore;
use hgpixel_telemetry::{Health, Lifecycle};
use prometheus::Registry;

pub use access::Need;
pub use pixel::router as pixel_router;
pub use routes::{ROUTES, Route};

/// What the service is made of.
#[derive(Clone, Debug)]
pub struct Deps {
    pub settings: Settings,
    pub store: EventStore,
    pub cache: Cache,
    pub clock: Clock,
    pub registry: Registry,
    pub health: Health,
    pub lifecycle: Lifecycle,
}

/// Starts the service: watches whether the store answers (the condition `store` of readiness), reads what questions about today need, and
/// gives the router of all pages and files. A process that only ingests serves [`pixel_router`] instead.
///
/// # Errors
/// When `public_url` cannot be read, or the registry already holds this service's metrics.
pub fn start(deps: &Deps) -> anyhow::Result<axum::Router> {
    let state = state::App::new(deps)?;
    readiness::watch_store(deps);
    today::read(deps);
    Ok(routes::router(state))
}
