//! One SELECT: its result columns with their names, `*` written out, conditions, grouping and order.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Distinct, Expr, GroupByExpr, OrderByExpr, Select, SelectItem, SelectItemQualifiedWildcardKind,
    Spanned, Value as Literal, WildcardAdditionalOptions,
};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::analyzer::{Analyzer, is_ordinal};
use crate::sql::analyze::grouping_sets::sets_of_items;
use crate::sql::analyze::jsonb::{distinct_keyed, group_keyed, ordinal, sort_key, value};
use crate::sql::analyze::outer_aggregates::original;
use crate::sql::analyze::scope;
use crate::sql::analyze::scope::{FoundColumn, JoinName, MergedColumn, Relation, Scope, ScopeColumn, ShownColumn};
use crate::sql::analyze::sorted_sets::keep_sort_keys;
use crate::sql::parse::names;
use crate::sql::parse::names::{exact, folded, relation_name};
use crate::sql::parse::visit::has_expression;
use crate::sql::rewrite::rewrite::SET_FUNCTIONS;
use crate::types::ColumnType;
use crate::types::limits::RESULT_COLUMNS_MAX;

impl Analyzer<'_> {
    /// Walks a SELECT with its ORDER BY; its result columns.
    ///
    /// # Errors
    /// 42803 for aggregates where none may stand, 42P01 for `t.*` of a relation that is not there, 42601 for `*` without any;
    /// 0A000 for INTO and other forms that are not offered; as [`check_width`], [`Analyzer::table_with_joins`],
    /// [`Analyzer::condition`], [`Analyzer::expr`] and [`Analyzer::ordered`].
    pub fn select(
        &mut self,
        select: &mut Select,
        order: Option<&mut Vec<OrderByExpr>>,
        is_outermost: bool,
    ) -> Result<Vec<ScopeColumn>> {
        if select.into.is_some() {
            return Err(Error::unsupported("SELECT INTO is not offered", "Use CREATE TABLE and INSERT ... SELECT."));
        }
        let mut order = order;
        let keeps_unknown = std::mem::take(&mut self.keeps_unknown);
        let original = original(select, order.as_deref());
        self.scopes.push(Scope::default());
        let result = self.select_in_scope(select, order.as_deref_mut(), is_outermost, keeps_unknown);
        let is_aggregated = self.scopes.last().is_some_and(|scope| !scope.inner.aggregates.is_empty());
        let grouped = original.filter(|_| is_aggregated && result.is_ok()).map(|original| self.of_groups(original));
        self.scopes.pop();
        let Some(grouped) = grouped else { return result };
        let (two_queries, sorted) = grouped?;
        *select = two_queries;
        if let (Some(order), Some(sorted)) = (order.as_deref_mut(), sorted) {
            *order = sorted;
        }
        self.keeps_unknown = keeps_unknown;
        self.select(select, order, is_outermost)
    }

    fn select_in_scope(
        &mut self,
        select: &mut Select,
        order: Option<&mut Vec<OrderByExpr>>,
        is_outermost: bool,
        keeps_unknown: bool,
    ) -> Result<Vec<ScopeColumn>> {
        let mut order = order;
        self.write_out_windows(select, order.as_deref_mut())?;
        let mut shown = Vec::new();
        let is_alone = matches!(select.from.as_slice(), [item] if item.joins.is_empty());
        for item in &mut select.from {
            self.views.begin_item(is_alone);
            shown.append(&mut self.table_with_joins(item)?);
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.shown = shown;
        }
        self.check_no_aggregates("JOIN conditions")?;
        let clause = if self.one_group(select) { "HAVING" } else { "WHERE" };
        self.expand_wildcards(select)?;
        check_width(select.projection.len())?;
        sets_by_position(select, order.as_deref_mut())?;
        if let Some(scope) = self.scopes.last_mut() {
            scope.groups_by_casts = groups_by_casts(select);
        }
        let sorted =
            if is_outermost { qualified_names(order.as_deref().map_or(&[], Vec::as_slice)) } else { Vec::new() };
        let columns = self.projection(select, is_outermost, keeps_unknown, &sorted)?;
        if let Some(condition) = &mut select.selection {
            let before = self.take_aggregates();
            self.condition(condition, clause)?;
            self.check_no_aggregates("WHERE")?;
            self.restore_aggregates(before);
        }
        let mut grouped = self.group_items(select, &columns)?;
        if let Some(condition) = &mut select.having {
            self.condition(condition, "HAVING")?;
        }
        if let Some(Distinct::On(list)) = &mut select.distinct {
            for expr in list {
                self.group_item(expr, &columns, &select.projection)?;
            }
        }
        for window in &mut select.named_window {
            self.named_window(window)?;
        }
        for item in order.iter_mut().flat_map(|order| order.iter_mut()) {
            // What DISTINCT ON compares has to be what it is ordered by.
            if matches!(select.distinct, Some(Distinct::On(_))) {
                self.order_item(item, &columns)?;
            } else {
                self.ordered(item, &columns)?;
            }
        }
        if let Some(types) = distinct_keyed(select, &columns) {
            grouped = types;
        }
        self.group_by_dependent(select, order.as_deref().map(Vec::as_slice), &mut grouped);
        group_keyed(select, &grouped, &columns, order.as_deref_mut());
        if let Some(order) = order
            && select.projection.iter().any(|item| has_expression(item, is_unnest))
        {
            keep_sort_keys(select, order)?;
        }
        if let Some(of_view) = self.scopes.last_mut().and_then(|scope| scope.view_condition.take()) {
            select.selection = Some(both(of_view, select.selection.take()));
        }
        Ok(columns)
    }

    /// Walks GROUP BY, whose sets become one list; the types of its items.
    fn group_items(&mut self, select: &mut Select, columns: &[ScopeColumn]) -> Result<Vec<Option<ColumnType>>> {
        let mut grouped = Vec::new();
        let Select { group_by: GroupByExpr::Expressions(list, _), projection, .. } = select else { return Ok(grouped) };
        let before = self.take_aggregates();
        if let Some(sets) = sets_of_items(list)? {
            *list = match <[Vec<Expr>; 1]>::try_from(sets) {
                Ok([set]) if !set.is_empty() => set,
                Ok(sets) => vec![Expr::GroupingSets(sets.into())],
                Err(sets) => vec![Expr::GroupingSets(sets)],
            };
        }
        for expr in list {
            grouped.push(self.group_item(expr, columns, projection)?);
        }
        self.check_no_aggregates("GROUP BY")?;
        self.restore_aggregates(before);
        Ok(grouped)
    }

    /// An item of GROUP BY or DISTINCT ON: a number or an output name stays, anything else is an expression. Its type.
    fn group_item(
        &mut self,
        expr: &mut Expr,
        outputs: &[ScopeColumn],
        items: &[SelectItem],
    ) -> Result<Option<ColumnType>> {
        if is_ordinal(expr) {
            let output = ordinal(expr).and_then(|position| outputs.get(position));
            return Ok(output.and_then(|output| output.ty.clone()));
        }
        if let Expr::Identifier(ident) = expr {
            let name = folded(ident);
            let is_column = scope::resolve(&self.scopes, None, &name).is_ok_and(|found| found.is_some());
            if !is_column && let Some(position) = outputs.iter().position(|output| output.name == name) {
                let ty = outputs.get(position).and_then(|output| output.ty.clone());
                let is_renamed = outputs.get(position).is_some_and(|output| output.label.is_some());
                if is_renamed || sort_key(ty.as_ref()).is_some() {
                    *expr = Expr::value(Literal::Number((position + 1).to_string(), false));
                }
                return Ok(ty);
            }
        }
        match expr {
            Expr::GroupingSets(sets) => {
                for each in sets.iter_mut().flatten() {
                    // The planner knows no outputs in sets.
                    match self.output_of(each, outputs).and_then(|position| items.get(position)).and_then(value) {
                        Some(output) => *each = output.clone(),
                        None => drop(self.expr(each)?),
                    }
                }
                Ok(None)
            }
            other => self.expr(other),
        }
    }

    /// The position of the output that a number or a name in GROUP BY means.
    fn output_of(&self, expr: &Expr, outputs: &[ScopeColumn]) -> Option<usize> {
        if is_ordinal(expr) {
            return ordinal(expr);
        }
        let Expr::Identifier(ident) = expr else { return None };
        let name = folded(ident);
        let is_column = scope::resolve(&self.scopes, None, &name).is_ok_and(|found| found.is_some());
        outputs.iter().position(|output| output.name == name).filter(|_| !is_column)
    }

    fn expand_wildcards(&mut self, select: &mut Select) -> Result<()> {
        let is_wildcard =
            |item: &SelectItem| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..));
        if !select.projection.iter().any(is_wildcard) {
            return Ok(());
        }
        let Some(scope) = self.scopes.last() else { return Ok(()) };
        let (relations, shown, joins) = (scope.relations.clone(), scope.shown.clone(), scope.joins.clone());
        let mut expanded = Vec::with_capacity(select.projection.len());
        for item in std::mem::take(&mut select.projection) {
            match item {
                SelectItem::Wildcard(options) => {
                    let before = expanded.len();
                    if relations.is_empty() {
                        return Err(Error::syntax("SELECT * with no tables specified is not valid", None));
                    }
                    expanded.extend(shown.iter().cloned().map(shown_item));
                    let span = options.wildcard_token.0.span;
                    self.views.note_star(span.start, span.end, expanded.get(before..).unwrap_or_default())?;
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    let before = expanded.len();
                    let (schema, wanted) = relation_name(&name)?;
                    let join = joins.iter().find(|join| schema.is_none() && join.name == wanted);
                    if let Some(JoinName { columns, .. }) = join {
                        let shown = |column: &MergedColumn| ShownColumn {
                            name: Some(column.name.clone()),
                            expr: column.expr.clone(),
                        };
                        expanded.extend(columns.iter().map(shown).map(shown_item));
                        let (start, end) = (name.span().start, options.wildcard_token.0.span.end);
                        self.views.note_star(start, end, expanded.get(before..).unwrap_or_default())?;
                        continue;
                    }
                    let is_wanted = |relation: &&Relation| relation.is_called(schema.as_deref(), &wanted);
                    let Some(relation) = relations.iter().find(is_wanted) else {
                        return Err(self.at(scope::no_relation(&wanted), name.span().start));
                    };
                    expanded.extend(relation.shown().into_iter().map(shown_item));
                    let (start, end) = (name.span().start, options.wildcard_token.0.span.end);
                    self.views.note_star(start, end, expanded.get(before..).unwrap_or_default())?;
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(row), _) => {
                    if let Some(columns) = self.columns_of_row(&row) {
                        expanded.extend(columns.into_iter().map(SelectItem::UnnamedExpr));
                        continue;
                    }
                    return Err(Error::unsupported("(expression).* is not offered", "Name the parts you want."));
                }
                other => expanded.push(other),
            }
        }
        select.projection = expanded;
        Ok(())
    }

    /// The result columns. One that is called as a column which ORDER BY names with its table has another name for the
    /// planner, which would not know which of the two is meant.
    fn projection(
        &mut self,
        select: &mut Select,
        is_outermost: bool,
        keeps_unknown: bool,
        sorted: &[String],
    ) -> Result<Vec<ScopeColumn>> {
        let mut columns: Vec<ScopeColumn> = Vec::with_capacity(select.projection.len());
        let mut used: Vec<Label> = Vec::with_capacity(select.projection.len());
        // Where the planner unnests, it looks for the columns of FROM among those of the result.
        let unnests = is_outermost && select.projection.iter().any(|item| has_expression(item, is_unnest));
        for item in &mut select.projection {
            let (mut expr, alias) =
                match std::mem::replace(item, SelectItem::Wildcard(WildcardAdditionalOptions::default())) {
                    SelectItem::UnnamedExpr(expr) => (expr, None),
                    SelectItem::ExprWithAlias { expr, alias } => (expr, Some(folded(&alias))),
                    SelectItem::ExprWithAliases { .. } => {
                        return Err(Error::unsupported(
                            "several aliases for one column are not offered",
                            "Use one alias.",
                        ));
                    }
                    wildcard => {
                        // Columns of an opaque relation: the planner will count them.
                        *item = wildcard;
                        continue;
                    }
                };
            let name = alias.clone().unwrap_or_else(|| names::column_name(&expr));
            let origin = self.plain_column(&expr);
            let mut ty = self.expr(&mut expr)?;
            if !keeps_unknown && ty.is_none() && self.is_adoptable(&expr) {
                self.adopt(&mut expr, &ColumnType::Text)?;
                ty = Some(ColumnType::Text);
            }
            let is_column = origin.is_some() && alias.is_none();
            // The planner gives a column of an outer query a name that no outer query could find.
            let is_own = is_column && origin.as_ref().is_some_and(|found| self.is_own(found));
            let relation = origin.as_ref().filter(|_| is_column && is_outermost).map(|found| found.relation.clone());
            let label = Label { relation, name: name.clone() };
            let is_taken = used.iter().any(|other| other.clashes(&label));
            used.push(label);
            let is_itself = origin.as_ref().is_some_and(|found| found.column.name == name);
            let is_in_from = || !matches!(scope::resolve(&self.scopes, None, &name), Ok(None));
            let is_ambiguous = !is_itself && (sorted.contains(&name) || (unnests && is_in_from()));
            let label = (is_taken || is_ambiguous).then(|| format!("{name}#{}", used.len()));
            *item = if let Some(label) = &label {
                SelectItem::ExprWithAlias { expr, alias: exact(label.clone()) }
            } else if is_own && last_name(&expr).is_some_and(|last| last == name) {
                SelectItem::UnnamedExpr(expr)
            } else {
                SelectItem::ExprWithAlias { expr, alias: exact(name.clone()) }
            };
            let origin = origin.and_then(|found| found.column.origin);
            let label = label.filter(|_| is_ambiguous);
            columns.push(ScopeColumn { origin, label, ..ScopeColumn::computed(name, ty) });
        }
        Ok(columns)
    }

    /// Whether a column is one of the current query's FROM.
    fn is_own(&self, found: &FoundColumn) -> bool {
        let relations = self.scopes.last().map(|scope| scope.relations.as_slice()).unwrap_or_default();
        let named = relations.iter().filter(|relation| relation.name == found.relation);
        named.flat_map(|relation| &relation.columns).any(|column| column.name == found.column.name)
    }

    /// The column that an expression plainly names.
    pub fn plain_column(&self, expr: &Expr) -> Option<FoundColumn> {
        let found = match expr {
            Expr::Identifier(ident) => scope::resolve(&self.scopes, None, &folded(ident)).ok().flatten(),
            Expr::CompoundIdentifier(parts) => scope::resolve_qualified(&self.scopes, parts).ok().flatten(),
            Expr::Nested(inner) => self.plain_column(inner),
            _ => None,
        }?;
        match &found.merged {
            Some(merged) => self.plain_column(merged),
            None => Some(found),
        }
    }
}

