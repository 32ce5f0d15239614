//! A station and the centre as two processes, and the test on the line between them: it sees what is said, kills
//! either or both at the moment it wants, and counts every sample in the centre's store.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use armour::channel::{Coding, Receiver as Frames, Values};
use rustix::process::Signal;
use store::{SampleValue, Store};
use telemetry::Message;

use crate::stage::{PATIENCE, Stage};

/// Points of the device; a reading is one number for each.
const POINTS: u32 = 8;

/// When somebody dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// Half of the n-th batch has come through.
    MidBatch(u32),
    /// All of it has, and nobody knows how far the centre's disk is.
    Batch(u32),
    /// The batch is durable, and its acknowledgement gets no further than the line.
    Held(u32),
    /// Half of the acknowledgement has come through.
    MidAcknowledgement(u32),
    /// All of it has, and nobody knows how far the station's disk is.
    Acknowledgement(u32),
    /// So many bytes have gone either way: in the login, the probe, the greeting, or between batches.
    Bytes(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Centre,
    Station,
    Both,
}

/// What the line knows.
#[derive(Default)]
pub(crate) struct Line {
    pub(crate) centre: Option<SocketAddr>,
    moment: Option<Moment>,
    /// Of the call in progress.
    batches: u32,
    acknowledgements: u32,
    bytes: usize,
    /// The station's store, as it says.
    source: Option<String>,
    /// The last number whose acknowledgement the centre has sent.
    acknowledged: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

/// How much of a piece comes through before the moment.
enum Cut {
    None,
    After(usize),
}

impl Line {
    /// Notes what is in a piece, and where the moment is.
    fn look(&mut self, piece: &[u8], frames: &mut Frames) -> Cut {
        let before = self.bytes;
        self.bytes += piece.len();
        let mut rest = piece;
        while let Some(frame) = frames.next(&mut rest) {
            let cut = match Message::decode(&frame) {
                Ok(Message::Hello(hello)) => {
                    self.source = Some(hello.store.to_string());
                    None
                }
                Ok(Message::Batch { .. }) => {
                    self.batches += 1;
                    match self.moment {
                        Some(Moment::MidBatch(n)) if n == self.batches => Some(piece.len() / 2),
                        Some(Moment::Batch(n)) if n == self.batches => Some(piece.len()),
                        _ => None,
                    }
                }
                Ok(Message::Acknowledged(through)) => {
                    self.acknowledged = self.acknowledged.max(through);
                    self.acknowledgements += 1;
                    let n = self.acknowledgements;
                    match self.moment {
                        Some(Moment::Held(wanted)) if n == wanted => Some(0),
                        Some(Moment::MidAcknowledgement(wanted)) if n == wanted => {
                            Some(piece.len() / 2)
                        }
                        Some(Moment::Acknowledgement(wanted)) if n == wanted => Some(piece.len()),
                        _ => None,
                    }
                }
                _ => None,
            };
            if let Some(cut) = cut {
                self.moment = None;
                return Cut::After(cut);
            }
        }
        if let Some(Moment::Bytes(n)) = self.moment
            && self.bytes >= n
        {
            self.moment = None;
            return Cut::After(n.saturating_sub(before).min(piece.len()));
        }
        Cut::None
    }
}

/// Carries one direction until the moment comes, or somebody hangs up.
fn carry(
    way: Way,
    mut from: TcpStream,
    mut to: TcpStream,
    line: &Mutex<Line>,
    moment: &Sender<Sender<()>>,
) {
    let mut frames = Frames::new(Coding::Hdlc(Values::default()));
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut piece) {
        let piece = &piece[..count];
        let cut = line.lock().unwrap().look(piece, &mut frames);
        let through = match cut {
            Cut::None => count,
            Cut::After(through) => through,
        };
        if to.write_all(&piece[..through]).is_err() {
            break;
        }
        if matches!(cut, Cut::After(_)) {
            let (dead, died) = channel();
            if moment.send(dead).is_ok() {
                // Nothing more comes through before they are dead.
                let _ = died.recv();
            }
            break;
        }
    }
    // The end of what the station says is no end of what it hears.
    let _ = to.shutdown(if way == Way::Up { Shutdown::Write } else { Shutdown::Both });
}

