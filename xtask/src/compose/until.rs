//! Waiting for what other machines do: asked twice a second, with a deadline, and with the last reason in the error.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep, timeout_at};

const PAUSE: Duration = Duration::from_millis(500);

/// Asks until the inner answer is `Ok`. An outer error may pass too (a server that is not up yet), and is the reason at the deadline.
pub(super) async fn until<T>(
    what: &str,
    limit: Duration,
    mut ask: impl AsyncFnMut() -> Result<Result<T, String>>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    let mut reason = "no answer".to_owned();
    while let Ok(answer) = timeout_at(deadline, ask()).await {
        match answer {
            Ok(Ok(found)) => return Ok(found),
            Ok(Err(not_yet)) => reason = not_yet,
            Err(error) => reason = format!("{error:#}"),
        }
        if Instant::now() + PAUSE >= deadline {
            break;
        }
        sleep(PAUSE).await;
    }
    bail!("{what}: not within {limit:?}: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_reason_is_told() {
        let mut asked = 0;
        let limit = Duration::from_millis(600);
        let never = until("rain", limit, async || {
            asked += 1;
            Ok(Err::<(), _>("dry".to_owned()))
        });
        let error = never.await.unwrap_err().to_string();
        assert_eq!(error, "rain: not within 600ms: dry");
        assert!(asked > 0);
    }
}