/// Whether GROUP BY names several expressions and casts are among them, itself or by their places among the outputs: the
/// planner tells groups by names in which its own casts do not appear.
fn groups_by_casts(select: &Select) -> bool {
    let GroupByExpr::Expressions(list, _) = &select.group_by else { return false };
    let is_cast = |expr: &Expr| has_expression(expr, |part| matches!(part, Expr::Cast { .. }));
    let is_output_cast = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => is_cast(expr),
        _ => false,
    };
    let names_outputs = list.iter().any(|expr| is_ordinal(expr) || matches!(expr, Expr::Identifier(_)));
    list.len() > 1 && (list.iter().any(is_cast) || (names_outputs && select.projection.iter().any(is_output_cast)))
}

/// The last parts of the qualified names in ORDER BY.
fn qualified_names(order: &[OrderByExpr]) -> Vec<String> {
    let mut names = Vec::new();
    for item in order {
        let walked = has_expression(item, |expr| {
            if let Expr::CompoundIdentifier(parts) = expr {
                names.extend(parts.last().map(folded));
            }
            false
        });
        debug_assert!(!walked);
    }
    names
}

/// Refuses a SELECT or VALUES that is wider than a result may be.
///
/// # Errors
/// 54011 above `RESULT_COLUMNS_MAX`.
pub fn check_width(count: usize) -> Result<()> {
    if count <= RESULT_COLUMNS_MAX {
        return Ok(());
    }
    let message = format!("target lists can have at most {RESULT_COLUMNS_MAX} entries");
    Err(Error::new(ErrorKind::TooManyColumns, message).with_detail(format!("This one has {count}.")))
}

