//! The private listener's routes. They need no login, so they must not be reachable from outside.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use prometheus::{IntGauge, Registry, TextEncoder};
use serde::Serialize;

use crate::{ConditionReport, Health, Lifecycle, Problem};

#[derive(Clone)]
struct Admin {
    registry: Registry,
    health: Health,
    lifecycle: Lifecycle,
    draining: IntGauge,
}

/// `/metrics`: the registry in Prometheus' text format. `/livez`: 200 as long as anything answers. `/readyz`: 200 when every
/// condition is ready and no stop has begun, otherwise 503; JSON with each condition in both cases.
///
/// Adds `hgpixel_draining` to the registry, so there is one admin router per registry.
pub fn admin_router(registry: &Registry, health: &Health, lifecycle: &Lifecycle) -> Router {
    let draining = IntGauge::new(
        "hgpixel_draining",
        "1 once the process was asked to stop, otherwise 0.",
    )
    .expect("the name is valid");
    registry
        .register(Box::new(draining.clone()))
        .expect("a registry has one admin router");
    let admin = Admin {
        registry: registry.clone(),
        health: health.clone(),
        lifecycle: lifecycle.clone(),
        draining,
    };
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .with_state(admin)
}

async fn metrics(State(admin): State<Admin>) -> Response {
    admin.draining.set(admin.lifecycle.is_draining().into());
    match TextEncoder::new().encode_to_string(&admin.registry.gather()) {
        Ok(text) => ([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written as text");
            Problem::unavailable("the metrics cannot be read").into_response()
        }
    }
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    draining: bool,
    conditions: Vec<ConditionReport>,
}

async fn readyz(State(admin): State<Admin>) -> Response {
    let report = admin.health.report();
    let draining = admin.lifecycle.is_draining();
    let readiness = Readiness {
        ready: report.is_ready() && !draining,
        draining,
        conditions: report.conditions,
    };
    let ready = readiness.ready;
    let answer = ([(CACHE_CONTROL, "no-store")], axum::Json(readiness));
    if ready {
        answer.into_response()
    } else {
        // A second is how often readiness is looked at anyway; unlike a refused event, a probe brings no crowd with it.
        (
            StatusCode::SERVICE_UNAVAILABLE,
            [(RETRY_AFTER, "1")],
            answer,
        )
            .into_response()
    }
}
