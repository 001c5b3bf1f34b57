def sub(path, pairs):
    s=open(path).read()
    for a,b in pairs:
        assert a in s, (path,a)
        s=s.replace(a,b,1)
    open(path,'w').write(s)
C='schema/src/config/'
M='compiler/src/model/'
s=open(C+'policy.rs').read()
a=s.index('        Field::new("realm"'); b=s.index("    ]],", a)
s=s[:a]+"""        Field::new("realm", Kind::Text, "The name that browsers show.").default("restricted").when(BASIC),
        Field::new("users", Kind::Secret, "Names and hashed passwords, as `htpasswd` writes them.")
            .required()
            .when(BASIC),
        Field::new("keys", Kind::Secret, "The keys that sign tokens, as a JWK set (RFC 7517).")
            .required()
            .when(JWT),
        Field::new("issuer", Kind::Text, "Who must have issued a token.").when(JWT),
        Field::new("audience", TEXTS, "For whom a token must be, any of them.").when(JWT),
        Field::new("url", Kind::Text, "Who is asked about each request.").required().when(FORWARD),
        Field::new("copy-header", TEXTS, "Headers of the answer that the backend is sent.").when(FORWARD),
        Field::new("timeout", DURATION, "Time for the answer.").default("5s").when(FORWARD),
"""+s[b:]
open(C+'policy.rs','w').write(s)
sub(C+'policy.rs',[
("""            Field::planned("use", Kind::Reference("rate-limit"), "A limit that others share.")""",
"""            Field::new("use", Kind::Reference("rate-limit"), "The name of a limit that others share.")"""),
("        LIMIT,\n    ],\n};","        LIMIT,\n    ],\n};"),
("""/// Who a client is.
pub(super) static AUTH""","""const BASIC: Condition = Condition::Is("scheme", "basic");
const JWT: Condition = Condition::Is("scheme", "jwt");
const FORWARD: Condition = Condition::Is("scheme", "forward");

/// Who a client is.
pub(super) static AUTH"""),
("""        .default("20%"),
""","""        .default("20%")
        .when(Condition::IsNot("attempts", "0")),
"""),
("""        .default("connect-failure"),
""","""        .default("connect-failure")
        .when(Condition::IsNot("attempts", "0")),
"""),
("use super::{Block, DURATION,","use super::{Block, Condition, DURATION,"),
])
sub(C+'root.rs',[
("""        Field::planned("edition", ""","""        Field::new("edition", """),
("""        Field::planned("rate-limit", Kind::Named""","""        Field::new("rate-limit", Kind::Named"""),
])
open(M+'decode/conditions.rs','w').write('''//! Fields that have an effect, or must be there, only when something holds for another field of their block.

use divisor_schema::config::{Condition, Field, Presence};

use super::{Contents, Decoder};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::block::Checked;
use crate::model::unknown;
use crate::source::Span;

impl Decoder<'_> {
    /// Reports what has no effect here, and what is missing because of what else was written.
    pub(super) fn conditions(&mut self, checked: &Checked, contents: Contents<'_>) {
        for field in checked.block.fields() {
            let Some(condition) = field.condition else { continue };
            match (holds(checked, condition), checked.written_at(field.kdl)) {
                (Some(false), Some(at)) => self.ineffective(checked, contents, field, condition, at),
                (Some(true), None) if field.presence == Presence::Required => {
                    self.required_by(checked, contents, field, condition);
                }
                _ => {}
            }
        }
    }

    fn ineffective(
        &mut self,
        checked: &Checked,
        contents: Contents<'_>,
        field: &Field,
        condition: Condition,
        at: Span,
    ) {
        let name = unknown::name(field, contents.spelling);
        let (other, shown) = other(checked, contents, condition);
        let (message, help) = match condition {
            Condition::Written(_) => (
                format!("`{name}` has no effect without `{other}`"),
                format!("write `{other}`, or delete `{name}`"),
            ),
            Condition::Is(_, due) => (
                format!("`{name}` has no effect where `{other}` is {shown}"),
                format!("write `{due}` for `{other}`, or delete `{name}`"),
            ),
            Condition::IsNot(..) => (
                format!("`{name}` has no effect where `{other}` is {shown}"),
                format!("delete `{name}`, or change `{other}`"),
            ),
        };
        let found = Diagnostic::warning(Rule::INEFFECTIVE_OPTION, message, at, "changes nothing").help(help);
        self.report(match checked.written_at(condition.field()) {
            Some(other) => found.label(other, format!("is {shown}")),
            None => found,
        });
    }

    fn required_by(
        &mut self,
        checked: &Checked,
        contents: Contents<'_>,
        field: &Field,
        condition: Condition,
    ) {
        let name = unknown::name(field, contents.spelling);
        let (_, shown) = other(checked, contents, condition);
        let message = format!("`{}` has no `{name}`", checked.block.name);
        let at = checked.written_at(condition.field()).unwrap_or(checked.at);
        let found = Diagnostic::error(Rule::MISSING_KEY, message, at, format!("{shown} needs `{name}`"));
        self.report(found.help(format!("give it {}", field.kind.takes())));
    }
}

/// The name of the field that a condition is about, and its value.
fn other(checked: &Checked, contents: Contents<'_>, condition: Condition) -> (&'static str, String) {
    let field = checked.block.field(condition.field());
    let name = field.map_or(condition.field(), |field| unknown::name(field, contents.spelling));
    (name, checked.word(condition.field()).map_or_else(|| "not there".to_owned(), |word| format!("`{word}`")))
}

/// Whether a condition holds; `None` when that cannot be said, because the other field could not be read.
fn holds(checked: &Checked, condition: Condition) -> Option<bool> {
    let word = |field| {
        let word = checked.word(field);
        (word.is_some() || checked.written_at(field).is_none()).then_some(word)
    };
    Some(match condition {
        Condition::Written(field) => checked.written_at(field).is_some(),
        Condition::Is(field, due) => word(field)?? == due,
        Condition::IsNot(field, other) => word(field)?.is_none_or(|word| word != other),
    })
}
''')
sub(M+'decode/mod.rs',[
("mod alternatives;\n","mod alternatives;\nmod conditions;\n"),
("        self.alternatives(&checked, contents, stray);\n","        self.alternatives(&checked, contents, stray);\n        self.conditions(&checked, contents);\n"),
("""fields().filter(|field| field.presence == Presence::Required) {""","""fields().filter(|field| is_required(field)) {"""),
("""/// Whether a key can stand more than once.""","""/// Whether a field must be there, whatever else is.
fn is_required(field: &Field) -> bool {
    field.presence == Presence::Required && field.condition.is_none()
}

/// Whether a key can stand more than once."""),
])
sub(M+'block.rs',[
("""    /// Every leaf of a field.""","""    /// The word, number or truth value of a field, written or by default.
    pub(super) fn word(&self, field: &str) -> Option<String> {
        let written = self.contents(field).find_map(|content| match &content.held {
            Held::Leaves(leaves) => leaves.first().map(|leaf| leaf.value.clone()),
            _ => None,
        });
        match written.or_else(|| self.default_of(field))? {
            Typed::Text(text) => Some(text),
            Typed::Flag(flag) => Some(flag.to_string()),
            Typed::Integer(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Every leaf of a field."""),
("""        let field = self.block.field(field)?;
        let Presence::Default(text) = field.presence else { return None };
        let typed = parse(&field.kind, &Value::filled(text.to_owned()), Spelling::Yaml).ok()?;
        T::of(&typed).map(|value| Spanned::default_at(value, self.at))
    }
""","""        T::of(&self.default_of(field)?).map(|value| Spanned::default_at(value, self.at))
    }

    fn default_of(&self, field: &str) -> Option<Typed> {
        let field = self.block.field(field)?;
        let Presence::Default(text) = field.presence else { return None };
        parse(&field.kind, &Value::filled(text.to_owned()), Spelling::Yaml).ok()
    }
"""),
])
# shared limits
sub(M+'types/policy.rs',[
("""    /// All must admit the request.
    pub rate_limits: Vec<RateLimit>,
""","""    /// All must admit the request.
    pub rate_limits: Vec<RateLimit>,
    /// These too; each counts the requests of all that name it.
    pub shared_limits: Vec<Reference<SharedLimit>>,
"""),
("""/// How long the parts""","""/// A rate limit that several policies and routes share.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedLimit {
    /// Its name.
    pub name: Spanned<String>,
    /// What it allows.
    pub limit: RateLimit,
}

/// How long the parts"""),
("use crate::source::{At, Spanned};","use super::Reference;\nuse crate::source::{At, Spanned};"),
])
sub(M+'types/mod.rs',[
("Retry, Settings, Timeouts};","Retry, Settings, SharedLimit, Timeouts};"),
("""    /// Hosts, sorted by their names.""","""    /// Rate limits that policies share, sorted by name. Two may have the same name until a rule has said so.
    pub rate_limits: Vec<SharedLimit>,
    /// Hosts, sorted by their names."""),
("""    /// Which of the layouts it was written in.
    pub layout: Layout,
""","""    /// Which of the layouts it was written in.
    pub layout: Layout,
    /// The edition of the language that it says it is written in; `None` is the newest.
    pub edition: Option<Spanned<String>>,
"""),
])
sub(M+'flat/mod.rs',[
("        layout: Layout::Flat,\n","        layout: Layout::Flat,\n        edition: None,\n"),
("        hosts: Vec::new(),\n","        rate_limits: Vec::new(),\n        hosts: Vec::new(),\n"),
])
sub(M+'mod.rs',[
("        layout: Layout::Full,\n","        layout: Layout::Full,\n        edition: root.written(\"edition\"),\n"),
("        hosts: root","        rate_limits: root.blocks(\"rate-limit\").filter_map(policy::shared_limit).collect(),\n        hosts: root"),
])
sub(M+'policy.rs',[
("Retry, Settings, Timeouts};","Retry, Settings, SharedLimit, Timeouts};"),
("HeaderChange, HeaderEdit, Policy, RateKey, RateLimit,","HeaderChange, HeaderEdit, Policy, RateKey, RateLimit, Reference,"),
("""        request_headers: headers(""","""        shared_limits: block
            .blocks("rate-limit")
            .filter_map(|limit| limit.written("use").map(Reference::to))
            .collect(),
        request_headers: headers("""),
("""fn rate_limit(block""","""pub(super) fn shared_limit(block: &Checked) -> Option<SharedLimit> {
    Some(SharedLimit { name: block.name.clone()?, limit: rate_limit(block)? })
}

fn rate_limit(block"""),
])
sub(M+'names.rs',[
("""    sort_routes(&mut model.routes);
""","""    model.rate_limits.sort_by(|a, b| by_name(&a.name, &b.name));
    sort_routes(&mut model.routes);
"""),
("""    let policies = index(model.policies.iter().map(|it| &it.name));
""","""    let policies = index(model.policies.iter().map(|it| &it.name));
    let limits = index(model.rate_limits.iter().map(|it| &it.name));
    for policy in &mut model.policies {
        find_all(&limits, &mut policy.settings.shared_limits);
    }
"""),
])
s=open(M+'names.rs').read()
s=s.replace("self::route(route, &pools, &policies)","self::route(route, &pools, &policies, &limits)")
s=s.replace("fn route(route: &mut Route, pools: &Index, policies: &Index) {\n","fn route(route: &mut Route, pools: &Index, policies: &Index, limits: &Index) {\n    find_all(limits, &mut route.settings.shared_limits);\n")
open(M+'names.rs','w').write(s)
s=open(M+'flat/settings.rs').read()
s=s.replace("        rate_limits: security","        shared_limits: Vec::new(),\n        rate_limits: security",1)
open(M+'flat/settings.rs','w').write(s)
L='compiler/src/lower/'
sub(L+'mod.rs',[
("""    Plan {
        meta: Meta { compiler: env!("CARGO_PKG_VERSION").to_owned(), edition: EDITION.to_owned() },""",
"""    let edition = facts.model.edition.as_ref().map_or(EDITION, |edition| &edition.value).to_owned();
    Plan {
        meta: Meta { compiler: env!("CARGO_PKG_VERSION").to_owned(), edition },"""),
])
s=open(L+'policies.rs').read()
s=s.replace("""#[derive(Default)]
pub(super) struct Policies {
    policies""","""pub(super) struct Policies<'m> {
    shared: &'m [SharedLimit],
    policies""")
