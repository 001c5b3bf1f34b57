//! What the rules about numbers share.

use divisor_schema::plan::Millis;

use crate::model::{Backend, Connections, Pool, in_time};
use crate::source::Spanned;

/// A label for a value, which says so where the value is a default.
pub(super) fn label<T>(value: &Spanned<T>, text: &str) -> String {
    if value.written { text.to_owned() } else { format!("{text}, by default") }
}

/// A length of time for people.
pub(super) fn time(value: &Spanned<Millis>) -> String {
    in_time(value.value.0)
}

/// A length of time that is easy to write and no longer than `millis`.
pub(super) fn round_time(millis: u64) -> String {
    in_time(round(millis))
}

/// Milliseconds that are easy to write and no more than `millis`, but for 0.
pub(super) fn round(millis: u64) -> u64 {
    let step = match millis {
        0..=9 => 1,
        10..=99 => 10,
        100..=9_999 => 100,
        _ => 1_000,
    };
    (millis / step * step).max(1)
}

/// A length of time that is easy to write and no shorter than `millis`.
pub(super) fn round_time_up(millis: u64) -> String {
    in_time(millis.div_ceil(1_000).saturating_mul(1_000))
}

/// The backends that are chosen at all; a service as often as it has slots.
pub(super) fn chosen(pool: &Pool) -> impl Iterator<Item = &Backend> {
    let chosen = pool.backends.iter().filter(|backend| backend.weight.value > 0);
    chosen.flat_map(|backend| std::iter::repeat_n(backend, backend.servers().into()))
}

/// The connection limits of the backends that are chosen at all.
pub(super) fn connections(pool: &Pool) -> impl Iterator<Item = &Connections> {
    chosen(pool).map(|backend| backend.connections.as_ref().unwrap_or(&pool.connections))
}

/// The longest of some times of a pool's connections.
pub(super) fn longest<'m>(
    pool: &'m Pool,
    time: impl Fn(&'m Connections) -> &'m Spanned<Millis>,
) -> Option<&'m Spanned<Millis>> {
    connections(pool).map(time).max_by_key(|time| time.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_easy_to_write() {
        let down = |millis: u64| round_time(millis);
        assert_eq!(
            [down(0), down(7), down(42), down(1_666), down(59_999)],
            ["1ms", "7ms", "40ms", "1600ms", "59s"]
        );
        assert_eq!([round_time_up(1), round_time_up(69_000)], ["1s", "69s"]);
    }
}
