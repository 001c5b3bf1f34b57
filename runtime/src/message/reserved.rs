//! Header fields that are ours alone to write.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};

/// The names of fields that backends believe because nobody but us writes them. Cheap to clone, and free when there are
/// none.
#[derive(Clone, Default)]
pub(crate) struct Reserved(Option<Arc<[HeaderName]>>);

impl Reserved {
    /// Takes out what a client wrote under these names, in any spelling that a backend may take for the same. That goes
    /// for a head and for a trailer section, which a backend may merge into the head (RFC 9110, section 6.5.1).
    pub(crate) fn take_out(&self, fields: &mut HeaderMap) {
        let Some(reserved) = &self.0 else { return };
        let forged = fields.keys().filter(|name| reserved.iter().any(|it| is_same(it, name)));
        let forged: Vec<HeaderName> = forged.cloned().collect();
        forged.iter().for_each(|name| drop(fields.remove(name)));
    }
}

impl FromIterator<HeaderName> for Reserved {
    fn from_iter<T: IntoIterator<Item = HeaderName>>(names: T) -> Self {
        let mut names: Vec<HeaderName> = names.into_iter().collect();
        names.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        names.dedup();
        Self((!names.is_empty()).then(|| names.into()))
    }
}

/// Whether a backend may take one for the other: some put `_` for `-`, as CGI does (RFC 3875, section 4.1.18).
fn is_same(a: &HeaderName, b: &HeaderName) -> bool {
    let plain = |byte: u8| if byte == b'_' { b'-' } else { byte };
    a.as_str().bytes().map(plain).eq(b.as_str().bytes().map(plain))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_the_client_says_of_itself_is_taken_out_in_every_spelling() {
        let names = ["x-client-subject", "x-client-id", "x-client-subject"].map(HeaderName::from_static);
        let reserved = Reserved::from_iter(names);
        let mut fields = HeaderMap::new();
        for name in ["x-client-subject", "x_client_subject", "x-client_subject", "x-client", "x_client-id"] {
            fields.append(HeaderName::from_static(name), HeaderValue::from_static("CN=admin"));
        }
        let kept = |fields: &HeaderMap| fields.keys().map(ToString::to_string).collect::<Vec<_>>();
        let mut untouched = fields.clone();
        Reserved::from_iter([]).take_out(&mut untouched);
        assert_eq!(untouched, fields, "nothing is reserved");
        reserved.take_out(&mut fields);
        assert_eq!(kept(&fields), ["x-client"]);
    }
}
