//! Conditions on header fields and query parameters. A field may come several times, and a condition holds when one of
//! its values is right; so two conditions never exclude each other, and what is true of few values stays true of more.

use std::collections::BTreeSet;

use super::language::{Language, Regex, RegexError, TooBig};

/// What a condition looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Subject {
    /// A header field.
    Header,
    /// A query parameter.
    Query,
}

/// Something that must hold for a value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    subject: Subject,
    /// Its name; of a header field, in lower case.
    name: String,
    /// As it was written.
    test: Test,
    /// The words that it asks for.
    word: Language,
    /// The field lines, or parameter values, that meet it.
    values: Language,
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Test {
    /// Anything.
    Present,
    /// This.
    Equals(String),
    /// Something that begins like this.
    Prefix(String),
    /// Something that this holds as a whole.
    Regex(Regex),
}

/// A value of a field, for an example.
pub(super) type Value = (Subject, String, String);

impl Condition {
    /// A condition.
    ///
    /// # Errors
    /// [`RegexError`] when its automaton would be too big.
    pub(crate) fn new(subject: Subject, name: &str, test: Test) -> Result<Self, RegexError> {
        let too_big = |TooBig| {
            let kind = super::language::RegexErrorKind::TooBig;
            RegexError { range: 0..test.text().len(), kind }
        };
        let word = match &test {
            Test::Present => Language::prefix("").map_err(too_big)?,
            Test::Equals(text) => Language::word(text).map_err(too_big)?,
            Test::Prefix(text) => Language::prefix(text).map_err(too_big)?,
            Test::Regex(regex) => regex.language()?,
        };
        let (name, values) = match subject {
            Subject::Header => (name.to_ascii_lowercase(), word.lines().map_err(too_big)?),
            Subject::Query => (name.to_owned(), word.clone()),
        };
        Ok(Self { subject, name, test, word, values })
    }

    /// What it looks at.
    pub(crate) fn subject(&self) -> Subject {
        self.subject
    }

    /// The name of the field.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What a value must be.
    pub(crate) fn test(&self) -> &Test {
        &self.test
    }

    /// The words that it asks for: of a header field, as a line or as the member of a list.
    pub(crate) fn word(&self) -> &Language {
        &self.word
    }

    /// Whether no value meets it.
    pub(crate) fn is_impossible(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether one of `fields`, names with values, meets it.
    fn holds(&self, fields: &[(String, String)]) -> bool {
        // The characters of a value are its bytes (ISO 8859-1).
        let holds = |value: &str| self.values.holds(&value.chars().map(|it| it as u8).collect::<Vec<u8>>());
        fields.iter().any(|(name, value)| *name == self.name && holds(value))
    }

    fn key(&self) -> (Subject, &str) {
        (self.subject, &self.name)
    }

    /// Whether every value that meets `self` meets `other`.
    fn implies(&self, other: &Self) -> bool {
        self.key() == other.key() && (self.values == other.values || self.values.is_within(&other.values))
    }
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let subject = match self.subject {
            Subject::Header => "header",
            Subject::Query => "query",
        };
        let test = match &self.test {
            Test::Present => "present",
            Test::Equals(_) => "equals",
            Test::Prefix(_) => "prefix",
            Test::Regex(_) => "regex",
        };
        write!(f, "{subject} {} {test} {}", self.name, self.test.text())
    }
}

impl Test {
    /// The text that it was written with.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Present => "",
            Self::Equals(text) | Self::Prefix(text) => text,
            Self::Regex(regex) => &regex.text,
        }
    }
}

/// Conditions that all hold, in one form: sorted, none of them implied by another. So equal sets of requests have
/// equal conditions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conditions(Vec<Condition>);

impl Conditions {
    /// None at all.
    pub(crate) const NONE: &'static Self = &Self(vec![]);

