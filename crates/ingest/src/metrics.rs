//! What ingest counts. In events, so that the books balance: of what this process has received, every event was accepted,
//! rejected, dropped or uncertain once its request has been answered. (`accepted` begins where an earlier process on the same
//! queue left off.) A request that cannot be read counts as one event.

use hgpixel_event::Marks;
use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

/// Every metric of this crate, at zero from the start.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// Events that reached an endpoint, whatever became of them.
    pub(crate) received: Counters<Endpoint>,
    /// Events that are durable; each of them was answered 2xx unless its client had gone.
    pub(crate) accepted: IntCounter,
    /// Events that were refused with 4xx or 503, by reason.
    pub(crate) rejected: Counters<RejectReason>,
    /// Events that a rule left out; answered 2xx with the reason in a header.
    pub(crate) dropped: Counters<DropReason>,
    /// Events that were refused with 503 and may arrive all the same.
    pub(crate) uncertain: IntCounter,
    /// Texts that were longer than their limit and were cut.
    pub(crate) texts_cut: Counters<Field>,
    /// Events in which the server changed something.
    marked: Counters<Mark>,
    /// Second copies of one click that the old script sends, recognised as such.
    pub(crate) twins: IntCounter,
    /// Events that pixels say they gave up, by reason.
    pub(crate) lost: Counters<LossReason>,
    /// Sites that were created because a beacon named them.
    pub(crate) sites_created: IntCounter,
    /// Readings of sites and salts that failed; the last good one is used meanwhile.
    pub(crate) snapshot_errors: IntCounter,
}

impl Metrics {
    /// `accepted_before` is where an earlier process on the same queue left off.
    pub(crate) fn register(registry: &Registry, accepted_before: u64) -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let metrics = Self {
            received: Counters::register(
                registry,
                "hgpixel_events_received_total",
                "Events that reached an endpoint, whatever became of them.",
                "endpoint",
            )?,
            accepted: counter(
                "hgpixel_events_accepted_total",
                "Events that were made durable.",
            )?,
            rejected: Counters::register(
                registry,
                "hgpixel_events_rejected_total",
                "Events that were refused, by reason.",
                "reason",
            )?,
            dropped: Counters::register(
                registry,
                "hgpixel_events_dropped_total",
                "Events that a rule left out, by reason.",
                "reason",
            )?,
            uncertain: counter(
                "hgpixel_events_uncertain_total",
                "Events that were refused and may arrive all the same.",
            )?,
            texts_cut: Counters::register(
                registry,
                "hgpixel_ingest_texts_cut_total",
                "Texts that were longer than their limit and were cut.",
                "field",
            )?,
            marked: Counters::register(
                registry,
                "hgpixel_ingest_events_marked_total",
                "Events in which the server changed something.",
                "mark",
            )?,
            twins: counter(
                "hgpixel_ingest_twins_total",
                "Second copies of one click that the old script sends.",
            )?,
            lost: Counters::register(
                registry,
                "hgpixel_pixel_events_lost_total",
                "Events that pixels gave up before they were accepted, as the pixels tell.",
                "reason",
            )?,
            sites_created: counter(
                "hgpixel_ingest_sites_created_total",
                "Sites that were created because a beacon named them.",
            )?,
            snapshot_errors: counter(
                "hgpixel_ingest_snapshot_errors_total",
                "Readings of sites and salts that failed.",
            )?,
        };
        metrics.accepted.inc_by(accepted_before);
        Ok(metrics)
    }

    pub(crate) fn count_marks(&self, marks: Marks) {
        if marks.is_empty() {
            return;
        }
        for mark in Mark::ALL {
            if marks.contains(mark.bits()) {
                self.marked.of(*mark).inc();
            }
        }
    }
}

/// A label's values: few, and known beforehand.
pub(crate) trait Label: Copy + 'static {
    const ALL: &'static [Self];
    fn label(self) -> &'static str;
    /// Its place in [`Label::ALL`].
    fn index(self) -> usize;
}

/// One counter for each value of a label, found without a lookup.
#[derive(Debug)]
pub(crate) struct Counters<L> {
    counters: Vec<IntCounter>,
    label: std::marker::PhantomData<L>,
}

impl<L: Label> Counters<L> {
    fn register(
        registry: &Registry,
        name: &str,
        help: &str,
        label: &str,
    ) -> prometheus::Result<Self> {
        let family = IntCounterVec::new(Opts::new(name, help), &[label])?;
        registry.register(Box::new(family.clone()))?;
        let counters = L::ALL
            .iter()
            .map(|value| family.with_label_values(&[value.label()]))
            .collect();
        Ok(Self {
            counters,
            label: std::marker::PhantomData,
        })
    }

