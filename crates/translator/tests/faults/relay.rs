//! A line of ours that is a module, behind a cable that does something else at one step.

use std::future::poll_fn;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use line::{Line, LineConfig, Personas, Switchboard};
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tty::{LockPolicy, OpenWatch, PtyEnd, PtyEvent, PtyOptions, Serial, SerialEvent, Settings};

use crate::far::Leave;
use crate::plan::{Fault, Plan};

/// What all modules of a test share: a user may watch but so many things at a time.
pub(crate) struct House {
    board: Switchboard,
    watch: OpenWatch,
    lines: AtomicUsize,
}

impl House {
    pub(crate) fn new() -> Arc<Self> {
        let board = Switchboard::new(Personas::built_in().unwrap(), None).unwrap();
        let watch = OpenWatch::new().unwrap();
        Arc::new(Self { board, watch, lines: AtomicUsize::new(0) })
    }
}

/// The cable, with the module at its end.
pub(crate) struct Relay {
    /// Our end's name.
    pub(crate) device: PathBuf,
    /// Written to, it switches the module's power.
    pub(crate) power: PathBuf,
    task: JoinHandle<()>,
    _folder: TempDir,
}

impl Relay {
    pub(crate) fn new(
        house: &Arc<House>,
        persona: &'static str,
        plan: &Plan,
        leave: watch::Sender<Option<Leave>>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [device, power, module] =
            ["device", "power", "module"].map(|name| folder.path().join(name));
        let options = PtyOptions { link: Some(device.clone()), ..PtyOptions::default() };
        let end = PtyEnd::open(options, &house.watch).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, &power, rustix::fs::Mode::RWXU).unwrap();
        let module = Module::start(Arc::clone(house), persona, module);
        let switch = switch(&power);
        let wire = Wire {
            end,
            module,
            plan: plan.clone(),
            leave,
            up: Vec::new(),
            down: Vec::new(),
            line: Vec::new(),
            mode: Mode::Command,
            answers: Answers::AsTheyCome,
        };
        let task = tokio::spawn(wire.run(switch));
        Self { device, power, task, _folder: folder }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Hears when somebody switches the power; it has its own writer, so that it never ends.
fn switch(path: &Path) -> pipe::Receiver {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let mut options = std::fs::OpenOptions::new();
    let file = options.read(true).write(true).custom_flags(flags).open(path).unwrap();
    pipe::Receiver::from_file_unchecked(file).unwrap()
}

/// The module: a line, and its port.
struct Module {
    house: Arc<House>,
    config: LineConfig,
    line: Line,
    port: Serial,
    path: PathBuf,
}

impl Module {
    fn start(house: Arc<House>, persona: &str, path: PathBuf) -> Self {
        let number = house.lines.fetch_add(1, Ordering::Relaxed);
        let config: LineConfig = toml::from_str(&format!(
            "name = \"module-{number}\"\npty = \"{}\"\npersona = \"{persona}\"\ninit = \"S12=3\"\n\
             gsm = {{ search-ms = 20, attach-ms = 20, restart-ms = 50, wopen-restart-ms = 50 }}",
            path.display()
        ))
        .unwrap();
        let line = house.board.start(config.clone()).unwrap();
        let port = open(&path);
        Self { house, config, line, port, path }
    }

    /// Its power goes off and on again.
    async fn restart(&mut self) {
        self.house.board.stop(self.line.name()).await;
        self.line = self.house.board.start(self.config.clone()).unwrap();
        self.port = open(&self.path);
    }
}

fn open(path: &Path) -> Serial {
    Serial::open(path, &Settings::default(), &LockPolicy::KernelOnly).unwrap()
}

struct Wire {
    end: PtyEnd,
    module: Module,
    plan: Plan,
    leave: watch::Sender<Option<Leave>>,
    /// On its way to the module.
    up: Vec<u8>,
    /// On its way from it.
    down: Vec<u8>,
    line: Vec<u8>,
    mode: Mode,
    answers: Answers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Command,
    /// Data begin with the next answer.
    Connecting,
    /// Data, of which none have passed yet.
    Connected,
    Stream,
    /// Data that the module doesn't hear any more.
    Deaf,
    /// Nothing is heard or said until the power is switched.
    Hung,
}

/// What becomes of what the module says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    AsTheyCome,
    Held(Instant),
    /// Noise is in front of the next.
    Garbled,
    /// Other lines are around and within them, until the next command.
    AmongOthers,
}

