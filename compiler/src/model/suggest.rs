//! Did you mean?

/// The word of `words` that `word` most likely stands for.
pub(crate) fn closest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    let near = |candidate: &'a str| {
        let steps = distance(word, candidate, allowed);
        let begins = begins_alike(word, candidate);
        steps.or(begins.then_some(allowed + 1)).map(|steps| (steps, candidate))
    };
    words
        .into_iter()
        .filter(|candidate| *candidate != word)
        .filter_map(near)
        .min()
        .map(|(_, candidate)| candidate)
}

/// One is a shortening of the other, hyphens and case aside.
fn begins_alike(word: &str, candidate: &str) -> bool {
    let plain = |text: &str| text.replace(['-', '_'], "").to_ascii_lowercase();
    let (word, candidate) = (plain(word), plain(candidate));
    word.len() >= 3 && candidate.len() >= 3 && (word.starts_with(&candidate) || candidate.starts_with(&word))
}

/// Insertions, deletions, replacements and swaps of neighbours from one word to the other, if at most `allowed`.
pub(crate) fn distance(from: &str, to: &str, allowed: usize) -> Option<usize> {
    // Words are short; a long one is no misspelling of anything.
    const LENGTH_MAX: usize = 64;
    let from: Vec<char> = from.chars().take(LENGTH_MAX + 1).collect();
    let to: Vec<char> = to.chars().take(LENGTH_MAX + 1).collect();
    if from.len().max(to.len()) > LENGTH_MAX || from.len().abs_diff(to.len()) > allowed {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=to.len()).collect();
    for (row, &mine) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, &theirs) in to.iter().enumerate() {
            let replace = above[column] + usize::from(!mine.eq_ignore_ascii_case(&theirs));
            let mut best = replace.min(above[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && from[row - 1] == theirs && to[column - 1] == mine {
                best = best.min(before[column - 1] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().filter(|steps| *steps <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_are_found_and_strangers_are_not() {
        let words = ["timeout", "path", "pool", "least-connection", "round-robin"];
        assert_eq!(closest("timeot", words), Some("timeout"));
        assert_eq!(closest("tiemout", words), Some("timeout"));
        assert_eq!(closest("pol", words), Some("pool"));
        assert_eq!(closest("leastconn", words), Some("least-connection"));
        assert_eq!(closest("ROUND-ROBIN", words), Some("round-robin"));
        assert_eq!(closest("frobnicate", words), None);
        assert_eq!(closest(&"x".repeat(100_000), words), None);
        assert_eq!(closest("", words), None);
    }

    #[test]
    fn a_swap_is_one_step() {
        assert_eq!(distance("ab", "ba", 2), Some(1));
        assert_eq!(distance("abc", "", 2), None);
    }
}
