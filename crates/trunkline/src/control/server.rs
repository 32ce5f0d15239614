//! The answering side of the control socket.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use super::{Busy, Request};
use crate::calls::{Call, Wanted};
use crate::instance::Instance;
use crate::json::Json;
use crate::limits::{CONTROL_CLIENTS, CONTROL_IDLE, CONTROL_REQUEST, CONTROL_WRITE};

/// A control socket at which nobody is served yet; its file goes with it.
pub(crate) struct Socket {
    listener: UnixListener,
    file: SocketFile,
}

/// The control socket of this instance; its file goes with it.
pub(crate) struct Control {
    orders: mpsc::Receiver<Order>,
    task: tokio::task::JoinHandle<()>,
    _file: SocketFile,
}

/// Removes the socket's file in the end.
struct SocketFile(PathBuf);

/// An order that the instance's own loop carries out, because it changes everything.
pub(crate) struct Order {
    /// Where the outcome is awaited.
    pub(crate) done: oneshot::Sender<Outcome>,
}

/// How a reload went, in words for people.
pub(crate) type Outcome = Result<String, String>;

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    /// Another instance has it.
    #[error(
        "another instance is running with the control socket {}; end it, or give this one a socket of its own with \
         --control",
        .0.display()
    )]
    Taken(PathBuf),
    /// It can't be made.
    #[error("can't make the control socket {}: {source}", path.display())]
    Impossible {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Socket {
    /// Takes `path` for this instance alone.
    ///
    /// # Errors
    /// Another instance has it, or the file can't be made.
    pub(crate) fn claim(path: PathBuf) -> Result<Self, ControlError> {
        let impossible = |source| ControlError::Impossible { path: path.clone(), source };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(impossible)?;
        }
        let listener = match bind(&path) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                remove_dead(&path).map_err(impossible)?;
                bind(&path).map_err(|error| match error.kind() {
                    ErrorKind::AddrInUse => ControlError::Taken(path.clone()),
                    _ => impossible(error),
                })?
            }
            bound => bound.map_err(impossible)?,
        };
        Ok(Self { listener, file: SocketFile(path) })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.file.0
    }

    /// Serves everybody who knocks, for `instance`.
    pub(crate) fn serve(self, instance: &Arc<Instance>) -> Control {
        let (sender, orders) = mpsc::channel(1);
        let task = tokio::spawn(listen(self.listener, Arc::clone(instance), sender));
        Control { orders, task, _file: self.file }
    }
}

impl Control {
    /// The next order. May be dropped and called again.
    pub(crate) async fn order(&mut self) -> Option<Order> {
        self.orders.recv().await
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // A file that somebody else has removed is gone all the same.
        let _ = fs::remove_file(&self.0);
    }
}

/// The socket is made under a name of its own and moved into place once nobody else may open it.
fn bind(path: &Path) -> io::Result<UnixListener> {
    if path.exists() {
        return Err(ErrorKind::AddrInUse.into());
    }
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(format!(".{}", std::process::id()));
    let fresh = PathBuf::from(fresh);
    let listener = UnixListener::bind(&fresh)?;
    let placed = fs::set_permissions(&fresh, fs::Permissions::from_mode(0o600)).and_then(|()| {
        fs::hard_link(&fresh, path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => ErrorKind::AddrInUse.into(),
            _ => error,
        })
    });
    fs::remove_file(&fresh)?;
    placed.map(|()| listener)
}

/// A socket file that an instance left behind when the power went.
fn remove_dead(path: &Path) -> io::Result<()> {
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        _ => Ok(()),
    }
}

async fn listen(listener: UnixListener, instance: Arc<Instance>, orders: mpsc::Sender<Order>) {
    let places = Arc::new(Semaphore::new(CONTROL_CLIENTS));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // No descriptors left: they come back when calls end.
                tracing::warn!("the control socket can't accept: {error}");
                tokio::time::sleep(CONTROL_IDLE / 100).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            turn_away(stream);
            continue;
        };
        let (instance, orders) = (Arc::clone(&instance), orders.clone());
        tokio::spawn(async move {
            // Whoever breaks the conversation off knows it.
            let _ = serve(stream, &instance, &orders).await;
            drop(place);
        });
    }
}

fn turn_away(stream: UnixStream) {
    let text = format!("{}\n", failed("there are too many connections to the control socket"));
    // Its buffer is empty, so this either fits or the client has gone.
    let _ = stream.try_write(text.as_bytes());
}

