//! Whatever is written: either an error says why there is no plan, or the plan is one that a runtime takes.

use std::time::{Duration, UNIX_EPOCH};

use divisor_schema::plan::Plan;
use proptest::prelude::*;
use proptest::sample::select;

use crate::diagnostic::Severity;
use crate::tls::testing::Scratch;
use crate::{Options, compile};

/// Mostly one of `good`, so that a whole config has a chance; now and then one of `bad`.
fn mostly(
    good: &'static [&'static str],
    bad: &'static [&'static str],
) -> impl Strategy<Value = &'static str> {
    prop_oneof![40 => select(good), 1 => select(bad)]
}

fn listener(name: &'static str, port: u16) -> impl Strategy<Value = String> {
    let bind = mostly(&["127.0.0.1", "0.0.0.0", "[::]"], &["127.0.0.1:1\" \"127.0.0.1", "10.0.0.300"]);
    let rest = mostly(
        &[
            "",
            "tls { certificate \"it.pem\" key=\"it.key\"; hsts; }",
            "tls { certificate \"it.pem\" key=\"it.key\" default=#true; certificate \"other.pem\" key=\"other.key\"; }",
            "tls { cipher-suites \"ECDHE-ECDSA-AES128-GCM-SHA256\"; groups \"x25519\"; certificate \"it.pem\" key=\"it.key\"; }",
            "http empty-segments=\"keep\"; use \"p\"; trusted-proxies \"10.0.0.0/8\" \"10.0.0.0/8\"",
            "use \"q\" \"p\"; max-connections 9",
        ],
        &["redirect \"nobody\"", "redirect \"b\"", "tls profile=\"modern\"", "tls max-version=\"1.2\""],
    );
    (bind, rest)
        .prop_map(move |(bind, rest)| format!("listener \"{name}\" {{\nbind \"{bind}:{port}\"\n{rest}\n}}"))
}

fn pool(name: &'static str) -> impl Strategy<Value = String> {
    let content = mostly(
        &[
            "backend \"http://127.0.0.1:9\"",
            "backend \"https://app.example:9\" weight=0; backend \"http://127.0.0.1:9\" weight=7",
            "backend \"https://127.0.0.1:9\"; tls verify=#false; balance \"random\"",
            "backend \"http://127.0.0.1:9\" backup=#true; sticky \"at\" { key env=\"K\"; path \"/x\"; }; slow-start \"9s\"",
            "backend \"http://127.0.0.1:9\"; balance \"consistent-hash\"; hash header=\"X-A\" max-load=\"101%\"",
            "backend \"https://127.0.0.1:9\"; tls ca=\"it.pem\" certificate=\"it.pem\" key=\"it.key\"; probe \"/h\"",
        ],
        &[
            "backend \"http://127.0.0.1:9\" weight=0",
            "backend \"http://127.0.0.1:9\"; sticky \"a t\" { key env=\"K\"; path \"x\"; }",
            "backend \"http://127.0.0.1:9\"; balance \"consistent-hash\"; hash query=\"\"",
            "backend \"http://127.0.0.1:1\"; probe \"h\" timeout=\"1ms\"",
        ],
    );
    content.prop_map(move |content| format!("pool \"{name}\" {{ {content}; }}"))
}

fn policy(name: &'static str) -> impl Strategy<Value = String> {
    let content = mostly(
        &[
            "body-limit \"1KiB\"",
            "rate-limit \"5/s\" burst=9; rate-limit \"7/m\" block=\"1s\"",
            "header-set \"X-A\" \"$time {uuid}\"; header-add \"x-a\" \"1\"; request-header-remove \"X-B\"",
            "timeout \"5s\"; retry 2",
            "allow \"10.0.0.0/8\" \"::1\"; deny \"10.1.0.0/16\"; compress \"gzip\" \"zstd\"",
            "header-set \"X-At\" \"{host}{id} {tls-version}\"; retry 1 budget=\"0%\" { on \"503\"; }",
        ],
        &["header-set \"Connection\" \"close\"", "header-set \"X A\" \"1\""],
    );
    content.prop_map(move |content| format!("policy \"{name}\" {{ {content}; }}"))
}

