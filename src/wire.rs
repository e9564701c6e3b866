//! What signing systems say to each other, as values: requests and answers under the names of their services.
//!
//! In: bytes of JSON that nobody vouches for. Out: values, or where the bytes are wrong; and the other way round.
//! Decided here: names, what is written, and which slips of the services' own texts are accepted on reading.

pub mod lvrtc;
