//! A flow computer whose registers have 32 bits under one address: behind a station, at the far end of a call, and before
//! an engineer.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use store::{SampleValue, Store};

use crate::stage::{PATIENCE, Stage, listen, logged_in};

/// One as Daniel makes them: 32 bits from 5001 to 5999 and from 7001 to 7999, ordinary registers elsewhere. A register
/// holds its number, but for 7001: 123.456.
#[derive(Clone, Default)]
struct Daniel(Arc<Mutex<HashMap<u16, u32>>>);

impl Daniel {
    fn serve(&self, mut stream: TcpStream) {
        let mut head = [0; 7];
        while stream.read_exact(&mut head).is_ok() {
            let mut pdu = vec![0; usize::from(head[5]) - 1];
            stream.read_exact(&mut pdu).unwrap();
            let answer = self.answer(&pdu);
            let mut frame = vec![head[0], head[1], 0, 0, 0, answer.len() as u8 + 1, head[6]];
            frame.extend(answer);
            if stream.write_all(&frame).is_err() {
                return;
            }
        }
    }

    fn answer(&self, pdu: &[u8]) -> Vec<u8> {
        let word = |at: usize| u16::from_be_bytes([pdu[at], pdu[at + 1]]);
        let (first, count) = (word(1), word(3));
        let numbers = first..first + count;
        let wide = |number: u16| matches!(number, 5001..=5999 | 7001..=7999);
        assert!(numbers.clone().all(|number| wide(number) == wide(first)), "{pdu:?}");
        if pdu[0] == 16 {
            assert!(wide(first) && usize::from(pdu[5]) == 4 * usize::from(count), "{pdu:?}");
            let values =
                pdu[6..].chunks(4).map(|value| u32::from_be_bytes(value.try_into().unwrap()));
            self.0.lock().unwrap().extend(numbers.zip(values));
            return pdu[..5].to_vec();
        }
        assert_eq!(pdu[0], 3);
        let mut answer = vec![3, (count * if wide(first) { 4 } else { 2 }) as u8];
        for number in numbers {
            match number {
                5001..=5999 => answer.extend(u32::from(number).to_be_bytes()),
                7001..=7999 => answer.extend(self.float(number).to_be_bytes()),
                _ => answer.extend(number.to_be_bytes()),
            }
        }
        answer
    }

    fn float(&self, number: u16) -> u32 {
        let usual = if number == 7001 { 123.456 } else { f32::from(number) };
        self.0.lock().unwrap().get(&number).copied().unwrap_or(usual.to_bits())
    }

    /// Listens, as a device of a station does.
    fn listen(&self) -> SocketAddr {
        let unit = self.clone();
        listen(move |stream| unit.serve(stream))
    }
}

const CENTRE: &str = "[exchange]\nstore = \"trunkline.db\"\n\
    [[exchange.listen]]\naddress = \"127.0.0.1:0\"\naccept = [\"raw\"]\n\
    [[account]]\nname = \"pump\"\npassword = \"file:password\"\nservice = \"collector\"\n";

/// Until all these have come.
fn kept(centre: &Stage, values: &[(&str, f64)]) {
    let store = Store::visit(&centre.path("trunkline.db")).unwrap();
    let end = Instant::now() + PATIENCE;
    loop {
        let latest = store.latest("pump").unwrap();
        let has = |(name, value): &(&str, f64)| {
            latest
                .iter()
                .any(|sample| sample.point == *name && sample.value == SampleValue::Number(*value))
        };
        if values.iter().all(has) {
            return;
        }
        assert!(Instant::now() < end, "{latest:?}");
    }
}

#[test]
fn a_site_with_registers_of_32_bits_is_polled_read_and_written_over_its_call() {
    let point = |name: &str, address: &str, kind: &str| {
        format!("[[site.point]]\nname = \"{name}\"\naddress = \"{address}\"\n{kind}\n")
    };
    let mut centre = Stage::new(&format!(
        "{CENTRE}[[site]]\nname = \"pump\"\nframing = \"tcp\"\nwrites = \"allow\"\nresponse = \"30s\"\n\
         enron = [\"h:5001..6000\", \"h:7001..8000\"]\n{}{}{}{}",
        point("flow", "h:7001", "type = \"f32\""),
        point("pressure", "h:7003", "type = \"f32\""),
        point("total", "h:5001", "type = \"u32\""),
        point("state", "h:3001", "")
    ));
    centre.start(&["run", "--log", "debug"]);
    let daniel = Daniel::default();
    let stream = logged_in(centre.exchange(), "pump", "secret");
    thread::spawn(move || daniel.serve(stream));
    kept(&centre, &[("flow", 123.456), ("pressure", 7003.0), ("total", 5001.0), ("state", 3001.0)]);
    let many = centre.ask(&["read", "pump", "h:7001..7301", "--as", "f32"]);
    assert_eq!(many.lines().count(), 300);
    assert!(
        many.starts_with("h:7001 (47002) = 123.456\n") && many.ends_with(" = 7300\n"),
        "{many}"
    );
    assert!(centre.ask(&["read", "pump", "h:3001..3003"]).contains("h:3002 (43003) = 3002\n"));
    let written = centre.ask(&["write", "pump", "pressure", "2.5"]);
    assert_eq!(written, "pressure: 7003 → 2.5\n");
    let written = centre.ask(&["write", "pump", "h:7004", "0.5", "--as", "f32"]);
    assert!(written.contains("7004 → 0.5"), "{written}");
    for (ask, words) in [
        (&["read", "pump", "h:7001"][..], "32 bits"),
        (&["read", "pump", "h:6999..7003"], "some have 16 bits"),
        (&["read", "pump", "flow", "--enron"], "width"),
        (&["read", "pump", "c:1", "--enron"], "no width"),
    ] {
        let refused = centre.command(ask);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains(words), "{ask:?}: {said}");
    }
}

