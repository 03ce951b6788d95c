//! Identity columns: the options of their sequences, and what a column can be besides.

use datafusion::sql::sqlparser::ast::{ColumnOption, Expr, SequenceOptions, UnaryOperator, Value as Literal};

use crate::db::Transaction;
use crate::error::{Error, ErrorKind, Notice, Result};
use crate::model::{Column, DefaultValue, IdentityKind, Numbering, RelationName, SequenceKind};
use crate::sql::define::sequence::SequenceRequest;
use crate::sql::define::sequence_numbers::numbers_of;
use crate::sql::parse::identity_text::{IdentityText, identity_text};
use crate::sql::parse::sequence_text::GivenNumbers;
use crate::types::ColumnType;

/// Makes an identity column of one of whole numbers.
///
/// # Errors
/// 22023 for another type and for numbers that no sequence has.
pub fn make_identity(column: &mut Column, is_always: bool, options: &[SequenceOptions]) -> Result<()> {
    if !column.ty.is_integer() {
        let message = "identity column type must be smallint, integer, or bigint";
        return Err(Error::new(ErrorKind::InvalidParameterValue, message));
    }
    column.not_null = true;
    column.default = Some(if is_always { DefaultValue::Identity } else { DefaultValue::Sequence });
    column.is_identity_by_default = !is_always;
    column.numbering = numbering(options, &column.ty)?;
    Ok(())
}

/// A column that exists as an identity column: ALTER COLUMN … ADD GENERATED … AS IDENTITY.
///
/// # Errors
/// 55000, in PostgreSQL's words, for a column that may be NULL, has a default or is one already; as [`make_identity`].
pub fn as_identity(
    column: &Column,
    table: &str,
    is_always: bool,
    options: Option<&[SequenceOptions]>,
) -> Result<Column> {
    let fault = |what: &str| {
        let message = format!("column \"{}\" of relation \"{table}\" {what}", column.name);
        Err(Error::new(ErrorKind::NotInPrerequisiteState, message))
    };
    match column.default {
        _ if !column.not_null => {
            return fault("must be declared NOT NULL before identity can be added");
        }
        _ if column.identity().is_some() => return fault("is already an identity column"),
        Some(_) => return fault("already has a default value"),
        None => {}
    }
    let mut identity = column.clone();
    make_identity(&mut identity, is_always, options.unwrap_or_default())?;
    Ok(identity)
}

/// The change of an identity column that stands for a default.
///
/// # Errors
/// 42601 for what is no option of a sequence, and for one that is said twice.
pub fn identity_change(default: &Expr) -> Result<IdentityText> {
    let change = identity_text(default).ok_or_else(|| Error::internal("a default that is no change of an identity"))?;
    if let IdentityText::Set { options, .. } = &change {
        if let Some(wrong) = &options.wrong {
            return Err(Error::syntax(format!("syntax error at or near \"{wrong}\""), None));
        }
        if options.repeats {
            return Err(Error::syntax("conflicting or redundant options", None));
        }
    }
    Ok(change)
}

/// Makes such a change.
///
/// # Errors
/// 55000 for a column that is no identity column; 22023 for numbers that contradict each other.
pub fn change_identity(
    table: &RelationName,
    column: &str,
    change: &IdentityText,
    transaction: &mut Transaction,
) -> Result<()> {
    match change {
        IdentityText::Drop { if_exists } => match transaction.drop_identity(table, column) {
            Err(error) if *if_exists && error.kind() == ErrorKind::NotInPrerequisiteState => {
                transaction.notices.push(Notice::new(format!("{}, skipping", error.message())));
                Ok(())
            }
            dropped => dropped,
        },
        IdentityText::Set { is_always, options } => {
            let name = transaction.identity_sequence(table, column)?;
            if let Some(is_always) = is_always {
                let kind = if *is_always { IdentityKind::Always } else { IdentityKind::ByDefault };
                transaction.set_generated(table, column, kind)?;
            }
            if options.is_empty() {
                return Ok(());
            }
            SequenceRequest::of_identity(name, options.as_ref().clone()).make(transaction).map(drop)
        }
    }
}

