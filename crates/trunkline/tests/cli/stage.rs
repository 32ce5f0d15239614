//! Running instances for the tests: each in a folder of its own, ended with the test.

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tempfile::TempDir;

/// Longest wait for anything; a machine with eight builds on two cores is slow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The program under test, with an environment that holds nothing of this machine.
pub(crate) fn trunkline(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    command.current_dir(folder).env_clear();
    command
        .env("XDG_RUNTIME_DIR", folder)
        // Root's own would be the machine's.
        .env("STATE_DIRECTORY", folder.join("state-of-this-test"))
        .env("PATH", "/usr/bin:/bin");
    command
}

/// A folder with a configuration, and perhaps an instance that runs it.
pub(crate) struct Stage {
    pub(crate) folder: TempDir,
    instance: Option<Instance>,
}

struct Instance {
    child: Child,
    log: Receiver<String>,
    seen: Vec<String>,
}

/// The exchange of most tests: an account `guest`, password `secret`, whose program is `program`.
pub(crate) fn exchange(program: &str) -> String {
    format!(
        "[exchange]\nroot-programs = \"allow\"\n[[exchange.listen]]\naddress = \"127.0.0.1:0\"\n\
         [[account]]\nname = \"guest\"\npassword = \"file:password\"\nprogram = [{program}]\non = \"pipe\"\n"
    )
}

impl Stage {
    /// A folder with this `trunkline.toml`.
    pub(crate) fn new(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stage = Self { folder, instance: None };
        stage.write("trunkline.toml", configuration);
        stage.write("password", "secret\n");
        stage
    }

    /// Writes a file; its owner's alone, so that it may hold a password.
    pub(crate) fn write(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts `trunkline run`, and waits until it is ready.
    pub(crate) fn run(configuration: &str) -> Self {
        let mut stage = Self::new(configuration);
        stage.start(&["run", "--log", "debug"]);
        stage
    }

    /// Starts a command that stays, and waits until it is ready.
    pub(crate) fn start(&mut self, args: &[&str]) {
        self.start_command(trunkline(self.folder.path()).args(args));
        self.wait_for("ready: ");
    }

    pub(crate) fn start_command(&mut self, command: &mut Command) {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, log) = channel();
        thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        self.instance = Some(Instance { child, log, seen: Vec::new() });
    }

    /// Starts an instance to which a limit on the length of its files is a full disk; what this gives sets the limit.
    pub(crate) fn start_on_a_disk_that_fills(&mut self) -> impl Fn(Option<u64>) + use<> {
        let usual = trunkline(self.folder.path());
        let mut shell = Command::new("/bin/sh");
        // Without the trap the system would end the process instead.
        shell.args(["-c", "trap '' XFSZ; exec \"$0\" run --log debug"]).arg(usual.get_program());
        shell.current_dir(self.folder.path()).env_clear();
        shell.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.start_command(&mut shell);
        self.wait_for("ready: ");
        let pid = Pid::from_child(self.child());
        move |most| {
            let limit = Rlimit { current: most, maximum: None };
            prlimit(Some(pid), Resource::Fsize, limit).unwrap();
        }
    }

