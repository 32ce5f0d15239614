//! Calls to sites and what waits for them: a facade that has a site called, what is asked at the next call, a reload during
//! a call.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use store::{SampleValue, Store};

use crate::sites::{Unit, centre, request, until};
use crate::stage::{Stage, free_address};

/// Much for a busy machine, and less than a facade waits for a site that is called.
const SOON: Duration = Duration::from_secs(15);

/// An account of one more site.
fn account(name: &str) -> String {
    format!(
        "[[account]]\nname = \"{name}\"\npassword = \"file:pump.password\"\nservice = \"collector\"\n"
    )
}

#[test]
fn a_facade_has_a_site_called_and_answers_once_it_is_there_and_at_once_where_nobody_can_be_called()
{
    let stage = Stage::new();
    let (exchange, facade, nobody) = (free_address(), free_address(), free_address());
    let own = std::net::SocketAddr::from(([127, 0, 0, 2], facade.port()));
    let (_units, place) = Unit::serves(&stage, "tcp");
    let trunkline = centre(
        &stage,
        exchange,
        &format!(
            "{}{}\
             [[site]]\nname = \"pump\"\nframing = \"tcp\"\ncall = \"tcp://127.0.0.1:{place}\"\nresponse = \"10s\"\n\
             [[site]]\nname = \"far\"\nframing = \"tcp\"\n\
             [[site]]\nname = \"gone\"\nframing = \"tcp\"\ncall = \"tcp://{nobody}\"\n\
             [[facade]]\nname = \"units\"\nlisten = \"{facade}\"\ncall = \"20s\"\nunits = {{ 7 = \"pump 17\", 8 = \"far\" }}\n\
             [[facade]]\nname = \"own\"\nlisten = \"{own}\"\nsite = \"pump\"\n\
             [[facade]]\nname = \"short\"\nlisten = \"127.0.0.3:{}\"\nsite = \"gone\"\ncall = \"1s\"\n",
            account("far"),
            account("gone"),
            facade.port()
        ),
    );
    for place in [facade, own] {
        until("the facades listen", || TcpStream::connect(place).ok());
    }
    let read = [4, 0, 1, 0, 2];
    let away = [0x84, 0x0a];
    let soon = |what: &str, ask: &dyn Fn() -> Vec<u8>| {
        let begun = Instant::now();
        assert_eq!(ask(), away, "{what}");
        assert!(begun.elapsed() < SOON, "{what}: said at once, not after waiting");
    };
    soon("not to be called for this facade", &|| request(own, 17, &read));
    soon("nobody knows its number", &|| request(facade, 8, &read));
    soon("no site has this unit", &|| request(facade, 9, &read));
    // It is called, and answers by the facade's unit.
    assert_eq!(request(facade, 7, &read), [4, 4, 0x42, 0xf6, 0xe9, 0x79]);
    assert!(trunkline.ask(&["sites"]).contains("on line"));
    // There it is by an address of its own and its own units, too; a unit that is silent there is 0B.
    assert_eq!(request(own, 17, &read), [4, 4, 0x42, 0xf6, 0xe9, 0x79]);
    // Nobody answers: it isn't called again and again.
    let short = std::net::SocketAddr::from(([127, 0, 0, 3], facade.port()));
    assert_eq!(request(short, 1, &read), away);
    soon("called a moment ago", &|| request(short, 1, &read));
    let failed = |text: &str| text.matches("callback failed").count();
    assert!(failed(&trunkline.log().text()) <= 1, "{}", trunkline.log().text());
}

const POINTS: &str =
    "name,unit,address,type,order,measure\nlevel,17,30002,f32,ABCD,m\nsetpoint,1,h:10,u16,,bar\n";

fn wish(trunkline: &crate::stage::Trunkline, ask: &[&str]) -> String {
    let said = trunkline.ask(ask);
    let number = said.split("wish ").nth(1).and_then(|rest| rest.split(';').next());
    number.unwrap_or_else(|| panic!("{said}")).to_owned()
}

