//! The launcher's side: one thread, which waits for messages and for programs' ends.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, WaitOptions, getpid, pidfd_open, set_child_subreaper, setsid, wait,
};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};

use super::descriptors::{self, hand_over};
use super::post::{Packet, receive, send};
use super::reach::Processes;
use super::ward::{Ward, Word};
use super::wire::{Kind, LONGEST_REQUEST, Number, Reply, Request};
use crate::limits::{
    KILL_PATIENCE, LAUNCHED_PROGRAMS, LAUNCHER_COMPLAINTS, ORPHANS_LOOK, REQUESTS,
};
use crate::program::{Bond, Grace, Program, User};

/// What may be started, and how.
pub trait Rules {
    /// What the launcher is to start for an order, or why it is not.
    fn launch(&mut self, order: &[u8]) -> Result<Launch, String>;

    /// Reads anew what may be started; after an error all is as it was.
    fn reload(&mut self) -> Result<(), String>;

    /// How programs are ended when their front has gone.
    fn grace(&self) -> Grace;
}

/// A program, and whom it is to run as.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program. Who, and on what, it says itself doesn't count.
    pub program: Program,
    /// Its user.
    pub user: User,
}

/// Starts programs for the front at the other end of `socket`, whose user id is `front`, until that end
/// is closed; then hangs up what is left.
///
/// Makes the whole process a launcher: it leaves its terminal, keeps only those capabilities that
/// programs of other users need, and waits for every orphan of a program. Must be called in a process
/// with one thread.
///
/// # Errors
/// The process can't be made one, or the system has no event queue.
pub fn serve(socket: &OwnedFd, front: u32, rules: &mut impl Rules) -> io::Result<()> {
    become_launcher()?;
    let mut server = Server::new(socket, front, rules)?;
    server.say(&Reply::Ready);
    server.run()
}

/// Tells the front why there is no launcher.
pub fn decline(socket: &OwnedFd, why: &str) {
    // Whoever doesn't read it sees that we end.
    let _ = send(socket, &Reply::NotReady { why }.to_bytes(), &[]);
}

fn become_launcher() -> io::Result<()> {
    // Leads a session already where it was started from nothing else.
    let _ = setsid();
    set_child_subreaper(Some(getpid()))?;
    let kept = CapabilitySet::SETUID
        | CapabilitySet::SETGID
        // Signals to programs of others.
        | CapabilitySet::KILL
        // Terminals.
        | CapabilitySet::CHOWN
        // Limits above our own.
        | CapabilitySet::SYS_RESOURCE;
    let held = rustix::thread::capabilities(None)?.permitted;
    let kept = kept & held;
    let none = CapabilitySet::empty();
    Ok(set_capabilities(
        None,
        CapabilitySets { effective: kept, permitted: kept, inheritable: none },
    )?)
}

/// What the socket is called among the events; programs are called by their numbers.
const SOCKET: u64 = u64::MAX;

struct Server<'a, R> {
    socket: &'a OwnedFd,
    front: u32,
    rules: &'a mut R,
    events: OwnedFd,
    wards: HashMap<Number, Ward>,
    /// Those of them that wait for a time: few, and looked through at each turn.
    timed: HashSet<Number>,
    /// Whose process that is, with what tells of its end.
    leaders: HashMap<Pid, (Number, OwnedFd)>,
    processes: Processes,
    /// What the front hasn't taken. While there is something, nothing is read.
    unsent: VecDeque<Vec<u8>>,
    complaints: u32,
    front_is: Front,
    listens_for: epoll::EventFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Front {
    There,
    /// Gone; nobody waits longer than that.
    Gone {
        until: Instant,
    },
}

