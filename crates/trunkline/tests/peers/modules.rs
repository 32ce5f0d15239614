//! Programs for GSM modules: gammu, and applications on python-gsmmodem.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use crate::stage::{Process, Setting, Stage, command, installed, made};

/// Two lines that are modules; more of the first one's `gsm` table.
fn setting<'a>(stage: &'a Stage, personas: [&str; 2], more: &str) -> Setting<'a> {
    let line = |persona: &str, number: &str, more: &str| {
        format!(
            "persona = \"{persona}\"\n\
             gsm = {{ number = \"{number}\", operator = \"Example Net\", signal = 17, search-ms = 200{more} }}"
        )
    };
    let [first, second] = personas;
    Setting::new(stage)
        .line("first", &line(first, "+4917000001", more))
        .line("second", &line(second, "+4917000002", ""))
}

#[test]
fn python_gsmmodem_gives_the_pin_and_sends_messages_in_both_modes() {
    let stage = Stage::new();
    let pin = stage.write("pin", "2468\n");
    fs::set_permissions(&pin, Permissions::from_mode(0o600)).unwrap();
    let more = format!(", pin = \"file:{}\"", pin.display());
    let trunkline = setting(&stage, ["wavecom-q26", "wismo"], &more).run();

    // Not the Q24, whose +CPIN? has no OK behind it: the library waits 15 seconds for that, each time.
    let script = stage.write("script.py", include_str!("modules.py"));
    let mut command = command(made("python-gsmmodem", "bin/python"));
    command.arg("-u").arg(script).arg(trunkline.line("first")).arg(trunkline.line("second"));
    let mut python = Process::start("python", &mut command);
    python.succeed();
    python.log().expect("success");
}

#[test]
fn gammu_identifies_a_module_sends_lists_and_deletes_messages() {
    let stage = Stage::new();
    // What goes to a number that no line has.
    let said = stage.write("said", "");
    fs::set_permissions(&said, Permissions::from_mode(0o666)).unwrap();
    let program = stage.script(
        "on-message",
        &format!("{{ echo \"$TRUNKLINE_FROM to $TRUNKLINE_TO:\"; cat; }} >{}", said.display()),
    );
    let user = match fs::metadata("/proc/self").unwrap().uid() {
        0 => ", user = \"nobody\"",
        _ => "",
    };
    let more = format!(", program = [\"{}\"]{user}", program.display());
    let trunkline = setting(&stage, ["wismo", "wismo"], &more).run();
    let rc = stage.write(
        "gammurc",
        format!(
            "[gammu]\ndevice = {}\nconnection = at115200\n\
             [gammu1]\ndevice = {}\nconnection = at115200\n",
            trunkline.line("first").display(),
            trunkline.line("second").display()
        ),
    );
    let gammu = |arguments: &[&str]| {
        let mut command = command(installed("/usr/bin/gammu"));
        command.arg("-c").arg(&rc).args(arguments).env("LC_ALL", "C.UTF-8");
        let mut gammu = Process::start("gammu", &mut command);
        gammu.succeed();
        gammu
    };

    gammu(&["identify"]).log().expect("IMEI                 : 004999010640000");
    gammu(&["networkinfo"]).log().expect("home network");
    gammu(&["sendsms", "TEXT", "+4917000002", "-text", "hello from gammu"]).log().expect("OK");
    let listed = gammu(&["-s", "1", "getallsms"]);
    listed.log().expect("+4917000001");
    listed.log().expect("hello from gammu");
    gammu(&["-s", "1", "deletesms", "1", "1"]);
    gammu(&["-s", "1", "getallsms"]).log().expect("0 SMS parts");

    // An alphabet of its own, and more than one message has room for.
    let long = "all work and no play ".repeat(20);
    for (text, more) in [("привет, мир", &["-unicode"][..]), (&long, &["-len", "420"])] {
        let mut send = vec!["sendsms", "TEXT", "+4917000002", "-text", text];
        send.extend(more);
        gammu(&send);
        // This way it puts the parts together.
        gammu(&["-s", "1", "geteachsms"]).log().expect(text.trim_end());
        gammu(&["-s", "1", "deleteallsms", "1"]);
        gammu(&["-s", "1", "getallsms"]).log().expect("0 SMS parts");
    }
    // What it looks at again and again, once.
    let monitor = gammu(&["monitor", "1"]);
    monitor.log().expect("-79 dBm");
    monitor.log().expect("home network");

    gammu(&["sendsms", "TEXT", "+4917000099", "-text", "for the program"]).log().expect("OK");
    assert_eq!(fs::read_to_string(&said).unwrap(), "+4917000001 to +4917000099:\nfor the program");
}
