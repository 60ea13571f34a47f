//! What a service manager such as systemd is told, by the protocol of `sd_notify(3)`: datagrams to the socket that the variable
//! `NOTIFY_SOCKET` names. Without it nothing is told.
//!
//! - `READY=1`, once: when every condition of readiness holds, which is when `/readyz` answers 200.
//! - `STATUS=…`, for people: what a process waits for, and when it serves.
//! - `STOPPING=1`: when draining begins.
//! - `WATCHDOG=1`, where `WATCHDOG_USEC` asks for it. It comes from a task like all others, so it proves that the runtime still keeps
//!   time and runs tasks. It does not say that queue or store answer: a restart would not mend them.
//!
//! It is advice: a manager that cannot be reached is logged, and costs nothing else. Not here: reloading, sockets and files that a
//! manager keeps, and addresses other than those of Unix sockets.

use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram as Socket};
use std::time::Duration;

use tokio::net::UnixDatagram;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

use crate::health::Report;
use crate::{Health, Lifecycle};

/// How long a manager may take a message. It reads them all the time; if not, the stop must not wait for it.
const SEND_TIME: Duration = Duration::from_secs(1);

/// The longest status, in characters: a line of `systemctl status`.
const STATUS_CHARS_MAX: usize = 200;

/// Whoever started the process and wants to know how it is, if anybody does.
#[derive(Debug, Default)]
pub struct ServiceManager {
    socket: Option<Socket>,
    /// A process that is silent for so long counts as hanging.
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// Whom the variables of the environment name. One that cannot be reached is logged, and then nobody is told.
    pub fn named_by(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let (mut name, mut usec, mut pid) = (None, None, None);
        for (variable, value) in variables {
            match variable.as_str() {
                "NOTIFY_SOCKET" => name = Some(value),
                "WATCHDOG_USEC" => usec = value.parse().ok(),
                "WATCHDOG_PID" => pid = Some(value),
                _ => {}
            }
        }
        let Some(name) = name else {
            return Self::default();
        };
        // Whoever started us may have inherited a watchdog that is not ours.
        let is_ours = pid.is_none_or(|pid| pid == std::process::id().to_string());
        let watchdog = usec.filter(|&usec| usec > 0 && is_ours);
        match connect(&name) {
            Ok(socket) => Self {
                socket: Some(socket),
                watchdog: watchdog.map(Duration::from_micros),
            },
            Err(error) => {
                tracing::warn!(%error, socket = name, "the service manager of NOTIFY_SOCKET cannot be reached and is told nothing");
                Self::default()
            }
        }
    }

    /// Tells it how the process is, from now on until it stops. At least one condition of readiness should be there already: none at
    /// all is ready.
    pub fn watch(self, health: &Health, lifecycle: &Lifecycle) {
        let Some(socket) = self.socket else { return };
        match UnixDatagram::from_std(socket) {
            Ok(socket) => {
                let told = tell(socket, self.watchdog, health.clone(), lifecycle.clone());
                lifecycle.spawn_minor("service-manager", told);
            }
            Err(error) => {
                tracing::warn!(%error, "the service manager of NOTIFY_SOCKET is told nothing");
            }
        }
    }
}

fn connect(name: &str) -> io::Result<Socket> {
    let socket = Socket::unbound()?;
    socket.connect_addr(&address(name)?)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A path, or after `@` a name that is in no folder.
fn address(name: &str) -> io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(name) = name.strip_prefix('@') {
        return <SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(name);
    }
    SocketAddr::from_pathname(name)
}

async fn tell(
    socket: UnixDatagram,
    watchdog: Option<Duration>,
    health: Health,
    lifecycle: Lifecycle,
) {
    let mut changes = health.changes();
    // How it is now is news, too.
    changes.mark_changed();
    let mut beat = watchdog.map(heartbeat);
    let mut draining = std::pin::pin!(lifecycle.draining());
    let mut was_ready = false;
    loop {
        tokio::select! {
            () = &mut draining => break,
            () = next(&mut beat) => send(&socket, "WATCHDOG=1").await,
            changed = changes.changed() => {
                changed.expect("health holds a sender, so the channel is open");
                let report = health.report();
                send(&socket, &state(&report, was_ready)).await;
                was_ready |= report.is_ready();
            }
        }
    }
    send(
        &socket,
        "STOPPING=1\nSTATUS=Still open, but not ready any more",
    )
    .await;
    lifecycle.stopping().await;
    send(&socket, "STATUS=Answers what is in flight, then ends").await;
}

/// A third of the time: two beats may be late.
fn heartbeat(watchdog: Duration) -> Interval {
    let mut beat = interval(watchdog / 3);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}