/// What the planner knows a result column by; `None` where it stands for itself.
struct Label {
    relation: Option<String>,
    name: String,
}

impl Label {
    /// Whether the planner could not tell the two apart: a name alone means a column of any relation.
    fn clashes(&self, other: &Label) -> bool {
        let differ = |(a, b): (&String, &String)| a != b;
        self.name == other.name && !self.relation.as_ref().zip(other.relation.as_ref()).is_some_and(differ)
    }
}

/// A column that `*` stands for.
fn shown_item(column: ShownColumn) -> SelectItem {
    match (column.name, column.expr) {
        (Some(_), expr @ Expr::CompoundIdentifier(_)) => SelectItem::UnnamedExpr(expr),
        (Some(name), expr) => SelectItem::ExprWithAlias { expr, alias: exact(name) },
        (None, Expr::Identifier(relation)) => SelectItem::QualifiedWildcard(
            SelectItemQualifiedWildcardKind::ObjectName(vec![relation].into()),
            WildcardAdditionalOptions::default(),
        ),
        (None, expr) => SelectItem::UnnamedExpr(expr),
    }
}

/// What both conditions say.
fn both(first: Expr, second: Option<Expr>) -> Expr {
    let nested = |expr: Expr| Box::new(Expr::Nested(Box::new(expr)));
    match second {
        None => first,
        Some(second) => Expr::BinaryOp { left: nested(first), op: BinaryOperator::And, right: nested(second) },
    }
}

