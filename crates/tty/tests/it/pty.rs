use std::future::poll_fn;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use rustix::termios::{
    ControlModes, InputModes, LocalModes, OutputModes, QueueSelector, tcflush, tcgetattr,
};
use tty::{ClientSettings, OpenWatch, PtyEnd, PtyEvent, PtyOptions};

use crate::client::{change, event, fill, open, open_non_blocking, receive, send, soon};

pub(crate) fn offer() -> (PtyEnd, PathBuf) {
    let end = PtyEnd::open(PtyOptions::default(), &OpenWatch::new().unwrap()).unwrap();
    let path = end.slave().to_owned();
    (end, path)
}

pub(crate) async fn settings(end: &mut PtyEnd) -> ClientSettings {
    match event(end).await.0 {
        PtyEvent::Settings(settings) => settings,
        other => panic!("{other:?} instead of settings"),
    }
}

fn all_bytes(times: usize) -> Vec<u8> {
    (0..times).flat_map(|_| 0..=255).collect()
}

#[tokio::test]
async fn a_client_that_opens_writes_and_closes_at_once_is_seen_whole() {
    let (mut end, path) = offer();
    open(&path).write_all(b"ATZ\r").unwrap();
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    assert_eq!(event(&mut end).await.1, b"ATZ\r");
    assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
}

#[tokio::test]
async fn all_that_was_written_before_a_close_comes_before_the_close() {
    let (mut end, path) = offer();
    let data = all_bytes(40);
    let mut client = open(&path);
    client.write_all(&data).unwrap();
    drop(client);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    assert_eq!(receive(&mut end, data.len()).await, data);
    assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
}

#[tokio::test]
async fn opening_and_closing_are_noticed_while_waiting() {
    let (mut end, path) = offer();
    for _ in 0..20 {
        let opener = tokio::task::spawn_blocking({
            let path = path.clone();
            move || open(&path)
        });
        assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
        let client = opener.await.unwrap();
        let closer = tokio::task::spawn_blocking(move || drop(client));
        assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
        closer.await.unwrap();
    }
}

#[tokio::test]
async fn only_the_last_close_counts() {
    let (mut end, path) = offer();
    let mut first = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    drop(open(&path));
    first.write_all(b"still here").unwrap();
    assert_eq!(event(&mut end).await.1, b"still here");
    drop(first);
    assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
}

#[tokio::test]
async fn the_clients_speed_and_flow_control_are_seen() {
    let (mut end, path) = offer();
    let client = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    for speed in [300, 9600, 57_600, 250_000, 1_000_000] {
        change(&client, |termios| termios.set_speed(speed).unwrap());
        assert_eq!(settings(&mut end).await.speed, speed);
    }
    change(&client, |termios| termios.control_modes |= ControlModes::CRTSCTS);
    assert!(settings(&mut end).await.rts_cts);
    change(&client, |termios| termios.input_modes |= InputModes::IXON);
    assert!(settings(&mut end).await.xon_xoff);
}

#[tokio::test]
async fn settings_made_between_two_looks_are_told_after_the_opening() {
    let (mut end, path) = offer();
    let client = open(&path);
    change(&client, |termios| termios.set_speed(2400).unwrap());
    drop(client);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    assert_eq!(settings(&mut end).await.speed, 2400);
    assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
}

#[tokio::test]
async fn b0_is_a_dropped_dtr_and_comes_after_the_data_before_it() {
    let (mut end, path) = offer();
    let mut client = open(&path);
    change(&client, |termios| termios.set_speed(19_200).unwrap());
    client.write_all(b"ATH\r").unwrap();
    change(&client, |termios| termios.set_speed(0).unwrap());
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    assert_eq!(receive(&mut end, 4).await, b"ATH\r");
    let hung_up = settings(&mut end).await;
    assert!(hung_up.hung_up);
    change(&client, |termios| termios.set_speed(19_200).unwrap());
    let back = settings(&mut end).await;
    assert_eq!((back.speed, back.hung_up), (19_200, false));
}

/// As gammu does, which sets no speed behind it.
#[tokio::test]
async fn who_writes_behind_a_b0_is_heard_and_answered() {
    let (mut end, path) = offer();
    let mut client = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    change(&client, |termios| {
        termios.local_modes = LocalModes::empty();
        termios.set_speed(0).unwrap();
    });
    assert!(settings(&mut end).await.hung_up);
    client.write_all(b"AT\r").unwrap();
    let back = settings(&mut end).await;
    assert_eq!((back.speed, back.hung_up), (115_200, false));
    assert_eq!(receive(&mut end, 3).await, b"AT\r");
    send(&mut end, b"OK\r\n").await.unwrap();
    let mut heard = [0; 4];
    client.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"OK\r\n");
}

#[tokio::test]
async fn b0_left_behind_does_not_hang_up_the_next_client() {
    let (mut end, path) = offer();
    let client = open(&path);
    change(&client, |termios| termios.set_speed(4800).unwrap());
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    assert_eq!(settings(&mut end).await.speed, 4800);
    change(&client, |termios| termios.set_speed(0).unwrap());
    drop(client);
    while event(&mut end).await.0 != PtyEvent::Closed {}
    let _client = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    assert_eq!((end.settings().speed, end.settings().hung_up), (4800, false));
}

