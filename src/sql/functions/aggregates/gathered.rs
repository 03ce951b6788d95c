//! Aggregates whose result shows their rows one by one: `array_agg`, `string_agg`, `jsonb_agg` and their like. ORDER BY within
//! the call sorts what is gathered, and DISTINCT shows what is equal once, in order, as PostgreSQL does.
//!
//! The planner knows DISTINCT as a set without an order, and takes it apart. So the analysis makes a call with DISTINCT one of
//! another aggregate ([`distinct_form`]), sorted by all that it gathers; equal rows are neighbours then.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt32Array};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::{SortColumn, SortOptions, concat, lexsort_to_indices, partition, take};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility};

use crate::expr::undefined;
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::types::{field_of, type_of};
use crate::sql::functions::aggregates::json_aggregates::{JsonShape, JsonText};
use crate::sql::functions::aggregates::text_aggregates::{JoinedText, JoinedTexts};
use crate::types::ColumnType;

/// `json_agg` of rows, each of which begins a line.
pub const JSON_AGG_OF_ROWS: &str = "$json_agg_rows";

/// Aggregates, and what each is called where its call has DISTINCT.
const DISTINCT_FORMS: [(&str, &str, Kind); 15] = [
    ("array_agg", "$distinct_array_agg", Kind::Array),
    ("string_agg", "$distinct_string_agg", Kind::Text),
    ("json_agg", "$distinct_json_agg", Kind::JsonArray),
    ("jsonb_agg", "$distinct_jsonb_agg", Kind::JsonArray),
    ("json_object_agg", "$distinct_json_object_agg", Kind::JsonObject),
    ("jsonb_object_agg", "$distinct_jsonb_object_agg", Kind::JsonObject),
    (JSON_AGG_OF_ROWS, "$distinct_json_agg_rows", Kind::JsonArray),
    ("json_agg_strict", "$distinct_json_agg_strict", Kind::JsonArray),
    ("jsonb_agg_strict", "$distinct_jsonb_agg_strict", Kind::JsonArray),
    ("json_object_agg_strict", "$distinct_json_object_agg_strict", Kind::JsonObject),
    ("json_object_agg_unique", "$distinct_json_object_agg_unique", Kind::JsonObject),
    ("json_object_agg_unique_strict", "$distinct_json_object_agg_unique_strict", Kind::JsonObject),
    ("jsonb_object_agg_strict", "$distinct_jsonb_object_agg_strict", Kind::JsonObject),
    ("jsonb_object_agg_unique", "$distinct_jsonb_object_agg_unique", Kind::JsonObject),
    ("jsonb_object_agg_unique_strict", "$distinct_jsonb_object_agg_unique_strict", Kind::JsonObject),
];

/// What rows become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Array,
    Text,
    JsonArray,
    JsonObject,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Gathered {
    name: &'static str,
    kind: Kind,
    is_distinct: bool,
    signature: Signature,
}

/// The aggregate that a call with DISTINCT is of, sorted by its arguments; `None` for aggregates that show no rows.
pub fn distinct_form(name: &str) -> Option<&'static str> {
    DISTINCT_FORMS.iter().find(|(plain, ..)| *plain == name).map(|(_, distinct, _)| *distinct)
}

/// The name in a statement of an aggregate that may be a distinct form.
pub fn plain_form(name: &str) -> &str {
    DISTINCT_FORMS.iter().find(|(_, distinct, _)| *distinct == name).map_or(name, |(plain, ..)| *plain)
}

/// All of them but `array_agg` without DISTINCT, which the planner has.
pub fn aggregates() -> Vec<AggregateUDF> {
    let named =
        DISTINCT_FORMS.into_iter().flat_map(|(plain, distinct, kind)| [(plain, kind, false), (distinct, kind, true)]);
    named
        .filter(|(_, kind, is_distinct)| *is_distinct || *kind != Kind::Array)
        .map(|(name, kind, is_distinct)| {
            let signature = match kind {
                Kind::Array | Kind::JsonArray => Signature::any(1, Volatility::Immutable),
                Kind::JsonObject => Signature::any(2, Volatility::Immutable),
                Kind::Text => Signature::user_defined(Volatility::Immutable),
            };
            AggregateUDF::from(Gathered { name, kind, is_distinct, signature })
        })
        .collect()
}

