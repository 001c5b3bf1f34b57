//! Changes of header fields, compiled from the plan.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::SystemTime;

use divisor_schema::plan::{self, CertificatePart};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::route::{Source, push_part};
use crate::tls;

use super::stamp::{Timestamp, Uuid};

/// Changes of header fields, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct HeaderOps(Vec<Op>);

#[derive(Debug, Clone)]
enum Op {
    Set(HeaderName, Value),
    Add(HeaderName, Value),
    Remove(HeaderName),
}

#[derive(Debug, Clone)]
enum Value {
    /// The same for every request: shared, never copied.
    Constant(HeaderValue),
    Filled(Vec<plan::ValuePart>),
}

/// What the holes of a value are filled with.
pub(crate) struct Values<'a> {
    /// The client's address.
    pub(crate) client: IpAddr,
    /// Now.
    pub(crate) now: SystemTime,
    /// How many requests the chosen backend has got, this one included.
    pub(crate) counter: u64,
    /// Gives random numbers, for UUIDs.
    pub(crate) random: &'a mut dyn FnMut() -> u64,
    /// What was asked for; `None` where nobody knows, which leaves its holes empty.
    pub(crate) asked: Option<Asked<'a>>,
}

/// What a client asked for, and how.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// Host, path and query.
    pub(crate) target: Source<'a>,
    /// The method.
    pub(crate) method: &'a str,
    /// The TLS session of its connection.
    pub(crate) tls: Option<&'a tls::Session>,
}

/// A plan asks for a header field that HTTP does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InvalidHeader {
    /// Name of the field.
    pub(crate) name: String,
    /// What is wrong: its `name` or its `value`.
    pub(crate) part: &'static str,
}

impl std::fmt::Display for InvalidHeader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the {} of header `{}` is not valid in HTTP: correct it in the config",
            self.part, self.name
        )
    }
}

impl std::error::Error for InvalidHeader {}

impl HeaderOps {
    /// Compiles the changes of a plan.
    ///
    /// # Errors
    /// [`InvalidHeader`] for a name that is no token, or a value with control characters.
    pub(crate) fn new(ops: &[plan::HeaderOp]) -> Result<Self, InvalidHeader> {
        ops.iter().map(Op::new).collect::<Result<_, _>>().map(Self)
    }

    /// Whether nothing is changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields that say what a client's certificate says.
    pub(crate) fn tell_certificates(&self) -> impl Iterator<Item = &HeaderName> {
        self.0.iter().filter_map(|op| match op {
            Op::Set(name, Value::Filled(parts)) | Op::Add(name, Value::Filled(parts)) => {
                parts.iter().any(|part| matches!(part, plan::ValuePart::ClientCertificate(_))).then_some(name)
            }
            Op::Set(..) | Op::Add(..) | Op::Remove(_) => None,
        })
    }

    /// Makes the changes. A field beyond the 32,768 that a map can hold is left out.
    pub(crate) fn apply(&self, headers: &mut HeaderMap, values: &mut Values<'_>) {
        for op in &self.0 {
            match op {
                Op::Set(name, value) => {
                    let value = value.fill(values);
                    _ = value.map(|value| headers.try_insert(name.clone(), value));
                }
                Op::Add(name, value) => {
                    let value = value.fill(values);
                    _ = value.map(|value| headers.try_append(name.clone(), value));
                }
                Op::Remove(name) => _ = headers.remove(name),
            }
        }
    }
}

impl Op {
    fn new(op: &plan::HeaderOp) -> Result<Self, InvalidHeader> {
        let invalid = |part| InvalidHeader { name: op.name().to_owned(), part };
        let name = HeaderName::try_from(op.name()).map_err(|_| invalid("name"))?;
        let value = |parts| Value::new(parts).ok_or_else(|| invalid("value"));
        Ok(match op {
            plan::HeaderOp::Set(_, parts) => Self::Set(name, value(parts)?),
            plan::HeaderOp::Add(_, parts) => Self::Add(name, value(parts)?),
            plan::HeaderOp::Remove(_) => Self::Remove(name),
        })
    }
}

