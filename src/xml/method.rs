//! The names of the canonical forms.

use std::fmt;

use crate::error::{Misuse, Result};

/// Which rules decide about namespaces and `xml:` attributes.
// Complete: the three recommendations that signatures name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Canonical XML 1.0: all namespaces in scope, all `xml:` attributes inherited.
    Inclusive10,
    /// Canonical XML 1.1: the same, but `xml:id` is not inherited, `xml:base` is joined.
    Inclusive11,
    /// Exclusive XML Canonicalization 1.0: namespaces where they are used, nothing inherited.
    Exclusive,
}

/// A canonical form, with or without comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Method {
    pub(crate) form: Form,
    pub(crate) comments: bool,
}

const URIS: [(Method, &str); 6] = [
    (Method { form: Form::Exclusive, comments: false }, "http://www.w3.org/2001/10/xml-exc-c14n#"),
    (Method { form: Form::Exclusive, comments: true }, "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"),
    (Method { form: Form::Inclusive11, comments: false }, "http://www.w3.org/2006/12/xml-c14n11"),
    (Method { form: Form::Inclusive11, comments: true }, "http://www.w3.org/2006/12/xml-c14n11#WithComments"),
    (Method { form: Form::Inclusive10, comments: false }, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
    (
        Method { form: Form::Inclusive10, comments: true },
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
    ),
];

impl Method {
    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Method> {
        URIS.into_iter().map(|(method, _)| method)
    }

    /// The method that an `Algorithm` attribute names.
    pub(crate) fn from_uri(uri: &str) -> Option<Method> {
        URIS.into_iter().find_map(|(method, its)| (its == uri).then_some(method))
    }

    /// Its name as an algorithm.
    pub(crate) fn uri(self) -> &'static str {
        URIS.into_iter().find_map(|(method, uri)| (method == self).then_some(uri)).unwrap_or_default()
    }
}

/// The canonical form that a new XAdES signature uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Canonicalization {
    /// Exclusive XML Canonicalization 1.0: what is signed does not depend on what stands around it.
    #[default]
    Exclusive,
    /// Canonical XML 1.1.
    Inclusive11,
}

impl Canonicalization {
    /// Reads `exclusive` or `1.1`.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        [Canonicalization::Exclusive, Canonicalization::Inclusive11]
            .into_iter()
            .find(|one| one.as_str() == name)
            .ok_or_else(|| Misuse::new("no canonicalization of that name: `exclusive` or `1.1`").into())
    }

    /// The name that [`from_name`](Self::from_name) reads.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Canonicalization::Exclusive => "exclusive",
            Canonicalization::Inclusive11 => "1.1",
        }
    }

    /// The form it stands for, without comments.
    pub(crate) fn method(self) -> Method {
        let form = match self {
            Canonicalization::Exclusive => Form::Exclusive,
            Canonicalization::Inclusive11 => Form::Inclusive11,
        };
        Method { form, comments: false }
    }
}

impl fmt::Display for Canonicalization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