/// What the options say.
///
/// # Errors
/// As [`numbers_of`].
fn numbering(options: &[SequenceOptions], ty: &ColumnType) -> Result<Numbering> {
    let mut given = GivenNumbers::default();
    let bound = |bound: &Option<Expr>| bound.as_ref().map(number).transpose();
    for option in options {
        match option {
            SequenceOptions::StartWith(start, _) => given.start = Some(number(start)?),
            SequenceOptions::IncrementBy(increment, _) => given.increment = Some(number(increment)?),
            SequenceOptions::MinValue(least) => given.min = Some(bound(least)?),
            SequenceOptions::MaxValue(most) => given.max = Some(bound(most)?),
            SequenceOptions::Cache(cache) => given.cache = Some(number(cache)?),
            // sqlparser's flag says that NO stands before it.
            SequenceOptions::Cycle(is_denied) => given.cycle = Some(!is_denied),
        }
    }
    let kind = SequenceKind::of(ty).unwrap_or(SequenceKind::Int8);
    Ok(Numbering::of(&numbers_of(&given, kind, None)?))
}

fn number(expr: &Expr) -> Result<i64> {
    let (negative, digits) = match expr {
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => (true, expr.as_ref()),
        Expr::UnaryOp { op: UnaryOperator::Plus, expr } => (false, expr.as_ref()),
        other => (false, other),
    };
    let Expr::Value(value) = digits else { return Err(no_number(expr)) };
    let Literal::Number(digits, _) = &value.value else { return Err(no_number(expr)) };
    let text = if negative { format!("-{digits}") } else { digits.clone() };
    text.parse().map_err(|_| no_number(expr))
}

fn no_number(expr: &Expr) -> Error {
    Error::syntax(format!("{expr} is no whole number"), None).with_hint("IDENTITY (START WITH 1 INCREMENT BY 1)")
}

/// Refuses clauses of a column that contradict each other.
///
/// # Errors
/// 42601, in PostgreSQL's words.
pub fn check_clauses(table: &str, column: &Column, is_serial: bool, options: &[&ColumnOption]) -> Result<()> {
    let count = |is_wanted: fn(&ColumnOption) -> bool| options.iter().filter(|option| is_wanted(option)).count();
    let defaults = count(|option| matches!(option, ColumnOption::Default(_)));
    let identities = count(|option| matches!(option, ColumnOption::Identity(_)) || is_identity(option));
    let computed = count(|option| matches!(option, ColumnOption::Generated { generation_expr: Some(_), .. }));
    let nulls = count(|option| matches!(option, ColumnOption::Null));
    let not_nulls = count(|option| matches!(option, ColumnOption::NotNull));
    let place = format!("for column \"{}\" of table \"{table}\"", column.name);
    let fault = if identities > 1 {
        Some("multiple identity specifications")
    } else if identities == 1 && (defaults > 0 || is_serial) {
        Some("both default and identity specified")
    } else if computed > 0 && defaults > 0 {
        Some("both default and generation expression specified")
    } else if computed > 0 && identities > 0 {
        Some("both identity and generation expression specified")
    } else if computed > 1 {
        Some("multiple generation clauses specified")
    } else if defaults > 1 || (defaults == 1 && is_serial) {
        Some("multiple default values specified")
    } else if nulls > 0 && (not_nulls > 0 || identities > 0 || is_serial) {
        Some("conflicting NULL/NOT NULL declarations")
    } else {
        None
    };
    match fault {
        Some(fault) => Err(Error::syntax(format!("{fault} {place}"), None)),
        None => Ok(()),
    }
}

fn is_identity(option: &ColumnOption) -> bool {
    matches!(option, ColumnOption::Generated { generation_expr: None, .. })
}
