//! `sum`, `avg`, `min` and `max` of numbers and intervals, over DataFusion's own, which keep what is right in them: how
//! arguments are made of one type, what a result is called, and all types that are not named here.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::datatypes::{
    DECIMAL128_MAX_PRECISION, DataType, Field, FieldRef, Float32Type, Float64Type, IntervalUnit,
};
use datafusion::common::ScalarValue;
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::type_coercion::functions::fields_with_udf;
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, ReversedUDAF, SetMonotonicity, Signature,
    StatisticsArgs, Volatility,
};

use crate::sql::functions::aggregates::addends::{AVERAGE_SCALE, Shape};
use crate::sql::functions::aggregates::extremes::{Extremes, GroupExtremes};
use crate::sql::functions::aggregates::interval_sums::IntervalSum;
use crate::sql::functions::aggregates::sums::{accumulator, groups, sliding};

const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

/// `sum` or `avg` that fails where its result does not fit.
#[derive(Debug)]
pub struct CheckedSum {
    inner: Arc<AggregateUDF>,
    is_average: bool,
    signature: Signature,
}

impl CheckedSum {
    /// `avg` or `sum`, over the aggregate of that name.
    pub fn over(inner: Arc<AggregateUDF>) -> AggregateUDF {
        let is_average = inner.name() == "avg";
        AggregateUDF::from(CheckedSum { inner, is_average, signature: Signature::user_defined(Volatility::Immutable) })
    }

    fn shape(&self, arguments: &AccumulatorArgs<'_>) -> Option<Shape> {
        let argument = arguments.expr_fields.first()?.data_type();
        Shape::of(self.is_average, argument, arguments.return_field.data_type())
    }
}

impl PartialEq for CheckedSum {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for CheckedSum {}

impl Hash for CheckedSum {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

fn is_interval(field: Option<&FieldRef>) -> bool {
    field.is_some_and(|field| *field.data_type() == INTERVAL)
}

/// The type of an average of decimals: it has the digits of what it is of, too.
fn average_of_scale(scale: i8) -> DataType {
    DataType::Decimal128(DECIMAL128_MAX_PRECISION, scale.max(AVERAGE_SCALE))
}

impl AggregateUDFImpl for CheckedSum {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        match types {
            [DataType::Interval(_)] => return Ok(vec![INTERVAL]),
            [integer] if self.is_average && integer.is_integer() => return Ok(vec![DataType::Int64]),
            [DataType::Float32] if !self.is_average => return Ok(vec![DataType::Float32]),
            _ => {}
        }
        let fields: Vec<FieldRef> =
            types.iter().map(|data_type| Arc::new(Field::new("argument", data_type.clone(), true))).collect();
        let coerced = fields_with_udf(&fields, self.inner.as_ref())?;
        Ok(coerced.iter().map(|field| field.data_type().clone()).collect())
    }

    fn return_type(&self, types: &[DataType]) -> DataFusionResult<DataType> {
        match types {
            [DataType::Interval(_)] => Ok(INTERVAL),
            // PostgreSQL's averages of exact numbers are numeric, and its sum of real is real.
            [DataType::Int64] if self.is_average => Ok(average_of_scale(0)),
            [DataType::Decimal128(_, scale)] if self.is_average => Ok(average_of_scale(*scale)),
            [DataType::Float32] if !self.is_average => Ok(DataType::Float32),
            _ => self.inner.return_type(types),
        }
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        if is_interval(arguments.expr_fields.first()) {
            return Ok(Box::new(IntervalSum::new(self.is_average, arguments.is_distinct)));
        }
        match self.shape(&arguments) {
            Some(shape) => accumulator(&shape, arguments.is_distinct),
            None => self.inner.accumulator(arguments),
        }
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        if is_interval(arguments.expr_fields.first()) {
            return self.accumulator(arguments);
        }
        match self.shape(&arguments) {
            Some(shape) => sliding(&shape, arguments.is_distinct),
            None => self.inner.create_sliding_accumulator(arguments),
        }
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> DataFusionResult<Vec<FieldRef>> {
        let argument = arguments.input_fields.first();
        if is_interval(argument) {
            return Ok(IntervalSum::state_fields(arguments.name));
        }
        let shape = argument
            .and_then(|field| Shape::of(self.is_average, field.data_type(), arguments.return_field.data_type()));
        match shape {
            Some(shape) => Ok(shape.state_fields(arguments.name, arguments.is_distinct)),
            None => self.inner.state_fields(arguments),
        }
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        if is_interval(arguments.expr_fields.first()) {
            return false;
        }
        match self.shape(&arguments) {
            Some(_) => !arguments.is_distinct,
            None => self.inner.groups_accumulator_supported(arguments),
        }
    }

    fn create_groups_accumulator(
        &self,
        arguments: AccumulatorArgs<'_>,
    ) -> DataFusionResult<Box<dyn GroupsAccumulator>> {
        match self.shape(&arguments) {
            Some(shape) => groups(&shape),
            None => self.inner.create_groups_accumulator(arguments),
        }
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(data_type)
    }
}

/// `min` or `max` whose floats are compared and chosen as PostgreSQL does.
#[derive(Debug)]
pub struct Extreme {
    inner: Arc<AggregateUDF>,
    is_greatest: bool,
}

impl Extreme {
    /// `min` or `max`, over the aggregate of that name.
    pub fn over(inner: Arc<AggregateUDF>) -> AggregateUDF {
        let is_greatest = inner.name() == "max";
        AggregateUDF::from(Extreme { inner, is_greatest })
    }
}

impl PartialEq for Extreme {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

impl Eq for Extreme {}

impl Hash for Extreme {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl AggregateUDFImpl for Extreme {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn coerce_types(&self, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    fn return_type(&self, types: &[DataType]) -> DataFusionResult<DataType> {
        self.inner.return_type(types)
    }

    fn return_field(&self, fields: &[FieldRef]) -> DataFusionResult<FieldRef> {
        self.inner.return_field(fields)
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        Ok(match arguments.return_field.data_type() {
            DataType::Float64 => Box::new(Extremes::<Float64Type>::new(self.is_greatest)),
            DataType::Float32 => Box::new(Extremes::<Float32Type>::new(self.is_greatest)),
            _ => return self.inner.accumulator(arguments),
        })
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        Ok(match arguments.return_field.data_type() {
            DataType::Float64 => Box::new(Extremes::<Float64Type>::new(self.is_greatest)),
            DataType::Float32 => Box::new(Extremes::<Float32Type>::new(self.is_greatest)),
            _ => return self.inner.create_sliding_accumulator(arguments),
        })
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> DataFusionResult<Vec<FieldRef>> {
        self.inner.state_fields(arguments)
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        self.inner.groups_accumulator_supported(arguments)
    }

    fn create_groups_accumulator(
        &self,
        arguments: AccumulatorArgs<'_>,
    ) -> DataFusionResult<Box<dyn GroupsAccumulator>> {
        Ok(match arguments.return_field.data_type() {
            DataType::Float64 => Box::new(GroupExtremes::<Float64Type>::new(self.is_greatest)),
            DataType::Float32 => Box::new(GroupExtremes::<Float32Type>::new(self.is_greatest)),
            _ => return self.inner.create_groups_accumulator(arguments),
        })
    }

    fn is_descending(&self) -> Option<bool> {
        self.inner.inner().is_descending()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn value_from_stats(&self, statistics: &StatisticsArgs<'_>) -> Option<ScalarValue> {
        self.inner.inner().value_from_stats(statistics)
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(data_type)
    }
}
