//! Values as the fields of messages, in PostgreSQL's text and binary formats, both ways.

pub(super) mod decode;
pub(super) mod encode;
pub(super) mod numeric;
pub(super) mod ranges;
pub(super) mod reader;
