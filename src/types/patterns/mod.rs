//! Patterns over text: LIKE, SIMILAR TO, and regular expressions.

pub(super) mod like;
pub(super) mod regex;
pub(super) mod regex_error;
pub(super) mod similar;
