//! The modem's end of a pseudo-terminal.

mod berth;
mod link;
mod master;
mod watched;

use std::future::Future as _;
use std::io;
use std::mem::replace;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use self::link::Link;
use self::master::{Attention, Behind, Packet};
use self::watched::Watched;
use crate::OpenWatch;
use crate::limits::{FAREWELL_CALM, FAREWELL_LOOK, SETTINGS_CALM};
use crate::watch::{Presence, Vigil};

pub use self::berth::{Berth, Lease};
pub(crate) use self::master::Master;

/// How a pseudo-terminal is offered to its clients.
#[derive(Clone, Debug, Default)]
pub struct PtyOptions {
    /// A name that stays the same, made as a symbolic link to the terminal: `/dev/pump-house`.
    pub link: Option<PathBuf>,
    /// Permission bits of the terminal, such as `0o660`; the system's choice (0620) by default.
    pub mode: Option<u32>,
    /// User id that owns the terminal; this process's user by default.
    pub owner: Option<u32>,
    /// Group id of the terminal; the system's choice (`tty`) by default.
    pub group: Option<u32>,
}

/// Who may open the terminal, where the system's choice isn't right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rights {
    mode: Option<u32>,
    owner: Option<u32>,
    group: Option<u32>,
}

/// What happened at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PtyEvent {
    /// So many bytes from the client are at the front of the buffer; never 0.
    Data(usize),
    /// A client opened the terminal: DTR rises.
    Opened,
    /// The last client closed it: DTR falls. All it wrote was given before.
    Closed,
    /// A client changed its settings.
    Settings(ClientSettings),
    /// All clients have closed it, and another has opened it since: nothing that was for them is for that one. `Closed`
    /// follows, behind all that was written until then.
    Replaced,
}

/// What a client has set on its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientSettings {
    /// Bits per second; while hung up, the last speed before.
    pub speed: u32,
    /// Speed B0 is set: the client drops DTR without closing.
    pub hung_up: bool,
    /// CRTSCTS is set.
    pub rts_cts: bool,
    /// IXON is set: the client would obey XON and XOFF. Here they are only data to it; to hold it up,
    /// stop reading.
    pub xon_xoff: bool,
}

impl ClientSettings {
    /// What a terminal starts with: a modem's usual speed, no flow control.
    const INITIAL: Self = Self { speed: 115_200, hung_up: false, rts_cts: false, xon_xoff: false };
}

