//! Two ends of a connection for the tests.

use carrier::{AccessList, Address, Call, CallOptions, ListenOptions, Listener, Received, dial};
use tokio::net::TcpStream;

/// A listener on a free port.
pub(crate) fn listener() -> Listener {
    Listener::tcp("127.0.0.1:0".parse().unwrap(), &ListenOptions::default()).unwrap()
}

/// Its address, spoken to as `scheme` says.
pub(crate) fn address(scheme: &str, listener: &Listener) -> Address {
    format!("{scheme}://{}", listener.local()).parse().unwrap()
}

/// A call to `scheme` between two [`Call`]s that both know what they speak: who called, who answered.
pub(crate) async fn call(scheme: &str) -> (Call, Call) {
    let mode = if scheme == "telnet" { telnet::Mode::On } else { telnet::Mode::Off };
    let options = CallOptions { telnet: Some(mode), ..CallOptions::default() };
    let mut listener = listener();
    let address = address(scheme, &listener);
    let out = dial(&address, &options, &AccessList::allow_all()).await.unwrap();
    let answered = listener.accept().await.unwrap().answer(&options).unwrap();
    (out, answered)
}

/// A call to `scheme` and the bare socket at its far end.
pub(crate) async fn call_to_socket(scheme: &str) -> (Call, TcpStream) {
    let bare = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("{scheme}://{}", bare.local_addr().unwrap()).parse().unwrap();
    let out = dial(&address, &CallOptions::default(), &AccessList::allow_all()).await.unwrap();
    (out, bare.accept().await.unwrap().0)
}

/// A call that was answered, and the caller's bare socket.
pub(crate) async fn answered_from_socket(options: &CallOptions) -> (Call, TcpStream) {
    let mut listener = listener();
    let address = listener.local().socket_addr().unwrap();
    let caller = TcpStream::connect(address).await.unwrap();
    (listener.accept().await.unwrap().answer(options).unwrap(), caller)
}

/// Receives exactly `count` bytes of data, paying no attention to signals.
pub(crate) async fn receive_exactly(call: &mut Call, count: usize) -> Vec<u8> {
    let mut data = Vec::new();
    let mut buf = [0; 4096];
    while data.len() < count {
        let wanted = (count - data.len()).min(buf.len());
        match call.receive(&mut buf[..wanted]).await.unwrap() {
            Received::Data(count) => data.extend(&buf[..count]),
            Received::Event(_) => {}
            Received::End => panic!("the call ended after {data:?}"),
        }
    }
    data
}

/// Receives data until the end.
pub(crate) async fn receive_all(call: &mut Call) -> std::io::Result<Vec<u8>> {
    let mut data = Vec::new();
    let mut buf = [0; 4096];
    loop {
        match call.receive(&mut buf).await? {
            Received::Data(count) => data.extend(&buf[..count]),
            Received::Event(_) => {}
            Received::End => return Ok(data),
        }
    }
}

/// Half-closes.
pub(crate) async fn finish(call: &mut Call) {
    std::future::poll_fn(|cx| call.poll_finish(cx)).await.unwrap();
}

/// Every byte value, every CR pair, a run of FF, and text.
pub(crate) fn awkward() -> Vec<u8> {
    let mut data: Vec<u8> = (0..=255).collect();
    data.extend(b"\r\n\r\0\rX\r\xff\n\r\xff\xff\xff\xff\xff\0\0text\r");
    data
}
