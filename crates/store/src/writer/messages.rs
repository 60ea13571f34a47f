//! From messages to events: those of messages that are stored already are told apart, and each event is left once.

use std::collections::HashSet;

use uuid::Uuid;

use super::Appended;
use super::judging::Judged;
use super::plan::Planned;
use crate::error::StoreError;
use crate::new_event::{Message, NewEvent};

/// The batch's messages, sorted, each once.
pub(super) fn ids(batch: &[Message]) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = batch.iter().map(|message| message.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The events of the messages that were not stored before, each once.
pub(super) fn first_time<'a>(
    batch: &'a [Message],
    new: Vec<Uuid>,
    judged: &[Judged],
    appended: &mut Appended,
) -> Result<Vec<Planned<'a>>, StoreError> {
    let mut new: HashSet<Uuid> = new.into_iter().collect();
    let mut seen = HashSet::with_capacity(judged.len());
    let mut planned = Vec::with_capacity(judged.len());
    let mut judged = judged.iter();
    for message in batch {
        let numbers = judged.by_ref().take(message.rows.len());
        // The same message twice in one batch: the second is a redelivery.
        if !new.remove(&message.id) {
            appended.redelivered += message.events();
            numbers.for_each(drop);
            continue;
        }
        if message.replayed {
            appended.replayed += message.events();
        }
        appended
            .dead_lettered
            .extend(message.dead_lettered.iter().cloned());
        for (row, judged) in message.rows.iter().zip(numbers) {
            if seen.insert((row.event.site, row.event.id)) {
                planned.push(planned_event(row, *judged)?);
            } else {
                appended.duplicate += 1;
            }
        }
    }
    Ok(planned)
}

fn planned_event(row: &NewEvent, judged: Judged) -> Result<Planned<'_>, StoreError> {
    let site = i32::try_from(row.event.site)
        .map_err(|_| StoreError::rejected("22003", "no site has such a number"))?;
    Ok(Planned {
        row,
        interned: judged.interned,
        client: judged.client,
        is_bot: judged.is_bot,
        site,
        session: 0,
    })
}
