//! Operators and functions of `numeric`: each result with all of its digits, and with as many behind the point as PostgreSQL gives
//! it, which no decimal type of the planner keeps.
//!
//! The planner holds such a result as text (`sql/analyze/numerics.rs` writes the calls); it is compared, sorted, grouped and joined by
//! the key that [`NUMERIC_KEY`] makes of it.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int32Builder, ListArray, StringArray, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, ScalarValue};
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::{Error, ErrorKind, Result};
use crate::expr::check_call_bytes;
use crate::sql::arrow::context::ReadContext;
use crate::sql::arrow::errors::{from_arrow, from_datafusion, to_datafusion};
use crate::sql::arrow::types::{data_type_of, field_of, is_number_text};
use crate::sql::arrow::values::array_of;
use crate::sql::arrow::walks::TreeWalks;
use crate::sql::functions::aggregates::number_totals::plain_aggregate;
use crate::sql::functions::numbers::number_columns::NumberColumn;
use crate::types::{
    ColumnType, Numeric, Value, factorial, greatest_common_divisor, least_common_multiple, width_bucket,
};

/// What the names of these functions begin with.
const PREFIX: &str = "$numeric:";
/// Texts that are equal and ordered as numbers of any exact type are, or lists of them.
pub const NUMERIC_KEY: &str = "$numeric:key";
/// A number of any type, or the text of one, as a numeric.
pub const NUMBER_OF: &str = "$numeric:of";
/// A numeric that the planner has chosen among others, or an array of numerics that it has made, whose type it has forgotten.
pub const NUMBER_KEPT: &str = "$numeric:kept";
/// `round`.
pub const NUMBER_ROUND: &str = "$numeric:round";
/// The number with the other sign.
pub const NUMBER_NEGATED: &str = "$numeric:negated";
/// `trim_scale`.
const NUMBER_TRIMMED: &str = "$numeric:trim_scale";
/// `greatest` and `least`.
pub const NUMBER_GREATEST: &str = "$numeric:greatest";
pub const NUMBER_LEAST: &str = "$numeric:least";
/// A number as a decimal, which the bounds of a window's RANGE are computed of.
pub const NUMBER_RANGE: &str = "$numeric:range";
/// `width_bucket`, whose result is an integer.
const NUMBER_BUCKET: &str = "$numeric:width_bucket";
/// Digits after the point of the numbers that RANGE is bounded by, and their type.
const RANGE_SCALE: u32 = 10;
const RANGE_TYPE: ColumnType = ColumnType::Numeric(Some((38, 10)));
/// Bytes of a key, about.
const KEY_BYTES: usize = 12;

type Operation = fn(&[Numeric]) -> Result<Numeric>;

