//! Calls under TLS with other people's TLS at the far end: openssl's client and server, and socat.

use std::fs;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

use crate::stage::{
    Account, Process, Setting, Stage, Trunkline, Wire, assert_same_bytes, command, free_address,
    installed, random,
};

/// An authority that keeps its certificates in the test's folder.
struct Office<'a> {
    stage: &'a Stage,
    issuer: Issuer<'static, KeyPair>,
}

impl<'a> Office<'a> {
    fn open(stage: &'a Stage) -> Self {
        let mut params = CertificateParams::new([]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, "The Authority");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        stage.write("ca.pem", certificate.pem());
        Self { stage, issuer: Issuer::new(params, key) }
    }

    /// Makes `NAME.pem` and `NAME.key`.
    fn issue(&self, name: &str, names: &[&str], adjust: impl FnOnce(&mut CertificateParams)) {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).expect("good names");
        params.distinguished_name.push(DnType::CommonName, name);
        adjust(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        self.stage.write(&format!("{name}.pem"), certificate.pem());
        self.stage.write(&format!("{name}.key"), key.serialize_pem());
    }

    /// As openssl shows it.
    fn fingerprint(&self, name: &str) -> String {
        let file = self.stage.path(&format!("{name}.pem"));
        let mut openssl = Command::new(installed("/usr/bin/openssl"));
        openssl.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(file);
        let shown = openssl.output().expect("openssl").stdout;
        String::from_utf8(shown).expect("text").trim().to_owned()
    }
}

/// A program that talks by its standard input and output.
fn talking(name: &str, command: &mut Command) -> (Wire, Process) {
    let (ours, theirs) = UnixStream::pair().expect("two sockets");
    let theirs: OwnedFd = theirs.into();
    command.stdin(theirs.try_clone().expect("a descriptor")).stdout(theirs);
    command.stderr(Stdio::null()).process_group(0);
    let process = Process::start_connected(name, command);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    (Wire::new(name, ours.into()), process)
}

fn s_client(stage: &Stage, address: SocketAddr, more: &[&str]) -> (Wire, Process) {
    let mut command = command(installed("/usr/bin/openssl"));
    // Without -nbio it stands still when both directions are full.
    command.args(["s_client", "-quiet", "-nbio", "-verify_return_error", "-CAfile"]);
    command.arg(stage.path("ca.pem")).args(["-connect", &address.to_string()]).args(more);
    command.current_dir(stage.path(""));
    talking("openssl s_client", &mut command)
}

fn s_server(stage: &Stage, address: SocketAddr, name: &str, more: &[&str]) -> (Wire, Process) {
    let mut command = command(installed("/usr/bin/openssl"));
    command.args(["s_server", "-quiet", "-accept", &address.to_string()]);
    command.args(["-cert", &format!("{name}.pem"), "-key", &format!("{name}.key")]).args(more);
    command.current_dir(stage.path(""));
    let server = talking("openssl s_server", &mut command);
    // It says nothing when it is ready; who is refused calls again.
    let deadline = std::time::Instant::now() + crate::stage::PATIENCE;
    while !listens(address) {
        assert!(std::time::Instant::now() < deadline, "openssl s_server doesn't listen");
        std::thread::yield_now();
    }
    server
}

/// Asked of the kernel: a connection would be the one call that the server takes.
fn listens(address: SocketAddr) -> bool {
    let wanted = format!(":{:04X} 00000000:0000 0A", address.port());
    fs::read_to_string("/proc/net/tcp").expect("the kernel's table").contains(&wanted)
}

const ECHO: &str = "stty raw -echo 2>/dev/null\nprintf READY\nexec cat";

/// An exchange that takes calls under TLS alone, for an account whose program sends back what it gets.
fn exchange(stage: &Stage, listener: &str, account: &str) -> (Trunkline, SocketAddr) {
    let address = free_address();
    let program = stage.script("echo", ECHO);
    let account = Account { on: "pipe", more: account, ..Account::site(&program) };
    let trunkline =
        Setting::new(stage).exchange(address).listening(listener).account(&account).run();
    (trunkline, address)
}

const TLS_ALONE: &str =
    "accept = [\"tls\"]\ntls = { certificate = \"exchange.pem\", key = \"exchange.key\" }";

fn log_in(caller: &mut Wire) {
    caller.expect("ogin: ");
    caller.send("site\r");
    caller.expect("assword: ");
    caller.send("secret\r");
    caller.expect("READY");
}

