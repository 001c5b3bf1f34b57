//! Hosts and routes.

use divisor_schema::plan::Cidr;

use super::block::Checked;
use super::types::{
    Action, Condition, ErrorPage, Host, Mirror, Page, Reference, Route, Share, Subject, Test,
};
use super::{policy, references, tls, transpose};

pub(super) fn host(block: &Checked) -> Host {
    Host {
        names: block.list("names"),
        listeners: references(block, "listener"),
        certificates: block.block("tls").map(tls::certificates).unwrap_or_default(),
        client_auth: block.block("tls").and_then(tls::client_auth),
        uses: references(block, "use"),
        error_pages: block.blocks("error-page").filter_map(error_page).collect(),
        routes: block.blocks("route").filter_map(route).collect(),
    }
}

pub(super) fn route(block: &Checked) -> Option<Route> {
    Some(Route {
        pattern: block.written(block.first_of("path")?)?,
        is_regex: block.first_of("path") == Some("path-regex"),
        methods: block.list("method"),
        conditions: conditions(block),
        clients: block.list::<Option<Cidr>>("client").into_iter().filter_map(transpose).collect(),
        keep_encoded_slash: block.value::<String>("encoded-slash").map(|word| word == "keep"),
        priority: block.value("priority"),
        action: action(block),
        rewrite: block.written("rewrite"),
        mirror: block.block("mirror").and_then(mirror),
        uses: references(block, "use"),
        settings: policy::settings(block),
    })
}

/// The conditions on header fields and query parameters.
pub(super) fn conditions(block: &Checked) -> Vec<Condition> {
    let of = |subject, field| block.blocks(field).filter_map(move |block| condition(subject, block));
    of(Subject::Header, "header").chain(of(Subject::Query, "query")).collect()
}

fn condition(subject: Subject, block: &Checked) -> Option<Condition> {
    let test = match block.first_of("condition")? {
        "present" => block.written("present")?.map(Test::Present),
        "equals" => block.written("equals")?.map(Test::Equals),
        "prefix" => block.written("prefix")?.map(Test::Prefix),
        _ => block.written("regex")?.map(Test::Regex),
    };
    Some(Condition { subject, name: block.written("name")?, test })
}

/// What a route does: the first that was written, where there is one too many.
fn action(block: &Checked) -> Option<Action> {
    match block.first_of("action")? {
        "pool" => Some(Action::Proxy { pool: Reference::to(block.written("pool")?) }),
        "redirect" => {
            let redirect = block.block("redirect")?;
            Some(Action::Redirect {
                location: redirect.written("location")?,
                status: redirect.value("status"),
            })
        }
        "respond" => {
            let respond = block.block("respond")?;
            Some(Action::Respond {
                status: respond.value("status"),
                body: respond.value("body"),
                content_type: respond.value("content-type"),
            })
        }
        "split" => {
            let shares: Vec<Share> = block.block("split")?.blocks("pool").filter_map(share).collect();
            (!shares.is_empty()).then_some(Action::Split { shares })
        }
        "deny" => Some(Action::Deny { status: block.block("deny")?.value("status") }),
        _ => None,
    }
}

fn error_page(block: &Checked) -> Option<ErrorPage> {
    let file = block.written("file").map(Page::File);
    Some(ErrorPage {
        statuses: block.list("status"),
        page: file.or_else(|| block.written("body").map(Page::Text))?,
        content_type: block.value("content-type"),
    })
}

fn mirror(block: &Checked) -> Option<Mirror> {
    Some(Mirror { pool: Reference::to(block.written("pool")?), percent: block.value("percent") })
}

fn share(block: &Checked) -> Option<Share> {
    Some(Share { pool: Reference::to(block.written("pool")?), weight: block.value("weight") })
}
