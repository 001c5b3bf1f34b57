//! Pages of other origins that may read responses: the CORS protocol (Fetch standard, section 3.2).

use divisor_schema::plan;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method};

use super::InvalidHeader;

/// Who may read responses, with the values of all fields made beforehand.
#[derive(Debug, Clone)]
pub(crate) struct Cors {
    /// None is every origin.
    origins: Vec<String>,
    methods: HeaderValue,
    headers: Option<HeaderValue>,
    expose: Option<HeaderValue>,
    credentials: bool,
    max_age: HeaderValue,
}

impl Cors {
    /// What a plan says.
    ///
    /// # Errors
    /// [`InvalidHeader`] when one of its words cannot stand in a header.
    pub(crate) fn new(plan: &plan::Cors) -> Result<Self, InvalidHeader> {
        let methods = ["GET", "HEAD", "POST"].into_iter().chain(plan.methods.iter().map(String::as_str));
        let list = |words: &[String]| (!words.is_empty()).then(|| value(&words.join(", "))).transpose();
        Ok(Self {
            origins: plan.origins.clone(),
            methods: value(&methods.collect::<Vec<_>>().join(", "))?,
            headers: list(&plan.headers)?,
            expose: list(&plan.expose)?,
            credentials: plan.credentials,
            max_age: HeaderValue::from(plan.max_age.0 / 1000),
        })
    }

    /// The fields of the answer to a question that a browser asks before a request, if this is one.
    pub(crate) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<HeaderMap> {
        let asks = *method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let origin = headers.get(ORIGIN).filter(|_| asks)?;
        let mut answer = HeaderMap::new();
        self.mark(Some(origin), &mut answer);
        if answer.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
            answer.remove(ACCESS_CONTROL_EXPOSE_HEADERS);
            answer.insert(ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
            answer.extend(self.headers.clone().map(|headers| (ACCESS_CONTROL_ALLOW_HEADERS, headers)));
            answer.insert(ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        }
        Some(answer)
    }

    /// Says in a response whether the page at `origin` may read it. Whatever the backend said of that is void.
    pub(crate) fn mark(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        let own =
            [ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_EXPOSE_HEADERS];
        own.into_iter().for_each(|name| _ = headers.remove(name));
        let known = |origin: &&HeaderValue| {
            self.origins.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(origin.as_bytes()))
        };
        let allowed = match self.origins.is_empty() {
            true => Some(HeaderValue::from_static("*")),
            false => {
                _ = headers.try_append(VARY, HeaderValue::from_static("origin"));
                origin.filter(known).cloned()
            }
        };
        let Some(allowed) = allowed else { return };
        _ = headers.try_insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if self.credentials {
            _ = headers.try_insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if let Some(expose) = &self.expose {
            _ = headers.try_insert(ACCESS_CONTROL_EXPOSE_HEADERS, expose.clone());
        }
    }
}

fn value(text: &str) -> Result<HeaderValue, InvalidHeader> {
    let invalid = |_| InvalidHeader { name: "access-control-allow-methods".to_owned(), part: "value" };
    HeaderValue::try_from(text).map_err(invalid)
}

#[cfg(test)]
mod tests {
    use divisor_schema::plan::Millis;

    use super::*;

    fn cors(origins: &[&str], credentials: bool) -> Cors {
        let list = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        Cors::new(&plan::Cors {
            origins: list(origins),
            methods: list(&["PUT"]),
            headers: list(&["x-token"]),
            expose: list(&["etag", "x-total"]),
            credentials,
            max_age: Millis(600_000),
        })
        .unwrap()
    }

    fn lines(headers: &HeaderMap) -> Vec<String> {
        let line =
            |(name, value): (&http::HeaderName, &HeaderValue)| format!("{name}: {}", value.to_str().unwrap());
        let mut lines: Vec<String> = headers.iter().map(line).collect();
        lines.sort();
        lines
    }

    fn asked(method: &str, origin: &'static str) -> (Method, HeaderMap) {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_static(origin));
        headers.insert(ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("PUT"));
        (method.parse().unwrap(), headers)
    }

    #[test]
    fn a_question_is_answered_for_those_who_may() {
        let cors = cors(&["https://app.example"], true);
        let answer = |method, origin| {
            let (method, headers) = asked(method, origin);
            cors.preflight(&method, &headers).map(|answer| lines(&answer))
        };
        let expected = [
            "access-control-allow-credentials: true",
            "access-control-allow-headers: x-token",
            "access-control-allow-methods: GET, HEAD, POST, PUT",
            "access-control-allow-origin: https://app.example",
            "access-control-max-age: 600",
            "vary: origin",
        ];
        assert_eq!(answer("OPTIONS", "https://app.example").unwrap(), expected);
        assert_eq!(answer("OPTIONS", "https://evil.example").unwrap(), ["vary: origin"]);
        assert_eq!(answer("GET", "https://app.example"), None);
        let mut plain = asked("OPTIONS", "https://app.example").1;
        plain.remove(ACCESS_CONTROL_REQUEST_METHOD);
        assert!(cors.preflight(&Method::OPTIONS, &plain).is_none(), "OPTIONS of another kind");
    }

    #[test]
    fn responses_say_who_may_read_them_whatever_the_backend_says() {
        let marked = |cors: &Cors, origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("https://evil.example"));
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            cors.mark(origin.map(HeaderValue::from_static).as_ref(), &mut headers);
            lines(&headers)
        };
        let some = cors(&["https://app.example"], false);
        assert_eq!(
            marked(&some, Some("https://APP.example")),
            [
                "access-control-allow-origin: https://APP.example",
                "access-control-expose-headers: etag, x-total",
                "vary: origin"
            ]
        );
        assert_eq!(marked(&some, Some("https://evil.example")), ["vary: origin"]);
        assert_eq!(marked(&some, None), ["vary: origin"]);
        assert_eq!(
            marked(&cors(&[], false), None),
            ["access-control-allow-origin: *", "access-control-expose-headers: etag, x-total"]
        );
    }
}
