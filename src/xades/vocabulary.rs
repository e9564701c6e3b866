//! Names of new elements at their place in somebody's file.

use super::{DS, XADES, XADES141};
use crate::xml::Element;

/// How the namespaces of XML Signature and XAdES are written at one place.
pub(super) struct Vocabulary<'a> {
    ds: &'a str,
    xades: &'a str,
    /// What the uppermost new element has to declare.
    declarations: String,
}

impl<'a> Vocabulary<'a> {
    /// Of elements that will stand in `element`.
    pub(super) fn within(element: Element<'a>) -> Self {
        let known = |namespace| element.prefix_of(namespace).filter(|prefix| *prefix != NEWER);
        match (known(DS), known(XADES)) {
            (Some(ds), Some(xades)) => Vocabulary { ds, xades, declarations: String::new() },
            _ => {
                let declarations = format!(r#" xmlns:ds="{DS}" xmlns:xades="{XADES}""#);
                Vocabulary { ds: "ds", xades: "xades", declarations }
            }
        }
    }

    /// The start tag of an uppermost new element of XAdES, with these attributes.
    pub(super) fn top(&self, local: &str, attributes: &str, content: &str) -> String {
        let name = qualified(self.xades, local);
        format!("<{name}{}{attributes}>{content}</{name}>", self.declarations)
    }

    /// The same of XAdES 1.4.1, whose prefix is always declared where it is used: nothing covered changes by it.
    pub(super) fn newer(&self, local: &str, attributes: &str, content: &str) -> String {
        let name = qualified(NEWER, local);
        let declaration = format!(r#" xmlns:{NEWER}="{XADES141}""#);
        format!("<{name}{declaration}{}{attributes}>{content}</{name}>", self.declarations)
    }

    /// An element of XAdES in a new one.
    pub(super) fn xades(&self, local: &str, content: &str) -> String {
        let name = qualified(self.xades, local);
        format!("<{name}>{content}</{name}>")
    }

    /// An empty element of XML Signature with the attribute `Algorithm`.
    pub(super) fn algorithm(&self, local: &str, uri: &str) -> String {
        let name = qualified(self.ds, local);
        format!(r#"<{name} Algorithm="{uri}"></{name}>"#)
    }
}

fn qualified(prefix: &str, local: &str) -> String {
    if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") }
}

const NEWER: &str = "xades141";