    /// Waits for a line of the log from now on that contains `text`; gives the part after it.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let instance = self.instance.as_mut().expect("an instance");
        let end = Instant::now() + PATIENCE;
        loop {
            let line =
                match instance.log.recv_timeout(end.saturating_duration_since(Instant::now())) {
                    Ok(line) => line,
                    Err(why) => {
                        let how = if why == RecvTimeoutError::Timeout {
                            "not said in time"
                        } else {
                            "it ended"
                        };
                        panic!("`{text}`: {how}; the log:\n{}", instance.seen.join("\n"));
                    }
                };
            instance.seen.push(line.clone());
            if let Some((_, rest)) = line.split_once(text) {
                return rest.to_owned();
            }
        }
    }

    /// The first line of the log so far that contains `text`: the part after it.
    pub(crate) fn said(&self, text: &str) -> String {
        let seen = &self.instance.as_ref().expect("an instance").seen;
        let after = seen.iter().find_map(|line| Some(line.split_once(text)?.1.to_owned()));
        after.unwrap_or_else(|| panic!("`{text}` is not in the log:\n{}", seen.join("\n")))
    }

    /// What the log has said so far, as far as somebody has waited for it.
    #[cfg(feature = "translator")]
    pub(crate) fn log(&self) -> String {
        self.instance.as_ref().expect("an instance").seen.join("\n")
    }

    /// Where the exchange listens.
    pub(crate) fn exchange(&self) -> SocketAddr {
        self.said("an exchange at ").parse().unwrap()
    }

    /// Runs another command beside the instance.
    pub(crate) fn command(&self, args: &[&str]) -> Output {
        trunkline(self.folder.path()).args(args).output().unwrap()
    }

    /// What a command beside the instance prints; it must succeed.
    pub(crate) fn ask(&self, args: &[&str]) -> String {
        let output = self.command(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Asks until the answer contains `text`: what one task has done, another may not have noticed yet.
    pub(crate) fn ask_until(&self, args: &[&str], text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask(args);
            if answer.contains(text) {
                return answer;
            }
            assert!(Instant::now() < end, "{args:?} never says `{text}`:\n{answer}");
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let child = &self.instance.as_ref().expect("an instance").child;
        kill_process(Pid::from_child(child), signal).unwrap();
    }

    /// Ends the instance as a service manager does.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended()
    }

    /// Waits until the instance has ended.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let instance = self.instance.as_mut().expect("an instance");
        let end = Instant::now() + PATIENCE;
        // The log ends when the process does.
        while let Ok(line) =
            instance.log.recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            instance.seen.push(line);
        }
        assert!(Instant::now() < end, "it doesn't end; the log:\n{}", instance.seen.join("\n"));
        instance.child.wait().unwrap()
    }

    /// The instance's standard streams.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.instance.as_mut().expect("an instance").child
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // It has ended already, or must.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The equipment on a pseudo-terminal.
pub(crate) struct Equipment {
    fd: OwnedFd,
    heard: Vec<u8>,
}

impl Equipment {
    /// Opens the terminal as a program would, in raw mode.
    pub(crate) fn open(path: &Path) -> Self {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut termios = tcgetattr(&fd).unwrap();
        termios.make_raw();
        tcsetattr(&fd, OptionalActions::Now, &termios).unwrap();
        Self { fd, heard: Vec::new() }
    }

    /// Somebody at the keyboard and screen of a terminal, who is given its other end.
    pub(crate) fn person() -> (Self, OwnedFd) {
        use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let fd = openpt(flags).unwrap();
        grantpt(&fd).unwrap();
        unlockpt(&fd).unwrap();
        let terminal = ioctl_tiocgptpeer(&fd, flags).unwrap();
        (Self { fd, heard: Vec::new() }, terminal)
    }

    pub(crate) fn send(&self, text: &str) {
        self.send_bytes(text.as_bytes());
    }

