//! From untrusted bytes to a [`Beacon`]: everything that is read from a request's body or query.
//!
//! Two JSON forms share one endpoint: the old script's one event ([`old`]) and the batch ([`batch`]); an object that has `events` is
//! a batch. The GIF's query is the third ([`query`]). All are described in `docs/wire.md`.
//!
//! Every form follows the same rules: unknown keys are ignored, of a repeated key the last one counts, and a key whose value
//! has the wrong type is an error that names it. Nothing is cut or cleaned here; see [`crate::draft`].

pub(crate) mod batch;
pub(crate) mod json;
pub(crate) mod object;
pub(crate) mod old;
pub(crate) mod properties;
pub(crate) mod query;
pub(crate) mod scalar;
pub(crate) mod time;

use crate::beacon::{Beacon, Invalid};
use crate::source::Source;
use object::Object;

/// Reads the body of a `POST /track` that has passed [`json::guard`].
pub(crate) fn beacon(text: &str, source: Source) -> Result<Beacon<'_>, Invalid> {
    let object: Object<'_> = serde_json::from_str(text).map_err(|error| not_our_json(&error))?;
    if object.events.is_absent() {
        old::beacon(object, source)
    } else {
        batch::beacon(object, source)
    }
}

fn not_our_json(error: &serde_json::Error) -> Invalid {
    match error.classify() {
        serde_json::error::Category::Data => {
            Invalid::new("the body must be one JSON object: an event, or a batch with `events`")
        }
        // The parser's message names a line and a column and never quotes the input.
        _ => Invalid::new(format!("the body is not valid JSON: {error}")),
    }
}
