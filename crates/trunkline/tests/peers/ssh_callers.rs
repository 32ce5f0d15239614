//! Callers over SSH: OpenSSH's clients and dropbear's.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::stage::{
    Account, Log, Process, Setting, Stage, Trunkline, Wire, assert_same_bytes, command,
    free_address, installed, keygen, on_a_terminal, random, unpacked,
};

/// An exchange with one account, `site`, whose password is `secret`.
struct Centre<'a> {
    stage: &'a Stage,
    address: SocketAddr,
    trunkline: Trunkline,
}

impl<'a> Centre<'a> {
    fn new(stage: &'a Stage, script: &str, on: &str) -> Self {
        Self::with(stage, script, on, "", "")
    }

    fn with(stage: &'a Stage, script: &str, on: &str, account: &str, exchange: &str) -> Self {
        let program = stage.script("program", script);
        let address = free_address();
        let account = Account { on, more: account, ..Account::site(&program) };
        let trunkline =
            Setting::new(stage).exchange_over_ssh(address, exchange).account(&account).run();
        Self { stage, address, trunkline }
    }

    /// A client of OpenSSH's that believes the exchange at first sight and reads no configuration.
    fn openssh(&self, program: &str) -> Vec<PathBuf> {
        let known = format!("UserKnownHostsFile={}", self.stage.path("known_hosts").display());
        let port = format!("Port={}", self.address.port());
        let mut words = vec![installed(program), "-F".into(), "/dev/null".into()];
        for option in [&known, &port, "StrictHostKeyChecking=accept-new", "IdentitiesOnly=yes"] {
            words.extend(["-o".into(), PathBuf::from(option)]);
        }
        words
    }

    /// `ssh` with these words before the host and those behind it; `sshpass` types the password.
    fn ssh(&self, before: &[&str], behind: &[&str]) -> Command {
        self.ssh_with("secret", before, behind)
    }

    fn ssh_with(&self, password: &str, before: &[&str], behind: &[&str]) -> Command {
        let mut ssh = command(installed("/usr/bin/sshpass"));
        ssh.args(["-p", password]).args(self.openssh("/usr/bin/ssh")).args(before);
        ssh.arg(format!("site@{}", self.address.ip())).args(behind);
        ssh
    }

    /// `ssh` with a key that was made as `name`. Unlike `sshpass`, it is ours to kill.
    fn ssh_with_key(&self, name: &str, before: &[&str]) -> Command {
        let words = self.openssh("/usr/bin/ssh");
        let mut ssh = command(&words[0]);
        ssh.args(&words[1..]).arg("-i").arg(self.stage.path(name)).args(before);
        ssh.args(["-o", "PasswordAuthentication=no", "-o", "BatchMode=yes"]);
        ssh.arg(format!("site@{}", self.address.ip()));
        ssh
    }

    fn record(&self, cause: &str) {
        self.trunkline.log().expect(&format!("cause={cause}"));
    }
}

/// The public half of a key that was made as `name`, as TOML.
fn public_key(stage: &Stage, name: &str) -> String {
    let line = std::fs::read_to_string(stage.path(name).with_extension("pub")).expect("a key");
    format!("\"{}\"", line.trim())
}

/// What a client says and how it ends.
fn run(name: &str, command: &mut Command) -> (String, Option<i32>) {
    let mut process = Process::start(name, command);
    let status = process.end();
    (process.log().text(), status.code())
}

/// Gives `input` to a client once it has said READY (if it is to say so), and returns what it says then.
fn converse(mut command: Command, ready: &str, input: &[u8]) -> (Vec<u8>, Option<i32>) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a client");
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut greeting = vec![0; ready.len()];
    stdout.read_exact(&mut greeting).expect("a greeting");
    assert_eq!(String::from_utf8_lossy(&greeting), ready);
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let mut output = Vec::new();
    stdout.read_to_end(&mut output).expect("output");
    writer.join().expect("no panic").expect("all taken");
    (output, child.wait().expect("an end").code())
}

/// All values, and a mebibyte of anything.
fn payload() -> Vec<u8> {
    (0..=255).chain(random(1 << 20)).collect()
}

