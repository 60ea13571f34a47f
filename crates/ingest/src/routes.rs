//! The public router.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::collector::Collector;
use crate::{cors, pixel, track};

/// `POST /track` and `GET /pixel.gif`, with their preflights. Without deadlines: the server has them.
pub(crate) fn router(collector: Collector) -> Router {
    Router::new()
        .route("/track", post(track::post).options(cors::preflight))
        .route(
            "/pixel.gif",
            get(pixel::get).head(pixel::head).options(cors::preflight),
        )
        .with_state(Arc::new(collector))
}
