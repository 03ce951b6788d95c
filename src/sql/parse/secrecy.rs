//! What a statement is about, judged by its tree: whether it touches secrets, whether it ends a transaction, how large it is.
//!
//! Secrets are the entries of the collection `auth`, the owner's password and those of networks. A statement that names one of
//! them anywhere may hold one, since its literals are not told apart: then nothing of its text is to be shown.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, ObjectName, Statement, TableFactor, Value as Literal, ValueWithSpan, Visitor,
};

use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::db::AUTH;
use crate::sql::parse::dialect::PostgresDialect;
use crate::sql::parse::names::last_part;
use crate::sql::parse::parse::ParsedStatement;
use crate::sql::parse::visit::visit;

/// Functions whose arguments are, or may hold, the secret of a network.
const SECRET_FUNCTIONS: [&str; 4] =
    ["nebulus_create_network", "nebulus_join_network", "nebulus_alter_network", "nebulus_rotate_secret"];
/// The function that reads a text in the other language.
const KNIRVQL_FUNCTION: &str = "knirvql";

/// Whether the arguments of a function are, or may hold, a secret.
pub fn is_secret_function(name: &str) -> bool {
    SECRET_FUNCTIONS.contains(&name)
}

/// The words of a text outside of its literals, in lower case and whether it is a statement or not. Those of a text that is cut
/// off inside of a literal are all of its words, and what `knirvql('…')` reads counts as well.
pub fn words(text: &str) -> Vec<String> {
    let Ok(tokens) = Tokenizer::new(&PostgresDialect, text).tokenize() else { return all_words(text).collect() };
    let mut words = Vec::new();
    for token in &tokens {
        match token {
            Token::Word(word) => words.push(word.value.to_lowercase()),
            Token::SingleQuotedString(inner) | Token::EscapedStringLiteral(inner)
                if words.iter().any(|word| word == KNIRVQL_FUNCTION) =>
            {
                words.extend(all_words(inner));
            }
            _ => {}
        }
    }
    words
}

fn all_words(text: &str) -> impl Iterator<Item = String> {
    text.split(|character: char| !(character.is_alphanumeric() || character == '_')).map(str::to_lowercase)
}

impl ParsedStatement {
    /// Whether its text may hold a secret.
    pub fn touches_secrets(&self) -> bool {
        let Some(statement) = &self.statement else { return false };
        visit(statement, &mut Secrets::default()).is_break()
    }

    /// Expressions and values in it, each of which takes some memory in the tree and in the plan.
    pub fn parts(&self) -> usize {
        let mut parts = Parts(0);
        let walked = self.statement.as_ref().map(|statement| visit(statement, &mut parts));
        debug_assert!(walked.is_none_or(|walked| walked.is_continue()));
        parts.0
    }

    /// The name of the prepared statement that it executes.
    pub fn executes(&self) -> Option<String> {
        match &self.statement {
            Some(Statement::Execute { name: Some(name), .. }) => last_part(name),
            _ => None,
        }
    }

    /// Whether a failed transaction accepts the statement: it ends the transaction or goes back to a savepoint.
    pub fn ends_transaction(&self) -> bool {
        matches!(self.statement, Some(Statement::Commit { .. } | Statement::Rollback { .. }))
    }
}

/// Breaks off at what makes a text secret.
#[derive(Default)]
struct Secrets {
    /// Texts are looked at as KNIRVQL: one of them is, or may be, an argument of `knirvql('…')`.
    reads_knirvql: bool,
}

impl Secrets {
    fn function(&mut self, name: &ObjectName) -> ControlFlow<()> {
        let name = last_part(name).unwrap_or_default();
        self.reads_knirvql |= name == KNIRVQL_FUNCTION;
        broken(SECRET_FUNCTIONS.contains(&name.as_str()))
    }
}

impl Visitor for Secrets {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        broken(last_part(relation).is_some_and(|name| name == AUTH))?;
        self.function(relation)
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Function { name, .. } => self.function(name),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => self.function(&function.name),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> ControlFlow<()> {
        let text = match &value.value {
            Literal::SingleQuotedString(text) | Literal::EscapedStringLiteral(text) => text.as_str(),
            Literal::DollarQuotedString(text) => text.value.as_str(),
            _ => "",
        };
        broken(self.reads_knirvql && mentions_auth(text))
    }
}

/// Counts.
struct Parts(usize);

impl Visitor for Parts {
    type Break = ();

    fn pre_visit_expr(&mut self, _expr: &Expr) -> ControlFlow<()> {
        self.0 += 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, _value: &ValueWithSpan) -> ControlFlow<()> {
        self.0 += 1;
        ControlFlow::Continue(())
    }
}

fn broken(is_secret: bool) -> ControlFlow<()> {
    if is_secret { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

/// Whether a text has the word AUTH, by whatever rules it is read.
fn mentions_auth(text: &str) -> bool {
    text.split(|character: char| !character.is_alphanumeric()).any(|word| word.eq_ignore_ascii_case(AUTH))
}
