//! GET MEMORY of groups: what they are grouped by and what is computed of them, as the query of groups that SQL lowers to as well.
//!
//! A fact is grouped as JSON, since each entry may have another type; a missing one and JSON's null are one group.

use std::sync::Arc;

use crate::db::{AggregateCall, AggregateFunction, AggregateQuery, GroupOrder, Nearest, Query, is_grouped};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::{Expr, Operand};
use crate::knirvql::ast::{AstAggregate, AstAggregateFunction, AstField, AstFieldValue, GetMemory, Path};
use crate::knirvql::fact_functions::{json_field, number_among, present_json};
use crate::knirvql::lower::KnirvqlLowering;
use crate::knirvql::lower_get::name_of;
use crate::knirvql::resolve::{ResolvedStatement, resolve};
use crate::model::{Collection, OutputColumn};
use crate::statement::Privilege;
use crate::types::ColumnType;

/// The groups and aggregates of a GET, as its clauses name them.
struct GroupsLowering<'a> {
    collection: &'a Collection,
    groups: Vec<Expr>,
    calls: Vec<AggregateCall>,
}

impl KnirvqlLowering<'_> {
    /// The query of a GET of groups.
    ///
    /// # Errors
    /// 42803 for a path that is neither grouped by nor in an aggregate, 42883 for values that are not grouped or added up, 0A000 for
    /// SIMILAR TO without WITHIN; as `lower`.
    pub fn get_groups(&mut self, get: &GetMemory) -> Result<(AggregateQuery, Vec<OutputColumn>)> {
        let collection = self.memory_collection(get.collection.as_deref())?;
        self.notes.touch_collection(&collection, Privilege::Select);
        let filter = get.condition.as_ref().map(|condition| self.filter(&collection, condition)).transpose()?;
        let nearest = get.similar.as_ref().map(|similar| self.nearest(&collection, similar)).transpose()?;
        if nearest.as_ref().is_some_and(|nearest| nearest.within.is_empty()) {
            let hint = "SIMILAR TO orders entries, and groups have none: say how near they are to be with WITHIN.";
            return Err(Error::unsupported("SIMILAR TO without WITHIN is not offered with groups", hint));
        }
        let nearest = nearest.map(|nearest| Nearest { is_filter: true, ..nearest });
        let mut lowering = GroupsLowering { collection: &collection, groups: Vec::new(), calls: Vec::new() };
        for path in &get.groups {
            let group = grouped(&collection, path)?;
            if !lowering.groups.contains(&group) {
                lowering.groups.push(group);
            }
        }
        let shown = shown_fields(get);
        let fields = if get.fields.is_empty() { &shown } else { &get.fields };
        let (mut output, mut columns) = (Vec::with_capacity(fields.len()), Vec::with_capacity(fields.len()));
        for field in fields {
            let AstField::Named { value, name } = field else {
                return Err(Error::new(ErrorKind::Grouping, "* shows entries, and groups are of many")
                    .with_hint("Name what is grouped by, and aggregates such as count(*)."));
            };
            let shown = lowering.value(value)?;
            let name = name.clone().unwrap_or_else(|| named(value));
            columns.push(OutputColumn::computed(name, shown.ty()));
            output.push(shown);
        }
        let order = get.order.iter().map(|key| {
            let value = match alias_of(fields, &key.value).and_then(|at| output.get(at)) {
                Some(value) => value.clone(),
                None => lowering.value(&key.value)?,
            };
            Ok(GroupOrder { value, descending: key.descending, nulls_first: key.descending })
        });
        let order = order.collect::<Result<_>>()?;
        let GroupsLowering { groups, calls, .. } = lowering;
        let limit = get.limit.as_ref().map(|count| self.count(count));
        let offset = get.offset.as_ref().map(|count| self.count(count));
        let scan = Query {
            collection: Arc::clone(&collection),
            output: Vec::new(),
            filter,
            nearest,
            order: Vec::new(),
            limit: None,
            offset: None,
        };
        let query = AggregateQuery { scan, groups, calls, output, having: None, order, limit, offset };
        Ok((query, columns))
    }
}

/// What is shown where nothing is named: what is grouped by, and how many entries each group has.
fn shown_fields(get: &GetMemory) -> Vec<AstField> {
    let count = AstAggregate { function: AstAggregateFunction::Count, is_distinct: false, path: None };
    let groups = get.groups.iter().cloned().map(AstFieldValue::Path);
    let values = groups.chain([AstFieldValue::Aggregate(count)]);
    values.map(|value| AstField::Named { value, name: None }).collect()
}