#[test]
fn what_waits_for_a_site_is_asked_by_priority_in_its_time_and_only_once_also_after_a_restart() {
    let stage = Stage::new();
    let exchange = free_address();
    stage.write("points.csv", POINTS);
    let tables = "[[site]]\nname = \"pump\"\npoints = \"points.csv\"\nwrites = \"allow\"\nresponse = \"10s\"\npoll = \"1h\"\n";
    let trunkline = centre(&stage, exchange, tables);
    let later = ["--at", "next-call"];
    let ask = |words: &[&str], when: &[&str]| wish(&trunkline, &[words, when].concat());
    let low = ask(&["read", "pump", "setpoint"], &[&later[..], &["--priority", "-5"]].concat());
    let write = ask(&["write", "pump", "setpoint", "55"], &later);
    let first = ask(&["read", "pump", "setpoint"], &[&later[..], &["--priority", "9"]].concat());
    let soon = ask(&["read", "pump", "level"], &["--at", "1s"]);
    let far = ask(&["read", "pump", "level"], &["--at", "1h"]);
    let expired = ask(&["read", "pump", "level"], &[&later[..], &["--expires", "1s"]].concat());
    let expires_later = ask(&["read", "pump", "level"], &["--at", "1h", "--expires", "1s"]);
    trunkline.ask_until(&["sites", "--wish", &expired], "expired");
    drop(trunkline);
    let trunkline = centre(&stage, exchange, tables);
    let unit = Unit::calls(&stage, "rtu", exchange);
    let state =
        |number: &str, wanted: &str| trunkline.ask_until(&["sites", "--wish", number], wanted);
    state(&low, "done");
    // The most urgent first: it read what was there before the write, and the least urgent what was written.
    state(&first, "setpoint = 9 bar");
    state(&write, "setpoint: 9 → 55");
    state(&low, "setpoint = 55 bar");
    state(&soon, "123.456 m");
    state(&far, "waiting");
    state(&expired, "expired");
    state(&expires_later, "waiting");
    unit.hangs_up();
    trunkline.ask_until(&["sites"], "away");
    // Nothing is done twice: another call finds nothing to do.
    let _unit = Unit::calls(&stage, "rtu", exchange);
    trunkline.ask_until(&["sites"], "on line");
    trunkline.ask_until(&["read", "pump", "setpoint"], "bar");
    let audit = until("a write in the audit log", || {
        let audit = std::fs::read_to_string(stage.path("audit.log")).ok()?;
        audit.contains("site-write").then_some(audit)
    });
    let writes: Vec<_> = audit.lines().filter(|line| line.contains("site-write")).collect();
    assert!(writes.len() == 1 && writes[0].contains('9') && writes[0].contains("55"), "{writes:?}");
}

