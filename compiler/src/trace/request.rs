//! The request that is traced.

use std::fmt;
use std::net::IpAddr;

use crate::model::RequestLine;
use crate::routes;

/// A request, as a client sends it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// Method.
    pub method: String,
    /// `https`, not `http`.
    pub tls: bool,
    /// Host name in lower case, without port.
    pub host: String,
    /// Path as written.
    pub path: String,
    /// Query without `?`.
    pub query: Option<String>,
    /// Header fields: names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The client's address, as trusted proxies report it; `None` where nobody says.
    pub client: Option<IpAddr>,
}

impl Request {
    /// Reads `GET https://shop.example/cart?x=1`; without a method, it is GET.
    ///
    /// # Errors
    /// Says what is wrong, and what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let line = RequestLine::parse(text)?;
        if line.host.starts_with('*') || line.method.as_deref() == Some("*") {
            return Err(format!("`{text}` is a set of requests: write one method and one host"));
        }
        let method = line.method.clone().unwrap_or_else(|| "GET".to_owned());
        Ok(Self::new(&line, method))
    }

    /// A request with this line.
    pub(crate) fn new(line: &RequestLine, method: String) -> Self {
        let RequestLine { tls, host, path, query, .. } = line.clone();
        Self { method, tls, host, path, query, headers: vec![], client: None }
    }

    /// With a header field, as it stands in a message: `Name: value`.
    ///
    /// # Errors
    /// When it is none.
    pub fn with_header(mut self, field: &str) -> Result<Self, String> {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        match field.split_once(':') {
            Some((name, value)) if !name.is_empty() && name.bytes().all(token) => {
                // The characters of a value are its bytes, as routing looks at them.
                let value = value.trim().bytes().map(char::from).collect();
                self.headers.push((name.to_ascii_lowercase(), value));
                Ok(self)
            }
            _ => Err(format!("`{field}` is no header field: write `Name: value`")),
        }
    }

    /// `https://shop.example/cart?x=1`.
    pub fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{scheme}://{}{}{query}", self.host, self.path)
    }

    /// As far as routing looks at it.
    pub(crate) fn subject(&self) -> routes::Request {
        routes::Request {
            headers: self.headers.clone(),
            query: self.query.as_deref().map(parameters).unwrap_or_default(),
            client: self.client,
            ..routes::Request::new(&self.method, &self.path)
        }
    }

    /// The same, but for what routing looks at.
    pub(crate) fn like(&self, subject: routes::Request) -> Self {
        let query = match subject.query == self.subject().query {
            true => self.query.clone(),
            false => Some(encoded(&subject.query)).filter(|query| !query.is_empty()),
        };
        let routes::Request { method, path, headers, client, .. } = subject;
        Self { method, path, headers, client, query, ..self.clone() }
    }
}

/// As it is typed behind `divisor trace`.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url())?;
        for (name, value) in &self.headers {
            write!(f, " -H '{name}: {value}'")?;
        }
        self.client.map_or(Ok(()), |client| write!(f, " --client {client}"))
    }
}

/// The parameters of a query, decoded (application/x-www-form-urlencoded).
fn parameters(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, behind @ ..] = rest {
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = digits.filter(|_| *byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
        rest = if escaped.is_some() { behind.get(2..).unwrap_or_default() } else { behind };
    }
    bytes.into_iter().map(char::from).collect() // its characters are its bytes, as those of header fields
}

fn encoded(parameters: &[(String, String)]) -> String {
    let encode = |text: &str| -> String {
        text.chars()
            .map(|char| match char {
                _ if char.is_ascii_alphanumeric() || "-._~".contains(char) => char.to_string(),
                _ => format!("%{:02X}", u32::from(char)),
            })
            .collect()
    };
    let pairs = parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
    pairs.collect::<Vec<String>>().join("&")
}
