//! Dead letters: list them, queue them again, delete them. Each may run beside a serving process.

use anyhow::Context;
use hgpixel_config::Settings;
use hgpixel_queue::{DeadLetter, DeadLetters};
use serde_json::json;

use crate::cli::DlqCommand;
use crate::say;

pub(crate) async fn run(settings: &Settings, command: DlqCommand) -> anyhow::Result<()> {
    let mut letters = DeadLetters::open(&settings.queue)
        .await
        .context("open the dead letters")?;
    match command {
        DlqCommand::List { limit } => {
            for letter in letters.list(limit).await.context("list the dead letters")? {
                say::line(shown(&letter))?;
            }
        }
        DlqCommand::Replay { limit } => {
            let count = letters
                .replay(limit)
                .await
                .context("replay the dead letters")?;
            say::line(format!("queued {count} dead letters again"))?;
        }
        DlqCommand::Purge { .. } => {
            let count = letters.purge().await.context("purge the dead letters")?;
            say::line(format!("deleted {count} dead letters"))?;
        }
    }
    Ok(())
}

fn shown(letter: &DeadLetter) -> serde_json::Value {
    json!({
        "id": letter.id,
        "reason": letter.reason,
        "detail": letter.detail,
        "at_ms": letter.at_ms,
        "event": letter.line,
    })
}
