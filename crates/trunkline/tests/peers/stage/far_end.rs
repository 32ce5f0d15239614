//! The far end of a call, in the test's own hands.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{PATIENCE, Wire};

/// Somebody who waits for a call.
pub(crate) struct FarEnd(TcpListener);

impl FarEnd {
    /// On this machine, at a port of its own.
    pub(crate) fn new() -> Self {
        Self::at((Ipv4Addr::LOCALHOST.into(), 0))
    }

    /// At this address.
    pub(crate) fn at(address: (IpAddr, u16)) -> Self {
        Self(TcpListener::bind(address).expect("a free port"))
    }

    /// What to dial.
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("an address")
    }

    /// Takes a call.
    pub(crate) fn answer(&self) -> Wire {
        let patience = Timespec::try_from(PATIENCE).expect("a short time");
        let calls = poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&patience));
        assert_eq!(calls, Ok(1), "nobody calls");
        Wire::tcp("the far end", self.0.accept().expect("a call").0)
    }

    /// Has itself called from a line.
    pub(crate) fn called_by(&self, equipment: &mut Wire) -> Wire {
        equipment.send(format!("ATDT{}\r", self.address()));
        let far = self.answer();
        equipment.expect("\r\nCONNECT");
        equipment.expect("\r\n");
        far
    }
}