async fn serve(
    stream: UnixStream,
    instance: &Arc<Instance>,
    orders: &mpsc::Sender<Order>,
) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    while let Some(line) = request(&mut read).await? {
        match Request::parse(&line) {
            Err(error) => say(&mut write, &failed(&error.to_string())).await?,
            Ok(Request::Lines) => list(&mut write, instance.lines()).await?,
            Ok(Request::Calls(wanted)) => calls(&mut write, instance, &wanted).await?,
            Ok(Request::HangUp(call)) => {
                let done = instance.hang_up(&call);
                if done.is_ok() {
                    instance.note_order("hang-up", ("about", &call));
                }
                let said = done.map_or_else(|error| failed(&error), |what| ok(&what));
                say(&mut write, &said).await?;
            }
            Ok(Request::Modems) => list(&mut write, instance.modems()).await?,
            Ok(Request::BusyOut(name, wanted)) => {
                let service = match wanted {
                    Busy::Off => line::Service::In,
                    Busy::On => line::Service::BusiedOut,
                };
                let said = instance.set_service(&name, service);
                if said.is_ok() {
                    let what = if wanted == Busy::On { "busy-out" } else { "busy-in" };
                    instance.note_order(what, ("about", &name));
                }
                say(&mut write, &said.map_or_else(|error| failed(&error), |what| ok(&what)))
                    .await?;
            }
            Ok(Request::Note(deed, account)) => {
                instance.note_order(deed.word(), ("account", &account));
                say(&mut write, &ok("noted")).await?;
            }
            Ok(Request::Trace(line)) => match instance.trace(&line) {
                Ok(entries) => {
                    // Whoever sees what passes may see what was better not seen.
                    instance.note_order("trace", ("about", &line));
                    return trace(entries, read, write).await;
                }
                Err(error) => say(&mut write, &failed(&error)).await?,
            },
            #[cfg(feature = "collector")]
            Ok(Request::Site(request)) => request.answer(instance, &mut write).await?,
            #[cfg(feature = "station")]
            Ok(Request::StationCall) => {
                let said = instance.call_centre();
                say(&mut write, &said.map_or_else(|error| failed(&error), |what| ok(&what)))
                    .await?;
            }
            Ok(Request::Reload) => {
                let (done, outcome) = oneshot::channel();
                let outcome = match orders.send(Order { done }).await {
                    Ok(()) => {
                        outcome.await.unwrap_or_else(|_| Err("the instance is ending".to_owned()))
                    }
                    Err(_) => Err("the instance is ending".to_owned()),
                };
                say(&mut write, &outcome.map_or_else(|error| failed(&error), |what| ok(&what)))
                    .await?;
            }
        }
    }
    Ok(())
}

/// The next line of a client; `None` when it has no more, says nothing for long, or too much.
async fn request(read: &mut BufReader<OwnedReadHalf>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut bounded = read.take(CONTROL_REQUEST);
    match timeout(CONTROL_IDLE, bounded.read_until(b'\n', &mut line)).await {
        Ok(read) => read?,
        Err(_) => return Ok(None),
    };
    if line.last() != Some(&b'\n') {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

pub(super) async fn list(write: &mut OwnedWriteHalf, items: Vec<Json>) -> io::Result<()> {
    for item in items {
        say(write, &item).await?;
    }
    say(write, &Json::object([("end", "ok".into())])).await
}

/// Calls in progress, then those that are over, the latest first.
async fn calls(write: &mut OwnedWriteHalf, instance: &Instance, wanted: &Wanted) -> io::Result<()> {
    for call in instance.calls().iter().filter(|call| wanted.wants(call)) {
        say(write, &call.to_json()).await?;
    }
    let Some(mut on_record) = instance.on_record(wanted) else {
        let remembered = wanted.choose(instance.remembered().into_iter());
        return list(write, remembered.iter().map(Call::to_json).collect()).await;
    };
    while let Some(call) = on_record.recv().await {
        match call {
            Ok(call) => say(write, &call.to_json()).await?,
            Err(error) => return say(write, &failed(&error)).await,
        }
    }
    list(write, Vec::new()).await
}

/// Entries until the client hangs up or the line is gone.
async fn trace(
    mut entries: carrier::trace::Entries,
    mut read: BufReader<OwnedReadHalf>,
    mut write: OwnedWriteHalf,
) -> io::Result<()> {
    let mut byte = [0; 1];
    loop {
        let entry = tokio::select! {
            entry = entries.next() => entry,
            _ = read.read(&mut byte) => return Ok(()),
        };
        let Some(entry) = entry else { return say(&mut write, &ok("the line has ended")).await };
        say(&mut write, &Json::object([("trace", entry.to_string().into())])).await?;
    }
}

pub(super) async fn say(write: &mut OwnedWriteHalf, json: &Json) -> io::Result<()> {
    put(write, &format!("{json}\n")).await
}

/// Writes lines that are made already.
pub(super) async fn put(write: &mut OwnedWriteHalf, text: &str) -> io::Result<()> {
    match timeout(CONTROL_WRITE, write.write_all(text.as_bytes())).await {
        Ok(written) => written,
        Err(_) => Err(ErrorKind::TimedOut.into()),
    }
}

pub(super) fn ok(what: &str) -> Json {
    Json::object([("end", "ok".into()), ("said", what.into())])
}

pub(super) fn failed(error: &str) -> Json {
    Json::object([("end", "failed".into()), ("error", error.into())])
}
