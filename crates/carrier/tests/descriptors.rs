//! A listener without descriptors. Alone in its process, since the limit is the process's.

use std::time::Duration;

use carrier::{ListenOptions, Listener};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpStream;

#[tokio::test]
async fn callers_wait_while_the_process_has_no_descriptors_and_nothing_spins() {
    let any = "127.0.0.1:0".parse().unwrap();
    let mut listener = Listener::tcp(any, &ListenOptions::default()).unwrap();
    let address = listener.local().socket_addr().unwrap();
    let waiting = TcpStream::connect(address).await.unwrap();

    let limits = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(64), ..limits }).unwrap();
    let mut spares = Vec::new();
    while let Ok(spare) = rustix::io::dup(&waiting) {
        spares.push(spare);
    }

    tokio::time::pause();
    let start = tokio::time::Instant::now();
    let free = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        spares.clear();
    };
    // A paused clock moves only when nobody has anything to do: a listener that spun would stop it.
    let (caller, ()) = tokio::join!(listener.accept(), free);
    assert_eq!(caller.unwrap().peer().socket_addr(), waiting.local_addr().ok());
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(60) && waited <= Duration::from_secs(62), "{waited:?}");
}
