//! The server: a thread of its own, with a door for each address.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use axum::Router;
use rustix::net::{Shutdown, shutdown};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};

use crate::app::{App, Rules};
use crate::config::WebConfig;
use crate::door::{self, Places};
use crate::house::House;
use crate::limits;
use crate::routes;
use crate::staff::Staff;

/// What a page is to be.
#[derive(Debug)]
pub struct Setup {
    /// Its table.
    pub config: WebConfig,
    /// Who may look and act.
    pub staff: Staff,
    /// How its connections are made secure, if they are.
    pub tls: Option<Arc<dyn Secure>>,
}

/// Makes connections secure, by whichever certificate.
pub trait Secure: fmt::Debug + Send + Sync {
    /// Shakes hands with a browser.
    fn secure(&self, stream: TcpStream) -> Securing;
}

/// A connection that is being made secure.
pub type Securing = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send>>;

/// A connection, secure or not.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// The page, the API and the metrics of a house. It ends when it is dropped.
///
/// ```
/// use std::sync::Arc;
/// use web::{Busy, CallNow, CallOver, FailedLogin, Figures, GroupNow, House, LineNow, Listener, ModemNow, Refusal, Trace};
///
/// struct Empty;
///
/// impl House for Empty {
///     fn lines(&self) -> Vec<LineNow> { Vec::new() }
///     fn modems(&self) -> Vec<ModemNow> { Vec::new() }
///     fn groups(&self) -> Vec<GroupNow> { Vec::new() }
///     fn calls(&self) -> Vec<CallNow> { Vec::new() }
///     fn recent(&self, _most: usize) -> Vec<CallOver> { Vec::new() }
///     fn failed_logins(&self) -> Vec<FailedLogin> { Vec::new() }
///     fn listeners(&self) -> Vec<Listener> { Vec::new() }
///     fn figures(&self) -> Figures { Figures::default() }
///     fn trace(&self, line: &str, _by: &str) -> Result<Box<dyn Trace>, Refusal> {
///         Err(Refusal::Unknown(format!("there is no line `{line}`")))
///     }
///     fn hang_up(&self, call: &str, _by: &str) -> Result<String, Refusal> {
///         Err(Refusal::Unknown(format!("there is no call `{call}`")))
///     }
///     fn set_busy(&self, line: &str, _busy: Busy, _by: &str) -> Result<String, Refusal> {
///         Err(Refusal::Unknown(format!("there is no line `{line}`")))
///     }
/// }
///
/// let config: web::WebConfig = toml::from_str("listen = \"127.0.0.1:0\"")?;
/// let staff = web::Staff::new(&[], &config.token, "/".as_ref())?;
/// let server = web::Server::start(web::Setup { config, staff, tls: None }, Arc::new(Empty))?;
/// println!("http://{}", server.addresses()[0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
    router: Router,
    places: Arc<Places>,
    runtime: Handle,
    doors: Mutex<Vec<Door>>,
    /// Dropped to end the thread.
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// An address at which the page is.
#[derive(Debug)]
struct Door {
    wanted: SocketAddr,
    address: SocketAddr,
    /// What listens, beside the thread's own hold on it.
    listener: TcpListener,
    /// Dropped to close it.
    open: Option<watch::Sender<()>>,
}

impl Drop for Door {
    fn drop(&mut self) {
        drop(self.open.take());
        // The thread lets go of it a moment later, and in that moment nobody is to get in any more.
        let _ = shutdown(&self.listener, Shutdown::Both);
    }
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address can't be listened on.
    #[error("the page can't be opened at {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The system gives no thread or no randomness.
    #[error("the page can't be started")]
    System(#[source] io::Error),
}

impl Server {
    /// Opens the page of `house`.
    ///
    /// # Errors
    /// An address is taken, or the system has no thread for it.
    pub fn start(setup: Setup, house: Arc<dyn House>) -> Result<Self, StartError> {
        let Setup { config, staff, tls } = setup;
        let listeners = open(&config.listen.0)?;
        let port = listeners.first().map_or(0, |opened| opened.address.port());
        let app =
            App::new(house, Rules::new(&config, staff, tls, port)).map_err(StartError::System)?;
        let app = Arc::new(app);
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_name("web")
            // Hashes, pictures of the house, and orders to it.
            .max_blocking_threads(4)
            .build()
            .map_err(StartError::System)?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("web".to_owned())
            .spawn(move || {
                // An error is the sender's end, which means the same.
                let _ = runtime.block_on(ended);
                runtime.shutdown_timeout(limits::GOODBYE);
            })
            .map_err(StartError::System)?;
        let server = Self {
            router: routes::router(&app),
            app,
            places: Places::new(),
            runtime: handle,
            doors: Mutex::default(),
            end: Some(end),
            thread: Some(thread),
        };
        listeners.into_iter().for_each(|listener| server.admit(listener));
        Ok(server)
    }

    /// Where the page is, with the ports that were free where the configuration says 0.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.doors().iter().map(|door| door.address).collect()
    }

    /// Runs as `setup` says from now on. Addresses that stay never stop listening; whoever is logged in stays so, if
    /// he is still on the staff with the same password.
    ///
    /// # Errors
    /// A new address can't be opened. Nothing has changed then.
    pub fn reload(&self, setup: Setup) -> Result<(), StartError> {
        let Setup { config, staff, tls } = setup;
        let known: Vec<SocketAddr> = self.doors().iter().map(|door| door.wanted).collect();
        let fresh: Vec<SocketAddr> =
            config.listen.0.iter().filter(|address| !known.contains(address)).copied().collect();
        let listeners = open(&fresh)?;
        self.doors().retain(|door| config.listen.0.contains(&door.wanted));
        listeners.into_iter().for_each(|listener| self.admit(listener));
        let port = self.doors().first().map_or(0, |door| door.address.port());
        self.app.set_rules(Rules::new(&config, staff, tls, port));
        Ok(())
    }

    fn admit(&self, Opened { wanted, address, listener, ours }: Opened) {
        let (open, closing) = watch::channel(());
        let (router, places) = (self.router.clone(), Arc::clone(&self.places));
        let app = Arc::clone(&self.app);
        self.runtime.spawn(door::answer(listener, app, router, places, closing));
        self.doors().push(Door { wanted, address, listener: ours, open: Some(open) });
    }

    fn doors(&self) -> MutexGuard<'_, Vec<Door>> {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An address that is listened on.
struct Opened {
    wanted: SocketAddr,
    address: SocketAddr,
    /// For the thread.
    listener: TcpListener,
    /// The same, to close it.
    ours: TcpListener,
}

fn open(addresses: &[SocketAddr]) -> Result<Vec<Opened>, StartError> {
    let one = |wanted: &SocketAddr| {
        let listen = || {
            let listener = TcpListener::bind(wanted)?;
            listener.set_nonblocking(true)?;
            let (address, ours) = (listener.local_addr()?, listener.try_clone()?);
            Ok(Opened { wanted: *wanted, address, listener, ours })
        };
        listen().map_err(|source| StartError::Listen { address: *wanted, source })
    };
    addresses.iter().map(one).collect()
}

impl Drop for Server {
    fn drop(&mut self) {
        // Doors first: their connections take leave while the thread still runs.
        self.doors().clear();
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
