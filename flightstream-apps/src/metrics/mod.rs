//! The endpoint for Prometheus and for health probes, on a thread of its own: it answers also while a command is busy.

pub(crate) mod cluster;
mod process;

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flightstream_core::runtime::{Health, Running};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

pub(crate) use self::process::most_files;
use crate::cli;
use crate::dashboard::connections::{Bounded, Share};
use crate::dashboard::headers;
use crate::dashboard::origins::Names;
use crate::error::CommandError;

/// From half a millisecond, what a batch takes, to an hour, the age of a record after an outage.
const SECONDS: [f64; 19] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0, 300.0, 900.0, 3600.0,
];
const RECORDS: [f64; 8] = [1.0, 8.0, 64.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0];
const BYTES: [f64; 8] = [1e3, 1e4, 1e5, 5e5, 1e6, 2e6, 5e6, 1e7];
/// How often samples that nobody scrapes are put into their buckets.
const UPKEEP: Duration = Duration::from_secs(5);

type Probe = Box<dyn Fn() -> Health + Send + Sync>;

/// What the endpoint looks at. Clones look at the same.
#[derive(Clone, Default)]
pub(crate) struct Monitor {
    probes: Arc<Mutex<Vec<Probe>>>,
    published: Arc<Mutex<BTreeMap<&'static str, String>>>,
}

#[derive(Clone)]
struct Endpoint {
    recorder: PrometheusHandle,
    monitor: Monitor,
}

impl Monitor {
    /// Serves metrics if the options ask for it, until the process ends. To be called before a stage starts, since what
    /// is measured before goes nowhere.
    pub(crate) fn start(options: &cli::Monitoring) -> Result<Self, CommandError> {
        let monitor = Self::default();
        let Some(address) = options.metrics else {
            return Ok(monitor);
        };
        let at = |source| CommandError::Metrics { address, source };
        let listener = TcpListener::bind(address).map_err(at)?;
        listener.set_nonblocking(true).map_err(at)?;
        let address = listener.local_addr().map_err(at)?;
        let endpoint = Endpoint {
            recorder: install()?,
            monitor: monitor.clone(),
        };
        process::describe();
        std::thread::Builder::new()
            .name("metrics".to_owned())
            .spawn(move || serve(listener, address, endpoint))
            .map_err(CommandError::Start)?;
        tracing::info!("metrics at http://{address}/metrics");
        Ok(monitor)
    }

    /// Readiness asks this app too.
    pub(crate) fn watch(&self, app: &Running) {
        let mut probes = self.probes.lock().unwrap_or_else(PoisonError::into_inner);
        probes.push(Box::new(app.health_probe()));
    }

    /// Serves this text too, in place of the last one about the same: for what is rendered elsewhere.
    pub(crate) fn publish(&self, what: &'static str, text: String) {
        let published = self.published.lock();
        published
            .unwrap_or_else(PoisonError::into_inner)
            .insert(what, text);
    }

    fn published(&self) -> String {
        let published = self.published.lock();
        let published = published.unwrap_or_else(PoisonError::into_inner);
        published.values().map(String::as_str).collect()
    }

    /// What stands in the way of readiness.
    fn unready(&self) -> Vec<Health> {
        let probes = self.probes.lock().unwrap_or_else(PoisonError::into_inner);
        let health = probes.iter().map(|probe| probe());
        health.filter(|health| *health != Health::Ready).collect()
    }
}

fn install() -> Result<PrometheusHandle, CommandError> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Suffix("_len".to_owned()), &RECORDS)
        })
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Suffix("_documents".to_owned()), &RECORDS)
        })
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), &BYTES)
        });
    let recorder = builder.and_then(PrometheusBuilder::install_recorder);
    let recorder = recorder.map_err(|error| CommandError::Start(std::io::Error::other(error)))?;
    metrics::describe_gauge!(
        "flightstream_build_info",
        "The version that runs; always 1."
    );
    metrics::gauge!("flightstream_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    Ok(recorder)
}

fn serve(listener: TcpListener, address: SocketAddr, endpoint: Endpoint) {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready));
    let upkeep = endpoint.recorder.clone();
    let router = headers::add(router, Names::of(address, &[])).with_state(endpoint);
    let served = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .and_then(|runtime| {
            runtime.block_on(async {
                tokio::spawn(async move {
                    let mut upkeeps = tokio::time::interval(UPKEEP);
                    loop {
                        upkeeps.tick().await;
                        upkeep.run_upkeep();
                    }
                });
                let listener = tokio::net::TcpListener::from_std(listener)?;
                axum::serve(Bounded::new(listener, Share::Watchers), router).await
            })
        });
    if let Err(error) = served {
        tracing::error!(%error, "metrics are not served any more");
    }
}

async fn metrics(State(endpoint): State<Endpoint>) -> Response {
    process::collect();
    let text = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    let rendered = endpoint.recorder.render() + &endpoint.monitor.published();
    (text, rendered).into_response()
}

/// 200 once every app has its partitions and its state, otherwise 503 with what it does instead.
async fn ready(State(endpoint): State<Endpoint>) -> Response {
    match endpoint.monitor.unready().as_slice() {
        [] => "ready\n".into_response(),
        unready => {
            let text = format!("{unready:?}\n").to_lowercase();
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}
