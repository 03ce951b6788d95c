//! Which operator and which form of a function PostgreSQL means, by the registry: a literal or parameter without a type takes that of
//! the place it is chosen for, and what fits nothing is refused in PostgreSQL's words.
//!
//! Where the type of a side is known to the planner alone, or is told otherwise than PostgreSQL tells it, the walk goes on as it did.

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, Spanned,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::calls::plain_argument;
use crate::sql::analyze::numerics::is_numeric;
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::functions::function_types;
use crate::sql::parse::names::exact;
use crate::sql::parse::operators::call;
use crate::sql::parse::parse::character;
use crate::sql::pg_catalog::type_of_oid;
use crate::sql::registry::{self, CallArguments, ResolvedFunction};
use crate::types::ColumnType;

/// What has no type yet.
const UNKNOWN: u32 = 705;
const TEXT: u32 = 25;
/// `character`, whose values are compared as its length has them.
const CHARACTER: u32 = 1042;

impl Analyzer<'_> {
    /// Chooses the operator of a name for sides that were walked, and gives what has no type that of its side. The type of the
    /// result, `None` where only the planner knows it.
    ///
    /// # Errors
    /// 42883 and 42725 as [`registry::resolve_operator`]; what the type's input function says of a literal.
    pub fn resolve_operands(
        &mut self,
        name: &str,
        (left, left_type): (&mut Expr, &mut Option<ColumnType>),
        (right, right_type): (&mut Expr, &mut Option<ColumnType>),
    ) -> Result<Option<ColumnType>> {
        let given = (self.given(left, left_type.as_ref()), self.given(right, right_type.as_ref()));
        let (Some(of_left), Some(of_right)) = given else { return Ok(None) };
        let resolved = match registry::resolve_operator(name, Some(of_left), of_right) {
            Ok(resolved) => resolved,
            // A vector beside an array takes it as one, which PostgreSQL asks a cast for.
            Err(_) if takes_array(left_type.as_ref(), right_type.as_ref()) => return Ok(None),
            Err(error) => return Err(error),
        };
        if !registry::is_run(resolved.operator) {
            let types = (registry::type_name(resolved.left), registry::type_name(resolved.right));
            let message = format!("the operator {} {name} {} is not offered", types.0, types.1);
            return Err(Error::unsupported(message, "The section \"Functions\" of COMPAT.md lists those that are."));
        }
        self.note_operator(resolved.operator, [left_type.as_ref(), right_type.as_ref()]);
        self.take_type(left, left_type, resolved.left)?;
        self.take_type(right, right_type, resolved.right)?;
        Ok(self.type_by_oid(resolved.result))
    }

    /// An error with the place of the operator that stands behind a left side which ends there: the tree does not tell it.
    pub fn at_operator(&self, error: Error, mut end: Location) -> Error {
        let before = character(self.context.text, end).and_then(|position| position.checked_sub(1));
        let Some(before) = before.filter(|_| error.position().is_none()) else { return error };
        for passed in self.context.text.chars().skip(before).take_while(|c| c.is_whitespace() || *c == ')') {
            end = match passed {
                '\n' => Location::new(end.line.saturating_add(1), 1),
                _ => Location::new(end.line, end.column.saturating_add(1)),
            };
        }
        self.at(error, end)
    }

    /// Walks the sides of an operator and chooses the one that is meant.
    ///
    /// # Errors
    /// As [`Analyzer::expr`] and [`Analyzer::resolve_operands`].
    pub fn resolve_walked(&mut self, name: &str, left: &mut Expr, right: &mut Expr) -> Result<Option<ColumnType>> {
        let mut left_type = self.expr(left)?;
        let mut right_type = self.expr(right)?;
        self.resolve_operands(name, (left, &mut left_type), (right, &mut right_type))
    }

    /// What [`Analyzer::resolve_walked`] does for an operator between texts: beside what only the planner knows it takes a text.
    ///
    /// # Errors
    /// As [`Analyzer::resolve_walked`].
    pub fn resolve_texts(&mut self, name: &str, left: &mut Expr, right: &mut Expr) -> Result<()> {
        self.resolve_walked(name, left, right)?;
        self.adopt(left, &ColumnType::Text)?;
        self.adopt(right, &ColumnType::Text)
    }

    /// Refuses operands whose types have no operator of that name; those without types may have one.
    ///
    /// # Errors
    /// 42883 and 42725 as [`registry::resolve_operator`].
    pub fn check_operands(&self, name: &str, left: Option<&ColumnType>, right: Option<&ColumnType>) -> Result<()> {
        match (left, right) {
            (Some(left), Some(right)) => registry::resolve_operator(name, Some(left.oid()), right.oid()).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Refuses expressions of which one is the result and whose types have none in common; `of` is what they are in,
    /// `places` where each of them stands, as far as that is known.
    ///
    /// # Errors
    /// 42804 and 42846 as [`registry::common_type`].
    pub fn check_common<'e>(
        &self,
        of: &str,
        list: impl IntoIterator<Item = (&'e Expr, &'e Option<ColumnType>)>,
        places: &[Location],
    ) -> Result<()> {
        // Functions of JSON tell both kinds as one.
        let kind = |ty: u32| if ty == ColumnType::Json.oid() { ColumnType::Jsonb.oid() } else { ty };
        let given = list.into_iter().map(|(each, ty)| self.given(each, ty.as_ref()).map(kind));
        let Some(types) = given.collect::<Option<Vec<u32>>>() else { return Ok(()) };
        let Err(error) = registry::common_type(&types, of) else { return Ok(()) };
        // The first that does not fit those before it.
        let fits = |count: &usize| registry::common_type(types.get(..*count).unwrap_or_default(), of).is_ok();
        let place = (1..=types.len()).take_while(fits).last().and_then(|fitting| places.get(fitting));
        Err(place.map_or(error.clone(), |place| self.at(error, *place)))
    }

    /// The type of an expression for the registry; `None` where only the planner knows it.
    fn given(&self, expr: &Expr, ty: Option<&ColumnType>) -> Option<u32> {
        match ty {
            // A literal that a subquery gives its name to is a text.
            Some(ColumnType::Unknown) => Some(TEXT),
            Some(ty) => Some(ty.oid()),
            None => self.is_adoptable(expr).then_some(UNKNOWN),
        }
    }

    /// Gives what has no type the one that was chosen for it, and casts what the planner would not.
    fn take_type(&mut self, expr: &mut Expr, ty: &mut Option<ColumnType>, chosen: u32) -> Result<()> {
        let is_cast = match ty {
            Some(given @ (ColumnType::Time | ColumnType::Vector(_) | ColumnType::Halfvec(_))) => given.oid() != chosen,
            _ => false,
        };
        if let Some(target) = self.type_by_oid(chosen).filter(|_| is_cast) {
            *expr = call(&cast_name(&target), vec![std::mem::replace(expr, Expr::Tuple(Vec::new()))]);
            *ty = Some(target);
            return Ok(());
        }
        let wanted = self.type_by_oid(chosen).filter(|_| chosen != CHARACTER && ty.is_none());
        if let Some(wanted) = wanted.filter(is_read) {
            self.adopt(expr, &wanted)?;
            *ty = Some(wanted);
        }
        Ok(())
    }
}

