//! A TCP port or UNIX socket: the equipment connects.

use std::io;
use std::path::Path;
use std::task::{Context, Poll, ready};

use carrier::{Call, CallOptions, Caller, ListenError, ListenOptions, Listener, Received};
use clock::Instant;
use modem::{DceLines, DteLines};
use telnet::{Event, NotSent};
use tracing::{info, warn};

use super::com_port::ComPort;
use super::ip232::{self, Found, Ip232};
use super::soft_flow::SoftFlow;
use super::{DteEvent, Wanted};
use crate::config::{TcpConfig, TcpProtocol};
use crate::outbox::Signal;
use crate::pending::Pending;

/// The listener, and the one piece of equipment that is connected. DTR is the connection itself, unless
/// the protocol has a signal for it.
pub(crate) struct Socket {
    /// `None` once it has failed for good: the equipment that is connected stays the last.
    listener: Option<Listener>,
    place: Box<str>,
    protocol: TcpProtocol,
    plugged: Option<Plugged>,
    circuits: DceLines,
    flow: SoftFlow,
    /// Told next.
    news: Option<DteEvent>,
}

struct Plugged {
    call: Call,
    signals: Signals,
    /// Received but not looked at: what stood behind a signal.
    unread: Vec<u8>,
    /// Encoded, not yet taken.
    unsent: Pending,
}

/// How signals travel.
enum Signals {
    Raw,
    Ip232(Ip232),
    Rfc2217(Box<ComPort>),
}

impl Socket {
    pub(super) fn tcp(config: &TcpConfig) -> Result<Self, ListenError> {
        let listener = Listener::tcp(config.listen, &ListenOptions::default())?;
        Ok(Self::new(listener, config.protocol))
    }

    pub(super) fn unix(path: &Path) -> Result<Self, ListenError> {
        let listener = Listener::unix(path, &ListenOptions::default())?;
        Ok(Self::new(listener, TcpProtocol::Raw))
    }

    fn new(listener: Listener, protocol: TcpProtocol) -> Self {
        Self {
            place: listener.local().to_string().into(),
            listener: Some(listener),
            protocol,
            plugged: None,
            circuits: DceLines::default(),
            flow: SoftFlow::default(),
            news: None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.plugged.is_some()
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.flow.is_stopped()
    }

    pub(super) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
        _: Instant,
        buffer: &mut [u8],
        wanted: Wanted,
    ) -> Poll<DteEvent> {
        if let Some(news) = self.news.take() {
            return Poll::Ready(news);
        }
        if let Some(news) = self.accept(cx) {
            return Poll::Ready(news);
        }
        let Some(plugged) = &mut self.plugged else { return Poll::Pending };
        // Signals and telnet's answers leave even while no data are wanted.
        let _ = plugged.poll_flush(cx);
        if !wanted {
            ready!(plugged.call.poll_closed(cx));
            return Poll::Ready(self.unplug("gone"));
        }
        loop {
            let Some(plugged) = &mut self.plugged else { return Poll::Pending };
            let event = match ready!(plugged.poll_receive(cx, buffer)) {
                Ok(Some(DteEvent::Data(range))) => {
                    match self.flow.take(buffer.get_mut(range).unwrap_or_default()) {
                        0 => DteEvent::Flow,
                        kept => DteEvent::Data(0..kept),
                    }
                }
                Ok(Some(event)) => event,
                Ok(None) => continue,
                Err(why) => self.unplug(&why),
            };
            return Poll::Ready(event);
        }
    }

    fn accept(&mut self, cx: &mut Context<'_>) -> Option<DteEvent> {
        while let Poll::Ready(caller) = self.listener.as_mut()?.poll_accept(cx) {
            match caller {
                Ok(caller) => self.plug_in(caller),
                Err(error) => {
                    // It fails when it is broken, and would fail at once again.
                    warn!("{} takes no more equipment: {error}", self.place);
                    self.listener = None;
                }
            }
            if self.news.is_some() {
                break;
            }
        }
        self.news.take()
    }

    /// One piece of equipment at a time: a second one is turned away.
    fn plug_in(&mut self, caller: Caller) {
        let peer = caller.peer().to_string();
        if self.plugged.is_some() {
            info!("{}: turned away {peer}, the modem is in use", self.place);
            return caller.refuse();
        }
        let (telnet, com_port) = match self.protocol {
            TcpProtocol::Raw | TcpProtocol::Ip232 => (telnet::Mode::Off, telnet::ComPort::Refuse),
            TcpProtocol::Rfc2217 => (telnet::Mode::On, telnet::ComPort::AccessServer),
        };
        let call = match caller.answer(&CallOptions {
            telnet: Some(telnet),
            com_port,
            ..CallOptions::default()
        }) {
            Ok(call) => call,
            Err(error) => return warn!("{}: {peer} was lost: {error}", self.place),
        };
        info!("{}: {peer} plugged in", self.place);
        let signals = match self.protocol {
            TcpProtocol::Raw => Signals::Raw,
            TcpProtocol::Ip232 => Signals::Ip232(Ip232::default()),
            TcpProtocol::Rfc2217 => Signals::Rfc2217(Box::default()),
        };
        let mut plugged = Plugged { call, signals, unread: Vec::new(), unsent: Pending::default() };
        plugged.show(self.circuits);
        self.plugged = Some(plugged);
        self.flow.restart();
        self.news = Some(DteEvent::Lines(DteLines::READY));
    }

