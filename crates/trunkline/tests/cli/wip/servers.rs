//! Far ends for the clients: plain sockets.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use rustix::net::sockopt;

use crate::stage::PATIENCE;

/// A place to call.
pub(super) struct Server(TcpListener);

impl Server {
    pub(super) fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub(super) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    pub(super) fn accept(&self) -> TcpStream {
        let (stream, _) = self.0.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

/// Exactly so many bytes.
pub(super) fn read(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

/// Exactly these bytes come.
pub(super) fn hears(stream: &mut TcpStream, expected: &[u8]) {
    assert_eq!(read(stream, expected.len()), expected);
}

/// The far end hears that no more is sent.
pub(super) fn hears_the_end(stream: &mut TcpStream) {
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "more comes");
}

pub(super) fn says(stream: &mut TcpStream, bytes: &[u8]) {
    stream.write_all(bytes).unwrap();
}

/// Ends a connection by a reset.
pub(super) fn resets(stream: TcpStream) {
    sockopt::set_socket_linger(&stream, Some(std::time::Duration::ZERO)).unwrap();
}
