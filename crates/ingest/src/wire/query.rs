//! The GIF's query: one event in a URL, for pages and mails without scripts.

use std::borrow::Cow;

use hgpixel_event::limits::DATA_ENTRIES_MAX;
use url::form_urlencoded;

use super::object::{is_set, site_key};
use super::properties::{Entries, put};
use super::scalar::Scalar;
use super::time::ClientTime;
use crate::beacon::{Beacon, BeaconEvent, Invalid, Sender, Shared};

/// The prefix of the parameters that are the event's data: `data.plan=pro`.
const DATA_PREFIX: &str = "data.";

/// Reads a query string. Escapes that are no UTF-8 become U+FFFD. An empty value is as good as absent, since templates leave such.
pub(crate) fn beacon(query: &str) -> Result<Beacon<'_>, Invalid> {
    let mut site = Scalar::Absent;
    let mut gpc = Scalar::Absent;
    let mut shared = Shared::default();
    let mut event = BeaconEvent::default();
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        if value.is_empty() {
            continue;
        }
        match &*key {
            "site" => site = Scalar::Text(value),
            "gpc" => gpc = Scalar::Text(value),
            "url" => shared.url = value,
            "title" => shared.title = value,
            "referrer" => shared.referrer = value,
            "language" => shared.language = value,
            "userId" => shared.user_id = value,
            "sessionId" => shared.session_id = value,
            "id" => event.id = value,
            "type" => event.kind = value,
            "time" => event.time = ClientTime::at(&Scalar::Text(value)),
            _ => put_data(&mut event.data, &key, value)?,
        }
    }
    Ok(Beacon {
        site: site_key(site, "site")?,
        sender: Sender::Other,
        opted_out: is_set(&gpc),
        automated: false,
        sent_at_ms: None,
        lost: Vec::new(),
        shared,
        events: vec![Ok(event)],
    })
}

fn put_data<'a>(data: &mut Entries<'a>, key: &str, value: Cow<'a, str>) -> Result<(), Invalid> {
    let Some(name) = key.strip_prefix(DATA_PREFIX) else {
        return Ok(());
    };
    put(data, Cow::Owned(name.to_owned()), Scalar::Text(value));
    if data.len() > DATA_ENTRIES_MAX {
        return Err(Invalid::new(format!(
            "the query has more than {DATA_ENTRIES_MAX} `data.` parameters"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_an_event() {
        let beacon = beacon(
            "site=example.com&url=https%3A%2F%2Fexample.com%2F%3Fa%3D1&title=A+b&type=open&data.plan=pro&data.plan=team&x=1",
        )
        .unwrap();
        assert_eq!(beacon.site.unwrap().as_str(), "example.com");
        assert_eq!(beacon.shared.url, "https://example.com/?a=1");
        assert_eq!(beacon.shared.title, "A b");
        let [Ok(event)] = &beacon.events[..] else {
            panic!("one good event");
        };
        assert_eq!(event.kind, "open");
        assert_eq!(event.data, [("plan".into(), Scalar::Text("team".into()))]);
    }

    #[test]
    fn every_parameter_may_be_missing_or_empty() {
        let check = |query: &'static str| beacon(query).unwrap();
        assert_eq!(check("").site, None);
        assert_eq!(check("site=&url=&type=").site, None);
        assert_eq!(check("&&=&=x&%00=1").site, None);
        assert!(check("gpc=1").opted_out);
    }

    #[test]
    fn bad_escapes_are_replaced_and_bad_keys_refused() {
        assert_eq!(beacon("title=%ff%00").unwrap().shared.title, "\u{FFFD}\0");
        assert_eq!(beacon("title=%zz").unwrap().shared.title, "%zz");
        assert!(beacon("site=a%20b").is_err());
    }

    #[test]
    fn thirty_data_parameters_fit() {
        let query = |count: usize| {
            let pairs: Vec<String> = (0..count).map(|n| format!("data.k{n}=1")).collect();
            pairs.join("&")
        };
        assert!(beacon(&query(DATA_ENTRIES_MAX)).is_ok());
        assert!(beacon(&query(DATA_ENTRIES_MAX + 1)).is_err());
    }
}
