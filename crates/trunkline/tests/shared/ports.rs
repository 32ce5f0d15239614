//! Ports for whoever can't be given port 0.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// A loopback address where nobody listens, and that nobody gets by chance either: the ports are below those
/// that the kernel gives to callers, and two tests never get the same.
pub(crate) fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + (std::process::id() % 100) as u16 * 120;
    loop {
        let offset = NEXT.fetch_add(1, Ordering::Relaxed);
        let address = SocketAddr::from(([127, 0, 0, 1], first + offset % 2000));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
