use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::error::ApiError;
use crate::cli;
use crate::error::CommandError;

const TOKEN: &str = "FLIGHTSTREAM_TOKEN";
/// A token that is shorter can be guessed.
const SHORTEST_TOKEN: usize = 16;
/// The cookie that the log-in page sets.
pub(super) const COOKIE: &str = "flightstream_token";

/// Who is served.
#[derive(Clone, Debug)]
pub(crate) enum Access {
    /// Everyone who reaches the address.
    Everyone,
    /// Who knows the token.
    Token(Arc<str>),
    /// Whom a reverse proxy names.
    User(Arc<Proxy>),
}

/// A reverse proxy that names users.
#[derive(Debug)]
pub(crate) struct Proxy {
    header: HeaderName,
    /// Where it may be; loopback if this is empty.
    addresses: Vec<IpAddr>,
}

impl Access {
    /// What the options ask for. Whoever serves other machines has to say whom.
    pub(crate) fn of(options: &cli::Serving) -> Result<Self, CommandError> {
        let access = &options.access;
        let token = token(access)?;
        match (&token, &access.user_header) {
            (Some(_), Some(_)) => Err(CommandError::Usage(
                "ask for a token or for a user that a proxy names (--user-header), not for both"
                    .to_owned(),
            )),
            (Some(token), None) => Ok(Self::Token(token.as_str().into())),
            (None, Some(name)) => {
                let header = name.parse().map_err(|_| {
                    CommandError::Usage(format!("--user-header: {name:?} is no header's name"))
                })?;
                let addresses = access.trusted_proxy.clone();
                Ok(Self::User(Arc::new(Proxy { header, addresses })))
            }
            (None, None) if options.listen.ip().is_loopback() || access.open => Ok(Self::Everyone),
            (None, None) => Err(CommandError::Usage(format!(
                "--listen {} serves other machines: ask for a token (--token-file FILE, or {TOKEN}), or for a user \
                 that a reverse proxy names (--user-header NAME), or serve everyone (--open)",
                options.listen
            ))),
        }
    }

    fn admits(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> bool {
        match self {
            Self::Everyone => true,
            Self::Token(token) => {
                let given = bearer(headers).or_else(|| cookie(headers));
                given.is_some_and(|given| are_equal(given, token))
            }
            Self::User(proxy) => {
                let user = headers.get(&proxy.header);
                let is_named = user.is_some_and(|user| !user.is_empty());
                is_named && peer.is_some_and(|peer| proxy.is_at(peer))
            }
        }
    }

    /// Whether a text is the token.
    pub(super) fn is_token(&self, given: &str) -> bool {
        match self {
            Self::Token(token) => are_equal(given, token),
            Self::Everyone | Self::User(_) => false,
        }
    }
}

/// Takes the same time whatever is wrong with it.
fn are_equal(given: &str, token: &str) -> bool {
    let differences = given
        .bytes()
        .zip(token.bytes())
        .map(|(one, other)| one ^ other);
    given.len() == token.len() && differences.fold(0, |all, one| all | one) == 0
}

impl Proxy {
    fn is_at(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        match self.addresses.as_slice() {
            [] => peer.is_loopback(),
            addresses => addresses
                .iter()
                .any(|address| address.to_canonical() == peer),
        }
    }
}

/// The token of the file or of the environment.
fn token(access: &cli::Access) -> Result<Option<String>, CommandError> {
    let token = match &access.token_file {
        Some(path) => std::fs::read_to_string(path).map(Some).map_err(|error| {
            CommandError::Usage(format!(
                "--token-file: cannot read {}: {error}",
                path.display()
            ))
        })?,
        None => std::env::var(TOKEN).ok(),
    };
    let Some(token) = token.map(|token| token.trim().to_owned()) else {
        return Ok(None);
    };
    let is_fit = token.len() >= SHORTEST_TOKEN
        && token
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte));
    match is_fit {
        true => Ok(Some(token)),
        false => Err(CommandError::Usage(format!(
            "the token has {SHORTEST_TOKEN} or more letters, digits and -._~+/=; \
             `openssl rand -hex 32` makes one"
        ))),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    given.strip_prefix("Bearer ").map(str::trim)
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    let cookies = cookies.filter_map(|line| line.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Lets a request pass or refuses it. Whether the server answers and the log-in page are for everyone.
pub(super) async fn admit(access: Access, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map(|ConnectInfo(address)| address.ip());
    let path = request.uri().path();
    if matches!(path, "/healthz" | "/login") || access.admits(request.headers(), peer) {
        request.extensions_mut().insert(access);
        return next.run(request).await;
    }
    let is_page = !path.starts_with("/api/");
    match access {
        Access::Token(_) if is_page => Redirect::to("login").into_response(),
        Access::Token(_) => {
            let reason = "send the token as `Authorization: Bearer TOKEN`, or log in at /login";
            let refused = ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", reason);
            ([(header::WWW_AUTHENTICATE, "Bearer")], refused).into_response()
        }
        Access::Everyone | Access::User(_) => {
            let reason = "the reverse proxy has not named a user";
            ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", reason).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        pairs.collect()
    }

    #[test]
    fn a_token_comes_in_a_header_or_a_cookie() {
        let access = Access::Token(SECRET.into());
        let bearer = format!("Bearer {SECRET}");
        let cookies = format!("a=b; flightstream_token={SECRET}; c=d");
        assert!(access.admits(&headers(&[("authorization", &bearer)]), None));
        assert!(access.admits(&headers(&[("cookie", &cookies)]), None));
        for wrong in [
            headers(&[]),
            headers(&[("authorization", SECRET)]),
            headers(&[("authorization", "Bearer ")]),
            headers(&[("authorization", "Bearer 0123456789abcdeX")]),
            headers(&[("authorization", "Bearer 0123456789abcdef0")]),
            headers(&[("cookie", "flightstream_token=")]),
            headers(&[("cookie", "xflightstream_token=0123456789abcdef")]),
        ] {
            assert!(!access.admits(&wrong, None), "{wrong:?}");
        }
    }

    #[test]
    fn a_user_is_believed_only_from_the_proxy() {
        let proxy = |addresses| {
            let header = HeaderName::from_static("x-forwarded-user");
            Access::User(Arc::new(Proxy { header, addresses }))
        };
        let named = headers(&[("x-forwarded-user", "someone")]);
        let loopback = Some("127.0.0.1".parse().unwrap());
        let elsewhere = Some("10.0.0.7".parse().unwrap());
        assert!(proxy(vec![]).admits(&named, loopback));
        assert!(proxy(vec![]).admits(&named, Some("::ffff:127.0.0.1".parse().unwrap())));
        assert!(!proxy(vec![]).admits(&named, elsewhere));
        assert!(!proxy(vec![]).admits(&named, None));
        assert!(!proxy(vec![]).admits(&headers(&[]), loopback));
        assert!(!proxy(vec![]).admits(&headers(&[("x-forwarded-user", "")]), loopback));
        let there = proxy(vec!["10.0.0.7".parse().unwrap()]);
        assert!(there.admits(&named, elsewhere));
        assert!(!there.admits(&named, loopback));
    }
}
