//! `x op ANY (array)` and `x op ALL (array)`, with SQL's three truth values.
//!
//! Each is a function whose name holds the quantifier and the operator (`$any:=`), which is a comparison, or a function of two arguments
//! whose element is the second or the first of them (`$any:2:ts_match_vq`). An array that the statement fixes makes
//! `= ANY` and `<> ALL` a list of values, which the planner looks up by hash and the scan takes over; everything else runs
//! row by row on `Value`s: true (for ALL, false) where an element decides, otherwise unknown where a comparison is.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, BooleanBuilder, ListArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use crate::error::Error;
use crate::expr::{Comparison, Function, Invocation, StatementContext};
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::reading::{readable, value_at};
use crate::sql::arrow::types::type_of;
use crate::sql::functions::{function as function_of, planner_volatility};
use crate::sql::planner::semantics::float_keys::{KeySides, keyed};
use crate::types::{ColumnType, TextStyle, Value};

const ANY: &str = "$any:";
const ALL: &str = "$all:";
/// Before the name of a function that stands for an operator: which of its arguments is the element.
const ELEMENT_FIRST: &str = "1:";
const ELEMENT_SECOND: &str = "2:";
/// The name of `= ANY`, whose array [`Quantified::simplify`] makes a list.
pub const EQUALS_ANY: &str = "$any:=";
/// The name of `<> ALL`, its negation.
pub const DIFFERS_FROM_ALL: &str = "$all:<>";

/// The function that stands for a comparison with the elements of an array; `None` for what is no comparison.
pub fn quantified_name(operator: &BinaryOperator, is_all: bool) -> Option<String> {
    let prefix = if is_all { ALL } else { ANY };
    Comparison::of(&operator.to_string()).map(|comparison| format!("{prefix}{}", comparison.symbol()))
}

/// The function that stands for another function of a value and of each element of an array, which may be its first argument.
pub fn operator_name(function: &str, is_first: bool, is_all: bool) -> String {
    format!("{}{}{function}", if is_all { ALL } else { ANY }, if is_first { ELEMENT_FIRST } else { ELEMENT_SECOND })
}

/// Whether a function of the planner is ANY or ALL of an array.
pub fn is_quantified(name: &str) -> bool {
    name.starts_with(ANY) || name.starts_with(ALL)
}

/// The function of that name.
pub fn quantified_function(name: &str) -> Option<Arc<ScalarUDF>> {
    let (is_all, symbol) = match (name.strip_prefix(ANY), name.strip_prefix(ALL)) {
        (Some(symbol), _) => (false, symbol),
        (_, Some(symbol)) => (true, symbol),
        _ => return None,
    };
    let called =
        [ELEMENT_FIRST, ELEMENT_SECOND].into_iter().find_map(|place| Some((place, symbol.strip_prefix(place)?)));
    let (test, volatility) = match called {
        Some((place, function)) => {
            let definition = Box::new(function_of(function)?.clone());
            let volatility = planner_volatility(definition.volatility);
            (Test::Function { definition, is_first: place == ELEMENT_FIRST }, volatility)
        }
        None => (Test::Comparison(Comparison::of(symbol)?), Volatility::Immutable),
    };
    let signature = Signature::any(2, volatility);
    Some(Arc::new(ScalarUDF::from(Quantified { name: name.to_string(), test, is_all, signature })))
}

/// What is asked of a value and an element.
#[derive(Debug)]
enum Test {
    Comparison(Comparison),
    Function {
        definition: Box<Function>,
        /// The element is its first argument.
        is_first: bool,
    },
}

#[derive(Debug)]
struct Quantified {
    name: String,
    test: Test,
    is_all: bool,
    signature: Signature,
}

