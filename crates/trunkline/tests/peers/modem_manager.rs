//! ModemManager, on a message bus of its own, with two lines for modems.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::stage::{PATIENCE, Process, Setting, Stage, Trunkline, command, installed, unpacked};

/// A bus where everybody may do everything, and where nobody is started.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=FOLDER/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// It takes for a modem what the kernel says is one, and of a pseudo-terminal the kernel says nothing. Here each
/// one is a port of a USB device: the first one is Wavecom's own, the other a converter to a serial port.
const BEHIND_USB: &str = r#"
rules=$1; shift
mount -t tmpfs none /sys
mount --bind "$rules" /lib/udev/rules.d
mkdir -p /sys/class/tty/pts /sys/bus/usb/drivers/pl2303
n=0
for id in 114f:0001 067b:2303; do
    n=$((n + 1)); port=$1; shift
    device=/sys/devices/usb1/1-$n; interface=$device/1-$n:1.0; tty=$interface/tty/$port
    mkdir -p "$tty"
    echo "${id%:*}" >$device/idVendor
    echo "${id#*:}" >$device/idProduct
    ln -s /sys/bus/usb $interface/subsystem
    ln -s /sys/bus/usb/drivers/pl2303 $interface/driver
    ln -s $interface "$tty/device"
    ln -s /sys/class/tty "$tty/subsystem"
    ln -s "$tty" "/sys/class/tty/$port"
done
exec "$@"
"#;

/// Its own way to have a port of a converter probed, which it leaves alone otherwise.
const RULES: &str = "SUBSYSTEM==\"tty\", ENV{ID_MM_CANDIDATE}=\"1\"\n\
                     SUBSYSTEM==\"tty\", ENV{ID_MM_DEVICE_PROCESS}=\"1\"\n";

/// ModemManager and those that it talks to.
struct Manager {
    _trunkline: Trunkline,
    _bus: Process,
    _authority: Process,
    daemon: Process,
    address: String,
}

impl Manager {
    /// With lines of these personas.
    fn of(stage: &Stage, personas: [&str; 2]) -> Self {
        let [first, second] = personas;
        let line = |persona: &str, number: &str| {
            format!(
                "persona = \"{persona}\"\n\
                 gsm = {{ number = \"{number}\", operator = \"Example Net\", signal = 17, search-ms = 200 }}"
            )
        };
        let trunkline = Setting::new(stage)
            .line("first", &line(first, "+4917000001"))
            .line("second", &line(second, "+4917000002"))
            .run();

        let folder = stage.path("").display().to_string();
        let folder = folder.trim_end_matches('/');
        let configuration = stage.write("bus.conf", BUS.replace("FOLDER", folder));
        let address = format!("unix:path={folder}/bus");
        let mut bus = command(installed("/usr/bin/dbus-daemon"));
        bus.arg(format!("--config-file={}", configuration.display()));
        bus.args(["--nofork", "--nopidfile", "--print-address"]);
        let bus = Process::start("dbus-daemon", &mut bus);
        bus.log().expect("unix:path=");

        let script = stage.write("authority.py", include_str!("modem_manager.py"));
        let mut python = command(installed("/usr/bin/python3"));
        python.arg(script).env("DBUS_SYSTEM_BUS_ADDRESS", &address);
        let authority = Process::start("authority", &mut python);
        authority.log().expect("ready");

        let ports = ["first", "second"].map(|name| port(&trunkline.line(name)));
        stage.write("rules/79-mm-test.rules", RULES);
        let mut unshare = command(installed("/usr/bin/unshare"));
        unshare.args(["--mount", "/bin/sh", "-euc", BEHIND_USB, "modem-manager"]);
        unshare.arg(stage.path("rules")).args(&ports);
        unshare.arg(unpacked("modemmanager", "usr/sbin/ModemManager"));
        let plugins = unpacked("modemmanager", "usr/lib/x86_64-linux-gnu/ModemManager");
        unshare.arg(format!("--test-plugin-dir={}", plugins.display()));
        unshare.args(["--test-no-udev", "--test-no-suspend-resume", "--test-no-qrtr"]);
        unshare.args(["--no-auto-scan", "--filter-policy=strict", "--debug"]);
        unshare.env("DBUS_SYSTEM_BUS_ADDRESS", &address);
        let daemon = Process::start("ModemManager", &mut unshare);
        daemon.log().expect("service name 'org.freedesktop.ModemManager1' was acquired");

        let manager =
            Self { _trunkline: trunkline, _bus: bus, _authority: authority, daemon, address };
        for port in ports {
            let event = format!("action=add,subsystem=tty,name={port}");
            manager.asks(&[&format!("--report-kernel-event={event}")]);
        }
        manager
    }

    fn mmcli(&self, arguments: &[&str]) -> Command {
        let mut mmcli = command(unpacked("modemmanager", "usr/bin/mmcli"));
        // Its own patience is half a minute, which two busy processors may need.
        mmcli.arg(format!("--timeout={}", PATIENCE.as_secs())).args(arguments);
        mmcli.env("DBUS_SYSTEM_BUS_ADDRESS", &self.address);
        mmcli.env("LC_ALL", "C.UTF-8");
        mmcli
    }

    /// What its own tool answers; it must succeed.
    fn asks(&self, arguments: &[&str]) -> String {
        let mut mmcli = Process::start("mmcli", &mut self.mmcli(arguments));
        mmcli.succeed();
        mmcli.log().text()
    }

