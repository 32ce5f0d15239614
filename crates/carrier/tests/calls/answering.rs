//! Listening, looking at callers, turning them away.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use carrier::{CallOptions, Greeting, ListenError, ListenOptions, Listener, Peer, V6};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use crate::ends::{listener, receive_exactly};

async fn caller(listener: &mut Listener) -> (TcpStream, carrier::Caller) {
    let socket = TcpStream::connect(listener.local().socket_addr().unwrap()).await.unwrap();
    (socket, listener.accept().await.unwrap())
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(20);

#[tokio::test]
async fn callers_are_told_apart_by_their_first_bytes_which_stay() {
    let mut listener = listener();
    for (first, greeting) in [
        (b"\x16\x03\x01\x02".as_slice(), Greeting::Tls),
        (b"SSH-2.0-x", Greeting::Ssh),
        (b"\xff\xfb\x00", Greeting::Telnet),
        (b"\xff", Greeting::Telnet),
        (b"site-0042\r", Greeting::Raw),
        (b"SSX", Greeting::Raw),
        (b"\x16\x02", Greeting::Raw),
    ] {
        let (mut socket, mut caller) = caller(&mut listener).await;
        socket.write_all(first).await.unwrap();
        assert_eq!(caller.sniff(LONG).await, greeting, "{first:?}");
        let raw = CallOptions { telnet: Some(telnet::Mode::Off), ..CallOptions::default() };
        let mut call = caller.answer(&raw).unwrap();
        assert_eq!(receive_exactly(&mut call, first.len()).await, first);
    }
}

#[tokio::test]
async fn a_mark_may_come_in_pieces() {
    let mut listener = listener();
    let (mut socket, mut caller) = caller(&mut listener).await;
    socket.write_all(b"SS").await.unwrap();
    let (greeting, _) = tokio::join!(caller.sniff(LONG), async {
        tokio::time::sleep(SHORT).await;
        socket.write_all(b"H-").await.unwrap();
    });
    assert_eq!(greeting, Greeting::Ssh);
}

#[tokio::test]
async fn half_a_mark_is_no_mark_and_is_not_forgotten() {
    let mut listener = listener();
    let (mut socket, mut caller) = caller(&mut listener).await;
    socket.write_all(b"S").await.unwrap();
    assert_eq!(caller.sniff(SHORT).await, Greeting::Raw);
    let mut call = caller.answer(&CallOptions::default()).unwrap();
    let heard = tokio::time::timeout(LONG, receive_exactly(&mut call, 1)).await;
    assert_eq!(heard.expect("the byte is announced again"), b"S");
}

#[tokio::test]
async fn silence_and_absence_are_different() {
    let mut listener = listener();
    let (socket, mut silent) = caller(&mut listener).await;
    assert_eq!(silent.sniff(SHORT).await, Greeting::Silent);
    drop(socket);
    assert_eq!(silent.sniff(LONG).await, Greeting::Gone);
}

#[tokio::test]
async fn a_refused_caller_sees_a_reset() {
    let mut listener = listener();
    let (mut socket, caller) = caller(&mut listener).await;
    caller.refuse();
    let error = socket.read(&mut [0; 8]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_caller_who_leaves_while_it_rings_is_noticed_even_behind_data() {
    let mut listener = listener();
    let (mut socket, mut caller) = caller(&mut listener).await;
    socket.write_all(b"early data").await.unwrap();
    let mut polls = 0;
    let gone = poll_fn(|cx| {
        polls += 1;
        caller.poll_gone(cx)
    });
    let leave = async {
        tokio::time::sleep(SHORT).await;
        socket.write_all(b", more of it").await.unwrap();
        tokio::time::sleep(SHORT).await;
        drop(socket);
    };
    tokio::join!(gone, leave);
    assert!(polls <= 10, "{polls} polls: it spins");
}

#[tokio::test]
async fn data_sent_while_it_rings_are_the_first_of_the_call() {
    let mut listener = listener();
    let (mut socket, mut caller) = caller(&mut listener).await;
    socket.write_all(b"early").await.unwrap();
    assert_eq!(caller.sniff(LONG).await, Greeting::Raw);
    let ringing = poll_fn(|cx| Poll::Ready(caller.poll_gone(cx).is_pending())).await;
    assert!(ringing);
    let mut call = caller.answer(&CallOptions::default()).unwrap();
    let heard = tokio::time::timeout(LONG, receive_exactly(&mut call, 5)).await;
    assert_eq!(heard.expect("the data are announced again"), b"early");
}

#[tokio::test]
async fn a_port_in_use_is_called_so() {
    let listener = listener();
    let taken = listener.local().socket_addr().unwrap();
    let error = Listener::tcp(taken, &ListenOptions::default()).err().unwrap();
    assert!(matches!(error, ListenError::InUse { .. }), "{error}");
    assert_eq!(error.to_string(), format!("{taken} is in use"));
}

#[tokio::test]
async fn an_ipv6_listener_takes_ipv4_callers_unless_told_otherwise() {
    let both = ListenOptions::default();
    let Ok(mut open) = Listener::tcp("[::]:0".parse().unwrap(), &both) else {
        return; // A machine without IPv6.
    };
    let port = open.local().socket_addr().unwrap().port();
    let (_socket, caller) = tokio::join!(TcpStream::connect(("127.0.0.1", port)), open.accept());
    let peer = caller.unwrap().peer().socket_addr().unwrap();
    assert!(peer.is_ipv4(), "a mapped address is shown as IPv4: {peer}");

    let only = ListenOptions { v6: V6::Only, ..both };
    let closed = Listener::tcp("[::]:0".parse().unwrap(), &only).unwrap();
    let port = closed.local().socket_addr().unwrap().port();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn a_unix_listener_replaces_a_dead_file_and_removes_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("line");
    let options = ListenOptions::default();
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());

    let mut listener = Listener::unix(&path, &options).unwrap();
    assert_eq!(listener.local(), Peer::Unix(Some(path.clone())));
    let error = Listener::unix(&path, &options).err().unwrap();
    assert!(matches!(error, ListenError::InUse { .. }), "{error}");

    let mut socket = UnixStream::connect(&path).await.unwrap();
    socket.write_all(b"hello").await.unwrap();
    let caller = loop {
        // The look at who listens there has left a caller behind that is gone already.
        let mut caller = listener.accept().await.unwrap();
        if caller.sniff(LONG).await == Greeting::Raw {
            break caller;
        }
    };
    let mut call = caller.answer(&CallOptions::default()).unwrap();
    assert_eq!(receive_exactly(&mut call, 5).await, b"hello");
    drop(listener);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notes");
    std::fs::write(&path, "precious").unwrap();
    assert!(Listener::unix(&path, &ListenOptions::default()).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}
