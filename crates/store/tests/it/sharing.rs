//! Several processes, and files that are not what they should be.

use std::os::unix::fs::PermissionsExt as _;

use store::{OpenError, Settings, Store};

use crate::stage::{LONG, Stage, all, began, begin, ended, numbers};

#[tokio::test]
async fn a_second_instance_is_refused_and_told_who_has_it() {
    let stage = Stage::new();
    let first = stage.open();
    let error = Store::open(&stage.path(), &Settings::default()).expect_err("in use");
    let told = error.to_string();
    assert!(told.contains(&format!("process {}", std::process::id())), "{told}");
    assert!(told.contains(&*stage.path().to_string_lossy()), "{told}");
    drop(first);
    stage.open();
}

#[tokio::test]
async fn a_visitor_sees_the_calls_and_can_record_none() {
    let stage = Stage::new();
    let instance = stage.open();
    begin(&instance, "1").await.end(ended("program-ended"));
    assert!(instance.settle(LONG));
    let visitor = Store::visit(&stage.path()).expect("a visit");
    assert_eq!(numbers(&all(&visitor)), ["1"]);
    assert!(visitor.call_began(began("2")).is_err());
    // A visit doesn't end what is in progress.
    let open = begin(&instance, "3").await;
    let visitor = Store::visit(&stage.path()).expect("a visit");
    assert_eq!((all(&visitor)[0].ended, &all(&visitor)[0].cause), (None, &None));
    assert!(visitor.is_in_use());
    drop(open);
    drop(instance);
    assert!(!visitor.is_in_use());
}

#[test]
fn a_visitor_makes_no_store_unless_he_means_to() {
    let stage = Stage::new();
    assert!(matches!(Store::visit(&stage.path()), Err(OpenError::Missing { .. })));
    assert!(!stage.path().exists());
    drop(Store::visit_or_create(&stage.path()).expect("made"));
    assert!(stage.path().exists());
}

#[tokio::test]
async fn the_file_and_its_journal_are_their_owners_alone() {
    let stage = Stage::new();
    let store = stage.open();
    let _ticket = begin(&store, "1").await;
    for entry in std::fs::read_dir(stage.folder.path()).expect("a folder") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("known").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.path());
    }
}

#[test]
fn somebody_elses_file_is_left_alone() {
    let stage = Stage::new();
    std::fs::write(stage.path(), "Dear diary, this is not a database at all.\n".repeat(100))
        .expect("written");
    let before = std::fs::read(stage.path()).expect("read");
    let error = Store::open(&stage.path(), &Settings::default()).expect_err("foreign");
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert_eq!(std::fs::read(stage.path()).expect("read"), before);
}