s=s.replace("""impl Policies {
""","""impl<'m> Policies<'m> {
    /// No policies yet. `shared` are the rate limits that they may name.
    pub(super) fn new(shared: &'m [SharedLimit]) -> Self {
        Self { shared, policies: vec![], ids: HashMap::new(), rate_limits: vec![], rate_limit_ids: BTreeMap::new() }
    }

""")
s=s.replace("""        let mut limits: Vec<RateLimit> =
            layer.settings.rate_limits.iter().map(|limit| rate_limit(&layer.name, limit)).collect();
""","""        let own = layer.settings.rate_limits.iter().map(|limit| rate_limit(&layer.name, limit));
        let shared = layer.settings.shared_limits.iter().filter_map(|it| self.shared.get(it.id?.index()));
        let shared = shared.map(|it| rate_limit(&format!("rate-limit {}", it.name.value), &it.limit));
        let mut limits: Vec<RateLimit> = own.chain(shared).collect();
""")
s=s.replace("""            rate_limits: layers.iter().flat_map(|layer| self.rate_limits(layer)).collect(),
""","""            rate_limits: self.rate_limits_of(layers),
""")
s=s.replace("""    /// The rate limits of a layer. They""","""    /// The rate limits of all layers. One that is shared by several of them counts a request once.
    fn rate_limits_of(&mut self, layers: &[Layer<'_>]) -> Vec<RateLimitId> {
        let mut all = vec![];
        for id in layers.iter().flat_map(|layer| self.rate_limits(layer)).collect::<Vec<_>>() {
            if !all.contains(&id) {
                all.push(id);
            }
        }
        all
    }

    /// The rate limits of a layer. They""")
s=s.replace("use crate::model::{self, Reference, Settings};","use crate::model::{self, Reference, Settings, SharedLimit};")
open(L+'policies.rs','w').write(s)
