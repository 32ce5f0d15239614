//! Every byte, through real telnet servers and through our exchange, in both directions and however it is cut.

use crate::stage::{
    Account, Login, Setting, Stage, TelnetServer, Telnetd, Wire, assert_same_bytes, free_address,
    random,
};

/// Every value, every pair of a CR and what could follow it, and runs of the byte that telnet doubles. It ends
/// in NUL, which busybox loses at the end of a read.
fn payload() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..=255).collect();
    for after_cr in [0x00, 0x0A, 0x0D, 0x58, 0xFF] {
        bytes.extend([0x0D, after_cr]);
    }
    for run in [1, 2, 3, 8] {
        bytes.extend(std::iter::repeat_n(0xFF, run));
        bytes.push(0x00);
    }
    bytes
}

/// Dials, logs in where that is asked, and waits for the program.
fn dial(equipment: &mut Wire, login: Option<&str>) {
    equipment.send("ATDT5551212\r");
    equipment.expect("CONNECT");
    if let Some(name) = login {
        equipment.expect("ogin: ");
        equipment.send(format!("{name}\r"));
        equipment.expect("assword: ");
        equipment.send("secret\r");
    }
    equipment.expect("READY");
}

/// What a flood towards the program may hold.
#[derive(Clone, Copy, PartialEq)]
enum Flood {
    Everything,
    /// busybox drops a NUL that happens to be the last byte of one of its reads. A client can see to that at
    /// the end of what he sends, as the test with every split shows, but not where a flood is cut.
    NoNul,
}

impl Flood {
    fn towards(telnetd: Telnetd) -> Self {
        match telnetd {
            Telnetd::Busybox => Self::NoNul,
            Telnetd::Inetutils | Telnetd::Netkit => Self::Everything,
        }
    }
}

/// A program that sends a file and keeps what it receives, both at the same time.
fn both_ways(stage: &Stage, flood: Flood) -> (Vec<u8>, Vec<u8>, String) {
    let mut up = payload();
    let mut down: Vec<u8> = payload().into_iter().rev().collect();
    for _ in 0..20 {
        up.extend(payload());
        down.extend(payload());
    }
    // A flood of bytes to double, and whatever nobody thought of. No longer than 500: netkit hangs up when its
    // program writes some 2,000 of them at once, whoever calls.
    for bytes in [&mut up, &mut down] {
        bytes.extend(std::iter::repeat_n(0xFF, 500));
        // An escape in the middle of data is data.
        bytes.extend(b"+++ATH\r");
        bytes.extend(random(20_000));
        bytes.push(0);
    }
    if flood == Flood::NoNul {
        up.retain(|&byte| byte != 0);
    }
    let file = stage.write("down", &down);
    let program = format!(
        "stty raw -echo\nprintf READY\ncat {} &\nhead -c {} >{}\nwait\nprintf DONE\nread -r rest",
        file.display(),
        up.len(),
        stage.path("up").display()
    );
    (up, down, program)
}

fn judge_both_ways(stage: &Stage, equipment: &mut Wire, up: &[u8], down: &[u8]) {
    let got = equipment.exchange(up, down.len());
    assert_same_bytes(down, &got, "what the equipment received");
    equipment.expect_only("DONE");
    equipment.send("\n");
    equipment.expect("\r\nNO CARRIER\r\n");
    let got = std::fs::read(stage.path("up")).expect("what the program kept");
    assert_same_bytes(up, &got, "what the program received");
}

/// A program that sends back what it gets.
const ECHO: &str = "stty raw -echo\nprintf READY\nexec cat";

/// The payload in two pieces, cut at every place. The second piece is sent when the first one is back: so
/// both travel by themselves, whatever gathers bytes on the way.
fn judge_every_split(equipment: &mut Wire) {
    let payload = payload();
    for cut in 1..payload.len() {
        let (first, second) = payload.split_at(cut);
        for piece in [first, second] {
            let back = equipment.exchange(piece, piece.len());
            assert_same_bytes(piece, &back, &format!("the echo, cut at byte {cut},"));
        }
    }
    equipment.send("the end");
    equipment.expect_only("the end");
}

fn line_to<'a>(stage: &'a Stage, server: &TelnetServer, listing: &str) -> Setting<'a> {
    let call = format!("{{ call = \"{}\"{listing} }}", server.address());
    Setting::new(stage).line("line", "").phone("5551212", &call)
}

