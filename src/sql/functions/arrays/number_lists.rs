//! `array_remove`, `array_replace` and `array_sort` of numerics, whose elements are equal where their texts differ.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, StringArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::filter;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

use crate::error::Result;
use crate::sql::arrow::errors::{from_arrow, to_datafusion};
use crate::sql::arrow::types::type_of;
use crate::sql::functions::guarded::wrapped::{Around, wrapped};
use crate::sql::functions::numbers::number_columns::NumberColumn;
use crate::types::ColumnType;

/// The planner's functions, and what they do.
const FUNCTIONS: [(&str, Change); 3] =
    [("array_remove_all", Change::Remove), ("array_replace_all", Change::Replace), ("array_sort", Change::Sort)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// Takes away all that is equal to a number.
    Remove,
    /// Puts another number in the place of all that is equal to one.
    Replace,
    /// Puts the least first, and NULL last.
    Sort,
}

/// Compares elements as numbers where they are some; all other lists are left to the function itself.
#[derive(Debug)]
struct NumberLists(Change);

/// The functions that `find` knows, over lists of numerics, too.
pub fn number_lists(find: impl Fn(&str) -> Option<Arc<ScalarUDF>>) -> Vec<ScalarUDF> {
    let functions = FUNCTIONS.into_iter();
    functions.filter_map(|(name, change)| Some(wrapped(find(name)?, NumberLists(change)))).collect()
}

impl Around for NumberLists {
    fn call(&self, function: &ScalarUDF, arguments: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let has_texts = arguments.arg_fields.first().is_some_and(|field| {
            matches!(field.data_type(), DataType::List(element) if *element.data_type() == DataType::Utf8)
                && matches!(type_of(field).base(), ColumnType::Numeric(_))
        });
        if !has_texts {
            return function.invoke_with_args(arguments);
        }
        let arrays = arguments.args.iter().map(|argument| argument.to_array(arguments.number_rows));
        let arrays = arrays.collect::<DataFusionResult<Vec<ArrayRef>>>()?;
        let changed = match (self.0, arrays.as_slice()) {
            (Change::Remove, [lists, equal]) => removed(lists.as_list(), equal),
            (Change::Replace, [lists, equal, other]) => replaced(lists.as_list(), equal, other),
            (Change::Sort, [lists]) => sorted(lists.as_list()),
            _ => return function.invoke_with_args(arguments),
        };
        Ok(ColumnarValue::Array(changed.map_err(to_datafusion)?))
    }
}

/// Whether each element of the lists is equal to the number beside its list; NULL is equal to NULL.
fn equals(lists: &ListArray, equal: &ArrayRef) -> Result<Vec<(usize, bool)>> {
    let (elements, wanted) = (NumberColumn::of_array(lists.values())?, NumberColumn::of_array(equal)?);
    let mut equals = Vec::with_capacity(elements.len());
    for (row, ends) in lists.value_offsets().windows(2).enumerate() {
        let [start, end] = ends else { continue };
        let wanted = wanted.at(row)?;
        for element in *start..*end {
            let element = elements.at(usize::try_from(element).unwrap_or(usize::MAX))?;
            equals.push((row, element == wanted));
        }
    }
    Ok(equals)
}

fn list_of(lists: &ListArray, lengths: Vec<usize>, values: ArrayRef) -> Result<ArrayRef> {
    let DataType::List(element) = lists.data_type() else { return Ok(Arc::new(lists.clone())) };
    let list =
        ListArray::try_new(Arc::clone(element), OffsetBuffer::from_lengths(lengths), values, lists.nulls().cloned());
    Ok(Arc::new(list.map_err(from_arrow)?))
}

/// The elements that the lists have, without what stands before and behind them.
fn own_values(lists: &ListArray, count: usize) -> ArrayRef {
    let first = lists.value_offsets().first().and_then(|first| usize::try_from(*first).ok()).unwrap_or(0);
    lists.values().slice(first, count)
}

fn removed(lists: &ListArray, equal: &ArrayRef) -> Result<ArrayRef> {
    let equals = equals(lists, equal)?;
    let mut lengths = vec![0_usize; lists.len()];
    for (row, _) in equals.iter().filter(|(_, is_equal)| !is_equal) {
        if let Some(length) = lengths.get_mut(*row) {
            *length += 1;
        }
    }
    let kept: BooleanArray = equals.iter().map(|(_, is_equal)| Some(!is_equal)).collect();
    let values = filter(&own_values(lists, equals.len()), &kept).map_err(from_arrow)?;
    list_of(lists, lengths, values)
}

fn sorted(lists: &ListArray) -> Result<ArrayRef> {
    let mut texts: Vec<Option<String>> = Vec::with_capacity(lists.values().len());
    let mut lengths = Vec::with_capacity(lists.len());
    for list in lists.iter() {
        let Some(list) = list else {
            lengths.push(0);
            continue;
        };
        let numbers = NumberColumn::of_array(&list)?;
        let mut numbers = (0..numbers.len()).map(|row| numbers.at(row)).collect::<Result<Vec<_>>>()?;
        numbers.sort_by(|left, right| (left.is_none(), left).cmp(&(right.is_none(), right)));
        lengths.push(numbers.len());
        texts.extend(numbers.into_iter().map(|number| number.map(|number| number.to_string())));
    }
    list_of(lists, lengths, Arc::new(texts.into_iter().collect::<StringArray>()))
}

fn replaced(lists: &ListArray, equal: &ArrayRef, other: &ArrayRef) -> Result<ArrayRef> {
    let equals = equals(lists, equal)?;
    let (values, others) = (own_values(lists, equals.len()), NumberColumn::of_array(other)?);
    let texts = values.as_string::<i32>();
    let mut changed: Vec<Option<String>> = Vec::with_capacity(equals.len());
    for (place, (row, is_equal)) in equals.iter().enumerate() {
        changed.push(match is_equal {
            true => others.at(*row)?.map(|number| number.to_string()),
            false => texts.is_valid(place).then(|| texts.value(place).to_string()),
        });
    }
    let lengths = lists.value_offsets().windows(2).map(|ends| match ends {
        [start, end] => usize::try_from(end - start).unwrap_or(0),
        _ => 0,
    });
    list_of(lists, lengths.collect(), Arc::new(changed.into_iter().collect::<StringArray>()))
}
