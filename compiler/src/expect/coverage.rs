//! All claims of a config at once, and the routes that none of them covers.

use std::collections::BTreeSet;

use super::{Verdict, finding, judge, write};
use crate::diagnostic::Diagnostic;
use crate::facts::{Facts, ReadRoute};
use crate::syntax::Spelling;
use crate::trace::Named;

/// What comes of the claims of a config.
#[derive(Debug, Clone, PartialEq)]
pub struct Tests {
    /// Its claims, in the order of their places.
    pub tests: Vec<Test>,
    /// Its routes that requests can reach, in the order of their places.
    pub routes: Vec<TestedRoute>,
}

/// What comes of a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// What is asked for, and where that is written.
    pub request: Named,
    /// It is about every request of a set.
    pub for_all: bool,
    /// Whether it holds.
    pub status: Status,
    /// What there is to say about it.
    pub finding: Option<Diagnostic>,
}

/// Whether a claim holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It does.
    Passed,
    /// It does, but it is about no request.
    Vacuous,
    /// It does not.
    Failed,
    /// The config has an error in what it is about.
    Undecided,
}

/// A route, and whether a claim covers it.
#[derive(Debug, Clone, PartialEq)]
pub struct TestedRoute {
    /// Its path pattern.
    pub pattern: Named,
    /// Its methods; none for every method.
    pub methods: Vec<String>,
    /// A name of its host; `None` outside of hosts.
    pub host: Option<String>,
    /// Whether a request of a claim goes to it.
    pub covered: bool,
    /// A claim that would cover it, in the spelling of the config; `None` when it is covered already.
    pub generated: Option<String>,
}

impl Tests {
    /// How many routes are covered.
    pub fn covered(&self) -> usize {
        self.routes.iter().filter(|route| route.covered).count()
    }

    /// Hundredths of the routes that are covered, rounded down: all of none are.
    pub fn percent(&self) -> usize {
        (self.covered() * 100).checked_div(self.routes.len()).unwrap_or(100)
    }

    /// Claims that cover the routes that none covers yet, in the spelling of the config; empty when there are none.
    pub fn generated(&self, spelling: Spelling) -> String {
        let claims: Vec<&str> = self.routes.iter().filter_map(|route| route.generated.as_deref()).collect();
        write::document(&claims, spelling)
    }
}

/// Judges all claims.
pub(crate) fn run(facts: &Facts<'_>, spelling: Spelling) -> Tests {
    let mut covered: BTreeSet<usize> = BTreeSet::new();
    let mut tests = vec![];
    let mut expects: Vec<_> = facts.model.expects.iter().collect();
    expects.sort_by_key(|expect| expect.request.span);
    for expect in expects {
        let judgement = judge(facts, expect);
        covered.extend(&judgement.reached);
        let methods: Vec<&str> = expect.methods.iter().map(|method| method.value.as_str()).collect();
        let methods = if methods.is_empty() { "*".to_owned() } else { methods.join(",") };
        let request = expect.request.value.with_method(&methods);
        tests.push(Test {
            request: Named::at(request, expect.request.span),
            for_all: expect.for_all.value,
            finding: finding(facts, expect, &judgement.verdict),
            status: match judgement.verdict {
                Verdict::Holds => Status::Passed,
                Verdict::Vacuous => Status::Vacuous,
                Verdict::Fails(_) => Status::Failed,
                Verdict::Undecided => Status::Undecided,
            },
        });
    }
    let mut routes: Vec<(usize, &ReadRoute<'_>)> = facts.patterns.routes.iter().enumerate().collect();
    routes.sort_by_key(|(_, read)| read.route.pattern.span);
    let routes = routes.into_iter().filter_map(|(index, read)| {
        let is_covered = covered.contains(&index);
        let generated = if is_covered { None } else { Some(write::claim(facts, index, spelling)?) };
        Some(TestedRoute {
            pattern: Named::at(&read.route.pattern.value, read.route.pattern.span),
            methods: read.route.methods.iter().map(|method| method.value.clone()).collect(),
            host: read.host.and_then(|host| Some(facts.model.hosts.get(host)?.names.first()?.value.clone())),
            covered: is_covered,
            generated,
        })
    });
    Tests { routes: routes.collect(), tests }
}
