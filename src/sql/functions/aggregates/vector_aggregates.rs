//! `avg(vector)` and `sum(vector)`. They take the names of DataFusion's own aggregates, which still serve numbers.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float32Builder, Float64Builder, ListBuilder};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::type_coercion::functions::fields_with_udf;
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, GroupsAccumulator, ReversedUDAF, SetMonotonicity,
    Signature, StatisticsArgs, Volatility,
};

use crate::error::{Error, ErrorKind};
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::types::{data_type_of, field_of};
use crate::sql::functions::vectors::argument::{VectorArgument, coerce_vectors, same_dimension};
use crate::types::ColumnType;

/// An aggregate of numbers that takes vectors too.
#[derive(Debug)]
pub struct VectorAggregate {
    numbers: Arc<AggregateUDF>,
    is_average: bool,
    signature: Signature,
}

impl VectorAggregate {
    /// `avg` or `sum`, over the aggregate of that name.
    pub fn over(numbers: Arc<AggregateUDF>) -> AggregateUDF {
        let is_average = numbers.name() == "avg";
        AggregateUDF::from(VectorAggregate {
            numbers,
            is_average,
            signature: Signature::user_defined(Volatility::Immutable),
        })
    }
}

impl PartialEq for VectorAggregate {
    fn eq(&self, other: &Self) -> bool {
        self.numbers == other.numbers
    }
}

impl Eq for VectorAggregate {}

impl Hash for VectorAggregate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.numbers.hash(state);
    }
}

fn is_vector(data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
}

fn vector_type() -> DataType {
    data_type_of(&ColumnType::Vector(None))
}

fn takes_vectors(arguments: &AccumulatorArgs<'_>) -> bool {
    arguments.expr_fields.first().is_some_and(|field| is_vector(field.data_type()))
}

impl AggregateUDFImpl for VectorAggregate {
    fn name(&self) -> &str {
        self.numbers.name()
    }

    fn aliases(&self) -> &[String] {
        self.numbers.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        if types.first().is_some_and(is_vector) {
            return coerce_vectors(self.name(), 1, types);
        }
        let fields: Vec<FieldRef> =
            types.iter().map(|data_type| Arc::new(Field::new("argument", data_type.clone(), true))).collect();
        let coerced = fields_with_udf(&fields, self.numbers.as_ref())?;
        Ok(coerced.iter().map(|field| field.data_type().clone()).collect())
    }

    fn return_type(&self, types: &[DataType]) -> DataFusionResult<DataType> {
        if types.first().is_some_and(is_vector) { Ok(vector_type()) } else { self.numbers.return_type(types) }
    }

