//! An expression over one row as a definition keeps it: a text that means the same whoever reads it.
//!
//! Names go without that of the table, which may change, and those of types with their schemas. Literals that the settings of a session decide, as `'01/02/2024'` is a
//! day of January or of February, are kept as the value that they were for the session which wrote them.

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, Ident, ObjectName, Spanned, Value as Literal, ValueWithSpan,
};

use crate::error::{Error, Result};
use crate::expr::ParameterTypes;
use crate::model::{Collection, CollectionId, CollectionKind};
use crate::sql::analyze::analyzer::analyze_view;
use crate::sql::analyze::views::ViewNotes;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::folded;
use crate::sql::parse::trees::select_of;
use crate::sql::parse::visit::{change_expressions, has_expression};
use crate::sql::write::type_names::qualify_types;
use crate::sql::write::write_target::{WritePlace, located};
use crate::types::ColumnType;

/// What a definition keeps of an expression.
pub struct KeptExpression {
    pub expr: Expr,
    /// The columns that it names, each once.
    pub columns: Vec<String>,
    /// Whether a row has the same value whenever it is computed, and whoever computes it.
    pub is_immutable: bool,
}

/// An expression as a definition keeps it; of what it is made, for messages, and the type that its value becomes, where that is known.
///
/// # Errors
/// 42703 and 42P01 for names that mean nothing here, 0A000 for a system column; what the walk over the expression reports.
pub fn kept(
    expr: &Expr,
    (of, ty): (&str, Option<&ColumnType>),
    table: &Collection,
    context: &PlanContext<'_>,
) -> Result<KeptExpression> {
    let mut kept = expr.clone();
    // A dump has parentheses around what it was read from, and the next one would have two.
    while let Expr::Nested(inner) = kept {
        kept = *inner;
    }
    change_expressions(&mut kept, |part| {
        if let Expr::CompoundIdentifier(parts) = part
            && let [relation, column] = parts.as_slice()
            && folded(relation) == table.name
            && table.column(&folded(column)).is_some()
        {
            *part = Expr::Identifier(column.clone());
        }
    });
    let (mut columns, mut fault) = (Vec::new(), None);
    has_expression(&kept, |part| {
        let Expr::Identifier(ident) = part else { return false };
        let name = folded(ident);
        if table.column(&name).is_some() {
            if !columns.contains(&name) {
                columns.push(name);
            }
            return false;
        }
        if table.system_column(&name).is_some() || name.starts_with('$') {
            let error = Error::unsupported(
                format!("system column \"{name}\" reference in {of} is not offered"),
                "What it says follows from the entry as a whole.",
            );
            fault = Some(located(error, context.text, part.span().start));
        }
        fault.is_some()
    });
    if let Some(error) = fault {
        return Err(error);
    }
    qualify_types(&mut kept, context);
    let notes = notes_of(&kept, ty, &columns, table, context)?;
    keep_literals(&mut kept, &notes);
    Ok(KeptExpression { expr: kept, columns, is_immutable: notes.is_immutable() })
}

/// A default as a definition keeps it.
///
/// # Errors
/// As [`kept`].
pub fn kept_default(expr: &Expr, ty: &ColumnType, context: &PlanContext<'_>) -> Result<Expr> {
    let mut kept = expr.clone();
    qualify_types(&mut kept, context);
    let none = Collection::new(CollectionId(0), "", CollectionKind::Table, Vec::new());
    let notes = notes_of(&kept, Some(ty), &[], &none, context)?;
    keep_literals(&mut kept, &notes);
    Ok(kept)
}

/// What the walk over an expression notes, whose columns are parameters of their types.
fn notes_of(
    expr: &Expr,
    ty: Option<&ColumnType>,
    columns: &[String],
    table: &Collection,
    context: &PlanContext<'_>,
) -> Result<ViewNotes> {
    let mut over_parameters = expr.clone();
    change_expressions(&mut over_parameters, |part| {
        if let Expr::Identifier(ident) = part
            && let Some(at) = columns.iter().position(|column| *column == folded(ident))
        {
            *part = Expr::value(Literal::Placeholder(format!("${}", at + 1)));
        }
    });
    if let Some(ty) = ty {
        over_parameters = Expr::Cast {
            kind: CastKind::Cast,
            expr: Box::new(over_parameters),
            data_type: DataType::Custom(ObjectName::from(vec![Ident::new(ty.spelled())]), Vec::new()),
            array: false,
            format: None,
        };
    }
    let positions = columns.iter().filter_map(|column| table.column(column));
    let types: Vec<Option<ColumnType>> =
        positions.map(|position| Some(WritePlace::Column(position).ty(table))).collect();
    let mut parameters = ParameterTypes::new(&types, types.len()).with_columns_from(0);
    analyze_view(&select_of(vec![over_parameters])?, &mut parameters, context).map(|(_, notes)| notes)
}

/// Has literals say what they were read as.
fn keep_literals(expr: &mut Expr, notes: &ViewNotes) {
    let keep = |literal: &mut ValueWithSpan| {
        if let Some(text) = notes.literal_at(literal.span.start) {
            literal.value = Literal::SingleQuotedString(text.to_string());
        }
    };
    change_expressions(expr, |part| match part {
        Expr::Value(literal) => keep(literal),
        Expr::TypedString(typed) => keep(&mut typed.value),
        _ => {}
    });
}