/// The line; the place that the station calls, and who is to be killed when.
pub(crate) fn line(line: &Arc<Mutex<Line>>) -> (SocketAddr, Receiver<Sender<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (moment, moments) = channel();
    let line = Arc::clone(line);
    thread::spawn(move || {
        for station in listener.incoming().map_while(Result::ok) {
            let Some(centre) = line.lock().unwrap().centre else { continue };
            let Ok(centre) = TcpStream::connect(centre) else { continue };
            {
                let mut line = line.lock().unwrap();
                (line.batches, line.acknowledgements, line.bytes) = (0, 0, 0);
            }
            let ends = [(Way::Up, &station, &centre), (Way::Down, &centre, &station)]
                .map(|(way, a, b)| (way, a.try_clone().unwrap(), b.try_clone().unwrap()));
            for (way, from, to) in ends {
                let (line, moment) = (Arc::clone(&line), moment.clone());
                thread::spawn(move || carry(way, from, to, &line, &moment));
            }
        }
    });
    (address, moments)
}

/// A Modbus TCP server: the n-th reading of the k-th point is `n * POINTS + k`.
fn device() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let readings = Arc::new(AtomicU32::new(0));
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let readings = Arc::clone(&readings);
            thread::spawn(move || {
                let mut request = [0; 12];
                while stream.read_exact(&mut request).is_ok() {
                    assert_eq!(
                        request[7..],
                        [3, 0, 100, 0, 2 * POINTS as u8],
                        "what the file says"
                    );
                    let length = 3 + 4 * POINTS as u8;
                    let mut answer =
                        vec![request[0], request[1], 0, 0, 0, length, request[6], 3, length - 3];
                    let reading = readings.fetch_add(1, Ordering::SeqCst);
                    for point in 0..POINTS {
                        answer.extend((reading * POINTS + point).to_be_bytes());
                    }
                    if stream.write_all(&answer).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn station(device: SocketAddr, line: SocketAddr) -> Stage {
    let points: Vec<String> = (0..POINTS)
        .map(|k| format!("{{ name = \"p{k}\", address = \"h:{}\", type = \"u32\" }}", 100 + 2 * k))
        .collect();
    Stage::new(&format!(
        "[station]\nname = \"pump-house\"\ncall = \"tcp://{line}\"\nstay = \"1s\"\nretries = [\"1s\"]\n\
         every = \"100ms\"\nlogin = {{ name = \"pump\", password = \"file:password\" }}\n\
         [[bus]]\nname = \"lan\"\ntcp = \"{device}\"\nframing = \"tcp\"\nresponse = \"20s\"\n\
         [[device]]\nname = \"meter\"\nbus = \"lan\"\nunit = 1\npoints = [{}]\n",
        points.join(", ")
    ))
}

fn centre() -> Stage {
    Stage::new(
        "[exchange]\nstore = \"trunkline.db\"\n[[exchange.listen]]\naddress = \"127.0.0.1:0\"\naccept = [\"raw\"]\n\
         [[account]]\nname = \"pump\"\npassword = \"file:password\"\nservice = \"collector\"\n\
         [[site]]\nname = \"pump\"\nframing = \"station\"\n",
    )
}

/// The two of them, and the line.
struct Pair {
    station: Stage,
    centre: Stage,
    line: Arc<Mutex<Line>>,
    moments: Receiver<Sender<()>>,
    /// How often the station was killed.
    deaths: u64,
}

impl Pair {
    fn new() -> Self {
        let shared = Arc::default();
        let (address, moments) = line(&shared);
        let mut pair = Self {
            station: station(device(), address),
            centre: centre(),
            line: shared,
            moments,
            deaths: 0,
        };
        pair.start_centre();
        pair.station.start(&["station", "--log", "debug"]);
        pair
    }

    fn start_centre(&mut self) {
        self.centre.start(&["run", "--log", "debug"]);
        self.line.lock().unwrap().centre = Some(self.centre.exchange());
    }

    /// Kills the victim at the moment, and starts it again.
    fn kill(&mut self, victim: Victim, moment: Moment) {
        self.line.lock().unwrap().moment = Some(moment);
        self.station.signal(Signal::USR1);
        let dead = self
            .moments
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("{moment:?} never comes for {victim:?}"));
        if victim != Victim::Station {
            self.line.lock().unwrap().centre = None;
            self.centre.signal(Signal::KILL);
            self.centre.ended();
        }
        if victim != Victim::Centre {
            self.deaths += 1;
            self.station.signal(Signal::KILL);
            self.station.ended();
        }
        let _ = dead.send(());
        if victim != Victim::Station {
            self.count();
            self.start_centre();
        }
        if victim != Victim::Centre {
            self.station.start(&["station", "--log", "debug"]);
        }
    }

    /// Every number up to the last is there once, and every reading that the device has given but those that died
    /// with the station. How many samples there are.
    fn count(&self) -> u64 {
        let (source, acknowledged) = {
            let line = self.line.lock().unwrap();
            (line.source.clone(), line.acknowledged)
        };
        let Some(source) = source else { return 0 };
        let store = Store::visit(&self.centre.path("trunkline.db")).unwrap();
        let upto = store.upto("pump", &source).unwrap();
        assert!(upto >= acknowledged, "{acknowledged} was acknowledged, and {upto} is durable");
        let (mut samples, mut lost) = (0, 0);
        for point in 0..POINTS {
            let name = format!("meter.p{point}");
            let span = (UNIX_EPOCH, SystemTime::now() + Duration::from_secs(3600));
            let values: Vec<u32> = store
                .samples(("pump", &name), span)
                .unwrap()
                .map(|sample| match sample.unwrap().value {
                    SampleValue::Number(value) => value as u32,
                    other => panic!("{name} was {other:?}"),
                })
                .collect();
            assert!(
                values.iter().all(|value| value % POINTS == point),
                "another point's: {values:?}"
            );
            assert!(values.is_sorted_by(|a, b| a < b), "doubled, or out of order: {values:?}");
            if let (Some(first), Some(last)) = (values.first(), values.last()) {
                let readings = u64::from((last - first) / POINTS + 1);
                lost = lost.max(readings - values.len() as u64);
            }
            samples += values.len() as u64;
        }
        assert_eq!(samples, upto, "numbers and samples differ");
        // The first of a life isn't stored, nor the one at which it ends.
        let could = 2 * self.deaths;
        assert!(lost <= could, "{lost} readings are lost, and {could} could be");
        samples
    }
}

#[test]
fn no_sample_is_lost_or_doubled_whoever_is_killed_at_whatever_moment() {
    let mut pair = Pair::new();
    let mut chance: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = |below: u64| {
        chance =
            chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) % below
    };
    for victim in [Victim::Centre, Victim::Station, Victim::Both].repeat(3) {
        let n = 1 + next(3) as u32;
        for moment in [
            Moment::MidBatch(n),
            Moment::Batch(n),
            Moment::Held(n),
            Moment::MidAcknowledgement(n),
            Moment::Acknowledgement(n),
            Moment::Bytes(1 + next(2000) as usize),
            Moment::Bytes(1 + next(2000) as usize),
        ] {
            pair.kill(victim, moment);
        }
    }
    pair.station.signal(Signal::USR1);
    pair.station.wait_for("everything is said");
    assert!(pair.station.stop().success());
    assert!(pair.centre.stop().success());
    let samples = pair.count();
    assert!(samples > 300, "{samples} samples only");
}
