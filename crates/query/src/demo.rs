//! A page to click around in, with the pixel and all its modules on it, beside a list of what arrived. Its events are real ones, of
//! the site `demo`. It changes its address by script, so every page below `/demo/` is this one.

use axum::response::Response;
use http::StatusCode;

use crate::html::{DemoPage, page};

pub(crate) async fn show() -> Response {
    page(StatusCode::OK, &DemoPage)
}
