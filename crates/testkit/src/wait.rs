//! Waiting for a condition, with a deadline. Tests use this in place of sleeping.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::Instant;

/// How often a condition is looked at: often enough not to slow a test, rarely enough not to load two cores.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks `condition` again and again until it answers true.
///
/// # Errors
/// "`what` did not happen within …" when `limit` is over. A condition that hangs is cut off at the limit, too.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let began = std::time::Instant::now();
/// hgpixel_testkit::wait_until("the passing of 30 ms", std::time::Duration::from_secs(5), async || began.elapsed().as_millis() > 30)
///     .await
/// # .unwrap() });
/// ```
pub async fn wait_until<F>(
    what: &str,
    limit: Duration,
    mut condition: impl FnMut() -> F,
) -> Result<()>
where
    F: Future<Output = bool>,
{
    let deadline = Instant::now() + limit;
    loop {
        match tokio::time::timeout_at(deadline, condition()).await {
            Ok(true) => return Ok(()),
            Ok(false) if Instant::now() < deadline => tokio::time::sleep(PAUSE).await,
            _ => bail!("{what} did not happen within {limit:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_condition_that_never_holds_fails_at_the_deadline() {
        let began = Instant::now();
        let error = wait_until("the end of time", Duration::from_secs(3), async || false)
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the end of time did not happen within 3s"
        );
        assert!(began.elapsed() < Duration::from_secs(4));
    }

    #[tokio::test(start_paused = true)]
    async fn a_condition_that_hangs_fails_at_the_deadline() {
        let never = wait_until("an answer", Duration::from_secs(3), async || {
            std::future::pending().await
        });
        assert!(never.await.is_err());
    }
}
