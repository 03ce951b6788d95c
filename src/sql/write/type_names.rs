//! The names of types that CREATE TYPE has made, in expressions that definitions keep as texts: such a text means the same type whatever
//! the path of the session that reads it. Types of `public` stand there without their schema, as relations do.

use datafusion::sql::sqlparser::ast::{ArrayElemTypeDef, DataType, Expr, Ident, ObjectNamePart};

use crate::db::{Catalog, SearchPath};
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::names::{exact, relation_name};
use crate::sql::parse::visit::change_expressions;
use crate::sql::pg_catalog::{made_type_named, path_of};
use crate::types::{ColumnType, quote_identifier};

/// Has an expression name the schemas of types outside of `public` that the path of this session finds.
pub fn qualify_types(expr: &mut Expr, context: &PlanContext<'_>) {
    name_schemas(expr, &path_of(context), context.view.catalog(), false);
}

/// Has an expression that a definition keeps say the schema `public` as well, where the path of a session will be looked through.
pub fn settle_types(expr: &mut Expr, catalog: &Catalog) {
    name_schemas(expr, &SearchPath::of_definitions(), catalog, true);
}

fn name_schemas(expr: &mut Expr, path: &SearchPath, catalog: &Catalog, names_public: bool) {
    if catalog.user_types().next().is_none() {
        return;
    }
    change_expressions(expr, |part| match part {
        Expr::Cast { data_type, .. } => name_schema(data_type, path, catalog, names_public),
        Expr::TypedString(typed) => name_schema(&mut typed.data_type, path, catalog, names_public),
        _ => {}
    });
}

fn name_schema(data_type: &mut DataType, path: &SearchPath, catalog: &Catalog, names_public: bool) {
    let is_of_system = ColumnType::parse(&data_type.to_string()).is_ok();
    match data_type {
        // As deep as the parser nests.
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, _) | ArrayElemTypeDef::AngleBracket(element)) => {
            name_schema(element, path, catalog, names_public);
        }
        DataType::Custom(name, _) if !is_of_system => {
            let Ok((None, plain)) = relation_name(name) else { return };
            let Some((ty, _)) = made_type_named(None, &plain, path, catalog) else { return };
            if names_public || !ty.schema.is_public() {
                name.0.insert(0, ObjectNamePart::Identifier(written(&catalog.schema_name(ty.schema))));
            }
        }
        _ => {}
    }
}

fn written(schema: &str) -> Ident {
    if quote_identifier(schema) == schema { Ident::new(schema) } else { exact(schema) }
}