    fn unplug(&mut self, why: &str) -> DteEvent {
        info!("{}: the equipment unplugged: {why}", self.place);
        self.plugged = None;
        DteEvent::Lines(DteLines { dtr: false, rts: false })
    }

    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.flow.is_stopped() {
            return Poll::Pending;
        }
        match &mut self.plugged {
            Some(plugged) => plugged.poll_send(cx, bytes),
            None => Poll::Ready(Ok(bytes.len())),
        }
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.plugged {
            Some(plugged) => plugged.poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    pub(super) fn signal(&mut self, signal: Signal, _: Instant) {
        match signal {
            Signal::Lines(circuits) => {
                self.circuits = circuits;
                if let Some(plugged) = &mut self.plugged {
                    plugged.show(circuits);
                }
            }
            Signal::Flow(flow) => self.flow.set(flow),
            Signal::Break(_) => {
                if let Some(plugged) = &mut self.plugged {
                    plugged.show_break();
                }
            }
            Signal::Rate(_) | Signal::Character(_) | Signal::CallOver => {}
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.plugged.as_ref().and_then(|plugged| plugged.call.deadline())
    }

    pub(super) fn timeout(&mut self, now: Instant) {
        if let Some(plugged) = &mut self.plugged {
            plugged.call.timeout(now);
        }
    }
}

impl Plugged {
    /// The next event; `None` for one that means nothing to a modem.
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<Result<Option<DteEvent>, String>> {
        let length = if self.unread.is_empty() {
            match ready!(self.call.poll_receive(cx, buffer)) {
                Ok(Received::Data(length)) => length,
                Ok(Received::Event(event)) => return Poll::Ready(Ok(self.event(event))),
                Ok(Received::End) => return Poll::Ready(Err("it closed the connection".into())),
                Err(error) => return Poll::Ready(Err(error.to_string())),
            }
        } else {
            let unread = std::mem::take(&mut self.unread);
            buffer.get_mut(..unread.len()).unwrap_or_default().copy_from_slice(&unread);
            unread.len()
        };
        let Signals::Ip232(codec) = &mut self.signals else {
            return Poll::Ready(Ok(Some(DteEvent::Data(0..length))));
        };
        let wire = buffer.get_mut(..length).unwrap_or_default();
        let (consumed, event) = match codec.decode(wire) {
            Found::Data { consumed, data: 0 } => (consumed, None),
            Found::Data { consumed, data } => (consumed, Some(DteEvent::Data(0..data))),
            Found::Dtr { consumed, on } => {
                (consumed, Some(DteEvent::Lines(DteLines { dtr: on, rts: true })))
            }
        };
        self.unread = wire.get(consumed..).unwrap_or_default().to_vec();
        Poll::Ready(Ok(event))
    }

    fn event(&mut self, event: Event) -> Option<DteEvent> {
        match (event, &mut self.signals) {
            (Event::Break, _) => Some(DteEvent::Break),
            (Event::ComPort(request), Signals::Rfc2217(port)) => {
                let (answer, event) = port.obey(request);
                if let Some(answer) = answer {
                    // A client that asks without having agreed gets no answer.
                    let _ = self.call.com_port_notify(&answer);
                }
                // Its first request shows that it has agreed.
                tell(port, &mut self.call);
                event
            }
            _ => None,
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if !matches!(self.signals, Signals::Ip232(_)) {
            return self.call.poll_send(cx, bytes);
        }
        ready!(self.poll_unsent(cx))?;
        let mut wire = Vec::with_capacity(bytes.len());
        ip232::encode(bytes, &mut wire);
        self.unsent.push(&wire);
        let _ = self.poll_unsent(cx)?;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_unsent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let call = &mut self.call;
        self.unsent.poll_drain(cx, |cx, bytes| call.poll_send(cx, bytes))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_unsent(cx))?;
        self.call.poll_flush(cx)
    }

    fn show(&mut self, circuits: DceLines) {
        match &mut self.signals {
            Signals::Raw => {}
            Signals::Ip232(_) => self.unsent.push(&ip232::signals(circuits.dcd, circuits.ri)),
            Signals::Rfc2217(port) => {
                port.show(circuits);
                tell(port, &mut self.call);
            }
        }
    }

    fn show_break(&mut self) {
        if let Signals::Rfc2217(_) = &self.signals {
            let state = telnet::com_port::LineState(telnet::com_port::LineState::BREAK);
            let _ = self.call.com_port_notify(&telnet::com_port::Notification::LineState(state));
        }
    }
}

/// Tells the client of the modem's circuits, as soon as it can be told.
fn tell(port: &mut ComPort, call: &mut Call) {
    if let Some(notification) = port.untold()
        && let Ok(()) | Err(NotSent::Masked) = call.com_port_notify(&notification)
    {
        port.tell();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Shutdown, TcpListener, TcpStream};
    use std::os::fd::OwnedFd;
    use std::task::Waker;

    #[tokio::test]
    async fn a_broken_listener_is_given_up_and_not_asked_for_ever() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        // A socket is a socket: shut down, a listening one fails at every accept.
        let breaker = TcpStream::from(OwnedFd::from(listener.try_clone().unwrap()));
        breaker.shutdown(Shutdown::Both).unwrap();
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let listener = Listener::from_tcp(listener, &ListenOptions::default()).unwrap();
        let mut socket = Socket::new(listener, TcpProtocol::Raw);
        let mut cx = Context::from_waker(Waker::noop());
        while socket.listener.is_some() {
            let event = socket.poll_event(&mut cx, Instant::ORIGIN, &mut [0; 8], true);
            assert!(event.is_pending());
            tokio::task::yield_now().await;
        }
    }
}
