//! The names of result columns, as PostgreSQL derives them (`FigureColname` in its parser).

use datafusion::sql::sqlparser::ast::{
    AccessExpr, ArrayElemTypeDef, BinaryOperator, DataType, Expr, FunctionArguments, Ident, ObjectName, ObjectNamePart,
    Query, SelectItem, SetExpr, TrimWhereField, Value,
};

use crate::error::{Error, Result};
use crate::sql::parse::json_constructors::IS_JSON;
use crate::types::ColumnType;

/// The name of an expression without one.
pub const UNNAMED: &str = "?column?";

/// The name of a result column that no alias names.
pub fn column_name(expr: &Expr) -> String {
    strong_name(expr).or_else(|| weak_name(expr)).unwrap_or_else(|| UNNAMED.to_string())
}

/// A name that a cast around the expression keeps.
fn strong_name(expr: &Expr) -> Option<String> {
    let fixed = match expr {
        Expr::Identifier(ident) => return Some(folded(ident)),
        Expr::CompoundIdentifier(parts) => return parts.last().map(folded),
        Expr::CompoundFieldAccess { root, access_chain } => {
            let field = access_chain.iter().rev().find_map(|access| match access {
                AccessExpr::Dot(Expr::Identifier(name)) => Some(folded(name)),
                _ => None,
            });
            return field.or_else(|| strong_name(root));
        }
        Expr::Function(function) => {
            // What an operator is read as has no name.
            let name = last_part(&function.name).filter(|name| name != IS_JSON)?;
            let keyword = matches!(function.args, FunctionArguments::None);
            return Some(if keyword { name.to_lowercase() } else { name });
        }
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => return strong_name(inner),
        Expr::Cast { expr, .. } => return strong_name(expr),
        Expr::Subquery(query) => return first_column(query),
        Expr::Exists { negated: false, .. } => "exists",
        Expr::Array(_) => "array",
        Expr::Tuple(_) => "row",
        Expr::Extract { .. } => "extract",
        Expr::Position { .. } => "position",
        Expr::Substring { shorthand: true, .. } => "substr",
        Expr::Substring { .. } => "substring",
        Expr::Overlay { .. } => "overlay",
        Expr::Ceil { .. } => "ceil",
        Expr::Floor { .. } => "floor",
        Expr::AtTimeZone { .. } => "timezone",
        Expr::BinaryOp { op: BinaryOperator::Overlaps, .. } => "overlaps",
        Expr::Trim { trim_where, .. } => match trim_where {
            Some(TrimWhereField::Leading) => "ltrim",
            Some(TrimWhereField::Trailing) => "rtrim",
            _ => "btrim",
        },
        _ => return None,
    };
    Some(fixed.to_string())
}

/// A name that only stands where nothing better is found.
fn weak_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Nested(inner) | Expr::CompoundFieldAccess { root: inner, .. } => weak_name(inner),
        Expr::Case { else_result, .. } => {
            Some(else_result.as_deref().and_then(strong_name).unwrap_or_else(|| "case".to_string()))
        }
        Expr::Cast { data_type, .. } => Some(type_name(data_type)),
        Expr::TypedString(typed) => Some(type_name(&typed.data_type)),
        Expr::Interval(_) => Some("interval".to_string()),
        Expr::Value(value) => match value.value {
            Value::Boolean(_) => Some("bool".to_string()),
            _ => None,
        },
        _ => None,
    }
}

fn type_name(data_type: &DataType) -> String {
    if let DataType::Interval { .. } = data_type {
        return "interval".to_string();
    }
    match (ColumnType::parse(&data_type.to_string()), data_type) {
        (Ok(ty), _) => ty.base().internal_name(),
        (Err(_), DataType::Custom(name, _)) => last_part(name).unwrap_or_default(),
        // As deep as the parser nests.
        (Err(_), DataType::Array(ArrayElemTypeDef::SquareBracket(element, _))) => type_name(element),
        (Err(_), _) => data_type.to_string().to_lowercase(),
    }
}

/// The last part of a dotted name.
pub fn last_part(name: &ObjectName) -> Option<String> {
    match name.0.last()? {
        ObjectNamePart::Identifier(ident) => Some(folded(ident)),
        ObjectNamePart::Function(_) => None,
    }
}

fn first_column(query: &Query) -> Option<String> {
    let mut body = query.body.as_ref();
    loop {
        match body {
            SetExpr::Select(select) => {
                return match select.projection.first()? {
                    SelectItem::UnnamedExpr(expr) => Some(column_name(expr)),
                    SelectItem::ExprWithAlias { alias, .. } => Some(folded(alias)),
                    _ => None,
                };
            }
            SetExpr::SetOperation { left, .. } => body = left,
            SetExpr::Query(query) => body = query.body.as_ref(),
            SetExpr::Values(_) => return Some("column1".to_string()),
            _ => return None,
        }
    }
}

/// The name an identifier means: folded to lower case unless quoted.
pub fn folded(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}

/// An identifier that means exactly this name.
pub fn exact(name: impl Into<String>) -> Ident {
    Ident::with_quote('"', name)
}

/// The schema, where one is written, and the name of a relation or index.
///
/// # Errors
/// 42601 for a name without parts.
pub fn relation_name(name: &ObjectName) -> Result<(Option<String>, String)> {
    let mut parts = name.0.iter().filter_map(|part| match part {
        ObjectNamePart::Identifier(ident) => Some(folded(ident)),
        ObjectNamePart::Function(_) => None,
    });
    let parts: Vec<String> = parts.by_ref().collect();
    match parts.as_slice() {
        [name] => Ok((None, name.clone())),
        [.., schema, name] => Ok((Some(schema.clone()), name.clone())),
        [] => Err(Error::syntax("a relation without a name", None)),
    }
}
