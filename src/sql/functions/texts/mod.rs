//! Functions of texts and of what is written as one: patterns, documents of full text, bytes, bits, labels of enums.

pub(in crate::sql) mod bits;
pub(in crate::sql) mod bytes;
pub(in crate::sql) mod concat;
pub(in crate::sql) mod enums;
pub(in crate::sql) mod format;
pub(in crate::sql) mod full_text;
pub(in crate::sql) mod patterns;
pub(in crate::sql) mod regexps;
pub(in crate::sql) mod spellings;
pub(in crate::sql) mod strings;