impl Value {
    fn new(parts: &[plan::ValuePart]) -> Option<Self> {
        let mut constant = String::new();
        let mut filled = false;
        for part in parts {
            match part {
                plan::ValuePart::Text(text) => constant.push_str(text),
                _ => filled = true,
            }
        }
        let constant = HeaderValue::try_from(constant).ok()?;
        Some(if filled { Self::Filled(parts.to_vec()) } else { Self::Constant(constant) })
    }

    /// `None` never happens: all text was checked, and what fills the holes is printable.
    fn fill(&self, values: &mut Values<'_>) -> Option<HeaderValue> {
        match self {
            Self::Constant(value) => Some(value.clone()),
            Self::Filled(parts) => {
                let mut text = String::with_capacity(64);
                // Writing to a string cannot fail.
                parts.iter().for_each(|part| _ = write_part(&mut text, part, values));
                HeaderValue::try_from(text).ok()
            }
        }
    }
}

fn write_part(text: &mut String, part: &plan::ValuePart, values: &mut Values<'_>) -> std::fmt::Result {
    match part {
        plan::ValuePart::Text(constant) => text.write_str(constant),
        plan::ValuePart::ClientAddress => write!(text, "{}", values.client.to_canonical()),
        plan::ValuePart::Time => write!(text, "{}", Timestamp(values.now)),
        plan::ValuePart::Uuid => {
            let random = u128::from((values.random)()) << 64 | u128::from((values.random)());
            write!(text, "{}", Uuid::new(random))
        }
        plan::ValuePart::Counter => write!(text, "{}", values.counter),
        asked => {
            if let Some(known) = values.asked {
                push_asked(text, asked, known);
            }
            Ok(())
        }
    }
}

fn push_asked(text: &mut String, part: &plan::ValuePart, asked: Asked<'_>) {
    let of_tls = |read: fn(&tls::Session) -> &str| asked.tls.map_or("", read);
    match part {
        plan::ValuePart::Target(part) => push_part(text, part, asked.target),
        plan::ValuePart::Method => text.push_str(asked.method),
        plan::ValuePart::Scheme => text.push_str(if asked.tls.is_some() { "https" } else { "http" }),
        plan::ValuePart::TlsVersion => text.push_str(of_tls(|tls| tls.version)),
        plan::ValuePart::TlsCipher => text.push_str(of_tls(|tls| tls.cipher)),
        plan::ValuePart::ServerName => text.push_str(of_tls(|tls| &tls.server_name)),
        plan::ValuePart::ClientCertificate(part) => {
            text.push_str(of_certificate(*part, asked.tls.and_then(|tls| tls.certificate.as_deref())));
        }
        // These are not about what was asked for.
        plan::ValuePart::Text(_)
        | plan::ValuePart::ClientAddress
        | plan::ValuePart::Time
        | plan::ValuePart::Uuid
        | plan::ValuePart::Counter => {}
    }
}

