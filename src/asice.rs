//! ASiC-E containers with XAdES (EN 319 162-1), which EDOC 2 are, too.
//!
//! In: data files or a container, a plan. Out: what is to be signed, and the finished container as pieces. Decided
//! here and nowhere else: which entries a container has, in which order, and which files a signature covers.

mod container;
mod covered_data;
mod data_file;
mod draft;
mod earlier;
mod extend;
mod fill;
mod finalize;
mod hashes;
mod inspect;
mod layout;
mod manifest;
mod measure;
mod media_type;
mod mimetype;
mod new;
mod prepare;
mod remarks;
mod report;
mod rewrite;
mod subject;

pub(crate) use container::{Container, is_zip};
pub use data_file::DataFile;
pub(crate) use draft::{Base, Draft, Frame, Planned};
pub(crate) use extend::{Extension, Given};
pub(crate) use finalize::{finalize, finalize_new};
pub(crate) use measure::Measured;
pub(crate) use mimetype::begins_as_asice;
pub(crate) use new::NewContainer;
pub(crate) use prepare::{begin, begin_new, prepare, prepare_new};
pub use report::{ContainerInspection, ContainerSignature, DataFileReport, EntryReport};