/// What is known of a call before it is written anew.
#[derive(Default)]
pub struct ChosenForm {
    pub arguments: Vec<Argument>,
    /// The type of its result where the planner's is the same.
    pub result: Option<ColumnType>,
}

/// What is known of an argument before the call is written anew.
pub enum Argument {
    /// It was walked, and has this type.
    Walked(Option<ColumnType>),
    /// It has no type of its own, and takes this one.
    Chosen(ColumnType),
    /// It has no type of its own, and nothing says which it takes.
    Open,
}

impl Analyzer<'_> {
    /// Walks the arguments of a call that have types, and chooses the form of the function that is meant; nothing is chosen for a call
    /// that the registry cannot judge.
    ///
    /// # Errors
    /// 42883 where no form takes these arguments; as [`Analyzer::expr`].
    pub fn chosen_types(&mut self, function: &mut Function, name: &str) -> Result<ChosenForm> {
        let place = function.name.span().start;
        let is_plain = function.within_group.is_empty() && !registry::forms(registered(name)).is_empty();
        let FunctionArguments::List(list) = &mut function.args else {
            self.note_function(name, None);
            return Ok(ChosenForm::default());
        };
        let count = list.args.len();
        let mut arguments: Vec<&mut Expr> = list.args.iter_mut().filter_map(plain_argument).collect();
        if arguments.len() < count {
            self.note_function(name, None);
            return Ok(ChosenForm::default());
        }
        let mut walked = Vec::with_capacity(count);
        for (position, argument) in arguments.iter_mut().enumerate() {
            walked.push(if self.is_adoptable(argument) {
                None
            } else if matches!(argument, Expr::Array(_)) {
                // Its elements may have no types.
                Some(self.open_argument(name, position, argument, &[])?)
            } else {
                Some(self.walked_argument(name, argument)?)
            });
        }
        let given: Option<Vec<u32>> = walked.iter().map(|ty| ty.as_ref().map_or(Some(UNKNOWN), oid_of)).collect();
        let resolved = match given.filter(|_| is_plain) {
            Some(types) => chosen_form(registered(name), types).map_err(|error| self.at(error, place))?,
            None => None,
        };
        self.note_function(name, resolved.as_ref().and_then(|resolved| resolved.form));
        let (chosen, result) = resolved.map_or_else(Default::default, |resolved| self.known_types(&resolved));
        for ((argument, ty), wanted) in arguments.iter_mut().zip(&mut walked).zip(&chosen) {
            if is_numeric(ty.as_ref().and_then(Option::as_ref)) && *wanted == Some(ColumnType::Float8) {
                self.numeric_as_float(argument);
                *ty = Some(Some(ColumnType::Float8));
            }
        }
        let shared = walked.iter_mut().zip(arguments.iter_mut()).take(elements_of(name));
        let shared: Vec<_> = shared.filter_map(|(ty, argument)| Some((ty.as_mut()?.as_mut()?, argument))).collect();
        if shared.iter().any(|(ty, _)| is_numeric(Some(ty.base()))) {
            for (own, argument) in shared {
                self.as_numbers(argument, own);
            }
        }
        let argument = |(position, ty): (usize, Option<Option<ColumnType>>)| match ty {
            Some(ty) => Argument::Walked(ty),
            None => chosen.get(position).cloned().flatten().map_or(Argument::Open, Argument::Chosen),
        };
        Ok(ChosenForm { arguments: walked.into_iter().enumerate().map(argument).collect(), result })
    }

    /// An argument that takes the type which was chosen for it; its type from here on.
    ///
    /// # Errors
    /// What the type's input function says of a literal.
    pub fn take_chosen(&mut self, name: &str, argument: &mut Expr, ty: &ColumnType) -> Result<Option<ColumnType>> {
        // A series of times is made of constants, and the planner reads neither labels nor numbers nor bytes.
        let is_never_planners =
            ty.enumerated().is_some() || matches!(ty, ColumnType::Numeric(_) | ColumnType::Float8 | ColumnType::Bytea);
        let is_read_here = name == "generate_series" || is_never_planners || registered(name) != name;
        if function_types::is_read_by_planner(name) && !is_read_here {
            self.adopt_parameter(argument, ty);
        } else {
            self.adopt(argument, ty)?;
        }
        self.walked_argument(name, argument)
    }

    /// The type of an OID; `None` for one that has no values here.
    fn type_by_oid(&self, oid: u32) -> Option<ColumnType> {
        type_of_oid(oid, self.context.view.catalog())
    }

    /// The types that the form takes, and that of its result.
    fn known_types(&self, resolved: &ResolvedFunction) -> (Vec<Option<ColumnType>>, Option<ColumnType>) {
        let known = |oid: &u32| self.type_by_oid(*oid).filter(|ty| *oid != CHARACTER && is_read(ty));
        let is_row = resolved.form.is_none_or(|form| !form.returns_set);
        let result = ColumnType::from_oid(resolved.result)
            .filter(|ty| is_row && (matches!(ty, ColumnType::Text | ColumnType::Bool) || ty.enumerated().is_some()));
        (resolved.arguments.iter().map(known).collect(), result)
    }

    /// The error for a function that does not exist.
    ///
    /// # Errors
    /// As [`Analyzer::expr`] for its arguments.
    pub fn undefined(&mut self, function: &mut Function, name: &str) -> Result<Error> {
        let mut types = Vec::new();
        if let FunctionArguments::List(list) = &mut function.args {
            for argument in list.args.iter_mut().filter_map(plain_argument) {
                let ty = self.argument(argument)?;
                types.push(ty.map_or(UNKNOWN, |ty| ty.oid()));
            }
        }
        Ok(registry::undefined_function(name, &types))
    }
}

