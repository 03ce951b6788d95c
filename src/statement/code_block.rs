//! The code of DO: blocks of statements, as far as PL/pgSQL is offered.

use std::sync::Arc;

use crate::statement::planning::StatementTree;

/// `BEGIN … EXCEPTION … END`.
pub struct CodeBlock {
    pub steps: Vec<CodeStep>,
    /// What is done where a step fails, which takes back what the block has done; the first that fits.
    pub handlers: Vec<ExceptionHandler>,
}

/// One statement of a block.
pub enum CodeStep {
    /// A statement of SQL that gives no rows.
    Statement(CodeQuery),
    /// PERFORM: a query whose rows nobody wants.
    Perform(CodeQuery),
    /// EXECUTE: a query that gives the text of statements.
    Execute(CodeQuery),
    /// The conditions are queries of one value; the first that is true decides.
    If {
        branches: Vec<(CodeQuery, Vec<CodeStep>)>,
        otherwise: Vec<CodeStep>,
    },
    Block(CodeBlock),
    Raise(Raise),
    /// RAISE by itself: what is handled fails again.
    RaiseAgain,
    Return,
    /// NULL.
    Nothing,
}

/// A query in the code.
#[derive(Clone)]
pub struct CodeQuery {
    pub text: Arc<str>,
    pub tree: Arc<dyn StatementTree>,
}

/// `WHEN … THEN …`.
pub struct ExceptionHandler {
    pub conditions: Vec<ExceptionCondition>,
    pub steps: Vec<CodeStep>,
}

/// What a handler is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceptionCondition {
    /// Everything but cancelling and the end of the server.
    Others,
    /// The errors of a SQLSTATE; of its class where it ends with three zeros.
    State(&'static str),
}

/// RAISE: a report of a level, or an error.
pub struct Raise {
    pub level: RaiseLevel,
    /// The pieces between the `%`s of the message, one more than `arguments`; `None` where none is given.
    pub message: Option<Vec<String>>,
    pub arguments: Vec<CodeQuery>,
    pub state: Option<&'static str>,
    /// The condition that names `state`, which is the message where there is none.
    pub condition: Option<String>,
    /// USING: each query gives one text.
    pub options: Vec<(RaiseOption, CodeQuery)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RaiseLevel {
    Debug,
    Log,
    Info,
    Notice,
    Warning,
    Exception,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RaiseOption {
    Message,
    Detail,
    Hint,
    /// The name of a condition, or a SQLSTATE.
    State,
}

impl ExceptionCondition {
    /// Whether an error of this SQLSTATE is meant.
    pub fn is_met(self, sqlstate: &str) -> bool {
        match self {
            ExceptionCondition::Others => !matches!(sqlstate, "57014" | "57P01" | "57P02" | "P0004"),
            ExceptionCondition::State(state) => {
                let class = state.strip_suffix("000");
                state == sqlstate || class.is_some_and(|class| sqlstate.starts_with(class))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_means_its_state_or_its_class() {
        for (condition, sqlstate, is_met) in [
            (ExceptionCondition::State("42710"), "42710", true),
            (ExceptionCondition::State("42710"), "42P07", false),
            (ExceptionCondition::State("23000"), "23505", true),
            (ExceptionCondition::State("22012"), "22003", false),
            (ExceptionCondition::Others, "23505", true),
            (ExceptionCondition::Others, "57014", false),
        ] {
            assert_eq!(condition.is_met(sqlstate), is_met, "{condition:?} {sqlstate}");
        }
    }
}
