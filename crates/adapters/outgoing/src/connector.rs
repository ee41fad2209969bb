//! Connects to the very addresses that were checked: a name that means another address a moment later leads nowhere else.

use crate::lookup::Lookup;
use crate::reach::Reach;
use hyper::Uri;
use hyper_rustls::{HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::ready;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tower::timeout::Timeout;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceExt as _, service_fn};

/// Connections, with TLS where the address wants it, within a time.
pub(crate) type Connector = BoxCloneSyncService<Uri, MaybeHttpsStream<TokioIo<TcpStream>>, BoxError>;

pub(crate) fn connector(guarded: Guarded, within: Duration) -> io::Result<Connector> {
    let tls = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
        .https_or_http()
        .enable_http1()
        .wrap_connector(guarded);
    Ok(BoxCloneSyncService::new(Timeout::new(tls, within)))
}

/// Connections to addresses within reach.
#[derive(Clone)]
pub(crate) struct Guarded {
    reach: Arc<Reach>,
    lookup: Arc<dyn Lookup>,
    within: Duration,
}

impl Guarded {
    pub(crate) fn new(reach: Arc<Reach>, lookup: Arc<dyn Lookup>, within: Duration) -> Self {
        Self { reach, lookup, within }
    }

    async fn connect(self, uri: Uri) -> Result<TokioIo<TcpStream>, BoxError> {
        let https = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let found = match host.parse::<IpAddr>() {
            Ok(literal) => vec![literal],
            Err(_) => self.lookup.addresses(host).await?,
        };
        let open: Vec<SocketAddr> = self.reach.admitted(https, port, &found)?;
        let checked = service_fn(move |_| ready(Ok::<_, Infallible>(open.clone().into_iter())));
        let mut tcp = HttpConnector::new_with_resolver(checked);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(self.within));
        Ok(tcp.oneshot(uri).await?)
    }
}

impl Service<Uri> for Guarded {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}
