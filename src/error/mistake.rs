//! What is wrong with a text that people and programs write: a request, a line of a list, a file of settings.

use std::fmt;

/// What is wrong with a text, and where in its structure.
///
/// Names are shown, since they are what was misspelt, cut short and escaped; values never are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mistake {
    /// The line, from 1, and the column in it; `None` where the text is one line, or where no place is known.
    pub place: Option<(u64, u64)>,
    /// The value that it is about, such as `sessions[2].sessionId`; empty for the whole.
    pub path: String,
    /// What is wrong with it.
    pub what: Slip,
}

/// What can be wrong with a text or a value in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Slip {
    /// Nothing is there.
    Empty,
    /// It is not in UTF-8; what it seems to be in.
    Encoding(&'static str),
    /// It can't be read at all.
    Syntax(&'static str),
    /// A name that is not known here.
    UnknownName {
        /// The name, as it was written.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A name that must be there.
    MissingName(String),
    /// A name that stands there twice.
    TwiceName(String),
    /// A value of another kind than is wanted: both in words.
    Kind {
        /// What is wanted.
        wanted: String,
        /// What is there.
        found: &'static str,
    },
    /// A value that is not what it should be, in words.
    Not(String),
}

impl Mistake {
    /// A mistake in the whole, or in the value that `path` names.
    #[must_use]
    pub fn new(path: impl Into<String>, what: Slip) -> Self {
        Mistake { place: None, path: path.into(), what }
    }

    /// Adds line and column, both from 1.
    #[must_use]
    pub fn place(self, line: u64, column: u64) -> Self {
        Mistake { place: Some((line, column)), ..self }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.place {
            write!(f, "line {line}, column {column}: ")?;
        }
        let path = shown(&self.path);
        let whole = if path.is_empty() { "it" } else { &path };
        let inside = if path.is_empty() { String::new() } else { format!(" in {path}") };
        match &self.what {
            Slip::Empty => f.write_str("it is empty"),
            Slip::Encoding(found) => write!(f, "it is not in UTF-8: {found}"),
            Slip::Syntax(what) => f.write_str(what),
            Slip::UnknownName { name, known } => {
                write!(f, "there is no name \"{}\"{inside}", shown(name))?;
                match nearest(name, known.iter().map(String::as_str)) {
                    Some(meant) => write!(f, "; did you mean \"{meant}\"?"),
                    None if known.is_empty() => Ok(()),
                    None => write!(f, "; there are {}", known.join(", ")),
                }
            }
            Slip::MissingName(name) => write!(f, "\"{}\" is missing{inside}", shown(name)),
            Slip::TwiceName(name) => write!(f, "\"{}\" stands there twice{inside}", shown(name)),
            Slip::Kind { wanted, found } => write!(f, "{whole} is {found}, where {wanted} is wanted"),
            Slip::Not(wanted) => write!(f, "{whole} is not {wanted}"),
        }
    }
}

/// The one of `known` that was probably meant by `name`, if there is one: case and `-` or `_` aside, a letter in three
/// may be another, missing, too many or in its neighbour's place.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| -> Vec<char> {
        text.chars().filter(|c| !"-_ ".contains(*c)).flat_map(char::to_lowercase).take(LONGEST + 1).collect()
    };
    let wanted = plain(name);
    if wanted.is_empty() || wanted.len() > LONGEST {
        return None;
    }
    let apart = known.into_iter().filter_map(|one| {
        let other = plain(one);
        let apart = distance(&wanted, &other);
        (apart <= wanted.len().max(other.len()).div_ceil(3).min(wanted.len() - 1)).then_some((apart, one))
    });
    apart.min_by_key(|(apart, _)| *apart).map(|(_, one)| one)
}

/// How many letters have to be changed, put in, left out or swapped with the next.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let of = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut least = (of(&last, j) + usize::from(a != b)).min(of(&last, j + 1) + 1).min(of(&row, j) + 1);
            let is_swapped = j > 0 && i > 0 && one.get(i - 1) == Some(b) && other.get(j - 1) == Some(a);
            if is_swapped {
                least = least.min(of(&before, j - 1) + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

/// A name as it is shown: escaped, and cut where it is too long to be one.
fn shown(name: &str) -> String {
    let cut = |(at, _): (usize, char)| format!("{}…", name.get(..at).unwrap_or_default().escape_debug());
    name.char_indices().nth(LONGEST).map_or_else(|| name.escape_debug().to_string(), cut)
}

const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_found_by_a_slip_of_the_finger() {
        let known = ["signAsPdf", "sessions", "reason", "certificate", "url"];
        for (typed, meant) in [
            ("signAsPDF", Some("signAsPdf")),
            ("sign_as_pdf", Some("signAsPdf")),
            ("reasn", Some("reason")),
            ("raeson", Some("reason")),
            ("resaon", Some("reason")),
            ("session", Some("sessions")),
            ("uri", Some("url")),
            ("certifikate", Some("certificate")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, known), meant, "{typed}");
        }
        assert_eq!(nearest(&"reason".repeat(100_000), known), None);
        assert_eq!(nearest("sign", ["seal", "sessions"]), None);
    }

    #[test]
    fn names_are_cut_and_escaped() {
        let slip = |name: &str| Slip::UnknownName { name: name.into(), known: Vec::new() };
        let text = Mistake::new("", slip(&"a\u{1b}\u{202e}".repeat(1_000))).to_string();
        assert!(text.chars().all(|c| c == '…' || c.is_ascii_graphic() || c == ' ') && text.len() < 1_000, "{text}");
        let text = Mistake::new("a\n", slip("b")).place(2, 3).to_string();
        assert_eq!(text, r#"line 2, column 3: there is no name "b" in a\n"#);
    }
}
