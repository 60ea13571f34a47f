//! Page views as a site sends them: 3,000 paths, 200 referrers, 400 agents, four countries; sessions of three views, each in another order;
//! one session in a hundred has a user id.

use hgpixel_event::{Event, Place, assigned_id};
use hgpixel_store::{Enriched, NewEvent};

/// How they follow each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    pub(crate) start_ms: i64,
    /// From one view to the next.
    pub(crate) step_ms: i64,
    /// Sessions that go on at the same time: a view of each, then the next view of each. A number that neither 7,919 nor 104,729 divides.
    pub(crate) at_once: i64,
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the numbers are small and positive"
)]
impl Traffic {
    /// The `number`th page view of all: the first, second or third of its session.
    pub(crate) fn event(self, site: i64, number: i64) -> NewEvent {
        let at_once = self.at_once;
        let (block, within) = (number / (3 * at_once), number % (3 * at_once));
        let view = within / at_once;
        // A prime step meets every session of the block, in another order each time.
        let step = [1, 7_919, 104_729][view as usize];
        let session = block * at_once + (within % at_once) * step % at_once;
        let time_ms = self.start_ms + number * self.step_ms;
        let received_ms = time_ms + 80;
        let random = scramble(session.unsigned_abs());
        // Recognised for one day, as with a salt of the day.
        let day = received_ms.div_euclid(86_400_000).unsigned_abs();
        let page = scramble(random.wrapping_add(view.unsigned_abs())) % 3_000;
        let referrer = random % 200;
        let agent = random % 400;
        let path = format!("/articles/{page}/a-title-of-ordinary-length");
        NewEvent {
            event: Event {
                id: assigned_id(time_ms),
                site,
                kind: "pageview".into(),
                time_ms,
                received_ms,
                visitor: Some(scramble(random ^ day).cast_signed()),
                user_id: if random.is_multiple_of(100) {
                    format!("user-{}", random % 5_000)
                } else {
                    String::new()
                },
                url: format!("https://www.example.com{path}"),
                title: format!("Article {page} of the example"),
                referrer: if view == 0 {
                    format!("https://site{referrer}.example/path")
                } else {
                    String::new()
                },
                user_agent: format!(
                    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{agent}.0.0.0 Safari/537.36"
                ),
                language: "de-AT,de;q=0.9,en;q=0.8".into(),
                device: r#"{"screenResolution":"1920x1080","deviceType":"Desktop"}"#.into(),
                place: Place {
                    country: ["AT", "DE", "CH", "FR"][(random % 4) as usize].into(),
                    ..Place::default()
                },
                ..Event::default()
            },
            enriched: Enriched {
                host: "www.example.com".into(),
                path,
                browser: "Chrome".into(),
                browser_version: agent.to_string(),
                os: "Linux".into(),
                device: "desktop".into(),
                language: "de-AT".into(),
                screen: "1920x1080".into(),
                referrer_host: if view == 0 {
                    format!("site{referrer}.example")
                } else {
                    String::new()
                },
                source: if view == 0 {
                    format!("site{referrer}.example")
                } else {
                    String::new()
                },
                medium: "referral".into(),
                channel: "Referral".into(),
                ..Enriched::default()
            },
        }
    }
}

/// A number that looks random and is always the same (the finalizer of `MurmurHash3`).
fn scramble(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