    pub(crate) fn of(&self, value: L) -> &IntCounter {
        &self.counters[value.index()]
    }

    pub(crate) fn add(&self, value: L, events: usize) {
        self.of(value).inc_by(events as u64);
    }
}

/// An enum whose variants are a label's values.
macro_rules! labels {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident => $label:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[$doc])* $variant,)+ }

        impl Label for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];

            fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }

            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

labels! {
    /// Where events come in.
    Endpoint {
        Track => "track",
        Pixel => "pixel",
    }
}

labels! {
    /// Why events are refused.
    RejectReason {
        Invalid => "invalid",
        TooLarge => "too_large",
        MediaType => "media_type",
        Incomplete => "incomplete",
        UnknownSite => "unknown_site",
        Origin => "origin",
        RateLimited => "rate_limited",
        Unavailable => "unavailable",
    }
}

labels! {
    /// Why events are left out. The labels are also the values of `X-Hgpixel-Dropped`.
    DropReason {
        /// The visitor opted out, and the operator set such events to be dropped.
        OptOut => "opt_out",
        /// The old script's first page view, which it sends again with its site's key.
        Unidentified => "unidentified",
        /// A drop rule of the site fits: its network, path or user agent is not to be counted.
        Rule => "rule",
        /// The browser fetched the GIF ahead of a visit that may never happen.
        Prefetch => "prefetch",
    }
}

labels! {
    /// Why a pixel gave events up. The labels are also the keys of the batch's `lost`.
    LossReason {
        /// A server answered that it will never take them.
        Refused => "refused",
        /// The device kept as many as it may.
        Overflow => "overflow",
        /// They were kept for as long as they may.
        Expired => "expired",
    }
}

labels! {
    /// Texts that have a limit.
    Field {
        Url => "url",
        Title => "title",
        Referrer => "referrer",
        UserAgent => "user_agent",
        Language => "language",
        Kind => "type",
        UserId => "user_id",
        SessionId => "session_id",
        Hint => "hint",
        DataKey => "data_key",
        DataValue => "data_value",
        Device => "device",
    }
}

labels! {
    /// What the server changed, one for each of the event's marks.
    Mark {
        TimeReplaced => "time_replaced",
        IdAssigned => "id_assigned",
        TextCut => "text_cut",
        TextCleaned => "text_cleaned",
        OptedOut => "opted_out",
    }
}

impl Mark {
    fn bits(self) -> Marks {
        match self {
            Self::TimeReplaced => Marks::TIME_REPLACED,
            Self::IdAssigned => Marks::ID_ASSIGNED,
            Self::TextCut => Marks::TEXT_CUT,
            Self::TextCleaned => Marks::TEXT_CLEANED,
            Self::OptedOut => Marks::OPTED_OUT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_exported_at_zero_and_accepted_goes_on_where_it_stood() {
        let registry = Registry::new();
        let metrics = Metrics::register(&registry, 41).unwrap();
        metrics.accepted.inc();
        let text = prometheus::TextEncoder::new()
            .encode_to_string(&registry.gather())
            .unwrap();
        for line in [
            "hgpixel_events_received_total{endpoint=\"track\"} 0",
            "hgpixel_events_received_total{endpoint=\"pixel\"} 0",
            "hgpixel_events_accepted_total 42",
            "hgpixel_events_rejected_total{reason=\"too_large\"} 0",
            "hgpixel_events_dropped_total{reason=\"unidentified\"} 0",
            "hgpixel_events_uncertain_total 0",
            "hgpixel_pixel_events_lost_total{reason=\"expired\"} 0",
            "hgpixel_ingest_texts_cut_total{field=\"url\"} 0",
            "hgpixel_ingest_events_marked_total{mark=\"time_replaced\"} 0",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
    }

    #[test]
    fn a_label_is_counted_under_its_own_name() {
        let registry = Registry::new();
        let metrics = Metrics::register(&registry, 0).unwrap();
        metrics.rejected.add(RejectReason::Unavailable, 3);
        let mut marks = Marks::TEXT_CUT;
        marks.insert(Marks::OPTED_OUT);
        metrics.count_marks(marks);
        let text = prometheus::TextEncoder::new()
            .encode_to_string(&registry.gather())
            .unwrap();
        assert!(text.contains("hgpixel_events_rejected_total{reason=\"unavailable\"} 3"));
        assert!(text.contains("hgpixel_ingest_events_marked_total{mark=\"text_cut\"} 1"));
        assert!(text.contains("hgpixel_ingest_events_marked_total{mark=\"opted_out\"} 1"));
        assert!(text.contains("hgpixel_ingest_events_marked_total{mark=\"id_assigned\"} 0"));
    }
}
