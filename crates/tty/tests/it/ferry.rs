use std::fs::File;
use std::future::poll_fn;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::thread::{JoinHandle, spawn};

use tty::{Ferry, Landed, Landing, OpenWatch, PtyEnd, PtyEvent, PtyOptions, Sieve, Sifted};

use crate::client::{event, open, open_non_blocking, send};

/// More than all buffers on the way hold.
const BULK: usize = 2 << 20;

/// A terminal with a client that has opened it.
async fn opened<C>(open: impl FnOnce(&std::path::Path) -> C) -> (PtyEnd, PathBuf, C) {
    let mut end = PtyEnd::open(PtyOptions::default(), &OpenWatch::new().unwrap()).unwrap();
    let path = end.slave().to_owned();
    let client = open(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    (end, path, client)
}

async fn depart(
    end: &mut PtyEnd,
    from: UnixStream,
    load: &[u8],
) -> (tty::Lease, JoinHandle<Landed>) {
    depart_with(end, from, None, load).await
}

async fn depart_with(
    end: &mut PtyEnd,
    from: UnixStream,
    sieve: Option<Sieve>,
    load: &[u8],
) -> (tty::Lease, JoinHandle<Landed>) {
    from.set_nonblocking(true).unwrap();
    let berth = poll_fn(|cx| std::task::Poll::Ready(end.lend(cx))).await.unwrap().unwrap();
    let ferry = Ferry::new(OwnedFd::from(from), sieve, berth, load.to_vec());
    (ferry.lease(), spawn(|| ferry.run()))
}

fn bulk() -> Vec<u8> {
    (0..BULK).map(|place| (place * 31 + place / 256) as u8).collect()
}

/// Has somebody send so much again and again, as long as it is taken.
fn sender(mut to: UnixStream, times: usize) -> JoinHandle<()> {
    spawn(move || {
        let _ = (0..times).all(|_| to.write_all(&bulk()).is_ok());
    })
}

/// Has a client read so much.
fn reader(mut client: File, length: usize) -> JoinHandle<(File, Vec<u8>)> {
    spawn(move || {
        let mut heard = vec![0; length];
        client.read_exact(&mut heard).unwrap();
        (client, heard)
    })
}

/// One ferry after the other, as long as they only wait for more: whoever sends may be slow. Returns the one that is
/// under way, or has come back last, once the client has what it reads.
struct Ferries {
    from: UnixStream,
    lease: tty::Lease,
    ferry: JoinHandle<Landed>,
    carried: u64,
}

impl Ferries {
    async fn run<T>(
        end: &mut PtyEnd,
        from: UnixStream,
        load: &[u8],
        reader: &JoinHandle<T>,
    ) -> Self {
        let (mut carried, mut load) = (0, load.to_vec());
        loop {
            let (lease, ferry) = depart(end, from.try_clone().unwrap(), &load).await;
            while !ferry.is_finished() && !reader.is_finished() {
                std::thread::yield_now();
            }
            if reader.is_finished() {
                return Self { from, lease, ferry, carried };
            }
            carried += lease.carried();
            let landed = ferry.join().unwrap();
            assert!(matches!(landed.landing, Landing::Paused | Landing::End), "{landed:?}");
            load = landed.load;
        }
    }
}

#[tokio::test]
async fn a_ferry_brings_all_in_order() {
    let (mut end, _, client) = opened(open).await;
    let (here, there) = UnixStream::pair().unwrap();
    let sender = sender(there, 1);
    let reader = reader(client, 5 + BULK);
    let ferries = Ferries::run(&mut end, here, b"first", &reader).await;
    let (mut client, mut heard) = reader.join().unwrap();
    assert!(heard.starts_with(b"first"));
    assert!(heard[5..] == bulk(), "what arrived is not what was sent");
    ferries.lease.end();
    assert!(ferries.ferry.join().unwrap().load.is_empty());
    assert_eq!(ferries.carried + ferries.lease.carried(), BULK as u64);
    sender.join().unwrap();
    send(&mut end, b"and on").await.unwrap();
    client.read_exact(&mut heard[..6]).unwrap();
    assert_eq!(&heard[..6], b"and on");
}

#[tokio::test]
async fn a_ferry_knows_the_end() {
    let (mut end, _, mut client) = opened(open).await;
    let (here, mut there) = UnixStream::pair().unwrap();
    there.write_all(b"all").unwrap();
    drop(there);
    let (_, ferry) = depart(&mut end, here, b"").await;
    assert!(matches!(ferry.join().unwrap().landing, Landing::End));
    let mut heard = [0; 3];
    client.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"all");
}

