//! A place in the text, and the small steps a reader takes from there.

use super::chars::{begins_name, continues_name, is_white};
use crate::error::{Error, ErrorCode, Malformed, Result};
use crate::source::to_u64;

/// Walks over a text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Scanner { text, at: 0 }
    }

    /// Offset of what comes next.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What has not been read.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over `expected` if it comes next.
    pub(super) fn eat(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    /// Steps over `expected`, which must come next.
    pub(super) fn expect(&mut self, expected: &str) -> Result<()> {
        if self.eat(expected) { Ok(()) } else { Err(self.syntax()) }
    }

    /// Steps over white space; whether there was any.
    pub(super) fn skip_white(&mut self) -> bool {
        let from = self.at;
        while self.peek().is_some_and(is_white) {
            self.at += 1;
        }
        self.at > from
    }

    /// Steps over the next `len` bytes, which end at a character.
    pub(super) fn take(&mut self, len: usize) -> &'a str {
        let taken = self.rest().get(..len).unwrap_or_default();
        self.at += taken.len();
        taken
    }

    /// What stands before `mark`; steps over both.
    pub(super) fn until(&mut self, mark: &str) -> Result<&'a str> {
        let Some(len) = self.rest().find(mark) else { return Err(self.syntax()) };
        let taken = self.take(len);
        self.at += mark.len();
        Ok(taken)
    }

    /// A name without a colon.
    pub(super) fn name(&mut self) -> Result<&'a str> {
        let rest = self.rest();
        if !rest.starts_with(begins_name) {
            return Err(self.syntax());
        }
        Ok(self.take(rest.find(|c| !continues_name(c)).unwrap_or(rest.len())))
    }

    /// A name, or two with a colon between.
    pub(super) fn qualified_name(&mut self) -> Result<&'a str> {
        let from = self.at;
        self.name()?;
        if self.eat(":") {
            self.name()?;
        }
        Ok(self.text.get(from..self.at).unwrap_or_default())
    }

    /// What stands between quotation marks of either kind.
    pub(super) fn quoted(&mut self) -> Result<&'a str> {
        for mark in ["\"", "'"] {
            if self.eat(mark) {
                return self.until(mark);
            }
        }
        Err(self.syntax())
    }

    /// The text is not well-formed here.
    pub(super) fn syntax(&self) -> Error {
        self.fault(ErrorCode::XmlSyntax)
    }

    /// Something is wrong here.
    pub(super) fn fault(&self, code: ErrorCode) -> Error {
        fault(code, self.at)
    }
}

/// Something is wrong at `offset`.
pub(super) fn fault(code: ErrorCode, offset: usize) -> Error {
    Malformed::at(code, to_u64(offset)).into()
}
