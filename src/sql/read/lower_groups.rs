//! Groups and aggregates of the short path: `SELECT a, count(*) … GROUP BY a` over one collection as a query of `db`.
//!
//! Taken are columns, parts of documents and what is computed of them (`lower_values`) as groups and arguments; what is shown,
//! HAVING and ORDER BY are made of groups and aggregates. SELECT DISTINCT is a grouping by all that it shows. Anything else is `None` and goes to the
//! planner, whose answers these are.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Distinct, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    GroupByExpr, OrderByKind, Query as SqlQuery, Select, SelectItem, UnaryOperator, Value as Literal,
};

use crate::db::{AggregateCall, AggregateFunction, AggregateQuery, GroupOrder, Nearest, Query, Target, is_grouped};
use crate::expr::{self, Comparison, Scalar, unmodified};
use crate::model::CollectionKind;
use crate::sql::analyze::jsonb::ordinal;
use crate::sql::functions::plain_function;
use crate::sql::parse::names::folded;
use crate::sql::read::lower_query::{LoweredQuery, Lowering, is_ordered, item_expr, ordered_expr, shown};
use crate::sql::read::lower_values::{TypedValue, is_exact};
use crate::sql::relational::pushdown::is_comparable;
use crate::types::{ColumnType, Value};

/// The groups and aggregates of a query, as they are found in its clauses.
struct Groups<'l, 'a> {
    lowering: &'l Lowering<'a>,
    groups: Vec<expr::Expr>,
    calls: Vec<AggregateCall>,
}

impl Lowering<'_> {
    /// A SELECT of groups and aggregates.
    pub fn groups(&self, query: &SqlQuery, select: &Select) -> Option<LoweredQuery> {
        let collection = &self.table?.collection;
        if collection.kind == CollectionKind::Auth || !has_only_groups(select) {
            return None;
        }
        let outputs = select.projection.iter().map(item_expr).collect::<Option<Vec<_>>>()?;
        let (limit, offset) = self.window(query.limit_clause.as_ref())?;
        let distance = select.selection.as_ref().and_then(|condition| self.range(condition));
        let (filter, within) = match &select.selection {
            Some(condition) => self.filter(condition, distance.as_ref())?,
            None => (None, Vec::new()),
        };
        let nearest = distance.map(|distance| Nearest {
            column: distance.column,
            target: Target::Scalar(distance.target),
            metric: distance.metric,
            ef: None,
            within,
            is_filter: true,
            keeps_missing: false,
            keeps_ties: false,
        });
        let mut groups = Groups { lowering: self, groups: Vec::new(), calls: Vec::new() };
        groups.collect(select, &outputs)?;
        let is_distinct = select.distinct.is_some();
        let (mut output, mut types) = (Vec::with_capacity(outputs.len()), Vec::with_capacity(outputs.len()));
        for each in &outputs {
            let (value, ty) = groups.value(each)?;
            output.push(value);
            types.push(shown(ty));
        }
        let having = match &select.having {
            Some(condition) => Some(groups.condition(condition)?),
            None => None,
        };
        let order = groups.order(query, select, &outputs)?;
        let Groups { groups, calls, .. } = groups;
        // Of neither it is no query of groups; aggregates of a DISTINCT are grouped before.
        if (groups.is_empty() && calls.is_empty()) || (is_distinct && !calls.is_empty()) {
            return None;
        }
        let scan = Query {
            collection: collection.clone(),
            output: Vec::new(),
            filter,
            nearest,
            order: Vec::new(),
            limit: None,
            offset: None,
        };
        let query = AggregateQuery { scan, groups, calls, output, having, order, limit, offset };
        Some(LoweredQuery::Groups { query, types })
    }

    /// A value of an entry: a column, a part of a document, and what is computed of them.
    fn entry_value(&self, expr: &Expr) -> Option<expr::Expr> {
        let mut reads = false;
        let (value, _) = self.computed(expr, &mut |part| {
            let column = self.column(part)?;
            reads = true;
            Some((column.expr(), column.ty.clone()))
        })?;
        reads.then_some(value)
    }

    fn aggregate(&self, function: &Function) -> Option<AggregateCall> {
        let is_plain = function.over.is_none()
            && function.null_treatment.is_none()
            && function.within_group.is_empty()
            && matches!(function.parameters, FunctionArguments::None);
        let (FunctionArguments::List(list), [part], true) = (&function.args, function.name.0.as_slice(), is_plain)
        else {
            return None;
        };
        let name = part.as_ident()?.value.as_str();
        let [FunctionArg::Unnamed(argument)] = list.args.as_slice() else { return None };
        if !list.clauses.is_empty() {
            return None;
        }
        let is_distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
        let filter = match &function.filter {
            Some(condition) => self.filter(condition, None)?.0,
            None => None,
        };
        let (function, argument, result) = match (name, argument) {
            ("count", FunctionArgExpr::Wildcard) if !is_distinct => (AggregateFunction::Count, None, ColumnType::Int8),
            ("count", FunctionArgExpr::Expr(argument)) if !is_distinct && self.is_value(argument) => {
                (AggregateFunction::Count, None, ColumnType::Int8)
            }
            ("count", FunctionArgExpr::Expr(argument)) => {
                let argument = self.entry_value(argument)?;
                let function = if is_distinct { AggregateFunction::CountDistinct } else { AggregateFunction::Count };
                (!is_distinct || is_grouped(&argument.ty())).then_some((function, Some(argument), ColumnType::Int8))?
            }
            (name, FunctionArgExpr::Expr(argument)) if !is_distinct => {
                let plain = plain_function(name);
                let argument = self.entry_value(argument)?;
                let (function, argument, result) = computed(plain.unwrap_or(name), argument, plain.is_some())?;
                (function, Some(argument), result)
            }
            _ => return None,
        };
        Some(AggregateCall { function, argument, filter, result })
    }

    /// Whether an expression is a constant that is not NULL.
    fn is_value(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Value(value) if matches!(value.value, Literal::Number(..)) => true,
            _ => matches!(self.scalar(expr), Some((Scalar::Value(value), _)) if !value.is_null()),
        }
    }
}

