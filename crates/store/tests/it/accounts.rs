//! Accounts in the store.

use std::time::SystemTime;

use store::{AccountRow, Store, StoreError};

use crate::stage::Stage;

fn account(name: &str) -> AccountRow {
    AccountRow {
        name: name.into(),
        kind: "machine".into(),
        verifier: "$blake2$…".into(),
        settings: vec![
            ("program".into(), "/usr/bin/env".into()),
            ("program".into(), "a b \"c\"\n'; DROP TABLE call; --".into()),
            ("idle".into(), "30m".into()),
        ],
        keys: vec!["ssh-ed25519 AAAA… one".into()],
        certificates: vec!["sha256:00".into(), "sha256:01".into()],
        created: SystemTime::UNIX_EPOCH,
        changed: SystemTime::UNIX_EPOCH,
    }
}

#[test]
fn an_account_comes_back_as_it_was_put() {
    let stage = Stage::new();
    let store = stage.open();
    store.add_account(account("b")).expect("added");
    store.add_account(account("a")).expect("added");
    let rows = store.accounts().expect("rows");
    assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let row = store.account("a").expect("read").expect("there");
    assert!(row.created > SystemTime::UNIX_EPOCH && row.created == row.changed);
    let times = (row.created, row.changed);
    assert_eq!(row, AccountRow { created: times.0, changed: times.1, ..account("a") });
    assert_eq!(store.account("c").expect("read"), None);
}

#[test]
fn there_is_only_one_account_of_a_name() {
    let stage = Stage::new();
    let store = stage.open();
    store.add_account(account("a")).expect("added");
    let again = store.add_account(AccountRow { kind: "person".into(), ..account("a") });
    assert!(matches!(again, Err(StoreError::AccountExists(name)) if name == "a"));
    let before = store.account("a").expect("read").expect("there");
    store
        .put_account(AccountRow { kind: "person".into(), keys: Vec::new(), ..account("a") })
        .expect("put");
    let after = store.account("a").expect("read").expect("there");
    assert_eq!((after.kind.as_str(), after.keys.len()), ("person", 0));
    assert_eq!(after.created, before.created);
    assert!(after.changed >= before.changed);
}

#[test]
fn a_removed_account_is_gone_with_all_that_belonged_to_it() {
    let stage = Stage::new();
    let store = stage.open();
    store.add_account(account("a")).expect("added");
    assert!(store.remove_account("a").expect("removed"));
    assert!(!store.remove_account("a").expect("not there"));
    let bare = AccountRow { settings: Vec::new(), certificates: Vec::new(), ..account("a") };
    store.add_account(bare).expect("added again");
    let row = store.account("a").expect("read").expect("there");
    assert!(row.settings.is_empty() && row.certificates.is_empty());
}

#[test]
fn a_running_instance_notices_what_another_process_changes() {
    let stage = Stage::new();
    let instance = stage.open();
    let before = instance.account_changes().expect("read");
    let visitor = Store::visit(&stage.path()).expect("a visit");
    visitor.add_account(account("a")).expect("added");
    let after = instance.account_changes().expect("read");
    assert!(after > before);
    assert_eq!(instance.accounts().expect("read").len(), 1);
    visitor.remove_account("b").expect("not there");
    assert_eq!(instance.account_changes().expect("read"), after);
}
