//! Access lists with entries that do nothing, or that leave somebody out or in unseen.

use divisor_schema::plan::Cidr;

use super::headers::settings;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Acting, Facts};
use crate::source::Spanned;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("SEC014", "acl-gap"),
    level: Severity::Warning,
    explanation: "An allow list denies all else, and deny wins, wherever both are written. So a network that is allowed and \
        lies in one that is denied lets nobody in, one that lies in another of the same list adds nothing, and one that \
        lets in all of IPv4 keeps out all of IPv6.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; use "office"; }
policy "office" { allow "10.0.0.0/8" "192.168.7.0/24"; deny "10.1.0.0/16" "192.168.0.0/16"; }
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; use "office"; }
policy "office" { allow "10.0.0.0/8"; deny "10.1.0.0/16"; }
route "/**" { respond 200 "ok"; }
"#,
    check,
};

/// A list as it is written.
type List = [Spanned<Cidr>];

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let lists = settings(facts).flat_map(|settings| [&settings.allow, &settings.deny]);
    let mut found: Vec<Diagnostic> = lists.flat_map(|list| covered(list)).collect();
    for acting in facts.acting() {
        found.extend(shadowed(&acting));
        found.extend(one_family(&acting));
    }
    found
}

/// Whether all of `inner` lies in `outer`.
fn within(inner: Cidr, outer: Cidr) -> bool {
    inner.prefix >= outer.prefix && outer.contains(inner.address)
}

/// Entries that lie in another one of the same list.
fn covered(list: &List) -> Vec<Diagnostic> {
    let mut found = vec![];
    for (at, entry) in list.iter().enumerate() {
        let larger = |(other_at, other): &(usize, &Spanned<Cidr>)| {
            let equal = other.value == entry.value;
            within(entry.value, other.value) && (!equal || *other_at < at)
        };
        let Some((_, other)) = list.iter().enumerate().find(larger) else { continue };
        let message = format!("`{}` is in `{}` already", text(entry.value), text(other.value));
        let finding = LINT.finding(message, entry.span, "adds nothing").label(other.span, "holds it");
        found.push(finding.help("take it away"));
    }
    found
}

/// Networks that are allowed and all denied.
fn shadowed(acting: &Acting<'_>) -> Vec<Diagnostic> {
    let denied: Vec<&Spanned<Cidr>> = acting.layers.iter().flat_map(|layer| &layer.deny).collect();
    let allowed = acting.layers.iter().flat_map(|layer| &layer.allow);
    let shadowed = allowed.filter_map(|entry| {
        let deny = denied.iter().find(|deny| within(entry.value, deny.value))?;
        let message = format!("`allow {}` lets nobody in", text(entry.value));
        let finding =
            LINT.finding(message, entry.span, "all of it is denied").label(deny.span, "denied here");
        Some(finding.help("deny a smaller network, or take the entry away: deny wins wherever it is written"))
    });
    shadowed.collect()
}

/// Lists that let everybody in, on a listener that is reached over the other version of IP, too.
fn one_family(acting: &Acting<'_>) -> Vec<Diagnostic> {
    let mut found = vec![];
    for list in acting.layers.iter().map(|layer| &layer.allow) {
        let Some(all) = list.iter().find(|entry| entry.value.prefix == 0) else { continue };
        let is_v4 = all.value.address.is_ipv4();
        let mut others = acting
            .listener
            .binds
            .iter()
            .filter(|bind| bind.value.tcp().is_some_and(|bind| bind.is_ipv4() != is_v4));
        let (Some(bind), true) = (others.next(), list.iter().all(|it| it.value.address.is_ipv4() == is_v4))
        else {
            continue;
        };
        let (mine, other, everybody) =
            if is_v4 { ("IPv4", "IPv6", "::/0") } else { ("IPv6", "IPv4", "0.0.0.0/0") };
        let message = format!("everybody is allowed over {mine}, and nobody over {other}");
        let finding = LINT.finding(message, all.span, format!("all of {mine}"));
        let labelled = finding.label(bind.span, format!("reached over {other}, too"));
        found.push(labelled.help(format!("add `{everybody}`, or take the list away")));
    }
    found
}

/// A network as it is written.
fn text(network: Cidr) -> String {
    let width = if network.address.is_ipv4() { 32 } else { 128 };
    if network.prefix == width {
        network.address.to_string()
    } else {
        format!("{}/{}", network.address, network.prefix)
    }
}
