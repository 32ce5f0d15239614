//! A wire with the telnet codec on it.

use std::io;
use std::task::{Context, Poll, Waker, ready};

use clock::Instant;
use telnet::{Event, Telnet};

use crate::queue::Queue;
use crate::wire::Wire;
use crate::{Duplex, Received, TelnetFailed, clock_now, limits, scratch};

/// The codec and what has to wait on either side of it.
///
/// Holds no buffer while nothing waits.
pub(crate) struct Coded {
    pub(crate) telnet: Telnet,
    /// Data decoded while sending, not handed out yet. At most what one read brought.
    decoded: Queue,
    /// What happened after those data, or after the data that were handed out last. Boxed, since it is
    /// handed out soon.
    event: Option<Box<Event>>,
    /// The wire after that event, read but not decoded. At most what one read brought.
    undecoded: Queue,
    /// Encoded, refused by the socket. At most one encoded chunk.
    unsent: Queue,
    reading: Reading,
    writing: Writing,
    /// Whom to wake when replies have appeared or held data may go.
    task: Option<Waker>,
}

enum Reading {
    Open,
    Ended,
    /// Reading failed while sending; reported when everything before it has been handed out.
    Failed(io::Error),
}

enum Writing {
    Open,
    /// We have said that nothing more will come; replies are dropped.
    Finished,
    /// Replies could not be written. Received data is still delivered; then this is reported.
    Broken(io::Error),
}

impl Coded {
    pub(crate) fn new(options: telnet::Options) -> Self {
        Self {
            telnet: Telnet::new(options, clock_now()),
            decoded: Queue::default(),
            event: None,
            undecoded: Queue::default(),
            unsent: Queue::default(),
            reading: Reading::Open,
            writing: Writing::Open,
            task: None,
        }
    }

    /// Whether something was read from the wire and not handed out yet.
    pub(crate) fn has_received(&self) -> bool {
        !self.decoded.is_empty() || self.event.is_some() || !self.undecoded.is_empty()
    }

    /// Whether somebody else may receive: nothing waits here, and 0xFF stands for itself when it is doubled.
    pub(crate) fn is_settled(&self) -> bool {
        self.telnet.is_settled()
            && !self.has_received()
            && matches!((&self.reading, &self.writing), (Reading::Open, Writing::Open))
    }

    /// Somebody else has received so much data, and then some of the wire that is still to be decoded.
    pub(crate) fn was_lent(&mut self, received: u64, left: &[u8]) {
        if received > 0 {
            self.telnet.passed();
        }
        self.undecoded.put(left);
    }

