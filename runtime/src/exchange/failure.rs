//! What goes wrong in an exchange, and what the client is told: no more than it needs.

use http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use crate::message::ClientFault;
use crate::upstream::ConnectError;

use super::ResponseBody;

/// Why a request is not answered by its route.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The request is ambiguous or malformed.
    BadRequest,
    /// The host is not served here (RFC 9110, section 15.5.20).
    Misdirected,
    /// The client is not among those that may.
    Forbidden,
    /// No route matches.
    NotFound,
    /// The body is over the limit.
    TooLarge,
    /// The body does not come.
    Stalled,
    /// Too many requests from this client; seconds until the next can pass.
    RateLimited(u64),
    /// Path and query are longer than the listener allows.
    TargetTooLong,
    /// The head has more fields than the listener allows.
    HeadTooLarge,
    /// A method or a transfer coding that is not forwarded.
    NotImplemented,
    /// No backend could be reached, or it broke off before its response.
    BadGateway,
    /// No backend is alive, or all are busy.
    Unavailable,
    /// The backend did not answer in time.
    TimedOut,
    /// The listener this connection came in by is gone.
    Gone,
}

impl Failure {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Stalled => StatusCode::REQUEST_TIMEOUT,
            Self::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::BadGateway => StatusCode::BAD_GATEWAY,
            Self::Unavailable | Self::Gone => StatusCode::SERVICE_UNAVAILABLE,
            Self::TimedOut => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// The response: status and reason, nothing about what stands behind.
    pub(super) fn response(&self) -> Response<ResponseBody> {
        let status = self.status();
        let text = format!("{} {}\n", status.as_u16(), status.canonical_reason().unwrap_or_default());
        let mut response = Response::new(ResponseBody::local(text));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if let Self::RateLimited(seconds) = self {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
        }
        if *self == Self::Gone {
            // The next connection meets whoever listens there now.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl ClientFault {
    pub(super) fn failure(self) -> Failure {
        match self {
            Self::TooLarge => Failure::TooLarge,
            Self::Stalled => Failure::Stalled,
            Self::Broken => Failure::BadRequest,
        }
    }
}

impl ConnectError {
    pub(super) fn failure(&self) -> Failure {
        match self {
            Self::TimedOut => Failure::TimedOut,
            Self::Unresolved | Self::Tcp(_) | Self::Tls(_) | Self::Http2(_) => Failure::BadGateway,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_client_learns_when_to_come_back() {
        let response = Failure::RateLimited(7).response();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()[RETRY_AFTER], "7");
    }

    #[test]
    fn a_connection_to_a_listener_that_is_gone_ends() {
        assert_eq!(Failure::Gone.response().headers()[CONNECTION], "close");
        assert!(!Failure::NotFound.response().headers().contains_key(CONNECTION));
    }

    #[test]
    fn every_failure_has_the_status_of_who_is_at_fault() {
        let client = [
            Failure::BadRequest,
            Failure::Misdirected,
            Failure::Forbidden,
            Failure::NotFound,
            Failure::TooLarge,
            Failure::Stalled,
            Failure::TargetTooLong,
            Failure::HeadTooLarge,
        ];
        assert!(client.iter().all(|failure| failure.status().is_client_error()));
        let server = [
            Failure::NotImplemented,
            Failure::BadGateway,
            Failure::Unavailable,
            Failure::TimedOut,
            Failure::Gone,
        ];
        assert!(server.iter().all(|failure| failure.status().is_server_error()));
    }
}
