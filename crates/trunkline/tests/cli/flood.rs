//! Sites that say very much at once, and a disk that is full while they do: everything that is acknowledged is there once,
//! and the centre keeps its size and its manners.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use store::{SampleValue, Store};
use telemetry::{
    Cause, Definition, End, Hello, Outbox, PointId, Quality, Reason, Sample, Stamp, Station,
    StationAction, Stay, StoreId, Value,
};

use crate::stage::{PATIENCE, Stage, logged_in};

/// Ten days of one-minute samples; `TRUNKLINE_SAMPLES=525600` makes a year of it, which takes some minutes.
const SAMPLES: u64 = 14_400;

fn samples() -> u64 {
    std::env::var("TRUNKLINE_SAMPLES").ok().and_then(|text| text.parse().ok()).unwrap_or(SAMPLES)
}

/// 2026-10-01.
const BEGAN_MS: i64 = 1_790_812_800_000;

fn sample(seq: u64) -> Sample {
    Sample {
        seq,
        point: PointId(1),
        at_ms: BEGAN_MS - 365 * 86_400_000 + i64::try_from(seq).unwrap() * 60_000,
        stamp: Stamp::Sure,
        reason: Reason::Schedule,
        quality: Quality::Good,
        value: Value::Unsigned(seq),
    }
}

fn centre(site: &str) -> Stage {
    Stage::new(&format!(
        "[exchange]\nstore = \"trunkline.db\"\n\
         [[exchange.listen]]\naddress = \"127.0.0.1:0\"\naccept = [\"raw\"]\n\
         [[account]]\nname = \"pump\"\npassword = \"file:password\"\nservice = \"collector\"\n\
         [[site]]\nname = \"pump\"\n{site}\n"
    ))
}

