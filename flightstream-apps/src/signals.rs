use std::io;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

/// Told when the process is asked to end.
#[derive(Debug)]
pub(crate) struct Interrupted(oneshot::Receiver<()>);

impl Interrupted {
    /// Ready at the first SIGINT or SIGTERM. A second one ends the process at once.
    pub(crate) async fn wait(self) {
        if self.0.await.is_err() {
            // Nobody listens, so the system's own handlers end the process: there is nothing to wait for.
            std::future::pending::<()>().await;
        }
    }
}

/// A network runtime for one command, which listens for signals from now on: what comes while the command starts is
/// heeded as soon as it has.
pub(crate) fn runtime() -> io::Result<(Runtime, Interrupted)> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let mut signals = {
        let _inside = runtime.enter();
        Signals::listen()?
    };
    let (tell, interrupted) = oneshot::channel();
    runtime.spawn(async move {
        signals.next().await;
        // Nobody waits for it any more when the command ends by itself.
        let _ = tell.send(());
        signals.next().await;
        tracing::warn!("interrupted again: ending at once");
        std::process::exit(130);
    });
    Ok((runtime, Interrupted(interrupted)))
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
