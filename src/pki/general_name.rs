//! Names of all kinds that extensions use (RFC 5280, 4.2.1.6).

use super::name::same_name;
use crate::der::{self, Element, Reader};
use crate::error::Result;

/// A GeneralName.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GeneralName {
    Email(String),
    Dns(String),
    /// A Name, complete.
    Directory(Vec<u8>),
    Uri(String),
    /// An address; in constraints with its mask.
    Ip(Vec<u8>),
    /// Anything else, complete.
    Other(Vec<u8>),
}

impl GeneralName {
    /// Reads one; strings that are not ASCII are faults.
    pub(crate) fn read(element: &Element<'_>) -> Result<Self> {
        let text = || match std::str::from_utf8(element.content()) {
            Ok(text) if text.is_ascii() => Ok(text.to_owned()),
            _ => Err(element.fault()),
        };
        Ok(match element.tag() {
            EMAIL => GeneralName::Email(text()?),
            DNS => GeneralName::Dns(text()?),
            DIRECTORY => {
                let mut inside = element.reader()?;
                let name = inside.read(der::SEQUENCE)?.raw().to_vec();
                inside.end()?;
                GeneralName::Directory(name)
            }
            URI => GeneralName::Uri(text()?),
            IP => GeneralName::Ip(element.content().to_vec()),
            _ => GeneralName::Other(element.raw().to_vec()),
        })
    }

    /// Reads all names that are left.
    pub(crate) fn read_all(mut reader: Reader<'_>) -> Result<Vec<Self>> {
        let mut names = Vec::new();
        while !reader.is_empty() {
            names.push(GeneralName::read(&reader.element()?)?);
        }
        Ok(names)
    }

    /// The Name, if it is one.
    pub(crate) fn directory(&self) -> Option<&[u8]> {
        match self {
            GeneralName::Directory(name) => Some(name),
            _ => None,
        }
    }

    /// The address to ask over HTTP, if it is one.
    pub(crate) fn http_url(&self) -> Option<&str> {
        let is_http = |url: &str| {
            let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
            matches!(scheme.as_deref(), Some("http" | "https"))
        };
        match self {
            GeneralName::Uri(url) if is_http(url) => Some(url),
            _ => None,
        }
    }

    /// Whether both name the same; Names by RFC 5280, 7.1.
    pub(crate) fn is_same(&self, other: &GeneralName) -> bool {
        match (self.directory(), other.directory()) {
            (Some(one), Some(other)) => same_name(one, other),
            _ => self == other,
        }
    }
}

const EMAIL: u8 = der::context_primitive(1);
const DNS: u8 = der::context_primitive(2);
const DIRECTORY: u8 = der::context(4);
const URI: u8 = der::context_primitive(6);
const IP: u8 = der::context_primitive(7);
