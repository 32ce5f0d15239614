//! What sites measure: kept once, found again, drawn together.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use store::{
    AlarmNews, Noted, SampleBatch, SampleRow, SampleValue, Settings, Store, Stored, quality,
};

fn time(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

fn batch(source: &str, seqs: impl Iterator<Item = u64>) -> SampleBatch {
    let sample = |seq: u64| SampleRow {
        point: "level".into(),
        seq,
        at: time(seq),
        value: SampleValue::Number(seq as f64),
        quality: quality::GOOD,
    };
    SampleBatch { site: "pump".into(), source: source.into(), samples: seqs.map(sample).collect() }
}

fn put(store: &Store, batch: SampleBatch) -> Stored {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(store.put_samples(batch).expect("taken")).expect("stored")
}

fn open(folder: &tempfile::TempDir) -> Store {
    Store::open(&folder.path().join("trunkline.db"), &Settings::default()).expect("opened")
}

fn count(store: &Store) -> usize {
    let all = store.samples(("pump", "level"), (UNIX_EPOCH, time(1_000_000_000))).expect("a list");
    all.inspect(|sample| assert!(sample.is_ok(), "a sample")).count()
}

#[test]
fn what_comes_again_is_known_also_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    let stored = put(&store, batch("boot-1", 1..=10));
    assert_eq!(stored, Stored { fresh: 10, known: 0, upto: 10 });
    drop(store);
    let store = open(&folder);
    assert_eq!(store.upto("pump", "boot-1").expect("read"), 10);
    let stored = put(&store, batch("boot-1", 5..=12));
    assert_eq!(stored, Stored { fresh: 2, known: 6, upto: 12 });
    // What has no source is always new, and another source counts for itself.
    assert_eq!(put(&store, batch("", 1..=2)).fresh, 2);
    assert_eq!(put(&store, batch("boot-2", 1..=3)).fresh, 3);
    assert_eq!(count(&store), 17);
}

#[test]
fn samples_are_found_by_time_and_those_of_one_moment_are_all_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    let mut same = batch("a", 1..=3);
    same.samples.iter_mut().for_each(|sample| sample.at = time(5));
    put(&store, same);
    put(&store, batch("b", 6..=9));
    let found = store.samples(("pump", "level"), (time(5), time(7))).expect("a list");
    let found: Vec<_> = found.map(|sample| sample.expect("a sample").value).collect();
    assert_eq!(found, [1.0, 2.0, 3.0, 6.0, 7.0].map(SampleValue::Number));
    let latest = store.latest("pump").expect("read");
    assert_eq!(latest.len(), 1);
    assert_eq!((latest[0].at, &latest[0].value), (time(9), &SampleValue::Number(9.0)));
    assert!(store.latest("nobody").expect("read").is_empty());
}

#[test]
fn a_series_shows_every_peak_in_as_many_pieces_as_are_wanted() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    for n in 0..10_u64 {
        let mut batch = batch("a", n * 2_000 + 1..=(n + 1) * 2_000);
        for sample in &mut batch.samples {
            sample.value = match sample.seq {
                7_777 => SampleValue::Number(1e6),
                7_778 => SampleValue::Number(f64::NAN),
                _ => SampleValue::Number(1.0),
            };
        }
        put(&store, batch);
    }
    let series = store.series(("pump", "level"), (time(0), time(20_000)), 100).expect("drawn");
    assert!((90..=100).contains(&series.len()), "{}", series.len());
    assert_eq!(series.iter().map(|bucket| bucket.count).sum::<u64>(), 19_999);
    let most = series.iter().map(|bucket| bucket.most).fold(0.0, f64::max);
    assert!((most - 1e6).abs() < 1e-9);
    assert!(series.windows(2).all(|pair| pair[0].at < pair[1].at));
    assert!(store.series(("pump", "other"), (time(0), time(9)), 9).expect("drawn").is_empty());
}