#[test]
fn a_password_opens_the_account_and_the_exit_status_comes_back() {
    let stage = Stage::new();
    let centre = Centre::new(&stage, "echo hello from $TRUNKLINE_ACCOUNT\nexit 7", "pty");
    let (said, status) = run("ssh", &mut centre.ssh(&[], &[]));
    assert!(said.contains("hello from site"), "{said}");
    assert_eq!(status, Some(7));
    centre.record("program-ended");
    centre.trunkline.log().expect("over=ssh");
}

#[test]
fn every_kind_of_key_that_ssh_keygen_makes_opens_its_account_and_no_other_does() {
    let stage = Stage::new();
    let kinds: [(&str, &[&str]); 5] = [
        ("ed25519", &["-t", "ed25519"]),
        ("nistp256", &["-t", "ecdsa", "-b", "256"]),
        ("nistp521", &["-t", "ecdsa", "-b", "521"]),
        ("rsa", &["-t", "rsa", "-b", "2048"]),
        ("stranger", &["-t", "ed25519"]),
    ];
    for (name, kind) in kinds {
        keygen(&stage.path(name), kind);
    }
    let keys: Vec<_> = kinds[..4].iter().map(|(name, _)| public_key(&stage, name)).collect();
    let account = format!("ssh-keys = [{}]", keys.join(", "));
    let centre = Centre::with(&stage, "echo welcome", "pipe", &account, "");
    let with_key = |name: &str| run("ssh", &mut centre.ssh_with_key(name, &[]));
    for (name, _) in &kinds[..4] {
        let (said, status) = with_key(name);
        assert!(said.contains("welcome") && status == Some(0), "{name}: {said}");
    }
    let (said, status) = with_key("stranger");
    assert!(said.contains("Permission denied") && status == Some(255), "{said}");
}

#[test]
fn a_wrong_password_is_refused_and_logged_for_fail2ban() {
    let stage = Stage::new();
    let centre = Centre::new(&stage, "echo in", "pty");
    let (said, status) = run("ssh", &mut centre.ssh_with("wrong", &[], &[]));
    assert!(said.contains("Permission denied") && !said.contains("in\n"), "{said}");
    assert_eq!(status, Some(5), "sshpass's word for a wrong password");
    centre.trunkline.log().expect("login failed from 127.0.0.1");
    assert!(!centre.trunkline.log().text().contains("wrong\""));
}

#[test]
fn without_a_terminal_every_byte_passes_both_ways_and_each_way_ends_by_itself() {
    // On a pty for those who want one; these callers don't.
    for on in ["pipe", "pty"] {
        let stage = Stage::new();
        let centre = Centre::new(&stage, "printf READY\nexec cat", on);
        let bytes = payload();
        let (back, status) = converse(centre.ssh(&["-T"], &[]), "READY", &bytes);
        assert_same_bytes(&bytes, &back, on);
        assert_eq!(status, Some(0));
    }
}

#[test]
fn a_raw_terminal_passes_every_byte_both_ways_at_once() {
    let stage = Stage::new();
    let (up, down) = (payload(), payload());
    let file = stage.write("down", &down);
    let script = format!(
        "stty raw -echo\nprintf READY\ncat {} &\nhead -c {} >{}\nwait",
        file.display(),
        up.len(),
        stage.path("up").display()
    );
    let centre = Centre::new(&stage, &script, "pty");
    let (heard, status) = converse(centre.ssh(&["-tt", "-e", "none"], &[]), "READY", &up);
    assert_same_bytes(&down, &heard, "towards the caller");
    assert_same_bytes(&up, &std::fs::read(stage.path("up")).unwrap(), "towards the program");
    assert_eq!(status, Some(0));
}

#[test]
fn a_caller_who_leaves_in_the_middle_ends_his_program() {
    for (on, words) in [("pipe", &["-T"][..]), ("pty", &["-tt"])] {
        let stage = Stage::new();
        keygen(&stage.path("key"), &["-t", "ed25519"]);
        let account = format!("ssh-keys = [{}]", public_key(&stage, "key"));
        let centre = Centre::with(&stage, "echo READY\nread line", on, &account, "");
        let mut ssh = centre.ssh_with_key("key", words);
        ssh.stdin(Stdio::piped());
        let mut process = Process::start("ssh", &mut ssh);
        process.log().expect("READY");
        process.kill();
        centre.record("caller-hung-up");
    }
}

