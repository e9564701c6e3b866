//! Names of entries: which are safe, and which are the same.

use std::collections::BTreeSet;
use std::ops::Bound;

use unicode_normalization::UnicodeNormalization;

use crate::Limits;
use crate::error::{ErrorCode, Limit, Malformed, Result};
use crate::source::to_u64;

/// Makes sure that `name` is the name of a file that every system can write below a folder without leaving it.
///
/// # Errors
/// `zip.name`; [`Error::LimitExceeded`](crate::Error::LimitExceeded) for `zip_name_bytes`.
pub(crate) fn check_name(name: &str, limits: &Limits) -> Result<()> {
    let len = to_u64(name.len());
    if len > limits.zip_name_bytes {
        return Err(Limit::new("zip_name_bytes", limits.zip_name_bytes, len).into());
    }
    if is_safe(name) { Ok(()) } else { Err(Malformed::new(ErrorCode::ZipName).into()) }
}

/// Whether `name`, of whatever length, leads nowhere else and looks like no other.
pub(super) fn is_safe(name: &str) -> bool {
    name.split('/').all(is_plain_part) && !name.chars().any(is_misleading) && !has_drive(name)
}

/// Whether `part` means itself: some systems cut off dots and blanks at the end.
fn is_plain_part(part: &str) -> bool {
    !part.is_empty() && !part.ends_with(['.', ' '])
}

fn has_drive(name: &str) -> bool {
    matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// Controls, what turns the direction of writing, and what is no character at all.
fn is_misleading(c: char) -> bool {
    c == '\\'
        || c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{feff}' | '\u{fdd0}'..='\u{fdef}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Safe names, no two of which are the same to a system that knows neither case nor Unicode forms, and none of
/// which is a folder of another.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Folded, with a separator that sorts before every character of a name. So all that lies below a folder
    /// follows it at once, and a file that is in the way of a new name can only be the name just before.
    folded: BTreeSet<String>,
}

impl Names {
    /// Takes `name`, a folder's with its `/`. Returns whether it is none of those that were taken.
    #[must_use]
    pub(crate) fn insert(&mut self, name: &str) -> bool {
        let folded = fold(name);
        let before = self.folded.range::<str, _>((Bound::Unbounded, Bound::Excluded(folded.as_str()))).next_back();
        let is_below_file = before
            .and_then(|before| folded.strip_prefix(before.as_str()).map(|rest| (before, rest)))
            .is_some_and(|(before, rest)| !before.ends_with(SEPARATOR) && rest.starts_with(SEPARATOR));
        let after = self.folded.range::<str, _>((Bound::Excluded(folded.as_str()), Bound::Unbounded)).next();
        let is_above = !folded.ends_with(SEPARATOR)
            && after
                .and_then(|after| after.strip_prefix(folded.as_str()))
                .is_some_and(|rest| rest.starts_with(SEPARATOR));
        !is_below_file && !is_above && self.folded.insert(folded)
    }
}

fn fold(name: &str) -> String {
    let folded = if name.is_ascii() {
        name.to_ascii_lowercase()
    } else {
        // Decomposed first: marks of equal letters then stand in one order before case changes what they stand on.
        let plain: String = name.nfd().collect();
        plain.to_uppercase().to_lowercase().nfc().collect()
    };
    folded.replace('/', SEPARATOR_TEXT)
}

// Controls are in no safe name.
const SEPARATOR: char = '\u{1}';
const SEPARATOR_TEXT: &str = "\u{1}";
