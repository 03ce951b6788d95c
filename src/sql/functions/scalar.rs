//! Runs a [`Function`] inside DataFusion: coerces the arguments, calls the body for each row, collects the results.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility as PlannerVolatility,
};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::{
    CALL_BYTES_MAX, Function, Invocation, Parameter, StatementContext, Volatility, too_large, undefined,
};
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::{from_datafusion, to_datafusion};
use crate::sql::arrow::reading::{readable, value_at};
use crate::sql::arrow::types::{data_type_of, field_of, type_of};
use crate::sql::arrow::values::{array_bytes, array_of};
use crate::sql::functions::arrays::made::result_of as result_of_types;
use crate::types::{ColumnType, TextStyle, Value};

/// Bytes that a call may make without taking them from its account's memory, and takes at a time.
const MAKING_BYTES_FREE: usize = 1024 * 1024;

/// A function that runs row by row.
#[derive(Debug)]
struct RowFunction {
    definition: Function,
    aliases: Vec<String>,
    signature: Signature,
}

/// The planner's form of a definition.
pub fn scalar_function(definition: Function) -> ScalarUDF {
    let signature = Signature::user_defined(planner_volatility(definition.volatility));
    let aliases = definition.aliases.iter().map(|alias| (*alias).to_string()).collect();
    ScalarUDF::from(RowFunction { definition, aliases, signature })
}

/// The planner's word for how long a result holds.
pub fn planner_volatility(volatility: Volatility) -> PlannerVolatility {
    match volatility {
        Volatility::Immutable => PlannerVolatility::Immutable,
        Volatility::Styled | Volatility::Stable => PlannerVolatility::Stable,
        Volatility::Volatile => PlannerVolatility::Volatile,
    }
}

impl PartialEq for RowFunction {
    fn eq(&self, other: &Self) -> bool {
        self.definition.name == other.definition.name
    }
}

impl Eq for RowFunction {}

impl Hash for RowFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.definition.name.hash(state);
    }
}

impl ScalarUDFImpl for RowFunction {
    fn name(&self) -> &str {
        self.definition.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        coerce(&self.definition, types)
    }

