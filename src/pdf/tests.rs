//! Whole documents, built here: what opens, what is refused, and with which code.

mod build;
mod corpus;
mod damage;
mod differential;
mod forms;
mod memory;
mod recovery;
mod sections;
