//! Other programs dial out with an idle modem, as beside mgetty.

use std::fs;
use std::path::PathBuf;

use at::result::Cause;
use rack::LockConfig;

use crate::stage::Stage;

fn lock(stage: &Stage) -> PathBuf {
    stage.link("LCK..a")
}

/// A process that lives: init's, which every lock file may name.
const SOMEBODY: &str = "         1\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lock_is_held_only_while_the_modem_is_used() {
    let (stage, mut modem) = Stage::with_one(|_| {}).await;
    assert!(!lock(&stage).exists());
    let dialling = stage.dial("modem:a/5");
    modem.expect("ATDT5\r");
    assert!(lock(&stage).exists());
    modem.say("\r\nBUSY\r\n");
    dialling.await.unwrap().unwrap_err();
    modem.obey_init();
    stage.until("a", "idle").await;
    assert!(!lock(&stage).exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modem_that_another_program_uses_is_left_alone_and_made_ready_afterwards() {
    let (stage, mut modem) = Stage::with_one(|_| {}).await;
    fs::write(lock(&stage), SOMEBODY).unwrap();
    // What the other program reads is not ours.
    modem.say("\r\nOK\r\n");
    assert_eq!(stage.until("a", "lent").await.trouble, None);
    let error = stage.dial("modem:a/5").await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::LineInUse);
    assert_eq!(fs::read_to_string(lock(&stage)).unwrap(), SOMEBODY);
    fs::remove_file(lock(&stage)).unwrap();
    assert_eq!(modem.expect("ATZ\r"), b"", "nothing was said meanwhile");
    modem.say("\r\nOK\r\n");
    stage.until("a", "idle").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_is_noticed_before_a_number_is_dialled() {
    let (stage, _modem) = Stage::with_one(|_| {}).await;
    fs::write(lock(&stage), SOMEBODY).unwrap();
    let error = stage.dial("modem:a/5").await.unwrap().unwrap_err();
    assert_eq!(error.cause(), Cause::LineInUse);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_that_is_held_is_nobody_elses() {
    let (stage, _modem) = Stage::with_one(|config| config.lock = LockConfig::Held).await;
    assert!(lock(&stage).exists());
    stage.rack.shut_down().await;
    assert!(!lock(&stage).exists());
}