fn of_certificate(part: CertificatePart, shown: Option<&tls::ClientCertificate>) -> &str {
    match (part, shown) {
        (CertificatePart::Verified, shown) => {
            if shown.is_some() {
                "yes"
            } else {
                "no"
            }
        }
        (_, None) => "",
        (CertificatePart::Subject, Some(shown)) => shown.subject(),
        (CertificatePart::Issuer, Some(shown)) => &shown.issuer,
        (CertificatePart::Serial, Some(shown)) => &shown.serial,
        (CertificatePart::Fingerprint, Some(shown)) => &shown.fingerprint,
        (CertificatePart::DnsNames, Some(shown)) => &shown.dns_names,
        (CertificatePart::Uris, Some(shown)) => &shown.uris,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use divisor_schema::plan::{HeaderOp, TemplatePart, ValuePart};

    use super::*;

    fn text(text: &str) -> Vec<ValuePart> {
        vec![ValuePart::Text(text.into())]
    }

    fn applied(ops: &[HeaderOp], before: &[(&'static str, &'static str)]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in before {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let mut values = Values {
            client: "::ffff:192.0.2.1".parse().unwrap(),
            now: UNIX_EPOCH + Duration::from_millis(1_500),
            counter: 42,
            random: &mut || u64::MAX,
            asked: Some(Asked {
                target: Source { host: "shop.example", path: "/a b/c", query: Some("q=1") },
                method: "GET",
                tls: Some(&tls::Session {
                    version: "TLSv1.3",
                    cipher: "AES",
                    server_name: "shop".into(),
                    certificate: None,
                }),
            }),
        };
        HeaderOps::new(ops).unwrap().apply(&mut headers, &mut values);
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    #[test]
    fn fields_are_set_added_and_removed_in_order() {
        let before = [("x-a", "1"), ("x-a", "2"), ("x-b", "1"), ("x-c", "1")];
        let ops = [
            HeaderOp::Set("x-a".into(), text("3")),
            HeaderOp::Add("x-b".into(), text("2")),
            HeaderOp::Remove("x-c".into()),
            HeaderOp::Remove("x-d".into()),
            HeaderOp::Add("x-e".into(), text("")),
        ];
        assert_eq!(applied(&ops, &before), ["x-a: 3", "x-b: 1", "x-b: 2", "x-e: "]);
        assert!(HeaderOps::new(&[]).unwrap().is_empty());
        assert!(!HeaderOps::new(&ops).unwrap().is_empty());
    }

    #[test]
    fn holes_are_filled_from_the_request() {
        let parts = vec![
            ValuePart::ClientAddress,
            ValuePart::Text(" at ".into()),
            ValuePart::Time,
            ValuePart::Text(" #".into()),
            ValuePart::Counter,
        ];
        let ops =
            [HeaderOp::Set("x-seen".into(), parts), HeaderOp::Set("x-id".into(), vec![ValuePart::Uuid])];
        assert_eq!(
            applied(&ops, &[]),
            [
                "x-id: ffffffff-ffff-4fff-bfff-ffffffffffff",
                "x-seen: 192.0.2.1 at 1970-01-01T00:00:01.500Z #42"
            ]
        );
    }

    #[test]
    fn what_was_asked_for_fills_holes_too() {
        let target = ValuePart::Target;
        let parts = vec![
            ValuePart::Method,
            ValuePart::Text(" ".into()),
            ValuePart::Scheme,
            target(TemplatePart::Host),
            target(TemplatePart::Path),
            target(TemplatePart::Query),
            target(TemplatePart::Segment(1)),
            target(TemplatePart::Rest(0)),
        ];
        let tls = vec![ValuePart::TlsVersion, ValuePart::TlsCipher, ValuePart::ServerName];
        let ops = [HeaderOp::Set("a".into(), parts), HeaderOp::Set("b".into(), tls)];
        assert_eq!(applied(&ops, &[]), ["a: GET httpsshop.example/a%20b/c?q=1ca%20b/c", "b: TLSv1.3AESshop"]);
        let mut headers = HeaderMap::new();
        let (client, now) = ("::1".parse().unwrap(), UNIX_EPOCH);
        let mut values = Values { client, now, counter: 0, random: &mut || 0, asked: None };
        HeaderOps::new(&ops).unwrap().apply(&mut headers, &mut values);
        assert_eq!(headers["b"], "");
    }

    #[test]
    fn what_http_does_not_allow_is_refused() {
        let error = |op| HeaderOps::new(&[op]).unwrap_err().to_string();
        assert_eq!(
            error(HeaderOp::Remove("x y".into())),
            "the name of header `x y` is not valid in HTTP: correct it in the config"
        );
        let split = vec![ValuePart::Uuid, ValuePart::Text("a\r\nb: c".into())];
        assert_eq!(
            error(HeaderOp::Set("x-a".into(), split)),
            "the value of header `x-a` is not valid in HTTP: correct it in the config"
        );
    }
}
