//! Sessions through all that may happen to them.