/// A function by the name that it has in SQL, how many arguments it takes, and what it computes.
const FUNCTIONS: [(&str, &str, usize, usize, Operation); 28] = [
    ("+", "$numeric:+", 2, 2, |of| first(of)?.plus(second(of)?)),
    ("-", "$numeric:-", 2, 2, |of| first(of)?.minus(second(of)?)),
    ("*", "$numeric:*", 2, 2, |of| first(of)?.times(second(of)?)),
    ("/", "$numeric:/", 2, 2, |of| first(of)?.over(second(of)?)),
    ("%", "$numeric:%", 2, 2, |of| first(of)?.rest_over(second(of)?)),
    ("mod", "$numeric:mod", 2, 2, |of| first(of)?.rest_over(second(of)?)),
    ("div", "$numeric:div", 2, 2, |of| first(of)?.whole_over(second(of)?)),
    ("power", "$numeric:power", 2, 2, |of| first(of)?.power(second(of)?)),
    ("pow", "$numeric:pow", 2, 2, |of| first(of)?.power(second(of)?)),
    ("sqrt", "$numeric:sqrt", 1, 1, |of| first(of)?.square_root()),
    ("exp", "$numeric:exp", 1, 1, |of| first(of)?.exponential()),
    ("ln", "$numeric:ln", 1, 1, |of| first(of)?.natural_logarithm()),
    ("log", "$numeric:log", 1, 2, |of| match of {
        [number] => number.logarithm(&Numeric::from(10)),
        _ => second(of)?.logarithm(first(of)?),
    }),
    ("log10", "$numeric:log10", 1, 1, |of| first(of)?.logarithm(&Numeric::from(10))),
    ("round", NUMBER_ROUND, 1, 2, |of| first(of)?.rounded(digits(of))),
    ("trunc", "$numeric:trunc", 1, 2, |of| first(of)?.truncated(digits(of))),
    ("ceil", "$numeric:ceil", 1, 1, |of| first(of)?.ceiling()),
    ("ceiling", "$numeric:ceiling", 1, 1, |of| first(of)?.ceiling()),
    ("floor", "$numeric:floor", 1, 1, |of| first(of)?.floored()),
    ("abs", "$numeric:abs", 1, 1, |of| Ok(first(of)?.abs())),
    ("sign", "$numeric:sign", 1, 1, |of| Ok(first(of)?.sign())),
    ("signum", "$numeric:signum", 1, 1, |of| Ok(first(of)?.sign())),
    ("gcd", "$numeric:gcd", 2, 2, |of| greatest_common_divisor(first(of)?, second(of)?)),
    ("lcm", "$numeric:lcm", 2, 2, |of| least_common_multiple(first(of)?, second(of)?)),
    ("trim_scale", NUMBER_TRIMMED, 1, 1, |of| Ok(first(of)?.normalized())),
    ("factorial", "$numeric:factorial", 1, 1, |of| factorial(first(of)?.to_i64().unwrap_or(i64::MAX))),
    ("width_bucket", NUMBER_BUCKET, 4, 4, bucket),
    ("negated", NUMBER_NEGATED, 1, 1, |of| Ok(first(of)?.negated())),
];

fn first(numbers: &[Numeric]) -> Result<&Numeric> {
    numbers.first().ok_or_else(|| Error::internal("a function of numerics without an argument"))
}

fn second(numbers: &[Numeric]) -> Result<&Numeric> {
    numbers.get(1).ok_or_else(|| Error::internal("a function of numerics without a second argument"))
}

/// The digits that are rounded to.
fn digits(numbers: &[Numeric]) -> i32 {
    let digits = numbers.get(1).and_then(Numeric::to_i64).unwrap_or(0);
    i32::try_from(digits).unwrap_or(if digits < 0 { i32::MIN } else { i32::MAX })
}

fn bucket(numbers: &[Numeric]) -> Result<Numeric> {
    let [operand, low, high, count] = numbers else { return Err(Error::internal("width_bucket without its bounds")) };
    let count = count.to_i64().and_then(|count| i32::try_from(count).ok()).unwrap_or(i32::MAX);
    width_bucket(operand, low, high, count).map(Numeric::from)
}

/// The function that computes what a function or operator of SQL makes of so many exact numbers.
pub fn number_form(name: &str, arguments: usize) -> Option<&'static str> {
    let function = FUNCTIONS.iter().find(|(plain, ..)| *plain == name)?;
    (function.2..=function.3).contains(&arguments).then_some(function.1)
}

/// The operator, function or aggregate of SQL that such a one stands for.
pub fn plain_function(name: &str) -> Option<&'static str> {
    let function = FUNCTIONS.iter().find(|(_, form, ..)| *form == name).map(|(plain, ..)| *plain);
    function.or_else(|| plain_aggregate(name))
}

/// Whether a function or aggregate of that name has a numeric for its result.
pub fn is_number_function(name: &str) -> bool {
    name.starts_with(PREFIX) && !matches!(name, NUMERIC_KEY | NUMBER_RANGE | NUMBER_BUCKET)
}

