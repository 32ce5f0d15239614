//! The far end: a real one, that says its piece and remembers what it heard.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How the far end leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// With a reset.
    Reset,
    /// In order.
    Close,
}

/// What each call passes: the equipment's words, and the far end's.
pub(crate) struct Words {
    pub(crate) up: Vec<u8>,
    pub(crate) down: Vec<u8>,
}

/// A server that calls are made to.
pub(crate) struct Far {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    leave: watch::Sender<Option<Leave>>,
    task: JoinHandle<()>,
}

impl Words {
    pub(crate) fn new() -> Self {
        let all = || (0..=255).chain(*b"+++ATH\r\x03\x10\x10\x03\r\nSHUTDOWN\r\n+++");
        let number = |n: u16| n.to_be_bytes();
        let rows = |seed: u16| (0..200).flat_map(move |n| number(n ^ seed));
        Self { up: all().chain(rows(0x5500)).collect(), down: rows(0xAA00).chain(all()).collect() }
    }
}

impl Far {
    pub(crate) async fn listen(words: Arc<Words>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let (leave, _) = watch::channel(None);
        let (sinks, leaves) = (Arc::clone(&heard), leave.clone());
        let task = tokio::spawn(async move {
            let mut calls = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let call = {
                    let mut sinks = sinks.lock().unwrap();
                    sinks.push(Vec::new());
                    sinks.len() - 1
                };
                calls.spawn(speak(
                    stream,
                    Arc::clone(&words),
                    Arc::clone(&sinks),
                    call,
                    leaves.subscribe(),
                ));
            }
        });
        Self { address, heard, leave, task }
    }

    /// How to have those who speak now leave.
    pub(crate) fn leaver(&self) -> watch::Sender<Option<Leave>> {
        self.leave.clone()
    }

    /// What was heard in each call.
    pub(crate) fn heard(&self) -> Vec<Vec<u8>> {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Says half of its words at once, and the rest when it has heard everything.
async fn speak(
    mut stream: TcpStream,
    words: Arc<Words>,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    call: usize,
    mut leave: watch::Receiver<Option<Leave>>,
) {
    let (first, rest) = words.down.split_at(words.down.len() / 2);
    let _ = stream.write_all(first).await;
    let mut buf = [0; 512];
    loop {
        tokio::select! {
            left = leave.changed() => {
                let how = *leave.borrow_and_update();
                if left.is_ok() && how == Some(Leave::Reset) {
                    let _ = stream.set_zero_linger();
                }
                return;
            }
            count = stream.read(&mut buf) => {
                let Ok(count @ 1..) = count else { return };
                let all = {
                    let mut heard = heard.lock().unwrap();
                    let before = heard[call].len();
                    heard[call].extend(&buf[..count]);
                    (before + 1..=heard[call].len()).contains(&words.up.len())
                };
                if all {
                    let _ = stream.write_all(rest).await;
                }
            }
        }
    }
}