#[test]
fn a_terminal_has_the_callers_type_and_a_terminal_refused_leaves_clean_pipes() {
    let stage = Stage::new();
    let centre =
        Centre::new(&stage, "tty >/dev/null && echo on $TERM\nread line; echo got $line", "pty");
    let ssh = centre.ssh(&["-tt"], &[]);
    let (mut caller, mut process): (Wire, Process) = on_a_terminal("ssh", &ssh);
    // `on_a_terminal` says what kind.
    caller.expect("on vt100");
    caller.send("word\r");
    caller.expect("got word");
    process.succeed();

    let stage = Stage::new();
    let centre = Centre::new(&stage, "tty >/dev/null || echo no terminal", "pipe");
    // With `-tt` he would insist.
    let (mut caller, mut process) = on_a_terminal("ssh", &centre.ssh(&[], &[]));
    caller.expect("PTY allocation request failed");
    caller.expect("no terminal");
    process.succeed();
}

#[test]
fn a_command_is_ignored_told_or_refused_as_the_owner_says() {
    let script = "echo asked for [$SSH_ORIGINAL_COMMAND]";
    for (setting, says, status) in [
        ("ignore", "asked for []", Some(0)),
        ("tell", "asked for [reboot; id $(id)]", Some(0)),
        ("refuse", "exec request failed", Some(255)),
    ] {
        let stage = Stage::new();
        let exchange = format!("[exchange.ssh]\ncommands = \"{setting}\"");
        let centre = Centre::with(&stage, script, "pipe", "", &exchange);
        let (said, ended) = run("ssh", &mut centre.ssh(&[], &["reboot; id $(id)"]));
        assert!(said.contains(says), "{setting}: {said}");
        assert_eq!(ended, status, "{setting}: {said}");
        if status != Some(0) {
            centre.record("not-given");
        }
    }
}

#[test]
fn files_are_not_copied() {
    let stage = Stage::new();
    let centre = Centre::new(&stage, "cat >/dev/null", "pipe");
    let file = stage.write("file", "content").display().to_string();
    let host = format!("site@{}:there", centre.address.ip());
    let mut scp = command(installed("/usr/bin/sshpass"));
    scp.args(["-p", "secret"]).args(centre.openssh("/usr/bin/scp")).args([&file, &host]);
    let (said, status) = run("scp", &mut scp);
    assert!(said.contains("Connection closed") && status != Some(0), "{said}");
    centre.record("not-given");
    let mut sftp = command(installed("/usr/bin/sshpass"));
    sftp.args(["-p", "secret"]).args(centre.openssh("/usr/bin/sftp"));
    sftp.arg(format!("site@{}", centre.address.ip()));
    let (said, status) = run("sftp", &mut sftp);
    assert!(said.contains("Connection closed") && status != Some(0), "{said}");
}

#[test]
fn nothing_is_forwarded() {
    let stage = Stage::new();
    let target = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let to = target.local_addr().unwrap().port();
    let centre = Centre::new(&stage, "env; echo READY; exec cat", "pipe");
    let (local, dynamic, remote) = (free_address(), free_address(), free_address());
    let forwards = [
        format!("LocalForward={} 127.0.0.1:{to}", local.port()),
        format!("DynamicForward={}", dynamic.port()),
        format!("RemoteForward={} 127.0.0.1:{to}", remote.port()),
    ];
    let mut words = vec!["-A", "-X"];
    forwards.iter().for_each(|forward| words.extend(["-o", forward]));
    let mut ssh = centre.ssh(&words, &[]);
    let agent = stage.path("agent");
    let mut real = command(installed("/usr/bin/ssh-agent"));
    let real = Process::start("ssh-agent", real.args(["-D", "-a"]).arg(&agent));
    real.log().expect("SSH_AUTH_SOCK");
    ssh.env("SSH_AUTH_SOCK", &agent).env("DISPLAY", ":0").stdin(Stdio::piped());
    let process = Process::start("ssh", &mut ssh);
    process.log().expect("READY");
    process.log().expect("remote port forwarding failed");
    let text = process.log().text();
    assert!(!text.contains("SSH_AUTH_SOCK") && !text.contains("DISPLAY"), "{text}");
    assert!(TcpStream::connect(remote).is_err());
    for (forward, hello) in [(local, &b"x"[..]), (dynamic, b"\x05\x01\x00")] {
        let mut stream = TcpStream::connect(forward).expect("ssh listens");
        let _ = stream.write_all(hello);
        if forward == dynamic {
            let mut answer = [0; 2];
            let _ = stream.read_exact(&mut answer);
            let port = to.to_be_bytes();
            let _ = stream.write_all(&[5, 1, 0, 1, 127, 0, 0, 1, port[0], port[1]]);
        }
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    }
    process.log().expect("administratively prohibited");
    target.set_nonblocking(true).unwrap();
    assert!(target.accept().is_err(), "somebody came through");
}

