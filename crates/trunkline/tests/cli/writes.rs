//! A wish that writes, and the centre, the station or the call ended with -9 between the write and its answer: nothing is
//! written twice, and nobody claims to know what he doesn't.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use clock::Civil;
use rustix::process::Signal;

use crate::kills::{self, Line};
use crate::stage::{PATIENCE, Stage, listen, logged_in};

/// A register that counts how often it was written.
#[derive(Default)]
struct Register {
    value: u16,
    writes: u32,
    /// Addresses that were read, in their order.
    read: Vec<u16>,
}

/// Units of one register, and the test that is told of each write before it is answered.
#[derive(Clone)]
pub(crate) struct Unit {
    register: Arc<Mutex<Register>>,
    written: Sender<Sender<()>>,
}

impl Unit {
    pub(crate) fn new() -> (Self, Receiver<Sender<()>>) {
        let (written, writes) = channel();
        (Self { register: Arc::default(), written }, writes)
    }

    /// Answers in the frames of Modbus TCP until the far end goes.
    fn serve(&self, mut stream: TcpStream) {
        let mut request = [0; 12];
        while stream.read_exact(&mut request).is_ok() {
            let mut answer = request.to_vec();
            match request[7] {
                3 => {
                    let count = request[11];
                    answer.truncate(8);
                    answer[5] = 3 + 2 * count;
                    answer.push(2 * count);
                    let mut register = self.register.lock().unwrap();
                    register.read.push(u16::from_be_bytes([request[8], request[9]]));
                    answer.extend(register.value.to_be_bytes().repeat(count.into()));
                }
                6 => {
                    {
                        let mut register = self.register.lock().unwrap();
                        register.value = u16::from_be_bytes([request[10], request[11]]);
                        register.writes += 1;
                    }
                    let (go_on, gone_on) = channel();
                    if self.written.send(go_on).is_ok() {
                        let _ = gone_on.recv();
                    }
                }
                function => panic!("nobody asks for function {function}"),
            }
            if stream.write_all(&answer).is_err() {
                return;
            }
        }
    }

    /// Listens, as a device of a station does.
    fn listen(&self) -> SocketAddr {
        let unit = self.clone();
        listen(move |stream| unit.serve(stream))
    }

    /// Calls the exchange and logs in, as equipment does that is no station of ours.
    pub(crate) fn call(&self, exchange: SocketAddr) -> TcpStream {
        let stream = logged_in(exchange, "pump", "secret");
        let (unit, call) = (self.clone(), stream.try_clone().unwrap());
        thread::spawn(move || unit.serve(stream));
        call
    }

    /// What was read, in its order.
    pub(crate) fn read(&self) -> Vec<u16> {
        self.register.lock().unwrap().read.clone()
    }

    fn writes(&self) -> u32 {
        self.register.lock().unwrap().writes
    }
}

pub(crate) fn centre(framing: &str) -> Stage {
    let mut centre = Stage::new(&format!(
        "[exchange]\nstore = \"trunkline.db\"\naudit = \"audit.log\"\n\
         [[exchange.listen]]\naddress = \"127.0.0.1:0\"\naccept = [\"raw\"]\n\
         [[account]]\nname = \"pump\"\npassword = \"file:password\"\nservice = \"collector\"\n\
         [[site]]\nname = \"pump\"\nframing = \"{framing}\"\nwrites = \"allow\"\nresponse = \"60s\"\n"
    ));
    centre.start(&["run", "--log", "debug"]);
    let wish = centre.ask(&["write", "pump", "h:10", "77", "--at", "next-call"]);
    assert!(wish.contains("waits as wish 1"), "{wish}");
    centre
}

fn die(stage: &mut Stage) {
    stage.signal(Signal::KILL);
    stage.ended();
}

const WISH: [&str; 3] = ["sites", "--wish", "1"];

/// A station, its unit, and the line between it and the centre, which may come back at another address.
struct Field {
    station: Stage,
    centre: Stage,
    line: Arc<Mutex<Line>>,
    unit: Unit,
    writes: Receiver<Sender<()>>,
}

impl Field {
    fn new() -> Self {
        let (unit, writes) = Unit::new();
        let line = Arc::default();
        let (address, _) = kills::line(&line);
        let centre = centre("station");
        line.lock().unwrap().centre = Some(centre.exchange());
        let station = Stage::new(&format!(
            "[station]\nname = \"pump-house\"\ncall = \"tcp://{address}\"\nstay = \"1s\"\nretries = [\"1s\"]\n\
             every = \"1h\"\nallow = [\"writes\"]\nlogin = {{ name = \"pump\", password = \"file:password\" }}\n\
             [[bus]]\nname = \"lan\"\ntcp = \"{}\"\nframing = \"tcp\"\nresponse = \"60s\"\n\
             [[device]]\nname = \"meter\"\nbus = \"lan\"\nunit = 1\n\
             points = [{{ name = \"level\", address = \"h:10\" }}]\n",
            unit.listen()
        ));
        let mut field = Self { station, centre, line, unit, writes };
        field.start_station();
        field
    }

