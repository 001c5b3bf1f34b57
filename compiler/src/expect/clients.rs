//! Clients that lists tell apart.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use divisor_schema::plan::Cidr;

use crate::facts::{Answer, Facts};
use crate::model::Expect;
use crate::trace::Request;

/// The request, from one client of each kind that the lists of the config tell apart and that the claim is about, as far
/// as the answer is the same.
pub(super) fn of_every_kind(
    facts: &Facts<'_>,
    listener: usize,
    request: &Request,
    answer: &Answer,
    expect: &Expect,
) -> Vec<Request> {
    if networks(facts).next().is_none() {
        return vec![request.clone()];
    }
    let claimed: Vec<Cidr> = expect.clients.iter().map(|network| network.value).collect();
    let of_claim = |client: &IpAddr| claimed.is_empty() || claimed.iter().any(|it| it.contains(*client));
    let mut clients: Vec<IpAddr> =
        networks(facts).chain(claimed.iter().copied()).flat_map(|it| borders(&it)).collect();
    clients.extend([
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    ]);
    clients.sort_unstable();
    clients.dedup();
    let from = |client| Request { client: Some(client), ..request.clone() };
    let others = clients.into_iter().filter(of_claim).map(from);
    let same = |it: &Request| facts.answer(listener, &it.host, &it.subject()) == *answer;
    let known = request.client.map(|_| request.clone());
    let all: Vec<Request> = known.into_iter().chain(others.filter(same)).collect();
    if all.is_empty() { vec![request.clone()] } else { all }
}

/// All networks that the config tells apart: that it lets in, keeps out, or has routes for.
fn networks(facts: &Facts<'_>) -> impl Iterator<Item = Cidr> {
    let policies = facts.model.policies.iter().map(|policy| &policy.settings);
    let routes = facts.patterns.routes.iter().map(|read| &read.route.settings);
    let lists = policies.chain(routes).flat_map(|settings| settings.allow.iter().chain(&settings.deny));
    let clients = facts.patterns.routes.iter().flat_map(|read| &read.route.clients);
    lists.chain(clients).map(|network| network.value)
}

/// The first and the last address of a network, and their neighbours: where one list ends and another begins.
fn borders(network: &Cidr) -> Vec<IpAddr> {
    match network.address {
        IpAddr::V4(first) => {
            let first = first.to_bits();
            let last = first | u32::MAX.checked_shr(network.prefix.into()).unwrap_or(0);
            let all = [first.checked_sub(1), Some(first), Some(last), last.checked_add(1)];
            all.into_iter().flatten().map(|bits| Ipv4Addr::from_bits(bits).into()).collect()
        }
        IpAddr::V6(first) => {
            let first = first.to_bits();
            let last = first | u128::MAX.checked_shr(network.prefix.into()).unwrap_or(0);
            let all = [first.checked_sub(1), Some(first), Some(last), last.checked_add(1)];
            all.into_iter().flatten().map(|bits| Ipv6Addr::from_bits(bits).into()).collect()
        }
    }
}
