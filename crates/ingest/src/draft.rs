//! From a beacon to events: what is shared is cleaned once, then each event is completed or refused by itself.

use std::borrow::Cow;

use std::net::IpAddr;

use hgpixel_enrich::{GeoDatabase, Salt, identified_visitor_id, visitor_id};
use hgpixel_event::limits::USER_AGENT_BYTES_MAX;
use hgpixel_event::{
    Event, Hints, Marks, Place, assigned_id, clean, is_plausible_time, moved_id, usable_id,
};
use hgpixel_store::{DropRules, Snapshot};
use uuid::Uuid;

use crate::beacon::{BeaconEvent, Invalid, Sender, Shared};
use crate::cleaner::Cleaner;
use crate::hit::Hit;
use crate::metrics::{Field, Metrics};
use crate::page_url::{self, PageUrl};
use crate::source::Source;
use crate::twins::{Twin, Twins, may_be_twin};
use crate::wire::properties::Entries;
use crate::wire::scalar::Scalar;
use crate::wire::time::ClientTime;

/// The type of an event that has none: whatever was sent, a page was open.
const KIND_DEFAULT: &str = "pageview";

/// A client's clock that is off by more than this is corrected where the client tells what it shows. Less is the network.
const CLOCK_OFF_MS: i64 = 60_000;

/// Ids of such a clock are moved in whole steps: each try to send an event finds another error by the network's delay, and has to
/// find the same id. Half a step is within the window of ids, and tries on both sides of one are rare.
const ID_STEP_MS: i64 = 600_000;

/// What the events of a beacon are made with.
pub(crate) struct Drafting<'a> {
    pub(crate) hit: Hit<'a>,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) site: i64,
    /// Whose hits the site leaves out; `None` before anybody could set it.
    pub(crate) rules: Option<&'a DropRules>,
    pub(crate) geo: Option<&'a GeoDatabase>,
    /// The visitor is not to be recognised.
    pub(crate) anonymous: bool,
    pub(crate) sender: Sender,
    /// A program runs the browser.
    pub(crate) automated: bool,
    pub(crate) sent_at_ms: Option<i64>,
    /// The guard has repaired a text of the body.
    pub(crate) repaired: bool,
    pub(crate) metrics: &'a Metrics,
    pub(crate) twins: &'a Twins,
}

/// An event with everything that its beacon's events share.
struct Prototype {
    event: Event,
    /// Bad only for events without an address of their own.
    url: Result<String, Invalid>,
    /// Whose visit it is, for events that say a part of it themselves.
    address: Option<IpAddr>,
    agent: String,
    /// A rule of the site leaves this visit out.
    is_left_out: bool,
}

/// By what a visitor is recognised without an id. It holds the address, so it lives for one request.
struct Visit<'a> {
    /// Unknown where a server does not tell it.
    address: Option<IpAddr>,
    agent: Cow<'a, str>,
}