/// The name that the registry has for a function which the planner is given under another one.
fn registered(name: &str) -> &str {
    match name {
        "array_remove_all" => "array_remove",
        "array_replace_all" => "array_replace",
        "signum" => "sign",
        other => other,
    }
}

/// How many of the first arguments of a function are an array and what is, or becomes, an element of it.
fn elements_of(name: &str) -> usize {
    match name {
        "array_append" | "array_prepend" | "array_cat" | "array_position" | "array_positions" => 2,
        "array_remove_all" => 2,
        "array_replace_all" => 3,
        _ => 0,
    }
}

fn oid_of(ty: &Option<ColumnType>) -> Option<u32> {
    ty.as_ref().map(ColumnType::oid)
}

/// The form of a function that is meant; nothing where several are as good, which the call is left to.
fn chosen_form(name: &str, types: Vec<u32>) -> Result<Option<ResolvedFunction>> {
    let call = CallArguments { types, ..CallArguments::default() };
    match registry::resolve_function(name, &call) {
        Ok(resolved) => Ok(Some(resolved)),
        // A polymorphic function of literals alone.
        Err(error) if error.kind() == ErrorKind::DatatypeMismatch && call.types.iter().all(|ty| *ty == UNKNOWN) => {
            Err(error)
        }
        Err(error) if error.kind() == ErrorKind::UndefinedFunction && !may_be_meant(name, call) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Whether a literal is read as a value of that type before it is planned: names are looked up by the functions that take them.
fn is_read(ty: &ColumnType) -> bool {
    !matches!(ty, ColumnType::Unknown | ColumnType::Reg(_))
}

/// Whether a form would take the arguments if those had a type whose values are told to be of another here: JSON of both kinds,
/// texts for paths, and arrays for vectors.
fn may_be_meant(name: &str, mut call: CallArguments<'_>) -> bool {
    let parameters = || registry::forms(name).iter().flat_map(|form| form.arguments.iter().copied());
    let takes_unknown = parameters().any(|ty| !registry::is_offered_type(ty));
    let takes_vectors = parameters().filter_map(ColumnType::from_oid).any(|ty| ty.is_dense_vector());
    for ty in &mut call.types {
        let is_told_otherwise = match ColumnType::from_oid(*ty) {
            Some(ColumnType::Json | ColumnType::Jsonb) => true,
            Some(ColumnType::Text) => takes_unknown,
            // A function of vectors takes arrays, which PostgreSQL asks a cast for.
            Some(ColumnType::Array(_)) => takes_vectors,
            _ => false,
        };
        if is_told_otherwise {
            *ty = UNKNOWN;
        }
    }
    !matches!(registry::resolve_function(name, &call), Err(error) if error.kind() == ErrorKind::UndefinedFunction)
}

/// A cast that is written as a call of the name of its type.
pub fn written_cast(function: &Function, name: &str) -> Option<Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(inner))] = list.args.as_slice() else { return None };
    let is_type = registry::type_named(name).is_some_and(|ty| ColumnType::from_oid(ty.oid).is_some());
    let is_plain = function.over.is_none() && function.filter.is_none() && list.clauses.is_empty();
    (is_type && is_plain).then(|| Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(inner.clone()),
        data_type: DataType::Custom(ObjectName::from(vec![exact(name)]), Vec::new()),
        array: false,
        format: None,
    })
}

/// Where the left side of an operation ends.
pub fn left_end(expr: &Expr) -> Location {
    match expr {
        Expr::BinaryOp { left, .. } => left.span().end,
        other => other.span().start,
    }
}

/// Whether one side is a vector and the other an array.
fn takes_array(left: Option<&ColumnType>, right: Option<&ColumnType>) -> bool {
    let is_vector =
        |ty: Option<&ColumnType>| ty.is_some_and(|ty| ty.is_dense_vector() || matches!(ty, ColumnType::Sparsevec(_)));
    let is_array = |ty: Option<&ColumnType>| matches!(ty, Some(ColumnType::Array(_)));
    (is_vector(left) && is_array(right)) || (is_array(left) && is_vector(right))
}