#[test]
fn a_program_that_floods_a_caller_who_stops_reading_and_one_that_does_not_read_cost_little() {
    let stage = Stage::new();
    let centre = Centre::new(&stage, "exec cat /dev/zero", "pipe");
    let mut callers: Vec<Process> = Vec::new();
    for _ in 0..4 {
        let mut ssh = centre.ssh(&["-T"], &[]);
        let (reader, writer) = std::io::pipe().unwrap();
        ssh.stdin(Stdio::null()).stdout(writer).stderr(Stdio::null());
        callers.push(Process::start_connected("ssh", &mut ssh));
        drop(ssh);
        // Held open, and never read.
        std::mem::forget(reader);
    }
    wait_for_programs(centre.trunkline.log(), 4);
    // Somebody else is served all the same.
    let mut ssh = centre.ssh(&["-T"], &[]);
    let (reader, writer) = std::io::pipe().unwrap();
    ssh.stdin(Stdio::null()).stdout(writer).stderr(Stdio::null());
    callers.push(Process::start_connected("ssh", &mut ssh));
    let mut other = Wire::new("ssh", reader.into());
    for _ in 0..64 {
        other.receive(1 << 20);
    }
    // Without a bound, each of the others would have taken as much by now. Most of what there is was for hashing
    // passwords.
    let resident = resident_kib(&centre.trunkline);
    assert!(resident < 200 * 1024, "{resident} KiB");
    // Asked to end, each would wait for whoever doesn't read.
    callers.iter_mut().for_each(Process::kill);
}

fn wait_for_programs(log: &Log, count: usize) {
    log.wait_for("programs", |text| {
        (text.matches("program started").count() >= count).then_some(())
    });
}

/// The instance's resident memory; it is a child of `setpriv`, which has become it.
fn resident_kib(trunkline: &Trunkline) -> u64 {
    let status = format!("/proc/{}/status", trunkline.id().as_raw_nonzero());
    let text = std::fs::read_to_string(status).expect("our own child");
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).expect("a size");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

#[test]
fn garbage_and_half_open_hellos_stop_nobody() {
    let stage = Stage::new();
    // They all come from one source, as does the honest one.
    let room = "[exchange.limits]\nunauthenticated-per-source = 400";
    let centre = Centre::with(&stage, "echo hello", "pipe", "", room);
    let hellos: [&[u8]; 4] =
        [b"SSH-2.0-slow\r\n", b"SSH-2.0-", b"SSH-2.0-x\r\n\0\x03\xff\xff", b"SSH-9\r\n"];
    let open: Vec<_> = (0..200)
        .map(|n| {
            let mut stream = TcpStream::connect(centre.address).expect("taken");
            let _ = stream.write_all(hellos[n % hellos.len()]);
            stream
        })
        .collect();
    let (said, status) = run("ssh", &mut centre.ssh(&[], &[]));
    assert!(said.contains("hello") && status == Some(0), "{said}");
    centre.record("ssh-failed");
    drop(open);
}

#[test]
fn who_is_too_slow_to_log_in_is_cut_off_and_on_record() {
    let stage = Stage::new();
    let login = "[exchange.login]\ndeadline = \"1s\"";
    let centre = Centre::with(&stage, "echo hello", "pipe", "", login);
    let mut slow = TcpStream::connect(centre.address).expect("taken");
    slow.write_all(b"SSH-2.0-slow\r\n").expect("sent");
    centre.record("login-deadline");
    let mut rest = Vec::new();
    let _ = slow.read_to_end(&mut rest);
    assert!(rest.starts_with(b"SSH-2.0-Trunkline\r\n"));
}

