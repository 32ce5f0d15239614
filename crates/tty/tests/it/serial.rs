use std::ffi::OsStr;
use std::fs::{self, File};
use std::future::poll_fn;
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::task::Poll;
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{ControlModes, InputModes, tcgetattr};
use tty::{
    CarrierLoss, Flow, LockPolicy, ModemLines, OnClose, OpenWatch, PtyEnd, PtyEvent, PtyOptions,
    Queue, Serial, SerialError, SerialEvent, Settings,
};

use crate::client::{self, soon};

/// The far end of a cable, and the port on our side of it.
fn cable() -> (File, PathBuf) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = ptsname(&master, Vec::new()).unwrap();
    let path = PathBuf::from(OsStr::from_bytes(path.as_bytes()));
    (File::from(master), path)
}

fn open(path: &Path) -> Serial {
    Serial::open(path, &Settings::default(), &LockPolicy::KernelOnly).unwrap()
}

async fn event(serial: &mut Serial) -> (SerialEvent, Vec<u8>) {
    let mut buf = [0; 4096];
    let event = soon(poll_fn(|cx| serial.poll_event(cx, &mut buf))).await.unwrap();
    let data =
        if let SerialEvent::Data(length) = event { buf[..length].to_vec() } else { Vec::new() };
    (event, data)
}

async fn send(serial: &mut Serial, mut data: &[u8]) {
    while !data.is_empty() {
        let written = soon(poll_fn(|cx| serial.poll_write(cx, data))).await.unwrap();
        data = &data[written..];
    }
}

#[tokio::test]
async fn every_byte_value_passes_in_both_directions() {
    let (mut far, path) = cable();
    let mut serial = open(&path);
    let data: Vec<u8> = (0..400).flat_map(|_| 0..=255).collect();

    let sending = data.clone();
    let mut writer = far.try_clone().unwrap();
    let written = tokio::task::spawn_blocking(move || writer.write_all(&sending).unwrap());
    let mut received = Vec::new();
    while received.len() < data.len() {
        received.extend(event(&mut serial).await.1);
    }
    assert_eq!(received, data);
    written.await.unwrap();

    let mut back = vec![0; data.len()];
    let read = tokio::task::spawn_blocking(move || {
        far.read_exact(&mut back).unwrap();
        (back, far)
    });
    send(&mut serial, &data).await;
    soon(poll_fn(|cx| serial.poll_drained(cx))).await.unwrap();
    assert_eq!(soon(read).await.unwrap().0, data);
}

#[tokio::test]
async fn all_settings_reach_the_kernel() {
    let (far, path) = cable();
    let mut serial = open(&path);
    for speed in [110, 9600, 31_250, 115_200, 921_600] {
        for flow in [Flow::None, Flow::RtsCts, Flow::XonXoff] {
            let carrier = if speed == 110 { CarrierLoss::HangsUp } else { CarrierLoss::Ignored };
            let on_close = if speed == 110 { OnClose::KeepLines } else { OnClose::DropLines };
            serial
                .set(&Settings { speed, flow, carrier, on_close, ..Settings::default() })
                .unwrap();
            let termios = tcgetattr(&far).unwrap();
            assert_eq!(termios.output_speed(), speed);
            let control = termios.control_modes;
            assert_eq!(control.contains(ControlModes::CRTSCTS), flow == Flow::RtsCts);
            assert_eq!(control.contains(ControlModes::CLOCAL), carrier == CarrierLoss::Ignored);
            assert_eq!(control.contains(ControlModes::HUPCL), on_close == OnClose::DropLines);
            let xon = InputModes::IXON | InputModes::IXOFF;
            assert_eq!(termios.input_modes.contains(xon), flow == Flow::XonXoff);
        }
    }
}

#[tokio::test]
async fn speed_zero_is_refused_in_words() {
    let (_far, path) = cable();
    let settings = Settings { speed: 0, ..Settings::default() };
    let error = Serial::open(&path, &settings, &LockPolicy::KernelOnly).unwrap_err().to_string();
    assert!(error.contains("0 bit/s 8N1") && error.contains("hang up"), "{error}");
}

