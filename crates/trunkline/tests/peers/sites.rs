//! Sites: pymodbus units that call the exchange, asked by commands, by mbpoll and by pymodbus through a facade.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use store::{SampleValue, Store, quality};

use crate::stage::{
    PATIENCE, Process, Setting, Stage, Trunkline, command, free_address, installed,
};

pub(crate) fn python(stage: &Stage, name: &str, text: &str) -> std::process::Command {
    let script = stage.write(name, text);
    // The system's interpreter: pymodbus is its package.
    let mut command = command(installed("/usr/bin/python3"));
    command.arg("-u").arg(script);
    command
}

pub(crate) fn modbus(stage: &Stage) -> std::process::Command {
    python(stage, "modbus.py", include_str!("modbus.py"))
}

/// An exchange with the account `pump` of a site, and more tables.
pub(crate) fn centre(stage: &Stage, exchange: SocketAddr, tables: &str) -> Trunkline {
    use std::os::unix::fs::PermissionsExt as _;
    let secret = stage.write("pump.password", "secret");
    std::fs::set_permissions(secret, std::fs::Permissions::from_mode(0o600)).expect("our own");
    Setting::new(stage)
        .tables(&format!(
            "[exchange]\nstore = \"trunkline.db\"\naudit = \"audit.log\"\n\
             [[exchange.listen]]\naddress = \"{exchange}\"\naccept = [\"raw\"]\n\
             [[account]]\nname = \"pump\"\npassword = \"file:pump.password\"\nservice = \"collector\"\n{tables}\n"
        ))
        .run()
}

/// The unit, and what it needs to be one.
pub(crate) struct Unit(Vec<Process>);

impl Unit {
    /// A unit of pymodbus that calls.
    pub(crate) fn calls(stage: &Stage, framing: &str, exchange: SocketAddr) -> Self {
        let (Self(mut parts), place) = Self::serves(stage, framing);
        parts.push(caller(stage, "call", exchange, &place));
        Self(parts)
    }

    /// Units of pymodbus, and where they are: a port, or a terminal.
    pub(crate) fn serves(stage: &Stage, framing: &str) -> (Self, String) {
        let mut parts = Vec::new();
        let place = if framing == "tcp" {
            free_address().port().to_string()
        } else {
            let end = |name: &str| format!("pty,raw,echo=0,link={}", stage.path(name).display());
            let mut socat = command(installed("/usr/bin/socat"));
            parts.push(Process::start("socat", socat.args([end("units"), end("bus")])));
            let begun = Instant::now();
            while !(stage.path("units").exists() && stage.path("bus").exists()) {
                assert!(begun.elapsed() < PATIENCE, "socat makes no cable");
                std::thread::yield_now();
            }
            stage.path("units").display().to_string()
        };
        let serving = Process::start("units", modbus(stage).args(["serve", framing, &place]));
        serving.log().expect("serving");
        parts.push(serving);
        let place = if framing == "tcp" { place } else { stage.path("bus").display().to_string() };
        if framing == "tcp" {
            let begun = Instant::now();
            while TcpStream::connect(format!("127.0.0.1:{place}")).is_err() {
                assert!(begun.elapsed() < PATIENCE, "the units don't listen");
                std::thread::yield_now();
            }
        }
        (Self(parts), place)
    }

    pub(crate) fn hangs_up(mut self) {
        if let Some(mut caller) = self.0.pop() {
            caller.kill();
        }
    }
}

pub(crate) fn caller(stage: &Stage, what: &str, exchange: SocketAddr, text: &str) -> Process {
    let port = exchange.port().to_string();
    let mut site = python(stage, "sites.py", include_str!("sites.py"));
    let caller = Process::start("site", site.args([what, &port, "pump", "secret", text]));
    caller.log().expect("logged in");
    caller
}

/// One request to a facade: the function and what follows it in the answer.
pub(crate) fn request(facade: SocketAddr, unit: u8, pdu: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(facade).expect("a facade");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    let length = pdu.len() as u8 + 1;
    let mut frame = vec![0, 7, 0, 0, 0, length, unit];
    frame.extend(pdu);
    stream.write_all(&frame).expect("sent");
    let mut head = [0; 7];
    stream.read_exact(&mut head).expect("an answer");
    let mut answer = vec![0; usize::from(head[5]) - 1];
    stream.read_exact(&mut answer).expect("all of it");
    answer
}

pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

