//! A station that calls the centre over everything that a line can dial, each with real processes at both ends.

use std::time::Instant;

use store::{SampleValue, Store};

use crate::device::sevens;
#[cfg(all(feature = "translator", feature = "wip"))]
use crate::stage::Equipment;
use crate::stage::{PATIENCE, Stage};

/// A centre whose callers speak this.
fn centre(accept: &str, more: &str, files: &[(&str, &str)]) -> Stage {
    let mut centre = Stage::new(&format!(
        "[exchange]\nstore = \"trunkline.db\"\n\
         [[exchange.listen]]\naddress = \"127.0.0.1:0\"\naccept = [\"{accept}\"]\n{more}\n\
         [[account]]\nname = \"pump\"\npassword = \"file:password\"\nservice = \"collector\"\n\
         [[site]]\nname = \"pump\"\nframing = \"station\"\n"
    ));
    files.iter().for_each(|(name, text)| centre.write(name, text));
    centre.start(&["run", "--log", "debug"]);
    centre
}

const LOGIN: &str = "login = { name = \"pump\", password = \"file:password\" }\n";

/// A station that calls there, with more of its own table and more tables.
fn station(call: &str, own: &str, tables: &str) -> Stage {
    let device = sevens();
    Stage::new(&format!(
        "[station]\nname = \"pump-house\"\ncall = \"{call}\"\nstay = \"1s\"\nretries = [\"1s\"]\nevery = \"500ms\"\n{own}\
         [[bus]]\nname = \"lan\"\ntcp = \"{device}\"\nframing = \"tcp\"\n\
         [[device]]\nname = \"meter\"\nbus = \"lan\"\nunit = 1\n\
         points = [{{ name = \"count\", address = \"h:100\" }}]\n{tables}"
    ))
}

/// Has the station call, and looks whether its samples arrive and everything is said.
fn calls(station: &mut Stage, centre: &Stage) {
    station.ask(&["station", "--call"]);
    station.wait_for("everything is said");
    let store = Store::visit(&centre.path("trunkline.db")).unwrap();
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(latest) = store.latest("pump").unwrap().pop() {
            assert_eq!(latest.point, "meter.count");
            assert_eq!(latest.value, SampleValue::Number(7.0));
            return;
        }
        assert!(Instant::now() < end, "nothing is kept");
    }
}

fn run(mut station: Stage, centre: &Stage) -> Stage {
    station.start(&["station", "--log", "debug"]);
    calls(&mut station, centre);
    station
}

#[test]
fn over_telnet() {
    let centre = centre("telnet", "", &[]);
    run(station(&format!("telnet://{}", centre.exchange()), LOGIN, ""), &centre);
}

#[cfg(feature = "tls")]
#[test]
fn over_tls() {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let centre = centre(
        "tls",
        "tls = { certificate = \"c.pem\", key = \"c.key\" }",
        &[("c.pem", &certificate), ("c.key", &key)],
    );
    let book = format!(
        "[phonebook]\ncentre = {{ call = \"tls://{}\", tls = {{ ca = \"c.pem\" }} }}\n",
        centre.exchange()
    );
    let station = station("centre", LOGIN, &book);
    station.write("c.pem", &certificate);
    run(station, &centre);
}

#[cfg(feature = "ssh")]
#[test]
fn over_ssh() {
    let centre = centre("ssh", "", &[]);
    let book = format!(
        "[phonebook]\ncentre = {{ call = \"ssh://pump@{}\", ssh = {{ known-hosts = \"known\", \
         unknown-hosts = \"trust-on-first-use\", password = \"file:password\" }} }}\n",
        centre.exchange()
    );
    // SSH has said who calls.
    run(station("centre", "", &book), &centre);
}

/// Where a program finds the terminal that another instance has made.
fn port(stage: &Stage, name: &str) -> String {
    std::fs::canonicalize(stage.path(name)).unwrap().to_str().unwrap().to_owned()
}

#[cfg(feature = "modems")]
#[test]
fn over_a_modem_with_at_commands() {
    let centre = centre("raw", "", &[]);
    let modem = Stage::run(&format!(
        "[[line]]\nname = \"modem\"\npty = \"modem\"\n[phonebook]\n\"5551234\" = \"tcp://{}\"\n",
        centre.exchange()
    ));
    let tables = format!(
        "[[modem]]\nname = \"out\"\ndevice = \"{}\"\nlock-folder = \".\"\n",
        port(&modem, "modem")
    );
    let mut station = run(station("modem:out/5551234", LOGIN, &tables), &centre);
    // And again: the modem has come back from its first call.
    calls(&mut station, &centre);
}

/// The centre's `login:` comes in one piece with the module's `CONNECT`, and was lost so.
#[cfg(all(feature = "translator", feature = "wip"))]
#[test]
fn over_a_gsm_module_whose_signal_the_centre_sees() {
    let centre = centre("raw", "", &[]);
    let module = Stage::run(
        "[[line]]\nname = \"sim-modem\"\npty = \"module\"\npersona = \"wavecom-q26\"\n\
         gsm = { operator = \"Example Net\", signal = 17, search-ms = 50, number = \"+4917000001\" }\n\
         [[line]]\nname = \"phone\"\npty = \"phone\"\npersona = \"wismo\"\n\
         gsm = { number = \"+4917000002\", search-ms = 50 }\n",
    );
    let tables = format!(
        "[[gsm]]\nname = \"north\"\ndevice = \"{}\"\napn = \"internet\"\nflow = \"none\"\nlock = \"kernel\"\n\
         boot = \"3s\"\nregister-within = \"3s\"\n\
         wake = {{ secret = \"file:wake\" }}\n",
        port(&module, "module")
    );
    let mut station = station(&format!("gsm:north/{}", centre.exchange()), LOGIN, &tables);
    station.write("wake", "open sesame\n");
    station.start(&["station", "--log", "debug"]);
    station.wait_for("ready module=north");
    calls(&mut station, &centre);
    centre.ask_until(&["sites"], " dBm");
    // And upon a message.
    let mut phone = Equipment::open(&module.path("phone"));
    phone.command("AT+CMGF=1", "OK\r\n");
    phone.command("AT+CMGS=\"+4917000001\"", "> ");
    phone.send("open sesame\x1a");
    station.wait_for("a message wakes the station");
    station.wait_for("everything is said");
}
