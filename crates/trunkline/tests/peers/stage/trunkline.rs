//! The program under test: a configuration, and the running instance.

use std::fmt::Write;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::{Log, PATIENCE, Process, Stage, Wire, command};

/// An account of the exchange.
pub(crate) struct Account<'a> {
    pub(crate) name: &'a str,
    pub(crate) password: &'a str,
    pub(crate) program: &'a Path,
    /// `pty` or `pipe`.
    pub(crate) on: &'a str,
    /// More keys of its table, as TOML.
    pub(crate) more: &'a str,
}

impl<'a> Account<'a> {
    /// The account most tests log in at.
    pub(crate) fn site(program: &'a Path) -> Self {
        Self { name: "site", password: "secret", program, on: "pty", more: "" }
    }
}

/// A configuration that grows.
pub(crate) struct Setting<'a> {
    stage: &'a Stage,
    exchange: String,
    accounts: String,
    lines: String,
    phonebook: String,
}

impl<'a> Setting<'a> {
    /// Nothing at all.
    pub(crate) fn new(stage: &'a Stage) -> Self {
        let [exchange, accounts, lines, phonebook] = Default::default();
        Self { stage, exchange, accounts, lines, phonebook }
    }

    /// An exchange that listens here for machines.
    pub(crate) fn exchange(self, address: SocketAddr) -> Self {
        self.exchange_for("machine", address)
    }

    /// An exchange that listens here for callers of this kind.
    pub(crate) fn exchange_for(mut self, profile: &str, address: SocketAddr) -> Self {
        // The tests run as whoever runs them, and mostly that is root.
        self.exchange = format!(
            "[exchange]\nroot-programs = \"allow\"\n\n\
             [[exchange.listen]]\naddress = \"{address}\"\nprofile = \"{profile}\"\n"
        );
        self
    }

    /// An exchange that listens here for callers over SSH, among others; more of its table as TOML.
    pub(crate) fn exchange_over_ssh(mut self, address: SocketAddr, more: &str) -> Self {
        self.exchange = format!(
            "[exchange]\nroot-programs = \"allow\"\n{more}\n\
             [[exchange.listen]]\naddress = \"{address}\"\naccept = [\"ssh\", \"telnet\", \"raw\"]\n\n"
        );
        self
    }

    /// More keys of the listener's table, as TOML.
    pub(crate) fn listening(mut self, more: &str) -> Self {
        let _ = writeln!(self.exchange, "{more}");
        self
    }

    /// An account.
    pub(crate) fn account(mut self, account: &Account<'_>) -> Self {
        let Account { name, password, program, on, more } = account;
        let secret = self.stage.write(&format!("{name}.password"), password);
        std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .expect("our own file");
        let _ = writeln!(
            self.accounts,
            "[[account]]\nname = \"{name}\"\npassword = \"file:{}\"\nprogram = [\"{}\"]\non = \"{on}\"\n{more}\n",
            secret.display(),
            program.display(),
        );
        self
    }

    /// A line whose equipment opens the pty `name` in the test's folder; more keys of its table as TOML.
    pub(crate) fn line(mut self, name: &str, more: &str) -> Self {
        // Some clients drop root's rights before they open the line.
        let link = self.stage.path(name);
        let _ = writeln!(
            self.lines,
            "[[line]]\nname = \"{name}\"\npty = {{ link = \"{}\", mode = \"666\" }}\n{more}\n",
            link.display(),
        );
        self
    }

    /// A line whose equipment connects to this address.
    pub(crate) fn tcp_line(mut self, name: &str, address: SocketAddr) -> Self {
        let _ = writeln!(self.lines, "[[line]]\nname = \"{name}\"\ntcp = \"{address}\"\n");
        self
    }

    /// A line on a pty, with callers at this address.
    pub(crate) fn answering_line(self, name: &str, address: SocketAddr, more: &str) -> Self {
        self.line(name, &format!("listen = \"{address}\"\n{more}"))
    }

    /// Tables as they stand in a file.
    pub(crate) fn tables(mut self, tables: &str) -> Self {
        self.lines.push_str(tables);
        self
    }

