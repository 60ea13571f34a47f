//! What a supervisor, a balancer and Prometheus see.

use std::time::Duration;

use hgpixel_telemetry::{Health, Lifecycle, admin_router, registry};

use crate::support::{Answer, Server, patient};

struct Admin {
    health: Health,
    server: Server,
}

impl Admin {
    fn start() -> Self {
        let health = Health::new();
        let lifecycle = Lifecycle::new();
        let app = admin_router(&registry(), &health, &lifecycle);
        let server = Server::start_in(lifecycle, app, &patient());
        Self { health, server }
    }

    async fn get(&self, path: &str) -> Answer {
        self.server
            .send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"))
            .await
    }
}

#[tokio::test]
async fn metrics_are_prometheus_text() {
    let admin = Admin::start();
    let answer = admin.get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.field("content-type"),
        Some("text/plain; version=0.0.4")
    );
    assert!(answer.body.contains("\nhgpixel_build_info{version="));
    assert!(answer.body.contains("\nhgpixel_draining 0\n"));
    assert!(answer.body.contains("\nprocess_resident_memory_bytes "));
    admin.server.lifecycle.shutdown(Duration::from_mins(1));
    let answer = admin.get("/metrics").await;
    assert!(answer.body.contains("\nhgpixel_draining 1\n"));
}

#[tokio::test]
async fn readiness_lists_each_condition() {
    let admin = Admin::start();
    let queue = admin.health.condition("queue");
    admin.health.condition("store").set_ready();
    queue.set_unready("the broker does not answer");
    let answer = admin.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.field("retry-after"), Some("1"));
    let readiness: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let expected = serde_json::json!({
        "ready": false,
        "draining": false,
        "conditions": [
            {"name": "queue", "ready": false, "reason": "the broker does not answer"},
            {"name": "store", "ready": true},
        ],
    });
    assert_eq!(readiness, expected);
    queue.set_ready();
    let answer = admin.get("/readyz").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.field("retry-after"), None);
}

#[tokio::test]
async fn a_draining_process_is_alive_but_not_ready() {
    let admin = Admin::start();
    assert_eq!(admin.get("/readyz").await.status, 200);
    admin.server.lifecycle.shutdown(Duration::from_mins(1));
    let answer = admin.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains(r#""draining":true"#));
    assert_eq!(admin.get("/livez").await.status, 200);
}
