//! Real SSH servers, each in namespaces of its own where a user is known who doesn't exist on this system.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::{Process, Stage, command, free_address, installed, unpacked};

/// Which SSH server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sshd {
    /// OpenSSH's.
    OpenSsh,
    /// Dropbear.
    Dropbear,
}

/// The hash of `secret`, as `/etc/shadow` has it.
const SECRET: &str = "$6$trunkline$RXL3zN5JpUbI03mW7mJExPYdDCThxq0BRyRYBrg0daV.ri3c5j7iYL1n6kcmngxmdgd8gW8TMFTJA5FGQVeZL0";

/// Puts copies of the user tables with more lines over the system's, for this namespace alone, and an empty
/// folder over `/run`, where OpenSSH wants one of its own.
const NAMESPACE: &str = r#"
folder=$1; shift
for table in passwd shadow; do
    cat "/etc/$table" "$folder/$table.lines" >"$folder/$table"
    mount --bind "$folder/$table" "/etc/$table"
done
mount -t tmpfs tmpfs /run
mkdir /run/sshd
for record in /var/log/wtmp /var/log/btmp /var/log/lastlog; do
    if [ -e "$record" ]; then
        : >"$folder/record"
        mount --bind "$folder/record" "$record"
    fi
done
exec "$@"
"#;

/// A server with a user `rtu`, whose password is `secret` and whose shell is a program of the test's.
pub(crate) struct SshServer {
    address: SocketAddr,
    process: Process,
    key: PathBuf,
}

impl SshServer {
    /// Starts it. `rtu` gets this program, and is let in with the key in the test's folder `id_ed25519`, if
    /// there is one.
    pub(crate) fn start(stage: &Stage, sshd: Sshd, program: &Path) -> Self {
        let address = free_address();
        let home = stage.folder("home/.ssh");
        let public = stage.path("id_ed25519.pub");
        if public.exists() {
            std::fs::copy(public, home.join("authorized_keys")).expect("our own folder");
        }
        let home = stage.path("home");
        let folder = stage.folder("sshd");
        let shell = program.display();
        stage.write(
            "sshd/passwd.lines",
            format!(
                "rtu:x:4242:65534::{}:{shell}\nsshd:x:4243:65534::/run/sshd:/bin/false\n",
                home.display()
            ),
        );
        stage.write(
            "sshd/shadow.lines",
            format!("rtu:{SECRET}:19000:0:99999:7:::\nsshd:*:::::::\n"),
        );
        // Dropbear lets in only whose shell is a usual one.
        let key = stage.path("host_key");
        let mut server = match sshd {
            Sshd::OpenSsh => openssh(stage, &key, address),
            Sshd::Dropbear => dropbear(&key, address),
        };
        let mut unshare = command(installed("/usr/bin/unshare"));
        unshare.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        unshare.args(["/bin/sh", "-euc", NAMESPACE, "sshd"]).arg(&folder).args(server.drain(..));
        let process = Process::start("SSH server", &mut unshare);
        let server = Self { address, process, key };
        server.wait_until_it_listens();
        server
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its line in a list of known hosts.
    pub(crate) fn known_host(&self) -> String {
        let public = std::fs::read_to_string(self.key.with_extension("pub")).expect("a public key");
        format!("[{}]:{} {public}", self.address.ip(), self.address.port())
    }

    fn wait_until_it_listens(&self) {
        let deadline = std::time::Instant::now() + super::PATIENCE;
        while std::net::TcpStream::connect(self.address).is_err() {
            assert!(
                std::time::Instant::now() < deadline,
                "nobody listens:\n{}",
                self.process.log().text()
            );
            std::thread::yield_now();
        }
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        // The first process of a namespace is deaf to SIGTERM.
        self.process.kill();
    }
}

fn openssh(stage: &Stage, key: &Path, address: SocketAddr) -> Vec<PathBuf> {
    keygen(key, &["-t", "ed25519"]);
    let config = format!(
        "Port {}\nListenAddress {}\nHostKey {}\nPidFile none\nUsePAM no\nStrictModes no\nPrintMotd no\n\
         PasswordAuthentication yes\nLogLevel VERBOSE\nAllowTcpForwarding no\nPrintLastLog no\n",
        address.port(),
        address.ip(),
        key.display()
    );
    let config = stage.write("sshd/config", config);
    let sshd = unpacked("openssh-server", "usr/sbin/sshd");
    vec![sshd, "-D".into(), "-e".into(), "-f".into(), config]
}

fn dropbear(key: &Path, address: SocketAddr) -> Vec<PathBuf> {
    let make = unpacked("dropbear-bin", "usr/bin/dropbearkey");
    let mut make = command(make);
    make.args(["-t", "ed25519", "-f"]).arg(key);
    let mut made = Process::start("dropbearkey", &mut make);
    made.succeed();
    let text = made.log().text();
    let public = text.lines().find(|line| line.starts_with("ssh-ed25519")).expect("a public key");
    std::fs::write(key.with_extension("pub"), format!("{public}\n")).expect("our own folder");
    let dropbear = unpacked("dropbear-bin", "usr/sbin/dropbear");
    vec![
        dropbear,
        "-F".into(),
        "-E".into(),
        "-r".into(),
        key.into(),
        "-p".into(),
        address.to_string().into(),
    ]
}

/// Makes a pair of keys without a passphrase.
pub(crate) fn keygen(path: &Path, more: &[&str]) {
    let mut keygen = command(installed("/usr/bin/ssh-keygen"));
    keygen.args(["-q", "-N", "", "-C", "test"]).args(more).arg("-f").arg(path);
    Process::start("ssh-keygen", &mut keygen).succeed();
}