const POINTS: &str = "name,unit,address,type,order,measure\n\
    level,17,30002,f32,ABCD,m\nsetpoint,1,h:10,u16,,bar\nnowhere,1,h:5000,u16,,\nlamp,1,c:3,,,\n";

#[test]
fn a_unit_of_pymodbus_is_polled_read_and_written_over_its_call_in_each_framing() {
    for framing in ["rtu", "ascii", "tcp"] {
        let stage = Stage::new();
        let (exchange, facade) = (free_address(), free_address());
        stage.write("points.csv", POINTS);
        let trunkline = centre(
            &stage,
            exchange,
            &format!(
                "[[site]]\nname = \"pump\"\nframing = \"{framing}\"\npoints = \"points.csv\"\nwrites = \"allow\"\n\
                 response = \"10s\"\npoll = \"1s\"\n\
                 [[facade]]\nname = \"scada\"\nlisten = \"{facade}\"\nsite = \"pump\"\nwrites = \"allow\"\n"
            ),
        );
        until("the facade listens", || TcpStream::connect(facade).ok());
        // Not on the line: said at once, and what can wait waits.
        assert_eq!(request(facade, 1, &[3, 0, 0, 0, 1]), [0x83, 0x0a]);
        let later = trunkline.ask(&["read", "pump", "level", "--at", "next-call"]);
        assert!(later.contains("waits as wish 1"), "{later}");

        let unit = Unit::calls(&stage, framing, exchange);
        trunkline.ask_until(&["sites"], "on line");
        trunkline.ask_until(&["sites", "--wish", "1"], "123.456 m");
        let read = trunkline.ask(&["read", "pump", "i:1+4", "--as", "f32", "--unit", "17"]);
        assert!(read.contains("i:1 (30002) = 123.456"), "{read}");
        let written = trunkline.ask(&["write", "pump", "setpoint", "77"]);
        assert!(written.contains("setpoint: 9 → 77"), "{written}");
        // The audit log is written by a thread of its own.
        let log = || std::fs::read_to_string(stage.path("audit.log")).ok();
        until("a write in the audit log", || {
            log().filter(|audit| audit.contains("\"old\":\"9\",\"new\":\"77\""))
        });

        // The same through the facade, with the clients that the world has.
        let port = facade.port().to_string();
        let mut client =
            Process::start("pymodbus", modbus(&stage).args(["ask", "127.0.0.1", &port]));
        client.succeed();
        let mut mbpoll = command(installed("/usr/bin/mbpoll"));
        mbpoll.args(["-m", "tcp", "-p", &port, "-a", "17", "-t", "3", "-r", "2", "-c", "2", "-1"]);
        let mut mbpoll = Process::start("mbpoll", mbpoll.arg("127.0.0.1"));
        mbpoll.succeed();
        mbpoll.log().expect("17142");

        // Who has written through the facade is on record, with what stood there before.
        let wrote = |line: &str| {
            ["\"facade\":\"scada\"", "\"old\":\"7\"", "\"new\":\"85\""]
                .iter()
                .all(|part| line.contains(part))
        };
        until("the facade's write in it", || log().filter(|audit| audit.lines().any(wrote)));

        // What was polled is kept, and what isn't there is kept as such.
        let store = Store::visit(&stage.path("trunkline.db")).expect("a store");
        until("samples of the poll", || {
            let latest = store.latest("pump").expect("read");
            let of = |name: &str| latest.iter().find(|sample| sample.point == name);
            let level = of("level")?;
            assert_eq!(level.value, SampleValue::Number(123.456));
            assert_eq!(of("nowhere")?.quality, quality::REFUSED);
            assert_eq!(of("nowhere")?.value, SampleValue::None);
            (of("setpoint")?.value == SampleValue::Number(85.0)).then_some(())
        });
        let all =
            store.samples(("pump", "level"), (UNIX_EPOCH, SystemTime::now())).expect("a list");
        assert!(
            all.map(|sample| sample.expect("a sample").value)
                .all(|value| value == SampleValue::Number(123.456))
        );

        unit.hangs_up();
        trunkline.ask_until(&["sites"], "away");
        assert_eq!(request(facade, 1, &[3, 0, 0, 0, 1]), [0x83, 0x0a]);
    }
}