/// Why a pseudo-terminal could not be offered.
#[derive(Debug, thiserror::Error)]
pub enum PtyError {
    /// The system gives no more pseudo-terminals or file descriptors.
    #[error("no pseudo-terminal to be had: {0}")]
    Open(#[source] io::Error),
    /// The system can't tell when a terminal is opened.
    #[error("cannot watch the pseudo-terminal (fs.inotify.max_user_watches may be used up): {0}")]
    Watch(#[source] io::Error),
    /// The link's name belongs to something that is not ours to remove.
    #[error("{} exists and is not a symbolic link to a terminal; remove it or choose another name", .0.display())]
    NotALink(PathBuf),
    /// The link is being served by a living process.
    #[error("{} is in use by process {pid}", .link.display())]
    InUse {
        /// The link asked for.
        link: PathBuf,
        /// The process that serves it.
        pid: u32,
    },
    /// The link can't be made.
    #[error("cannot make the link {}: {source}", .link.display())]
    Link {
        /// The link asked for.
        link: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Mode or owner can't be set.
    #[error("cannot set mode or owner of {}: {source}", .path.display())]
    Access {
        /// The terminal.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Whether somebody opened the terminal before we saw that those before him had closed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Succession {
    None,
    /// Yes, and the terminal has been cleared of what was his predecessors'.
    Cleared,
}

/// Whether the reactor's word on readiness can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unread {
    /// What is there to be read is announced.
    Announced,
    /// The announcement was used up by [`PtyEnd::poll_left`], or there is none for what has happened: only reading tells.
    Perhaps,
}

/// The modem's end of a pseudo-terminal.
///
/// ```text
///                opened by somebody: Opened
///   Absent ────────────────────────────────────▶ Present ── Data, Settings
///     ▲                                             │
///     ├────────────── closed by the last: Closed ───┤
///     └── Closed ── HungUp ◀──────────── hang_up ───┘
/// ```
///
/// While a client is absent the reactor doesn't know the terminal at all, because a hung-up master is
/// ready for ever. A client that comes and goes between two looks is seen if it wrote or set anything.
#[derive(Debug)]
pub struct PtyEnd {
    // Dropped before `master`: a link must not lead to a terminal that has become somebody else's.
    link: Option<Link>,
    client: Client,
    vigil: Vigil,
    master: Master,
    settings: ClientSettings,
    told: ClientSettings,
    attention: Attention,
    /// Until the client has had its time to set what it wants.
    calm: Option<Pin<Box<Sleep>>>,
    unread: Unread,
    room: Room,
    lent: Option<Lease>,
    succession: Succession,
    rights: Rights,
}

/// Whether a write may succeed before the kernel tells of room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    None,
    Perhaps,
}

#[derive(Debug)]
enum Client {
    /// Nobody, as far as we have looked.
    Absent(Look),
    /// At least one.
    Present(Watched),
    /// One was there until we took the terminal away, and the caller hasn't been told.
    HungUp,
}

/// Whether to look for a client before waiting for the next knock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Now,
    AfterKnock,
}

impl PtyEnd {
    /// Makes a terminal and its link. Must be called inside the tokio runtime that will poll it.
    pub fn open(options: PtyOptions, watch: &OpenWatch) -> Result<Self, PtyError> {
        let PtyOptions { link, mode, owner, group } = options;
        let rights = Rights { mode, owner, group };
        let settings = ClientSettings::INITIAL;
        let master = Master::offer(rights, settings.speed)?;
        let vigil = watch.guard(&master.slave).map_err(PtyError::Watch)?;
        let link = link.map(|path| Link::make(&path, &master.slave)).transpose()?;
        Ok(Self {
            link,
            client: Client::Absent(Look::Now),
            vigil,
            master,
            settings,
            told: settings,
            attention: Attention::ToldByKernel,
            calm: None,
            unread: Unread::Announced,
            room: Room::None,
            lent: None,
            succession: Succession::None,
            rights,
        })
    }

    /// The terminal that clients open, such as `/dev/pts/7`. Changes with [`hang_up`](Self::hang_up).
    pub fn slave(&self) -> &Path {
        &self.master.slave
    }

    /// What the client has set, as last seen.
    pub fn settings(&self) -> ClientSettings {
        self.settings
    }