impl AggregateUDFImpl for Gathered {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        let is_text =
            |ty: &DataType| matches!(ty, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null);
        let is_binary = |ty: &DataType| matches!(ty, DataType::Binary | DataType::LargeBinary | DataType::BinaryView);
        match types {
            [value, delimiter] if is_binary(value) && (is_binary(delimiter) || *delimiter == DataType::Null) => {
                Ok(vec![DataType::Binary, DataType::Binary])
            }
            [value, delimiter] if is_text(value) && is_text(delimiter) => Ok(vec![DataType::Utf8, DataType::Utf8]),
            _ => {
                let types: Vec<ColumnType> =
                    types.iter().map(|ty| type_of(&Field::new("", ty.clone(), true))).collect();
                Err(to_datafusion(undefined(plain_form(self.name), &types)))
            }
        }
    }

    fn return_type(&self, types: &[DataType]) -> DataFusionResult<DataType> {
        let first = types.first().cloned().unwrap_or(DataType::Null);
        Ok(match self.kind {
            Kind::Array => DataType::new_list(first, true),
            Kind::Text => first,
            Kind::JsonArray | Kind::JsonObject => DataType::Utf8,
        })
    }

    fn return_field(&self, fields: &[FieldRef]) -> DataFusionResult<FieldRef> {
        let types: Vec<DataType> = fields.iter().map(|field| field.data_type().clone()).collect();
        let ty = self.return_type(&types)?;
        Ok(match self.kind {
            Kind::Array | Kind::Text => Arc::new(Field::new(self.name, ty, true)),
            Kind::JsonArray | Kind::JsonObject => {
                let is_binary = JsonShape::of(self.name).is_binary;
                let ty = if is_binary { ColumnType::Jsonb } else { ColumnType::Json };
                Arc::new(field_of(self.name, &ty, true))
            }
        })
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        let result = arguments.return_field.data_type().clone();
        let fold = self.fold(&arguments.expr_fields.iter().map(|field| type_of(field)).collect::<Vec<_>>(), &result);
        match fold {
            Fold::Json(json) if !self.sorts(arguments.order_bys.len()) => Ok(Box::new(json)),
            Fold::Text(text) if !self.sorts(arguments.order_bys.len()) => Ok(Box::new(text)),
            fold => {
                let keys = arguments.order_bys.iter().map(|key| key.expr.data_type(arguments.schema));
                let types = arguments.expr_fields.iter().map(|field| Ok(field.data_type().clone()));
                Ok(Box::new(Rows {
                    fold,
                    is_distinct: self.is_distinct,
                    arguments: arguments.expr_fields.len(),
                    types: types.chain(keys).collect::<DataFusionResult<_>>()?,
                    orders: arguments.order_bys.iter().map(|key| key.options).collect(),
                    batches: Vec::new(),
                }))
            }
        }
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        self.kind == Kind::Text && !self.sorts(arguments.order_bys.len())
    }

    fn create_groups_accumulator(
        &self,
        arguments: AccumulatorArgs<'_>,
    ) -> DataFusionResult<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(JoinedTexts::new(*arguments.return_field.data_type() == DataType::Binary)))
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> DataFusionResult<Vec<FieldRef>> {
        let part = |number: usize, ty: DataType| -> FieldRef {
            Arc::new(Field::new(format!("{}[{number}]", arguments.name), ty, true))
        };
        if !self.sorts(arguments.ordering_fields.len()) {
            // A text has its first delimiter beside it.
            let parts = if self.kind == Kind::Text { 2 } else { 1 };
            let ty = arguments.return_field.data_type();
            return Ok((0..parts).map(|number| part(number, ty.clone())).collect());
        }
        let columns = arguments.input_fields.iter().chain(arguments.ordering_fields);
        let lists = columns.map(|field| DataType::new_list(field.data_type().clone(), true));
        Ok(lists.enumerate().map(|(number, ty)| part(number, ty)).collect())
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        // It sorts by itself, since each aggregate of a statement may have another order.
        AggregateOrderSensitivity::Beneficial
    }

    fn with_beneficial_ordering(
        self: Arc<Self>,
        _is_ordered: bool,
    ) -> DataFusionResult<Option<Arc<dyn AggregateUDFImpl>>> {
        Ok(Some(self))
    }
}

impl Gathered {
    fn sorts(&self, keys: usize) -> bool {
        self.is_distinct || keys > 0
    }

    fn fold(&self, types: &[ColumnType], result: &DataType) -> Fold {
        match (self.kind, result) {
            (Kind::JsonArray | Kind::JsonObject, _) => {
                Fold::Json(JsonText::new(types.to_vec(), JsonShape::of(self.name)))
            }
            (Kind::Text, ty) => Fold::Text(JoinedText::new(*ty == DataType::Binary)),
            (Kind::Array, DataType::List(element)) => Fold::Array(Arc::clone(element)),
            (Kind::Array, ty) => Fold::Array(Arc::new(Field::new_list_field(ty.clone(), true))),
        }
    }
}

/// What sorted rows become.
#[derive(Debug)]
enum Fold {
    /// A list of such elements.
    Array(FieldRef),
    Text(JoinedText),
    Json(JsonText),
}