#[tokio::test]
async fn a_client_that_builds_its_own_raw_mode_is_still_watched() {
    let (mut end, path) = offer();
    let client = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    for speed in [1200, 2400, 4800] {
        change(&client, |termios| {
            termios.local_modes = LocalModes::empty();
            termios.input_modes = InputModes::empty();
            termios.set_speed(speed).unwrap();
        });
        assert_eq!(settings(&mut end).await.speed, speed);
    }
}

#[tokio::test]
async fn nothing_is_set_while_a_client_may_be_about_to_set_more() {
    let (mut end, path) = offer();
    let client = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    let is_told = || tcgetattr(&client).unwrap().local_modes.contains(LocalModes::EXTPROC);
    for speed in [2400, 4800] {
        change(&client, |termios| {
            termios.local_modes = LocalModes::empty();
            termios.set_speed(speed).unwrap();
        });
        assert_eq!(settings(&mut end).await.speed, speed);
        assert!(!is_told(), "what it sets now would be lost");
        let mut buf = [0; 64];
        soon(async {
            while !is_told() {
                assert!(poll_fn(|cx| Poll::Ready(end.poll_event(cx, &mut buf))).await.is_pending());
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    change(&client, |termios| termios.set_speed(0).unwrap());
    assert!(settings(&mut end).await.hung_up, "it is told again");
}

#[tokio::test]
async fn a_client_that_flushes_its_queues_is_no_event() {
    let (mut end, path) = offer();
    let mut client = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    tcflush(&client, QueueSelector::IOFlush).unwrap();
    client.write_all(b"x").unwrap();
    assert_eq!(event(&mut end).await.1, b"x");
}

#[tokio::test]
async fn a_login_on_the_terminal_gets_echo_and_line_editing() {
    let (mut end, path) = offer();
    let mut client = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    change(&client, |termios| {
        termios.local_modes |= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ECHOE;
        termios.input_modes |= InputModes::ICRNL;
        termios.output_modes |= OutputModes::OPOST | OutputModes::ONLCR;
        termios.set_speed(9600).unwrap();
    });
    assert_eq!(settings(&mut end).await.speed, 9600);
    send(&mut end, b"rooz\x7ft\r").await.unwrap();
    assert_eq!(receive(&mut end, 10).await, b"rooz\x08 \x08t\r\n");
    let mut line = [0; 64];
    let length = client.read(&mut line).unwrap();
    assert_eq!(&line[..length], b"root\n");
    // Unannounced while the kernel edits lines, but seen with the next data.
    change(&client, |termios| {
        termios.make_raw();
        termios.set_speed(1200).unwrap();
    });
    client.write_all(b"x").unwrap();
    assert_eq!(event(&mut end).await.1, b"x");
    assert_eq!(settings(&mut end).await.speed, 1200);
}

#[tokio::test]
async fn a_client_that_left_the_terminal_cooked_does_not_make_the_next_one_echo() {
    let (mut end, path) = offer();
    let client = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    change(&client, |termios| {
        termios.local_modes |= LocalModes::ICANON | LocalModes::ECHO;
        termios.set_speed(1200).unwrap();
    });
    drop(client);
    while event(&mut end).await.0 != PtyEvent::Closed {}
    // Putting it in order again is not somebody opening it.
    let mut buf = [0; 64];
    assert!(poll_fn(|cx| Poll::Ready(end.poll_event(cx, &mut buf))).await.is_pending());
    let mut client = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    assert_eq!(end.settings().speed, 1200);
    send(&mut end, b"\r\nRING\r\n").await.unwrap();
    let mut ring = [0; 8];
    client.read_exact(&mut ring).unwrap();
    client.write_all(b"no echo").unwrap();
    assert_eq!(event(&mut end).await.1, b"no echo");
}

#[tokio::test]
async fn what_is_written_while_nobody_is_there_vanishes() {
    let (mut end, path) = offer();
    send(&mut end, b"\r\nRING\r\n").await.unwrap();
    let mut client = open_non_blocking(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    let found = client.read(&mut [0; 16]).map_err(|error| error.kind());
    assert_eq!(found, Err(ErrorKind::WouldBlock));
    send(&mut end, b"\r\nRING\r\n").await.unwrap();
    assert_eq!(client.read(&mut [0; 16]).unwrap(), 8);
}

#[tokio::test]
async fn a_full_queue_of_a_client_that_left_takes_writes_without_spinning() {
    let (mut end, path) = offer();
    let client = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    fill(&mut end).await;
    drop(client);
    send(&mut end, &[0; 100_000]).await.unwrap();
    assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
}

#[tokio::test]
async fn every_byte_value_passes_in_both_directions() {
    let (mut end, path) = offer();
    let data = all_bytes(400);
    let mut reader = open(&path);
    let mut writer = reader.try_clone().unwrap();
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    let (up, down) = (data.clone(), data.clone());
    let writing = tokio::task::spawn_blocking(move || writer.write_all(&up).unwrap());
    assert_eq!(receive(&mut end, data.len()).await, data);
    writing.await.unwrap();
    let reading = tokio::task::spawn_blocking(move || {
        let mut received = vec![0; down.len()];
        reader.read_exact(&mut received).unwrap();
        (received, reader)
    });
    send(&mut end, &data).await.unwrap();
    let (received, _client) = soon(reading).await.unwrap();
    assert_eq!(received, data);
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_the_writer_and_loses_nothing() {
    let (mut end, path) = offer();
    let mut client = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    let written = fill(&mut end).await;
    let reading = tokio::task::spawn_blocking(move || {
        let mut received = vec![0; written + 5];
        client.read_exact(&mut received).unwrap();
        (received, client)
    });
    send(&mut end, b"after").await.unwrap();
    let (received, _client) = soon(reading).await.unwrap();
    assert_eq!(&received[written..], b"after");
}

#[tokio::test]
async fn what_came_while_nobody_read_is_read_afterwards() {
    let (mut end, path) = offer();
    let mut client = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    client.write_all(b"waiting").unwrap();
    change(&client, |termios| termios.set_speed(300).unwrap());
    // Whatever the reactor has announced is used up by this.
    let left =
        tokio::time::timeout(std::time::Duration::from_millis(20), poll_fn(|cx| end.poll_left(cx)));
    assert!(left.await.is_err());
    assert_eq!(settings(&mut end).await.speed, 300);
    assert_eq!(event(&mut end).await.1, b"waiting");
    client.write_all(b"last").unwrap();
    drop(client);
    soon(poll_fn(|cx| end.poll_left(cx))).await;
    assert_eq!(event(&mut end).await.1, b"last");
    assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
}

/// Counts how often a task would have been run again.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn nothing_spins_or_stirs_while_the_terminal_is_closed() {
    let (mut end, path) = offer();
    drop(open(&path));
    let mut client = open(&path);
    client.write_all(b"x").unwrap();
    drop(client);
    while event(&mut end).await.0 != PtyEvent::Closed {}
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut buf = [0; 64];
    for _ in 0..50 {
        assert!(end.poll_event(&mut Context::from_waker(&waker), &mut buf).is_pending());
        tokio::task::yield_now().await;
    }
    // A second terminal's whole life passes through the reactor meanwhile.
    let (mut other, other_path) = offer();
    let other_client = open(&other_path);
    assert_eq!(event(&mut other).await.0, PtyEvent::Opened);
    drop(other_client);
    assert_eq!(event(&mut other).await.0, PtyEvent::Closed);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 0);
    assert!(end.poll_event(&mut Context::from_waker(&waker), &mut buf).is_pending());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_openings_loses_no_byte_and_ends_closed() {
    const ROUNDS: usize = 3000;
    let (mut end, path) = offer();
    let storm = tokio::task::spawn_blocking(move || {
        let mut sent = 0;
        for round in 0..ROUNDS {
            let mut client = open(&path);
            let length = round % 7;
            client.write_all(&vec![b'a'; length]).unwrap();
            sent += length;
            if round % 3 == 0 {
                std::thread::yield_now();
            }
        }
        let mut last = open(&path);
        last.write_all(b"#").unwrap();
        sent + 1
    });
    let (mut received, mut opened, mut closed) = (0, 0, 0);
    loop {
        match event(&mut end).await {
            (PtyEvent::Opened, _) => opened += 1,
            (PtyEvent::Closed, _) => closed += 1,
            (PtyEvent::Data(length), data) => {
                assert_eq!(opened, closed + 1, "data only while open");
                received += length;
                if data.contains(&b'#') {
                    break;
                }
            }
            (PtyEvent::Settings(_) | PtyEvent::Replaced, _) => {}
        }
    }
    assert_eq!(received, soon(storm).await.unwrap());
    assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
}

#[tokio::test]
async fn a_thousand_terminals_share_one_inotify() {
    const TERMINALS: usize = 1000;
    let watch = OpenWatch::new().unwrap();
    let mut ends: Vec<PtyEnd> =
        (0..TERMINALS).map(|_| PtyEnd::open(PtyOptions::default(), &watch).unwrap()).collect();
    let wait = |ends: &mut Vec<PtyEnd>| {
        let tasks: Vec<_> = ends
            .drain(..)
            .map(|mut end| {
                tokio::spawn(async move {
                    let event = event(&mut end).await.0;
                    (end, event)
                })
            })
            .collect();
        async move {
            let mut done = Vec::new();
            for task in tasks {
                done.push(task.await.unwrap());
            }
            done
        }
    };
    let paths: Vec<_> = ends.iter().map(|end| end.slave().to_owned()).collect();
    let waiting = wait(&mut ends);
    tokio::task::yield_now().await;
    let clients: Vec<_> = paths.iter().map(|path| open(path)).collect();
    for (end, event) in waiting.await {
        assert_eq!(event, PtyEvent::Opened);
        ends.push(end);
    }
    drop(clients);
    for (_, event) in wait(&mut ends).await {
        assert_eq!(event, PtyEvent::Closed);
    }
}
