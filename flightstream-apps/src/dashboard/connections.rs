//! How many connections are open at once, and for how long. Those beyond wait to be taken: they must not use up the files that
//! the process may open, which the topics need. One on which nothing happens gives its place to them.

use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

use crate::metrics::most_files;

/// Far more people than look at one dashboard.
const MOST: usize = 1024;
/// What systems usually allow a process.
const USUAL_FILES: usize = 1024;
/// How long a request may take to come, a client to read some of what it asked for, and a connection to stay open for the next
/// request. Longer than an event stream is silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// What part of the files that a process may open a server's connections take at most. Together they leave three
/// eighths to the topics.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Share {
    /// The dashboard's: half.
    Pages,
    /// The search API's: a sixteenth.
    Searches,
    /// Of those who look whether all is well: a sixteenth.
    Watchers,
}

impl Share {
    /// How many connections are taken at once.
    pub(super) fn most(self) -> usize {
        let part = match self {
            Self::Pages => 2,
            Self::Searches | Self::Watchers => 16,
        };
        (most_files().unwrap_or(USUAL_FILES) / part).clamp(1, MOST)
    }
}

/// Places for connections.
#[derive(Clone, Debug)]
pub(super) struct Room {
    places: Arc<Semaphore>,
    few: usize,
}

impl Room {
    /// Ends a connection after its answer when few places are left: browsers keep several open for each page, and pages that
    /// come later would wait until they go.
    pub(super) async fn give_back(self, request: Request, next: Next) -> Response {
        let mut response = next.run(request).await;
        if self.places.available_permits() < self.few {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response
    }
}

/// A listener that takes no more connections than this process has room for.
pub(crate) struct Bounded {
    listener: TcpListener,
    room: Room,
}

impl Bounded {
    pub(crate) fn new(listener: TcpListener, share: Share) -> Self {
        let most = share.most();
        let room = Room {
            places: Arc::new(Semaphore::new(most)),
            few: most / 8,
        };
        Self { listener, room }
    }

    pub(super) fn room(&self) -> Room {
        self.room.clone()
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // Never closed, so there is always a permit to come.
        let permit = Arc::clone(&self.room.places).acquire_owned().await.ok();
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        (Connection::new(stream, permit), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection, which gives its place back when it ends. It fails when its client lets it wait for too long, as axum sets no
/// limit to that.
pub(crate) struct Connection {
    stream: TcpStream,
    /// When the request began that nothing was answered to yet, else when something was answered last.
    since: Instant,
    is_asked: bool,
    /// Set anew only when it goes off: most connections are busy.
    alarm: Pin<Box<Sleep>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Connection {
    fn new(stream: TcpStream, permit: Option<OwnedSemaphorePermit>) -> Self {
        Self {
            stream,
            since: Instant::now(),
            is_asked: false,
            alarm: Box::pin(tokio::time::sleep(PATIENCE)),
            _permit: permit,
        }
    }

    /// Small answers should not wait for one another.
    pub(super) fn set_nodelay(&self) -> io::Result<()> {
        self.stream.set_nodelay(true)
    }

    /// Ready when its client has let it wait for too long.
    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            let end = self.since + PATIENCE;
            if end <= Instant::now() {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.alarm.as_mut().reset(end);
        }
    }

    /// What has come of a write.
    fn written(
        &mut self,
        written: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => self.poll_overdue(cx).map(Err),
            written @ Poll::Ready(_) => {
                self.is_asked = false;
                self.since = Instant::now();
                written
            }
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Pending => self.poll_overdue(cx).map(Err),
            read @ Poll::Ready(_) => {
                // Its beginning counts: one that comes byte by byte is not given more time by each.
                if !self.is_asked {
                    self.is_asked = true;
                    self.since = Instant::now();
                }
                read
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buffer);
        self.written(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, buffers);
        self.written(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
