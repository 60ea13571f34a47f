//! The registry of a process. Each crate declares its own metrics in its own `metrics.rs` and adds them here.

use prometheus::process_collector::ProcessCollector;
use prometheus::{GaugeVec, Opts, Registry};

/// A new registry with the metrics of the process (`process_*`) and `hgpixel_build_info{version}`, which is always 1.
///
/// Not the library's global one: tests and compositions hold several in one process, and a second registration there panics.
pub fn registry() -> Registry {
    let registry = Registry::new();
    let build_info = GaugeVec::new(
        Opts::new(
            "hgpixel_build_info",
            "Always 1; the label says which version runs.",
        ),
        &["version"],
    )
    .expect("the name and the label are valid");
    build_info
        .with_label_values(&[env!("CARGO_PKG_VERSION")])
        .set(1.0);
    registry
        .register(Box::new(build_info))
        .expect("the registry is new");
    registry
        .register(Box::new(ProcessCollector::for_self()))
        .expect("the registry is new");
    registry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_knows_the_version_and_the_process() {
        let text = prometheus::TextEncoder::new()
            .encode_to_string(&registry().gather())
            .unwrap();
        let version = env!("CARGO_PKG_VERSION");
        assert!(text.contains(&format!("hgpixel_build_info{{version=\"{version}\"}} 1")));
        assert!(text.contains("process_resident_memory_bytes "));
    }

    #[test]
    fn two_registries_in_one_process_do_not_meet() {
        registry();
        registry();
    }
}
