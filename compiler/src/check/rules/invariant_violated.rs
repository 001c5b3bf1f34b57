//! A claim about requests that does not hold.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Severity};
use crate::expect::{RULE, finding, judge};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: RULE,
    level: Severity::Error,
    explanation: "An `expect` does not hold: the request takes another way than the config says it does. With \
        `for-all`, it is proved for every request of the set, or refuted with one for which it does not hold; where \
        there is no such request at all, it says nothing, and that is a warning.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
host "shop.example" {
    route "/**" { respond 200 "shop"; }
    route "/admin/**" { deny 404; }
    route "/admin/{page}" method="GET" { respond 200 "admin"; }
}
expect "GET http://shop.example/admin" status=200
expect "* http://*/admin/**" for-all=#true status=404
expect "* https://*/**" for-all=#true status=404
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
host "shop.example" {
    route "/**" { respond 200 "shop"; }
    route "/admin/**" { deny 404; }
}
expect "GET http://shop.example/admin" status=404
expect "* http://*/admin/**" for-all=#true status=404
expect "* http://blog.example/**" for-all=#true status=421
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    if !facts.is_complete() {
        return vec![]; // what is expected may be in what is missing
    }
    let expects = facts.model.expects.iter();
    expects.filter_map(|expect| finding(facts, expect, &judge(facts, expect).verdict)).collect()
}