    /// Waits for the next event. Data lands at the front of `buf`, which should hold 4 KiB, what the kernel
    /// gives at once, or a multiple of it: then what comes in bulk is gathered.
    pub fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<PtyEvent>> {
        if buf.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::InvalidInput.into()));
        }
        loop {
            match self.client {
                Client::Present(_) => {
                    if let Some(event) = ready!(self.poll_client(cx, buf))? {
                        return Poll::Ready(Ok(event));
                    }
                }
                Client::Absent(_) => {
                    ready!(self.poll_opened(cx))?;
                    return Poll::Ready(Ok(PtyEvent::Opened));
                }
                Client::HungUp => {
                    self.client = Client::Absent(Look::Now);
                    return Poll::Ready(Ok(PtyEvent::Closed));
                }
            }
        }
    }

    /// Gives bytes to the client, as many as it has room for.
    ///
    /// While nobody has the terminal open they vanish, as they would on a wire: kept, they would meet
    /// the next client as something it never asked for.
    pub fn poll_write(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let Client::Present(watched) = &self.client else {
            return Poll::Ready(Ok(data.len()));
        };
        // It was for those who have closed; whoever has opened since has not been told of yet.
        if self.succession == Succession::None
            && (watched.was_closed(cx) || self.presence(cx) == Presence::Others)
        {
            return Poll::Ready(Ok(data.len()));
        }
        let Client::Present(watched) = &mut self.client else {
            return Poll::Ready(Ok(data.len()));
        };
        // Whoever had the right to write has given it back.
        self.lent = None;
        if !watched.tells_of_room() {
            let taken = self.master.write(data)?;
            if taken.is_none_or(|length| length < data.len()) {
                watched.was_full(cx);
                self.room = Room::None;
            }
            if let Some(length) = taken {
                return Poll::Ready(Ok(length));
            }
        }
        loop {
            let Poll::Ready(ready) = watched.poll_write_ready(cx) else {
                return self.write_untold(data);
            };
            let mut ready = ready?;
            match self.master.write(data)? {
                Some(length) if length < data.len() => {
                    // There was room for no more: trying again would only be told so.
                    ready.clear_ready();
                    self.room = Room::None;
                    watched.was_full(cx);
                    return Poll::Ready(Ok(length));
                }
                Some(length) => {
                    watched.had_room(cx);
                    return Poll::Ready(Ok(length));
                }
                // The client has left with its queue full, and that can't be cleared: not to spin here.
                None if ready.ready().is_write_closed() => return Poll::Ready(Ok(data.len())),
                None => ready.clear_ready(),
            }
        }
    }

    /// Lends the right to write to a thread of the caller's; `None` while no client is there. Until it is given back,
    /// nothing else may be written. A client that leaves ends it.
    pub fn lend(&mut self, cx: &mut Context<'_>) -> io::Result<Option<Berth>> {
        let Client::Present(watched) = &mut self.client else { return Ok(None) };
        let berth = Berth::new(Arc::clone(&self.master.fd))?;
        watched.leave_room(cx);
        self.lent = Some(berth.lease());
        Ok(Some(berth))
    }

    /// Whoever comes next must not get what another thread still writes.
    fn take_back(&mut self) {
        if let Some(lent) = self.lent.take() {
            lent.end();
        }
    }

    /// The kernel tells of room only when nearly all was read. A client that has written something since
    /// is likely to have read something too, and then the two directions need not wait for each other.
    fn write_untold(&mut self, data: &[u8]) -> Poll<io::Result<usize>> {
        match replace(&mut self.room, Room::None) {
            Room::None => Poll::Pending,
            Room::Perhaps => {
                self.master.write(data)?.map_or(Poll::Pending, |length| Poll::Ready(Ok(length)))
            }
        }
    }

    /// Takes the terminal away from its client, which sees a hang-up, and offers a fresh one under the
    /// same link. The old one lives on for at most `patience`, until the client has read what was
    /// written before. If a client was there, the next event is [`PtyEvent::Closed`].
    pub fn hang_up(&mut self, patience: Duration) -> Result<(), PtyError> {
        let fresh = Master::offer(self.rights, self.settings.speed)?;
        let vigil = self.vigil.another(&fresh.slave).map_err(PtyError::Watch)?;
        if let Some(link) = &mut self.link {
            link.point_to(&fresh.slave)?;
        }
        self.vigil = vigil;
        let old = replace(&mut self.master, fresh);
        // What is being written there still goes to the one whose it is.
        self.lent = None;
        self.settings = ClientSettings { speed: self.settings.speed, ..ClientSettings::INITIAL };
        (self.attention, self.calm) = (Attention::ToldByKernel, None);
        self.unread = Unread::Announced;
        self.succession = Succession::None;
        if let Client::Present(_) = self.client {
            self.client = Client::HungUp;
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(tokio::time::timeout(patience, farewell(old)));
            }
        }
        Ok(())
    }

    /// Ready when the last client has closed the terminal, even if bytes that it wrote are still unread;
    /// [`poll_event`](Self::poll_event) gives those before it says so. For the time in which nobody
    /// reads.
    pub fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Client::Present(watched) = &self.client else { return Poll::Pending };
        if self.presence(cx) == Presence::Others {
            self.take_back();
            return Poll::Ready(());
        }
        while let Ok(mut ready) = ready!(watched.poll_read_ready(cx)) {
            if ready.ready().is_read_closed() {
                break;
            }
            self.unread = Unread::Perhaps;
            ready.clear_ready();
        }
        self.take_back();
        Poll::Ready(())
    }

    fn poll_opened(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if let Client::Absent(Look::Now) = self.client {
                if self.master.was_visited()? {
                    return Poll::Ready(self.admit());
                }
                self.client = Client::Absent(Look::AfterKnock);
            }
            ready!(self.vigil.poll_opened(cx));
            self.client = Client::Absent(Look::Now);
        }
    }

    fn admit(&mut self) -> io::Result<()> {
        self.client = Client::Present(Watched::new(Arc::clone(&self.master.fd))?);
        self.settle();
        self.refresh()
    }

    /// Whoever is there now is the client.
    fn settle(&self) {
        self.vigil.settle(|| self.master.is_open().unwrap_or(true));
    }

    /// Whether those whom the caller knows have all gone, and others have come.
    fn presence(&self, cx: &mut Context<'_>) -> Presence {
        let heard = self.vigil.presence(cx);
        // The kernel also tells of closings by those who never opened it for use.
        if heard == Presence::Left && self.master.is_open().unwrap_or(false) {
            self.vigil.correct();
            return Presence::Known;
        }
        heard
    }

    /// One step with a client present; `None` when there is nothing to tell of it.
    fn poll_client(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<Option<PtyEvent>>> {
        if let Some(calm) = &mut self.calm
            && calm.as_mut().poll(cx).is_ready()
        {
            self.calm = None;
            self.master.attend()?;
            self.refresh()?;
        }
        // What was written before B0 still counts, but the kernel tells of B0 first.
        if self.settings != self.told && !self.settings.hung_up {
            return self.tell_settings();
        }
        if self.succession == Succession::None && self.presence(cx) == Presence::Others {
            self.succeed()?;
            return Poll::Ready(Ok(Some(PtyEvent::Replaced)));
        }
        let Client::Present(watched) = &self.client else { return Poll::Ready(Ok(None)) };
        let mut announced = match self.unread {
            Unread::Announced => Some(ready!(watched.poll_read_ready(cx))?),
            Unread::Perhaps => None,
        };
        let is_closed = announced.as_ref().is_some_and(|ready| ready.ready().is_read_closed());
        // What a newcomer has written must not be answered before he is known: the answer would go with what was left
        // for his predecessors.
        self.vigil.listen();
        if self.succession == Succession::None
            && (is_closed && self.master.is_open()? || self.presence(cx) == Presence::Others)
        {
            self.succeed()?;
            return Poll::Ready(Ok(Some(PtyEvent::Replaced)));
        }
        // Who writes behind a B0 has hung nothing up: gammu sets it where others set a speed, and no speed after it.
        if self.told.hung_up && self.master.holds_data()? {
            self.cleaned(self.master.revive(self.settings.speed));
            self.refresh()?;
            // Even if the terminal keeps it: asking again would not end.
            self.settings.hung_up = false;
            return Poll::Ready(Ok(None));
        }
        match self.master.read_packet(buf)? {
            Packet::Data(first) => {
                let (length, behind) = match self.attention {
                    Attention::OnData | Attention::Lapsed => (first, Behind::Settings),
                    Attention::ToldByKernel => self.master.gather(buf, first),
                };
                match (behind, &mut announced) {
                    // What comes next is announced: asking for it now would find nothing, which only matters
                    // to settings that wait for the end of the data.
                    (Behind::Nothing, Some(ready)) if self.settings == self.told => {
                        ready.clear_ready();
                    }
                    (Behind::Settings, _) => self.refresh()?,
                    (Behind::Nothing | Behind::Anything, _) => {}
                }
                self.room = Room::Perhaps;
                return Poll::Ready(Ok(Some(PtyEvent::Data(length))));
            }
            Packet::Settings => self.refresh()?,
            Packet::Other => {}
            Packet::Empty if self.settings != self.told => return self.tell_settings(),
            Packet::Empty if is_closed || self.succession == Succession::Cleared => {
                // All have closed, and somebody has opened it since.
                self.client = Client::Absent(Look::Now);
                self.unread = Unread::Announced;
                self.calm = None;
                self.take_back();
                if replace(&mut self.succession, Succession::None) == Succession::None {
                    self.cleaned(self.discard_unread());
                }
                return Poll::Ready(Ok(Some(PtyEvent::Closed)));
            }
            Packet::Empty => match &mut announced {
                Some(ready) => ready.clear_ready(),
                None => self.unread = Unread::Announced,
            },
            Packet::Closed => {
                self.client = Client::Absent(Look::Now);
                self.unread = Unread::Announced;
                self.calm = None;
                self.succession = Succession::None;
                self.settings = ClientSettings { hung_up: false, ..self.settings };
                self.take_back();
                self.cleaned(self.discard_unread());
                self.cleaned(self.master.tidy(self.settings.speed));
                self.cleaned(self.master.swallow_control());
                self.settle();
                return Poll::Ready(Ok(Some(PtyEvent::Closed)));
            }
        }
        Poll::Ready(Ok(None))
    }

    /// All have closed, and somebody has opened it since. What was his predecessors' goes before anything
    /// of his is answered: cleared away later, it would take the answer with it.
    fn succeed(&mut self) -> io::Result<()> {
        self.succession = Succession::Cleared;
        // Nothing is announced of an opening: reading tells when all that was written before has been read.
        self.unread = Unread::Perhaps;
        self.take_back();
        self.cleaned(self.discard_unread());
        self.cleaned(self.master.revive(self.settings.speed));
        self.settle();
        self.refresh()?;
        // Even if the terminal keeps the B0: it is not the newcomer's, and asking again would not end.
        self.settings.hung_up = false;
        Ok(())
    }

    fn discard_unread(&self) -> io::Result<()> {
        let slave = self.vigil.enter(|| self.master.open_slave())?;
        self.master.discard_unread(&slave)
    }

    /// A terminal that can't be cleaned up, for want of a descriptor say, is closed all the same.
    fn cleaned(&self, result: io::Result<()>) {
        if let Err(error) = result {
            tracing::warn!(terminal = %self.slave().display(), %error, "something stale may be left");
        }
    }

    fn tell_settings(&mut self) -> Poll<io::Result<Option<PtyEvent>>> {
        self.told = self.settings;
        Poll::Ready(Ok(Some(PtyEvent::Settings(self.settings))))
    }

    fn refresh(&mut self) -> io::Result<()> {
        let before = self.settings;
        (self.settings, self.attention) = self.master.settings(self.settings.speed)?;
        if self.attention != Attention::Lapsed {
            self.calm = None;
        } else if self.calm.is_none() || self.settings != before {
            self.calm = Some(Box::pin(sleep(SETTINGS_CALM)));
        }
        Ok(())
    }
}

