//! `hgpixel demo`: a server full of traffic, or traffic for a server.

use std::process::ExitCode;

use anyhow::Context;
use hgpixel_config::{CacheUrl, QueueUrl, Settings, StoreUrl};
use hgpixel_enrich::GeoDatabase;
use hgpixel_event::Clock;
use url::Url;

use crate::cli::DemoArgs;
use crate::demo::{self, Demo};
use crate::process::{self, Role};
use crate::say;

pub(crate) async fn run(settings: Settings, args: DemoArgs) -> anyhow::Result<ExitCode> {
    match &args.url {
        Some(url) => send(url, args.events).await,
        None => serve(settings, args.events).await,
    }
}

/// Sends traffic to a running server. Its sites must exist there, or it must create unknown ones.
async fn send(url: &str, events: u64) -> anyhow::Result<ExitCode> {
    let base = Url::parse(url)
        .with_context(|| format!("{url} is no address; try http://127.0.0.1:5000"))?;
    let sent = demo(&base)?.fill(events).await?;
    say::line(format!("sent {sent} events to {base}"))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(mut settings: Settings, events: u64) -> anyhow::Result<ExitCode> {
    // A folder of its own, whatever the settings say: made-up traffic must never mix with real events.
    settings.data_dir = settings.data_dir.join("demo");
    settings.store.url = StoreUrl::Sqlite(settings.data_dir.join("hgpixel.db"));
    settings.queue.url = QueueUrl::Local(settings.data_dir.join("queue.db"));
    settings.cache.url = CacheUrl::Memory;
    // The visitors' addresses are made up and named by us, over loopback.
    settings.ingest.trusted_proxies = vec!["127.0.0.0/8".parse()?, "::1/128".parse()?];
    "x-forwarded-for".clone_into(&mut settings.ingest.forwarded_header);
    let places = settings.data_dir.join("places.mmdb");
    std::fs::create_dir_all(&settings.data_dir).context("make the demo's folder")?;
    std::fs::write(&places, demo::places()).context("write the demo's places")?;
    settings.geo.database = Some(places.clone());
    let is_new = !settings.data_dir.join("hgpixel.db").exists();
    process::run_with(settings, Role::ALL, |process| {
        let base = Url::parse(&process.loopback())?;
        let mut demo = demo(&base)?;
        let store = process.store().context("the demo has a store")?;
        process.spawn("demo", async move {
            if is_new {
                // The week first: within seconds there is something to see.
                let sent = demo.fill(events).await?;
                demo.write_past(6 * events, store, GeoDatabase::open(&places)?).await?;
                tracing::info!(
                    events = sent,
                    "the demo is filled: a week sent, seven weeks before it written; it goes on with a visit every few seconds"
                );
            }
            demo.keep_lively().await
        });
        Ok(())
    })
    .await
}

fn demo(base: &Url) -> anyhow::Result<Demo> {
    let clock = Clock::system();
    // Other visits each time: a second run must not send the first one's again.
    let seed = u64::try_from(clock.now_ms()).unwrap_or_default();
    Demo::new(base, clock, seed)
}