#[test]
fn a_station_reads_them_and_tells_the_centre_how_to_ask_for_them() {
    let daniel = Daniel::default();
    let mut centre = Stage::new(&format!(
        "{CENTRE}[[site]]\nname = \"pump\"\nframing = \"station\"\nwrites = \"allow\"\n"
    ));
    centre.start(&["run", "--log", "debug"]);
    let mut station = Stage::new(&format!(
        "[station]\nname = \"pump\"\ncall = \"tcp://{}\"\nstay = \"hold\"\nretries = [\"1s\"]\nevery = \"500ms\"\n\
         login = {{ name = \"pump\", password = \"file:password\" }}\nallow = \"writes\"\n\
         [[bus]]\nname = \"lan\"\ntcp = \"{}\"\nframing = \"tcp\"\n\
         [[device]]\nname = \"meter\"\nbus = \"lan\"\nunit = 1\nenron = [\"h:5001..6000\", \"h:7001..8000\"]\npoints = [\n\
         {{ name = \"flow\", address = \"h:7001\", type = \"f32\" }},\n\
         {{ name = \"long\", address = \"h:5010\", type = \"u64\" }},\n\
         {{ name = \"state\", address = \"h:3001\" }}]\n",
        centre.exchange(),
        daniel.listen()
    ));
    station.start(&["station", "--log", "debug"]);
    let long = f64::from(5010_u32) * 4_294_967_296.0 + 5011.0;
    kept(&centre, &[("meter.flow", 123.456), ("meter.long", long), ("meter.state", 3001.0)]);
    // By the name that the station has told, which says how wide it is.
    centre.ask_until(&["sites", "--points", "pump"], "h:7001");
    assert_eq!(centre.ask(&["read", "pump", "meter.flow"]), "meter.flow = 123.456\n");
    assert_eq!(centre.ask(&["write", "pump", "meter.flow", "7.5"]), "meter.flow: 123.456 → 7.5\n");
    // By address, with the flag: the centre's table says nothing of them.
    let read = centre.ask(&["read", "pump", "h:7001..7003", "--as", "f32", "--enron"]);
    assert_eq!(read, "h:7001 (47002) = 7.5\nh:7002 (47003) = 7002\n");
    let read = centre.command(&["read", "pump", "h:7001", "--as", "f32"]);
    assert!(!read.status.success(), "eight bytes are no answer to two ordinary registers");
}

#[test]
fn an_engineer_sees_them_under_all_orders() {
    let device = Daniel::default().listen();
    let stage = Stage::new("");
    let guess =
        ["modbus", "guess", "--enron", "--json", "--from", &format!("tcp://{device}"), "--read"];
    let said = stage.ask(&[&guess[..], &["h:7001"]].concat());
    let first = said.lines().next().unwrap();
    assert!(first.contains("\"orders\":[\"ABCD\"]") && first.contains("123.456"), "{said}");
    let many = stage.command(&[&guess[..], &["h:7001+63"]].concat());
    assert!(!many.status.success(), "252 bytes of data fit no frame");
}

#[test]
fn what_does_not_go_with_registers_of_32_bits_is_refused_in_its_place() {
    let device = |enron: &str, point: &str| {
        format!(
            "[station]\nname = \"pump\"\ncall = \"tcp://127.0.0.1:1\"\n\
             [[bus]]\nname = \"lan\"\ntcp = \"127.0.0.1:1\"\nframing = \"tcp\"\n\
             [[device]]\nname = \"meter\"\nbus = \"lan\"\nunit = 1\nenron = \"{enron}\"\n\
             points = [{{ name = \"flow\", {point} }}]\n"
        )
    };
    let site = |enron: &str, point: &str| {
        format!(
            "{CENTRE}[[site]]\nname = \"pump\"\nenron = \"{enron}\"\n[[site.point]]\nname = \"flow\"\n{}\n",
            point.replace(", ", "\n")
        )
    };
    for (enron, point, words) in [
        ("c:1..9", "address = \"h:1\"", "are bits"),
        ("h:7001..8000", "address = \"h:7001\"", "u16 isn't as long"),
        ("h:7001..8000", "address = \"h:7998\", type = \"f64\"", "right."),
        ("h:7001..8000", "address = \"h:7999\", type = \"f64\"", "some have 16 bits"),
        ("h:7001..8000", "address = \"h:7999\", type = \"text:6\"", "some have 16 bits"),
        ("h:7001..8000", "address = \"h:7001\", type = \"text:3\"", "text:3 isn't as long"),
    ] {
        for text in [device(enron, point), site(enron, point)] {
            let stage = Stage::new(&text);
            let checked = stage.command(&["check"]);
            let said = String::from_utf8_lossy(&checked.stderr).into_owned()
                + &String::from_utf8_lossy(&checked.stdout);
            assert!(said.contains(words), "{text}: {said}");
        }
    }
    let text = device("h:7001..8000 unit 3", "address = \"h:1\"");
    let said = Stage::new(&text).command(&["check"]).stderr;
    assert!(String::from_utf8_lossy(&said).contains("a device is one unit"));
}