/// Keeps a terminal until its client has read everything or is gone.
async fn farewell(master: Master) {
    let mut calm = 0;
    while calm < FAREWELL_CALM {
        calm = if master.is_unread().unwrap_or(false) { 0 } else { calm + 1 };
        tokio::time::sleep(FAREWELL_LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::task::Waker;

    use super::*;

    #[tokio::test]
    async fn what_was_taken_is_told_though_the_reactor_will_not_have_the_terminal_again() {
        let mut end = PtyEnd::open(PtyOptions::default(), &OpenWatch::new().unwrap()).unwrap();
        let mut client = std::fs::File::from(end.master.open_slave().unwrap());
        end.client = Client::Present(Watched::refused());
        let (mut cx, data) = (Context::from_waker(Waker::noop()), [b'x'; 64 * 1024]);
        let Poll::Ready(Ok(taken)) = end.poll_write(&mut cx, &data) else { panic!("taken") };
        assert!((1..data.len()).contains(&taken), "{taken}");
        assert!(matches!(end.poll_write(&mut cx, &data), Poll::Ready(Err(_))));
        let (mut heard, mut buf) = (0, [0; 4096]);
        while heard < taken {
            match client.read(&mut buf) {
                Ok(count) => heard += count,
                // Still on its way.
                Err(_) => std::thread::yield_now(),
            }
        }
        assert_eq!(heard, taken);
    }
}