#[test]
fn a_site_that_says_nothing_is_told_from_one_that_is_away_and_keeps_no_wrong_value() {
    let stage = Stage::new();
    let (exchange, facade) = (free_address(), free_address());
    let trunkline = centre(
        &stage,
        exchange,
        &format!(
            "[[site]]\nname = \"pump\"\nresponse = \"200ms\"\nretries = 0\npoll = \"200ms\"\n\
             [[site.point]]\nname = \"level\"\naddress = \"h:0\"\n\
             [[facade]]\nname = \"scada\"\nlisten = \"{facade}\"\nunits = {{ 5 = \"pump 1\" }}\n"
        ),
    );
    until("the facade listens", || TcpStream::connect(facade).ok());
    assert_eq!(request(facade, 6, &[3, 0, 0, 0, 1]), [0x83, 0x0a]);
    // Noise, a wrong CRC, another unit's answer, one of another function, one that is cut.
    let noise = r"\x01\x03\x02\x12\x34\x00\x00\x02\x03\x02\x12\x34\xf1\x04\x01\x04\x02\x12\x34\xb4\x47\x01\x03\xff\x00";
    let _caller = caller(&stage, "say", exchange, noise);
    trunkline.ask_until(&["sites"], "on line");
    assert_eq!(request(facade, 5, &[3, 0, 0, 0, 1]), [0x83, 0x0b]);
    // Writing is refused before anybody is asked.
    assert_eq!(request(facade, 5, &[6, 0, 0, 0, 1]), [0x86, 0x01]);
    let store = Store::visit(&stage.path("trunkline.db")).expect("a store");
    let latest = until("a sample", || store.latest("pump").expect("read").pop());
    assert_eq!((latest.quality, latest.value), (quality::SILENT, SampleValue::None));
    let all = store.samples(("pump", "level"), (UNIX_EPOCH, SystemTime::now())).expect("a list");
    assert!(
        all.map(|sample| sample.expect("a sample").value).all(|value| value == SampleValue::None)
    );
}

#[test]
fn lines_that_a_site_pushes_become_samples_as_its_pattern_says() {
    let stage = Stage::new();
    let exchange = free_address();
    let trunkline = centre(
        &stage,
        exchange,
        "[[site]]\nname = \"pump\"\nframing = \"text\"\nlines = \"T={temperature} {state:text};\"\n\
         [[site.point]]\nname = \"temperature\"\nmeasure = \"°C\"\nhigh = 20.0\n",
    );
    let _caller = caller(&stage, "say", exchange, r"garbage\r\nT=21.5 ok;\r\nT=x bad;\nT=1");
    trunkline.ask_until(&["sites"], "on line");
    let store = Store::visit(&stage.path("trunkline.db")).expect("a store");
    let span = (UNIX_EPOCH, SystemTime::now() + Duration::from_secs(60));
    let found = until("two samples", || {
        let all = store.samples(("pump", "temperature"), span).expect("a list");
        let all: Vec<_> = all.map(|sample| sample.expect("a sample")).collect();
        (all.len() == 2).then_some(all)
    });
    assert_eq!(found[0].value, SampleValue::Number(21.5));
    assert_eq!((found[1].quality, &found[1].value), (quality::BAD, &SampleValue::None));
    trunkline.ask_until(&["sites", "--alarms"], "temperature is 21.5 °C");
    let points = trunkline.ask(&["sites", "--points", "pump"]);
    assert!(points.contains("temperature  °C"), "with its measure: {points}");
}

#[test]
fn a_site_that_should_have_called_and_did_not_is_an_alarm_that_is_told() {
    let stage = Stage::new();
    let exchange = free_address();
    let hook = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = hook.local_addr().expect("bound");
    let _trunkline = centre(
        &stage,
        exchange,
        &format!(
            "[collector]\nhook = \"http://{address}/alarms\"\n\
             [[site]]\nname = \"pump\"\ncalls-every = \"100ms\"\n"
        ),
    );
    let (mut stream, _) = hook.accept().expect("the hook is called");
    let mut told = Vec::new();
    let mut piece = [0; 1024];
    while !told.ends_with(b"}") {
        let count = stream.read(&mut piece).expect("a request");
        assert!(count > 0, "{}", String::from_utf8_lossy(&told));
        told.extend(&piece[..count]);
    }
    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").expect("answered");
    let told = String::from_utf8(told).expect("text");
    assert!(told.starts_with("POST /alarms HTTP/1.1\r\n"), "{told}");
    assert!(
        told.contains("\"site\":\"pump\",\"kind\":\"no-call\"") && told.contains("\"lasts\":true"),
        "{told}"
    );
    let store = Store::visit(&stage.path("trunkline.db")).expect("a store");
    assert_eq!(store.alarms(10).expect("read")[0].kind, "no-call");
}