/// Whether a SELECT has no clause but those that groups have.
fn has_only_groups(select: &Select) -> bool {
    let is_distinct = match &select.distinct {
        None => false,
        Some(Distinct::Distinct) => true,
        Some(_) => return false,
    };
    let GroupByExpr::Expressions(list, modifiers) = &select.group_by else { return false };
    modifiers.is_empty()
        && !(is_distinct && (!list.is_empty() || select.having.is_some()))
        && select.named_window.is_empty()
        && select.qualify.is_none()
        && select.lateral_views.is_empty()
}

/// The aggregate by that name of such values, what it is of, and the type of its result; with `as_numeric` that is a numeric.
fn computed(name: &str, argument: expr::Expr, as_numeric: bool) -> Option<(AggregateFunction, expr::Expr, ColumnType)> {
    let argument = match argument {
        expr::Expr::Convert { inner, to: ColumnType::Numeric(None), .. }
            if matches!(name, "sum" | "avg") && is_exact(&inner.ty()) =>
        {
            *inner
        }
        argument => argument,
    };
    let function = match name {
        "sum" => AggregateFunction::Sum,
        "avg" => AggregateFunction::Average,
        "min" => AggregateFunction::Min,
        "max" => AggregateFunction::Max,
        _ => return None,
    };
    let result = function.result(&argument.ty(), as_numeric)?;
    Some((function, argument, result))
}

impl Groups<'_, '_> {
    /// What GROUP BY or DISTINCT groups by.
    fn collect(&mut self, select: &Select, outputs: &[&Expr]) -> Option<()> {
        let GroupByExpr::Expressions(list, _) = &select.group_by else { return None };
        for item in list {
            let expr = match (item, ordinal(item)) {
                (_, Some(position)) => outputs.get(position).copied()?,
                (Expr::Identifier(ident), None) if self.lowering.column(item).is_none() => {
                    let name = folded(ident);
                    select.projection.iter().find_map(|each| match each {
                        SelectItem::ExprWithAlias { expr, alias } if folded(alias) == name => Some(expr),
                        _ => None,
                    })?
                }
                (item, None) => item,
            };
            self.group(expr)?;
        }
        if select.distinct.is_some() {
            for output in outputs.iter().filter(|output| self.lowering.scalar(output).is_none()) {
                self.group(output)?;
            }
        }
        Some(())
    }

