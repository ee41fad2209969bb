//! Connections: accepting them, bounding them, and letting them end when the process is told to stop.

use crate::caller::Peer;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

/// The most connections at once; further ones wait to be accepted.
const MOST_CONNECTIONS: usize = 8192;
/// How long a client may take for the head of a request.
const SLOWEST_HEAD: Duration = Duration::from_secs(15);
/// The largest head of a request, in bytes; hyper itself refuses larger ones with a bare 431.
const LARGEST_HEAD: usize = 64 * 1024;
/// The pause after a failed accept, such as one for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long connections that were cut off may take to let go of what they hold.
const LAST_MOMENT: Duration = Duration::from_millis(500);

/// Serves until `stop` is done, then gives running requests `drain` to finish and cuts off those that do
/// not. Whether all of them finished.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>, drain: Duration) -> bool {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(SLOWEST_HEAD).max_buf_size(LARGEST_HEAD);
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            () = &mut stop => break,
            accepted = accepted => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // A delayed packet is slow, not wrong.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            router.clone().oneshot(request)
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        while connections.try_join_next().is_some() {}
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection ended: {error}");
            }
            drop(permit);
        });
    }
    drop(listener);
    let drained = tokio::time::timeout(drain, graceful.shutdown()).await.is_ok();
    // What is cut off lets go of its database connection here.
    connections.abort_all();
    let _ = tokio::time::timeout(LAST_MOMENT, async { while connections.join_next().await.is_some() {} }).await;
    drained
}