fn route() -> impl Strategy<Value = String> {
    let path = mostly(
        &["/{id}", "/a/{id}", "/a/b", "/{id}/**", "/a/{id}/**", "/b/*/{id}", "/**", "/a/", "/b/{id}/{*rest}"],
        &["/{x}/a", "/a*", "/../a", "/a//b", "/{id:[0-9]}", "/a?b"],
    );
    let method = mostly(&["", " method=\"GET\"", " method=\"PUT\""], &[" method=\"get\""]);
    let action = mostly(
        &[
            " pool=\"x\"",
            " pool=\"y\" rewrite=\"/new\"",
            " pool=\"x\" rewrite=\"{path}\"",
            " pool=\"x\" { mirror \"y\" percent=5; }",
            " { respond 200 \"ok\"; }",
            " { redirect \"https://{host}/\" status=301; }",
            " { deny 404; use \"q\"; }",
            " { split { pool \"x\" weight=9; pool \"y\"; }; }",
            " { split { pool \"x\" weight=0; pool \"y\"; }; rewrite \"/new\"; }",
        ],
        &[" pool=\"y\" rewrite=\"{nothing}\"", " pool=\"z\"", " { split { pool \"x\" weight=0; }; }"],
    );
    (path, method, action).prop_map(|(path, method, action)| format!("route \"{path}\"{method}{action}"))
}

fn host(name: &'static str) -> impl Strategy<Value = String> {
    let wildcard = mostly(&["", " \"*.NAME\"", " \"**.NAME\""], &[" \"NAME\"", " \"NAME:80\""]);
    let limits = mostly(&["", "", " listener=\"a\"", " listener=\"b\""], &[" listener=\"redirecting\""]);
    let rest =
        mostly(&["", "use \"p\"", "tls { certificate \"other.pem\" key=\"other.key\"; }"], &["use \"r\""]);
    (wildcard, limits, rest, prop::collection::vec(route(), 0..4)).prop_map(
        move |(wildcard, limits, rest, routes)| {
            let wildcard = wildcard.replace("NAME", name);
            format!("host \"{name}\"{wildcard}{limits} {{\n{rest}\n{}\n}}", routes.join("\n"))
        },
    )
}

fn config() -> impl Strategy<Value = String> {
    let fixed = (listener("a", 1), listener("b", 2), pool("x"), pool("y"), policy("p"), policy("q"));
    let some = |it: BoxedStrategy<String>| prop_oneof![it, Just(String::new())];
    let hosts = (some(host("a.example").boxed()), some(host("b.example").boxed()));
    let routes = prop::collection::vec(route(), 0..3);
    (fixed, hosts, routes).prop_map(|((a, b, x, y, p, q), (one, other), routes)| {
        let redirecting = "listener \"redirecting\" { bind \"127.0.0.1:3\"; redirect \"a\"; }".to_owned();
        [vec![a, b, redirecting, x, y, p, q, one, other], routes].concat().join("\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn either_an_error_or_a_plan_that_runs(text in config()) {
        thread_local! {
            static SCRATCH: Scratch = {
                let scratch = Scratch::new();
                scratch.chain("it", &["a.example", "*.a.example", "b.example", "*.b.example"]);
                scratch.chain("other", &["a.example", "*.a.example", "b.example", "*.b.example"]);
                scratch
            };
        }
        let root = SCRATCH.with(|scratch| scratch.write("divisor.kdl", &text));
        let now = UNIX_EPOCH + Duration::from_secs(20_619 * 86_400);
        let compilation = compile(&root, &Options { now, ..Options::default() }).unwrap();
        let error = compilation.diagnostics.iter().any(|found| found.severity == Severity::Error);
        prop_assert_eq!(compilation.plan.is_none(), error);
        if let Some(plan) = compilation.plan {
            prop_assert_eq!(plan.check(), Ok(()));
            prop_assert_eq!(Plan::decode(&plan.encode()), Ok(plan));
        }
    }
}
