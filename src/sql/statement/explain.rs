//! EXPLAIN, planned: its options, and the statement that it explains.

use datafusion::sql::sqlparser::ast::{AnalyzeFormatKind, CreateTable, Expr, Statement, UtilityOption};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::ParameterTypes;
use crate::metrics::StatementKind;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::folded;
use crate::sql::statement::plan::plan_statement;
use crate::statement::{self, Explain, ExplainFormat};

/// Plans EXPLAIN with the statement that it explains.
///
/// # Errors
/// 42601 for an option that does not exist and for a statement that has no plan, 22023 for a switch that is neither on nor
/// off or a format that does not exist, 0A000 for one that is not written here; as [`plan_statement`].
pub fn plan_explain(
    statement: &Statement,
    parameters: &mut ParameterTypes,
    context: &PlanContext<'_>,
) -> Result<Explain> {
    let Statement::Explain { analyze, statement, format, options, .. } = statement else {
        return Err(Error::internal("no EXPLAIN is planned as one"));
    };
    let mut asked = Asked { analyze: *analyze, summary: None, format: ExplainFormat::Text };
    if let Some(AnalyzeFormatKind::Keyword(format) | AnalyzeFormatKind::Assignment(format)) = format {
        asked.format = format_of(&format.to_string())?;
    }
    for option in options.iter().flatten() {
        asked.take(option)?;
    }
    asked.check(options.as_deref().unwrap_or_default())?;
    let Asked { analyze, summary, format } = asked;
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
                "EXPLAIN takes SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES and CREATE TABLE AS",
                None,
            ));
        }
    }
    Ok(Explain { analyze, summary: summary.unwrap_or(analyze), format, inner: Box::new(inner) })
}

/// What the options ask for, as far as it changes what is shown: a plan here has no costs, widths and buffers.
struct Asked {
    analyze: bool,
    summary: Option<bool>,
    format: ExplainFormat,
}

impl Asked {
    fn take(&mut self, option: &UtilityOption) -> Result<()> {
        match folded(&option.name).as_str() {
            "analyze" => self.analyze = is_on(option)?,
            "summary" => self.summary = Some(is_on(option)?),
            "format" => self.format = format_of(&argument(option).unwrap_or_default())?,
            "serialize" => match argument(option).as_deref() {
                None | Some("none" | "off" | "text" | "binary") => {}
                Some(other) => return Err(unrecognized("serialize", other)),
            },
            "verbose" | "costs" | "buffers" | "timing" | "settings" | "wal" | "generic_plan" | "memory" => {
                is_on(option)?;
            }
            name => return Err(Error::syntax(format!("unrecognized EXPLAIN option \"{name}\""), None)),
        }
        Ok(())
    }

    /// Refuses options that need another, or that exclude one another.
    fn check(&self, options: &[UtilityOption]) -> Result<()> {
        let is_given = |name: &str| {
            options
                .iter()
                .rev()
                .find(|option| folded(&option.name) == name)
                .is_some_and(|option| !matches!(argument(option).as_deref(), Some("off" | "false" | "0" | "none")))
        };
        let refused = |message: String| Err(Error::new(ErrorKind::InvalidParameterValue, message));
        for name in ["wal", "timing", "serialize"] {
            if !self.analyze && is_given(name) {
                return refused(format!("EXPLAIN option {} requires ANALYZE", name.to_ascii_uppercase()));
            }
        }
        if self.analyze && is_given("generic_plan") {
            return refused("EXPLAIN options ANALYZE and GENERIC_PLAN cannot be used together".to_string());
        }
        Ok(())
    }
}

/// # Errors
/// 22023 for a format that PostgreSQL has not.
fn format_of(format: &str) -> Result<ExplainFormat> {
    match format.to_ascii_lowercase().as_str() {
        "text" => Ok(ExplainFormat::Text),
        "json" => Ok(ExplainFormat::Json),
        "yaml" => Ok(ExplainFormat::Yaml),
        "xml" => Ok(ExplainFormat::Xml),
        other => Err(unrecognized("format", other)),
    }
}

fn unrecognized(option: &str, value: &str) -> Error {
    let message = format!("unrecognized value for EXPLAIN option \"{option}\": \"{value}\"");
    Error::new(ErrorKind::InvalidParameterValue, message)
}

/// The value of an option.
fn argument(option: &UtilityOption) -> Option<String> {
    option.arg.as_ref().map(|argument| match argument {
        Expr::Identifier(ident) => folded(ident),
        other => other.to_string().trim_matches('\'').to_ascii_lowercase(),
    })
}

/// The value of a switch; one without a value is on.
fn is_on(option: &UtilityOption) -> Result<bool> {
    let Some(text) = argument(option) else { return Ok(true) };
    match text.as_str() {
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" => Ok(false),
        _ => Err(Error::new(
            ErrorKind::InvalidParameterValue,
            format!("{} requires a Boolean value", folded(&option.name)),
        )),
    }
}
