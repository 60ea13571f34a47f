//! What the databases would refuse, or one of them only, is refused here: the same event is then good or bad on both.

use crate::error::StoreError;
use crate::new_event::NewEvent;

/// Why this event can never be stored, if it cannot.
pub(super) fn check(row: &NewEvent) -> Result<(), StoreError> {
    check_times(row)?;
    check_texts(row)
}

/// The index by time counts tens of seconds in four bytes: until the year 2650.
const TIME_MS_MAX: i64 = 10_000 * (i32::MAX as i64);

fn check_times(row: &NewEvent) -> Result<(), StoreError> {
    if !(0..=TIME_MS_MAX).contains(&row.event.time_ms) {
        return Err(StoreError::rejected(
            "22003",
            "the event's time is none that can be stored",
        ));
    }
    age_ms(row).map(|_| ())
}

fn check_texts(row: &NewEvent) -> Result<(), StoreError> {
    let (event, enriched) = (&row.event, &row.enriched);
    let mut texts = vec![
        ("kind", &event.kind),
        ("user id", &event.user_id),
        ("session id", &event.session_id),
        ("url", &event.url),
        ("title", &event.title),
        ("referrer", &event.referrer),
        ("user agent", &event.user_agent),
        ("language", &event.language),
        ("data", &event.data),
        ("device", &event.device),
        ("country", &event.place.country),
        ("region", &event.place.region),
        ("city", &event.place.city),
        ("host", &enriched.host),
        ("path", &enriched.path),
        ("browser", &enriched.browser),
        ("browser version", &enriched.browser_version),
        ("operating system", &enriched.os),
        ("operating system's version", &enriched.os_version),
        ("kind of device", &enriched.device),
        ("bot's reason", &enriched.bot_reason),
        ("bot's name", &enriched.bot_name),
        ("normal language", &enriched.language),
        ("screen", &enriched.screen),
        ("referrer's host", &enriched.referrer_host),
        ("source", &enriched.source),
        ("medium", &enriched.medium),
        ("channel", &enriched.channel),
    ];
    if let Some(campaign) = &enriched.campaign {
        texts.extend([
            ("campaign's source", &campaign.source),
            ("campaign's medium", &campaign.medium),
            ("campaign's name", &campaign.name),
            ("campaign's term", &campaign.term),
            ("campaign's content", &campaign.content),
            ("campaign's click id", &campaign.click_id),
        ]);
    }
    // PostgreSQL's code for it; SQLite would keep it, and hide what follows from some of its functions.
    match texts.iter().find(|(_, text)| text.as_bytes().contains(&0)) {
        Some((name, _)) => Err(StoreError::rejected(
            "22021",
            format!("the event's {name} holds a NUL character"),
        )),
        None => Ok(()),
    }
}

/// The milliseconds from when it happened until it was received.
pub(super) fn age_ms(row: &NewEvent) -> Result<i32, StoreError> {
    let (time_ms, received_ms) = (row.event.time_ms, row.event.received_ms);
    received_ms
        .checked_sub(time_ms)
        .and_then(|age_ms| i32::try_from(age_ms).ok())
        .ok_or_else(|| {
            StoreError::rejected(
                "22003",
                "the event's time and its receipt lie more than 24 days apart",
            )
        })
}