#[tokio::test]
async fn a_port_without_modem_lines_is_no_trouble() {
    let (mut far, path) = cable();
    let mut serial = open(&path);
    assert!(!serial.has_lines());
    serial.watch_lines(Some(Duration::from_millis(1)));
    serial.set_lines(ModemLines::DTR, ModemLines::RTS).unwrap();
    assert_eq!(serial.lines().unwrap(), ModemLines::NONE);
    assert_eq!(serial.counts(), None);
    far.write_all(b"data").unwrap();
    assert_eq!(event(&mut serial).await.1, b"data");
}

#[tokio::test]
async fn a_break_on_a_port_without_lines_is_over_at_once() {
    let (mut far, path) = cable();
    let mut serial = open(&path);
    serial.send_break(Duration::from_millis(250));
    send(&mut serial, b"after").await;
    let mut received = [0; 5];
    far.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"after");
}

#[tokio::test]
async fn a_port_that_goes_away_is_told_after_its_last_data() {
    let (mut far, path) = cable();
    let mut serial = open(&path);
    let unplugging = tokio::task::spawn_blocking(move || {
        far.write_all(b"last").unwrap();
        far
    });
    assert_eq!(event(&mut serial).await.1, b"last");
    let far = unplugging.await.unwrap();
    tokio::task::spawn_blocking(move || drop(far));
    assert!(matches!(event(&mut serial).await.0, SerialEvent::Lost));
    assert!(poll_fn(|cx| serial.poll_write(cx, b"x")).await.is_err());
}

#[tokio::test]
async fn a_full_port_holds_up_the_writer_and_loses_nothing() {
    let (mut far, path) = cable();
    let mut serial = open(&path);
    // Sent to the end first: a descriptor new to the reactor is not ready for anything.
    send(&mut serial, b"x").await;
    let mut written = 1;
    while let Poll::Ready(length) =
        poll_fn(|cx| Poll::Ready(serial.poll_write(cx, &[b'x'; 1000]))).await
    {
        written += length.unwrap();
    }
    assert!(written > 4096);
    let reading = tokio::task::spawn_blocking(move || {
        let mut received = vec![0; written + 5];
        far.read_exact(&mut received).unwrap();
        (received, far)
    });
    send(&mut serial, b"after").await;
    let (received, _far) = soon(reading).await.unwrap();
    assert_eq!(&received[written..], b"after");
}

#[tokio::test]
async fn what_is_queued_can_be_thrown_away() {
    let (mut far, path) = cable();
    let mut serial = open(&path);
    far.write_all(b"old").unwrap();
    // Seen to be there, so that it is the queue that loses it.
    while rustix::io::ioctl_fionread(File::open(&path).unwrap()).unwrap() < 3 {
        tokio::task::yield_now().await;
    }
    serial.discard(Queue::Both).unwrap();
    far.write_all(b"new").unwrap();
    assert_eq!(event(&mut serial).await.1, b"new");
}

#[tokio::test]
async fn a_port_is_opened_once() {
    let (_far, path) = cable();
    let first = open(&path);
    let again = Serial::open(&path, &Settings::default(), &LockPolicy::KernelOnly);
    assert!(matches!(again, Err(SerialError::InUse { .. })), "{again:?}");
    drop(first);
    open(&path);
}

#[tokio::test]
async fn lock_files_keep_dialling_programs_away_and_them_from_us() {
    let (_far, path) = cable();
    let folder = tempfile::tempdir().unwrap();
    let policy = LockPolicy::Uucp(folder.path().to_owned());
    let lock = folder.path().join(format!("LCK..{}", path.file_name().unwrap().display()));

    let serial = Serial::open(&path, &Settings::default(), &policy).unwrap();
    assert_eq!(fs::read_to_string(&lock).unwrap().trim(), std::process::id().to_string());
    drop(serial);
    assert!(!lock.exists());

    fs::write(&lock, "         1\n").unwrap();
    match Serial::open(&path, &Settings::default(), &policy) {
        Err(SerialError::InUse { pid, .. }) => assert_eq!(pid, Some(1)),
        other => panic!("{other:?}"),
    }
    assert_eq!(fs::read_to_string(&lock).unwrap(), "         1\n");
}

