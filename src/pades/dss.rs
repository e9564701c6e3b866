//! The document security store (ISO 32000-2, 12.8.4.3): what it holds, and what is added to it.
//!
//! Nothing is ever taken away: new references go behind the old ones, entries by signature (`VRI`) stay as they are
//! and are not written anew. What is there already is known by its content, wherever the store names it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::answers::ValidationData;
use crate::answers::ocsp::Response;
use crate::error::{Error, ErrorCode, Limit, Malformed, Result};
use crate::pades::changes::Changes;
use crate::pades::signature::finding;
use crate::pdf::update::Update;
use crate::pdf::{Dictionary, Document, Object, Reference};
use crate::pki::crl::Crl;
use crate::pki::{Certificate, same_name};
use crate::source::{Source, to_u64};

/// What a DSS holds, as far as it can be read.
#[derive(Debug, Default)]
pub(crate) struct Dss {
    items: Vec<(Reference, Item)>,
}

#[derive(Debug, Clone)]
enum Item {
    Certificate(Certificate),
    Ocsp(Arc<Response>),
    Crl(Arc<Crl>),
}

/// The three lists of a DSS, and what they are called in it and in an entry of `VRI`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum List {
    Certificates,
    Ocsp,
    Crls,
}

impl List {
    const ALL: [List; 3] = [List::Certificates, List::Ocsp, List::Crls];

    fn key(self) -> &'static str {
        match self {
            List::Certificates => "Certs",
            List::Ocsp => "OCSPs",
            List::Crls => "CRLs",
        }
    }

    fn key_in_vri(self) -> &'static str {
        match self {
            List::Certificates => "Cert",
            List::Ocsp => "OCSP",
            List::Crls => "CRL",
        }
    }
}

/// Which objects a DSS names.
#[derive(Debug, Default)]
pub(crate) struct Named {
    /// In its own lists.
    listed: BTreeSet<(List, Reference)>,
    /// The same, in the order of the document.
    order: Vec<(List, Reference)>,
    /// In entries of VRI alone.
    more: Vec<(List, Reference)>,
}

impl Named {
    /// What the DSS of `document` names.
    ///
    /// # Errors
    /// `limit.exceeded`; reading faults. Entries that are not what they should be are left out.
    pub(crate) fn read(document: &Document) -> Result<Self> {
        let mut named = Named::default();
        let Some(dss) = dictionary(document)? else { return Ok(named) };
        for list in List::ALL {
            for reference in references(document, &dss, list.key())? {
                if named.listed.insert((list, reference)) {
                    named.order.push((list, reference));
                }
                named.check(document)?;
            }
        }
        let Ok(Object::Dictionary(vri)) = readable(document.get(&dss, "VRI"))? else { return Ok(named) };
        let mut seen = named.listed.clone();
        document.count(vri.raw())?;
        for (_, entry) in vri.entries() {
            let Ok(Object::Dictionary(entry)) = readable(document.resolve(&entry))? else { continue };
            for list in List::ALL {
                for reference in references(document, &entry, list.key_in_vri())? {
                    if seen.insert((list, reference)) {
                        named.more.push((list, reference));
                    }
                    named.check(document)?;
                }
            }
        }
        Ok(named)
    }

    fn check(&self, document: &Document) -> Result<()> {
        let (limit, found) = (document.limits().pdf_dss_objects, to_u64(self.order.len() + self.more.len()));
        if found > limit { Err(Limit::new("pdf_dss_objects", limit, found).into()) } else { Ok(()) }
    }

    fn names(&self, reference: Reference) -> bool {
        List::ALL.iter().any(|list| self.listed.contains(&(*list, reference)))
            || self.more.iter().any(|(_, more)| *more == reference)
    }
}

impl Dss {
    /// Reads all that the DSS of `document` names.
    ///
    /// # Errors
    /// `limit.exceeded`; reading faults. What can't be read is left out.
    pub(crate) fn read(document: &Document) -> Result<Self> {
        let named = Named::read(document)?;
        let mut dss = Dss::default();
        for (list, reference) in named.order.iter().chain(&named.more) {
            let Ok(Object::Stream(stream)) = readable(document.object(*reference))? else { continue };
            let data = match document.stream_data(&stream) {
                Ok(data) => data,
                Err(Error::Malformed(_)) => continue,
                Err(other) => return Err(other),
            };
            let limits = document.limits();
            let item = match list {
                List::Certificates if to_u64(data.len()) > limits.certificate_bytes => continue,
                List::Certificates => finding(Certificate::from_der(&data))?.map(Item::Certificate),
                List::Ocsp => finding(Response::read(&data, limits))?.map(|read| Item::Ocsp(Arc::new(read))),
                List::Crls => finding(Crl::read(&Source::from_bytes(data.into_vec()), limits))?
                    .map(|read| Item::Crl(Arc::new(read))),
            };
            dss.items.extend(item.ok().map(|item| (*reference, item)));
        }
        Ok(dss)
    }

    /// Adds all that it holds to `held`.
    pub(crate) fn add_to(&self, held: &mut ValidationData) {
        for (_, item) in &self.items {
            match item {
                Item::Certificate(certificate) => held.add_certificate(certificate),
                Item::Ocsp(response) => held.add_ocsp(response),
                Item::Crl(crl) => held.add_crl(crl),
            }
        }
    }

