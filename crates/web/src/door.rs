//! One address at which the page is: accepting connections, and bounding them.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

use crate::app::App;
use crate::guard::Client;
use crate::impatient::Impatient;
use crate::limits;
use crate::patience::Source;
use crate::server::{Secure, Stream};

/// Places for connections, altogether and for each source.
#[derive(Debug)]
pub(crate) struct Places {
    all: Arc<Semaphore>,
    by_source: Mutex<HashMap<Source, usize>>,
}

/// A connection's place.
struct Place {
    places: Arc<Places>,
    source: Source,
    _one: OwnedSemaphorePermit,
}

impl Places {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            all: Arc::new(Semaphore::new(limits::CONNECTIONS)),
            by_source: Mutex::default(),
        })
    }

    fn take(self: &Arc<Self>, source: Source) -> Option<Place> {
        let one = Arc::clone(&self.all).try_acquire_owned().ok()?;
        let mut by_source = self.by_source.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_source.entry(source).or_default();
        if *count >= limits::CONNECTIONS_PER_SOURCE {
            return None;
        }
        *count += 1;
        Some(Place { places: Arc::clone(self), source, _one: one })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_source = self.places.by_source.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_source.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                by_source.remove(&self.source);
            }
        }
    }
}

/// Answers at `listener` until `closing` says so.
pub(crate) async fn answer(
    listener: StdListener,
    app: Arc<App>,
    router: Router,
    places: Arc<Places>,
    mut closing: watch::Receiver<()>,
) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!("the page can't be opened: {error}"),
    };
    loop {
        let accepted = tokio::select! {
            // A door that is closed fails to accept anybody, which is nobody's fault.
            biased;
            _ = closing.changed() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("the page can't accept a connection: {error}");
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Too many connections are closed without a word: saying one would need another place.
        let Some(place) = places.take(peer.ip().into()) else { continue };
        let (tls, router) = (app.rules().tls.clone(), router.clone());
        tokio::spawn(serve(stream, tls, peer, router, place, closing.clone()));
    }
}

async fn serve(
    stream: TcpStream,
    tls: Option<Arc<dyn Secure>>,
    peer: SocketAddr,
    router: Router,
    _place: Place,
    mut closing: watch::Receiver<()>,
) {
    // Small answers are to leave at once.
    let _ = stream.set_nodelay(true);
    let stream: Box<dyn Stream> = match tls {
        None => Box::new(stream),
        Some(tls) => match timeout(limits::HEAD, tls.secure(stream)).await {
            Ok(Ok(stream)) => stream,
            // Whoever speaks no TLS, or does so too slowly, is no browser of ours.
            Ok(Err(_)) | Err(_) => return,
        },
    };
    let stream = TokioIo::new(Impatient::new(stream, limits::UNREAD));
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Client(peer.ip()));
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEAD)
        .max_buf_size(limits::HEAD_BYTES)
        .serve_connection(stream, service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // Whoever breaks a connection off knows it.
        _ = connection.as_mut() => return,
        _ = closing.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = timeout(limits::GOODBYE / 2, connection).await;
}