fn through_telnetd(telnetd: Telnetd) {
    let stage = Stage::new();
    let (up, down, program) = both_ways(&stage, Flood::towards(telnetd));
    let program = stage.script("program", &program);
    let server = TelnetServer::start(&stage, telnetd, &Login::Program(&program));
    let trunkline = line_to(&stage, &server, ", telnet = \"on\"").run();
    let mut equipment = trunkline.open("line");
    dial(&mut equipment, None);
    judge_both_ways(&stage, &mut equipment, &up, &down);
}

fn through_telnetd_in_pieces(telnetd: Telnetd) {
    let stage = Stage::new();
    let program = stage.script("program", ECHO);
    let server = TelnetServer::start(&stage, telnetd, &Login::Program(&program));
    // Told by what the server says first, this time.
    let trunkline = line_to(&stage, &server, ", telnet = \"auto\"").run();
    let mut equipment = trunkline.open("line");
    dial(&mut equipment, None);
    judge_every_split(&mut equipment);
}

/// `login` sets the terminal to lines and echo first, and the program makes it raw behind the servers' backs.
fn through_telnetd_and_login(telnetd: Telnetd) {
    let stage = Stage::new();
    let (up, down, program) = both_ways(&stage, Flood::towards(telnetd));
    let program = stage.script("program", &program);
    let kept = stage.write("up", "");
    std::fs::set_permissions(&kept, std::os::unix::fs::PermissionsExt::from_mode(0o666))
        .expect("our own file");
    let login = Login::User { name: "site", id: 65534, shell: &program };
    let server = TelnetServer::start(&stage, telnetd, &login);
    let trunkline = line_to(&stage, &server, ", telnet = \"on\"").run();
    let mut equipment = trunkline.open("line");
    dial(&mut equipment, Some("site"));
    judge_both_ways(&stage, &mut equipment, &up, &down);
}

fn through_the_exchange(scheme: &str, on: &str, raw: &str) {
    let stage = Stage::new();
    let exchange = free_address();
    let (up, down, program) = both_ways(&stage, Flood::Everything);
    let both_ways = stage.script("both-ways", &program.replace("stty raw -echo", raw));
    let echo = stage.script("echo", &ECHO.replace("stty raw -echo", raw));
    let trunkline = Setting::new(&stage)
        .exchange(exchange)
        .account(&Account { on, ..Account::site(&both_ways) })
        .account(&Account { name: "echo", on, ..Account::site(&echo) })
        .line("line", "")
        .phone("5551212", &format!("\"{scheme}://{exchange}\""))
        .run();
    let mut equipment = trunkline.open("line");
    dial(&mut equipment, Some("site"));
    judge_both_ways(&stage, &mut equipment, &up, &down);
    dial(&mut equipment, Some("echo"));
    judge_every_split(&mut equipment);
}

#[test]
fn every_byte_passes_inetutils_telnetd_both_ways() {
    through_telnetd(Telnetd::Inetutils);
}

#[test]
fn every_byte_passes_inetutils_telnetd_with_every_split() {
    through_telnetd_in_pieces(Telnetd::Inetutils);
}

#[test]
fn every_byte_passes_inetutils_telnetd_both_ways_after_a_login() {
    through_telnetd_and_login(Telnetd::Inetutils);
}

#[test]
fn every_byte_passes_netkit_telnetd_both_ways() {
    through_telnetd(Telnetd::Netkit);
}

#[test]
fn every_byte_passes_netkit_telnetd_with_every_split() {
    through_telnetd_in_pieces(Telnetd::Netkit);
}

#[test]
fn every_byte_passes_netkit_telnetd_both_ways_after_a_login() {
    through_telnetd_and_login(Telnetd::Netkit);
}

#[test]
fn every_byte_passes_busybox_telnetd_both_ways() {
    through_telnetd(Telnetd::Busybox);
}

#[test]
fn every_byte_passes_busybox_telnetd_with_every_split() {
    through_telnetd_in_pieces(Telnetd::Busybox);
}

#[test]
fn every_byte_passes_busybox_telnetd_both_ways_after_a_login() {
    through_telnetd_and_login(Telnetd::Busybox);
}

#[test]
fn every_byte_passes_the_exchange_on_a_raw_call_to_a_pty() {
    through_the_exchange("tcp", "pty", "stty raw -echo");
}

#[test]
fn every_byte_passes_the_exchange_on_a_raw_call_to_a_pipe() {
    through_the_exchange("tcp", "pipe", ":");
}

#[test]
fn every_byte_passes_the_exchange_on_a_telnet_call_to_a_pty() {
    through_the_exchange("telnet", "pty", "stty raw -echo");
}

#[test]
fn every_byte_passes_the_exchange_on_a_telnet_call_to_a_pipe() {
    through_the_exchange("telnet", "pipe", ":");
}