fn last_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(ident) => Some(folded(ident)),
        Expr::CompoundIdentifier(parts) => parts.last().map(folded),
        _ => None,
    }
}

/// Orders by the column that a set makes in the select list, where ORDER BY has the same set: the planner would not order by it.
///
/// # Errors
/// 0A000 for a set that is in ORDER BY alone.
fn sets_by_position(select: &Select, order: Option<&mut Vec<OrderByExpr>>) -> Result<()> {
    let makes_set = |part: &Expr| {
        matches!(part, Expr::Function(function) if names::last_part(&function.name)
        .is_some_and(|name| name == "unnest" || SET_FUNCTIONS.contains(&name.as_str())))
    };
    for item in order.into_iter().flatten().filter(|item| has_expression(&item.expr, makes_set)) {
        let wanted = item.expr.to_string();
        let place = select.projection.iter().position(|shown| match shown {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => expr.to_string() == wanted,
            _ => false,
        });
        let Some(place) = place else {
            let message = "a set-returning function that is in ORDER BY alone is not offered";
            return Err(Error::unsupported(message, "Give it a name in a subquery, and order by that."));
        };
        item.expr = Expr::value(Literal::Number((place + 1).to_string(), false));
    }
    Ok(())
}

fn is_unnest(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(function) if names::last_part(&function.name).as_deref() == Some("unnest"))
}