#[test]
fn more_than_fits_is_refused_and_can_come_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    let most = store::limits::BATCH as u64;
    assert!(matches!(store.put_samples(batch("a", 0..=most)), Err(store::Refused::Busy)));
    assert_eq!(put(&store, batch("a", 0..=0)).fresh, 1);
    store.close(Duration::from_secs(5));
    assert!(matches!(store.put_samples(batch("a", 1..=1)), Err(store::Refused::Closed)));
}

fn news(subject: &str, words: &str, lasts: bool) -> AlarmNews {
    let [site, kind, subject, words] = ["pump", "no-call", subject, words].map(str::to_owned);
    AlarmNews { site, kind, subject, words, lasts }
}

#[test]
fn an_alarm_is_open_once_and_seen_by_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    let note =
        |words: &str, lasts| store.note_alarm(news("", words, lasts), Vec::new()).expect("written");
    assert_eq!(note("it hasn't called", true), Noted::Fresh);
    assert_eq!(note("it hasn't called", true), Noted::Known);
    let open = store.alarms(10).expect("read");
    assert_eq!((open.len(), open[0].ended), (1, None));
    assert!(store.see_alarm(open[0].id, "ada").expect("written"));
    assert!(!store.see_alarm(open[0].id, "bob").expect("written"));
    assert_eq!(note("", false), Noted::Fresh);
    assert_eq!(note("", false), Noted::Known);
    assert_eq!(note("again", true), Noted::Fresh);
    let alarms = store.alarms(10).expect("read");
    assert_eq!(alarms.iter().map(|alarm| alarm.words.as_str()).collect::<Vec<_>>()[0], "again");
    assert_eq!(alarms[1].seen.as_ref().map(|(_, by)| by.as_str()), Some("ada"));
}

#[test]
fn what_is_to_be_told_waits_for_each_in_its_order_also_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    let both = || vec!["hook 1".to_owned(), "mail".to_owned()];
    store.note_alarm(news("a", "first", true), both()).expect("written");
    store.note_alarm(news("a", "known", true), both()).expect("written");
    store.note_alarm(news("a", "second", false), both()).expect("written");
    drop(store);
    let store = open(&folder);
    let next = |whom: &str| store.next_telling(whom).expect("read");
    let first = next("hook 1").expect("one");
    assert_eq!((first.news.words.as_str(), first.news.lasts), ("first", true));
    store.end_telling(first.id).expect("written");
    assert_eq!(next("hook 1").expect("one").news.words, "second");
    assert_eq!(next("mail").expect("one").news.words, "first", "each has his own");
    // Who isn't told any more is forgotten.
    store.tell_only(vec!["mail".to_owned()]).expect("written");
    assert_eq!(next("hook 1"), None);
    // A storm is bounded, and on record all the same.
    let noted = (0..=store::limits::TELLINGS)
        .map(|n| store.note_alarm(news(&n.to_string(), "storm", true), both()).expect("written"));
    assert_eq!(noted.fold(Noted::Known, |_, noted| noted), Noted::Untold);
}

#[test]
fn what_a_station_has_told_is_kept_until_it_tells_something_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    assert_eq!(store.told("pump").expect("read"), None);
    store.put_told("pump", 7, "a".into()).expect("written");
    store.put_told("pump", u32::MAX, "b".into()).expect("written");
    drop(store);
    assert_eq!(open(&folder).told("pump").expect("read"), Some((u32::MAX, "b".into())));
}

#[test]
fn what_units_of_a_site_refuse_is_known_after_a_restart_until_something_else_turns_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    let border = |n: u32| (format!("p{n}"), format!("p{}", n + 1));
    store.put_learned("pump", vec![border(1), border(2)]).expect("written");
    store.put_learned("mill", vec![border(9)]).expect("written");
    store.put_learned("pump", vec![border(2), border(5)]).expect("written");
    drop(store);
    let learned = open(&folder).learned().expect("read");
    assert_eq!(learned["pump"], [border(2), border(5)]);
    assert_eq!(learned["mill"], [border(9)]);
}