    fn group(&mut self, expr: &Expr) -> Option<()> {
        let value = self.lowering.entry_value(expr).filter(|value| is_grouped(&value.ty()))?;
        if !self.groups.contains(&value) {
            self.groups.push(value);
        }
        Some(())
    }

    /// A value of a group: what it is grouped by, an aggregate, or what is computed of them.
    fn value(&mut self, expr: &Expr) -> Option<TypedValue> {
        let lowering = self.lowering;
        lowering.computed(expr, &mut |part| self.part(part))
    }

    /// What a group is grouped by, or an aggregate.
    fn part(&mut self, expr: &Expr) -> Option<TypedValue> {
        if let Some(value) = self.lowering.entry_value(expr)
            && let Some(position) = self.groups.iter().position(|group| *group == value)
        {
            let ty = value.ty();
            return Some((AggregateQuery::result(position, ty.clone()), ty));
        }
        let Expr::Function(function) = expr else { return None };
        let call = self.lowering.aggregate(function)?;
        let position = self.calls.iter().position(|known| *known == call).unwrap_or_else(|| {
            self.calls.push(call.clone());
            self.calls.len() - 1
        });
        // Groups are all known before the first aggregate is looked at.
        Some((AggregateQuery::result(self.groups.len() + position, call.result.clone()), call.result))
    }

    /// A condition of HAVING.
    fn condition(&mut self, condition: &Expr) -> Option<expr::Expr> {
        match condition {
            Expr::Nested(inner) => self.condition(inner),
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Some(self.condition(expr)?.negated_if(true)),
            Expr::IsNull(inner) => Some(self.value(inner)?.0.is_null()),
            Expr::IsNotNull(inner) => Some(self.value(inner)?.0.is_null().negated_if(true)),
            Expr::Between { expr, negated, low, high } => {
                let inside = expr::Expr::And(vec![
                    self.compare(expr, Comparison::GreaterOrEqual, low)?,
                    self.compare(expr, Comparison::LessOrEqual, high)?,
                ]);
                Some(inside.negated_if(*negated))
            }
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                Some(expr::Expr::And(vec![self.condition(left)?, self.condition(right)?]))
            }
            Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
                Some(expr::Expr::Or(vec![self.condition(left)?, self.condition(right)?]))
            }
            Expr::BinaryOp { left, op, right } => self.compare(left, Comparison::of(&op.to_string())?, right),
            _ => None,
        }
    }

    fn compare(&mut self, left: &Expr, operator: Comparison, right: &Expr) -> Option<expr::Expr> {
        let ((left, left_type), (right, right_type)) = (self.value(left)?, self.value(right)?);
        let fits = unmodified(&left_type) == unmodified(&right_type)
            || (is_exact(&left_type) && is_exact(&right_type))
            || (left_type.is_text() && right_type.is_text());
        let is_null = [&left, &right].into_iter().any(|side| *side == expr::Expr::constant(Value::Null));
        (fits && !is_null && is_comparable(&left_type)).then(|| expr::Expr::compare(left, operator, right))
    }

    fn order(&mut self, query: &SqlQuery, select: &Select, outputs: &[&Expr]) -> Option<Vec<GroupOrder>> {
        let Some(order_by) = &query.order_by else { return Some(Vec::new()) };
        let OrderByKind::Expressions(list) = &order_by.kind else { return None };
        let mut order = Vec::with_capacity(list.len());
        for item in list {
            let (value, ty) = self.value(ordered_expr(item, select, outputs)?)?;
            if !is_ordered(&ty) || matches!(value, expr::Expr::Scalar(_)) {
                return None;
            }
            let descending = item.options.asc == Some(false);
            let nulls_first = item.options.nulls_first.unwrap_or(descending);
            order.push(GroupOrder { value, descending, nulls_first });
        }
        Some(order)
    }
}