#[test]
fn an_operator_sees_a_site_its_points_a_chart_and_an_alarm_in_chromium() {
    use std::os::unix::fs::PermissionsExt as _;
    installed("/usr/bin/chromium");
    let stage = Stage::new();
    let (exchange, page) = (free_address(), free_address());
    stage.write(
        "points.csv",
        POINTS
            .replace("order,measure\n", "order,measure,high\n")
            .replace("ABCD,m\n", "ABCD,m,100\n"),
    );
    for (name, text) in [("operator", "pass"), ("token", "0123456789abcdef0123456789abcdef")] {
        let path = stage.write(name, text);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("our own");
    }
    let trunkline = centre(
        &stage,
        exchange,
        &format!(
            "[[site]]\nname = \"pump\"\npoints = \"points.csv\"\npoll = \"1s\"\n\
             [web]\nlisten = \"{page}\"\n[[web.token]]\nname = \"t\"\nsecret = \"file:token\"\n\
             [[operator]]\nname = \"ada\"\npassword = \"file:operator\"\nrole = \"admin\"\n"
        ),
    );
    trunkline.ask(&["read", "pump", "level", "--at", "1d"]);
    let _unit = Unit::calls(&stage, "rtu", exchange);
    trunkline.ask_until(&["sites"], "on line");
    let browser = include_str!("page.py").split("\ndef dial()").next().expect("a browser");
    let script = format!("{browser}\n{}", include_str!("sites_page.py"));
    let shots = stage.folder("shots").display().to_string();
    let base = format!("http://{page}/");
    let mut look = python(&stage, "look.py", &script);
    Process::start("look", look.args([base.as_str(), "-", "-", &shots, "-"])).succeed();

    // The same for programs.
    let get = |path: &str| {
        let mut stream = TcpStream::connect(page).expect("the page");
        let head =
            "Authorization: Bearer 0123456789abcdef0123456789abcdef\r\nConnection: close\r\n\r\n";
        write!(stream, "GET /api/v1{path} HTTP/1.1\r\nHost: {page}\r\n{head}").expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        answer
    };
    let csv = get("/sites/pump/points/level/samples.csv");
    assert!(csv.contains("at,value,quality") && csv.contains("Z,123.456,good\n"), "{csv}");
    let series = get("/sites/pump/points/level/series?pieces=3");
    assert!(series.contains("\"most\":123.456"), "{series}");
    assert!(get("/sites/nobody/points").starts_with("HTTP/1.1 404"));
    let wishes = get("/wishes?show=over");
    assert!(wishes.contains("\"answer\":\"withdrawn by ada\""), "{wishes}");
}

