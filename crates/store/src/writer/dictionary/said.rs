//! What an event says to each dictionary.

use hgpixel_event::Place;

use super::entry::{Entry, TABLES, Texts};
use crate::new_event::{Enriched, NewEvent};

/// What an event says, table by table, in the order of `Table::ALL`.
pub(super) fn entries(row: &NewEvent) -> [Option<Entry<'_>>; TABLES] {
    let (event, enriched) = (&row.event, &row.enriched);
    let entry = |texts| {
        Some(Entry {
            site: event.site,
            texts,
        })
    };
    let texts = [
        Some(Texts::of([
            &event.url,
            &enriched.host,
            &enriched.path,
            &event.title,
        ])),
        referrer(&event.referrer, enriched),
        Some(client(row)),
        campaign(enriched),
        place(&event.place),
        person(&event.user_id, &event.session_id),
        Some(Texts::of([&event.kind])),
        Some(Texts::of([&enriched.channel])),
    ];
    texts.map(|texts| texts.and_then(entry))
}

fn referrer<'a>(url: &'a str, enriched: &'a Enriched) -> Option<Texts<'a>> {
    let nothing = url.is_empty() && enriched.referrer_host.is_empty() && enriched.source.is_empty();
    (!nothing).then(|| {
        Texts::of([
            url,
            &enriched.referrer_host,
            &enriched.source,
            &enriched.medium,
        ])
    })
}

fn client(row: &NewEvent) -> Texts<'_> {
    let (event, enriched) = (&row.event, &row.enriched);
    Texts::of([
        &event.user_agent,
        &enriched.browser,
        &enriched.browser_version,
        &enriched.os,
        &enriched.os_version,
        &enriched.device,
        &enriched.bot_reason,
        &enriched.bot_name,
        &enriched.language,
        &event.language,
        &enriched.screen,
        &event.device,
    ])
}

fn campaign(enriched: &Enriched) -> Option<Texts<'_>> {
    let campaign = enriched.campaign.as_ref()?;
    Some(Texts::of([
        &campaign.source,
        &campaign.medium,
        &campaign.name,
        &campaign.term,
        &campaign.content,
        &campaign.click_id,
    ]))
}

fn place(place: &Place) -> Option<Texts<'_>> {
    (!place.is_empty()).then(|| Texts::of([&place.country, &place.region, &place.city]))
}

fn person<'a>(user_id: &'a str, session_id: &'a str) -> Option<Texts<'a>> {
    let nothing = user_id.is_empty() && session_id.is_empty();
    (!nothing).then(|| Texts::of([user_id, session_id]))
}