    pub(crate) fn poll_receive(
        &mut self,
        wire: &mut Wire,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<Received>> {
        self.remember(cx);
        self.send_replies(wire, cx)?;
        loop {
            if let Some(received) = self.take_waiting(buf) {
                return Poll::Ready(Ok(received));
            }
            let data = if self.undecoded.is_empty() {
                match std::mem::replace(&mut self.reading, Reading::Open) {
                    Reading::Open => {}
                    Reading::Ended => {
                        self.reading = Reading::Ended;
                        return Poll::Ready(self.end());
                    }
                    Reading::Failed(error) => return Poll::Ready(Err(error)),
                }
                let read = ready!(wire.poll_read(cx, buf))?;
                self.decode_read(buf, read)
            } else {
                self.decode_left_over(buf)
            };
            self.send_replies(wire, cx)?;
            if data > 0 {
                return Poll::Ready(Ok(Received::Data(data)));
            }
        }
    }

    /// What was decoded before and has not been handed out yet.
    fn take_waiting(&mut self, buf: &mut [u8]) -> Option<Received> {
        if let Some(Event::Held(held)) = self.event.as_deref() {
            self.decoded.put(held.as_slice());
            self.event = None;
        }
        if !self.decoded.is_empty() {
            let data = copy(self.decoded.waiting(), buf);
            self.decoded.advance(data);
            return Some(Received::Data(data));
        }
        self.event.take().map(|event| Received::Event(*event))
    }

    /// Decodes what was just read into `buf`, in place; the wire after an event is put aside.
    fn decode_read(&mut self, buf: &mut [u8], read: usize) -> usize {
        if read == 0 {
            self.reading = Reading::Ended;
            self.event = self.telnet.finish().map(Event::Held).map(Box::new);
            return 0;
        }
        let wire = buf.get_mut(..read).unwrap_or_default();
        let decoded = self.telnet.decode(clock_now(), wire);
        self.undecoded.put(wire.get(decoded.consumed..).unwrap_or_default());
        self.event = decoded.event.map(Box::new);
        decoded.data
    }

    /// Decodes what was put aside, in its own place: copying it back first would make a wire full of
    /// events quadratic.
    fn decode_left_over(&mut self, buf: &mut [u8]) -> usize {
        let waiting = self.undecoded.waiting_mut();
        let some = waiting.len().min(buf.len());
        let wire = waiting.get_mut(..some).unwrap_or_default();
        let decoded = self.telnet.decode(clock_now(), wire);
        copy(wire.get(..decoded.data).unwrap_or_default(), buf);
        self.undecoded.advance(decoded.consumed);
        self.event = decoded.event.map(Box::new);
        decoded.data
    }

    /// Reads one buffer ahead while data to be sent are held: the answer they wait for may be in it,
    /// and the owner may be unable to receive just because it can't send.
    fn poll_listen(&mut self, wire: &mut Wire, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_received() || !matches!(self.reading, Reading::Open) {
            return Poll::Pending;
        }
        scratch::with(|buf| {
            match ready!(wire.poll_read(cx, buf)) {
                Ok(read) => {
                    let data = self.decode_read(buf, read);
                    self.decoded.put(buf.get(..data).unwrap_or_default());
                }
                Err(error) => self.reading = Reading::Failed(error),
            }
            Poll::Ready(())
        })
    }

    fn end(&mut self) -> io::Result<Received> {
        // The failed write has taken the socket's error with it; what would be read as an orderly
        // end was a reset.
        match std::mem::replace(&mut self.writing, Writing::Finished) {
            Writing::Broken(error) => Err(error),
            writing => {
                self.writing = writing;
                Ok(Received::End)
            }
        }
    }

    /// Puts replies on the wire as far as it takes them. A wire that can't be written to may still
    /// have data to be read, so that trouble waits until they are.
    fn send_replies(&mut self, wire: &mut Wire, cx: &mut Context<'_>) -> io::Result<()> {
        if let Poll::Ready(Err(error)) = self.poll_flush(wire, cx)
            && matches!(self.writing, Writing::Open)
        {
            self.writing = Writing::Broken(error);
            self.unsent = Queue::default();
        }
        match self.telnet.replies().len() > limits::REPLIES {
            true => Err(io::Error::other(TelnetFailed::RepliesUnread)),
            false => Ok(()),
        }
    }

    pub(crate) fn poll_send(
        &mut self,
        wire: &mut Wire,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.remember(cx);
        let mut accepted = 0;
        let outcome = loop {
            match self.poll_flush(wire, cx) {
                Poll::Ready(Ok(())) => {}
                other => break other,
            }
            let rest = data.get(accepted..).unwrap_or_default();
            if rest.is_empty() {
                break Poll::Ready(Ok(()));
            }
            let chunk = rest.get(..limits::CHUNK).unwrap_or(rest);
            let chunk = chunk.get(..self.telnet.sendable(chunk)).unwrap_or_default();
            if chunk.is_empty() {
                // Held: until the peer's answer, or until the codec's time-out, which wakes us.
                match self.poll_listen(wire, cx) {
                    Poll::Ready(()) => continue,
                    Poll::Pending => break Poll::Pending,
                }
            }
            if let Err(error) = self.send_chunk(wire, cx, chunk) {
                break Poll::Ready(Err(error));
            }
            accepted += chunk.len();
        };
        match outcome {
            Poll::Ready(Err(error)) if accepted > 0 => {
                self.writing = Writing::Broken(error);
                Poll::Ready(Ok(accepted))
            }
            _ if accepted > 0 => Poll::Ready(Ok(accepted)),
            outcome => outcome.map_ok(|()| 0),
        }
    }

    fn send_chunk(
        &mut self,
        wire: &mut Wire,
        cx: &mut Context<'_>,
        chunk: &[u8],
    ) -> io::Result<()> {
        scratch::with_encoded(|encoded| {
            let mut rest = self.telnet.encode(clock_now(), chunk, encoded);
            while !rest.is_empty() {
                let Poll::Ready(written) = wire.poll_write(cx, rest)? else { break };
                rest = rest.get(written..).unwrap_or_default();
                if written == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
            }
            self.unsent.put(rest);
            Ok(())
        })
    }

    pub(crate) fn poll_flush(
        &mut self,
        wire: &mut Wire,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.writing {
            Writing::Open => {}
            Writing::Finished => {
                self.telnet.replies().clear();
                return Poll::Ready(Ok(()));
            }
            Writing::Broken(error) => {
                self.telnet.replies().clear();
                return Poll::Ready(Err(copy_of(error)));
            }
        }
        while !self.unsent.is_empty() {
            let written = ready!(write_some(wire, cx, self.unsent.waiting_mut()))?;
            self.unsent.advance(written);
        }
        let replies = self.telnet.replies();
        while !replies.is_empty() {
            let written = ready!(write_some(wire, cx, replies))?;
            replies.drain(..written.min(replies.len()));
        }
        // Negotiation is over soon; its memory shall not stay with the call.
        *replies = Vec::new();
        wire.poll_flush(cx)
    }

    pub(crate) fn poll_finish(
        &mut self,
        wire: &mut Wire,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.remember(cx);
        ready!(self.poll_flush(wire, cx))?;
        if matches!(self.writing, Writing::Open) {
            ready!(wire.poll_shutdown(cx))?;
            self.writing = Writing::Finished;
        }
        Poll::Ready(Ok(()))
    }

    pub(crate) fn timeout(&mut self, now: Instant) {
        self.telnet.timeout(now);
        if let Some(held) = self.telnet.release(now) {
            self.decoded.put(held.as_slice());
        }
        self.wake();
    }

    /// Wakes the call's task, which then puts new replies on the wire.
    pub(crate) fn wake(&self) {
        if let Some(task) = &self.task {
            task.wake_by_ref();
        }
    }

    fn remember(&mut self, cx: &Context<'_>) {
        match &mut self.task {
            Some(task) => task.clone_from(cx.waker()),
            None => self.task = Some(cx.waker().clone()),
        }
    }

    /// Nothing is left to do for a codec that has found the connection raw.
    pub(crate) fn is_superfluous(&self) -> bool {
        self.telnet.kind() == telnet::Kind::Raw
            && !self.has_received()
            && self.unsent.is_empty()
            && matches!(self.reading, Reading::Open)
            && matches!(self.writing, Writing::Open)
    }
}

fn write_some(wire: &mut Wire, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
    match ready!(wire.poll_write(cx, data))? {
        0 => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
        written => Poll::Ready(Ok(written)),
    }
}

/// Copies as much as there is room for, and tells how much.
fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let some = from.len().min(to.len());
    if let (Some(from), Some(to)) = (from.get(..some), to.get_mut(..some)) {
        to.copy_from_slice(from);
    }
    some
}

fn copy_of(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_codec_is_small() {
        assert!(size_of::<Coded>() <= 224, "{}", size_of::<Coded>());
    }
}
