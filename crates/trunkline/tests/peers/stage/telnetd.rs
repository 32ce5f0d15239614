//! Real telnet servers, each started by a small internet super-server of our own.
//!
//! They are never installed as daemons. Every call gets a server of its own in a private mount and process
//! namespace: so `login` can know a user who doesn't exist on this system, nothing is written to the system's
//! records of logins, and whatever a server leaves behind dies with its namespace.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::{Process, Stage, command, installed, unpacked};

/// Which telnet server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Telnetd {
    /// GNU inetutils.
    Inetutils,
    /// The Linux netkit's, in Debian's `telnetd-ssl` with TLS switched off.
    Netkit,
    /// Busybox.
    Busybox,
}

/// What a caller of the server meets.
pub(crate) enum Login<'a> {
    /// This program at once.
    Program(&'a Path),
    /// The system's own `login`, for a user who exists only there; the password is `secret`.
    User { name: &'a str, id: u32, shell: &'a Path },
}

/// The hash of `secret`, as `/etc/shadow` has it.
const SECRET: &str = "$6$trunkline$RXL3zN5JpUbI03mW7mJExPYdDCThxq0BRyRYBrg0daV.ri3c5j7iYL1n6kcmngxmdgd8gW8TMFTJA5FGQVeZL0";

/// Copies of the user tables with one more line each, put over the system's for this namespace alone. The
/// records of logins are replaced by empty ones where they exist.
const USER: &str = r#"
cd "$1"; shift
for table in passwd shadow; do
    cat "/etc/$table" "$table.line" >"$table.$$"
    mount --bind "$table.$$" "/etc/$table"
done
for record in /var/log/wtmp /var/log/btmp /var/log/lastlog /run/utmp; do
    if [ -e "$record" ]; then
        : >"record.$$"
        mount --bind "record.$$" "$record"
    fi
done
exec "$@"
"#;

/// A server on a port of its own.
pub(crate) struct TelnetServer {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    calls: Arc<Mutex<Vec<Process>>>,
    listener: Option<JoinHandle<()>>,
}

impl TelnetServer {
    /// Listens, and gives each caller a server.
    pub(crate) fn start(stage: &Stage, telnetd: Telnetd, login: &Login<'_>) -> Self {
        let server = telnetd.command_line(stage, login);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let over = Arc::new(AtomicBool::new(false));
        let calls = Arc::new(Mutex::new(Vec::new()));
        let thread = std::thread::spawn({
            let (over, calls) = (over.clone(), calls.clone());
            move || {
                for call in listener.incoming() {
                    if over.load(Ordering::SeqCst) {
                        return;
                    }
                    let call: OwnedFd = call.expect("a caller").into();
                    let call = serve(&server, call);
                    calls.lock().expect("no panic while the calls are held").push(call);
                }
            }
        });
        Self { address, over, calls, listener: Some(thread) }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for TelnetServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // A last caller, so that the listener looks up.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        // The first process of a namespace is deaf to SIGTERM, and none of them has anything to say.
        if let Ok(mut calls) = self.calls.lock() {
            calls.iter_mut().for_each(Process::kill);
        }
    }
}

fn serve(server: &[PathBuf], call: OwnedFd) -> Process {
    let mut unshare = command(installed("/usr/bin/unshare"));
    unshare.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]).args(server);
    let copy = || call.try_clone().expect("a second handle of a call");
    unshare.stdin(copy()).stdout(copy()).stderr(copy());
    Process::start_connected("telnet server", &mut unshare)
}

impl Telnetd {
    fn command_line(self, stage: &Stage, login: &Login<'_>) -> Vec<PathBuf> {
        let mut command = Vec::new();
        let program = match login {
            Login::Program(program) => program.to_path_buf(),
            Login::User { name, id, shell } => {
                let folder = stage.folder("etc");
                stage.write(
                    "etc/passwd.line",
                    format!("{name}:x:{id}:65534::/:{}\n", shell.display()),
                );
                stage.write("etc/shadow.line", format!("{name}:{SECRET}:19000:0:99999:7:::\n"));
                command.extend(["/bin/sh", "-euc", USER, "user"].map(PathBuf::from));
                command.push(folder);
                installed("/bin/login")
            }
        };
        match self {
            Self::Inetutils => {
                command.push(unpacked("inetutils-telnetd", "usr/sbin/telnetd"));
                // A string for a shell, in which `login` gets its usual arguments.
                if let Login::Program(program) = login {
                    command.push("-E".into());
                    command.push(program.to_path_buf());
                }
            }
            Self::Netkit => {
                command.push(unpacked("telnetd-ssl", "usr/sbin/in.telnetd"));
                // It wants a certificate even when it is told not to use one.
                let certificate = format!("cert={}", certificate(stage).display());
                command.extend(["-z", "nossl", "-z", &certificate, "-L"].map(PathBuf::from));
                command.push(program);
            }
            Self::Busybox => {
                command.push(unpacked("busybox-static", "bin/busybox"));
                command.extend(["telnetd", "-i", "-l"].map(PathBuf::from));
                command.push(program);
            }
        }
        command
    }
}

fn certificate(stage: &Stage) -> PathBuf {
    let file = stage.path("certificate.pem");
    if !file.exists() {
        let mut openssl = command(installed("/usr/bin/openssl"));
        openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]);
        openssl.arg("-keyout").arg(&file).arg("-out").arg(&file).arg("-batch");
        Process::start("openssl", &mut openssl).succeed();
    }
    file
}
