//! How deep statements run in one another: EXECUTE runs another one, DO several.

use crate::error::{Error, ErrorKind, Result};

/// Deepest nesting of statements that run others.
const NESTED_STATEMENTS_MAX: usize = 8;

/// How many statements run in one another.
#[derive(Debug, Default)]
pub(super) struct StatementNesting(usize);

impl StatementNesting {
    /// A statement begins that may run others.
    ///
    /// # Errors
    /// 54001 above `NESTED_STATEMENTS_MAX`: a prepared statement may execute itself, and code may run its own text.
    pub fn enter(&mut self) -> Result<()> {
        if self.0 >= NESTED_STATEMENTS_MAX {
            let message = format!("statements run in one another more than {NESTED_STATEMENTS_MAX} deep");
            return Err(
                Error::new(ErrorKind::TooComplex, message).with_hint("Look for an EXECUTE or a DO that runs itself.")
            );
        }
        self.0 += 1;
        Ok(())
    }

    /// It has ended, in whatever way.
    pub fn leave(&mut self) {
        self.0 = self.0.saturating_sub(1);
    }
}
