//! What a part of a document takes along from the elements around it: `xml:lang`, `xml:space`, `xml:base`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Walk;
use super::base::join;
use crate::xml::method::Form;
use crate::xml::tree::{Element, local};
use crate::xml::{XML_NAMESPACE, tree};

impl<'a> Walk<'a, '_> {
    /// Writes the attributes of an element whose parent is not in the output.
    pub(super) fn attributes_with_inherited(&mut self, element: Element<'a>) {
        let text = &self.document.text;
        let of_xml = |one: &&tree::Attribute| one.namespace == tree::Binding::Xml;
        let mut all: BTreeMap<(&str, &str), (&str, Cow<'a, str>)> = BTreeMap::new();
        for around in element.ancestors() {
            for one in around.attributes().iter().filter(of_xml) {
                let name = one.name.of(text);
                let is_inherited = match self.method.form {
                    Form::Inclusive10 => true,
                    Form::Inclusive11 => matches!(local(name), "lang" | "space"),
                    Form::Exclusive => false,
                };
                if is_inherited {
                    all.entry((XML_NAMESPACE, local(name))).or_insert((name, Cow::Borrowed(one.value.of(text))));
                }
            }
        }
        for one in element.attributes() {
            all.insert(self.document.key(one), (one.name.of(text), Cow::Borrowed(one.value.of(text))));
        }
        if self.method.form == Form::Inclusive11
            && let Some(base) = self.joined_base(element)
        {
            let key = (XML_NAMESPACE, "base");
            if base.is_empty() {
                all.remove(&key)
            } else {
                all.insert(key, ("xml:base", Cow::Owned(base)))
            };
        }
        for (name, value) in all.values() {
            self.attribute(name, value);
        }
    }

    /// The `xml:base` of `element` as seen from the nearest element of the output around it; `None` where no
    /// element between them has one.
    fn joined_base(&self, element: Element<'a>) -> Option<String> {
        let skipped = self.open.iter().rev().take_while(|open| !open.is_included).count();
        let none_is_included = skipped == self.open.len();
        let left_out = element.ancestors().take(if none_is_included { usize::MAX } else { skipped });
        let bases = left_out.filter_map(|around| around.attribute_in(XML_NAMESPACE, "base"));
        let mut joined = element.attribute_in(XML_NAMESPACE, "base").map(str::to_owned);
        let mut is_due = false;
        for base in bases {
            is_due = true;
            joined = Some(join(base, joined.as_deref()));
        }
        joined.filter(|_| is_due)
    }
}
