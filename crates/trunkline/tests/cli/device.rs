//! A device for stations to read.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

/// A Modbus TCP server whose registers are all seven; where it listens.
pub(crate) fn sevens() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || serve(stream));
        }
    });
    address
}

fn serve(mut stream: TcpStream) {
    let mut request = [0; 12];
    while stream.read_exact(&mut request).is_ok() {
        let count = usize::from(request[11]);
        let mut answer = vec![request[0], request[1], 0, 0, 0, 3 + 2 * count as u8, request[6]];
        answer.extend([request[7], 2 * count as u8]);
        answer.extend([0, 7].repeat(count));
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}
