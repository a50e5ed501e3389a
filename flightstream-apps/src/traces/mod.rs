//! What a process does, as spans that are sent to a collector of OpenTelemetry: commits, restores, bulks, calls of the API,
//! requests of the dashboard.

mod client;
mod requests;

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use reqwest::Url;
use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::{Layer, Registry};

use self::client::Client;
pub(crate) use self::requests::requests;
use crate::error::CommandError;

/// So long a collector may take for what it is sent, also at the end of the process.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends spans as long as it lives, and the last of them when it is dropped.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Sends them to the collector at `collector`, by OTLP over HTTP.
    pub(crate) fn start(collector: &Url) -> Result<Self, CommandError> {
        let failed = |error: String| CommandError::Traces(error);
        let client = Client::new(PATIENCE).map_err(|error| failed(error.to_string()))?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(collector.as_str())
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let mut resource = Resource::builder()
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name("flightstream");
        }
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .build();
        Ok(Self(provider))
    }

    /// Takes what is of this program: spans, and log lines as their events.
    pub(crate) fn layer(&self) -> impl Layer<Registry> + Send + Sync + use<> {
        let own = filter_fn(|of| {
            of.target().starts_with("flightstream") && (of.is_span() || *of.level() <= Level::INFO)
        });
        tracing_opentelemetry::layer()
            .with_location(false)
            .with_tracer(self.0.tracer("flightstream"))
            .with_filter(own)
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        // The client has told already if nobody takes them.
        let _ = self.0.shutdown_with_timeout(PATIENCE);
    }
}

/// The address for spans of a collector that is named by its base, as `OTEL_EXPORTER_OTLP_ENDPOINT` names it.
pub(crate) fn collector(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("name it as http://HOST:4318 or https://HOST".to_owned());
    }
    let base = url.as_str().trim_end_matches('/');
    Url::parse(&format!("{base}/v1/traces")).map_err(|error| error.to_string())
}
