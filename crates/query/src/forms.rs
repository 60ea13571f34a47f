//! Forms: reading what was posted, and showing it again with what is wrong beside it.

use axum::extract::{Form, FromRequest, Request};
use hgpixel_store::StoreError;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::answer::{Refusal, bad_request};

/// A posted form. One that is none, or has a field that it should not have, is refused: browsers send what our pages say.
pub(crate) struct Posted<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Posted<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let form = Form::from_request(request, state).await;
        let Form(form) = form.map_err(|error| {
            bad_request(format!("this is not the form that the page has: {error}"))
        })?;
        Ok(Self(form))
    }
}

/// What the address of a page says of the form that led there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Done {
    done: String,
}

impl Done {
    /// In words, of those that the page knows; empty for nothing, and for others.
    pub(crate) fn text(&self, known: &[(&str, &'static str)]) -> &'static str {
        let found = known.iter().find(|(done, _)| *done == self.done);
        found.map_or("", |(_, text)| *text)
    }
}

/// A field as the page shows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Field {
    pub(crate) value: String,
    /// What would do instead; empty where nothing is wrong.
    pub(crate) error: String,
}

impl Field {
    pub(crate) fn of(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            error: String::new(),
        }
    }

    pub(crate) fn wrong(value: impl Into<String>, error: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            error: error.into(),
        }
    }

    pub(crate) fn is_wrong(&self) -> bool {
        !self.error.is_empty()
    }
}

/// What the store says about a value that a person can change; its other failures are for the log.
pub(crate) fn wrong(error: StoreError) -> Result<String, Refusal> {
    match error {
        StoreError::Invalid(problem) => Ok(sentence(&problem)),
        StoreError::Conflict => Ok(sentence(&error.to_string())),
        error => Err(crate::answer::store_failed(&error)),
    }
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters
        .next()
        .map(|first| first.to_uppercase().collect())
        .unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_becomes_a_sentence() {
        assert_eq!(sentence("a role is viewer"), "A role is viewer.");
        assert_eq!(sentence("ärger"), "Ärger.");
    }
}