/// All values, and a mebibyte of anything, both ways at once.
fn judge_echo(caller: &mut Wire) {
    let bytes = [(0..=255).collect(), random(1 << 20)].concat();
    let back = caller.exchange(&bytes, bytes.len());
    assert_same_bytes(&bytes, &back, "the echo");
}

#[test]
fn openssls_client_logs_in_and_a_mebibyte_passes_both_ways_under_either_version() {
    let stage = Stage::new();
    let office = Office::open(&stage);
    office.issue("exchange", &["127.0.0.1"], |_| {});
    let (trunkline, address) = exchange(&stage, TLS_ALONE, "");
    for version in ["-tls1_2", "-tls1_3"] {
        let (mut caller, _client) = s_client(&stage, address, &[version]);
        log_in(&mut caller);
        judge_echo(&mut caller);
    }
    trunkline.log().expect("over=tls");
}

#[test]
fn socat_calls_under_tls_and_its_end_is_the_programs_end_of_file() {
    let stage = Stage::new();
    Office::open(&stage).issue("exchange", &["127.0.0.1"], |_| {});
    let address = free_address();
    let program = stage.script("count", "printf READY\nwc -c");
    let account = Account { on: "pipe", ..Account::site(&program) };
    let _trunkline =
        Setting::new(&stage).exchange(address).listening(TLS_ALONE).account(&account).run();
    let mut socat = command(installed("/usr/bin/socat"));
    let ca = stage.path("ca.pem");
    socat
        .args(["-t30", "-"])
        .arg(format!("OPENSSL:{address},cafile={},commonname=127.0.0.1", ca.display()));
    let (ours, theirs) = UnixStream::pair().expect("two sockets");
    let half = ours.try_clone().expect("a descriptor");
    let theirs: OwnedFd = theirs.into();
    socat.stdin(theirs.try_clone().expect("a descriptor")).stdout(theirs).process_group(0);
    let _socat = Process::start_connected("socat", &mut socat);
    drop(socat);
    let mut caller = Wire::new("socat", ours.into());
    log_in(&mut caller);
    caller.send(vec![b'x'; 12345]);
    half.shutdown(std::net::Shutdown::Write).expect("a socket");
    caller.expect("12345\n");
}

#[test]
fn one_listener_takes_tls_telnet_and_raw_callers() {
    let stage = Stage::new();
    Office::open(&stage).issue("exchange", &["127.0.0.1"], |_| {});
    let every = TLS_ALONE.replace("[\"tls\"]", "[\"tls\", \"telnet\", \"raw\"]");
    let (trunkline, address) = exchange(&stage, &every, "");
    let mut raw = Wire::call(address);
    log_in(&mut raw);
    let mut telnet = Wire::call(address);
    telnet.send(b"\xff\xfd\x03");
    telnet.expect(b"\xff\xfb\x03");
    telnet.expect("ogin: ");
    // Inside TLS, too, telnet is known by its first byte.
    let (mut inside, its_client) = s_client(&stage, address, &[]);
    inside.send(b"\xff\xfd\x03");
    inside.expect(b"\xff\xfb\x03");
    inside.expect("ogin: ");
    let (mut secured, client) = s_client(&stage, address, &[]);
    log_in(&mut secured);
    for caller in [&mut raw, &mut secured] {
        caller.send("hello");
        caller.expect_only("hello");
    }
    // The end of its input is no end to openssl's client.
    [its_client, client].iter_mut().for_each(Process::kill);
    trunkline.log().expect("over=tls");
}

#[test]
fn a_certificate_opens_its_account_and_who_has_none_logs_in_or_is_turned_away() {
    let stage = Stage::new();
    let office = Office::open(&stage);
    office.issue("exchange", &["127.0.0.1"], |_| {});
    office.issue("site", &["site-0042"], |_| {});
    let asking = TLS_ALONE.replace(" }", ", client-ca = \"ca.pem\" }");
    let certificates = format!("certificates = [\"{}\"]", office.fingerprint("site"));
    let (trunkline, address) = exchange(&stage, &asking, &certificates);
    let showing = ["-cert", "site.pem", "-key", "site.key"];
    let (mut known, _client) = s_client(&stage, address, &showing);
    known.expect_only("READY");
    judge_echo(&mut known);
    let (mut unknown, _client) = s_client(&stage, address, &[]);
    log_in(&mut unknown);
    trunkline.log().expect("subject=site");
    drop(trunkline);

    let required = asking.replace(" }", ", client-certificates = \"required\" }");
    let (trunkline, address) = exchange(&stage, &required, &certificates);
    let (_wire, mut nobody) = s_client(&stage, address, &[]);
    assert!(!nobody.end().success());
    trunkline.log().expect("showed no certificate");
    let (mut known, _client) = s_client(&stage, address, &showing);
    known.expect_only("READY");
}

