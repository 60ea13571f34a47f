//! Ask the running process whether it is ready, for containers that have no curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use hgpixel_config::Settings;

use crate::say;

/// Shorter than the few seconds that supervisors give a check.
const TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let url = format!("http://{}/readyz", reachable(settings.admin_listen));
    let client = reqwest::Client::builder().timeout(TIMEOUT).build()?;
    let answer = client
        .get(&url)
        .send()
        .await
        .with_context(|| format!("ask {url}"))?;
    let is_ready = answer.status().is_success();
    say::line(
        answer
            .text()
            .await
            .with_context(|| format!("read the answer of {url}"))?
            .trim_end(),
    )?;
    Ok(if is_ready {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A process that listens everywhere is asked over loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