    /// These.
    pub(crate) fn new(all: impl IntoIterator<Item = Condition>) -> Self {
        let mut kept: Vec<Condition> = vec![];
        for condition in all {
            if !kept.iter().any(|known| known.implies(&condition)) {
                kept.retain(|known| !condition.implies(known));
                kept.push(condition);
            }
        }
        kept.sort_by(|a, b| (a.key(), &a.values).cmp(&(b.key(), &b.values)));
        Self(kept)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Condition> {
        self.0.iter()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a request with these header fields and query parameters meets all of them.
    pub(super) fn hold(&self, headers: &[(String, String)], query: &[(String, String)]) -> bool {
        self.unmet(headers, query).is_none()
    }

    /// One that a request with these header fields and query parameters does not meet.
    pub(crate) fn unmet(
        &self,
        headers: &[(String, String)],
        query: &[(String, String)],
    ) -> Option<&Condition> {
        self.iter().find(|condition| match condition.subject {
            Subject::Header => !condition.holds(headers),
            Subject::Query => !condition.holds(query),
        })
    }

    /// Whether every request that meets them meets `other`, too. A request may have just one value for each condition, so
    /// a condition follows only from a single one.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        other.iter().all(|wanted| self.iter().any(|condition| condition.implies(wanted)))
    }

    fn identity(&self) -> impl Iterator<Item = (Subject, &str, &Language)> {
        self.iter().map(|it| (it.subject, it.name.as_str(), &it.values))
    }
}

impl PartialEq for Conditions {
    fn eq(&self, other: &Self) -> bool {
        self.identity().eq(other.identity())
    }
}
impl Eq for Conditions {}
impl PartialOrd for Conditions {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Conditions {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.identity().cmp(other.identity())
    }
}

/// Combinations of values that are tried for one example.
const COMBINATIONS_MAX: usize = 100_000;
/// Conditions that are met by one example.
const CONDITIONS_MAX: usize = 100;

/// Values with which a request meets all of `inside` and none of `outside` as a whole; `None` when there are none. The
/// fewest values do: one for each condition of `inside`, since more only meet more.
///
/// # Errors
/// [`TooBig`] when there is too much to try.
pub(super) fn uncovered(
    inside: &[&Conditions],
    outside: &[&Conditions],
) -> Result<Option<Vec<Value>>, TooBig> {
    let wanted = Conditions::new(inside.iter().flat_map(|conditions| conditions.iter().cloned()));
    if wanted.0.len() > CONDITIONS_MAX {
        return Err(TooBig);
    }
    if outside.iter().any(|conditions| wanted.is_within(conditions)) {
        return Ok(None);
    }
    // What asks for a field that need not be there is not met.
    let asks = |condition: &Condition| wanted.iter().any(|it| it.key() == condition.key());
    let outside: Vec<&Conditions> =
        outside.iter().copied().filter(|conditions| conditions.iter().all(asks)).collect();
    let mut goals: Vec<&Condition> = outside.iter().flat_map(|conditions| conditions.iter()).collect();
    goals.sort_by(|a, b| (a.key(), &a.values).cmp(&(b.key(), &b.values)));
    goals.dedup_by(|a, b| (a.key(), &a.values) == (b.key(), &b.values));
    let number = |condition: &Condition| {
        goals.iter().position(|goal| (goal.key(), &goal.values) == (condition.key(), &condition.values))
    };
    let mut search = Search {
        outside: outside.iter().map(|conditions| conditions.iter().filter_map(number).collect()).collect(),
        choices: wanted.iter().map(|condition| choices(condition, &goals)).collect::<Result<_, _>>()?,
        tried: 0,
    };
    let found = search.find(0, &BTreeSet::new())?;
    let field = |(condition, value): (&Condition, String)| (condition.subject, condition.name.clone(), value);
    Ok(found.map(|values| wanted.iter().zip(values).map(field).collect()))
}

/// Goals that a value meets, by their position, and the value.
type Choice = (BTreeSet<usize>, String);

/// Values of a condition that meet as few goals as possible.
fn choices(condition: &Condition, goals: &[&Condition]) -> Result<Vec<Choice>, TooBig> {
    let related: Vec<usize> = goals
        .iter()
        .enumerate()
        .filter(|(_, goal)| goal.key() == condition.key())
        .map(|(number, _)| number)
        .collect();
    let languages: Vec<&Language> =
        related.iter().filter_map(|&number| goals.get(number)).map(|goal| &goal.values).collect();
    let parts = condition.values.parts(&languages)?;
    let mut choices: Vec<Choice> = vec![];
    for (held, word) in parts {
        let met: BTreeSet<usize> =
            related.iter().zip(held).filter(|(_, held)| *held).map(|(&number, _)| number).collect();
        choices.push((met, word.into_iter().map(char::from).collect()));
    }
    let all = choices.clone();
    choices.retain(|(met, _)| !all.iter().any(|(fewer, _)| fewer.is_subset(met) && fewer != met));
    Ok(choices)
}

/// The search for a combination of choices that meets no set of goals as a whole.
struct Search {
    outside: Vec<BTreeSet<usize>>,
    choices: Vec<Vec<Choice>>,
    tried: usize,
}

impl Search {
    fn find(&mut self, at: usize, met: &BTreeSet<usize>) -> Result<Option<Vec<String>>, TooBig> {
        self.tried += 1;
        if self.tried > COMBINATIONS_MAX {
            return Err(TooBig);
        }
        if self.outside.iter().any(|goals| goals.is_subset(met)) {
            return Ok(None);
        }
        let Some(choices) = self.choices.get(at).cloned() else { return Ok(Some(vec![])) };
        for (goals, value) in choices {
            let met = met.union(&goals).copied().collect();
            if let Some(mut values) = self.find(at + 1, &met)? {
                values.insert(0, value);
                return Ok(Some(values));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, test: Test) -> Condition {
        Condition::new(Subject::Header, name, test).unwrap()
    }

    fn equals(name: &str, value: &str) -> Condition {
        header(name, Test::Equals(value.into()))
    }

    fn regex(name: &str, regex: &str) -> Condition {
        header(name, Test::Regex(Regex::parse(regex).unwrap()))
    }

    fn all<const N: usize>(conditions: [Condition; N]) -> Conditions {
        Conditions::new(conditions)
    }

    #[test]
    fn implied_conditions_fall_away() {
        let both = all([header("X", Test::Present), equals("x", "1"), header("x", Test::Prefix("1".into()))]);
        assert_eq!(both, all([regex("X", "1")]));
        assert!(both.is_within(&all([header("X", Test::Present)])) && both.is_within(Conditions::NONE));
        assert!(!all([header("X", Test::Present)]).is_within(&both));
    }

    #[test]
    fn two_values_of_a_field_meet_two_conditions() {
        let (one, two) = (all([equals("X", "1")]), all([equals("X", "2")]));
        assert!(!one.is_within(&two));
        let found = uncovered(&[&one, &two], &[]).unwrap().unwrap();
        assert_eq!(
            found.iter().map(|(_, _, value)| value.as_str()).collect::<BTreeSet<_>>(),
            ["1", "2"].into()
        );
        let both = all([equals("X", "2"), equals("X", "1")]);
        assert_eq!(uncovered(&[&one, &two], &[&both]), Ok(None), "a third one decides");
        assert!(uncovered(&[&one], &[&both]).unwrap().is_some());
    }

    #[test]
    fn conditions_can_cover_only_together() {
        let wanted = all([regex("X", "a|b|c")]);
        let (a, b, c) = (all([equals("X", "a")]), all([equals("X", "b")]), all([equals("X", "c")]));
        let left = uncovered(&[&wanted], &[&a, &b]).unwrap().unwrap();
        assert_eq!(left, [(Subject::Header, "x".to_owned(), "c".to_owned())]);
        assert_eq!(uncovered(&[&wanted], &[&a, &b, &c]), Ok(None));
        let present = all([header("X", Test::Present)]);
        assert!(uncovered(&[&present], &[&a, &b, &c]).unwrap().is_some());
        assert_eq!(uncovered(&[&a], &[Conditions::NONE]), Ok(None));
    }

    #[test]
    fn parameters_are_no_lists() {
        let query = |value: &str| Condition::new(Subject::Query, "Q", Test::Equals(value.into())).unwrap();
        let one = all([query("a")]);
        let param = |value: &str| [("Q".to_owned(), value.to_owned())];
        assert!(one.hold(&[], &param("a")) && !one.hold(&[], &param("a,b")) && !one.hold(&param("a"), &[]));
        let listed = all([equals("Q", "a")]);
        assert!(listed.hold(&[("q".into(), "b, a".into())], &[]));
    }
}