/// What happened.
enum Happened {
    /// We say this.
    Up(usize),
    /// The module says this.
    Down(usize),
    /// Something was passed on.
    Moved,
    /// The other end is gone.
    Over,
}

/// No more is kept than this: whoever says more waits.
const ROOM: usize = 4096;

const OTHERS: &[u8] = b"\r\n+WIND: 7\r\n\r\n+CREG: 1,\"178D\",\"1678\"\r\n\r\nRING\r\n";

impl Wire {
    async fn run(mut self, mut switch: pipe::Receiver) {
        let mut buf = [0; 4096];
        let mut pressed = [0];
        loop {
            let held = match self.answers {
                Answers::Held(until) => Some(until),
                _ => None,
            };
            let late = async {
                match held {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                happened = poll_fn(|cx| self.poll_wires(cx, &mut buf)) => match happened {
                    Happened::Up(count) => self.we_say(&buf[..count]).await,
                    Happened::Down(count) => self.it_says(&buf[..count]),
                    Happened::Moved => {}
                    Happened::Over => return,
                },
                () = late => self.answers = Answers::AsTheyCome,
                _ = switch.read(&mut pressed) => self.restart().await,
            }
        }
    }

    fn poll_wires(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Happened> {
        if !self.up.is_empty()
            && let Poll::Ready(count) = self.module.port.poll_write(cx, &self.up)
        {
            let Ok(count) = count else { return Poll::Ready(Happened::Over) };
            self.up.drain(..count);
            return Poll::Ready(Happened::Moved);
        }
        let held = matches!(self.answers, Answers::Held(_));
        if !held
            && !self.down.is_empty()
            && let Poll::Ready(count) = self.end.poll_write(cx, &self.down)
        {
            let Ok(count) = count else { return Poll::Ready(Happened::Over) };
            self.down.drain(..count);
            return Poll::Ready(Happened::Moved);
        }
        if self.up.len() < ROOM
            && let Poll::Ready(event) = self.end.poll_event(cx, buf)
        {
            return Poll::Ready(match event {
                Ok(PtyEvent::Data(count)) => Happened::Up(count),
                Ok(_) => Happened::Moved,
                Err(_) => Happened::Over,
            });
        }
        if self.down.len() < ROOM
            && let Poll::Ready(event) = self.module.port.poll_event(cx, buf)
        {
            return Poll::Ready(match event {
                Ok(SerialEvent::Data(count)) => Happened::Down(count),
                Ok(SerialEvent::Lost) | Err(_) => Happened::Over,
                Ok(_) => Happened::Moved,
            });
        }
        Poll::Pending
    }

    async fn restart(&mut self) {
        self.mode = Mode::Command;
        self.answers = Answers::AsTheyCome;
        self.line.clear();
        self.up.clear();
        self.module.restart().await;
        self.down.extend(b"\0\xff\r\n");
    }

    /// What has nothing to do with how a command is answered. Whether the step is taken all the same.
    async fn happens(&mut self, fault: Option<Fault>) -> bool {
        match fault {
            Some(Fault::Reboots) => {
                self.restart().await;
                return false;
            }
            Some(Fault::Hangs) => {
                self.mode = Mode::Hung;
                return false;
            }
            Some(Fault::Unplugs) => self.end.hang_up(Duration::ZERO).unwrap(),
            Some(Fault::LosesBearer) => self.module.line.hang_up(),
            Some(Fault::FarResets) => drop(self.leave.send(Some(Leave::Reset))),
            Some(Fault::FarCloses) => drop(self.leave.send(Some(Leave::Close))),
            Some(Fault::Late) => {
                self.answers = Answers::Held(Instant::now() + Duration::from_secs(2));
            }
            _ => {}
        }
        true
    }

    async fn we_say(&mut self, bytes: &[u8]) {
        match self.mode {
            Mode::Hung => {}
            Mode::Connected | Mode::Stream | Mode::Deaf => self.data(bytes).await,
            Mode::Command | Mode::Connecting => {
                for byte in bytes {
                    self.line.push(*byte);
                    if *byte == b'\r' {
                        self.command().await;
                    }
                }
            }
        }
    }

    /// Data for the far end, or an escape from them.
    async fn data(&mut self, bytes: &[u8]) {
        let escapes = bytes == b"+++";
        let fault = match self.mode {
            Mode::Stream | Mode::Deaf if !escapes => None,
            _ => self.plan.step(),
        };
        if self.mode == Mode::Connected {
            self.mode = Mode::Stream;
        }
        if !self.happens(fault).await {
            return;
        }
        match (fault, escapes) {
            (Some(Fault::Silent), true) => {}
            (Some(Fault::Silent), false) => self.mode = Mode::Deaf,
            (_, true) => {
                self.mode = Mode::Command;
                self.up.extend(bytes);
            }
            _ if self.mode == Mode::Deaf => {}
            _ => self.up.extend(bytes),
        }
    }

    async fn command(&mut self) {
        let line = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        // What an escape has left in front of it is no part of a command.
        let Some(begin) = text.find("AT") else { return self.up.extend(&line) };
        let command = &text[begin..];
        self.mode = Mode::Command;
        if self.answers == Answers::AmongOthers {
            self.answers = Answers::AsTheyCome;
        }
        let fault = self.plan.step();
        if !self.happens(fault).await {
            return;
        }
        match fault {
            Some(Fault::Silent) => return,
            Some(Fault::Refuses) => return self.down.extend(b"\r\nERROR\r\n"),
            Some(Fault::Garbled) => self.answers = Answers::Garbled,
            Some(Fault::Chatters) => self.answers = Answers::AmongOthers,
            Some(Fault::Echoes) => {
                self.down.extend(command.as_bytes());
                // And from here on it does so itself.
                self.up.extend(format!("ATE1{}", &command[2..]).bytes());
                return;
            }
            _ => {}
        }
        if command.starts_with("AT+WIPDATA=") || command.starts_with("AT#OTCP") {
            self.mode = Mode::Connecting;
        }
        self.up.extend(&line);
    }

    fn it_says(&mut self, bytes: &[u8]) {
        if self.mode == Mode::Hung {
            return;
        }
        let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        let connects = has("CONNECT\r\n") || has("Ok_Info_WaitingForData\r\n");
        if self.mode == Mode::Connecting && connects {
            self.mode = Mode::Connected;
        }
        let ends = has("\x03\r\n+CME ERROR") || has("Ok_Info_SocketClosed\r\n");
        if matches!(self.mode, Mode::Connected | Mode::Stream | Mode::Deaf) && ends {
            self.mode = Mode::Command;
        }
        let is_data = matches!(self.mode, Mode::Connected | Mode::Stream | Mode::Deaf) && !connects;
        match self.answers {
            _ if is_data => self.down.extend(bytes),
            Answers::AsTheyCome | Answers::Held(_) => self.down.extend(bytes),
            Answers::Garbled => {
                self.answers = Answers::AsTheyCome;
                self.down.extend((0..=255).cycle().take(700));
                self.down.extend(b"\r\n");
                self.down.extend(bytes);
            }
            Answers::AmongOthers => {
                self.down.extend(OTHERS);
                let mut rest = bytes;
                // Where data begin, nothing but data come.
                while let Some(at) = rest.windows(4).position(|window| window == b"\r\n\r\n")
                    && !connects
                {
                    let (line, behind) = rest.split_at(at + 2);
                    self.down.extend(line);
                    self.down.extend(OTHERS);
                    rest = behind;
                }
                self.down.extend(rest);
                if !connects {
                    self.down.extend(OTHERS);
                }
            }
        }
    }
}
