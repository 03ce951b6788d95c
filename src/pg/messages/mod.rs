//! Messages of the protocol: cut out of the stream and read field by field, gathered and written, errors and notices among them.

pub(super) mod input;
pub(super) mod output;
pub(super) mod report;
