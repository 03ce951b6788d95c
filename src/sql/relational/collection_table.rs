//! A collection as a table of the planner.
//!
//! Columns are the declared ones, the system columns, and virtual ones: parts of JSON columns and facts that the statement
//! reads by path (`metadata->>'source'`), so that a scan decodes that one fact instead of the whole document. Filters that
//! `db` can evaluate are taken over exactly, a nearest search is placed here by `nearest_rule`. The table holds no view:
//! a scan takes the view of the statement that runs, so that a prepared plan is used again by later statements.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;

use crate::db::{Nearest, Output, Query};
use crate::expr::{self, Operand, PathBase, PathResult, Scalar};
use crate::model::{Collection, CollectionKind, OutputColumn, SystemColumn};
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::types::{field_of, hidden_field_of};
use crate::sql::relational::pushdown;
use crate::sql::relational::query_scan::QueryScan;
use crate::types::json::jsonb::PathStep;
use crate::types::{ColumnType, Value};

/// The view with one typed column for each fact of `memory`.
pub const FACTS_VIEW: &str = "memory_facts";
/// The hidden column with the encoded key, by which statements that write name the entries they found.
pub const KEY_COLUMN: &str = "$key";

/// One column of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableColumn {
    pub name: String,
    pub ty: ColumnType,
    pub operand: Operand,
    /// Left out by `*`.
    pub is_hidden: bool,
    /// `attnum` of a declared column, else 0.
    pub attribute: i16,
}

impl TableColumn {
    /// The value of the column in an expression.
    pub fn expr(&self) -> expr::Expr {
        expr::Expr::Field(self.operand.clone(), self.ty.clone())
    }
}

/// A nearest search inside the scan: the `limit` nearest rows that pass the filters.
#[derive(Clone, Debug)]
pub struct NearestScan {
    pub nearest: Nearest,
    pub limit: usize,
}

#[derive(Clone, Debug)]
pub struct CollectionTable {
    pub collection: Arc<Collection>,
    pub columns: Vec<TableColumn>,
    nearest: Option<NearestScan>,
    schema: SchemaRef,
}

impl CollectionTable {
    pub fn new(collection: &Arc<Collection>) -> Self {
        let mut columns: Vec<TableColumn> = Vec::with_capacity(collection.columns.len() + SystemColumn::ALL.len());
        for (position, column) in collection.columns.iter().enumerate() {
            columns.push(TableColumn {
                name: column.name.clone(),
                ty: column.ty.clone(),
                operand: Operand::Column(position),
                is_hidden: false,
                attribute: column.id.attribute(),
            });
        }
        if collection.kind != CollectionKind::Auth {
            for system in SystemColumn::ALL {
                if collection.column(system.name()).is_none() {
                    columns.push(TableColumn {
                        name: system.name().to_string(),
                        ty: system.ty(),
                        operand: Operand::System(system),
                        is_hidden: true,
                        attribute: 0,
                    });
                }
            }
        }
        if collection.kind != CollectionKind::Auth {
            columns.push(TableColumn {
                name: KEY_COLUMN.to_string(),
                ty: ColumnType::Bytea,
                operand: Operand::Key,
                is_hidden: true,
                attribute: 0,
            });
        }
        CollectionTable::with_columns(collection, columns)
    }

    /// The facts of a MEMORY collection, each a column: the id first, then the keys in order of name.
    pub fn facts(collection: &Arc<Collection>, facts: Vec<(String, ColumnType)>) -> Self {
        let base = collection.column("metadata").map_or(PathBase::Facts, PathBase::Column);
        let mut columns = Vec::with_capacity(facts.len() + 1);
        if let Some(id) = collection.column("id") {
            columns.push(TableColumn {
                name: "id".to_string(),
                ty: ColumnType::Text,
                operand: Operand::Column(id),
                is_hidden: false,
                attribute: 0,
            });
        }
        for (key, ty) in facts {
            if key == "id" {
                continue;
            }
            let result = match ty {
                ColumnType::Json | ColumnType::Jsonb => PathResult::Json,
                ColumnType::Text => PathResult::Text,
                _ => PathResult::Typed,
            };
            let operand = Operand::Path { base, path: vec![PathStep::Key(key.clone())], result };
            columns.push(TableColumn { name: key, ty, operand, is_hidden: false, attribute: 0 });
        }
        CollectionTable::with_columns(collection, columns)
    }

