//! Which names a server answers to, and whose pages it answers.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The names that a server answers to, beside addresses and `localhost`: a web page elsewhere cannot reach it by making its
/// own name point here.
#[derive(Clone, Debug)]
pub(crate) enum Names {
    Any,
    These(Arc<[String]>),
}

impl Names {
    /// Those that are named. Without any a server of this machine has none, and another one cannot know its own.
    pub(crate) fn of(address: SocketAddr, named: &[String]) -> Self {
        match named {
            [] if !address.ip().is_loopback() => Self::Any,
            named => Self::These(named.iter().map(|name| name.to_ascii_lowercase()).collect()),
        }
    }

    fn have(&self, host: &str) -> bool {
        let Self::These(names) = self else {
            return true;
        };
        let name = host.rsplit_once(':').map_or(host, |(name, port)| {
            match port.bytes().all(|byte| byte.is_ascii_digit()) {
                true => name,
                false => host,
            }
        });
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let name = name.to_ascii_lowercase();
        name == "localhost" || name.parse::<IpAddr>().is_ok() || names.contains(&name)
    }
}

/// Refuses requests for a name that is another's, and those that pages of others make: what such a page asks for costs as much
/// as if it could read the answer.
pub(super) async fn own_only(names: Names, request: Request, next: Next) -> Response {
    match refusal(&names, &request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    }
}

fn refusal(names: &Names, request: &Request) -> Option<Response> {
    let host = request.headers().get(header::HOST);
    if host.is_some_and(|host| !host.to_str().is_ok_and(|host| names.have(host))) {
        let text = "this is not a name of this server; --allowed-host adds one\n";
        return Some((StatusCode::MISDIRECTED_REQUEST, text).into_response());
    }
    is_of_another_page(request.method(), request.headers()).then(|| {
        let reason = "a page of another site has asked for this";
        ApiError::new(StatusCode::FORBIDDEN, "cross_site", reason).into_response()
    })
}

/// Browsers tell whose page a request is of: today's by `Sec-Fetch-Site`, older ones by `Origin` where something is sent.
/// Who follows a link from elsewhere is welcome.
fn is_of_another_page(method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    match (text(FETCH_SITE), text(header::ORIGIN)) {
        (Some("same-origin" | "none"), _) | (None, None) => false,
        (Some(_), _) => !(method == Method::GET && text(FETCH_MODE) == Some("navigate")),
        (None, Some(origin)) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            authority != text(header::HOST)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_the_names_that_it_was_given() {
        let address = |text: &str| text.parse().unwrap();
        let local = Names::of(address("127.0.0.1:8080"), &[]);
        let other = Names::of(address("0.0.0.0:8080"), &[]);
        let named = Names::of(address("0.0.0.0:8080"), &["Flights.example".to_owned()]);
        for host in [
            "localhost:8080",
            "LOCALHOST",
            "127.0.0.1:8080",
            "[::1]:8080",
            "[::1]",
            "192.0.2.7",
        ] {
            assert!(
                local.have(host) && other.have(host) && named.have(host),
                "{host}"
            );
        }
        for host in [
            "evil.example",
            "localhost.evil.example:8080",
            "127.0.0.1.evil.example",
            "",
        ] {
            assert!(
                !local.have(host) && other.have(host) && !named.have(host),
                "{host}"
            );
        }
        assert!(named.have("flights.example") && named.have("flights.EXAMPLE:443"));
        assert!(!named.have("more.flights.example"));
    }

    #[test]
    fn pages_of_others_are_told_by_their_browser() {
        let is_refused = |method: Method, headers: &[(HeaderName, &str)]| {
            let headers = headers
                .iter()
                .map(|(name, value)| (name.clone(), value.parse().unwrap()));
            is_of_another_page(&method, &headers.collect())
        };
        let host = (header::HOST, "127.0.0.1:8080");
        let site = |site| (FETCH_SITE, site);
        let origin = |origin| (header::ORIGIN, origin);
        // Programs tell nothing; the own page and the address line do.
        assert!(!is_refused(Method::POST, std::slice::from_ref(&host)));
        assert!(!is_refused(
            Method::POST,
            &[host.clone(), site("same-origin")]
        ));
        assert!(!is_refused(Method::GET, &[host.clone(), site("none")]));
        // A link is followed, a form is not.
        let navigates = (FETCH_MODE, "navigate");
        assert!(!is_refused(
            Method::GET,
            &[host.clone(), site("cross-site"), navigates.clone()]
        ));
        assert!(is_refused(
            Method::POST,
            &[host.clone(), site("cross-site"), navigates]
        ));
        for elsewhere in ["cross-site", "same-site"] {
            let fetches = (FETCH_MODE, "no-cors");
            assert!(is_refused(
                Method::GET,
                &[host.clone(), site(elsewhere), fetches]
            ));
        }
        // Older browsers.
        assert!(!is_refused(
            Method::POST,
            &[host.clone(), origin("http://127.0.0.1:8080")]
        ));
        for elsewhere in ["https://evil.example", "http://127.0.0.1:9000", "null"] {
            assert!(is_refused(Method::POST, &[host.clone(), origin(elsewhere)]));
        }
    }
}
