//! `wvdial` dials and logs in by itself; `wvdialconf` looks for modems on the serial ports.

use crate::stage::{
    Account, Process, Setting, Stage, assert_same_bytes, command, free_address, random, unpacked,
};

/// The first frame of a PPP link, an LCP configure request, by which wvdial knows that the login is over.
/// This kernel may have no PPP, so what follows is not pppd but a transfer that judges the data path.
const PPP: &str = r"\176\377\175\043\300\041\175\041\175\041\175\040\175\064\175\042\175\046\175\040\175\040\175\040\175\040\175\045\175\046\042\161\176";

#[test]
fn wvdial_dials_logs_in_and_hands_the_line_to_pppd() {
    let stage = Stage::new();
    let exchange = free_address();
    let payload = random(4096);
    let payload_file = stage.write("payload", &payload);
    let program = stage.script("ppp", &format!("stty raw -echo\nprintf '{PPP}'\nexec cat"));
    // wvdial gives its pppd the line as standard input and output.
    let echo = stage.path("echo");
    let pppd = stage.script(
        "pppd",
        &format!(
            "exec 2>{log}\nset -eux\nstty raw -echo\ncat {payload} &\nhead -c 4096 >{echo}\nwait",
            log = stage.path("pppd.log").display(),
            payload = payload_file.display(),
            echo = echo.display(),
        ),
    );
    let trunkline = Setting::new(&stage)
        .exchange(exchange)
        .account(&Account::site(&program))
        .line("line", "")
        .phone("5551212", &format!("\"tcp://{exchange}\""))
        .run();

    // Carrier Check: a pty has no carrier signal that a client could ask for.
    let settings = stage.write(
        "wvdial.conf",
        format!(
            "[Dialer Defaults]\nModem = {}\nBaud = 115200\nInit1 = ATZ\n\
             Init2 = ATQ0 V1 E1 S0=0 &C1 &D2 +FCLASS=0\nPhone = 5551212\nUsername = site\nPassword = secret\n\
             Carrier Check = no\nAuto Reconnect = no\nNew PPPD = no\nPPPD Path = {}\n",
            trunkline.line("line").display(),
            pppd.display(),
        ),
    );
    let mut command = command(unpacked("wvdial", "usr/bin/wvdial"));
    command.arg("--config").arg(settings);
    // wvdial's tasks have stacks of 64 KB; finding a function late, with all registers of a large processor
    // saved, overruns them now and then.
    command.env("LD_BIND_NOW", "1");
    let mut wvdial = Process::start("wvdial", &mut command);
    wvdial.succeed();
    wvdial.log().expect("PPP negotiation detected");
    wvdial.log().expect("exit code = 0");
    let echoed = std::fs::read(&echo).expect("what the stand-in for pppd received");
    assert_same_bytes(&payload, &echoed, "what came back");
}

/// A `/dev` with nothing in it but the line, under the name of a serial port: wvdialconf tries every port of
/// the machine, and none but ours may be touched.
const OWN_DEV: &str = r#"
mkdir "$2"
mount -t tmpfs none "$2"
for device in null zero random urandom tty ptmx; do
    : >"$2/$device"
    mount --bind "/dev/$device" "$2/$device"
done
mkdir "$2/pts"
mount --rbind /dev/pts "$2/pts"
ln -s "$(readlink -f "$1")" "$2/ttyS0"
mount --rbind "$2" /dev
exec "$3" "$4"
"#;

#[test]
fn wvdialconf_finds_the_line_and_writes_its_init_string() {
    let stage = Stage::new();
    let trunkline = Setting::new(&stage).line("line", "").run();

    let found = stage.path("found.conf");
    let mut command = command("/usr/bin/unshare");
    command.args(["--mount", "/bin/sh", "-euc", OWN_DEV, "wvdialconf"]);
    command.arg(trunkline.line("line")).arg(stage.path("dev"));
    command.arg(unpacked("wvdial", "usr/bin/wvdialconf")).arg(&found);
    let mut wvdialconf = Process::start("wvdialconf", &mut command);
    wvdialconf.succeed();
    wvdialconf.log().expect("Found a modem on /dev/ttyS0");
    let found = std::fs::read_to_string(found).expect("what wvdialconf wrote");
    for line in ["Modem = /dev/ttyS0", "Init2 = ATQ0 V1 E1 S0=0 &C1 &D2 +FCLASS=0", "Baud = 460800"]
    {
        assert!(found.contains(line), "no {line:?} in\n{found}");
    }
}
