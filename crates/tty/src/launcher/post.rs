//! Packets with descriptors over a pair of sockets.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg,
    sendmsg, socketpair,
};

use super::wire::{LONGEST_REPLY, Reply};

/// Descriptors that a message may bring.
const DESCRIPTORS: usize = 3;

/// The two ends between a front and its launcher.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?)
}

/// What a read of the socket brought.
pub(super) enum Packet {
    /// A whole packet of so many bytes, with descriptors.
    Whole(usize, Vec<OwnedFd>),
    /// One that was longer than any message, or brought more descriptors. They are closed.
    TooMuch,
    /// Nothing yet.
    Empty,
    /// The other side has ended.
    End,
}

/// Sends one packet, whole or not at all; `false` when there is no room for it now.
pub(super) fn send(
    socket: &OwnedFd,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<bool> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    match retry_on_intr(|| sendmsg(socket, &[IoSlice::new(bytes)], &mut control, flags)) {
        Ok(_) => Ok(true),
        Err(Errno::AGAIN | Errno::NOBUFS) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Receives one packet.
pub(super) fn receive(socket: &OwnedFd, buf: &mut [u8]) -> io::Result<Packet> {
    // One more than anybody honest sends, so that too many are seen.
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS + 1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
    let received = loop {
        match recvmsg(socket, &mut [IoSliceMut::new(buf)], &mut control, flags) {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(Packet::Empty),
            Err(Errno::CONNRESET) => return Ok(Packet::End),
            Err(error) => return Err(error.into()),
            Ok(received) => break received,
        }
    };
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            descriptors.extend(received);
        }
    }
    // A packet without a byte looks like the end, but the end also hangs up.
    if received.bytes == 0 && descriptors.is_empty() && has_hung_up(socket) {
        return Ok(Packet::End);
    }
    let cut = received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC);
    if cut || descriptors.len() > DESCRIPTORS {
        return Ok(Packet::TooMuch);
    }
    Ok(Packet::Whole(received.bytes, descriptors))
}

fn has_hung_up(socket: &OwnedFd) -> bool {
    let mut polled = [PollFd::new(socket, PollFlags::RDHUP)];
    let now = Timespec::default();
    poll(&mut polled, Some(&now)).is_ok()
        && polled.iter().any(|fd| fd.revents().intersects(PollFlags::HUP | PollFlags::RDHUP))
}

/// How a launcher begins.
#[derive(Debug)]
pub enum Opening {
    /// It can start programs.
    Ready,
    /// It can't; this is why.
    Refused(String),
    /// It has ended without a word.
    Ended,
    /// It has not said anything in time.
    Silent,
}

/// Waits for a launcher's first word, in the front.
pub fn await_opening(socket: &OwnedFd, patience: Duration) -> io::Result<Opening> {
    let mut polled = [PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::IN)];
    let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
    retry_on_intr(|| poll(&mut polled, Some(&patience)))?;
    let mut buf = vec![0; LONGEST_REPLY];
    Ok(match receive(socket, &mut buf)? {
        Packet::Whole(length, _) => match Reply::of(&buf[..length]) {
            Ok(Reply::Ready) => Opening::Ready,
            Ok(Reply::NotReady { why }) => Opening::Refused(why.to_owned()),
            _ => Opening::Refused("it has said what no launcher says".into()),
        },
        Packet::TooMuch => Opening::Refused("it has said what no launcher says".into()),
        Packet::Empty => Opening::Silent,
        Packet::End => Opening::Ended,
    })
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;

    use super::*;

    #[test]
    fn a_packet_arrives_whole_with_its_descriptors() {
        let (one, other) = pair().unwrap();
        let (reader, writer) = io::pipe().unwrap();
        assert!(send(&one, b"hello", &[reader.as_fd(), writer.as_fd()]).unwrap());
        let mut buf = [0; 16];
        let Packet::Whole(5, descriptors) = receive(&other, &mut buf).unwrap() else {
            panic!("no packet")
        };
        assert_eq!((&buf[..5], descriptors.len()), (&b"hello"[..], 2));
        let flags = rustix::io::fcntl_getfd(&descriptors[0]).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
        assert!(matches!(receive(&other, &mut buf).unwrap(), Packet::Empty));
    }

    #[test]
    fn a_packet_without_a_byte_is_not_the_end() {
        let (one, other) = pair().unwrap();
        let mut buf = [0; 16];
        assert!(send(&one, b"", &[]).unwrap());
        assert!(matches!(receive(&other, &mut buf).unwrap(), Packet::Whole(0, _)));
        drop(one);
        assert!(matches!(receive(&other, &mut buf).unwrap(), Packet::End));
    }

    #[test]
    fn what_is_too_much_is_told_and_its_descriptors_are_closed() {
        let (one, other) = pair().unwrap();
        let mut buf = [0; 4];
        assert!(send(&one, b"12345", &[]).unwrap());
        assert!(matches!(receive(&other, &mut buf).unwrap(), Packet::TooMuch));
        let (reader, writer) = io::pipe().unwrap();
        let four = [writer.as_fd(); 4];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(control.push(SendAncillaryMessage::ScmRights(&four)));
        sendmsg(&one, &[IoSlice::new(b"x")], &mut control, SendFlags::empty()).unwrap();
        assert!(matches!(receive(&other, &mut buf).unwrap(), Packet::TooMuch));
        drop(writer);
        // Its end shows that nobody has kept a copy.
        assert_eq!(rustix::io::read(&reader, &mut buf).unwrap(), 0);
    }
}