    /// A real modem, which is the line on the pty `line`; more keys of its table as TOML.
    pub(crate) fn modem(mut self, name: &str, line: &str, more: &str) -> Self {
        let device = self.stage.path(line);
        let locks = self.stage.folder("locks");
        let locks = match more.contains("lock-folder") {
            true => String::new(),
            false => format!("lock-folder = \"{}\"\n", locks.display()),
        };
        let _ = writeln!(
            self.lines,
            "[[modem]]\nname = \"{name}\"\ndevice = \"{}\"\n{locks}{more}\n",
            device.display(),
        );
        self
    }

    /// An entry of the phonebook, its value as TOML.
    pub(crate) fn phone(mut self, number: &str, listing: &str) -> Self {
        let _ = writeln!(self.phonebook, "\"{number}\" = {listing}");
        self
    }

    /// Writes the configuration and starts an instance with it.
    pub(crate) fn run(self) -> Trunkline {
        self.run_as(command(env!("CARGO_BIN_EXE_trunkline")))
    }

    /// The same with a command of one's own that becomes `trunkline`.
    pub(crate) fn run_as(self, mut trunkline: Command) -> Trunkline {
        let Self { stage, exchange, accounts, lines, phonebook } = self;
        // What a line keeps is the test's own, and not its neighbours'.
        let state = format!("state = \"{}\"\n", stage.path("state").display());
        let text = format!("{state}{exchange}\n{accounts}{lines}[phonebook]\n{phonebook}");
        println!("---- trunkline.toml:\n{text}");
        let file = stage.write("trunkline.toml", text);
        trunkline.arg("run").arg(file);
        Trunkline::begin(stage, trunkline)
    }
}

/// A running instance.
pub(crate) struct Trunkline {
    process: Process,
    folder: PathBuf,
    /// It tells of its end, too.
    _manager: UnixDatagram,
}

impl Trunkline {
    /// Starts it and waits until it tells its service manager that it is ready.
    fn begin(stage: &Stage, mut command: Command) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let folder = stage.path("");
        let socket = stage.path(&format!("notify-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        let manager = UnixDatagram::bind(&socket).expect("a socket in our own folder");
        command.current_dir(&folder).env("NOTIFY_SOCKET", &socket);
        let mut process = Process::start("trunkline", &mut command);
        wait_until_ready(&manager, &mut process);
        Self { process, folder, _manager: manager }
    }

    /// Where the equipment opens a line.
    pub(crate) fn line(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Opens a line as raw equipment.
    pub(crate) fn open(&self, name: &str) -> Wire {
        Wire::open(&self.line(name))
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> &Log {
        self.process.log()
    }

    /// Its process.
    pub(crate) fn id(&self) -> rustix::process::Pid {
        self.process.id()
    }

    /// What a command beside the instance prints; it must succeed.
    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        let mut command = command(env!("CARGO_BIN_EXE_trunkline"));
        let output = command.args(arguments).current_dir(&self.folder).output().expect("a command");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What a command that must fail says of why.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let mut command = command(env!("CARGO_BIN_EXE_trunkline"));
        let output = command.args(arguments).current_dir(&self.folder).output().expect("a command");
        assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Asks until the answer contains this.
    pub(crate) fn ask_until(&self, arguments: &[&str], text: &str) {
        self.ask_until_such(arguments, &format!("{text:?}"), |answer| answer.contains(text));
    }

    /// Asks until the answer is such, and gives it.
    pub(crate) fn ask_until_such(
        &self,
        arguments: &[&str],
        what: &str,
        is_such: impl Fn(&str) -> bool,
    ) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.ask(arguments);
            if is_such(&answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "{arguments:?} never says {what}:\n{answer}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// It must be alive still: the tests of what used to crash.
    pub(crate) fn assert_running(&mut self) {
        assert!(self.process.is_running(), "trunkline is gone:\n{}", self.process.log().text());
    }
}

fn wait_until_ready(manager: &UnixDatagram, process: &mut Process) {
    // Looks up now and then, because a program that died says nothing any more.
    manager.set_read_timeout(Some(Duration::from_millis(200))).expect("a socket");
    let deadline = Instant::now() + PATIENCE;
    let mut datagram = [0; 512];
    loop {
        match manager.recv(&mut datagram) {
            Ok(length)
                if datagram[..length]
                    .split(|&byte| byte == b'\n')
                    .any(|line| line == b"READY=1") =>
            {
                return;
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("the notification socket: {error}"),
        }
        assert!(
            process.is_running(),
            "trunkline ended before it was ready:\n{}",
            process.log().text()
        );
        assert!(Instant::now() < deadline, "trunkline isn't ready:\n{}", process.log().text());
    }
}