    fn start_station(&mut self) {
        self.station.start(&["station", "--log", "debug"]);
        self.station.signal(Signal::USR1);
    }

    fn start_centre(&mut self) {
        self.centre.start(&["run", "--log", "debug"]);
        self.line.lock().unwrap().centre = Some(self.centre.exchange());
    }
}

#[test]
fn a_write_whose_centre_dies_before_the_answer_is_not_written_again_and_its_answer_is_found() {
    let mut field = Field::new();
    let answer = field.writes.recv_timeout(PATIENCE).expect("a write");
    die(&mut field.centre);
    let _ = answer.send(());
    field.start_centre();
    let shown = field.centre.ask(&WISH);
    assert!(shown.contains("sending"), "{shown}");
    // The call failed, so the station calls again.
    let shown = field.centre.ask_until(&WISH, "done");
    assert!(shown.contains("0 → 77"), "with what stood there before: {shown}");
    assert_eq!(field.unit.writes(), 1);
}

#[test]
fn a_write_whose_station_dies_before_the_answer_is_not_written_again_and_nobody_says_that_it_was() {
    let mut field = Field::new();
    let answer = field.writes.recv_timeout(PATIENCE).expect("a write");
    die(&mut field.station);
    die(&mut field.centre);
    let _ = answer.send(());
    field.start_centre();
    field.start_station();
    let shown = field.centre.ask_until(&WISH, "unknown");
    assert!(shown.contains("isn't known"), "{shown}");
    assert_eq!(field.unit.writes(), 1);
}

#[test]
fn a_write_to_any_other_unit_is_unknown_once_its_centre_has_died_and_is_not_sent_again() {
    let (unit, writes) = Unit::new();
    let mut centre = centre("tcp");
    let call = unit.call(centre.exchange());
    let answer = writes.recv_timeout(PATIENCE).expect("a write");
    die(&mut centre);
    drop((call, answer));
    centre.start(&["run", "--log", "debug"]);
    let shown = centre.ask(&WISH);
    assert!(shown.contains("unknown") && shown.contains("the centre ended"), "{shown}");
    // What is asked at its next call comes behind what would have been sent again.
    centre.ask(&["read", "pump", "h:10", "--at", "next-call"]);
    let _call = unit.call(centre.exchange());
    centre.ask_until(&["sites", "--wish", "2"], "77");
    assert_eq!(unit.writes(), 1);
    let audit = std::fs::read_to_string(centre.path("audit.log")).unwrap();
    let noted: Vec<_> = audit.lines().filter(|line| line.contains("site-write")).collect();
    assert!(
        matches!(&noted[..], [one] if one.contains("isn't known") && one.contains("\"old\":\"0\"")),
        "{audit}"
    );
}

#[test]
fn a_write_whose_call_is_lost_before_the_answer_is_unknown_and_is_not_sent_again() {
    let (unit, writes) = Unit::new();
    let centre = centre("tcp");
    let call = unit.call(centre.exchange());
    let answer = writes.recv_timeout(PATIENCE).expect("a write");
    call.shutdown(std::net::Shutdown::Both).unwrap();
    let shown = centre.ask_until(&WISH, "unknown");
    assert!(shown.contains("the call ended"), "{shown}");
    drop(answer);
    let _call = unit.call(centre.exchange());
    centre.ask_until(&["sites"], "on line");
    let read = centre.ask(&["read", "pump", "h:10"]);
    assert!(read.contains("= 77"), "{read}");
    assert_eq!(unit.writes(), 1);
}

#[test]
fn what_is_as_urgent_goes_as_it_was_made_and_what_becomes_due_during_a_call_goes_over_it() {
    let (unit, writes) = Unit::new();
    // Nobody waits for writes: they are answered at once.
    drop(writes);
    let centre = centre("tcp");
    centre.ask_until(&WISH, "waiting");
    let ask = |what: &str, words: &[&str]| {
        centre.ask(&[&["read", "pump", what, "--at"], words].concat());
    };
    ask("h:20", &["next-call"]);
    ask("h:21", &["next-call"]);
    ask("h:22", &["next-call", "--priority", "5"]);
    ask("h:23", &["next-call", "--priority", "5"]);
    // Moments, since "in 15 s" would be later the longer the orders before it have taken.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed();
    let [soon, after] = [20, 21].map(|seconds| Civil::of_secs(now + seconds).to_string());
    ask("h:24", &[&after, "--priority", "-1"]);
    ask("h:25", &[&soon]);
    ask("h:26", &[&soon, "--expires", "0s"]);
    ask("h:27", &["next-call", "--priority", "-7"]);
    let _call = unit.call(centre.exchange());
    // Before and after the write of the first wish its register is read.
    let read = || unit.read();
    centre.ask_until(&["sites", "--wish", "9"], "done");
    assert_eq!(read(), [22, 23, 10, 10, 20, 21, 27], "and nothing before its time");
    centre.ask_until(&["sites", "--wish", "6"], "done");
    centre.ask_until(&["sites", "--wish", "8"], "expired");
    assert_eq!(read(), [22, 23, 10, 10, 20, 21, 27, 25, 24], "over the same call");
}