#[tokio::test]
async fn a_missing_lock_folder_is_no_obstacle() {
    let (_far, path) = cable();
    let policy = LockPolicy::Uucp(PathBuf::from("/nonexistent/lock"));
    Serial::open(&path, &Settings::default(), &policy).unwrap();
}

#[tokio::test]
async fn what_is_no_serial_port_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for path in [file, PathBuf::from("/dev/null")] {
        let error = Serial::open(&path, &Settings::default(), &LockPolicy::KernelOnly).unwrap_err();
        assert!(matches!(error, SerialError::NotASerialPort(_)), "{error:?}");
    }
    let missing = PathBuf::from("/dev/ttyNONE9");
    let error = Serial::open(&missing, &Settings::default(), &LockPolicy::default()).unwrap_err();
    assert!(error.to_string().contains("/dev/ttyNONE9"), "{error}");
}

#[tokio::test]
async fn a_serial_end_and_a_modems_end_talk_to_each_other() {
    let mut end = PtyEnd::open(PtyOptions::default(), &OpenWatch::new().unwrap()).unwrap();
    let settings = Settings { speed: 2400, flow: Flow::RtsCts, ..Settings::default() };
    let mut serial = Serial::open(end.slave(), &settings, &LockPolicy::KernelOnly).unwrap();
    assert_eq!(client::event(&mut end).await.0, PtyEvent::Opened);
    assert!(matches!(client::event(&mut end).await.0, PtyEvent::Settings(_)));
    assert_eq!((end.settings().speed, end.settings().rts_cts), (2400, true));
    let data: Vec<u8> = (0..=255).collect();
    send(&mut serial, &data).await;
    assert_eq!(client::receive(&mut end, 256).await, data);
    client::send(&mut end, &data).await.unwrap();
    assert_eq!(event(&mut serial).await.1, data);
    drop(serial);
    while client::event(&mut end).await.0 != PtyEvent::Closed {}
}

#[tokio::test]
async fn a_shared_port_is_anybodys_until_it_is_claimed_again() {
    let (mut far, path) = cable();
    let folder = tempfile::tempdir().unwrap();
    let policy = LockPolicy::Uucp(folder.path().to_owned());
    let lock = folder.path().join(format!("LCK..{}", path.file_name().unwrap().display()));
    let mut serial = Serial::open(&path, &Settings::default(), &policy).unwrap();
    serial.share().unwrap();
    assert!(!lock.exists());
    assert_eq!(serial.user(), None);

    far.write_all(b"RING").unwrap();
    soon(poll_fn(|cx| serial.poll_readable(cx))).await.unwrap();
    serial.claim().unwrap();
    assert!(lock.exists());
    assert_eq!(event(&mut serial).await.1, b"RING");
    assert!(poll_fn(|cx| Poll::Ready(serial.poll_readable(cx))).await.is_pending());
    serial.share().unwrap();

    fs::write(&lock, "         1\n").unwrap();
    assert_eq!(serial.user(), Some(Some(1)));
    assert!(matches!(serial.claim(), Err(SerialError::InUse { pid: Some(1), .. })));
    fs::remove_file(&lock).unwrap();
    let other = Serial::open(&path, &Settings::default(), &policy).unwrap();
    assert!(matches!(serial.claim(), Err(SerialError::InUse { .. })));
    drop(other);
    serial.claim().unwrap();
}

#[tokio::test]
async fn a_port_that_is_left_keeps_what_another_program_has_set() {
    let (far, path) = cable();
    let mut serial = open(&path);
    serial.share().unwrap();
    let other = Settings { speed: 2400, ..Settings::default() };
    let other = Serial::open(&path, &other, &LockPolicy::KernelOnly).unwrap();
    serial.leave();
    assert_eq!(tcgetattr(&far).unwrap().output_speed(), 2400);
    drop(other);
}