fn named(value: &AstFieldValue) -> String {
    match value {
        AstFieldValue::Path(path) => name_of(path),
        AstFieldValue::Aggregate(aggregate) => aggregate.function.to_string(),
    }
}

/// The field that AS calls so.
fn alias_of(fields: &[AstField], value: &AstFieldValue) -> Option<usize> {
    let AstFieldValue::Path(Path { root, steps }) = value else { return None };
    let is_it = |field: &AstField| matches!(field, AstField::Named { name: Some(name), .. } if name == root);
    if steps.is_empty() { fields.iter().position(is_it) } else { None }
}

/// A field of an entry, of which a missing one and JSON's null are the same.
fn entry_value(collection: &Collection, path: &Path) -> Result<Expr> {
    let ResolvedStatement { operand, ty } = resolve(collection, path)?;
    Ok(match operand {
        Operand::Path { base, path, .. } => present_json(json_field(base, path)),
        operand => Expr::Field(operand, ty),
    })
}

/// # Errors
/// 42883 for values that have no equality.
fn grouped(collection: &Collection, path: &Path) -> Result<Expr> {
    let value = entry_value(collection, path)?;
    let ty = value.ty();
    if is_grouped(&ty) || ty == ColumnType::Jsonb {
        return Ok(value);
    }
    let message = format!("could not identify an equality operator for type {ty}");
    Err(Error::new(ErrorKind::UndefinedFunction, message)
        .with_hint(format!("{path} is no value to group or count by.")))
}

impl GroupsLowering<'_> {
    /// A value of a group.
    fn value(&mut self, value: &AstFieldValue) -> Result<Expr> {
        let aggregate = match value {
            AstFieldValue::Aggregate(aggregate) => aggregate,
            AstFieldValue::Path(path) => {
                let value = entry_value(self.collection, path)?;
                let position = self.groups.iter().position(|group| *group == value).ok_or_else(|| {
                    let message =
                        format!("{path} must appear in the GROUP BY clause or be used in an aggregate function");
                    Error::new(ErrorKind::Grouping, message)
                })?;
                return Ok(AggregateQuery::result(position, value.ty()));
            }
        };
        let call = self.call(aggregate)?;
        let position = self.calls.iter().position(|known| *known == call).unwrap_or_else(|| {
            self.calls.push(call.clone());
            self.calls.len() - 1
        });
        // Groups are all known before the first aggregate is looked at.
        Ok(AggregateQuery::result(self.groups.len() + position, call.result))
    }

    fn call(&self, aggregate: &AstAggregate) -> Result<AggregateCall> {
        let AstAggregate { function, is_distinct, path } = aggregate;
        let of = |function, argument, result| AggregateCall { function, argument, filter: None, result };
        let Some(path) = path else { return Ok(of(AggregateFunction::Count, None, ColumnType::Int8)) };
        let function = match function {
            AstAggregateFunction::Count if *is_distinct => {
                let argument = Some(grouped(self.collection, path)?);
                return Ok(of(AggregateFunction::CountDistinct, argument, ColumnType::Int8));
            }
            AstAggregateFunction::Count => {
                let argument = Some(entry_value(self.collection, path)?);
                return Ok(of(AggregateFunction::Count, argument, ColumnType::Int8));
            }
            AstAggregateFunction::Sum => AggregateFunction::Sum,
            AstAggregateFunction::Average => AggregateFunction::Average,
            AstAggregateFunction::Min => AggregateFunction::Min,
            AstAggregateFunction::Max => AggregateFunction::Max,
        };
        let is_extreme = matches!(function, AggregateFunction::Min | AggregateFunction::Max);
        if *is_distinct && !is_extreme {
            let hint = "count(DISTINCT …) is; SQL has all of them.";
            return Err(Error::unsupported(format!("{}(DISTINCT …) is not offered", function.name()), hint));
        }
        let ResolvedStatement { operand, ty } = resolve(self.collection, path)?;
        let (argument, result) = match operand {
            Operand::Path { base, path, .. } if is_extreme => (present_json(json_field(base, path)), ColumnType::Jsonb),
            Operand::Path { base, path, .. } => (number_among(json_field(base, path)), ColumnType::Numeric(None)),
            operand => {
                let result = function.result(&ty, ty == ColumnType::Int8 && !is_extreme).ok_or_else(|| {
                    let message = format!("function {}({ty}) does not exist", function.name());
                    Error::new(ErrorKind::UndefinedFunction, message)
                })?;
                (Expr::Field(operand, ty), result)
            }
        };
        Ok(of(function, Some(argument), result))
    }
}
