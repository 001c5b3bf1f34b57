//! Claims about requests.

use divisor_schema::plan::Cidr;

use super::block::Checked;
use super::decode::Decoder;
use super::request::method;
use super::route::conditions;
use super::transpose;
use super::types::{Expect, Reference, RequestLine};
use crate::diagnostic::{Diagnostic, Rule};
use crate::routes::Pattern;
use crate::source::Spanned;

pub(super) fn expect(decoder: &mut Decoder<'_>, block: &Checked) -> Option<Expect> {
    let request = transpose(block.written::<Option<RequestLine>>("request")?)?;
    let for_all = block.value("for-all");
    let methods = methods(decoder, block, &request, for_all.value)?;
    if for_all.value {
        pattern(decoder, &request)?;
    }
    let expect = Expect {
        request,
        methods,
        conditions: conditions(block),
        clients: block.list::<Option<Cidr>>("client").into_iter().filter_map(transpose).collect(),
        listener: block.written("listener").map(Reference::to),
        for_all,
        pool: block.written("pool").map(Reference::to),
        route: block.written("route"),
        status: block.written("status"),
        redirect: block.written("redirect"),
    };
    let claims = ["pool", "route", "status", "redirect"];
    if claims.iter().all(|claim| block.written_at(claim).is_none()) {
        let found = Diagnostic::error(
            Rule::MISSING_KEY,
            "an expect says nothing of its request",
            block.at,
            "what is expected is missing here",
        );
        decoder.report(found.help(format!("write one of {}", claims.join(", "))));
        return None;
    }
    Some(expect)
}

/// Methods from the request or from beside it; none for every method, which only a claim about a set can name.
fn methods(
    decoder: &mut Decoder<'_>,
    block: &Checked,
    request: &Spanned<RequestLine>,
    for_all: bool,
) -> Option<Vec<Spanned<String>>> {
    let beside: Vec<Spanned<String>> = block.list("method");
    let Some(written) = &request.value.method else {
        for name in &beside {
            if let Err(fault) = method(&name.value) {
                decoder.report(fault.at(name.span));
                return None;
            }
        }
        let nothing = beside.is_empty();
        return Some(if nothing {
            vec![Spanned::default_at("GET".to_owned(), request.span)]
        } else {
            beside
        });
    };
    if let Some(other) = beside.first() {
        let message = format!("the request has the method `{written}` and one beside it");
        let found = Diagnostic::error(Rule::CONFLICTING_KEYS, message, other.span, "second method");
        decoder.report(found.label(request.span, "first method").help("keep one"));
        return None;
    }
    match (written.as_str(), for_all) {
        ("*", true) => Some(vec![]),
        ("*", false) => {
            let help = "write `for-all` beside it, or one method".to_owned();
            decoder.invalid(request.span, "`*` is no one method".to_owned(), "every method", help);
            None
        }
        _ => Some(vec![Spanned::new(written.clone(), request.span)]),
    }
}

/// The path of a claim about a set is a pattern, and there is no query.
fn pattern(decoder: &mut Decoder<'_>, request: &Spanned<RequestLine>) -> Option<()> {
    let line = &request.value;
    if let Err(error) = Pattern::parse(&line.path) {
        let message = format!("`{}` is not a path pattern", line.path);
        decoder.invalid(request.span, message, &error.kind.label(), error.kind.help());
        return None;
    }
    if let Some(query) = &line.query {
        let message = format!("a set of requests has the query `{query}`");
        decoder.invalid(request.span, message, "every query", "write `query` beside it".to_owned());
        return None;
    }
    Some(())
}
