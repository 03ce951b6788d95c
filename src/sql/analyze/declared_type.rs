//! The types of columns as CREATE TABLE and casts write them, serial pseudo-types included.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::DataType;

use crate::error::Result;
use crate::model::UserType;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::parse::character;
use crate::sql::pg_catalog::{meant_domain, meant_type, path_of, type_place};
use crate::types::ColumnType;

/// A column's declared type.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredType {
    pub ty: ColumnType,
    /// The domain that it is of; `ty` is the type of its values.
    pub domain: Option<Arc<UserType>>,
    /// `serial` and the like: NOT NULL, with a sequence as its default.
    pub is_serial: bool,
}

/// # Errors
/// 42704 for a type that does not exist, 22023 for a modifier out of range.
pub fn declared_type(data_type: &DataType, context: &PlanContext<'_>) -> Result<DeclaredType> {
    let path = path_of(context);
    let domain = meant_domain(data_type, &path, context);
    let declared = declared_as(data_type, |data_type| meant_type(data_type, &path, context));
    declared.map(|declared| DeclaredType { domain, ..declared }).map_err(|error| {
        match type_place(data_type).and_then(|place| character(context.text, place)) {
            Some(position) if error.position().is_none() => error.with_position(position),
            _ => error,
        }
    })
}

fn declared_as(data_type: &DataType, meant: impl FnOnce(&DataType) -> Result<ColumnType>) -> Result<DeclaredType> {
    let name = data_type.to_string();
    let serial = match name.to_ascii_lowercase().as_str() {
        "bigserial" | "serial8" => Some(ColumnType::Int8),
        "serial" | "serial4" => Some(ColumnType::Int4),
        "smallserial" | "serial2" => Some(ColumnType::Int2),
        _ => None,
    };
    match serial {
        Some(ty) => Ok(DeclaredType { ty, domain: None, is_serial: true }),
        None => Ok(DeclaredType { ty: meant(data_type)?, domain: None, is_serial: false }),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::Statement;

    use super::*;
    use crate::sql::parse::parse::parse;

    fn declared(name: &str) -> Result<DeclaredType> {
        let Some(Statement::CreateTable(table)) = parse(&format!("CREATE TABLE t (c {name})"))?.statement else {
            panic!("a table")
        };
        declared_as(&table.columns[0].data_type, |ty| ColumnType::parse(&ty.to_string()))
    }

    #[test]
    fn declared_types_survive_the_parser() {
        for (name, ty) in [
            ("int", ColumnType::Int4),
            ("BIGINT", ColumnType::Int8),
            ("vector(3)", ColumnType::Vector(Some(3))),
            ("vector", ColumnType::Vector(None)),
            ("numeric(10, 2)", ColumnType::Numeric(Some((10, 2)))),
            ("varchar(20)", ColumnType::Varchar(Some(20))),
            ("character varying", ColumnType::Varchar(None)),
            ("char(3)", ColumnType::Char(3)),
            ("timestamp with time zone", ColumnType::TimestampTz),
            ("timestamptz", ColumnType::TimestampTz),
            ("timestamp(3)", ColumnType::Timestamp),
            ("double precision", ColumnType::Float8),
            ("real", ColumnType::Float4),
            ("float", ColumnType::Float8),
            ("jsonb", ColumnType::Jsonb),
            ("uuid", ColumnType::Uuid),
            ("bytea", ColumnType::Bytea),
            ("boolean", ColumnType::Bool),
            ("date", ColumnType::Date),
            ("time", ColumnType::Time),
            ("text[]", ColumnType::Array(Box::new(ColumnType::Text))),
        ] {
            assert_eq!(declared(name).unwrap(), DeclaredType { ty, domain: None, is_serial: false }, "{name}");
        }
    }

    #[test]
    fn serials_are_integers_with_a_sequence() {
        assert_eq!(
            declared("bigserial").unwrap(),
            DeclaredType { ty: ColumnType::Int8, domain: None, is_serial: true }
        );
        assert_eq!(declared("SERIAL").unwrap(), DeclaredType { ty: ColumnType::Int4, domain: None, is_serial: true });
        assert_eq!(
            declared("smallserial").unwrap(),
            DeclaredType { ty: ColumnType::Int2, domain: None, is_serial: true }
        );
    }

    #[test]
    fn types_that_do_not_exist_are_refused() {
        assert_eq!(declared("vektor(3)").unwrap_err().sqlstate(), "42704");
        assert_eq!(declared("vector(0)").unwrap_err().sqlstate(), "22023");
    }
}
