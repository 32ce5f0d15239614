use std::fs;
use std::io::Cursor;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn config(path: &Path) -> AuditConfig {
    AuditConfig { file: path.to_owned(), when_full: WhenFull::Continue }
}

/// Notes so many events and closes the log.
fn note(path: &Path, names: &[&str]) {
    let audit = Audit::open(&config(path)).expect("opened");
    for name in names {
        audit.note(Event::new("login").with("account", name));
    }
}

fn check(text: &str) -> Result<Verified, AuditFault> {
    verify(Cursor::new(text), None)
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).expect("read").lines().map(str::to_owned).collect()
}

#[test]
fn events_are_lines_in_their_order_and_for_their_owner_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.log");
    note(&path, &["a", "b\"\n\u{e9}\u{1f600}"]);
    note(&path, &["c"]);
    let lines = lines(&path);
    assert_eq!(lines.len(), 3);
    assert!(lines[0].starts_with("{\"n\":1,\"before\":\"0000"), "{}", lines[0]);
    assert!(lines[1].ends_with(r#""account":"b\"\u000a\u00e9\ud83d\ude00"}"#), "{}", lines[1]);
    let verified = check(&fs::read_to_string(&path).expect("read")).expect("whole");
    assert_eq!((verified.lines, verified.last, verified.torn), (3, 3, 0));
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_line_that_was_changed_added_or_taken_out_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.log");
    note(&path, &["a", "b", "c", "d"]);
    let lines = lines(&path);
    let changed = lines.join("\n").replace("\"b\"", "\"x\"") + "\n";
    assert!(matches!(check(&changed), Err(AuditFault::Broken { line: 3 })));
    for out in 1..3 {
        let mut lines = lines.clone();
        lines.remove(out);
        let number = u64::try_from(out).expect("small") + 1;
        let found = check(&(lines.join("\n") + "\n"));
        assert!(matches!(found, Err(AuditFault::Broken { line }) if line == number), "{found:?}");
    }
    let mut swapped = lines.clone();
    swapped.swap(1, 2);
    assert!(check(&(swapped.join("\n") + "\n")).is_err());
    let mut added = lines.clone();
    added.insert(2, "note to self".to_owned());
    assert!(check(&(added.join("\n") + "\n")).is_err());
}

#[test]
fn a_hash_kept_elsewhere_shows_what_was_cut_off_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.log");
    note(&path, &["a", "b"]);
    let text = fs::read_to_string(&path).expect("read");
    let head = check(&text).expect("whole").hash;
    note(&path, &["c"]);
    let longer = fs::read_to_string(&path).expect("read");
    assert!(verify(Cursor::new(&longer), Some(&head)).is_ok());
    let cut = lines(&path)[..1].join("\n") + "\n";
    assert!(check(&cut).is_ok());
    let found = verify(Cursor::new(&cut), Some(&head));
    assert!(matches!(found, Err(AuditFault::HeadMissing(_))));
}

#[test]
fn a_line_that_the_power_cut_short_stays_and_the_chain_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.log");
    note(&path, &["a", "b"]);
    let text = fs::read_to_string(&path).expect("read");
    fs::write(&path, &text[..text.len() - 20]).expect("written");
    note(&path, &["c"]);
    let verified = check(&fs::read_to_string(&path).expect("read")).expect("whole");
    assert_eq!((verified.lines, verified.last, verified.torn), (3, 3, 1));
    // Without its successor nobody vouches for half a line.
    assert!(matches!(check(&text[..text.len() - 20]), Err(AuditFault::Foreign { line: 2 })));
}

#[test]
fn a_log_that_was_moved_away_is_followed_by_one_that_goes_on_from_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, old) = (folder.path().join("audit.log"), folder.path().join("audit.log.1"));
    let audit = Audit::open(&config(&path)).expect("opened");
    audit.note(Event::new("login"));
    // Each event is on disk before the next one is noted.
    let written = |path: &Path| loop {
        if fs::metadata(path).is_ok_and(|file| file.len() > 0) {
            break;
        }
        std::thread::yield_now();
    };
    written(&path);
    fs::rename(&path, &old).expect("moved");
    audit.note(Event::new("logout"));
    written(&path);
    drop(audit);
    let earlier = check(&fs::read_to_string(&old).expect("read")).expect("whole");
    let later = check(&fs::read_to_string(&path).expect("read")).expect("whole");
    assert_eq!(later.goes_on_from.as_deref(), Some(earlier.hash.as_str()));
    assert_eq!((earlier.last, later.last), (1, 2));
    // And so it does when it is opened again.
    note(&path, &["x"]);
    assert_eq!(check(&fs::read_to_string(&path).expect("read")).expect("whole").last, 3);
}

#[test]
fn two_processes_do_not_write_one_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("audit.log");
    let _first = Audit::open(&config(&path)).expect("opened");
    assert!(matches!(Audit::open(&config(&path)), Err(AuditError::InUse(_))));
}

#[test]
fn a_log_that_can_not_be_written_forbids_deeds_where_that_is_wanted() {
    for (when_full, forbids) in [(WhenFull::Refuse, true), (WhenFull::Continue, false)] {
        let state = Arc::new(State::default());
        let shared = Shared { events: None, state: Arc::clone(&state), when_full, thread: None };
        let audit = Audit(Some(Arc::new(shared)));
        assert!(!audit.forbids_deeds());
        state.failing.store(true, Ordering::Relaxed);
        assert_eq!(audit.forbids_deeds(), forbids);
    }
    assert!(!Audit::none().forbids_deeds());
}
