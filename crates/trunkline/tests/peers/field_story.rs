//! The tour of the README, as it stands there: a device of pymodbus on a terminal, a station, a modem that is dialled with
//! AT commands, a telnet call, the exchange's login, the collector, a sample on disk, and the page in Chromium.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use store::{SampleValue, Store};

use crate::sites::{python, request, until};
use crate::stage::{Process, Stage, command, free_address, installed};

const README: &str = include_str!("../../../../README.md");

/// The file that the README shows under this name.
fn file(name: &str) -> &'static str {
    let blocks = README.split("```").skip(1).step_by(2);
    let mut bodies = blocks.filter_map(|block| block.split_once('\n'));
    let head = format!("# {name}\n");
    bodies.find(|(_, body)| body.starts_with(&head)).expect("it is shown there").1
}

fn trunkline(stage: &Stage) -> Command {
    let mut trunkline = command(env!("CARGO_BIN_EXE_trunkline"));
    trunkline.current_dir(stage.path("."));
    trunkline
}

fn ask(stage: &Stage, words: &[&str]) -> String {
    let done =
        trunkline(stage).args(words).env_remove("TRUNKLINE_CONTROL").output().expect("it starts");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[test]
fn the_tour_of_the_readme_leads_from_a_device_to_the_page() {
    installed("/usr/bin/chromium");
    let stage = Stage::new();
    let [exchange, facade, page]: [SocketAddr; 3] =
        [free_address(), free_address(), free_address()];
    let secret = |name: &str, text: &str| {
        let path = stage.write(name, text);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("our own");
    };
    secret("password", "correct-horse\n");
    secret("operator", "pass");
    // Nothing but its ports, which others may have, and a password for the page are other than there.
    let operator =
        "\n[[operator]]\nname = \"ada\"\npassword = \"file:operator\"\nrole = \"operator\"\n";
    for name in ["centre.toml", "modem.toml", "pump-house.toml"] {
        let mut text = file(name).replace("127.0.0.1:8023", &exchange.to_string());
        text = text.replace("127.0.0.1:5020", &facade.to_string());
        // Other tests have modems of this name, too.
        text = text.replace("device = \"modem\"", "lock-folder = \".\"\ndevice = \"modem\"");
        if let Some((before, _)) = text.split_once("[web]") {
            text = format!("{before}[web]\nlisten = \"{page}\"\n{operator}");
        }
        stage.write(name, text);
    }
    let mut socat = command(installed("/usr/bin/socat"));
    let ends = ["pty,raw,echo=0,link=device", "pty,raw,echo=0,link=plant"];
    let _cable = Process::start("cable", socat.args(ends).current_dir(stage.path(".")));
    until("a cable", || stage.path("device").exists().then_some(()));
    let mut device = python(&stage, "device.py", file("device.py"));
    let _device = Process::start("device", device.current_dir(stage.path(".")));
    let _centre = Process::start("centre", trunkline(&stage).args(["run", "centre.toml"]));
    let _modem = Process::start("modem", trunkline(&stage).args(["run", "modem.toml"]));
    until("a modem", || stage.path("modem").exists().then_some(()));
    let _station =
        Process::start("station", trunkline(&stage).args(["station", "pump-house.toml"]));

    until("the site on the line", || ask(&stage, &["sites"]).contains("on line").then_some(()));
    until("the point by its name", || {
        let told = ask(&stage, &["read", "pump-house", "pump.level"]);
        (told == "pump.level = 4.2 m\n").then_some(())
    });
    assert_eq!(
        ask(&stage, &["read", "pump-house", "h:100..102"]),
        "h:100 (40101) = 42\nh:101 (40102) = 42\n"
    );
    assert_eq!(request(facade, 1, &[3, 0, 100, 0, 2]), [3, 4, 0, 42, 0, 42]);
    let store = Store::visit(&stage.path("centre.db")).expect("a store");
    until("a sample on disk", || {
        let latest = store.latest("pump-house").expect("read").pop()?;
        (latest.value == SampleValue::Number(4.2)).then_some(())
    });

    let browser = include_str!("page.py").split("\ndef dial()").next().expect("a browser");
    let script = format!("{browser}\n{LOOK}");
    let shots = stage.folder("shots").display().to_string();
    let base = format!("http://{page}/");
    let mut look = python(&stage, "look.py", &script);
    Process::start("look", look.args([base.as_str(), "-", "-", &shots, "-"])).succeed();
}

const LOOK: &str = r#"
with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    browser = Browser(folder)
    browser.order("Page.navigate", url=BASE)
    browser.wait('location.pathname === "/login" && document.forms.length')
    browser.log_in("pass")
    browser.wait('document.getElementById("tabs") && document.getElementById("tabs").children.length')
    browser.key("7")
    browser.wait(row("pump-house") + f' && {row("pump-house")}.textContent.includes("on line")')
    browser.js(row("pump-house") + ".click()")
    level = '[...document.querySelectorAll(".points .point")].find((point) => point.textContent.includes("pump.level") && point.textContent.includes("4.2 m"))'
    browser.wait(level)
    browser.js(level + ".querySelector('button').click()")
    browser.wait('document.querySelector(".chart .mean")')
    assert not browser.complaints, browser.complaints
    browser.process.kill()
"#;