#[cfg(feature = "station")]
#[test]
fn a_station_reads_pymodbus_on_a_terminal_and_its_samples_are_kept_at_the_centre_and_its_units_asked()
 {
    let stage = Stage::new();
    let (exchange, telnet, facade) = (free_address(), free_address(), free_address());
    let trunkline = centre(
        &stage,
        exchange,
        &format!(
            "[[exchange.listen]]\naddress = \"{telnet}\"\naccept = [\"telnet\"]\n\
             [[site]]\nname = \"pump\"\nframing = \"station\"\nwrites = \"allow\"\n\
             [[facade]]\nname = \"scada\"\nlisten = \"{facade}\"\nsite = \"pump\"\nwrites = \"allow\"\n"
        ),
    );
    until("the facade listens", || TcpStream::connect(facade).ok());
    let (_units, place) = Unit::serves(&stage, "rtu");
    let file = stage.write(
        "station.toml",
        format!(
            "control = \"station.sock\"\n[station]\nname = \"pump-house\"\ncall = \"centre\"\nstay = \"hold\"\n\
             every = \"500ms\"\nretries = \"1s\"\nallow = [\"writes\"]\n\
             login = {{ name = \"pump\", password = \"file:pump.password\" }}\n\
             [phonebook]\ncentre = \"telnet://{telnet}\"\n\
             [[bus]]\nname = \"rs485\"\nserial = {{ device = \"{place}\", speed = 19200, format = \"8N1\" }}\n\
             [[device]]\nname = \"tank\"\nbus = \"rs485\"\nunit = 17\npoints = [\n\
             {{ name = \"level\", address = \"30002\", type = \"f32\", measure = \"m\", high = 100.0 }},\n\
             {{ name = \"nowhere\", address = \"h:5000\" }},\n]\n\
             [[device]]\nname = \"valve\"\nbus = \"rs485\"\nunit = 1\n\
             points = [{{ name = \"setpoint\", address = \"h:10\" }}]\n"
        ),
    );
    let mut station = command(env!("CARGO_BIN_EXE_trunkline"));
    let _station = Process::start("station", station.arg("station").arg(file));
    trunkline.ask_until(&["sites"], "on line");
    let store = Store::visit(&stage.path("trunkline.db")).expect("a store");
    until("samples of the station", || {
        let latest = store.latest("pump").expect("read");
        // A unit that was slow to answer has its next turn.
        let of = |name: &str, quality: u8| {
            latest.iter().find(|sample| sample.point == name && sample.quality == quality)
        };
        assert_eq!(of("tank.level", quality::GOOD)?.value, SampleValue::Number(123.456));
        assert_eq!(of("valve.setpoint", quality::GOOD)?.value, SampleValue::Number(9.0));
        of("tank.nowhere", quality::REFUSED).map(drop)
    });
    // Asked and written through the call.
    let read = trunkline.ask(&["read", "pump", "i:1+2", "--as", "f32", "--unit", "17"]);
    assert!(read.contains("123.456"), "{read}");
    assert_eq!(request(facade, 1, &[6, 0, 10, 0, 77]), [6, 0, 10, 0, 77]);
    until("the new value", || {
        let latest = store.latest("pump").expect("read");
        let setpoint = latest.iter().find(|sample| sample.point == "valve.setpoint")?;
        (setpoint.value == SampleValue::Number(77.0)).then_some(())
    });
    // By the names that the station has told, with their measure.
    trunkline.ask_until(&["read", "pump", "tank.level"], "tank.level = 123.456 m");
    let written = trunkline.ask(&["write", "pump", "valve.setpoint", "78"]);
    assert!(written.contains("valve.setpoint: 77 → 78"), "{written}");
    // Its alarm, with its reason.
    let alarms = store.alarms(10).expect("read");
    let high = alarms.iter().find(|alarm| alarm.kind == "high").expect("an alarm");
    assert_eq!((high.subject.as_str(), high.ended), ("tank.level", None));
    assert_eq!(high.words, "tank.level is 123.456 m");
    // A unit that the station doesn't have.
    assert_eq!(request(facade, 9, &[3, 0, 0, 0, 1]), [0x83, 0x0a]);
}

#[test]
fn who_calls_as_soon_as_the_exchange_listens_is_attended_to() {
    let stage = Stage::new();
    let exchange = free_address();
    // So many that knowing them takes a while.
    let sites: String = (0..2000).map(|n| format!("[[site]]\nname = \"other-{n}\"\n")).collect();
    let accounts: String = (0..2000)
        .map(|n| {
            format!(
                "[[account]]\nname = \"other-{n}\"\npassword = \"locked\"\nservice = \"collector\"\n"
            )
        })
        .collect();
    let caller = std::thread::spawn(move || {
        let begun = Instant::now();
        let mut call = loop {
            match TcpStream::connect(exchange) {
                Ok(call) => break call,
                Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
            }
        };
        call.set_read_timeout(Some(PATIENCE)).expect("our own socket");
        let mut heard = Vec::new();
        for (prompt, words) in
            [(&b"login: "[..], &b"pump\r"[..]), (b"Password: ", b"secret\r"), (b"\r\n", b"")]
        {
            while !heard.ends_with(prompt) {
                let mut byte = [0];
                call.read_exact(&mut byte).expect("a prompt");
                heard.extend(byte);
            }
            call.write_all(words).expect("it reads");
            heard.clear();
        }
        let mut asked = [0; 8];
        call.read_exact(&mut asked).expect("the poll with which a call begins");
        asked
    });
    let _centre = centre(
        &stage,
        exchange,
        &format!(
            "[[site]]\nname = \"pump\"\n[[site.point]]\nname = \"level\"\naddress = \"h:0\"\n{sites}{accounts}"
        ),
    );
    assert_eq!(caller.join().expect("attended to"), *b"\x01\x03\x00\x00\x00\x01\x84\x0a");
}