    fn return_type(&self, _types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(data_type_of(&self.definition.returns))
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> DataFusionResult<FieldRef> {
        let returns = returned(&self.definition, arguments.arg_fields);
        Ok(Arc::new(field_of(self.definition.name, &returns, true)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        // A volatile function without arguments still differs from row to row.
        let all_scalar = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let is_constant = all_scalar && self.definition.volatility != Volatility::Volatile;
        let array = run(&self.definition, &arguments, if is_constant { 1 } else { arguments.number_rows })
            .map_err(to_datafusion)?;
        let result = if is_constant {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)
        } else {
            ColumnarValue::Array(array)
        };
        if let Some(context) = ReadContext::of(&arguments.config_options) {
            context.results.charge(self.definition.name, &result).map_err(to_datafusion)?;
        }
        Ok(result)
    }
}

fn run(definition: &Function, arguments: &ScalarFunctionArgs, rows: usize) -> Result<ArrayRef> {
    let types: Vec<ColumnType> = arguments.arg_fields.iter().map(|field| type_of(field)).collect();
    if types.iter().any(|ty| ty.enumerated().is_some_and(|ty| !ty.is_resolved())) {
        let message = format!("{}() is called with a value without its type", definition.name);
        return Err(Error::internal(message));
    }
    let mut columns = Vec::with_capacity(arguments.args.len());
    for argument in &arguments.args {
        let array = match argument {
            ColumnarValue::Array(array) => Arc::clone(array),
            ColumnarValue::Scalar(scalar) => scalar.to_array_of_size(1).map_err(from_datafusion)?,
        };
        columns.push((readable(&array)?, matches!(argument, ColumnarValue::Scalar(_))));
    }
    let context = ReadContext::of(&arguments.config_options);
    let style = context.map_or(TextStyle::CANONICAL, StatementContext::style);
    let argument_bytes = columns.iter().map(|(array, _)| array.get_array_memory_size()).sum();
    if let Some(error) = context.and_then(|context| context.results.refusal(definition.name, argument_bytes)) {
        return Err(error);
    }
    let mut results = Vec::with_capacity(rows);
    let mut values = Vec::with_capacity(columns.len());
    let mut held = 0_usize;
    let mut memory = context.map(|context| context.results.making(0)).transpose()?;
    for row in 0..rows {
        context.map_or(Ok(()), |context| context.cancel.check())?;
        values.clear();
        for (position, (array, is_scalar)) in columns.iter().enumerate() {
            let ty = types.get(position).unwrap_or(&ColumnType::Text);
            let value = value_at(array, if *is_scalar { 0 } else { row }, ty)?;
            values.push(definition.argument(position, value, style)?);
        }
        let result = result_of(definition, context, &types, &mut values);
        if let (Err(error), Some(context)) = (&result, context)
            && error.kind() == ErrorKind::LimitExceeded
        {
            context.results.refuse(definition.name, argument_bytes, error);
        }
        let result = result?;
        held = held.saturating_add(array_bytes(&result));
        if held > CALL_BYTES_MAX {
            return Err(too_large(definition.name, CALL_BYTES_MAX));
        }
        if let Some(memory) = memory.as_mut().filter(|memory| held > memory.bytes() + MAKING_BYTES_FREE) {
            // The values, and the array that is made of them.
            memory.resize(2 * held + MAKING_BYTES_FREE)?;
        }
        results.push(result);
    }
    array_of(&returned(definition, &arguments.arg_fields), &results)
}

/// The type of what a call returns: for some functions that of their arguments decides.
fn returned(definition: &Function, fields: &[FieldRef]) -> ColumnType {
    if definition.returns != ColumnType::Unknown {
        return definition.returns.clone();
    }
    let types: Vec<ColumnType> = fields.iter().map(|field| type_of(field)).collect();
    result_of_types(definition.name, &types).unwrap_or(ColumnType::Unknown)
}

/// The result for one row.
fn result_of(
    definition: &Function,
    context: Option<&ReadContext>,
    types: &[ColumnType],
    values: &mut Vec<Value>,
) -> Result<Value> {
    if definition.strict && values.iter().any(Value::is_null) {
        return Ok(Value::Null);
    }
    let statement = context.map(|context| context as &dyn StatementContext);
    if !definition.spreads {
        return (definition.body)(&Invocation { name: definition.name, statement, types }, values);
    }
    let (last, fixed) = types.split_last().map_or((None, types), |(last, fixed)| (Some(last), fixed));
    let element = last.and_then(ColumnType::element).unwrap_or(ColumnType::Text);
    match values.pop() {
        Some(Value::Null) if !definition.null_is_empty => return Ok(Value::Null),
        Some(Value::Null) | None => {}
        Some(Value::Text(list)) => {
            let array = ColumnType::Array(Box::new(ColumnType::Text));
            spread(Value::Text(list).cast(&array, false)?, values);
        }
        Some(array) => spread(array, values),
    }
    let mut types = fixed.to_vec();
    types.resize(values.len(), element);
    (definition.body)(&Invocation { name: definition.name, statement, types: &types }, values)
}

/// The elements of an array, of all of its dimensions, one by one.
fn spread(array: Value, into: &mut Vec<Value>) {
    match array {
        Value::Array(_, elements) => elements.into_iter().for_each(|element| spread(element, into)),
        element => into.push(element),
    }
}

/// The types that arguments are cast to before the function sees them. Text stays text: [`Function::argument`] reads it.
fn coerce(definition: &Function, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
    let refused = || {
        let named: Vec<ColumnType> =
            types.iter().map(|data_type| type_of(&Field::new("argument", data_type.clone(), true))).collect();
        to_datafusion(undefined(definition.name, &named))
    };
    if !definition.takes(types.len()) {
        return Err(refused());
    }
    let coerced = types.iter().enumerate().map(|(position, from)| {
        let parameter = definition.parameter(position)?;
        coerced(parameter, from)
    });
    coerced.collect::<Option<Vec<_>>>().ok_or_else(refused)
}

fn is_list(ty: &DataType) -> bool {
    matches!(ty, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
}

/// What the lists of lists are of.
fn innermost(ty: &DataType) -> &DataType {
    match ty {
        DataType::List(element) | DataType::LargeList(element) | DataType::FixedSizeList(element, _) => {
            innermost(element.data_type())
        }
        ty => ty,
    }
}

fn coerced(parameter: Parameter, from: &DataType) -> Option<DataType> {
    if matches!(from, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) {
        return Some(DataType::Utf8);
    }
    let is_list = is_list(from);
    let target = match parameter {
        Parameter::Any => return Some(if *from == DataType::Null { DataType::Utf8 } else { from.clone() }),
        Parameter::Text if is_list => return None,
        Parameter::AnyArray if is_list => return Some(from.clone()),
        // Of however many dimensions.
        Parameter::TextArray if is_list && matches!(innermost(from), DataType::Utf8) => return Some(from.clone()),
        Parameter::Object => DataType::UInt32,
        Parameter::Json | Parameter::Text => DataType::Utf8,
        Parameter::Vector | Parameter::Halfvec if *from == DataType::Null => DataType::Utf8,
        Parameter::Timestamp => match from {
            DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
            _ => DataType::Timestamp(TimeUnit::Microsecond, None),
        },
        other => data_type_of(&other.column_type()),
    };
    let possible = *from == DataType::Null
        || match parameter {
            Parameter::Bool => *from == DataType::Boolean,
            Parameter::Int | Parameter::Oid | Parameter::Object => from.is_integer(),
            Parameter::Float => from.is_numeric(),
            Parameter::Vector | Parameter::Halfvec | Parameter::AnyArray | Parameter::TextArray => is_list,
            // They are texts to the planner.
            Parameter::Sparse | Parameter::Bits => false,
            Parameter::Timestamp => matches!(from, DataType::Timestamp(..) | DataType::Date32),
            Parameter::Interval => matches!(from, DataType::Interval(_) | DataType::Duration(_)),
            Parameter::Bytes => matches!(from, DataType::Binary | DataType::LargeBinary | DataType::BinaryView),
            Parameter::Any | Parameter::Text | Parameter::Json => true,
        };
    possible.then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_arguments_are_checked() {
        let definition =
            Function::new("f", &[Parameter::Text, Parameter::Int], ColumnType::Text, |_, _| Ok(Value::Null))
                .optional(1);
        assert!(definition.takes(1) && definition.takes(2) && !definition.takes(0) && !definition.takes(3));
        assert_eq!(definition.volatility, Volatility::Immutable);
        let refused = coerce(&definition, &[]).unwrap_err();
        assert!(refused.to_string().contains("function f() does not exist"));
    }

    #[test]
    fn unknown_literals_stay_text_until_they_are_read() {
        assert_eq!(coerced(Parameter::Vector, &DataType::Utf8), Some(DataType::Utf8));
        assert_eq!(coerced(Parameter::Int, &DataType::Boolean), None);
    }
}