    /// Whether what `named` names says anything about the revocation of `certificate`, or there is nothing to say.
    pub(crate) fn proves(&self, named: &Named, certificate: &Certificate) -> bool {
        let mut items = self.items.iter().filter(|(reference, _)| named.names(*reference)).map(|(_, item)| item);
        if certificate.extensions().is_ok_and(|read| read.has_no_revocation || read.is_short_term) {
            return items.next().is_some();
        }
        items.any(|item| match item {
            Item::Certificate(_) => false,
            Item::Ocsp(response) => response.names(certificate),
            Item::Crl(crl) => same_name(crl.issuer_der(), certificate.issuer_der()),
        })
    }

    /// Whether nothing in it could be read.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Puts into `update` what of `data` is not there yet, and returns what is new; `None` where nothing is missing.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the DSS that is there is no dictionary of arrays.
    pub(crate) fn put(
        &self,
        document: &Document,
        data: &ValidationData,
        update: &mut Update<'_>,
    ) -> Result<Option<Dss>> {
        let named = Named::read(document)?;
        let (root, catalog) = document.catalog()?;
        let old = match document.get(&catalog, "DSS")? {
            Object::Dictionary(old) => Some(old),
            Object::Null => None,
            _ => return Err(Malformed::new(ErrorCode::PdfObjectType).object(root.number).into()),
        };
        let is_new = old.is_none();
        let dss = match old {
            Some(old) => old,
            None => document.parse_dictionary(EMPTY)?,
        };
        let mut changes = Changes::default();
        let mut added = Dss::default();
        let mut is_complete = true;
        for list in List::ALL {
            let mut references = Vec::new();
            for item in Item::all(data, list) {
                let known = self.items.iter().find(|(_, other)| item.is_same_as(other)).map(|(known, _)| *known);
                match known {
                    Some(known) if named.listed.contains(&(list, known)) => {}
                    // Some look at these lists alone.
                    Some(known) => references.push(known),
                    None => {
                        let reference = update.fresh()?;
                        update.put(reference, stream(&item)?);
                        references.push(reference);
                        added.items.push((reference, item));
                    }
                }
            }
            if !references.is_empty() {
                changes.append(document, update, &dss, list.key(), &references)?;
                is_complete = false;
            }
        }
        if is_complete {
            return Ok(None);
        }
        let mut catalog_changes = Changes::default();
        if let Some(body) = changes.apply(&dss) {
            match catalog.get("DSS") {
                Some(Object::Reference(reference)) if !is_new => update.put(reference, body),
                _ if !is_new => catalog_changes.set("DSS", body),
                _ => {
                    let reference = update.fresh()?;
                    update.put(reference, body);
                    catalog_changes.set("DSS", reference.to_string());
                }
            }
        }
        catalog_changes.name_extension(document, update, &catalog)?;
        if let Some(body) = catalog_changes.apply(&catalog) {
            update.put(root, body);
        }
        Ok(Some(added))
    }

    /// Takes up what was added, once it is in `document`.
    ///
    /// # Errors
    /// [`Error::Bug`] when the DSS does not name all of it.
    pub(crate) fn add(&mut self, added: Dss, document: &Document) -> Result<()> {
        let named = Named::read(document)?;
        self.items.extend(added.items);
        if self.items.iter().all(|(reference, _)| named.names(*reference)) {
            Ok(())
        } else {
            Err(Error::Bug("the DSS does not name what was put into it"))
        }
    }
}

impl Item {
    /// What of `data` belongs into `list`.
    fn all(data: &ValidationData, list: List) -> Vec<Item> {
        match list {
            List::Certificates => data.certificates().iter().cloned().map(Item::Certificate).collect(),
            List::Ocsp => data.ocsp().iter().cloned().map(Item::Ocsp).collect(),
            List::Crls => data.crls().iter().cloned().map(Item::Crl).collect(),
        }
    }

    fn is_same_as(&self, other: &Item) -> bool {
        match (self, other) {
            (Item::Certificate(one), Item::Certificate(other)) => one == other,
            (Item::Ocsp(one), Item::Ocsp(other)) => one.as_bytes() == other.as_bytes(),
            (Item::Crl(one), Item::Crl(other)) => one.is_same_as(other),
            _ => false,
        }
    }
}

/// A stream object with the item's bytes.
fn stream(item: &Item) -> Result<Vec<u8>> {
    let window;
    let data = match item {
        Item::Certificate(certificate) => certificate.as_der(),
        Item::Ocsp(response) => response.as_bytes(),
        Item::Crl(crl) => {
            window = crl.source().window(0..crl.source().len())?;
            &window
        }
    };
    let head = format!("<< /Length {} >>\nstream\n", data.len());
    Ok([head.as_bytes(), data, b"\nendstream"].concat())
}

fn dictionary(document: &Document) -> Result<Option<Dictionary>> {
    let (_, catalog) = document.catalog()?;
    match readable(document.get(&catalog, "DSS"))? {
        Ok(Object::Dictionary(dss)) => Ok(Some(dss)),
        _ => Ok(None),
    }
}

/// What can't be read is left out; what is too much is not.
fn readable<T>(result: Result<T>) -> Result<Result<T>> {
    match result {
        Err(error @ Error::LimitExceeded(_)) => Err(error),
        other => finding(other),
    }
}

/// The references in the array under `key`.
fn references(document: &Document, dictionary: &Dictionary, key: &str) -> Result<impl Iterator<Item = Reference>> {
    let items = match readable(document.get(dictionary, key))? {
        Ok(Object::Array(array)) => Some(document.walk(&array)?),
        _ => None,
    };
    Ok(items.into_iter().flatten().filter_map(|item| item.as_reference()))
}

const EMPTY: &[u8] = b"<< /Type /DSS >>";
