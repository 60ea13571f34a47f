//! What people may set of a site, each by its name and as a text: one place for forms, the command line and the audit log.

use hgpixel_config::OptOut;
use jiff::tz::TimeZone;
use url::Host;

use super::Site;
use crate::error::StoreError;

/// A setting of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SiteSetting {
    /// What people call it.
    Name,
    /// The host of its pages, to show; may be empty.
    Domain,
    /// In which its days and hours are cut.
    TimeZone,
    /// The pages that may send for it.
    AllowedOrigins,
    /// After how many days its events are forgotten; 0 is never.
    RetentionDays,
    /// What the opt-out signals of browsers do.
    OptOut,
    /// Whose hits are left out.
    DropRules,
}

/// A hundred years: more is never meant.
const RETENTION_DAYS_MAX: u32 = 36_500;
/// A name stands in one line of a page.
const NAME_CHARS_MAX: usize = 100;

impl SiteSetting {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Name,
        Self::Domain,
        Self::TimeZone,
        Self::AllowedOrigins,
        Self::RetentionDays,
        Self::OptOut,
        Self::DropRules,
    ];

    /// The name, as forms send it and the audit log keeps it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Domain => "domain",
            Self::TimeZone => "time_zone",
            Self::AllowedOrigins => "allowed_origins",
            Self::RetentionDays => "retention_days",
            Self::OptOut => "opt_out",
            Self::DropRules => "drop_rules",
        }
    }

    /// The value as a text, which [`SiteSetting::set`] takes.
    pub fn text(self, site: &Site) -> String {
        match self {
            Self::Name => site.name.clone(),
            Self::Domain => site.domain.clone(),
            Self::TimeZone => site.time_zone.clone(),
            Self::AllowedOrigins => site.allowed_origins.to_string(),
            Self::RetentionDays => site.retention_days.to_string(),
            Self::OptOut => site.opt_out.map_or("", opt_out_name).to_owned(),
            Self::DropRules => site.drop_rules.to_string(),
        }
    }

    /// Changes the value in memory; `EventStore::change_site` keeps it.
    ///
    /// # Errors
    /// [`StoreError::Invalid`], whose text says what would do.
    pub fn set(self, site: &mut Site, text: &str) -> Result<(), StoreError> {
        let text = text.trim();
        match self {
            Self::Name => site.name = name(text)?,
            Self::Domain => site.domain = domain(text)?,
            Self::TimeZone => site.time_zone = time_zone(text)?,
            Self::AllowedOrigins => site.allowed_origins = text.parse()?,
            Self::RetentionDays => site.retention_days = retention_days(text)?,
            Self::OptOut => site.opt_out = opt_out(text)?,
            Self::DropRules => site.drop_rules = text.parse()?,
        }
        Ok(())
    }
}

/// A name of a site, a person or a token: one short line.
pub(crate) fn name(text: &str) -> Result<String, StoreError> {
    let is_shown = !text.is_empty() && !text.chars().any(char::is_control);
    if is_shown && text.chars().count() <= NAME_CHARS_MAX {
        return Ok(text.to_owned());
    }
    Err(invalid(format!(
        "a name is one line of 1 to {NAME_CHARS_MAX} characters"
    )))
}

fn domain(text: &str) -> Result<String, StoreError> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let host = Host::parse(text)
        .ok()
        .filter(|_| text.len() <= 255 && !text.contains('*'));
    host.map(|host| host.to_string()).ok_or_else(|| {
        invalid(format!(
            "{text:?} is no domain: write the host alone, such as example.com"
        ))
    })
}

fn time_zone(text: &str) -> Result<String, StoreError> {
    let zone = TimeZone::get(text).ok();
    zone.as_ref()
        .and_then(TimeZone::iana_name)
        .map(str::to_owned)
        .ok_or_else(|| {
            invalid(format!(
                "{text:?} is no time zone: write one of the IANA's names, such as Europe/Vienna or UTC"
            ))
        })
}

fn retention_days(text: &str) -> Result<u32, StoreError> {
    let days = text.parse().ok().filter(|days| *days <= RETENTION_DAYS_MAX);
    days.ok_or_else(|| {
        invalid(format!(
            "retention is a number of days from 0 (for ever) to {RETENTION_DAYS_MAX}"
        ))
    })
}

pub(super) fn opt_out(text: &str) -> Result<Option<OptOut>, StoreError> {
    match text {
        "" => Ok(None),
        "anonymous" => Ok(Some(OptOut::Anonymous)),
        "drop" => Ok(Some(OptOut::Drop)),
        "ignore" => Ok(Some(OptOut::Ignore)),
        _ => Err(invalid(format!(
            "an opt-out rule is anonymous, drop or ignore, or empty for the server's, not {text:?}"
        ))),
    }
}

pub(super) const fn opt_out_name(opt_out: OptOut) -> &'static str {
    match opt_out {
        OptOut::Anonymous => "anonymous",
        OptOut::Drop => "drop",
        OptOut::Ignore => "ignore",
    }
}

fn invalid(problem: String) -> StoreError {
    StoreError::Invalid(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        Site::new(1, "shop".parse().unwrap())
    }

    #[test]
    fn a_value_reads_back_as_it_is_kept() {
        let check = |setting: SiteSetting, text: &str, kept: &str| {
            let mut site = site();
            setting.set(&mut site, text).unwrap();
            assert_eq!(setting.text(&site), kept, "{setting:?}");
        };
        check(SiteSetting::Name, "  The shop ", "The shop");
        check(SiteSetting::Domain, "", "");
        check(SiteSetting::Domain, "Shop.Example", "shop.example");
        check(SiteSetting::TimeZone, "europe/vienna", "Europe/Vienna");
        check(SiteSetting::TimeZone, "UTC", "UTC");
        check(
            SiteSetting::AllowedOrigins,
            "https://a.example/",
            "https://a.example",
        );
        check(SiteSetting::RetentionDays, "90", "90");
        check(SiteSetting::OptOut, "drop", "drop");
        check(SiteSetting::OptOut, "", "");
        check(SiteSetting::DropRules, "path /x", "path /x");
    }

    #[test]
    fn a_value_that_makes_no_sense_is_refused_and_changes_nothing() {
        for (setting, text) in [
            (SiteSetting::Name, ""),
            (SiteSetting::Name, "a\nb"),
            (SiteSetting::Domain, "https://a.example"),
            (SiteSetting::Domain, "a b"),
            (SiteSetting::TimeZone, ""),
            (SiteSetting::TimeZone, "Vienna"),
            (SiteSetting::AllowedOrigins, "a.example"),
            (SiteSetting::RetentionDays, "-1"),
            (SiteSetting::RetentionDays, "36501"),
            (SiteSetting::RetentionDays, ""),
            (SiteSetting::OptOut, "never"),
            (SiteSetting::DropRules, "everything"),
        ] {
            let mut changed = site();
            assert!(setting.set(&mut changed, text).is_err(), "{setting:?}");
            assert_eq!(changed, site());
        }
    }
}