/// Rows that are kept until all are there.
#[derive(Debug)]
struct Rows {
    fold: Fold,
    is_distinct: bool,
    /// How many of the columns are arguments; the rest are keys.
    arguments: usize,
    types: Vec<DataType>,
    orders: Vec<SortOptions>,
    batches: Vec<Vec<ArrayRef>>,
}

impl Rows {
    /// All rows, as one array for each column; `None` where there is none.
    fn columns(&self) -> DataFusionResult<Option<Vec<ArrayRef>>> {
        let width = self.batches.first().map_or(0, Vec::len);
        if width == 0 {
            return Ok(None);
        }
        let column = |number: usize| {
            let parts: Vec<&dyn Array> =
                self.batches.iter().filter_map(|batch| batch.get(number)).map(AsRef::as_ref).collect();
            concat(&parts).map_err(DataFusionError::from)
        };
        (0..width).map(column).collect::<DataFusionResult<Vec<_>>>().map(Some)
    }

    /// The places of the rows that are shown, in their order.
    fn shown(&self, columns: &[ArrayRef]) -> DataFusionResult<UInt32Array> {
        let keys = columns.get(self.arguments..).unwrap_or_default();
        let rows = columns.first().map_or(0, |column| column.len());
        let count =
            u32::try_from(rows).map_err(|_| DataFusionError::ResourcesExhausted("too many rows".to_string()))?;
        let places: ArrayRef = Arc::new(UInt32Array::from_iter_values(0..count));
        // Rows with the same keys stay in the order in which they came.
        let sorted = keys.iter().zip(&self.orders).map(|(key, order)| (key, Some(*order))).chain([(&places, None)]);
        let sorted: Vec<SortColumn> =
            sorted.map(|(values, options)| SortColumn { values: Arc::clone(values), options }).collect();
        let places = lexsort_to_indices(&sorted, None)?;
        if !self.is_distinct {
            return Ok(places);
        }
        if keys.is_empty() {
            // All of its arguments are constants.
            return Ok(places.slice(0, rows.min(1)));
        }
        let keys = keys.iter().map(|key| take(key, &places, None)).collect::<Result<Vec<_>, _>>()?;
        let groups = partition(&keys)?.ranges();
        Ok(groups.iter().filter_map(|group| places.values().get(group.start)).copied().collect())
    }
}

impl Accumulator for Rows {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        if values.first().is_some_and(|array| !array.is_empty()) {
            self.batches.push(values.to_vec());
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        for row in 0..states.first().map_or(0, |state| state.len()) {
            if states.iter().all(|state| state.is_valid(row)) {
                let columns: Vec<ArrayRef> = states.iter().map(|state| state.as_list::<i32>().value(row)).collect();
                self.update_batch(&columns)?;
            }
        }
        Ok(())
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        let element = |ty: &DataType| Arc::new(Field::new_list_field(ty.clone(), true));
        match self.columns()? {
            Some(columns) => {
                columns.into_iter().zip(&self.types).map(|(column, ty)| list_of(element(ty), column)).collect()
            }
            None => self.types.iter().map(|ty| ScalarValue::try_new_null(&DataType::List(element(ty)))).collect(),
        }
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        let columns = self.columns()?;
        let shown = columns.as_ref().map(|columns| self.shown(columns)).transpose()?;
        let (Some(columns), Some(shown)) = (columns, shown) else {
            return match &mut self.fold {
                Fold::Array(element) => ScalarValue::try_new_null(&DataType::List(Arc::clone(element))),
                Fold::Text(text) => text.evaluate(),
                Fold::Json(json) => json.evaluate(),
            };
        };
        let arguments = columns.get(..self.arguments).unwrap_or_default();
        let arguments = arguments.iter().map(|column| take(column, &shown, None)).collect::<Result<Vec<_>, _>>()?;
        match &mut self.fold {
            Fold::Array(element) => {
                let values = arguments.into_iter().next();
                let values = values.ok_or_else(|| DataFusionError::Internal("array_agg of nothing".to_string()))?;
                list_of(Arc::clone(element), values)
            }
            Fold::Text(text) => {
                text.update_batch(&arguments)?;
                text.evaluate()
            }
            Fold::Json(json) => {
                json.update_batch(&arguments)?;
                json.evaluate()
            }
        }
    }

    fn size(&self) -> usize {
        let arrays = self.batches.iter().flatten();
        // A slice of a longer array counts as long as it is.
        let bytes = arrays
            .map(|array| array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size()));
        size_of::<Self>() + bytes.sum::<usize>()
    }
}

/// One list of all values.
fn list_of(element: FieldRef, values: ArrayRef) -> DataFusionResult<ScalarValue> {
    let offsets = OffsetBuffer::from_lengths([values.len()]);
    Ok(ScalarValue::List(Arc::new(ListArray::try_new(element, offsets, values, None)?)))
}
