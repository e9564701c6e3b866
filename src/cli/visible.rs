//! Text of others on a terminal: nothing in it moves the cursor, turns the direction of reading, or can't be seen.

/// A name, or what else comes from outside, as one line that is what it looks like.
pub(crate) fn printable(text: &str) -> String {
    shown(text, |_| false)
}

/// The same for text of several lines that this program has put together.
pub(crate) fn printable_lines(text: &str) -> String {
    shown(text, |c| c == '\n')
}

fn shown(text: &str, stays: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) && !stays(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown
}

/// Whether a character is seen only by what it does to others.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Which way text runs: marks, embeddings, overrides, isolates.
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Where lines end.
            | '\u{2028}' | '\u{2029}'
            // What has no width: joiners, invisible operators, soft hyphens, fillers, the mark of byte order.
            | '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            // Tags.
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_write_to_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\n\u{9b}.pdf"), "a\\u{1b}[2Jb\\u{a}\\u{9b}.pdf");
        assert_eq!(printable_lines("a\x1b[2J\n\u{202e}b"), "a\\u{1b}[2J\n\\u{202e}b");
    }

    #[test]
    fn a_name_is_what_it_looks_like() {
        assert_eq!(printable("invoice\u{202e}fdp.exe"), "invoice\\u{202e}fdp.exe");
        for c in "\u{200b}\u{200e}\u{2028}\u{2029}\u{2060}\u{2066}\u{2069}\u{feff}\u{ad}\u{61c}\u{e0041}\u{3164}\u{85}"
            .chars()
        {
            assert_eq!(printable(&c.to_string()), format!("\\u{{{:x}}}", u32::from(c)));
        }
        for name in ["rēķins – Ķekava.pdf", "عقد.pdf", "契約書.pdf", "🔑.pdf", "\u{fffd}.pdf", "a b\\c"] {
            assert_eq!(printable(name), name);
        }
    }
}