impl PartialEq for Quantified {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Quantified {}

impl Hash for Quantified {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl Quantified {
    /// The truth of the test of `value` with all elements, those of nested arrays included.
    fn truth(&self, value: &Value, elements: &[Value], call: &TestCall<'_>) -> Result<Option<bool>, Error> {
        let mut truth = Some(self.is_all);
        for element in elements {
            let each = match element {
                Value::Array(_, inner) => self.truth(value, inner, call)?,
                element => self.test.of(value, element, call)?,
            };
            match each {
                Some(decided) if decided != self.is_all => return Ok(Some(decided)),
                Some(_) => {}
                None => truth = None,
            }
        }
        Ok(truth)
    }
}

/// What a test that is a function runs with.
struct TestCall<'a> {
    context: Option<&'a ReadContext>,
    /// Of the value and of the elements.
    types: [ColumnType; 2],
}

impl Test {
    /// Whether the test holds for a value and an element; `None` where that is not known.
    fn of(&self, value: &Value, element: &Value, call: &TestCall<'_>) -> Result<Option<bool>, Error> {
        let (definition, is_first) = match self {
            Test::Comparison(comparison) => {
                return Ok(value.compare(element).map(|order| comparison.holds(order)));
            }
            Test::Function { definition, is_first } => (definition, *is_first),
        };
        let ([mut first, mut second], mut types) = ([value.clone(), element.clone()], call.types.clone());
        if is_first {
            std::mem::swap(&mut first, &mut second);
            types.reverse();
        }
        if definition.strict && (first.is_null() || second.is_null()) {
            return Ok(None);
        }
        let style = call.context.map_or(TextStyle::CANONICAL, StatementContext::style);
        let arguments = [definition.argument(0, first, style)?, definition.argument(1, second, style)?];
        let statement = call.context.map(|context| context as &dyn StatementContext);
        let invocation = Invocation { name: definition.name, statement, types: &types };
        Ok(match (definition.body)(&invocation, &arguments)? {
            Value::Bool(truth) => Some(truth),
            _ => None,
        })
    }
}

impl ScalarUDFImpl for Quantified {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn simplify(&self, arguments: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let is_list = match self.test {
            Test::Comparison(Comparison::Equal) => !self.is_all,
            Test::Comparison(Comparison::NotEqual) => self.is_all,
            _ => false,
        };
        let [value, Expr::Literal(ScalarValue::List(array), _)] = arguments.as_slice() else {
            return Ok(ExprSimplifyResult::Original(arguments));
        };
        let (true, Some(elements)) = (is_list, elements(array)) else {
            return Ok(ExprSimplifyResult::Original(arguments));
        };
        let ty = info.get_data_type(value)?;
        let list = elements.into_iter().map(|element| listed(element, &ty)).collect::<Option<Vec<Option<Expr>>>>();
        // Among nothing at all even a NULL is not.
        match list.map(|list| list.into_iter().flatten().collect::<Vec<Expr>>()).filter(|list| !list.is_empty()) {
            Some(list) => {
                let among = value.clone().in_list(list, self.is_all);
                // A constant is compared at once, before everything else gets its keys.
                let is_constant = value.column_refs().is_empty();
                let among = if is_constant { keyed(among, &DFSchema::empty(), KeySides::All)?.data } else { among };
                Ok(ExprSimplifyResult::Simplified(among))
            }
            None => Ok(ExprSimplifyResult::Original(arguments)),
        }
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ([value, array], [value_field, array_field]) = (arguments.args.as_slice(), arguments.arg_fields.as_slice())
        else {
            return Err(DataFusionError::Internal(format!("{} has two arguments", self.name)));
        };
        let is_constant = matches!((value, array), (ColumnarValue::Scalar(_), ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { arguments.number_rows };
        let value_type = type_of(value_field);
        let array_type = match type_of(array_field) {
            // Its elements have lost the name of their type, and are the text of one.
            ColumnType::Array(element) if value_type == ColumnType::Uuid && element.is_text() => {
                ColumnType::Array(Box::new(ColumnType::Uuid))
            }
            other => other,
        };
        let fixed = match array {
            ColumnarValue::Scalar(scalar) => {
                let array = readable(&scalar.to_array()?).map_err(to_datafusion)?;
                Some(value_at(&array, 0, &array_type).map_err(to_datafusion)?)
            }
            ColumnarValue::Array(_) => None,
        };
        let values = readable(&value.to_array(rows)?).map_err(to_datafusion)?;
        let arrays = match &fixed {
            Some(_) => None,
            None => Some(readable(&array.to_array(rows)?).map_err(to_datafusion)?),
        };
        let context = ReadContext::of(&arguments.config_options);
        let call = TestCall { context, types: [value_type.clone(), array_type.base().clone()] };
        let mut builder = BooleanBuilder::with_capacity(rows);
        for row in 0..rows {
            let value = value_at(&values, row, &value_type).map_err(to_datafusion)?;
            let own = match &arrays {
                Some(arrays) => Some(value_at(arrays, row, &array_type).map_err(to_datafusion)?),
                None => None,
            };
            context.map_or(Ok(()), |context| context.cancel.check()).map_err(to_datafusion)?;
            let truth = match own.as_ref().or(fixed.as_ref()) {
                Some(Value::Array(_, elements)) => self.truth(&value, elements, &call),
                // Without its type's name an array of real reads as a vector.
                Some(Value::Vector(elements)) => {
                    self.truth(&value, &elements.iter().copied().map(Value::Float4).collect::<Vec<_>>(), &call)
                }
                _ => Ok(None),
            };
            builder.append_option(truth.map_err(to_datafusion)?);
        }
        let result = builder.finish();
        if is_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(Arc::new(result)))
    }
}

/// An element as a member of a list for values of type `ty`, and nothing of a number that none of them equals; `None` where it has no
/// member of the kind.
fn listed(element: ScalarValue, ty: &DataType) -> Option<Option<Expr>> {
    if element.data_type() == *ty {
        return Some(Some(Expr::Literal(element, None)));
    }
    let is_whole = element.data_type().is_integer() && ty.is_integer();
    let fits = |cast: &ScalarValue| cast.is_null() == element.is_null();
    is_whole.then(|| element.cast_to(ty).ok().filter(fits).map(|element| Expr::Literal(element, None)))
}

/// The elements of an array of one dimension.
fn elements(array: &Arc<ListArray>) -> Option<Vec<ScalarValue>> {
    if array.len() != 1 || array.is_null(0) {
        return None;
    }
    let values = array.value(0);
    if matches!(values.data_type(), DataType::List(_)) {
        return None;
    }
    (0..values.len()).map(|at| ScalarValue::try_from_array(&values, at).ok()).collect()
}
