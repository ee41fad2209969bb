//! Reading what a route left unread of its request.
//!
//! A client that still sends its body when the answer comes may never see the answer: the connection is reset
//! under it. So the rest of the body is read and thrown away first, within bounds.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

/// The most that is read and thrown away.
const MOST: usize = 32 * 1024 * 1024;
/// The longest that it may take.
const LONGEST: Duration = Duration::from_secs(3);

/// A hand on the body of a request that a route is reading.
#[derive(Debug, Clone)]
pub(crate) struct Tap {
    body: Arc<Mutex<Body>>,
    read: Arc<AtomicBool>,
    /// The client sends its body only when it is asked to.
    waits: bool,
}

impl Tap {
    /// The request with a body that can be drained later.
    pub(crate) fn on(request: Request) -> (Request, Self) {
        let waits = request.headers().contains_key(header::EXPECT);
        let (parts, body) = request.into_parts();
        let tap = Self { body: Arc::new(Mutex::new(body)), read: Arc::default(), waits };
        (Request::from_parts(parts, Body::new(tap.clone())), tap)
    }

    /// Reads the rest of the body and throws it away.
    pub(crate) async fn drain(mut self) {
        let untouched = !self.read.load(Ordering::Relaxed);
        if self.is_end_stream() || (self.waits && untouched) {
            return;
        }
        let rest = async {
            let mut read = 0;
            while let Some(Ok(frame)) = self.frame().await {
                read += frame.data_ref().map_or(0, Bytes::len);
                if read > MOST {
                    break;
                }
            }
        };
        // What is too slow or too much is cut off.
        let _ = tokio::time::timeout(LONGEST, rest).await;
    }
}

impl HttpBody for Tap {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.read.store(true, Ordering::Relaxed);
        Pin::new(&mut *self.body.lock().unwrap_or_else(PoisonError::into_inner)).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}
