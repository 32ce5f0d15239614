//! The least that could be called a Modbus gateway: one thread, requests and answers whose lengths are known,
//! no checks, no time-outs.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use modbus::frame::crc16;
use rustix::event::{PollFd, PollFlags, poll};

use crate::subject::open_pty;

/// Bytes of a request to read: unit, function, address, count, CRC.
pub(crate) const READ_LENGTH: usize = 8;

/// Bytes of a request over TCP: the header, function, address, count.
const TCP_READ_LENGTH: usize = 12;

/// Serves clients at `listen` with what the unit behind `bus` answers.
pub(crate) fn serve(bus: &Path, listen: &str) -> io::Result<()> {
    let mut bus: File = open_pty(bus)?;
    let listener = TcpListener::bind(listen)?;
    let mut clients: Vec<TcpStream> = Vec::new();
    loop {
        let mut fds = vec![PollFd::new(&listener, PollFlags::IN)];
        fds.extend(clients.iter().map(|client| PollFd::new(client, PollFlags::IN)));
        poll(&mut fds, None)?;
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        let mut asked = ready.iter().skip(1);
        clients.retain_mut(|client| {
            asked.next() != Some(&true) || serve_one(client, &mut bus).is_ok()
        });
        if ready.first() == Some(&true) {
            let client = listener.accept()?.0;
            client.set_nodelay(true)?;
            clients.push(client);
        }
    }
}

/// Fails when the client has gone.
fn serve_one(client: &mut TcpStream, bus: &mut File) -> io::Result<()> {
    let mut request = [0; TCP_READ_LENGTH];
    client.read_exact(&mut request)?;
    client.write_all(&ask(bus, &request)?)
}

fn ask(bus: &mut File, request: &[u8; TCP_READ_LENGTH]) -> io::Result<Vec<u8>> {
    let (header, asked) = request.split_at(6);
    let mut frame = asked.to_vec();
    frame.extend(crc16(asked).to_le_bytes());
    bus.write_all(&frame)?;
    let mut head = [0; 3];
    bus.read_exact(&mut head)?;
    let mut rest = vec![0; usize::from(head[2]) + 2];
    bus.read_exact(&mut rest)?;
    let mut answer = header.get(..4).unwrap_or_default().to_vec();
    answer.extend((u16::from(head[2]) + 3).to_be_bytes());
    answer.extend(head);
    answer.extend(rest.get(..usize::from(head[2])).unwrap_or_default());
    Ok(answer)
}