#[tokio::test]
async fn a_ferry_that_is_recalled_brings_its_load_back() {
    let (mut end, _, client) = opened(open).await;
    let (here, there) = UnixStream::pair().unwrap();
    let sender = sender(there, 1);
    let first = reader(client, BULK / 2);
    let ferries = Ferries::run(&mut end, here, b"", &first).await;
    let (client, mut heard) = first.join().unwrap();
    ferries.lease.end();
    let carried = usize::try_from(ferries.carried + ferries.lease.carried()).unwrap();
    let load = ferries.ferry.join().unwrap().load;
    let second = reader(client, carried - BULK / 2);
    send(&mut end, &load).await.unwrap();
    heard.extend(second.join().unwrap().1);
    let mut rest = ferries.from;
    rest.set_nonblocking(false).unwrap();
    rest.read_to_end(&mut heard).unwrap();
    assert!(heard == bulk(), "what was carried and what was left is not what was sent");
    sender.join().unwrap();
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_ferry_and_leaves_nothing_to_the_next() {
    let (mut end, path, client) = opened(open).await;
    let (here, there) = UnixStream::pair().unwrap();
    let sender = sender(there, 1000);
    let leaver = spawn(move || drop(reader(client, BULK).join().unwrap()));
    let ferries = Ferries::run(&mut end, here, b"", &leaver).await;
    assert_eq!(event(&mut end).await.0, PtyEvent::Closed);
    let carried = ferries.lease.carried();
    let mut next = open_non_blocking(&path);
    assert_eq!(event(&mut end).await.0, PtyEvent::Opened);
    send(&mut end, b"fresh").await.unwrap();
    let mut heard = [0; 64];
    let length = loop {
        match next.read(&mut heard) {
            Ok(length) => break length,
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
    };
    assert_eq!(&heard[..length], &b"fresh"[..length], "left over from the one before");
    assert_eq!(ferries.lease.carried(), carried, "it went on");
    assert!(matches!(ferries.ferry.join().unwrap().landing, Landing::Paused | Landing::Recalled));
    drop(ferries.from);
    sender.join().unwrap();
}

#[tokio::test]
async fn a_ferry_without_anything_to_carry_leaves_the_waiting_to_others() {
    let (mut end, _, _client) = opened(open).await;
    let (here, _there) = UnixStream::pair().unwrap();
    let (_, ferry) = depart(&mut end, here, b"last").await;
    let landed = ferry.join().unwrap();
    assert!(matches!(landed.landing, Landing::Paused), "{:?}", landed.landing);
    assert!(landed.load.is_empty());
}

#[tokio::test]
async fn without_a_client_nothing_is_lent() {
    let mut end = PtyEnd::open(PtyOptions::default(), &OpenWatch::new().unwrap()).unwrap();
    let lent = poll_fn(|cx| std::task::Poll::Ready(end.lend(cx))).await.unwrap();
    assert!(lent.is_none());
}

/// Takes one of two dashes; one alone means something else.
fn dashes(wire: &mut [u8]) -> Sifted {
    let (mut load, mut seen) = (0, 0);
    while let Some(&byte) = wire.get(seen) {
        if byte == b'-' && wire.get(seen + 1) != Some(&b'-') {
            break;
        }
        wire[load] = byte;
        (load, seen) = (load + 1, seen + 1 + usize::from(byte == b'-'));
    }
    Sifted { load, seen }
}

#[tokio::test]
async fn a_ferry_lets_through_what_its_sieve_does_and_brings_back_the_rest() {
    let (mut end, _, mut client) = opened(open).await;
    let (here, mut there) = UnixStream::pair().unwrap();
    there.write_all(b"a--b----c-x--y").unwrap();
    let (lease, ferry) = depart_with(&mut end, here, Some(dashes), b"--").await;
    let landed = ferry.join().unwrap();
    assert!(matches!(landed.landing, Landing::Paused), "{:?}", landed.landing);
    assert_eq!(landed.left, b"-x--y");
    assert_eq!(lease.carried(), 6);
    let mut heard = [0; 8];
    client.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"--a-b--c");
}

#[tokio::test]
async fn what_is_not_whole_yet_is_waited_for() {
    let (mut end, _, client) = opened(open).await;
    let (here, mut there) = UnixStream::pair().unwrap();
    there.write_all(b"a-").unwrap();
    let (_, ferry) = depart_with(&mut end, here.try_clone().unwrap(), Some(dashes), b"").await;
    let first = reader(client, 1);
    let (mut client, heard) = first.join().unwrap();
    assert_eq!(heard, b"a");
    there.write_all(b"-b").unwrap();
    let landed = ferry.join().unwrap();
    let mut heard = [0; 2];
    match &landed.left[..] {
        // It had given up before the rest came.
        b"-" => assert!(matches!(landed.landing, Landing::Paused)),
        left => {
            assert_eq!(left, b"");
            client.read_exact(&mut heard).unwrap();
            assert_eq!(&heard, b"-b");
        }
    }
}