impl Drafting<'_> {
    /// Completes the events of a beacon, in their order, without those that a rule of the site leaves out.
    pub(crate) fn draft(
        &self,
        shared: Shared<'_>,
        url: Result<Option<PageUrl>, Invalid>,
        events: Vec<Result<BeaconEvent<'_>, Invalid>>,
    ) -> Vec<Result<Event, Invalid>> {
        let prototype = self.prototype(shared, url);
        let is_batch = events.len() > 1;
        events
            .into_iter()
            .enumerate()
            .filter_map(|(index, event)| {
                let event = event.and_then(|event| self.complete(&prototype, event));
                let event = event.map_err(|error| {
                    if is_batch {
                        error.in_event(index)
                    } else {
                        error
                    }
                });
                event.transpose()
            })
            .collect()
    }

    fn prototype(&self, shared: Shared<'_>, url: Result<Option<PageUrl>, Invalid>) -> Prototype {
        let mut cleaner = Cleaner::new(self.metrics, self.repaired);
        let url = url.map(|url| stored_url(url, &mut cleaner));
        let header_agent = self.hit.user_agent();
        let agent = first_given(shared.user_agent, || header_agent.clone());
        let visit = Visit {
            address: shared.ip.or_else(|| self.hit.address()),
            // The old script's own word is kept beside the header's, which it never replaced here.
            agent: match self.hit.source {
                Source::Browser => header_agent,
                Source::Server { .. } => agent.clone(),
            },
        };
        let language = first_given(shared.language, || {
            let of_device = device_language(&shared.device);
            first_given(of_device, || self.hit.accept_language())
        });
        let mut event = Event {
            site: self.site,
            received_ms: self.hit.received_ms,
            title: cleaner.text(Field::Title, &shared.title),
            referrer: cleaner.text(Field::Referrer, &shared.referrer),
            user_agent: cleaner.text(Field::UserAgent, &agent),
            hints: self.hints(&mut cleaner),
            automated: self.automated,
            language: cleaner.text(Field::Language, &language),
            device: cleaner.device(shared.device),
            place: self.place(visit.address),
            ..Event::default()
        };
        if self.anonymous {
            cleaner.marks.insert(Marks::OPTED_OUT);
        } else {
            event.user_id = cleaner.text(Field::UserId, &shared.user_id);
            event.session_id = cleaner.text(Field::SessionId, &shared.session_id);
            event.visitor = self.visitor(&event.user_id, &visit);
        }
        if self.hit.source.is_server() {
            cleaner.marks.insert(Marks::FROM_SERVER);
        }
        event.marks = cleaner.marks;
        Prototype {
            event,
            url,
            is_left_out: self.leaves_out(&visit),
            address: visit.address,
            agent: visit.agent.into_owned(),
        }
    }

    /// `None` where a rule of the site leaves the event out.
    fn complete(
        &self,
        prototype: &Prototype,
        sent: BeaconEvent<'_>,
    ) -> Result<Option<Event>, Invalid> {
        let mut cleaner = Cleaner::new(self.metrics, self.repaired);
        let mut event = prototype.event.clone();
        cleaner.marks = event.marks;
        event.url = match &sent.url {
            Some(own) => stored_url(PageUrl::parse(own)?, &mut cleaner),
            None => prototype.url.clone()?,
        };
        let is_of_page = |rules: &DropRules| rules.drop_path(page_url::path(&event.url));
        if self.rules.is_some_and(is_of_page) {
            return Ok(None);
        }
        if let Some(title) = &sent.title {
            event.title = cleaner.text(Field::Title, title);
        }
        if let Some(referrer) = &sent.referrer {
            event.referrer = cleaner.text(Field::Referrer, referrer);
        }
        event.kind = cleaner.text(Field::Kind, &sent.kind);
        if event.kind.is_empty() {
            KIND_DEFAULT.clone_into(&mut event.kind);
        }
        event.data = cleaner.data(sent.data);
        if sent.ip.is_some() || sent.user_agent.is_some() {
            let visit = Visit {
                address: sent.ip.or(prototype.address),
                agent: sent.user_agent.unwrap_or(Cow::Borrowed(&prototype.agent)),
            };
            if self.leaves_out(&visit) {
                return Ok(None);
            }
            self.visited_by(&mut event, &visit, &mut cleaner);
        } else if prototype.is_left_out {
            return Ok(None);
        }
        event.marks = cleaner.marks;
        self.date(&mut event, sent.time);
        self.identify(&mut event, &sent.id);
        self.metrics.count_marks(event.marks);
        Ok(Some(event))
    }

    fn leaves_out(&self, visit: &Visit<'_>) -> bool {
        self.rules
            .is_some_and(|rules| rules.drop_client(visit.address, &visit.agent))
    }

    /// Another visitor than the batch's.
    fn visited_by(&self, event: &mut Event, visit: &Visit<'_>, cleaner: &mut Cleaner<'_>) {
        event.user_agent = cleaner.text(Field::UserAgent, &visit.agent);
        event.place = self.place(visit.address);
        if !self.anonymous {
            event.visitor = self.visitor(&event.user_id, visit);
        }
    }

    /// When it happened: by the client where that is plausible, else when it was received.
    fn date(&self, event: &mut Event, time: ClientTime) {
        let received_ms = self.hit.received_ms;
        let told_ms = match time {
            ClientTime::Absent => None,
            ClientTime::Ago(age_ms) => Some(received_ms.saturating_sub(age_ms)),
            ClientTime::At(time_ms) => Some(time_ms.saturating_add(self.clock_error_ms())),
        };
        let plausible_ms = told_ms.filter(|told_ms| is_plausible_time(*told_ms, received_ms));
        if plausible_ms.is_none() {
            event.marks.insert(Marks::TIME_REPLACED);
        }
        event.time_ms = plausible_ms.unwrap_or(received_ms);
    }

    /// What to add to the client's times, if it told what its clock shows.
    fn clock_error_ms(&self) -> i64 {
        let error_ms = |sent_at_ms| self.hit.received_ms.saturating_sub(sent_at_ms);
        self.sent_at_ms
            .map(error_ms)
            .filter(|error_ms| !(-CLOCK_OFF_MS..=CLOCK_OFF_MS).contains(error_ms))
            .unwrap_or(0)
    }

    /// The client's own id where it is usable; else one that the server makes.
    fn identify(&self, event: &mut Event, sent: &str) {
        let sent = Uuid::try_parse(sent).ok();
        let moved_ms = self.id_error_ms();
        let id = sent.and_then(|id| usable_id(moved_id(id, moved_ms), self.hit.received_ms));
        if id.is_none() || moved_ms != 0 {
            event.marks.insert(Marks::ID_ASSIGNED);
        }
        if let Some(id) = id {
            event.id = id;
            return;
        }
        event.id = match self.twin(event) {
            Some(twin) => {
                let (id, is_second) = self.twins.id(twin, event.time_ms);
                self.metrics.twins.inc_by(u64::from(is_second));
                id
            }
            None => assigned_id(event.time_ms),
        };
    }

    /// What to add to the times of the client's ids, in whole steps.
    fn id_error_ms(&self) -> i64 {
        let from_half = self.clock_error_ms().saturating_add(ID_STEP_MS / 2);
        from_half.div_euclid(ID_STEP_MS).saturating_mul(ID_STEP_MS)
    }

    /// What an event of the old script's listeners has in common with its twin, where it says enough to tell twins from others.
    fn twin<'t>(&'t self, event: &'t Event) -> Option<Twin<'t>> {
        let is_dated = !event.marks.contains(Marks::TIME_REPLACED);
        let is_named = !event.user_id.is_empty() || !event.session_id.is_empty();
        let may_be = self.sender == Sender::OldScript && may_be_twin(&event.kind);
        (may_be && is_dated && is_named).then_some(Twin {
            secret: &self.snapshot.secret,
            site: event.site,
            user_id: &event.user_id,
            session_id: &event.session_id,
            kind: &event.kind,
            data: &event.data,
            url: &event.url,
        })
    }

    /// Who it is: by the client's own user id where it has one, else by address and user agent, with the salt of the day. Nobody
    /// knows where a server tells neither.
    fn visitor(&self, user_id: &str, visit: &Visit<'_>) -> Option<i64> {
        if !user_id.is_empty() {
            let secret = Salt::from_bytes(self.snapshot.secret);
            return Some(identified_visitor_id(&secret, self.site, user_id));
        }
        // A snapshot so old that it lacks today's salt (the store has been away for a day): counted, but not recognised.
        let salt = self.snapshot.salt(self.hit.received_ms)?;
        let salt = Salt::from_bytes(salt.bytes);
        let user_agent = clean(&visit.agent, USER_AGENT_BYTES_MAX);
        Some(visitor_id(
            &salt,
            self.site,
            visit.address?,
            &user_agent.text,
        ))
    }

    fn place(&self, address: Option<IpAddr>) -> Place {
        let (Some(geo), Some(address)) = (self.geo, address) else {
            return Place::default();
        };
        let place = geo.place(address);
        Place {
            country: place
                .country
                .map(|country| country.as_str().to_owned())
                .unwrap_or_default(),
            region: place.region.unwrap_or_default(),
            city: place.city.unwrap_or_default(),
        }
    }

    fn hints(&self, cleaner: &mut Cleaner<'_>) -> Hints {
        Hints {
            brands: cleaner.text(Field::Hint, &self.hit.brands()),
            platform: cleaner.text(Field::Hint, &self.hit.platform()),
            mobile: self.hit.is_mobile(),
        }
    }
}

fn stored_url(url: Option<PageUrl>, cleaner: &mut Cleaner<'_>) -> String {
    let Some(url) = url else {
        return String::new();
    };
    if url.cut {
        cleaner.count_cut(Field::Url);
    }
    url.text
}

fn first_given<'a>(text: Cow<'a, str>, otherwise: impl FnOnce() -> Cow<'a, str>) -> Cow<'a, str> {
    if text.is_empty() { otherwise() } else { text }
}

/// The old script tells the language among the device's properties.
fn device_language<'a>(device: &Entries<'a>) -> Cow<'a, str> {
    let entry = device
        .iter()
        .find(|(key, _)| matches!(&**key, "browserLanguage" | "language"));
    match entry {
        Some((_, Scalar::Text(text))) => text.clone(),
        _ => Cow::Borrowed(""),
    }
}

#[cfg(test)]
mod tests;
