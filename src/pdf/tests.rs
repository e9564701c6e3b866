//! Whole documents, built here: what opens, what is refused, and with which code.

mod build;
mod corpus;
mod damage;
mod differential;
mod form_of_tables;
mod forms;
mod memory;
mod numbers;
mod recovery;
mod sections;
