//! What members say to one another and how: messages, their bytes, the proof that comes before any, sealed frames, versions.
//!
//! Pure: bytes in, bytes out.

pub(super) mod bounded_seq;
pub(super) mod compression;
pub(super) mod encoding;
pub(super) mod frames;
pub mod message;
pub(super) mod proof;
pub(super) mod seal;
pub(super) mod seeded_random;
pub(super) mod state_message;
pub(super) mod statement;
pub(super) mod versions;
