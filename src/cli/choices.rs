//! Options whose values are a closed set: what can be chosen, for completions and for messages.
//!
//! What a value means is said where it is used. A test makes sure that each value here is taken there.

use eseal::{Canonicalization, Compress, DigestAlgorithm, Format, Level, Limits};

/// The values that an option takes.
pub(crate) struct Choice {
    /// As they are completed.
    names: &'static [&'static str],
    /// What stands behind a name before its value.
    ending: &'static str,
    takes: fn(&str) -> bool,
}

impl Choice {
    /// Whether the option takes this value; some are written in several ways.
    pub(crate) fn takes(&self, text: &str) -> bool {
        (self.takes)(text)
    }

    /// The values as a shell completes them.
    pub(crate) fn names(&self) -> Vec<String> {
        self.names.iter().map(|name| name.replace('_', "-")).map(|name| format!("{name}{}", self.ending)).collect()
    }

    /// The values as a clause.
    pub(crate) fn in_words(&self) -> String {
        match self.names {
            _ if !self.ending.is_empty() => format!("NAME{}VALUE with a name that is known", self.ending),
            [rest @ .., last] if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            names => names.join(", "),
        }
    }
}

/// The values of the option `--name`; `None` where there is no end of them.
pub(crate) fn of(name: &str) -> Option<Choice> {
    let choice = |names, takes| Some(Choice { names, ending: "", takes });
    match name {
        "level" => choice(&["b-b", "b-t", "b-lt", "b-lta"], |text| Level::from_name(text).is_ok()),
        "digest" => choice(&["sha256", "sha384", "sha512"], |text| DigestAlgorithm::from_name(text).is_ok()),
        "format" => choice(&["pdf", "asice", "edoc"], |text| Format::from_name(text).is_ok()),
        "c14n" => choice(&["exclusive", "1.1"], |text| Canonicalization::from_name(text).is_ok()),
        "compress" => choice(&["auto", "store", "deflate"], |text| Compress::from_name(text).is_ok()),
        "commitment" => choice(COMMITMENTS, |text| COMMITMENTS.contains(&text) || text.contains('.')),
        "limit" => {
            let is_known = |text: &str| text.split_once('=').is_some_and(|(name, _)| Limits::about(name).is_some());
            Some(Choice { names: Limits::NAMES, ending: "=", takes: is_known })
        }
        _ => None,
    }
}

// An OID is one, too.
const COMMITMENTS: &[&str] = &[
    "proof-of-origin",
    "proof-of-receipt",
    "proof-of-delivery",
    "proof-of-sender",
    "proof-of-approval",
    "proof-of-creation",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_taken() {
        for name in ["level", "digest", "format", "c14n", "compress", "commitment"] {
            let choice = of(name).unwrap_or_else(|| panic!("{name}"));
            assert!(choice.names().iter().all(|value| choice.takes(value)), "{name}");
            assert!(!choice.takes("nonsense"), "{name}");
        }
        let limit = of("limit").unwrap_or_else(|| panic!());
        assert!(limit.names().iter().all(|value| limit.takes(&format!("{value}7"))) && !limit.takes("pdf-dept=7"));
        assert!(of("level").is_some_and(|choice| choice.takes("B-LT")));
    }
}
