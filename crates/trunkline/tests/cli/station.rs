//! A station between a device that counts its readings and a centre that counts what it is given, both dying often.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use telemetry::{Cause, Centre, CentreAction, Outbox, Quality, StoreId, Value};

use crate::stage::{PATIENCE, Stage, trunkline};

/// A Modbus TCP server of 32-bit numbers, each greater than the one before; where it listens.
pub(crate) fn device() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicU32::new(70_000));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let count = Arc::clone(&count);
            thread::spawn(move || serve_device(stream, &count));
        }
    });
    address
}

fn serve_device(mut stream: TcpStream, count: &AtomicU32) {
    let mut request = [0; 12];
    while stream.read_exact(&mut request).is_ok() {
        assert_eq!(request[7..], [3, 0, 100, 0, 2], "what the file says");
        let mut answer = vec![request[0], request[1], 0, 0, 0, 7, request[6], 3, 4];
        answer.extend(count.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

/// What a centre has on its disk.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) samples: BTreeMap<u64, u64>,
    store: Option<StoreId>,
    acknowledged: u64,
    calls: u32,
    /// Why it was called, as far as that was said.
    causes: Vec<Cause>,
    faults: Vec<String>,
}

/// When a centre dies.
#[derive(Clone, Copy)]
pub(crate) enum Dies {
    Never,
    /// Now before samples are durable, now after that and before they are acknowledged, now behind.
    Often,
}

pub(crate) fn centre(kept: &Arc<Mutex<Kept>>, dies: Dies) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let kept = Arc::clone(kept);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let _ = serve_station(stream, &kept, dies);
        }
    });
    address
}

fn line(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut text = String::new();
    let mut byte = [0];
    loop {
        stream.read_exact(&mut byte)?;
        match byte[0] {
            b'\r' => return Ok(text),
            other => text.push(char::from(other)),
        }
    }
}

fn serve_station(mut stream: TcpStream, kept: &Mutex<Kept>, dies: Dies) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"Welcome.\r\nlogin: ")?;
    assert_eq!(line(&mut stream)?, "site-0042");
    stream.write_all(b"\r\nPassword: ")?;
    assert_eq!(line(&mut stream)?, "secret");
    stream.write_all(b"\r\n")?;
    stream.set_read_timeout(Some(Duration::from_millis(20)))?;
    let start = Instant::now();
    let now = || clock::Instant::ORIGIN + start.elapsed();
    let mut out = Outbox::default();
    let mut centre = Centre::start(now(), 1_790_000_000_000, &mut out);
    let mut buffer = [0; 4096];
    let mut batches = 0;
    kept.lock().unwrap().calls += 1;
    loop {
        stream.write_all(&std::mem::take(&mut out.bytes))?;
        for action in std::mem::take(&mut out.actions) {
            match action {
                CentreAction::Arrived(hello) => {
                    let mut kept = kept.lock().unwrap();
                    let same = kept.store.is_none_or(|store| store == hello.store);
                    if !same {
                        kept.faults.push("another store".to_owned());
                    }
                    kept.store = Some(hello.store);
                    kept.causes.push(hello.cause);
                    let through = kept.samples.last_key_value().map_or(0, |(seq, _)| *seq);
                    centre.welcome(now(), through, &mut out);
                }
                CentreAction::Store(samples) => {
                    batches += 1;
                    let calls = kept.lock().unwrap().calls;
                    let dying = matches!(dies, Dies::Often) && batches == 1 + calls % 4;
                    if dying && calls.is_multiple_of(3) {
                        return Ok(());
                    }
                    let mut kept = kept.lock().unwrap();
                    for received in &samples {
                        keep(&mut kept, received);
                    }
                    if dying && calls % 3 == 1 {
                        return Ok(());
                    }
                    let through = samples.last().unwrap().sample.seq;
                    kept.acknowledged = kept.acknowledged.max(through);
                    centre.stored(through, &mut out);
                    if dying {
                        stream.write_all(&std::mem::take(&mut out.bytes))?;
                        return Ok(());
                    }
                }
                CentreAction::HangUp(_) => {
                    // Closed with bytes unread, the connection would be reset, and our farewell lost with it.
                    stream.shutdown(Shutdown::Write)?;
                    stream.set_read_timeout(Some(PATIENCE))?;
                    while stream.read(&mut buffer)? > 0 {}
                    return Ok(());
                }
                _ => {}
            }
        }
        if !out.bytes.is_empty() {
            continue;
        }
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => centre.input(now(), &buffer[..count], &mut out),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                centre.timeout(now(), &mut out);
            }
            Err(error) => return Err(error),
        }
    }
}