async fn next(beat: &mut Option<Interval>) {
    match beat {
        Some(beat) => {
            beat.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// The message about a report. A line break separates what is said, so none may come from a reason.
fn state(report: &Report, was_ready: bool) -> String {
    let waits: Vec<String> = report
        .conditions
        .iter()
        .filter(|condition| !condition.ready)
        .map(|condition| format!("{} ({})", condition.name, condition.reason))
        .collect();
    let (first, status) = match (waits.is_empty(), was_ready) {
        (true, false) => ("READY=1\n", "Serves".to_owned()),
        (true, true) => ("", "Serves".to_owned()),
        (false, false) => ("", format!("Starts, waits for: {}", waits.join(", "))),
        (false, true) => ("", format!("Not ready: {}", waits.join(", "))),
    };
    let status: String = status
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .take(STATUS_CHARS_MAX)
        .collect();
    format!("{first}STATUS={status}")
}

async fn send(socket: &UnixDatagram, message: &str) {
    match timeout(SEND_TIME, socket.send(message.as_bytes())).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::warn!(%error, message, "the service manager cannot be told");
        }
        Err(_) => tracing::warn!(message, "the service manager takes no messages"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_cannot_say_more_than_a_status() {
        let health = Health::new();
        health
            .condition("store")
            .set_unready(format!("gone\nREADY=1\n{}", "x".repeat(1_000)));
        let said = state(&health.report(), false);
        assert!(said.starts_with("STATUS=Starts, waits for: store (gone READY=1 xxx"));
        assert_eq!(said.lines().count(), 1);
        assert_eq!(said.chars().count(), "STATUS=".len() + STATUS_CHARS_MAX);
    }

    #[test]
    fn ready_is_said_once() {
        let health = Health::new();
        let store = health.condition("store");
        store.set_ready();
        assert_eq!(state(&health.report(), false), "READY=1\nSTATUS=Serves");
        store.set_unready("no answer");
        assert_eq!(
            state(&health.report(), true),
            "STATUS=Not ready: store (no answer)"
        );
        store.set_ready();
        assert_eq!(state(&health.report(), true), "STATUS=Serves");
    }

    #[test]
    fn without_the_variable_or_its_socket_nobody_is_told() {
        assert!(ServiceManager::named_by([]).socket.is_none());
        let nobody = ("NOTIFY_SOCKET".to_owned(), "/nowhere/at/all".to_owned());
        assert!(ServiceManager::named_by([nobody]).socket.is_none());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_socket_in_no_folder_is_told_too_and_hears_a_heartbeat() {
        let name = format!("@hgpixel-test-{}", std::process::id());
        let heard = Socket::bind_addr(&address(&name).unwrap()).unwrap();
        heard.set_nonblocking(true).unwrap();
        let heard = UnixDatagram::from_std(heard).unwrap();
        let variables = [("NOTIFY_SOCKET", name.as_str()), ("WATCHDOG_USEC", "30000")];
        let (health, lifecycle) = (Health::new(), Lifecycle::new());
        let store = health.condition("store");
        ServiceManager::named_by(variables.map(|(name, value)| (name.into(), value.into())))
            .watch(&health, &lifecycle);
        hears(&heard, "STATUS=Starts, waits for: store (not proven yet)").await;
        hears(&heard, "WATCHDOG=1").await;
        hears(&heard, "WATCHDOG=1").await;
        store.set_ready();
        hears(&heard, "READY=1\nSTATUS=Serves").await;
        lifecycle.shutdown(Duration::ZERO);
        hears(
            &heard,
            "STOPPING=1\nSTATUS=Still open, but not ready any more",
        )
        .await;
        assert!(lifecycle.finished(Duration::from_secs(10)).await);
    }

    #[test]
    fn another_process_watchdog_is_not_ours() {
        let name = std::env::temp_dir().join(format!("hgpixel-test-{}", std::process::id()));
        let _heard = Socket::bind(&name).unwrap();
        let of = |pid: String| {
            let named = name.to_string_lossy().into_owned();
            let variables = [
                ("NOTIFY_SOCKET", named),
                ("WATCHDOG_USEC", "1".into()),
                ("WATCHDOG_PID", pid),
            ];
            ServiceManager::named_by(variables.map(|(name, value)| (name.to_owned(), value)))
        };
        assert!(of(std::process::id().to_string()).watchdog.is_some());
        assert!(of("1".to_owned()).watchdog.is_none());
        std::fs::remove_file(&name).unwrap();
    }

    /// Waits for one message; heartbeats may come before it.
    async fn hears(socket: &UnixDatagram, message: &str) {
        let waiting = async {
            let mut buffer = [0; 1_024];
            loop {
                let size = socket.recv(&mut buffer).await.unwrap();
                let said = str::from_utf8(&buffer[..size]).unwrap();
                if said == message {
                    return;
                }
                assert_eq!(said, "WATCHDOG=1");
            }
        };
        timeout(Duration::from_secs(10), waiting).await.unwrap();
    }
}
