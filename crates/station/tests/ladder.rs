//! When a station calls again that couldn't reach the centre, on virtual time: days of it pass in a moment.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use carrier::{Call, clock_now, timer_at};
use station::{Calling, Phone, Plan, Reader, Station, StationConfig};
use telemetry::{Centre, CentreAction, Outbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Nobody answers, unless the centre is there; when each call was made.
#[derive(Debug, Default)]
struct Line {
    calls: Mutex<Vec<Instant>>,
    centre_is_there: AtomicBool,
}

impl Phone for Line {
    fn call(&self, _: &str) -> Calling {
        self.calls.lock().unwrap().push(Instant::now());
        if !self.centre_is_there.load(Ordering::SeqCst) {
            return Box::pin(async { Err("nobody answers".to_owned()) });
        }
        let (near, far) = tokio::io::duplex(64 * 1024);
        tokio::spawn(serve(far));
        let plain = telnet::Options::client(telnet::Mode::Off);
        Box::pin(async move { Ok(Call::over(Box::new(near), plain)) })
    }
}

#[derive(Debug)]
struct NoReader;

impl Reader for NoReader {
    fn read(&self, _: &str, _: &Path) -> Result<Plan, String> {
        Err("nothing is sent here".to_owned())
    }
}

/// A centre that is content with anything.
async fn serve(mut far: DuplexStream) {
    let mut out = Outbox::default();
    let mut centre = Centre::start(clock_now(), 1_790_000_000_000, &mut out);
    let mut buffer = [0; 1024];
    loop {
        while let Some(action) = out.actions.pop_front() {
            match action {
                CentreAction::Arrived(_) => centre.welcome(clock_now(), 0, &mut out),
                CentreAction::HangUp(_) => {
                    let _ = far.write_all(&out.bytes).await;
                    return;
                }
                _ => {}
            }
        }
        let bytes = std::mem::take(&mut out.bytes);
        if far.write_all(&bytes).await.is_err() {
            return;
        }
        let timeout = centre.deadline().map_or_else(|| Instant::now() + HOUR, timer_at);
        tokio::select! {
            read = far.read(&mut buffer) => match read {
                Ok(count @ 1..) => centre.input(clock_now(), &buffer[..count], &mut out),
                _ => return,
            },
            () = tokio::time::sleep_until(timeout) => centre.timeout(clock_now(), &mut out),
        }
    }
}

struct Field {
    station: Station,
    line: Arc<Line>,
    _folder: tempfile::TempDir,
}

impl Field {
    fn new(table: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("station.db");
        let table =
            format!("name = 'pump-house'\ncall = '1'\nstore = '{}'\n{table}", store.display());
        let config: StationConfig = toml::from_str(&table).unwrap();
        let plan =
            Plan { folder: "/".into(), station: config, buses: Vec::new(), devices: Vec::new() };
        assert_eq!(plan.mistakes(), []);
        let line = Arc::new(Line::default());
        let station = Station::start(plan, line.clone(), Arc::new(NoReader)).unwrap();
        Self { station, line, _folder: folder }
    }

    /// Waits until so many calls were made; what lay between them.
    async fn gaps(&self, calls: usize) -> Vec<Duration> {
        let end = Instant::now() + HOUR * 24 * 30;
        loop {
            let made = self.line.calls.lock().unwrap().clone();
            if made.len() >= calls {
                return made[..calls].windows(2).map(|two| two[1] - two[0]).collect();
            }
            assert!(Instant::now() < end, "{} calls in a month", made.len());
            tokio::time::sleep(MINUTE).await;
        }
    }

    fn forget(&self) {
        self.line.calls.lock().unwrap().clear();
    }
}

/// A fifth less at least, and a fifth more at most; timers are late by a moment.
fn is_about(gap: Duration, rung: Duration) -> bool {
    let second = Duration::from_secs(1);
    (rung * 8 / 10..=rung * 12 / 10 + second).contains(&gap)
}

#[tokio::test(start_paused = true)]
async fn every_rung_of_the_ladder_is_waited_for_about_as_long_as_it_says() {
    let field = Field::new("retries = ['1m', '10m', '1h', '2h']");
    let mut spread = [(Duration::MAX, Duration::ZERO); 4];
    for _ in 0..20 {
        field.forget();
        // A fresh wish begins at the foot of the ladder.
        field.station.call_now();
        let gaps = field.gaps(5).await;
        let rungs = [MINUTE, MINUTE * 10, HOUR, HOUR * 2];
        for ((gap, rung), (least, most)) in gaps.iter().zip(rungs).zip(&mut spread) {
            assert!(is_about(*gap, rung), "{gap:?} for {rung:?}");
            (*least, *most) = ((*gap).min(*least), (*gap).max(*most));
        }
    }
    for ((least, most), rung) in spread.into_iter().zip([MINUTE, MINUTE * 10, HOUR, HOUR * 2]) {
        assert!(most - least > rung / 10, "no two stations at once: {least:?} to {most:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_wanted_stays_on_the_last_rung_until_it_is_done() {
    let field = Field::new("retries = ['1m', '10m']");
    field.station.call_now();
    let gaps = field.gaps(30).await;
    assert!(is_about(gaps[0], MINUTE), "{gaps:?}");
    assert!(gaps[1..].iter().all(|gap| is_about(*gap, MINUTE * 10)), "{gaps:?}");
    assert_eq!(field.station.status().calls.trouble.as_deref(), Some("nobody answers"));
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_call_is_given_up_at_the_end_of_the_ladder_and_made_at_its_next_turn() {
    let field = Field::new("retries = ['1m', '10m']\ncall-every = '1d'");
    let gaps = field.gaps(31).await;
    for day in gaps.chunks(3) {
        let [first, second, rest] = day else { panic!("{day:?}") };
        assert!(is_about(*first, MINUTE) && is_about(*second, MINUTE * 10), "{day:?}");
        let whole = *first + *second + *rest;
        // Turns are shaken by a twentieth of their period.
        let shaken = HOUR * 24 / 20 + MINUTE;
        assert!((HOUR * 24 - shaken..=HOUR * 24 + shaken).contains(&whole), "{whole:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_call_in_which_everything_was_said_the_ladder_begins_at_its_foot() {
    let field = Field::new("retries = ['1m', '10m', '1h']\nstay = '1s'");
    field.station.call_now();
    field.gaps(4).await;
    field.line.centre_is_there.store(true, Ordering::SeqCst);
    let gaps = field.gaps(5).await;
    assert!(is_about(gaps[3], HOUR), "still on the last rung: {gaps:?}");
    let good = || field.station.status().calls.good;
    while good() == 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(field.station.status().calls.failures, 0);
    // Nobody wants another call, and none is made.
    tokio::time::sleep(HOUR * 24).await;
    assert_eq!(field.line.calls.lock().unwrap().len(), 5);

    field.line.centre_is_there.store(false, Ordering::SeqCst);
    field.forget();
    field.station.call_now();
    let gaps = field.gaps(3).await;
    assert!(is_about(gaps[0], MINUTE) && is_about(gaps[1], MINUTE * 10), "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_held_is_called_again_at_once_when_it_was_lost_and_then_by_the_ladder() {
    let field = Field::new("retries = ['1m', '10m']\nstay = 'hold'");
    let gaps = field.gaps(6).await;
    assert!(is_about(gaps[0], MINUTE), "{gaps:?}");
    assert!(gaps[1..].iter().all(|gap| is_about(*gap, MINUTE * 10)), "{gaps:?}");
}