/// The function of that name.
pub fn number_function(name: &str) -> Option<Arc<ScalarUDF>> {
    static ALL: LazyLock<Vec<Arc<ScalarUDF>>> = LazyLock::new(|| {
        let computed = FUNCTIONS.iter().map(|(_, name, _, _, operation)| (*name, Body::Computed(*operation)));
        let others = [
            (NUMERIC_KEY, Body::Key),
            (NUMBER_OF, Body::Of),
            (NUMBER_KEPT, Body::Kept),
            (NUMBER_RANGE, Body::Range),
            (NUMBER_GREATEST, Body::Extreme { is_greatest: true }),
            (NUMBER_LEAST, Body::Extreme { is_greatest: false }),
        ];
        let function = |(name, body)| {
            let signature = Signature::variadic_any(Volatility::Immutable);
            Arc::new(ScalarUDF::from(NumberFunction { name, body, signature }))
        };
        computed.chain(others).map(function).collect()
    });
    ALL.iter().find(|function| function.name() == name).cloned()
}

/// The key of a number of any exact type.
pub fn numeric_key(expr: Expr) -> Option<Expr> {
    Some(Expr::ScalarFunction(ScalarFunction::new_udf(number_function(NUMERIC_KEY)?, vec![expr])))
}

/// A form of a number that all which are equal to it share.
pub fn number_shared(expr: Expr) -> Expr {
    match number_function(NUMBER_TRIMMED) {
        Some(function) => Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![expr])),
        None => expr,
    }
}

/// A numeric that is chosen among others, of which the planner would forget the type.
pub fn number_kept(expr: Expr) -> Expr {
    match number_function(NUMBER_KEPT) {
        Some(function) => Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![expr])),
        None => expr,
    }
}

/// The number that a key was made of, with the least digits behind the point.
pub fn number_of_key(key: &str) -> Option<Numeric> {
    let bytes = key.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect::<Option<Vec<u8>>>()?;
    Numeric::decode_ordered(&bytes).filter(|(_, read)| *read == bytes.len()).map(|(number, _)| number)
}

#[derive(Clone, Copy, Debug)]
enum Body {
    /// NULL where an argument is.
    Computed(Operation),
    /// The greatest or least argument that is not NULL.
    Extreme {
        is_greatest: bool,
    },
    Of,
    Kept,
    Range,
    Key,
}

#[derive(Debug)]
struct NumberFunction {
    name: &'static str,
    body: Body,
    signature: Signature,
}

impl PartialEq for NumberFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for NumberFunction {}

impl Hash for NumberFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// Arguments as columns, and whether each is the same for all rows.
type Columns = Vec<(NumberColumn, bool)>;

fn columns(arguments: &ScalarFunctionArgs, rows: usize) -> Result<Columns> {
    let given = arguments.args.iter().zip(&arguments.arg_fields);
    let column = |(argument, field): (&ColumnarValue, &FieldRef)| {
        let is_scalar = matches!(argument, ColumnarValue::Scalar(_));
        let array = argument.to_array(if is_scalar { 1 } else { rows }).map_err(from_datafusion)?;
        Ok((NumberColumn::new(&array, field)?, is_scalar))
    };
    given.map(column).collect()
}

/// The texts that a computation makes of the numbers of each row.
fn computed(
    arguments: &ScalarFunctionArgs,
    rows: usize,
    mut each: impl FnMut(&mut Vec<Option<Numeric>>) -> Result<Option<Numeric>>,
    mut put: impl FnMut(Option<Numeric>) -> Result<usize>,
) -> Result<()> {
    let columns = columns(arguments, rows)?;
    let context = ReadContext::of(&arguments.config_options);
    let (mut numbers, mut held) = (Vec::with_capacity(columns.len()), 0_usize);
    for row in 0..rows {
        context.map_or(Ok(()), |context| context.cancel.check())?;
        numbers.clear();
        for (column, is_scalar) in &columns {
            numbers.push(column.at(if *is_scalar { 0 } else { row })?);
        }
        held = held.saturating_add(put(each(&mut numbers)?)?);
        check_call_bytes("numeric", held)?;
    }
    Ok(())
}

/// The result of numbers of which none is NULL.
fn strict(numbers: &[Option<Numeric>], operation: Operation) -> Result<Option<Numeric>> {
    match numbers {
        [Some(only)] => operation(std::slice::from_ref(only)).map(Some),
        [Some(left), Some(right)] => operation(&[left.clone(), right.clone()]).map(Some),
        _ => match numbers.iter().cloned().collect::<Option<Vec<Numeric>>>() {
            Some(numbers) => operation(&numbers).map(Some),
            None => Ok(None),
        },
    }
}

