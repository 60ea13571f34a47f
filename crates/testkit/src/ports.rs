//! Free TCP ports, each given out once.
//!
//! "Bind to port 0, look, let go" has two faults: another test may be given the same number before the server binds it, and
//! the number lies in the range from which the kernel takes the local ports of *outgoing* connections, so that a server which
//! is down for a moment may find its port taken by a stranger, or by the very client that keeps knocking. Hence ports below
//! that range, each reserved for the life of this process.

use std::net::{Ipv4Addr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::Mutex;

/// Above what daemons use by default, below Linux' range of outgoing ports (32768 and up, `ip_local_port_range`).
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// The reservations of this process; the kernel gives them back when it ends.
static RESERVED: Mutex<Vec<UnixListener>> = Mutex::new(Vec::new());

/// A port of 127.0.0.1 that nobody listens on and that no other process using this function will be given while this one lives.
///
/// # Panics
/// When none of 20,000 ports is free.
pub fn free_port() -> u16 {
    let start = u16::try_from(uuid::Uuid::new_v4().as_u128() % u128::from(COUNT))
        .expect("a remainder of COUNT fits in u16");
    for step in 0..COUNT {
        let port = FIRST + (start + step) % COUNT;
        if reserve(port) {
            return port;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + COUNT - 1);
}

/// A name in the abstract socket namespace is a lock without a file: exclusive, visible to all users, gone with its owner.
fn reserve(port: u16) -> bool {
    let name = format!("hgpixel-testkit/port/{port}");
    let address =
        SocketAddr::from_abstract_name(name).expect("a short name without NUL is a valid address");
    let Ok(lock) = UnixListener::bind_addr(&address) else {
        return false;
    };
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    if free {
        RESERVED
            .lock()
            .expect("no thread panics while it holds this")
            .push(lock);
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once_and_can_be_bound() {
        let ports: std::collections::BTreeSet<u16> = (0..200).map(|_| free_port()).collect();
        assert_eq!(ports.len(), 200);
        for port in ports {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        }
    }
}