fn keep(kept: &mut Kept, received: &telemetry::Received) {
    let seq = received.sample.seq;
    if (received.definition.device.as_str(), received.definition.point.as_str())
        != ("meter", "count")
    {
        kept.faults.push(format!("{seq} is of {:?}", received.definition));
    }
    if seq <= kept.acknowledged {
        kept.faults.push(format!("{seq} was acknowledged, and came again"));
    }
    match (received.sample.quality, &received.sample.value) {
        (Quality::Good, Value::Unsigned(value)) => {
            if kept.samples.insert(seq, *value).is_some() {
                kept.faults.push(format!("{seq} was durable, and came again"));
            }
        }
        other => kept.faults.push(format!("{seq} is {other:?}")),
    }
}

pub(crate) fn configuration(device: SocketAddr, centre: SocketAddr, stay: &str) -> String {
    format!(
        "[station]\nname = \"pump-house\"\ncall = \"tcp://{centre}\"\nstay = \"{stay}\"\nretries = [\"1s\"]\n\
         every = \"100ms\"\nlogin = {{ name = \"site-0042\", password = \"file:password\" }}\n\
         [[bus]]\nname = \"lan\"\ntcp = \"{device}\"\nframing = \"tcp\"\n\
         [[device]]\nname = \"meter\"\nbus = \"lan\"\nunit = 1\n\
         points = [{{ name = \"count\", address = \"h:100\", type = \"u32\" }}]\n"
    )
}

pub(crate) fn wait_until(kept: &Mutex<Kept>, what: impl Fn(&Kept) -> bool) {
    let end = Instant::now() + PATIENCE;
    while !what(&kept.lock().unwrap()) {
        assert!(Instant::now() < end, "it never comes to that");
        thread::sleep(Duration::from_millis(20));
    }
}

/// No number is missing, none is there twice, and each value was read after the one before it.
pub(crate) fn assert_whole(kept: &Kept) {
    assert_eq!(kept.faults, Vec::<String>::new());
    let numbers: Vec<u64> = kept.samples.keys().copied().collect();
    let expected: Vec<u64> = (1..=numbers.len() as u64).collect();
    assert_eq!(numbers, expected, "a sample is lost");
    let values: Vec<u64> = kept.samples.values().copied().collect();
    assert!(values.is_sorted_by(|a, b| a < b), "a reading was counted twice: {values:?}");
}

#[test]
fn no_sample_is_lost_or_doubled_though_both_ends_are_killed_at_any_moment() {
    let kept = Arc::default();
    let centre = centre(&kept, Dies::Often);
    let mut stage = Stage::new(&configuration(device(), centre, "hold"));
    let mut chance: u64 = 0x9e37_79b9;
    for _ in 0..12 {
        stage.start_command(trunkline(stage.folder.path()).args(["station", "--log", "debug"]));
        chance =
            chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The moment of death is the test: nothing is waited for.
        thread::sleep(Duration::from_millis(100 + (chance >> 33) % 2500));
        stage.signal(Signal::KILL);
        stage.ended();
    }
    stage.start(&["station", "--log", "debug"]);
    let before = kept.lock().unwrap().samples.len();
    wait_until(&kept, |kept| kept.samples.len() > before + 20);
    assert!(stage.stop().success());
    let kept = kept.lock().unwrap();
    assert!(kept.samples.len() > 40, "{} samples only", kept.samples.len());
    assert_whole(&kept);
}

#[test]
fn a_station_that_is_wanted_calls_and_hangs_up_when_everything_is_said() {
    let kept = Arc::default();
    let centre = centre(&kept, Dies::Never);
    let mut stage = Stage::new(&configuration(device(), centre, "1s"));
    stage.start(&["station", "--log", "debug"]);
    assert_eq!(kept.lock().unwrap().calls, 0, "nobody wanted a call");
    stage.signal(Signal::USR1);
    wait_until(&kept, |kept| kept.samples.len() > 3);
    assert!(stage.stop().success());
    let kept = kept.lock().unwrap();
    // A call that fails, as one may on a busy machine, is made again; none is made unasked.
    let again = kept.causes.iter().filter(|cause| **cause != Cause::Demand).collect::<Vec<_>>();
    assert!(again.iter().all(|cause| **cause == Cause::Retry), "{:?}", kept.causes);
    assert!(kept.causes.len() - again.len() <= 1, "wanted once: {:?}", kept.causes);
    assert_whole(&kept);
}
