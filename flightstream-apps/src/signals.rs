/// Ready at the first SIGINT or SIGTERM. A second one ends the process at once.
pub(crate) async fn interrupted() {
    first().await;
    tokio::spawn(async {
        first().await;
        tracing::warn!("interrupted again: ending at once");
        std::process::exit(130);
    });
}

#[cfg(unix)]
async fn first() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return interrupt().await;
    };
    tokio::select! {
        () = interrupt() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn first() {
    interrupt().await;
}

async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler the system's own ends the process, so there is nothing to wait for.
        std::future::pending::<()>().await;
    }
}

/// A network runtime for one command.
pub(crate) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
}