#[test]
fn a_line_calls_openssls_server_and_a_mebibyte_passes_both_ways() {
    let stage = Stage::new();
    Office::open(&stage).issue("server", &["127.0.0.1"], |_| {});
    let trunkline = Setting::new(&stage).line("line", "tls = { ca = \"ca.pem\" }").run();
    let mut equipment = trunkline.open("line");
    for version in ["-tls1_2", "-tls1_3"] {
        let address = free_address();
        let (mut far, _server) = s_server(&stage, address, "server", &[version, "-naccept", "1"]);
        equipment.send(format!("ATE0DTtls://{address}\r"));
        equipment.expect("\r\nCONNECT");
        equipment.expect("\r\n");
        let bytes = [(0..=255).collect(), random(1 << 20)].concat();
        std::thread::scope(|scope| {
            let there = scope.spawn(|| far.exchange(&bytes, bytes.len()));
            let here = equipment.exchange(&bytes, bytes.len());
            assert_same_bytes(&bytes, &here, "what the equipment received");
            let there = there.join().expect("the far end");
            assert_same_bytes(&bytes, &there, "what the far end received");
        });
        drop((far, _server));
        equipment.expect("\r\nNO CARRIER\r\n");
    }
}

/// What `trunkline dial` says of a call to openssl's server that shows the certificate `name`.
fn dialled(stage: &Stage, name: &str, flags: &[&str]) -> (String, Option<i32>) {
    let address = free_address();
    let (_wire, _server) = s_server(stage, address, name, &[]);
    let mut dial = command(PathBuf::from(env!("CARGO_BIN_EXE_trunkline")));
    dial.arg("dial").arg(format!("tls://{address}")).args(flags);
    dial.current_dir(stage.path("")).stdin(Stdio::null());
    let mut dial = Process::start("trunkline dial", &mut dial);
    let status = dial.end().code();
    (dial.log().text(), status)
}

#[test]
fn a_certificate_that_does_not_fit_is_no_carrier_with_a_remedy() {
    let stage = Stage::new();
    let office = Office::open(&stage);
    office.issue("good", &["127.0.0.1"], |_| {});
    office.issue("other", &["a.example"], |_| {});
    office.issue("expired", &["127.0.0.1"], |params| {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    });
    let ca = ["--ca", "ca.pem"];
    let changed = format!("sha256:{}", "00".repeat(32));
    let pinned = office.fingerprint("expired");
    for (name, flags, says, status) in [
        ("good", &ca[..], "", 0),
        ("good", &[], "nobody who is trusted here has issued its certificate", 3),
        ("other", &ca, "is for a.example, not for 127.0.0.1", 3),
        ("expired", &ca, "has expired", 3),
        ("good", &["--fingerprint", &changed], "is not the pinned one", 3),
        ("expired", &["--fingerprint", &pinned], "", 0),
        ("other", &["--insecure"], "verify is off", 0),
    ] {
        let (said, code) = dialled(&stage, name, flags);
        assert!(said.contains(says), "{name} {flags:?}: {said}");
        assert_eq!(code, Some(status), "{name} {flags:?}: {said}");
    }
}

#[test]
fn callers_who_never_finish_their_hello_stop_nobody_else() {
    let stage = Stage::new();
    Office::open(&stage).issue("exchange", &["127.0.0.1"], |_| {});
    let (trunkline, address) = exchange(&stage, TLS_ALONE, "");
    let halves: Vec<_> = (0..30)
        .map(|_| {
            let mut half = Wire::call(address);
            half.send(b"\x16\x03\x01\x02\x00\x01\x00");
            half
        })
        .collect();
    let mut garbage = Wire::call(address);
    garbage.send(b"\x16\x03\x01\x00\x05hello");
    garbage.expect_end();
    let (mut caller, _client) = s_client(&stage, address, &[]);
    log_in(&mut caller);
    judge_echo(&mut caller);
    trunkline.log().expect("cause=tls-failed");
    drop(halves);
}