/// The greatest or the least that is not NULL, of equal ones the first.
fn extreme(numbers: &mut Vec<Option<Numeric>>, is_greatest: bool) -> Option<Numeric> {
    let wins = |later: &Numeric, earlier: &Numeric| if is_greatest { later > earlier } else { later < earlier };
    numbers.drain(..).flatten().reduce(|earlier, later| if wins(&later, &earlier) { later } else { earlier })
}

/// The key of a number: its ordered bytes, each as the character of that number.
fn key_of(number: &Numeric, bytes: &mut Vec<u8>, key: &mut String) {
    bytes.clear();
    key.clear();
    number.encode_ordered(bytes);
    key.extend(bytes.iter().map(|byte| char::from(*byte)));
}

/// The keys of a column of numbers, or of lists of them.
fn keys(array: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    if let (Some(lists), DataType::List(element)) = (array.as_list_opt::<i32>(), array.data_type()) {
        let keys = keys(lists.values(), element)?;
        let element = Arc::new(Field::new_list_field(keys.data_type().clone(), true));
        let (offsets, nulls) = (lists.offsets().clone(), lists.nulls().cloned());
        return Ok(Arc::new(ListArray::try_new(element, offsets, keys, nulls).map_err(from_arrow)?));
    }
    let numbers = NumberColumn::new(array, field)?;
    let mut builder = StringBuilder::with_capacity(numbers.len(), numbers.len() * KEY_BYTES);
    let (mut bytes, mut key, mut held) = (Vec::new(), String::new(), 0_usize);
    for row in 0..numbers.len() {
        match numbers.at(row)? {
            Some(number) => {
                key_of(&number, &mut bytes, &mut key);
                held = held.saturating_add(key.len());
                check_call_bytes("numeric", held)?;
                builder.append_value(&key);
            }
            None => builder.append_null(),
        }
    }
    Ok(Arc::new(builder.finish()))
}

/// Numbers as decimals.
///
/// # Errors
/// 22003 for a number that is no decimal of so many digits.
fn decimals(array: &ArrayRef, field: &Field) -> Result<ArrayRef> {
    let numbers = NumberColumn::new(array, field)?;
    let mut values = Vec::with_capacity(numbers.len());
    for row in 0..numbers.len() {
        let number = numbers.at(row)?;
        if let Some(number) = &number
            && (number.special().is_some() || number.normalized().scale() > RANGE_SCALE)
        {
            let message = format!("{number} has more than {RANGE_SCALE} digits after the point");
            return Err(Error::new(ErrorKind::NumericOutOfRange, message)
                .with_detail("RANGE with an offset computes with that many.")
                .with_hint("Order by a numeric with a precision, as in (n::numeric(20, 12))."));
        }
        values.push(number.map_or(Value::Null, Value::Numeric));
    }
    array_of(&RANGE_TYPE, &values)
}

/// The field of a numeric, or of an array of them in as many dimensions as its lists have.
fn kept_field(name: &str, of: Option<&DataType>) -> Field {
    match of {
        Some(list @ DataType::List(_)) => {
            let array = ColumnType::Array(Box::new(ColumnType::Numeric(None)));
            let metadata = field_of(name, &array, true).metadata().clone();
            Field::new(name, list.clone(), true).with_metadata(metadata)
        }
        _ => field_of(name, &ColumnType::Numeric(None), true),
    }
}

/// The text of an expression whose parts the optimiser may have put elsewhere, each under the name that it had in its place.
fn unaliased_text(expr: &Expr) -> DataFusionResult<String> {
    if !expr.any_part(|part| Ok(matches!(part, Expr::Alias(_))))? {
        return Ok(expr.to_string());
    }
    let named = expr.clone().map_down(|part| {
        Ok(match part {
            Expr::Alias(alias) => Transformed::yes(Expr::Column(Column::new_unqualified(alias.name))),
            other => Transformed::no(other),
        })
    })?;
    Ok(named.data.to_string())
}

