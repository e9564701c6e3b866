//! Changes to a dictionary: entries are added or replaced, all else stays byte for byte.

use crate::error::{ErrorCode, Malformed, Result};
use crate::pdf::update::Update;
use crate::pdf::{Array, Dictionary, Document, Object, Reference};

/// Entries of a dictionary that get other values.
#[derive(Default)]
pub(crate) struct Changes(Vec<(&'static str, Vec<u8>)>);

impl Changes {
    pub(crate) fn set(&mut self, key: &'static str, value: impl Into<Vec<u8>>) {
        self.0.push((key, value.into()));
    }

    /// Appends `items` to the array under `key`, where that lies; returns its own reference if it has one.
    pub(crate) fn append(
        &mut self,
        document: &Document,
        update: &mut Update<'_>,
        dictionary: &Dictionary,
        key: &'static str,
        items: &[Reference],
    ) -> Result<Option<Reference>> {
        let items: Vec<String> = items.iter().map(Reference::to_string).collect();
        let items = items.join(" ");
        match dictionary.get(key) {
            Some(Object::Array(array)) => self.set(key, appended(&array, &items)),
            Some(Object::Reference(reference)) => match document.object(reference)? {
                // An array that serves two purposes is extended for one, and copied for the other.
                Object::Array(array) if update.has(reference) => {
                    self.set(key, appended(&array, &items));
                }
                Object::Array(array) => {
                    update.put(reference, appended(&array, &items));
                    return Ok(Some(reference));
                }
                Object::Null => self.set(key, format!("[{items}]")),
                _ => return Err(Malformed::new(ErrorCode::PdfObjectType).object(reference.number).into()),
            },
            None | Some(Object::Null) => self.set(key, format!("[{items}]")),
            Some(_) => return Err(Malformed::new(ErrorCode::PdfObjectType).into()),
        }
        Ok(None)
    }

    /// Says in the catalog of a PDF 1.x file that it uses ETSI's extension (EN 319 142-1, 5.6).
    pub(crate) fn name_extension(
        &mut self,
        document: &Document,
        update: &mut Update<'_>,
        catalog: &Dictionary,
    ) -> Result<()> {
        if document.effective_version()? >= (2, 0) {
            return Ok(());
        }
        let Object::Dictionary(extensions) = document.get(catalog, "Extensions")? else {
            self.set("Extensions", [b"<< /ESIC ".as_slice(), ESIC, b" >>"].concat());
            return Ok(());
        };
        if extensions.get("ESIC").is_some() {
            return Ok(());
        }
        let body = extensions.with(&[("ESIC", ESIC)]);
        match catalog.get("Extensions") {
            Some(Object::Reference(reference)) => update.put(reference, body),
            _ => self.set("Extensions", body),
        }
        Ok(())
    }

    /// The dictionary with the changes, or nothing when there are none.
    pub(crate) fn apply(&self, dictionary: &Dictionary) -> Option<Vec<u8>> {
        let changes: Vec<(&str, &[u8])> = self.0.iter().map(|(key, value)| (*key, value.as_slice())).collect();
        (!changes.is_empty()).then(|| dictionary.with(&changes))
    }
}

/// The array with `items` at its end. Null among references is left out: it stands for nothing, but others want
/// references alone where they compare revisions.
fn appended(array: &Array, items: &str) -> Vec<u8> {
    if !array.is_of_references() || array.items().all(|item| !item.is_null()) {
        return array.with_appended(items.as_bytes());
    }
    let kept: Vec<String> = array.items().filter_map(|item| item.as_reference()).map(|item| item.to_string()).collect();
    format!("[{}]", format!("{} {items}", kept.join(" ")).trim_start()).into_bytes()
}

const ESIC: &[u8] = b"<< /Type /DeveloperExtensions /BaseVersion /1.7 /ExtensionLevel 1 >>";