    fn return_field(&self, fields: &[FieldRef]) -> DataFusionResult<FieldRef> {
        if fields.first().is_some_and(|field| is_vector(field.data_type())) {
            return Ok(Arc::new(field_of(self.name(), &ColumnType::Vector(None), true)));
        }
        self.numbers.return_field(fields)
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        if !takes_vectors(&arguments) {
            return self.numbers.accumulator(arguments);
        }
        if arguments.is_distinct {
            return Err(DataFusionError::NotImplemented(format!("{}(DISTINCT vector) is not supported", self.name())));
        }
        Ok(Box::new(VectorSum { sums: None, count: 0, is_average: self.is_average }))
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        if takes_vectors(&arguments) {
            return self.accumulator(arguments);
        }
        self.numbers.create_sliding_accumulator(arguments)
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> DataFusionResult<Vec<FieldRef>> {
        if !arguments.input_fields.first().is_some_and(|field| is_vector(field.data_type())) {
            return self.numbers.state_fields(arguments);
        }
        let sums = Field::new(format!("{}[sums]", arguments.name), DataType::new_list(DataType::Float64, true), true);
        let count = Field::new(format!("{}[count]", arguments.name), DataType::Int64, true);
        Ok(vec![Arc::new(sums), Arc::new(count)])
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        !takes_vectors(&arguments) && self.numbers.groups_accumulator_supported(arguments)
    }

    fn create_groups_accumulator(
        &self,
        arguments: AccumulatorArgs<'_>,
    ) -> DataFusionResult<Box<dyn GroupsAccumulator>> {
        self.numbers.create_groups_accumulator(arguments)
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn value_from_stats(&self, statistics: &StatisticsArgs<'_>) -> Option<ScalarValue> {
        self.numbers.inner().value_from_stats(statistics)
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        if is_vector(data_type) {
            SetMonotonicity::NotMonotonic
        } else {
            self.numbers.inner().set_monotonicity(data_type)
        }
    }
}

/// Sums in `f64`, so that the order of rows does not show.
#[derive(Debug)]
struct VectorSum {
    sums: Option<Vec<f64>>,
    count: i64,
    is_average: bool,
}

impl VectorSum {
    fn add(&mut self, components: impl ExactSizeIterator<Item = f64>) -> crate::error::Result<()> {
        let sums = self.sums.get_or_insert_with(|| vec![0.0; components.len()]);
        if sums.len() != components.len() {
            let (seen, given) = (vec![0.0; sums.len()], vec![0.0; components.len()]);
            return same_dimension(&seen, &given);
        }
        for (sum, component) in sums.iter_mut().zip(components) {
            *sum += component;
        }
        Ok(())
    }
}

impl Accumulator for VectorSum {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        let Some(array) = values.first() else { return Ok(()) };
        let vectors = VectorArgument::new(&ColumnarValue::Array(Arc::clone(array)))?;
        for row in 0..array.len() {
            if let Some(vector) = vectors.get(row).map_err(to_datafusion)? {
                self.add(vector.iter().map(|component| f64::from(*component))).map_err(to_datafusion)?;
                self.count += 1;
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        let [sums, counts] = states else {
            return Err(DataFusionError::Internal("a vector aggregate has two states".to_string()));
        };
        let (sums, counts) = (sums.as_list::<i32>(), counts.as_primitive::<Int64Type>());
        for row in 0..sums.len() {
            if sums.is_valid(row) {
                let part = sums.value(row);
                let part = part.as_primitive::<Float64Type>();
                self.add(part.values().iter().copied()).map_err(to_datafusion)?;
                self.count += counts.value(row);
            }
        }
        Ok(())
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        let mut builder = ListBuilder::new(Float64Builder::new());
        if let Some(sums) = &self.sums {
            builder.values().append_slice(sums);
        }
        builder.append(self.sums.is_some());
        Ok(vec![ScalarValue::List(Arc::new(builder.finish())), ScalarValue::Int64(Some(self.count))])
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "components are f32 by definition, and counts of rows are far below 2^52"
    )]
    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        let divisor = if self.is_average { self.count as f64 } else { 1.0 };
        let mut builder = ListBuilder::new(Float32Builder::new());
        for sum in self.sums.iter().flatten() {
            if !self.is_average && (sum / divisor).abs() > f64::from(f32::MAX) {
                let error = Error::new(ErrorKind::NumericOutOfRange, "value out of range: overflow");
                return Err(to_datafusion(error));
            }
            builder.values().append_value((sum / divisor) as f32);
        }
        builder.append(self.sums.is_some());
        Ok(ScalarValue::List(Arc::new(builder.finish())))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.sums.as_ref().map_or(0, |sums| sums.capacity() * size_of::<f64>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_merge_to_the_whole() {
        let mut whole = VectorSum { sums: None, count: 0, is_average: true };
        let mut half = VectorSum { sums: None, count: 0, is_average: true };
        whole.add([1.0, 2.0].into_iter()).unwrap();
        whole.count = 1;
        half.add([3.0, 6.0].into_iter()).unwrap();
        half.count = 1;
        let states: Vec<ArrayRef> =
            half.state().unwrap().into_iter().map(|state| state.to_array_of_size(1).unwrap()).collect();
        whole.merge_batch(&states).unwrap();
        let ScalarValue::List(list) = whole.evaluate().unwrap() else { panic!("no list") };
        let average = list.value(0);
        assert_eq!(average.as_primitive::<datafusion::arrow::datatypes::Float32Type>().values().as_ref(), [2.0, 4.0]);
        assert_eq!(whole.add([1.0].into_iter()).unwrap_err().sqlstate(), "22000");
    }
}