/// The type of the keys of values.
fn key_type(of: &DataType) -> DataType {
    match of {
        DataType::List(element) => DataType::new_list(key_type(element.data_type()), true),
        _ => DataType::Utf8,
    }
}

impl NumberFunction {
    fn is_integer(&self) -> bool {
        self.name == NUMBER_BUCKET
    }

    fn run(&self, arguments: &ScalarFunctionArgs, rows: usize) -> Result<ArrayRef> {
        let mut texts = StringBuilder::with_capacity(rows, rows * KEY_BYTES);
        let mut put = |number: Option<Numeric>| {
            let text = number.map(|number| number.to_string());
            texts.append_option(text.as_deref());
            Ok(text.map_or(0, |text| text.len()))
        };
        match self.body {
            Body::Computed(operation) if self.is_integer() => {
                let mut integers = Int32Builder::with_capacity(rows);
                computed(
                    arguments,
                    rows,
                    |numbers| strict(numbers, operation),
                    |number| {
                        let value = number.map_or(Value::Null, Value::Numeric).cast(&ColumnType::Int4, true)?;
                        integers.append_option(value.as_i64().and_then(|number| i32::try_from(number).ok()));
                        Ok(size_of::<i32>())
                    },
                )?;
                return Ok(Arc::new(integers.finish()));
            }
            Body::Computed(operation) => computed(arguments, rows, |numbers| strict(numbers, operation), &mut put)?,
            Body::Extreme { is_greatest } => {
                computed(arguments, rows, |numbers| Ok(extreme(numbers, is_greatest)), &mut put)?;
            }
            Body::Of => computed(arguments, rows, |numbers| Ok(numbers.pop().flatten()), &mut put)?,
            Body::Kept | Body::Key | Body::Range => {
                let (Some(argument), Some(field)) = (arguments.args.first(), arguments.arg_fields.first()) else {
                    return Err(Error::internal(format!("{} lacks an argument", self.name)));
                };
                let array = argument.to_array(rows).map_err(from_datafusion)?;
                return match self.body {
                    Body::Range => decimals(&array, field),
                    Body::Key => keys(&array, field),
                    _ => Ok(array),
                };
            }
        }
        Ok(Arc::<StringArray>::new(texts.finish()))
    }

    /// Whether what it is given is its result already.
    fn keeps(&self, argument: &Field) -> bool {
        matches!(self.body, Body::Of) && is_number_text(argument) && *argument.data_type() == DataType::Utf8
    }
}

impl ScalarUDFImpl for NumberFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(match self.body {
            _ if self.is_integer() => DataType::Int32,
            Body::Key => types.first().map_or(DataType::Utf8, key_type),
            Body::Kept => types.first().cloned().unwrap_or(DataType::Utf8),
            Body::Range => data_type_of(&RANGE_TYPE),
            _ => DataType::Utf8,
        })
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> DataFusionResult<FieldRef> {
        Ok(Arc::new(match self.body {
            _ if self.is_integer() => field_of(self.name, &ColumnType::Int4, true),
            Body::Range => Field::new(self.name, data_type_of(&RANGE_TYPE), true),
            Body::Key => {
                let key = arguments.arg_fields.first().map_or(DataType::Utf8, |field| key_type(field.data_type()));
                Field::new(self.name, key, true)
            }
            Body::Kept => kept_field(self.name, arguments.arg_fields.first().map(|field| field.data_type())),
            _ => field_of(self.name, &ColumnType::Numeric(None), true),
        }))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        if let ([argument], [field]) = (arguments.args.as_slice(), arguments.arg_fields.as_slice())
            && self.keeps(field)
        {
            return Ok(argument.clone());
        }
        let is_constant = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let array = self.run(&arguments, if is_constant { 1 } else { arguments.number_rows }).map_err(to_datafusion)?;
        if is_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }

    /// With the casts in it, which the names of other expressions leave out.
    fn schema_name(&self, arguments: &[Expr]) -> DataFusionResult<String> {
        let arguments = arguments.iter().map(unaliased_text).collect::<DataFusionResult<Vec<String>>>()?;
        Ok(format!("{}({})", self.name, arguments.join(", ")))
    }
}
