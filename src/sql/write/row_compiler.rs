//! From an expression's tree to an [`expr::Expr`], with PostgreSQL's rules for names, literals and types.
//!
//! A [`Compiler`] serves the expressions of one place: values of INSERT see no row, `DO UPDATE` sees the entry and
//! `EXCLUDED`. What the small language lacks is collected and planned as one SELECT, whose columns are then read through
//! [`expr::Expr::Planned`] (`row_subplan`).

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Spanned, TypedString, UnaryOperator,
    Value as Literal, With,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{self, Arithmetic, Comparison, Function, ParameterTypes, Scalar, no_condition, unmodified};
use crate::model::Collection;
use crate::sql::analyze::analyzer::{unified, wider};
use crate::sql::analyze::literals::{placeholder, string_of};
use crate::sql::analyze::present_words::read_constant;
use crate::sql::analyze::scope::{no_relation, qualified};
use crate::sql::analyze::times::declared_interval;
use crate::sql::arrow::context::PlanContext;
use crate::sql::functions::{self, joined_texts};
use crate::sql::parse::names::{self, folded};
use crate::sql::parse::operators::json_function;
use crate::sql::parse::trees::{number, number_of};
use crate::sql::pg_catalog::is_in_schema;
use crate::sql::write::returned::Others;
use crate::sql::write::write_target::{WritePlace, check_assignable, is_assignable, located};
use crate::types::{ColumnType, Value};

/// Which rows the names of an expression may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visible {
    Nothing,
    Row,
    RowAndExcluded,
}

/// Functions without arguments, defaults of columns above all, for which the planner would run a plan a row.
const BY_THEMSELVES: [&str; 9] = [
    "now",
    "current_timestamp",
    "transaction_timestamp",
    "statement_timestamp",
    "clock_timestamp",
    "gen_random_uuid",
    "uuidv4",
    "uuid_generate_v4",
    "uuidv7",
];

/// Compiles the expressions of one place of a statement.
pub struct Compiler<'a> {
    pub collection: &'a Collection,
    /// What the statement calls its table.
    pub relation: String,
    pub visible: Visible,
    pub parameters: &'a mut ParameterTypes,
    pub context: &'a PlanContext<'a>,
    /// Expressions for the planner, in the order of [`expr::Expr::Planned`], and the places that they are assigned to.
    pub hard: Vec<(Expr, Option<WritePlace>)>,
    /// Relations whose columns stand behind those of the row.
    pub others: Others,
    /// The queries of WITH that subqueries may read.
    pub with: Option<&'a With>,
}

/// An expression and its type; none for a literal or parameter that takes the type of its place.
pub struct Typed {
    pub expression: expr::Expr,
    pub ty: Option<ColumnType>,
    location: Location,
}

impl<'a> Compiler<'a> {
    pub fn new(
        collection: &'a Collection,
        relation: &str,
        visible: Visible,
        parameters: &'a mut ParameterTypes,
        context: &'a PlanContext<'a>,
    ) -> Self {
        Compiler {
            collection,
            relation: relation.to_string(),
            visible,
            parameters,
            context,
            hard: Vec::new(),
            others: Others::default(),
            with: None,
        }
    }

    /// The value for a place, whatever the expression.
    ///
    /// # Errors
    /// 42804 for a type that the place does not take, 22P02 and its like for a literal; as [`Compiler::typed`].
    pub fn assign(&mut self, expr: &Expr, place: WritePlace) -> Result<expr::Expr> {
        match self.try_assign(expr, place)? {
            Some(expression) => Ok(expression),
            None => {
                let to = place.ty(self.collection);
                let planned = Box::new(self.plan_later(expr));
                self.hard.last_mut().into_iter().for_each(|hard| hard.1 = Some(place));
                Ok(expr::Expr::Convert { inner: planned, to, explicit: false })
            }
        }
    }

    /// The value for a place, converted to its type; `None` for what only the planner can compute.
    ///
    /// # Errors
    /// As [`Compiler::assign`].
    pub fn try_assign(&mut self, expr: &Expr, place: WritePlace) -> Result<Option<expr::Expr>> {
        let Some(mut typed) = self.typed(expr)? else { return Ok(None) };
        let to = place.ty(self.collection);
        let Some(from) = typed.ty.clone() else {
            self.adopt(&mut typed, &to)?;
            return self.converted(typed, &to, false).map(Some);
        };
        check_assignable(self.collection, place, &from)
            .map_err(|error| located(error, self.context.text, typed.location))?;
        self.converted(typed, &to, false).map(Some)
    }

