use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::time::Duration;

use tty::{OpenWatch, PtyEnd, PtyError, PtyEvent, PtyOptions};

use crate::client::{FAILURE_BOUND, event, open, send, soon};

fn offer(link: &Path) -> Result<PtyEnd, PtyError> {
    let options = PtyOptions { link: Some(link.to_owned()), ..PtyOptions::default() };
    PtyEnd::open(options, &OpenWatch::new().unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn the_link_leads_to_the_terminal_and_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("pump-house");
    let mut end = offer(&link).unwrap();
    assert_eq!(fs::read_link(&link).unwrap(), end.slave());
    assert_eq!(names(folder.path()), ["pump-house"]);
    open(&link).write_all(b"AT\r").unwrap();
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    drop(end);
    assert!(names(folder.path()).is_empty());
}

#[tokio::test]
async fn a_dead_processes_link_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("pump-house");
    symlink("/dev/pts/4294967294", &link).unwrap();
    let end = offer(&link).unwrap();
    assert_eq!(fs::read_link(&link).unwrap(), end.slave());
}

#[tokio::test]
async fn what_is_not_ours_to_remove_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("pump-house");
    fs::write(&link, "precious").unwrap();
    assert!(matches!(offer(&link), Err(PtyError::NotALink(path)) if path == link));
    assert_eq!(fs::read_to_string(&link).unwrap(), "precious");
    fs::remove_file(&link).unwrap();
    symlink("/dev/null", &link).unwrap();
    assert!(matches!(offer(&link), Err(PtyError::NotALink(_))));
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("/dev/null"));
    fs::remove_file(&link).unwrap();
    fs::create_dir(&link).unwrap();
    assert!(matches!(offer(&link), Err(PtyError::NotALink(_))));
}

#[tokio::test]
async fn a_link_that_is_being_served_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("pump-house");
    let first = offer(&link).unwrap();
    match offer(&link) {
        Err(PtyError::InUse { pid, .. }) => assert_eq!(pid, std::process::id()),
        other => panic!("{other:?}"),
    }
    assert_eq!(fs::read_link(&link).unwrap(), first.slave());
}

#[tokio::test]
async fn a_dead_processes_link_is_replaced_though_its_terminal_is_another_line_now() {
    let folder = tempfile::tempdir().unwrap();
    let (link, other) = (folder.path().join("pump-house"), folder.path().join("well"));
    let well = offer(&other).unwrap();
    symlink(well.slave(), &link).unwrap();
    let end = offer(&link).unwrap();
    assert_eq!(fs::read_link(&link).unwrap(), end.slave());
    assert_eq!(fs::read_link(&other).unwrap(), well.slave());
}

#[tokio::test]
async fn a_link_that_somebody_else_has_put_there_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("pump-house");
    let end = offer(&link).unwrap();
    fs::remove_file(&link).unwrap();
    symlink("/dev/null", &link).unwrap();
    drop(end);
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("/dev/null"));
}

#[tokio::test]
async fn a_folder_that_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = offer(&folder.path().join("no/pump-house")).unwrap_err().to_string();
    assert!(error.contains("no/pump-house"), "{error}");
}

#[tokio::test]
async fn mode_and_owner_are_set() {
    let group = rustix::process::getgid().as_raw();
    let options = PtyOptions { mode: Some(0o664), group: Some(group), ..PtyOptions::default() };
    let end = PtyEnd::open(options, &OpenWatch::new().unwrap()).unwrap();
    let metadata = fs::metadata(end.slave()).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o664);
    assert_eq!(metadata.gid(), group);
}

#[tokio::test]
async fn a_hang_up_takes_the_terminal_away_but_not_the_last_words() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("pump-house");
    let mut end = offer(&link).unwrap();
    let mut client = open(&link);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    let last_words = vec![b'N'; 8000];
    send(&mut end, &last_words).await.unwrap();
    end.hang_up(FAILURE_BOUND).unwrap();
    assert_eq!(fs::read_link(&link).unwrap(), end.slave());
    assert_eq!(event(&mut end).await.0, PtyEvent::Closed);

    let reading = tokio::task::spawn_blocking(move || {
        let mut received = Vec::new();
        let end = client.read_to_end(&mut received);
        (received, end.map_err(|error| error.raw_os_error()))
    });
    let (received, ended) = soon(reading).await.unwrap();
    assert_eq!(received.len(), last_words.len());
    assert!(matches!(ended, Ok(_) | Err(Some(5))), "{ended:?}");

    open(&link).write_all(b"again").unwrap();
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    assert_eq!(event(&mut end).await.1, b"again");
}

#[tokio::test]
async fn a_hang_up_does_not_wait_for_a_client_that_never_reads() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("pump-house");
    let mut end = offer(&link).unwrap();
    let mut client = open(&link);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    send(&mut end, b"NO CARRIER").await.unwrap();
    end.hang_up(Duration::ZERO).unwrap();
    assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
    let written = tokio::task::spawn_blocking(move || {
        // Taken until the hang-up has arrived.
        loop {
            if let Err(error) = client.write_all(b"x") {
                return error.kind();
            }
            std::thread::yield_now();
        }
    });
    assert_ne!(soon(written).await.unwrap(), ErrorKind::WouldBlock);
}