#[test]
fn the_host_key_is_made_once_and_check_shows_what_callers_see() {
    let stage = Stage::new();
    let centre = Centre::new(&stage, "echo hello", "pipe");
    let mut keygen = command(installed("/usr/bin/ssh-keygen"));
    keygen.arg("-lf").arg(stage.path("ssh_host_ed25519_key"));
    let (shown, _) = run("ssh-keygen", &mut keygen);
    let fingerprint = shown.split_whitespace().find(|word| word.starts_with("SHA256:")).unwrap();
    centre.trunkline.log().expect(fingerprint);
    let mut check = command(env!("CARGO_BIN_EXE_trunkline"));
    check.arg("check").arg(stage.path("trunkline.toml"));
    let (said, _) = run("trunkline check", &mut check);
    assert!(said.contains(fingerprint), "{said}");
}

/// Makes a key for dropbear's client; the line that an account has of it.
fn dropbear_key(key: &Path) -> String {
    let mut make = command(unpacked("dropbear-bin", "usr/bin/dropbearkey"));
    make.args(["-t", "ed25519", "-f"]).arg(key);
    let (said, _) = run("dropbearkey", &mut make);
    let public = said.lines().find(|line| line.starts_with("ssh-ed25519")).expect("a key");
    format!("ssh-keys = [\"{public}\"]")
}

/// Dropbear's client without a terminal; `sshpass` types the password if it is asked for.
fn dbclient(centre: &Centre<'_>, more: &[&Path]) -> Command {
    let mut dbclient = command(installed("/usr/bin/sshpass"));
    dbclient.args(["-p", "secret"]).arg(unpacked("dropbear-bin", "usr/bin/dbclient"));
    dbclient.env("HOME", centre.stage.path(""));
    dbclient.args(["-y", "-y", "-T", "-p", &centre.address.port().to_string()]).args(more);
    dbclient.arg(format!("site@{}", centre.address.ip()));
    dbclient
}

#[test]
fn dropbear_calls_with_a_password_and_with_a_key() {
    let stage = Stage::new();
    let key = stage.path("dropbear");
    let account = dropbear_key(&key);
    let centre = Centre::with(&stage, "printf READY\nexec cat", "pty", &account, "");
    let bytes = payload();
    for more in [&[][..], &[Path::new("-i"), &key]] {
        let (back, status) = converse(dbclient(&centre, more), "READY", &bytes);
        assert_same_bytes(&bytes, &back, "dropbear");
        assert_eq!(status, Some(0));
    }
}

#[test]
fn the_exit_status_comes_back_to_who_stops_listening_at_the_end_of_the_output() {
    // Dropbear's client does. The program takes its time between the two ends.
    let script = "cat >/dev/null\nexec >&- 2>&-\n\
                  n=0; while [ $n -lt 5000 ]; do n=$((n + 1)); done\nexit 7";
    let stage = Stage::new();
    let key = stage.path("dropbear");
    let account = dropbear_key(&key);
    let centre = Centre::with(&stage, script, "pipe", &account, "");
    for _ in 0..5 {
        let mut caller = dbclient(&centre, &[Path::new("-i"), &key]);
        assert_eq!(run("dbclient", caller.stdin(Stdio::null())).1, Some(7));
        let mut caller = centre.ssh(&["-T"], &[]);
        assert_eq!(run("ssh", caller.stdin(Stdio::null())).1, Some(7));
    }
}

#[test]
fn the_exit_status_comes_back_to_who_hears_of_the_end_before_he_has_written_everything_out() {
    // More than the pipe to us holds, and less than that and a client's window.
    const LENGTH: usize = 80_000;
    let stage = Stage::new();
    let key = stage.path("dropbear");
    let account = dropbear_key(&key);
    let script = format!("head -c {LENGTH} /dev/zero\nexit 7");
    let centre = Centre::with(&stage, &script, "pipe", &account, "");
    let ended = |count| {
        let all = |text: &str| (text.matches("call ended").count() == count).then_some(());
        centre.trunkline.log().wait_for("ends", all);
    };
    let callers = [dbclient(&centre, &[Path::new("-i"), &key]), centre.ssh(&["-T"], &[])];
    for (number, mut caller) in (1..).zip(callers) {
        let mut child = caller.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        ended(number);
        let mut heard = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut heard).expect("output");
        assert_eq!((heard.len(), child.wait().unwrap().code()), (LENGTH, Some(7)));
    }
}
