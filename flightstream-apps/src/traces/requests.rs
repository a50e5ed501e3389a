use axum::extract::MatchedPath;
use axum::http::{Request, Response};
use tower_http::classify::{ServerErrorsAsFailures, SharedClassifier};
use tower_http::trace::{MakeSpan, OnResponse, TraceLayer};
use tracing::{Span, debug_span, field};

/// A span a request, named as OpenTelemetry's conventions for HTTP servers name it: by method and route, not by what is in
/// the path.
pub(crate) fn requests() -> TraceLayer<
    SharedClassifier<ServerErrorsAsFailures>,
    impl MakeSpan<axum::body::Body> + Clone,
    (),
    impl OnResponse<axum::body::Body> + Clone,
    (),
    (),
    (),
> {
    TraceLayer::new_for_http()
        .make_span_with(span)
        .on_request(())
        .on_response(answered)
        .on_body_chunk(())
        .on_eos(())
        .on_failure(())
}

fn span<B>(request: &Request<B>) -> Span {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("", MatchedPath::as_str);
    debug_span!(
        parent: None,
        "request",
        otel.name = format!("{} {route}", request.method()).trim_end(),
        otel.kind = "server",
        http.request.method = request.method().as_str(),
        http.route = route,
        http.response.status_code = field::Empty,
    )
}

fn answered<B>(response: &Response<B>, _: std::time::Duration, span: &Span) {
    let status = i32::from(response.status().as_u16());
    span.record("http.response.status_code", status);
}
