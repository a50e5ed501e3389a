use axum::Extension;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::access::{Access, COOKIE};

/// As strict as the page's, but for its own form and style.
const POLICY: &str =
    "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

const FORM: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width\"><title>flightstream: log in</title>\
<h1>flightstream</h1><form method=\"post\" action=\"login\">\
<p><label for=\"token\">Token</label> <input id=\"token\" name=\"token\" type=\"password\" \
autocomplete=\"current-password\" required autofocus> <button>Log in</button></form>";

/// Asks for the token.
pub(super) async fn form() -> Response {
    page(StatusCode::OK, "")
}

/// Takes the token and leaves it in a cookie that no script can read.
pub(super) async fn log_in(
    Extension(access): Extension<Access>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let given = std::str::from_utf8(&body).ok();
    let given = given.and_then(|body| body.strip_prefix("token="));
    let given = given.map(decoded).unwrap_or_default();
    if !access.is_token(&given) {
        return page(
            StatusCode::UNAUTHORIZED,
            "<p role=\"alert\">This is not the token.",
        );
    }
    let mut cookie =
        format!("{COOKIE}={given}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict");
    // Behind a proxy that does TLS. Whoever makes it up can only have the cookie sent less often.
    if headers
        .get(FORWARDED_PROTO)
        .is_some_and(|proto| proto == "https")
    {
        cookie.push_str("; Secure");
    }
    let headers = [
        (header::SET_COOKIE, cookie),
        (header::LOCATION, "./".to_owned()),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}

fn page(status: StatusCode, note: &str) -> Response {
    let headers: [(HeaderName, HeaderValue); 2] = [
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, Html(format!("{FORM}{note}"))).into_response()
}

/// A form's value. What tokens may hold beside letters and digits is written as `%2B`, `%2F`, `%3D` or `%7E`.
fn decoded(value: &str) -> String {
    let value = value.trim_end_matches(['\r', '\n']);
    let escapes = [("%2B", "+"), ("%2F", "/"), ("%3D", "="), ("%7E", "~")];
    escapes
        .iter()
        .fold(value.to_owned(), |value, (escape, plain)| {
            value
                .replace(escape, plain)
                .replace(&escape.to_lowercase(), plain)
        })
}
