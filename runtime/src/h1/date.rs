//! The time in heads.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderValue;

thread_local! {
    /// The last second that somebody asked in, and its text.
    static LAST: RefCell<Option<(u64, HeaderValue)>> = const { RefCell::new(None) };
}

/// Now, as `Date` has it (RFC 9110, section 5.6.7). A second is written once by each thread.
pub(crate) fn now() -> HeaderValue {
    let now = SystemTime::now();
    let second = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    LAST.with_borrow_mut(|last| match last {
        Some((known, text)) if *known == second => text.clone(),
        _ => {
            let text = httpdate::fmt_http_date(now);
            let value = HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""));
            last.insert((second, value)).1.clone()
        }
    })
}