    pub(crate) fn send_bytes(&self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = rustix::io::write(&self.fd, rest).unwrap();
            rest = &rest[count..];
        }
    }

    /// Reads so many bytes.
    pub(crate) fn read(&mut self, count: usize) -> Vec<u8> {
        let end = Instant::now() + PATIENCE;
        while self.heard.len() < count {
            let heard = self.hear(end);
            assert!(heard, "{count} bytes don't come; heard: {:?}", self.text());
        }
        let rest = self.heard.split_off(count);
        std::mem::replace(&mut self.heard, rest)
    }

    /// What comes within a tenth of a second.
    #[cfg(feature = "translator")]
    pub(crate) fn hears_soon(&mut self) -> Vec<u8> {
        self.hear(Instant::now() + Duration::from_millis(100));
        std::mem::take(&mut self.heard)
    }

    /// Writes what the terminal takes at once, and keeps what comes meanwhile; how much was written.
    pub(crate) fn write_some(&mut self, bytes: &[u8]) -> usize {
        let mut fds = [PollFd::new(&self.fd, PollFlags::IN | PollFlags::OUT)];
        let soon = Timespec { tv_sec: 1, tv_nsec: 0 };
        poll(&mut fds, Some(&soon)).unwrap();
        let ready = fds[0].revents();
        if ready.contains(PollFlags::IN) {
            self.hear(Instant::now() + PATIENCE);
        }
        if !ready.contains(PollFlags::OUT) || bytes.is_empty() {
            return 0;
        }
        rustix::io::write(&self.fd, &bytes[..bytes.len().min(256)]).unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.heard).into_owned()
    }

    /// Waits for bytes; whether some came in time.
    fn hear(&mut self, end: Instant) -> bool {
        let left = end.saturating_duration_since(Instant::now());
        let timeout = Timespec {
            tv_sec: left.as_secs().try_into().unwrap(),
            tv_nsec: left.subsec_nanos().into(),
        };
        let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
        if left.is_zero() || poll(&mut fds, Some(&timeout)).unwrap() == 0 {
            return false;
        }
        let mut chunk = [0; 4096];
        let count = rustix::io::read(&self.fd, &mut chunk).unwrap_or_default();
        self.heard.extend_from_slice(&chunk[..count]);
        count > 0
    }

    /// Reads until `text` has come; gives everything up to its end, and keeps the rest.
    pub(crate) fn expect(&mut self, text: &str) -> String {
        let heard = self.take_up_to(text, Instant::now() + PATIENCE);
        heard.unwrap_or_else(|| panic!("`{text}` doesn't come; heard: {:?}", self.text()))
    }

    /// Whether `text` comes in this time; everything up to its end is read then.
    #[cfg(feature = "wip")]
    pub(crate) fn hears_within(&mut self, text: &str, time: Duration) -> bool {
        self.take_up_to(text, Instant::now() + time).is_some()
    }

    /// Reads until what has come is such; otherwise what has come until then.
    #[cfg(feature = "wip")]
    pub(crate) fn hears_such(
        &mut self,
        end: Instant,
        is_such: impl Fn(&[u8]) -> bool,
    ) -> Result<(), Vec<u8>> {
        while !is_such(&self.heard) {
            if !self.hear(end) {
                return Err(std::mem::take(&mut self.heard));
            }
        }
        Ok(())
    }

    fn take_up_to(&mut self, text: &str, end: Instant) -> Option<String> {
        loop {
            if let Some(at) =
                self.heard.windows(text.len()).position(|window| window == text.as_bytes())
            {
                let rest = self.heard.split_off(at + text.len());
                let heard = std::mem::replace(&mut self.heard, rest);
                return Some(String::from_utf8_lossy(&heard).into_owned());
            }
            if !self.hear(end) {
                return None;
            }
        }
    }

    /// Sends a command and waits for its answer.
    pub(crate) fn command(&mut self, command: &str, answer: &str) {
        self.send(&format!("{command}\r"));
        self.expect(answer);
    }

    /// Dials the exchange and logs in as `guest`.
    pub(crate) fn log_in(&mut self, exchange: SocketAddr, name: &str, password: &str) {
        self.command(&format!("ATDT{exchange}"), "login: ");
        self.command(name, "Password: ");
        self.send(&format!("{password}\r"));
    }

    /// Shows that the program at the far end gives back what it is sent.
    pub(crate) fn echoed(&mut self, text: &str) {
        self.send(text);
        self.expect(text);
    }
}

/// A TCP caller that gives up after the usual patience.
pub(crate) fn call(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A TCP caller of the exchange who has said name and password.
pub(crate) fn logged_in(exchange: SocketAddr, name: &str, password: &str) -> TcpStream {
    let mut caller = call(exchange);
    for (prompt, said) in [("login: ", name), ("Password: ", password)] {
        hear(&mut caller, prompt);
        caller.write_all(format!("{said}\r").as_bytes()).unwrap();
    }
    hear(&mut caller, "\r\n");
    caller
}

/// Listens at a free port, and serves each who connects, as a device does.
pub(crate) fn listen(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Hears on until `text` has come, and takes nothing that comes after it.
pub(crate) fn hear(caller: &mut impl Read, text: &str) {
    let mut heard = Vec::new();
    while !heard.ends_with(text.as_bytes()) {
        let mut byte = [0];
        if let Err(error) = caller.read_exact(&mut byte) {
            panic!("`{text}` doesn't come: {error}: {}", String::from_utf8_lossy(&heard));
        }
        heard.push(byte[0]);
    }
}
