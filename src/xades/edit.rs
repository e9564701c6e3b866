//! Insertions into a file whose other bytes stay as they are.

use std::ops::Range;

use crate::xml::{Document, Element};

/// Bytes that are put in place of a range: nothing, or the end of an empty tag that has to be opened.
pub(super) struct Edit {
    range: Range<usize>,
    text: String,
}

impl Edit {
    /// Puts `content` before the end tag of `element`.
    pub(super) fn at_end_of(document: &Document, element: Element<'_>, content: &str) -> Edit {
        let (range, written) = (element.range(), written(document, element));
        if let Some(start_tag) = written.strip_suffix(b"/>") {
            let name = start_tag.get(1..).unwrap_or_default();
            let end = name.iter().position(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).unwrap_or(name.len());
            let name = String::from_utf8_lossy(name.get(..end).unwrap_or_default());
            return Edit { range: range.end.saturating_sub(2)..range.end, text: format!(">{content}</{name}>") };
        }
        // The last thing in an element that begins so is its own end tag.
        let end_tag = written.windows(2).rposition(|pair| pair == b"</").unwrap_or(written.len());
        let at = range.start.saturating_add(end_tag);
        Edit { range: at..at, text: content.to_owned() }
    }

    /// Puts `content` before `element`.
    pub(super) fn before(element: Element<'_>, content: &str) -> Edit {
        let at = element.range().start;
        Edit { range: at..at, text: content.to_owned() }
    }

    /// The bytes of `document` with all of `edits`, which do not overlap; at one place, in their order.
    pub(super) fn apply(document: &Document, mut edits: Vec<Edit>) -> Vec<u8> {
        edits.sort_by_key(|edit| edit.range.start);
        let bytes = document.bytes();
        let mut out = Vec::with_capacity(bytes.len());
        let mut at = 0;
        for edit in edits {
            out.extend_from_slice(bytes.get(at..edit.range.start).unwrap_or_default());
            out.extend_from_slice(edit.text.as_bytes());
            at = edit.range.end;
        }
        out.extend_from_slice(bytes.get(at..).unwrap_or_default());
        out
    }
}

fn written<'a>(document: &'a Document, element: Element<'_>) -> &'a [u8] {
    document.bytes().get(element.range()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn content_goes_before_the_end_tag_and_nothing_else_changes() {
        let after = |text: &str| {
            let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
            let edit = Edit::at_end_of(&document, document.root(), "<x/>");
            String::from_utf8(Edit::apply(&document, vec![edit])).unwrap()
        };
        assert_eq!(after("<a><b></b>\n</a \r\n>\n"), "<a><b></b>\n<x/></a \r\n>\n");
        assert_eq!(after("<!--</a>--><a></a>"), "<!--</a>--><a><x/></a>");
        assert_eq!(after("<p:a xmlns:p='u:/>'\n/>"), "<p:a xmlns:p='u:/>'\n><x/></p:a>");
        assert_eq!(after("<a/>"), "<a><x/></a>");
        assert_eq!(after("<a>/></a>"), "<a>/><x/></a>");
        let document = Document::parse(b"<a><b/><c/></a>", &Limits::default()).unwrap();
        let second = document.root().children().nth(1).unwrap();
        let edits = vec![
            Edit::at_end_of(&document, document.root(), "3"),
            Edit::before(second, "1"),
            Edit::before(second, "2"),
        ];
        assert_eq!(Edit::apply(&document, edits), b"<a><b/>12<c/>3</a>");
    }
}
