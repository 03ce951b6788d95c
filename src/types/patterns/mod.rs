//! Patterns over text: LIKE, SIMILAR TO, and what is wrong with a regular expression.

pub(super) mod like;
pub(super) mod regex_error;
pub(super) mod similar;