impl<'a, R: Rules> Server<'a, R> {
    fn new(socket: &'a OwnedFd, front: u32, rules: &'a mut R) -> io::Result<Self> {
        let events = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&events, socket, epoll::EventData::new_u64(SOCKET), epoll::EventFlags::IN)?;
        Ok(Self {
            socket,
            front,
            rules,
            events,
            wards: HashMap::new(),
            timed: HashSet::new(),
            leaders: HashMap::new(),
            processes: Processes::default(),
            unsent: VecDeque::new(),
            complaints: 0,
            front_is: Front::There,
            listens_for: epoll::EventFlags::IN,
        })
    }

    fn run(&mut self) -> io::Result<()> {
        let mut buf = vec![0; LONGEST_REQUEST];
        loop {
            let heard = self.wait()?;
            self.bury();
            if heard && self.front_is == Front::There {
                self.flush()?;
                self.listen(&mut buf)?;
            }
            self.tick();
            self.processes.sweep_all();
            if self.is_over() {
                return Ok(());
            }
        }
    }

    /// Waits for something to happen; whether it is on the socket.
    fn wait(&mut self) -> io::Result<bool> {
        let mut events = Vec::with_capacity(64);
        let now = Instant::now();
        let left = self.deadline().map(|deadline| deadline.saturating_duration_since(now));
        // The system's call counts milliseconds, and would wake too early.
        let left = left.map(|left| left + Duration::from_millis(1));
        let left = left.map(Timespec::try_from).transpose().map_err(io::Error::other)?;
        match epoll::wait(&self.events, rustix::buffer::spare_capacity(&mut events), left.as_ref())
        {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(events.iter().any(|event| event.data.u64() == SOCKET))
    }

    fn deadline(&self) -> Option<Instant> {
        let wards = self.timed.iter().filter_map(|number| self.wards.get(number)?.deadline());
        let patience = match self.front_is {
            Front::There => None,
            Front::Gone { until } => Some(until),
        };
        // Nobody tells of the ends of programs' orphans.
        let orphans = (!self.wards.is_empty()).then(|| Instant::now() + ORPHANS_LOOK);
        wards.chain(patience).chain(orphans).min()
    }

    /// Buries the dead: programs, and whatever they have left to us.
    fn bury(&mut self) {
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            let Some((number, _)) = self.leaders.remove(&pid) else { continue };
            let now = Instant::now();
            self.attend(number, |ward, processes| ward.ended(status.as_raw(), now, processes));
        }
    }

    fn tick(&mut self) {
        let now = Instant::now();
        let due = |number: &Number| {
            let deadline = self.wards.get(number).and_then(Ward::deadline);
            deadline.is_none_or(|deadline| deadline <= now)
        };
        let due: Vec<Number> = self.timed.iter().copied().filter(due).collect();
        for number in due {
            self.attend(number, |ward, processes| ward.tick(now, processes));
        }
    }

    fn attend(&mut self, number: Number, act: impl FnOnce(&mut Ward, &mut Processes) -> Word) {
        let Some(ward) = self.wards.get_mut(&number) else {
            self.timed.remove(&number);
            return;
        };
        let word = act(ward, &mut self.processes);
        match ward.deadline() {
            Some(_) => self.timed.insert(number),
            None => self.timed.remove(&number),
        };
        self.pass_on(number, word);
    }

    fn pass_on(&mut self, number: Number, word: Word) {
        match word {
            Word::Nothing => {}
            Word::Ended(status) => self.say(&Reply::Ended { number, status }),
            Word::Gone(status) => {
                self.wards.remove(&number);
                self.timed.remove(&number);
                self.say(&Reply::Gone { number, status });
            }
        }
    }

    fn is_over(&self) -> bool {
        match self.front_is {
            Front::There => false,
            Front::Gone { until } => self.wards.is_empty() || until <= Instant::now(),
        }
    }

    /// Reads what the front wants, a few messages at a time: programs end meanwhile.
    fn listen(&mut self, buf: &mut [u8]) -> io::Result<()> {
        for _ in 0..REQUESTS {
            if !self.unsent.is_empty() || self.front_is != Front::There {
                return Ok(());
            }
            match receive(self.socket, buf)? {
                Packet::Empty => return Ok(()),
                Packet::End => self.hang_all_up()?,
                Packet::TooMuch => self.complain("a message that is too long, or brings too much"),
                Packet::Whole(length, descriptors) => self.obey(&buf[..length], descriptors),
            }
        }
        Ok(())
    }

    fn obey(&mut self, message: &[u8], descriptors: Vec<OwnedFd>) {
        let Ok(request) = Request::of(message) else {
            return self.complain("a message that makes no sense");
        };
        if !descriptors.is_empty() && !matches!(request, Request::Start { .. }) {
            return self.complain("descriptors that nothing is to be done with");
        }
        let now = Instant::now();
        match request {
            Request::Start { number, kind, order } => self.start(number, kind, order, descriptors),
            Request::Signal { number, signal } => self.attend(number, |ward, processes| {
                ward.signal(signal, processes);
                Word::Nothing
            }),
            Request::HangUp { number, grace, foreground } => {
                self.attend(number, |ward, processes| {
                    ward.hang_up(grace, foreground, now, processes)
                });
            }
            Request::LetGo { number } => self.attend(number, Ward::let_go),
            Request::Reload { number } => match self.rules.reload() {
                Ok(()) => self.say(&Reply::Reloaded { number }),
                Err(why) => self.say(&Reply::NotReloaded { number, why: &why }),
            },
        }
    }

    fn start(&mut self, number: Number, kind: Kind, order: &[u8], descriptors: Vec<OwnedFd>) {
        match self.try_to_start(number, kind, order, descriptors) {
            Ok(pid) => self.say(&Reply::Started { number, pid }),
            Err(why) => self.say(&Reply::NotStarted { number, why: &why }),
        }
    }

    fn try_to_start(
        &mut self,
        number: Number,
        kind: Kind,
        order: &[u8],
        descriptors: Vec<OwnedFd>,
    ) -> Result<Pid, String> {
        if number == SOCKET || self.wards.contains_key(&number) {
            self.complain("a number that is taken");
            return Err("its number is taken".into());
        }
        if self.wards.len() >= LAUNCHED_PROGRAMS {
            return Err(format!("{LAUNCHED_PROGRAMS} programs are running, and no more may"));
        }
        let streams = descriptors::streams(kind, descriptors, self.front).map_err(|odd| {
            self.complain(odd.0);
            odd.0.to_owned()
        })?;
        let Launch { program, user } = self.rules.launch(order)?;
        hand_over(&streams, &user)
            .map_err(|error| format!("its terminal can't be given to {}: {error}", user.name))?;
        let pid = program
            .execute(Some(&user), streams, Bond::Parent(getpid()))
            .map_err(|error| error.to_string())?;
        if let Err(error) = self.watch(number, pid) {
            self.processes.kill_unwatched(pid);
            return Err(format!("its end can't be watched for: {error}"));
        }
        self.wards.insert(number, Ward::new(pid));
        Ok(pid)
    }

    fn watch(&mut self, number: Number, pid: Pid) -> rustix::io::Result<()> {
        let end = pidfd_open(pid, PidfdFlags::empty())?;
        let name = epoll::EventData::new_u64(number);
        epoll::add(&self.events, &end, name, epoll::EventFlags::IN)?;
        self.leaders.insert(pid, (number, end));
        Ok(())
    }

    fn hang_all_up(&mut self) -> io::Result<()> {
        epoll::delete(&self.events, self.socket)?;
        let (now, grace) = (Instant::now(), self.rules.grace());
        self.front_is = Front::Gone { until: now + grace.hup + grace.term + KILL_PATIENCE };
        self.unsent.clear();
        if !self.wards.is_empty() {
            let programs = self.wards.len();
            tracing::warn!(
                programs,
                "the process that programs were started for has ended; hanging them up"
            );
        }
        let all: Vec<Number> = self.wards.keys().copied().collect();
        for number in all {
            self.attend(number, |ward, processes| ward.hang_up(grace, None, now, processes));
        }
        Ok(())
    }

    fn say(&mut self, reply: &Reply<'_>) {
        if self.front_is == Front::There {
            self.unsent.push_back(reply.to_bytes());
            // What goes wrong for good shows at the next read.
            let _ = self.flush();
        }
    }

    /// Sends what waits, as far as the front takes it.
    fn flush(&mut self) -> io::Result<()> {
        while let Some(message) = self.unsent.front() {
            match send(self.socket, message, &[]) {
                Ok(true) => drop(self.unsent.pop_front()),
                Ok(false) => return self.listen_for(epoll::EventFlags::OUT),
                // It has gone, which the next read tells.
                Err(_) => self.unsent.clear(),
            }
        }
        self.listen_for(epoll::EventFlags::IN)
    }

    /// What of the socket is to wake us: room for our words while there are some, otherwise messages.
    fn listen_for(&mut self, events: epoll::EventFlags) -> io::Result<()> {
        if self.listens_for != events {
            let name = epoll::EventData::new_u64(SOCKET);
            epoll::modify(&self.events, self.socket, name, events)?;
            self.listens_for = events;
        }
        Ok(())
    }

    /// Only a front that has been taken over says such things. It may not fill the log with them.
    fn complain(&mut self, about: &str) {
        self.complaints = self.complaints.saturating_add(1);
        if self.complaints < LAUNCHER_COMPLAINTS {
            tracing::error!("refused: {about}");
        } else if self.complaints == LAUNCHER_COMPLAINTS {
            tracing::error!("refused: {about}; what is refused from now on is not told");
        }
    }
}