    /// A condition, of the clause or operator that `of` names; `None` for what only the planner can compute.
    ///
    /// # Errors
    /// 42804 for one that is not of type boolean; as [`Compiler::typed`].
    pub fn try_condition(&mut self, expr: &Expr, of: &str) -> Result<Option<expr::Expr>> {
        let Some(mut typed) = self.typed(expr)? else { return Ok(None) };
        self.adopt(&mut typed, &ColumnType::Bool)?;
        match &typed.ty {
            Some(ColumnType::Bool) | None => Ok(Some(typed.expression)),
            Some(ty) => Err(located(no_condition(of, ty), self.context.text, typed.location)),
        }
    }

    /// # Errors
    /// As [`Compiler::try_condition`].
    pub fn condition(&mut self, expr: &Expr) -> Result<expr::Expr> {
        Ok(match self.try_condition(expr, "WHERE")? {
            Some(condition) => condition,
            None => self.plan_later(expr),
        })
    }

    /// Leaves an expression to the planner.
    pub fn plan_later(&mut self, expr: &Expr) -> expr::Expr {
        self.hard.push((expr.clone(), None));
        expr::Expr::Planned(self.hard.len() - 1)
    }

    /// An expression with its type; `None` for what the small language lacks.
    ///
    /// # Errors
    /// 42703 and 42P01 for names that mean nothing here, 42883 for an operator that the types do not have, 22P02 for a cast.
    pub fn typed(&mut self, expr: &Expr) -> Result<Option<Typed>> {
        let location = expr.span().start;
        let typed = |expression, ty| Ok(Some(Typed { expression, ty, location }));
        if let Some((text, negative)) = number_of(expr) {
            return match number(text, negative) {
                Some(value) => {
                    let ty = value.column_type();
                    typed(expr::Expr::constant(value), Some(ty))
                }
                None => Ok(None),
            };
        }
        match expr {
            Expr::Nested(inner) => self.typed(inner),
            Expr::Value(value) => match &value.value {
                Literal::Placeholder(name) => {
                    let Some(position) = placeholder(name) else { return Ok(None) };
                    let ty = self.parameters.get(position).cloned();
                    let read_as = ty.clone().unwrap_or(ColumnType::Text);
                    typed(expr::Expr::parameter(position, read_as), ty)
                }
                Literal::Null => typed(expr::Expr::constant(Value::Null), None),
                Literal::Boolean(truth) => typed(expr::Expr::constant(Value::Bool(*truth)), Some(ColumnType::Bool)),
                literal => match string_of(literal) {
                    Some(text) => typed(expr::Expr::constant(Value::text(text)), None),
                    None => Ok(None),
                },
            },
            Expr::Identifier(ident) => self.column(None, &folded(ident), location),
            Expr::CompoundIdentifier(parts) => match qualified(parts) {
                Some((schema, relation, name)) => self.column(Some((schema.as_deref(), &relation)), &name, location),
                None => Ok(None),
            },
            // What fits intervals to their fields the planner has.
            Expr::Cast { data_type, .. } | Expr::TypedString(TypedString { data_type, .. })
                if declared_interval(data_type).is_some() =>
            {
                Ok(None)
            }
            Expr::Cast { expr: inner, data_type, array: false, .. } => {
                let Ok(to) = ColumnType::parse(&data_type.to_string()) else { return Ok(None) };
                self.cast(inner, to)
            }
            Expr::TypedString(string) => {
                let Ok(to) = ColumnType::parse(&string.data_type.to_string()) else { return Ok(None) };
                self.cast(&Expr::Value(string.value.clone()), to)
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr: inner } => {
                let Some(inner) = self.try_condition(inner, "NOT")? else { return Ok(None) };
                typed(inner.negated_if(true), Some(ColumnType::Bool))
            }
            Expr::IsNull(inner) | Expr::IsNotNull(inner) => {
                let Some(inner) = self.typed(inner)? else { return Ok(None) };
                let test = inner.expression.is_null().negated_if(matches!(expr, Expr::IsNotNull(_)));
                typed(test, Some(ColumnType::Bool))
            }
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right, location),
            Expr::Function(_) => self.function(expr, location),
            _ => Ok(None),
        }
    }

    /// Whether a relation's name, with the schema that is written before it, means the row.
    pub fn is_row(&self, schema: Option<&str>, relation: &str) -> bool {
        let is_named = self.visible != Visible::Nothing && relation == self.relation;
        // A table that has another name in the statement is not to be found by its schema.
        is_named
            && (schema.is_none() || relation == self.collection.name)
            && schema.is_none_or(|schema| is_in_schema(self.collection, schema, self.context))
    }

    /// Whether a relation's name means the row that ON CONFLICT could not insert.
    pub fn is_excluded(&self, schema: Option<&str>, relation: &str) -> bool {
        self.visible == Visible::RowAndExcluded && schema.is_none() && relation == "excluded"
    }

    /// A column, with the names written before it.
    fn column(
        &mut self,
        relation: Option<(Option<&str>, &str)>,
        name: &str,
        location: Location,
    ) -> Result<Option<Typed>> {
        let at = |error| Err(located(error, self.context.text, location));
        let is_excluded = relation.is_some_and(|(schema, relation)| self.is_excluded(schema, relation));
        if let Some((schema, relation)) = relation
            && !is_excluded
            && !self.is_row(schema, relation)
            && !self.others.has_relation(relation)
        {
            return at(no_relation(relation));
        }
        let own = self.collection.column(name).filter(|_| self.visible != Visible::Nothing);
        let own = own.filter(|_| relation.is_none_or(|(schema, name)| is_excluded || self.is_row(schema, name)));
        let mut others = self.others.named(relation.map(|(_, relation)| relation), name, self.collection);
        match (own, others.next(), others.next()) {
            (_, None, _) => {}
            (None, Some((position, column)), None) => {
                let expression = expr::Expr::column(position, column.ty.clone());
                return Ok(Some(Typed { expression, ty: Some(column.ty.clone()), location }));
            }
            _ => {
                let message = format!("column reference \"{name}\" is ambiguous");
                return at(Error::new(ErrorKind::AmbiguousColumn, message));
            }
        }
        let Some(position) = own else {
            let is_function = relation.is_none() && crate::sql::relational::engine::is_keyword_function(name);
            let is_system = self.visible != Visible::Nothing && self.collection.system_column(name).is_some();
            if is_function || is_system {
                return Ok(None);
            }
            let column = relation.map_or_else(|| format!("\"{name}\""), |(_, relation)| format!("{relation}.{name}"));
            return at(Error::new(ErrorKind::UndefinedColumn, format!("column {column} does not exist")));
        };
        let ty = WritePlace::Column(position).ty(self.collection);
        let expression = match is_excluded {
            true => expr::Expr::Excluded(position, ty.clone()),
            false => expr::Expr::column(position, ty.clone()),
        };
        Ok(Some(Typed { expression, ty: Some(ty), location }))
    }

    fn cast(&mut self, inner: &Expr, to: ColumnType) -> Result<Option<Typed>> {
        if matches!(to, ColumnType::Reg(_)) {
            return Ok(None);
        }
        let Some(mut typed) = self.typed(inner)? else { return Ok(None) };
        let location = typed.location;
        if typed.ty.is_none() {
            self.adopt(&mut typed, &to)?;
        }
        let expression = self.converted(typed, &to, true)?;
        Ok(Some(Typed { expression, ty: Some(to), location }))
    }

    /// Gives a literal or parameter without a type the type of its place.
    ///
    /// # Errors
    /// 22P02 and its like for a literal that is no value of the type; 42P18 where a parameter has another one.
    pub fn adopt(&mut self, typed: &mut Typed, ty: &ColumnType) -> Result<()> {
        if typed.ty.is_some() {
            return Ok(());
        }
        match &mut typed.expression {
            expr::Expr::Scalar(Scalar::Parameter(position, read_as)) => {
                self.parameters.suggest(*position, ty);
                *read_as = self.parameters.get(*position).cloned().unwrap_or_else(|| unmodified(ty));
                typed.ty = Some(read_as.clone());
                return Ok(());
            }
            expr::Expr::Scalar(Scalar::Value(value @ Value::Text(_))) => {
                let read = read_constant(std::mem::take(value), &unmodified(ty), true, self.context);
                *value = read.map_err(|error| located(error, self.context.text, typed.location))?;
            }
            _ => {}
        }
        typed.ty = Some(unmodified(ty));
        Ok(())
    }

    /// The expression as a value of type `to`; constants are converted here and now.
    fn converted(&self, typed: Typed, to: &ColumnType, explicit: bool) -> Result<expr::Expr> {
        if typed.ty.as_ref() == Some(to) {
            return Ok(typed.expression);
        }
        match typed.expression {
            expr::Expr::Scalar(Scalar::Value(value)) => {
                let value = read_constant(value, to, explicit, self.context);
                Ok(expr::Expr::constant(value.map_err(|error| located(error, self.context.text, typed.location))?))
            }
            inner => Ok(expr::Expr::Convert { inner: Box::new(inner), to: to.clone(), explicit }),
        }
    }

    fn binary(
        &mut self,
        left: &Expr,
        operator: &BinaryOperator,
        right: &Expr,
        location: Location,
    ) -> Result<Option<Typed>> {
        let typed = |expression, ty| Ok(Some(Typed { expression, ty: Some(ty), location }));
        if matches!(operator, BinaryOperator::And | BinaryOperator::Or) {
            let of = operator.to_string();
            let Some(left) = self.try_condition(left, &of)? else { return Ok(None) };
            let Some(right) = self.try_condition(right, &of)? else { return Ok(None) };
            let both = match operator {
                BinaryOperator::And => expr::Expr::And(vec![left, right]),
                _ => expr::Expr::Or(vec![left, right]),
            };
            return typed(both, ColumnType::Bool);
        }
        let (arithmetic, comparison) = (Arithmetic::of(&operator.to_string()), Comparison::of(&operator.to_string()));
        let is_step = matches!(operator, BinaryOperator::Arrow | BinaryOperator::LongArrow);
        let is_concat = *operator == BinaryOperator::StringConcat;
        if !(is_step || is_concat || arithmetic.is_some() || comparison.is_some()) {
            return Ok(None);
        }
        // Each operand is looked at once: they are operations themselves.
        let Some(mut left) = self.typed(left)? else { return Ok(None) };
        if is_step || *operator == BinaryOperator::Minus && left.ty == Some(ColumnType::Jsonb) {
            return self.json_step(left, operator, right, location);
        }
        let Some(mut right) = self.typed(right)? else { return Ok(None) };
        // One without a type takes the other's, but beside what is joined or computed otherwise.
        let is_taken = |ty: &ColumnType| match arithmetic {
            Some(_) => ty.is_number(),
            None => !is_concat || ty.is_text() || *ty == ColumnType::Jsonb,
        };
        match (left.ty.clone(), right.ty.clone()) {
            (Some(ty), None) if is_taken(&ty) => self.adopt(&mut right, &ty)?,
            (None, Some(ty)) if is_taken(&ty) => self.adopt(&mut left, &ty)?,
            // As PostgreSQL does, two of them are joined as texts.
            (None, None) if is_concat => {
                self.adopt(&mut left, &ColumnType::Text)?;
                self.adopt(&mut right, &ColumnType::Text)?;
            }
            _ => {}
        }
        let (Some(left_type), Some(right_type)) = (&left.ty, &right.ty) else { return Ok(None) };
        if let Some(operator) = arithmetic {
            if !left_type.is_number() || !right_type.is_number() {
                return Ok(None);
            }
            let ty = wider(left_type, right_type);
            // The scale of a numeric quotient is the planner's business.
            if operator == Arithmetic::Divide && matches!(ty, ColumnType::Numeric(_)) {
                return Ok(None);
            }
            let (left, right) = (Box::new(left.expression), Box::new(right.expression));
            return typed(expr::Expr::Arithmetic { operator, left, right, ty: ty.clone() }, ty);
        }
        if let Some(operator) = comparison {
            let both = |is: fn(&ColumnType) -> bool| is(left_type) && is(right_type);
            let is_plain = !matches!(left_type, ColumnType::Json | ColumnType::Array(_) | ColumnType::Interval);
            let is_same = is_plain && unmodified(left_type) == unmodified(right_type);
            if !(both(ColumnType::is_number) || both(ColumnType::is_text) || is_same) {
                return Ok(None);
            }
            let (left, right) =
                (left.expression.beside(left_type, right_type)?, right.expression.beside(right_type, left_type)?);
            return typed(expr::Expr::compare(left, operator, right), ColumnType::Bool);
        }
        if is_concat {
            let (is_text, other_text) = (left_type.is_text(), right_type.is_text());
            let are_json = *left_type == ColumnType::Jsonb && *right_type == ColumnType::Jsonb;
            let concat = match are_json {
                true => functions::function("jsonb_concat"),
                false => (is_text && other_text).then(joined_texts),
            };
            return Ok(concat.map(|concat| called(concat, vec![left.expression, right.expression], location)));
        }
        Ok(None)
    }

    /// `json -> step`, `json ->> step` and `json - step`.
    fn json_step(
        &mut self,
        json: Typed,
        operator: &BinaryOperator,
        step: &Expr,
        location: Location,
    ) -> Result<Option<Typed>> {
        let is_json = matches!(json.ty, Some(ColumnType::Jsonb))
            || (matches!(json.ty, Some(ColumnType::Json)) && *operator != BinaryOperator::Minus);
        if !is_json {
            return Ok(None);
        }
        let Some(mut step) = self.typed(step)? else { return Ok(None) };
        self.adopt(&mut step, &ColumnType::Text)?;
        if !step.ty.as_ref().is_some_and(|ty| ty.is_text() || ty.is_integer()) {
            return Ok(None);
        }
        let name = json_function(operator, step.ty.as_ref()).unwrap_or("jsonb_delete");
        Ok(functions::function(name).map(|function| called(function, vec![json.expression, step.expression], location)))
    }

    fn function(&mut self, expr: &Expr, location: Location) -> Result<Option<Typed>> {
        let Expr::Function(function) = expr else { return Ok(None) };
        if function.filter.is_some() || function.over.is_some() || !function.within_group.is_empty() {
            return Ok(None);
        }
        let name = names::last_part(&function.name).unwrap_or_default().to_lowercase();
        let arguments: Vec<&Expr> = match &function.args {
            FunctionArguments::None => Vec::new(),
            FunctionArguments::List(list) if list.clauses.is_empty() && list.duplicate_treatment.is_none() => {
                let plain = list.args.iter().map(|argument| match argument {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
                    _ => None,
                });
                match plain.collect::<Option<_>>() {
                    Some(arguments) => arguments,
                    None => return Ok(None),
                }
            }
            _ => return Ok(None),
        };
        match (name.as_str(), arguments.is_empty()) {
            ("coalesce", false) => self.coalesce(&arguments, location),
            (name, true) if BY_THEMSELVES.contains(&name) => {
                Ok(functions::function(name).map(|function| called(function, Vec::new(), location)))
            }
            _ => Ok(None),
        }
    }

    fn coalesce(&mut self, arguments: &[&Expr], location: Location) -> Result<Option<Typed>> {
        let mut list = Vec::with_capacity(arguments.len());
        let mut common: Option<ColumnType> = None;
        for argument in arguments {
            let Some(typed) = self.typed(argument)? else { return Ok(None) };
            if let Some(ty) = &typed.ty {
                common = match common.take() {
                    None => Some(ty.clone()),
                    Some(known) => match unified(Some(unmodified(&known)), Some(unmodified(ty))) {
                        Some(shared) => Some(shared),
                        None => return Ok(None),
                    },
                };
            }
            list.push(typed);
        }
        let ty = unmodified(&common.unwrap_or(ColumnType::Text));
        let mut expressions = Vec::with_capacity(list.len());
        for mut typed in list {
            self.adopt(&mut typed, &ty)?;
            if !typed.ty.as_ref().is_none_or(|from| is_assignable(from, &ty)) {
                return Ok(None);
            }
            expressions.push(self.converted(typed, &ty, false)?);
        }
        let expression = expr::Expr::Coalesce { list: expressions, ty: ty.clone() };
        Ok(Some(Typed { expression, ty: Some(ty), location }))
    }
}

/// A call of a function with arguments that it takes.
fn called(function: &'static Function, arguments: Vec<expr::Expr>, location: Location) -> Typed {
    let ty = Some(function.returns.clone());
    Typed { expression: expr::Expr::Call { function, arguments }, ty, location }
}
