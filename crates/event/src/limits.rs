//! Every bound on what comes from outside, with its reason. Lengths are bytes of UTF-8 unless the name says otherwise.

/// A body from a browser: the ceiling that browsers set for `sendBeacon` and `keepalive` together.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Events in one beacon; the pixel sends far fewer, and one request must not fill a micro-batch alone.
pub const BEACON_EVENTS_MAX: usize = 100;
/// A body from a server that shows a token, as it is sent.
pub const SERVER_BODY_BYTES_MAX: usize = 1024 * 1024;
/// What a server's compressed body may inflate to.
pub const INFLATED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How many times its own size a compressed body may inflate to: events shrink to a twentieth at most, what is made to do harm to a
/// thousandth.
pub const INFLATED_RATIO_MAX: usize = 100;
/// Events in one batch of a server.
pub const SERVER_EVENTS_MAX: usize = 1_000;
/// Nesting of a JSON body, checked before it is parsed: deeper ones cost stack and carry nothing of ours.
pub const JSON_DEPTH_MAX: usize = 16;
/// Entries of an event's data.
pub const DATA_ENTRIES_MAX: usize = 30;
/// A key of an event's data.
pub const DATA_KEY_BYTES_MAX: usize = 300;
/// A value of an event's data.
pub const DATA_VALUE_BYTES_MAX: usize = 2_000;
/// A page's address. Indexed, and a btree entry of PostgreSQL takes about 2.7 kB at most.
pub const URL_BYTES_MAX: usize = 2_000;
/// A referrer; indexed like an address.
pub const REFERRER_BYTES_MAX: usize = 2_000;
/// A page's title.
pub const TITLE_BYTES_MAX: usize = 500;
/// A user agent.
pub const USER_AGENT_BYTES_MAX: usize = 512;
/// An event's type.
pub const KIND_BYTES_MAX: usize = 120;
/// A client's own user or session id.
pub const CLIENT_ID_BYTES_MAX: usize = 128;
/// A language tag or an `Accept-Language` header.
pub const LANGUAGE_BYTES_MAX: usize = 100;
/// One client hint header.
pub const HINT_BYTES_MAX: usize = 256;
/// What a client tells about its device, as JSON text.
pub const DEVICE_BYTES_MAX: usize = 2_000;
/// A site key; the old snippet's `UNIQUE_CLIENT_ID`, a domain and a UUID all fit.
pub const SITE_KEY_BYTES_MAX: usize = 64;
/// The query of the GIF.
pub const PIXEL_QUERY_BYTES_MAX: usize = 2_048;

/// How far a client's time may lie behind the server's clock: the pixel keeps unsent events for a week.
pub const CLIENT_TIME_PAST_MS: i64 = 7 * 24 * 3_600_000;
/// How far a client's time may lie ahead of the server's clock.
pub const CLIENT_TIME_FUTURE_MS: i64 = 10 * 60_000;
/// A gap of this length between two events of a visitor starts a new session.
pub const SESSION_GAP_MS: i64 = 30 * 60_000;

/// Events in one micro-batch: one AMQP message, or one row of the local queue.
pub const BATCH_EVENTS_MAX: usize = 512;
/// Encoded bytes of one micro-batch.
pub const BATCH_BYTES_MAX: usize = 256 * 1024;
