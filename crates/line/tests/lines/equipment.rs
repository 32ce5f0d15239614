//! What the tests plug in: equipment at the DTE end, peers at the far end.

use std::fmt::Write as _;
use std::time::Duration;

use carrier::trace::{self, Entries, Way, What};
use line::{Line, LineConfig, Personas, Switchboard};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

/// A bound on failure, not a measure: nothing here takes so long unless it never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A line as a configuration file describes it, without `name` and the DTE end, which is a TCP port.
pub(crate) struct Plugged {
    pub(crate) board: Switchboard,
    pub(crate) line: Line,
    pub(crate) dte: Wire,
}

/// Starts a line on a switchboard of its own and plugs in.
pub(crate) async fn plug(settings: &str) -> Plugged {
    let board = switchboard();
    let line = start(&board, "a", settings);
    let dte = Wire::connect(line.place()).await;
    Plugged { board, line, dte }
}

pub(crate) fn switchboard() -> Switchboard {
    Switchboard::new(Personas::built_in().unwrap(), None).unwrap()
}

pub(crate) fn start(board: &Switchboard, name: &str, settings: &str) -> Line {
    let mut text = format!("name = \"{name}\"\n");
    if !["pty", "unix", "tcp", "serial"].iter().any(|end| settings.contains(&format!("{end} ="))) {
        text += "tcp = \"127.0.0.1:0\"\n";
    }
    let _ = writeln!(text, "{settings}");
    let config: LineConfig = toml::from_str(&text).unwrap();
    board.start(config).unwrap()
}

/// A TCP connection that waits for what it expects.
pub(crate) struct Wire(pub(crate) TcpStream);

impl Wire {
    pub(crate) async fn connect(address: &str) -> Self {
        let stream = timeout(PATIENCE, TcpStream::connect(address)).await.unwrap().unwrap();
        stream.set_nodelay(true).unwrap();
        Self(stream)
    }

    pub(crate) async fn say(&mut self, bytes: impl AsRef<[u8]>) {
        timeout(PATIENCE, self.0.write_all(bytes.as_ref())).await.unwrap().unwrap();
    }

    /// Reads exactly what is expected.
    pub(crate) async fn hear(&mut self, expected: impl AsRef<[u8]>) {
        let expected = expected.as_ref();
        let mut heard = vec![0; expected.len()];
        let read = timeout(PATIENCE, self.0.read_exact(&mut heard)).await;
        let heard = heard.escape_ascii().to_string();
        let Ok(Ok(_)) = read else {
            panic!("waited for {}, heard {heard}", expected.escape_ascii())
        };
        assert_eq!(heard, expected.escape_ascii().to_string());
    }

    /// Reads up to and including `end`, and returns all of it.
    pub(crate) async fn hear_until(&mut self, end: &str) -> String {
        let mut heard = Vec::new();
        while !heard.ends_with(end.as_bytes()) {
            match timeout(PATIENCE, self.0.read_u8()).await {
                Ok(Ok(byte)) => heard.push(byte),
                other => panic!("waited for {end:?}, heard {}: {other:?}", heard.escape_ascii()),
            }
        }
        String::from_utf8_lossy(&heard).into_owned()
    }

    pub(crate) async fn byte(&mut self) -> u8 {
        timeout(PATIENCE, self.0.read_u8()).await.expect("nothing comes").unwrap()
    }

    /// Reads to the end of the connection; a reset is an end too.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut rest))
            .await
            .expect("the connection stays open");
        rest
    }
}

/// Waits until it is so.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it is never so");
}

/// Sees what passes between a line and its equipment at the moment when it does.
pub(crate) struct Watch(Entries);

impl Watch {
    pub(crate) fn begin(line: &Line) -> Self {
        let (tracer, entries) = trace::begin(carrier::clock_now());
        line.trace(tracer);
        Self(entries)
    }

    /// Waits until the modem has said something that ends like this, whether or not it was taken.
    pub(crate) async fn until_said(&mut self, end: &str) {
        let mut said = Vec::new();
        while !said.ends_with(end.as_bytes()) {
            let entry = timeout(PATIENCE, self.0.next()).await.unwrap();
            if let What::Bytes { way: Way::Out, first, .. } = entry.unwrap().what {
                said.extend(first);
            }
        }
    }

    /// Waits until the modem has said so many bytes.
    pub(crate) async fn until_said_so_much(&mut self, length: usize) {
        let mut said = 0;
        while said < length {
            let entry = timeout(PATIENCE, self.0.next()).await.unwrap();
            if let What::Bytes { way: Way::Out, first, more } = entry.unwrap().what {
                said += first.len() + more;
            }
        }
    }
}

/// Somebody to be called.
pub(crate) struct Far(TcpListener);

impl Far {
    pub(crate) async fn listen() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    pub(crate) async fn answer(&self) -> Wire {
        let (stream, _) = timeout(PATIENCE, self.0.accept()).await.unwrap().unwrap();
        stream.set_nodelay(true).unwrap();
        Wire(stream)
    }
}

/// A port on which nobody listens, nor can while this is held: calls are refused.
pub(crate) struct Dead(TcpSocket);

impl Dead {
    pub(crate) fn bind() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub(crate) fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }
}

/// An address that neither answers nor refuses: its queue is full, and the kernel leaves who calls to
/// himself.
pub(crate) struct Full {
    pub(crate) address: String,
    _listener: TcpListener,
    _queue: Vec<TcpStream>,
}

pub(crate) async fn full_address() -> Full {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut queue = Vec::new();
    // Full is when the kernel answers no more.
    while let Ok(stream) = timeout(Duration::from_millis(300), TcpStream::connect(&address)).await {
        queue.push(stream.unwrap());
        assert!(queue.len() < 64, "the queue is never full");
    }
    Full { address, _listener: listener, _queue: queue }
}

/// Every byte value, every pair with CR, runs of FF, and an escape that isn't one.
pub(crate) fn payload() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..=255).collect();
    for second in [0x00, 0x0A, 0x0D, 0x58, 0xFF] {
        bytes.extend([0x0D, second]);
    }
    bytes.extend([0xFF; 7]);
    bytes.extend(b"+++ATH\r");
    bytes
}
