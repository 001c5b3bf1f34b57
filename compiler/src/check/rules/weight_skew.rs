//! A backend with next to no share.

use super::values::{chosen, label};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::{Backend, Pool};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("UPS004", "weight-skew"),
    level: Severity::Warning,
    explanation: "One backend of a pool weighs more than a hundred times as much as another. The light one gets so \
        few requests that nobody notices when it fails, and the heavy one hardly gets fewer: whoever wants to take a \
        backend out writes weight 0, and whoever wants to try one out a share that shows something.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    balance "weighted-round-robin"
    backend "http://127.0.0.1:9000"
    backend "http://127.0.0.1:9001" weight=500
    probe "/health"
}
route "/**" pool="app"
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" {
    balance "weighted-round-robin"
    backend "http://127.0.0.1:9000"
    backend "http://127.0.0.1:9001" weight=50
    probe "/health"
}
route "/**" pool="app"
"#,
    check,
};

/// How many times as much one backend may weigh as another.
const RATIO_MAX: u32 = 100;

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    facts.model.pools.iter().filter_map(skew).collect()
}

fn skew(pool: &Pool) -> Option<Diagnostic> {
    // The targets of a service weigh what their records say.
    let weighs = pool.balance.value.is_weighted() && !pool.backends.iter().any(Backend::is_service);
    let light = chosen(pool).filter(|_| weighs).min_by_key(|backend| backend.weight.value)?;
    let heavy = chosen(pool).max_by_key(|backend| backend.weight.value)?;
    let (least, most) = (u32::from(light.weight.value), u32::from(heavy.weight.value));
    if most <= least.saturating_mul(RATIO_MAX) {
        return None;
    }
    let total: u32 = chosen(pool).map(|backend| u32::from(backend.weight.value)).sum();
    let share = 100.0 * f64::from(least) / f64::from(total);
    let message =
        format!("backend `{}` is meant for {share:.2} % of pool `{}`", light.url.value, pool.name.value);
    let of = |weight: u32| format!("{weight} of {total}");
    let found = LINT.finding(message, light.weight.span, label(&light.weight, &of(least)));
    let help = format!("write `weight=0` to take it out, or at least `weight={}`", most.div_ceil(RATIO_MAX));
    Some(found.label(heavy.weight.span, of(most)).help(help))
}
