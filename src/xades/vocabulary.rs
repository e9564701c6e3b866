//! Names of new elements at their place in somebody's file.

use super::{DS, XADES, XADES141};
use crate::xml::Element;

/// How the namespaces of XML Signature and XAdES are written at one place.
pub(super) struct Vocabulary<'a> {
    ds: &'a str,
    xades: &'a str,
    newer: &'a str,
    /// What the uppermost new element has to declare.
    declarations: String,
}

impl<'a> Vocabulary<'a> {
    /// Of elements that will stand in `element`.
    pub(super) fn within(element: Element<'a>) -> Self {
        let mut declarations = String::new();
        let mut declared = |prefix: &'a str, namespace: &str| {
            declarations.push_str(&format!(r#" xmlns:{prefix}="{namespace}""#));
            prefix
        };
        let known = element.prefix_of(DS);
        let xades = element.prefix_of(XADES);
        let xades = xades.unwrap_or_else(|| declared(free("xades", "etsi", [known, None]), XADES));
        let ds = known.unwrap_or_else(|| declared(free("ds", "dsig", [Some(xades), None]), DS));
        let newer = free("xades141", "etsi141", [Some(xades), Some(ds)]);
        Vocabulary { ds, xades, newer, declarations }
    }

    /// The start tag of an uppermost new element of XAdES, with these attributes.
    pub(super) fn top(&self, local: &str, attributes: &str, content: &str) -> String {
        let name = qualified(self.xades, local);
        format!("<{name}{}{attributes}>{content}</{name}>", self.declarations)
    }

    /// The same of XAdES 1.4.1, whose prefix is always declared where it is used: nothing covered changes by it.
    pub(super) fn newer(&self, local: &str, attributes: &str, content: &str) -> String {
        let newer = self.newer;
        let name = qualified(newer, local);
        let declaration = format!(r#" xmlns:{newer}="{XADES141}""#);
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

/// A prefix to be declared: the usual one, unless that means something else that is needed.
fn free<'a>(usual: &'a str, other: &'a str, taken: [Option<&str>; 2]) -> &'a str {
    if taken.contains(&Some(usual)) { other } else { usual }
}
