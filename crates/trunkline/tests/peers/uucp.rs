//! Taylor UUCP: `uucico` dials through a line and finds another `uucico` behind a login. What was queued on
//! either side arrives on the other.
//!
//! `uucico` started by root becomes the user `uucp`, therefore the open permissions of the folders and lines.

use crate::stage::{
    Account, Login, Process, Setting, Stage, TelnetServer, Telnetd, Trunkline, assert_same,
    command, free_address, unpacked,
};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const LENGTH: usize = 100_000;

/// A system with its own configuration, spool and public folder.
struct System {
    config: PathBuf,
    public: PathBuf,
}

impl System {
    /// `other` is the only system it knows, and is called through `line`.
    fn new(stage: &Stage, name: &str, other: &str, line: &Path) -> Self {
        let [folder, spool, public] = [name, &format!("{name}/spool"), &format!("{name}/public")]
            .map(|name| {
                let folder = stage.folder(name);
                fs::set_permissions(&folder, Permissions::from_mode(0o777))
                    .expect("our own folder");
                folder
            });
        let config = stage.write(
            &format!("{name}/config"),
            format!(
                "nodename {name}\nspool {spool}\npubdir {public}\nlockdir {folder}\nlogfile {folder}/log\n\
                 statfile {folder}/statistics\ndebugfile {folder}/debug\nsysfile {folder}/sys\n\
                 portfile {folder}/port\ndialfile {folder}/dial\n",
                spool = spool.display(),
                public = public.display(),
                folder = folder.display(),
            ),
        );
        stage.write(
            &format!("{name}/sys"),
            format!(
                "system {other}\ntime any\nphone 5551212\nport line\nchat ogin:-\\r\\c-ogin: \\L word: \\P\n\
                 chat-fail NO\\sCARRIER\nchat-timeout 40\ncall-login site\ncall-password secret\n\
                 local-send /\nremote-send ~\nlocal-receive ~\nremote-receive ~\n"
            ),
        );
        stage.write(
            &format!("{name}/port"),
            format!(
                "port line\ntype modem\ndevice {}\nspeed 9600\ncarrier false\ndialer hayes\n",
                line.display()
            ),
        );
        stage.write(
            &format!("{name}/dial"),
            "dialer hayes\nchat \"\" ATZ\\r\\c OK\\r ATDT\\T CONNECT\nchat-fail BUSY\nchat-fail NO\\sCARRIER\n\
             complete \\d\\d+++\\d\\dATH\\r\\c\nabort \\d\\d+++\\d\\dATH\\r\\c\n",
        );
        Self { config, public }
    }

    /// Queues a file for the other system's public folder.
    fn queue(&self, file: &Path, destination: &str) {
        let mut command = command(unpacked("uucp", "usr/bin/uucp"));
        command.arg("-I").arg(&self.config).args(["-C", "-r"]).arg(file).arg(destination);
        Process::start("uucp", &mut command).succeed();
    }

    /// Calls the other system until a call ends well, at most so often.
    fn call(&self, other: &str, calls: Calls) {
        for _ in 1..calls as usize {
            if self.uucico(other).end().success() {
                return;
            }
        }
        self.uucico(other).succeed();
    }

    fn uucico(&self, other: &str) -> Process {
        let mut command = command(unpacked("uucp", "usr/lib/uucp/uucico"));
        command.arg("-I").arg(&self.config).args(["-r1", "-s", other, "-f", "-D", "-q"]);
        command.args(["-x", "chat,handshake"]);
        Process::start("uucico", &mut command)
    }

    /// What an account runs for a caller: `uucico` in its answering role.
    fn program(&self, stage: &Stage) -> PathBuf {
        let uucico = unpacked("uucp", "usr/lib/uucp/uucico");
        stage.script(
            "answering-uucico",
            &format!("exec {} -q -I {}", uucico.display(), self.config.display()),
        )
    }
}

impl Drop for System {
    fn drop(&mut self) {
        for name in ["log", "debug"] {
            let file = self.config.with_file_name(name);
            println!("---- {}:\n{}", file.display(), fs::read_to_string(&file).unwrap_or_default());
        }
    }
}

/// How many calls an exchange of files may take.
#[derive(Clone, Copy)]
enum Calls {
    One = 1,
    Three = 3,
}

struct Exchange {
    near: System,
    far: System,
    up: PathBuf,
    down: PathBuf,
    program: PathBuf,
}

impl Exchange {
    fn new(stage: &Stage) -> Self {
        let line = stage.path("line");
        let near = System::new(stage, "near", "far", &line);
        let far = System::new(stage, "far", "near", &line);
        let up = stage.random("up", LENGTH);
        let down = stage.random("down", LENGTH);
        near.queue(&up, "far!~/up");
        far.queue(&down, "near!~/down");
        let program = far.program(stage);
        Self { near, far, up, down, program }
    }

    fn call(&self, trunkline: &Trunkline, calls: Calls) {
        self.near.call("far", calls);
        assert_same(&self.up, &self.far.public.join("up"));
        assert_same(&self.down, &self.near.public.join("down"));
        let mut equipment = trunkline.open("line");
        equipment.send("AT\r");
        equipment.expect("OK\r\n");
    }
}

#[test]
fn uucico_exchanges_files_through_our_exchange() {
    let stage = Stage::new();
    let files = Exchange::new(&stage);
    let address = free_address();
    let trunkline = Setting::new(&stage)
        .exchange(address)
        .account(&Account::site(&files.program))
        .line("line", "")
        .phone("5551212", &format!("\"tcp://{address}\""))
        .run();
    files.call(&trunkline, Calls::One);
}

#[test]
fn uucico_exchanges_files_through_our_exchange_as_the_user_of_its_account() {
    let stage = Stage::new();
    let files = Exchange::new(&stage);
    let address = free_address();
    let trunkline = Setting::new(&stage)
        .exchange(address)
        .account(&Account { more: "user = \"uucp\"", ..Account::site(&files.program) })
        .line("line", "")
        .phone("5551212", &format!("\"telnet://{address}\""))
        .run();
    files.call(&trunkline, Calls::One);
}

/// Behind a real telnet server and the real `login`, with `uucico` as the login shell.
fn through(telnetd: Telnetd) {
    let stage = Stage::new();
    let files = Exchange::new(&stage);
    let login = Login::User { name: "site", id: 10, shell: &files.program };
    let server = TelnetServer::start(&stage, telnetd, &login);
    // netkit's telnetd ends one call in dozens by itself, in the middle of the data and whoever its caller is.
    // To UUCP that is a line that broke: it calls again and goes on where it was.
    let (hangup, calls) = match telnetd {
        Telnetd::Netkit => ("close", Calls::Three),
        Telnetd::Inetutils | Telnetd::Busybox => ("keep", Calls::One),
    };
    let line = format!(
        "[[line]]\nname = \"line\"\npty = {{ link = \"{}\", mode = \"666\", hangup = \"{hangup}\" }}\n",
        stage.path("line").display()
    );
    let trunkline = Setting::new(&stage)
        .tables(&line)
        .phone("5551212", &format!("{{ call = \"telnet://{}\" }}", server.address()))
        .run();
    files.call(&trunkline, calls);
}

#[test]
fn uucico_exchanges_files_through_inetutils_telnetd_and_login() {
    through(Telnetd::Inetutils);
}

#[test]
fn uucico_exchanges_files_through_netkit_telnetd_and_login() {
    through(Telnetd::Netkit);
}

#[test]
fn uucico_exchanges_files_through_busybox_telnetd_and_login() {
    through(Telnetd::Busybox);
}
