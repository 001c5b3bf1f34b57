//! Why a message is refused.

use http::StatusCode;

/// What is wrong with a message that is refused, or with the stream that it came by.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It breaks a rule of RFC 9110 or 9112, or could be read in two ways. Says which.
    Malformed(&'static str),
    /// The request line is longer than the head may be.
    TargetTooLong,
    /// The head is larger, or has more fields, than it may.
    HeadTooLarge,
    /// A version of HTTP that is none of 1.0 and 1.1.
    Version,
    /// The stream ended in the middle of a message.
    Truncated,
    /// The client does not take its response.
    Untaken,
    /// A backend ended its stream of an HTTP/2 connection that goes on. Says with which code (RFC 9113, section 7).
    Reset(h2::Reason),
    /// The stream failed.
    Io(std::io::Error),
}

impl Fault {
    /// What a client whose request has this fault is told; nothing where it cannot hear.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Malformed(_) => Some(StatusCode::BAD_REQUEST),
            Self::TargetTooLong => Some(StatusCode::URI_TOO_LONG),
            Self::HeadTooLarge => Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE),
            Self::Version => Some(StatusCode::HTTP_VERSION_NOT_SUPPORTED),
            Self::Truncated | Self::Untaken | Self::Reset(_) | Self::Io(_) => None,
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(what) => f.write_str(what),
            Self::TargetTooLong => f.write_str("the target is too long"),
            Self::HeadTooLarge => f.write_str("the head is too large"),
            Self::Version => f.write_str("it is neither HTTP/1.0 nor HTTP/1.1"),
            Self::Truncated => f.write_str("the connection ended in the middle of a message"),
            Self::Untaken => f.write_str("the client does not take its response"),
            Self::Reset(reason) => write!(f, "it reset the stream ({reason})"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}
