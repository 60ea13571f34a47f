//! What an idle process costs.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hgpixel_testkit::HgpixelProcess;

/// DESIGN's figures are for the reference machine and a release build; a debug build is larger, and CI shares its cores.
const RSS_KB_MAX: u64 = if cfg!(debug_assertions) {
    80_000
} else {
    40_000
};
const READY_MAX: Duration = Duration::from_millis(if cfg!(debug_assertions) { 2_000 } else { 300 });

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_embedded_process_is_small_and_soon_ready() -> Result<()> {
    let process = HgpixelProcess::serve().start().await?;
    // The first start made the tables; this one is a start as it is each day.
    process.terminate().await?;
    let mut fastest = Duration::MAX;
    for _ in 0..3 {
        let started = Instant::now();
        process.restart().await?;
        fastest = fastest.min(started.elapsed());
        process.signal("INT")?;
        process.wait().await?;
    }
    process.restart().await?;
    let rss_kb = rss_kb(&process).await?;
    ensure!(rss_kb <= RSS_KB_MAX, "{rss_kb} kB resident");
    ensure!(fastest <= READY_MAX, "ready after {fastest:?}");
    Ok(())
}

async fn rss_kb(process: &HgpixelProcess) -> Result<u64> {
    let bytes = process.metric("process_resident_memory_bytes").await?;
    ensure!(bytes > 0.0, "no resident memory in the metrics");
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a process is smaller than 2^52 bytes"
    )]
    Ok(bytes as u64 / 1_024)
}