    fn with_columns(collection: &Arc<Collection>, columns: Vec<TableColumn>) -> Self {
        let fields = columns.iter().map(|column| {
            if column.is_hidden {
                hidden_field_of(&column.name, &column.ty)
            } else {
                field_of(&column.name, &column.ty, true)
            }
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        CollectionTable { collection: Arc::clone(collection), columns, nearest: None, schema }
    }

    pub fn column(&self, name: &str) -> Option<&TableColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The virtual column for an operand, added where the table has none yet; its name.
    pub fn add_virtual(&mut self, operand: Operand, ty: ColumnType) -> String {
        if let Some(column) = self.columns.iter().find(|column| column.operand == operand && column.is_hidden) {
            return column.name.clone();
        }
        let name = format!("$part{}", self.columns.len());
        let mut columns = std::mem::take(&mut self.columns);
        columns.push(TableColumn { name: name.clone(), ty, operand, is_hidden: true, attribute: 0 });
        *self = CollectionTable::with_columns(&Arc::clone(&self.collection), columns);
        name
    }

    #[must_use]
    pub fn with_nearest(&self, nearest: NearestScan) -> Self {
        CollectionTable { nearest: Some(nearest), ..self.clone() }
    }

    pub fn has_nearest(&self) -> bool {
        self.nearest.is_some()
    }
}

#[async_trait]
impl TableProvider for CollectionTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> datafusion::error::Result<Vec<TableProviderFilterPushDown>> {
        Ok(filters
            .iter()
            .map(|filter| match pushdown::condition(filter, self) {
                Some(_) => TableProviderFilterPushDown::Exact,
                None => TableProviderFilterPushDown::Unsupported,
            })
            .collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
        let context = ReadContext::of(state.config_options())
            .ok_or_else(|| DataFusionError::Internal("a scan is planned outside of a statement".to_string()))?;
        let mut conditions = Vec::with_capacity(filters.len());
        for filter in filters {
            conditions.push(pushdown::condition(filter, self).ok_or_else(|| {
                DataFusionError::Internal("a filter was taken over that cannot be evaluated".to_string())
            })?);
        }
        let everything: Vec<usize> = (0..self.columns.len()).collect();
        let wanted = projection.unwrap_or(&everything);
        let columns: Vec<&TableColumn> = wanted.iter().filter_map(|position| self.columns.get(*position)).collect();
        let limit = match &self.nearest {
            Some(nearest) => Some(nearest.limit),
            None => limit,
        };
        let limit = limit.map(|count| Scalar::Value(Value::Int8(i64::try_from(count).unwrap_or(i64::MAX))));
        let query = Query {
            collection: Arc::clone(&self.collection),
            output: columns.iter().map(|column| Output::Operand(column.operand.clone())).collect(),
            filter: expr::Expr::all(conditions),
            nearest: self.nearest.as_ref().map(|scan| scan.nearest.clone()),
            order: Vec::new(),
            limit,
            offset: None,
        };
        let query = query.bind(&context.view.environment(&[], &context.settings)).map_err(to_datafusion)?;
        context.view.check(&query, &context.settings).map_err(to_datafusion)?;
        let types = columns.iter().map(|column| column.ty.clone()).collect();
        let schema = Arc::new(self.schema.project(wanted)?);
        Ok(Arc::new(QueryScan::new(query, types, schema, context.clone())))
    }
}

/// A whole query of another language as a table: `knirvql('GET …')`.
#[derive(Clone, Debug)]
pub struct QueryTable {
    query: Query,
    types: Vec<ColumnType>,
    schema: SchemaRef,
}

impl QueryTable {
    pub fn new(query: Query, columns: &[OutputColumn]) -> Self {
        let fields: Vec<_> = columns.iter().map(|column| field_of(&column.name, &column.ty, true)).collect();
        let types = columns.iter().map(|column| column.ty.clone()).collect();
        QueryTable { query, types, schema: Arc::new(Schema::new(fields)) }
    }
}

#[async_trait]
impl TableProvider for QueryTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
        let context = ReadContext::of(state.config_options())
            .ok_or_else(|| DataFusionError::Internal("a scan is planned outside of a statement".to_string()))?;
        let everything: Vec<usize> = (0..self.types.len()).collect();
        let wanted = projection.unwrap_or(&everything);
        let mut query = self.query.clone();
        query.output = wanted.iter().filter_map(|position| self.query.output.get(*position).cloned()).collect();
        let query = query.bind(&context.view.environment(&[], &context.settings)).map_err(to_datafusion)?;
        context.view.check(&query, &context.settings).map_err(to_datafusion)?;
        let types = wanted.iter().filter_map(|position| self.types.get(*position).cloned()).collect();
        let schema = Arc::new(self.schema.project(wanted)?);
        Ok(Arc::new(QueryScan::new(query, types, schema, context.clone())))
    }
}

/// A table that the statement reads.
#[derive(Clone, Debug)]
pub enum StatementTable {
    Collection(CollectionTable),
    Other(Arc<dyn TableProvider>),
}
