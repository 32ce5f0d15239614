//! A station that calls the centre over everything that a line can dial, each with real processes at both ends.

#[cfg(feature = "modems")]
use std::io::{Read as _, Write as _};
#[cfg(feature = "modems")]
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use store::{SampleValue, Store};

use crate::device::sevens;
#[cfg(feature = "modems")]
use crate::ports::free_address;
#[cfg(any(feature = "modems", all(feature = "translator", feature = "wip")))]
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

/// A telephone line with a modem at each end.
#[cfg(feature = "modems")]
fn telephone() -> Stage {
    let ring = free_address();
    Stage::run(&format!(
        "[[line]]\nname = \"near\"\npty = \"near\"\n\
         [[line]]\nname = \"far\"\npty = \"far\"\nlisten = \"{ring}\"\n\
         [phonebook]\n\"5551234\" = \"tcp://{ring}\"\n"
    ))
}

/// A centre that calls its site by the telephone when a client of its facade asks.
#[cfg(feature = "modems")]
fn calling_centre(telephone: &Stage, facade: SocketAddr, password: &str) -> Stage {
    let mut centre = Stage::new(&format!(
        "[exchange]\nstore = \"trunkline.db\"\n\
         [[exchange.listen]]\naddress = \"127.0.0.1:0\"\naccept = [\"raw\"]\n\
         [[account]]\nname = \"pump\"\npassword = \"file:password\"\nservice = \"collector\"\n\
         [[site]]\nname = \"pump\"\nframing = \"station\"\ncall = \"modem:out/5551234\"\n\
         call-password = \"file:called\"\n\
         [[facade]]\nname = \"scada\"\nlisten = \"{facade}\"\nsite = \"pump\"\ncall = \"60s\"\n\
         [[modem]]\nname = \"out\"\ndevice = \"{}\"\nlock-folder = \".\"\nreserve = \"outgoing\"\n",
        port(telephone, "near")
    ));
    centre.write("called", password);
    centre.start(&["run", "--log", "debug"]);
    centre.ask_until(&["modems"], "idle");
    centre
}

/// A station that would call in vain, and answers its modem.
#[cfg(feature = "modems")]
fn answering_station(telephone: &Stage) -> Stage {
    let answer = "answer = { password = \"file:answer\" }\n";
    let modem = format!(
        "[[modem]]\nname = \"in\"\ndevice = \"{}\"\nlock-folder = \".\"\non-ring = \"station\"\n",
        port(telephone, "far")
    );
    let mut station = station("tcp://127.0.0.1:1", answer, &modem);
    station.write("answer", "open sesame");
    station.start(&["station", "--log", "debug"]);
    station.ask_until(&["modems"], "idle");
    station
}

/// What a client of the facade is answered who reads register 100.
#[cfg(feature = "modems")]
fn read(facade: SocketAddr) -> Vec<u8> {
    let mut client = TcpStream::connect(facade).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.write_all(&[0, 7, 0, 0, 0, 6, 1, 3, 0, 100, 0, 1]).unwrap();
    let mut head = [0; 7];
    client.read_exact(&mut head).unwrap();
    let mut answer = vec![0; usize::from(head[5]) - 1];
    client.read_exact(&mut answer).unwrap();
    answer
}

#[cfg(feature = "modems")]
#[test]
fn a_station_answers_its_modem_and_serves_the_centre_over_that_call() {
    let (telephone, facade) = (telephone(), free_address());
    let mut station = answering_station(&telephone);
    let centre = calling_centre(&telephone, facade, "open sesame");
    // Twice: both modems have come back from the first call.
    for _ in 0..2 {
        assert_eq!(read(facade), [3, 2, 0, 7]);
        station.wait_for("everything is said to the centre, which has called");
        centre.ask_until(&["sites"], "away");
        centre.ask_until(&["modems"], "idle");
        station.ask_until(&["modems"], "idle");
    }
    let store = Store::visit(&centre.path("trunkline.db")).unwrap();
    let latest = store.latest("pump").unwrap().pop().expect("what waited has come along");
    assert_eq!((latest.point.as_str(), latest.value), ("meter.count", SampleValue::Number(7.0)));
}

#[cfg(feature = "modems")]
#[test]
fn whoever_rings_a_station_without_its_password_is_told_nothing_and_gets_nothing() {
    let (telephone, facade) = (telephone(), free_address());
    let mut station = answering_station(&telephone);
    let mut centre = calling_centre(&telephone, facade, "open says me");
    assert_eq!(read(facade), [0x83, 0x0a]);
    station.wait_for("whoever called didn't say the password");
    let store = Store::visit(&centre.path("trunkline.db")).unwrap();
    assert!(store.latest("pump").unwrap().is_empty(), "nothing has come");
    // A person who dials it, with the centre's modem.
    station.ask_until(&["modems"], "idle");
    assert!(centre.stop().success());
    let mut person = Equipment::open(&telephone.path("near"));
    person.command("AT", "OK\r\n");
    person.send("ATD5551234\r");
    person.expect("CONNECT");
    person.expect("Password: ");
    person.send("TLP BEGIN\r");
    person.expect("NO CARRIER");
}

#[cfg(feature = "modems")]
#[test]
fn a_call_of_a_station_went_unheard_while_the_centre_waited_to_be_asked_for_the_password() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (facade, address) = (free_address(), silent.local_addr().unwrap());
    let site = format!(
        "call = \"tcp://{address}\"\ncall-password = \"file:called\"\n\
         [[facade]]\nname = \"scada\"\nlisten = \"{facade}\"\nsite = \"pump\"\ncall = \"60s\"\n"
    );
    let mut centre = Stage::new(&format!(
        "[exchange]\nstore = \"trunkline.db\"\n\
         [[exchange.listen]]\naddress = \"127.0.0.1:0\"\naccept = [\"raw\"]\n\
         [[account]]\nname = \"pump\"\npassword = \"file:password\"\nservice = \"collector\"\n\
         [[site]]\nname = \"pump\"\nframing = \"station\"\n{site}"
    ));
    centre.write("called", "open sesame");
    centre.start(&["run", "--log", "debug"]);
    let client = std::thread::spawn(move || read(facade));
    let (called, _) = silent.accept().unwrap();
    centre.ask_until(&["sites"], "on line");
    let mut station = station(&format!("tcp://{}", centre.exchange()), LOGIN, "");
    station.start(&["station", "--log", "debug"]);
    station.ask(&["station", "--call"]);
    centre.wait_for("cause=replaced");
    station.wait_for("everything is said");
    assert_eq!((&called).read(&mut [0]).unwrap(), 0, "the older call goes on");
    assert!(client.join().is_ok());
}

#[cfg(feature = "modems")]
#[test]
fn a_modem_that_is_to_answer_for_a_station_that_lets_nobody_in_is_refused() {
    let modem = "[[modem]]\nname = \"in\"\ndevice = \"/dev/ttyS0\"\non-ring = \"station\"\n";
    for (own, words) in [
        ("", "lets nobody in"),
        ("answer = { password = \"file:answer\" }\n", "8 characters"),
        ("answer = { password = \"file:nowhere\" }\n", "nowhere"),
    ] {
        let station = station("tcp://127.0.0.1:1", own, modem);
        station.write("answer", "short");
        let checked = station.command(&["check"]);
        let said = String::from_utf8_lossy(&checked.stderr).into_owned()
            + &String::from_utf8_lossy(&checked.stdout);
        assert!(!checked.status.success() && said.contains(words), "{said}");
    }
}
