//! EXPLAIN, planned: its options, and the statement that it explains.

use datafusion::sql::sqlparser::ast::{AnalyzeFormat, AnalyzeFormatKind, CreateTable, Expr, Statement, UtilityOption};

use crate::error::{Error, ErrorKind, Result};
use crate::metrics::StatementKind;
use crate::sql::analyze::parameter_types::ParameterTypes;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::folded;
use crate::sql::statement::plan::plan_statement;
use crate::statement::{self, Explain};

/// Plans EXPLAIN with the statement that it explains.
///
/// # Errors
/// 42601 for an option that does not exist and for a statement that has no plan, 22023 for a switch that is neither on nor
/// off, 0A000 for another format than text; as [`plan_statement`].
pub fn plan_explain(
    statement: &Statement,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<Explain> {
    let Statement::Explain { analyze, statement, format, options, .. } = statement else {
        return Err(Error::internal("no EXPLAIN is planned as one"));
    };
    let mut analyze = *analyze;
    if let Some(AnalyzeFormatKind::Keyword(format) | AnalyzeFormatKind::Assignment(format)) = format
        && !matches!(format, AnalyzeFormat::TEXT)
    {
        return Err(only_text(&format.to_string()));
    }
    for option in options.iter().flatten() {
        match folded(&option.name).as_str() {
            "analyze" => analyze = is_on(option)?,
            "format" => {
                let format = option.arg.as_ref().map(ToString::to_string).unwrap_or_default();
                if !format.trim_matches('\'').eq_ignore_ascii_case("text") {
                    return Err(only_text(&format));
                }
            }
            "verbose" | "costs" | "buffers" | "timing" | "summary" | "settings" | "wal" | "generic_plan" | "memory" => {
                is_on(option)?;
            }
            name => return Err(Error::syntax(format!("unrecognized EXPLAIN option \"{name}\""), None)),
        }
    }
    let (inner, _) = plan_statement(statement, parameters, context)?;
    // Of definitions those have a plan that make a table of a query.
    let has_query = match statement.as_ref() {
        Statement::CreateTable(CreateTable { query, .. }) => query.is_some(),
        other => matches!(other, Statement::Query(_)),
    };
    match &inner {
        statement::Statement::Read(_) => {}
        statement::Statement::Change(change) if has_query || change.kind() != StatementKind::Define => {}
        _ => {
            return Err(Error::syntax(
                "EXPLAIN takes SELECT, INSERT, UPDATE, DELETE, VALUES and CREATE TABLE AS",
                None,
            ));
        }
    }
    Ok(Explain { analyze, inner: Box::new(inner) })
}

fn only_text(format: &str) -> Error {
    Error::unsupported(format!("EXPLAIN (FORMAT {format}) is not offered"), "Use FORMAT TEXT.")
}

/// The value of a switch; one without a value is on.
fn is_on(option: &UtilityOption) -> Result<bool> {
    let Some(argument) = &option.arg else { return Ok(true) };
    let text = match argument {
        Expr::Identifier(ident) => folded(ident),
        other => other.to_string().trim_matches('\'').to_ascii_lowercase(),
    };
    match text.as_str() {
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" | "none" => Ok(false),
        _ => Err(Error::new(
            ErrorKind::InvalidParameterValue,
            format!("{} requires a Boolean value", folded(&option.name)),
        )),
    }
}