/// What the API answers to an order.
#[cfg(feature = "web")]
fn order(page: std::net::SocketAddr, token: &str, path: &str, body: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = TcpStream::connect(page).expect("the page");
    let length = body.len();
    write!(
        stream,
        "POST /api/v1{path} HTTP/1.1\r\nHost: {page}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .expect("ordered");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    answer
}

#[cfg(feature = "web")]
#[test]
fn writing_over_the_api_is_a_right_of_its_own_and_goes_to_the_audit_log_with_both_values() {
    use std::os::unix::fs::PermissionsExt as _;
    let stage = Stage::new();
    let (exchange, page) = (free_address(), free_address());
    stage.write("points.csv", POINTS);
    let (reader, writer) = ("reads-0123456789abcdef", "writes-0123456789abcdef");
    for (name, secret) in [("reader", reader), ("writer", writer)] {
        let path = stage.write(name, secret);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("our own");
    }
    let trunkline = centre(
        &stage,
        exchange,
        &format!(
            "[[site]]\nname = \"pump\"\npoints = \"points.csv\"\nwrites = \"allow\"\nresponse = \"10s\"\npoll = \"1h\"\n\
             [web]\nlisten = \"{page}\"\n\
             [[operator]]\nname = \"ada\"\npassword = \"file:reader\"\nrole = \"admin\"\n\
             [[web.token]]\nname = \"scada\"\nsecret = \"file:reader\"\nrole = \"operator\"\n\
             [[web.token]]\nname = \"plant\"\nsecret = \"file:writer\"\nrole = \"admin\"\n"
        ),
    );
    let write = |token: &str, what: &str| order(page, token, "/sites/pump/write", what);
    // Nobody is there: said at once, and kept for its next call by who may.
    let away = order(page, reader, "/sites/pump/read", "{\"what\":\"level\"}");
    assert!(away.contains(" 409 ") && away.contains("next call"), "{away}");
    let later = write(
        writer,
        "{\"what\":\"setpoint = 33\",\"wish\":{\"at\":\"next-call\",\"priority\":3}}",
    );
    assert!(later.contains("\"wish\":1"), "{later}");
    let _unit = Unit::calls(&stage, "rtu", exchange);
    trunkline.ask_until(&["sites", "--wish", "1"], "setpoint: 9 → 33");
    let read = order(page, reader, "/sites/pump/read", "{\"what\":\"setpoint\"}");
    assert!(read.contains("\"value\":\"33\"") && read.contains("\"measure\":\"bar\""), "{read}");
    assert!(write(reader, "{\"what\":\"setpoint = 44\"}").contains(" 403 "));
    let written = write(writer, "{\"what\":\"setpoint = 44\"}");
    assert!(
        written.contains("\"old\":\"33\"") && written.contains("\"value\":\"44\""),
        "{written}"
    );
    for (old, new) in [("9", "33"), ("33", "44")] {
        let both = format!("\"old\":\"{old}\",\"new\":\"{new}\"");
        until("a write in the audit log", || {
            let audit = std::fs::read_to_string(stage.path("audit.log")).ok()?;
            let line = |line: &&str| line.contains(&both) && line.contains("plant");
            audit.lines().find(line).map(drop)
        });
    }
}

#[test]
fn a_reload_gives_a_call_in_progress_its_new_points_and_ends_that_of_a_site_that_is_gone() {
    let stage = Stage::new();
    let exchange = free_address();
    stage.write("points.csv", POINTS);
    let tables =
        "[[site]]\nname = \"pump\"\npoints = \"points.csv\"\npoll = \"1h\"\nresponse = \"10s\"\n";
    let trunkline = centre(&stage, exchange, tables);
    let _unit = Unit::calls(&stage, "rtu", exchange);
    let store = Store::visit(&stage.path("trunkline.db")).expect("a store");
    let value = |name: &str| {
        let latest = store.latest("pump").expect("read");
        latest.into_iter().find(|sample| sample.point == name).map(|sample| sample.value)
    };
    until("the points that there were", || value("setpoint"));
    let call = |sites: String| {
        let behind = sites.split("\"call\":\"").nth(1)?;
        behind.split('"').next().map(str::to_owned)
    };
    let before = call(trunkline.ask(&["sites", "--json"])).expect("a call");
    assert_eq!(value("fresh"), None);
    stage.write("points.csv", format!("{POINTS}fresh,17,30002,f32,ABCD,cm\n"));
    trunkline.ask(&["reload"]);
    // Long before the hour is over.
    let fresh = until("the new point", || value("fresh"));
    assert_eq!(fresh, SampleValue::Number(123.456));
    assert_eq!(call(trunkline.ask(&["sites", "--json"])), Some(before), "the same call");
    // By its new name, in its new measure, at once.
    assert!(trunkline.ask(&["read", "pump", "fresh"]).contains("123.456 cm"));

    let file = stage.path("trunkline.toml");
    let text = std::fs::read_to_string(&file).expect("a configuration");
    let without = text.replace(tables, "").replace("service = \"collector\"", "deny = \"gone\"");
    std::fs::write(&file, without).expect("written");
    trunkline.ask(&["reload"]);
    // It stays on record, with the reason of its end.
    until("the end of the call", || {
        let calls = trunkline.ask(&["calls"]);
        let of_site = calls.lines().find(|line| line.contains("pump"))?;
        of_site.contains("denied").then_some(())
    });
}

/// A unit that calls by itself and answers Modbus TCP over the call: it gives twenty registers at once, has nothing at 55,
/// and can't be written.
fn picky_unit(exchange: std::net::SocketAddr) {
    use std::io::{Read as _, Write as _};
    let mut call = TcpStream::connect(exchange).expect("the exchange");
    let mut heard = Vec::new();
    for (prompt, words) in [("login: ", "pump\r"), ("Password: ", "secret\r"), ("\r\n", "")] {
        while !heard.ends_with(prompt.as_bytes()) {
            let mut byte = [0];
            call.read_exact(&mut byte).expect("a prompt");
            heard.extend(byte);
        }
        call.write_all(words.as_bytes()).expect("it reads");
        heard.clear();
    }
    let mut head = [0; 7];
    while call.read_exact(&mut head).is_ok() {
        let mut asked = vec![0; usize::from(head[5]) - 1];
        call.read_exact(&mut asked).expect("the rest");
        let [first, count] = [1, 3].map(|at| u16::from_be_bytes([asked[at], asked[at + 1]]));
        let told = match asked[0] {
            3 if count > 20 => vec![0x83, 3],
            3 if (first..first + count).contains(&55) => vec![0x83, 2],
            3 => {
                let words = (first..first + count).flat_map(u16::to_be_bytes);
                [3, 2 * count as u8].into_iter().chain(words).collect()
            }
            function => vec![function | 0x80, 4],
        };
        head[5] = told.len() as u8 + 1;
        if call.write_all(&[&head[..], &told].concat()).is_err() {
            return;
        }
    }
}

#[test]
fn a_long_read_is_halved_until_the_unit_bears_it_and_a_write_in_vain_is_on_record() {
    let stage = Stage::new();
    let exchange = free_address();
    let trunkline = centre(
        &stage,
        exchange,
        "[[site]]\nname = \"pump\"\nframing = \"tcp\"\nwrites = \"allow\"\n\
         [[site.point]]\nname = \"level\"\naddress = \"h:4\"\nhigh = 3\n",
    );
    std::thread::spawn(move || picky_unit(exchange));
    trunkline.ask_until(&["sites"], "on line");
    let read = trunkline.ask(&["read", "pump", "h:0..50"]);
    assert_eq!(read.lines().count(), 50, "{read}");
    assert!(read.ends_with("h:49 (40050) = 49\n"), "{read}");
    // What isn't there is named, and so are the points where a name is wrong.
    let refused = trunkline.refused(&["read", "pump", "h:50..60"]);
    assert!(refused.contains("the device refuses h:55 (40056): exception 02"), "{refused}");
    let unknown = trunkline.refused(&["read", "pump", "levle"]);
    assert!(unknown.contains("no point `levle`; its points are level"), "{unknown}");
    // A number below zero is no flag.
    let failed = trunkline.refused(&["write", "pump", "h:3", "-5", "--as", "i16"]);
    assert!(failed.contains("exception 04"), "{failed}");
    let record = || {
        let audit = std::fs::read_to_string(stage.path("audit.log")).ok()?;
        let line = audit.lines().find(|line| line.contains("site-write-failed"))?;
        Some(line.to_owned())
    };
    let record = until("a record", record);
    assert!(
        record.contains("write h:3+1 as i16 = -5") && record.contains("exception 04"),
        "{record}"
    );
    // What was said last, and what is wrong, for whoever has no page.
    trunkline.ask_until(&["sites", "--points", "pump"], "level  4      good");
    assert!(trunkline.refused(&["sites", "--points", "nobody"]).contains("no site `nobody`"));
    trunkline.ask_until(&["sites", "--alarms"], "level is 4");
    // Later may be a moment.
    let asked = trunkline.ask(&["read", "pump", "level", "--at", "2099-01-01T06:00"]);
    assert!(asked.contains("waits as wish 1"), "{asked}");
    trunkline.ask_until(&["sites", "--wish", "1"], "2099-01-01T06:00:00Z");
}