    /// Asks until all of these keys have these values: it finds out in its own time.
    fn asks_until(&self, modem: &str, wanted: &[(&str, &str)]) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.asks(&["-m", modem, "-K"]);
            if wanted.iter().all(|(key, wanted)| value(&answer, key) == *wanted) {
                return;
            }
            assert!(Instant::now() < deadline, "it never says {wanted:?}:\n{answer}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// The number under which it has the modem of a port.
    fn modem(&self, plugin: &str) -> String {
        let created = format!("creating modem with plugin '{plugin}'");
        self.daemon.log().expect(&created);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let known = self.asks(&["-L", "-K"]);
            for path in known.lines().filter_map(|line| line.rsplit_once("/Modem/")) {
                let one = self.asks(&["-m", path.1, "-K"]);
                if value(&one, "modem.generic.plugin") == plugin {
                    return path.1.to_owned();
                }
            }
            assert!(Instant::now() < deadline, "there is no modem of {plugin}:\n{known}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// What it knows of the card of a modem.
    fn card(&self, modem: &str) -> String {
        let known = self.asks(&["-m", modem, "-K"]);
        let path = value(&known, "modem.generic.sim");
        let number = path.rsplit_once("/SIM/").expect("the path of a card").1;
        self.asks(&["-i", number, "-K"])
    }

    /// Sends a message by the modem of this number.
    fn sends(&self, modem: &str, text: &str, to: &str) {
        let message = format!("--messaging-create-sms=text=\"{text}\",number=\"{to}\"");
        let created = self.asks(&["-m", modem, &message]);
        let number = created.trim().rsplit_once('/').expect("a message's path").1;
        self.asks(&["-s", number, "--send"]);
    }

    /// The text of the message that comes to this modem.
    fn hears(&self, modem: &str, from: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let number = loop {
            let listed = self.asks(&["-m", modem, "--messaging-list-sms"]);
            let received = listed.lines().find_map(|line| line.trim().strip_suffix(" (received)"));
            if let Some((_, number)) = received.and_then(|path| path.rsplit_once('/')) {
                break number.to_owned();
            }
            assert!(Instant::now() < deadline, "no message is received:\n{listed}");
            std::thread::sleep(Duration::from_millis(200));
        };
        let message = self.asks(&["-s", &number, "-K"]);
        assert_eq!(value(&message, "sms.content.number"), from);
        // The form for programs escapes what is not ASCII.
        let message = self.asks(&["-s", &number]);
        let text = message.lines().find_map(|line| line.split_once("text: ")).expect("a text");
        text.1.trim_end().to_owned()
    }
}

/// The value of a key in what its tool says.
fn value<'t>(text: &'t str, key: &str) -> &'t str {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.find_map(|(known, value)| (known.trim() == key).then(|| value.trim())).unwrap_or("")
}

/// What the kernel calls the terminal behind a link: `pts/7`.
fn port(link: &Path) -> String {
    let terminal: PathBuf = fs::read_link(link).expect("the line's link");
    terminal.strip_prefix("/dev").expect("a device").display().to_string()
}

#[test]
fn modem_manager_knows_modem_card_and_network_and_sends_and_hears_messages() {
    let stage = Stage::new();
    let manager = Manager::of(&stage, ["wavecom-q24", "wismo"]);
    let (first, second) = (manager.modem("wavecom"), manager.modem("generic"));
    for (modem, model) in [(&first, "MULTIBAND  900E  1800"), (&second, "WISMO228")] {
        manager.asks_until(modem, &[("modem.generic.state", "disabled")]);
        manager.asks(&["-m", modem, "--enable"]);
        manager.asks_until(
            modem,
            &[
                ("modem.generic.manufacturer", "WAVECOM MODEM"),
                ("modem.generic.model", model),
                ("modem.generic.equipment-identifier", "004999010640000"),
                ("modem.generic.state", "registered"),
                // Three bars of five: it asks +CIND where that is known.
                ("modem.generic.signal-quality.value", "60"),
                ("modem.3gpp.operator-name", "Example Net"),
                ("modem.3gpp.registration-state", "home"),
            ],
        );
        assert!(manager.asks(&["-m", modem, "--3gpp-scan"]).contains("Example Net (gsm, current)"));
        let card = manager.card(modem);
        for (key, wanted) in [
            ("sim.properties.iccid", "8988211000000000000"),
            ("sim.properties.imsi", "001010123456789"),
            ("sim.properties.operator-code", "00101"),
            ("sim.properties.operator-name", "Example Net"),
        ] {
            assert_eq!(value(&card, key), wanted, "{key} in {card}");
        }
    }
    // What only Wavecom's own plugin asks for.
    manager.asks_until(
        &first,
        &[
            ("modem.generic.access-technologies.value[1]", "gprs"),
            ("modem.generic.current-bands.value[1]", "egsm"),
            ("modem.generic.current-bands.value[2]", "dcs"),
        ],
    );

    manager.sends(&first, "hello from ModemManager, äöü €", "+4917000002");
    assert_eq!(manager.hears(&second, "+4917000001"), "hello from ModemManager, äöü €");
    // Three parts.
    let long = "all work and no play ".repeat(20).trim_end().to_owned();
    manager.sends(&second, &long, "+4917000001");
    assert_eq!(manager.hears(&first, "+4917000002"), long);

    // Other bands, in which it looks for its network anew.
    manager.asks(&["-m", &first, "--set-current-bands=g850|pcs"]);
    manager.asks_until(
        &first,
        &[
            ("modem.generic.current-bands.value[1]", "pcs"),
            ("modem.generic.current-bands.value[2]", "g850"),
        ],
    );

    // Off the air, and on it again.
    manager.asks(&["-m", &first, "--disable"]);
    manager.asks(&["-m", &first, "--set-power-state-low"]);
    manager.asks_until(&first, &[("modem.generic.power-state", "low")]);
    manager.asks(&["-m", &first, "--enable"]);
    let wanted = [("modem.generic.power-state", "on"), ("modem.generic.state", "registered")];
    manager.asks_until(&first, &wanted);
}