/// A station with so many samples, all of which it uploads in one call; how that ended.
fn upload(exchange: SocketAddr, samples: u64, acknowledged: &AtomicU64) -> End {
    let mut stream = logged_in(exchange, "pump", "secret");
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let start = Instant::now();
    let now = || clock::Instant::ORIGIN + start.elapsed();
    let mut out = Outbox::default();
    let hello =
        Hello { last: samples, ..Hello::new("pump-house", StoreId([7; 16]), Cause::Demand) };
    let mut station = Station::start(now(), hello, Stay::default(), &mut out);
    let [device, point, measure] = ["tank", "level", "m"].map(str::to_owned);
    station.define(PointId(1), Definition { device, unit: 1, point, measure });
    let mut buffer = [0; 4096];
    loop {
        while let Some(action) = out.actions.pop_front() {
            match action {
                StationAction::Acknowledged(through) => {
                    acknowledged.fetch_max(through, Ordering::SeqCst);
                }
                StationAction::HangUp(end) => {
                    let _ = stream.write_all(&out.bytes);
                    return end;
                }
                _ => {}
            }
        }
        while let Some(after) = station.wants() {
            let next: Vec<Sample> = (after + 1..=samples.min(after + 128)).map(sample).collect();
            station.upload(now(), &next, &mut out);
        }
        let bytes = std::mem::take(&mut out.bytes);
        stream.write_all(&bytes).unwrap();
        match stream.read(&mut buffer) {
            Ok(0) => return End::Silent,
            Ok(count) => station.input(now(), &buffer[..count], &mut out),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                station.timeout(now(), &mut out);
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Every sample up to this one is there once, with its own value.
fn assert_there(stage: &Stage, samples: u64) {
    let store = Store::visit(&stage.path("trunkline.db")).unwrap();
    let span = (UNIX_EPOCH, SystemTime::now() + Duration::from_secs(86_400 * 400));
    let mut expected = 1..;
    for kept in store.samples(("pump", "tank.level"), span).unwrap() {
        let seq = expected.next().unwrap();
        assert_eq!(kept.unwrap().value, SampleValue::Number(seq as f64));
    }
    assert_eq!(expected.next().unwrap() - 1, samples);
}

/// How much memory a process has had at most, in KiB.
fn most_memory(stage: &mut Stage) -> u64 {
    let pid = stage.child().id();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_station_that_uploads_a_year_at_once_is_kept_whole_and_holds_nobody_up() {
    let (samples, acknowledged) = (samples(), Arc::new(AtomicU64::new(0)));
    let mut stage = centre("framing = \"station\"");
    stage.start(&["run", "--log", "info"]);
    let (exchange, told) = (stage.exchange(), Arc::clone(&acknowledged));
    let before = most_memory(&mut stage);
    let station = thread::spawn(move || upload(exchange, samples, &told));
    while !station.is_finished() {
        let asked = Instant::now();
        assert!(stage.ask(&["sites"]).contains("pump"));
        assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    }
    assert_eq!(station.join().unwrap(), End::Done);
    assert_eq!(acknowledged.load(Ordering::SeqCst), samples);
    assert_there(&stage, samples);
    let more = most_memory(&mut stage) - before;
    assert!(more < 48 * 1024, "{more} KiB more than before");
}

#[test]
fn a_centre_whose_disk_is_full_acknowledges_nothing_that_it_could_lose_and_goes_on_when_there_is_room()
 {
    const SAMPLES: u64 = 10_000;
    let mut stage = centre("framing = \"station\"");
    let limit = stage.start_on_a_disk_that_fills();
    limit(Some(500_000));

    let acknowledged = Arc::new(AtomicU64::new(0));
    let (exchange, told) = (stage.exchange(), Arc::clone(&acknowledged));
    let station = thread::spawn(move || upload(exchange, SAMPLES, &told));
    stage.wait_for("the store can't be written");
    stage.wait_for("samples can't be kept now");
    let through = acknowledged.load(Ordering::SeqCst);
    assert!(through < SAMPLES, "the disk is never full");
    let store = Store::visit(&stage.path("trunkline.db")).unwrap();
    let kept = store.upto("pump", &StoreId([7; 16]).to_string()).unwrap();
    assert!(kept >= through, "{through} is acknowledged, and {kept} is there");
    drop(store);

    limit(None);
    stage.wait_for("the store can be written again");
    assert_eq!(station.join().unwrap(), End::Done);
    assert_eq!(acknowledged.load(Ordering::SeqCst), SAMPLES);
    assert_there(&stage, SAMPLES);
}

#[test]
fn a_flood_of_lines_is_listened_to_slowly_and_none_of_it_is_lost_or_counted_twice() {
    const LINES: u64 = 400;
    let mut stage = centre("framing = \"text\"\nlines = \"n={n}\"");
    stage.start(&["run", "--log", "info"]);
    let before = most_memory(&mut stage);
    let site = logged_in(stage.exchange(), "pump", "secret");
    let mut flood = site.try_clone().unwrap();
    let text: String = (1..=LINES).map(|n| format!("n={n}\r\n")).collect();
    let began = Instant::now();
    flood.write_all(text.as_bytes()).unwrap();
    let store = Store::visit(&stage.path("trunkline.db")).unwrap();
    let span = (UNIX_EPOCH, SystemTime::now() + Duration::from_secs(86_400));
    loop {
        let kept = store.count_samples(("pump", "n"), span).unwrap();
        if kept == LINES {
            break;
        }
        assert!(began.elapsed() < PATIENCE * 2, "{kept} lines in {:?}", began.elapsed());
        let asked = Instant::now();
        stage.ask(&["sites"]);
        assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    }
    let values: Vec<f64> = store
        .samples(("pump", "n"), span)
        .unwrap()
        .map(|sample| match sample.unwrap().value {
            SampleValue::Number(number) => number,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(values.iter().copied().eq((1..=LINES).map(|n| n as f64)), "in their order: {values:?}");
    assert!(began.elapsed() > Duration::from_secs(2), "or a site fills the disk in a day");

    // Now it never stops: the call holds back what isn't listened to, and the centre stays as it is.
    let endless = thread::spawn(move || {
        let mut sent = 0;
        while flood.write_all(&[b'x'; 64 * 1024]).is_ok() && sent < 256 * 1024 * 1024 {
            sent += 64 * 1024;
        }
    });
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        assert!(stage.ask(&["sites"]).contains("on line"));
    }
    let more = most_memory(&mut stage) - before;
    assert!(more < 32 * 1024, "{more} KiB more than before");
    site.shutdown(std::net::Shutdown::Both).unwrap();
    endless.join().unwrap();
}
