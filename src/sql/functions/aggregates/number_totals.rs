//! Aggregates whose results are `numeric`: `sum` and `avg` of exact numbers, their variances and deviations, and of numbers of any
//! length the least and the greatest.
//!
//! What is added up is exact, of any length, and shows as many digits behind the point as PostgreSQL gives it. NaN and the infinities
//! are counted and not added, so that they can leave a window's frame again (`NumericAggState` of PostgreSQL's `numeric.c`).

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, Signature, Volatility,
};

use crate::error::Result;
use crate::sql::arrow::errors::to_datafusion;
use crate::sql::arrow::types::field_of;
use crate::sql::functions::aggregates::number_extremes::{GroupNumberExtremes, NumberExtremes};
use crate::sql::functions::aggregates::sums::{column, is_kept};
use crate::sql::functions::numbers::number_columns::NumberColumn;
use crate::types::{ColumnType, Deviation, Numeric, NumericPart, deviation};

/// The aggregates by the names that a statement has for them, and those that they are planned under.
const AGGREGATES: [(&str, &str, Kind); 10] = [
    ("sum", "$numeric:sum", Kind::Sum),
    ("avg", "$numeric:avg", Kind::Average),
    ("min", "$numeric:min", Kind::Extreme { is_greatest: false }),
    ("max", "$numeric:max", Kind::Extreme { is_greatest: true }),
    ("stddev", "$numeric:stddev", Kind::Deviation(Deviation { is_sample: true, is_root: true })),
    ("stddev_samp", "$numeric:stddev_samp", Kind::Deviation(Deviation { is_sample: true, is_root: true })),
    ("stddev_pop", "$numeric:stddev_pop", Kind::Deviation(Deviation { is_sample: false, is_root: true })),
    ("variance", "$numeric:variance", Kind::Deviation(Deviation { is_sample: true, is_root: false })),
    ("var_samp", "$numeric:var_samp", Kind::Deviation(Deviation { is_sample: true, is_root: false })),
    ("var_pop", "$numeric:var_pop", Kind::Deviation(Deviation { is_sample: false, is_root: false })),
];

/// The aggregate that a function of SQL is for exact numbers, where its result is a numeric.
pub fn number_aggregate(name: &str) -> Option<&'static str> {
    AGGREGATES.iter().find(|(plain, ..)| *plain == name).map(|(_, planned, _)| *planned)
}

/// The function of SQL that such an aggregate is.
pub fn plain_aggregate(name: &str) -> Option<&'static str> {
    AGGREGATES.iter().find(|(_, planned, _)| *planned == name).map(|(plain, ..)| *plain)
}

/// All of them; their names are none that a statement can write.
pub fn number_aggregates() -> impl Iterator<Item = AggregateUDF> {
    AGGREGATES.into_iter().map(|(_, name, kind)| {
        AggregateUDF::from(NumberAggregate { name, kind, signature: Signature::user_defined(Volatility::Immutable) })
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Sum,
    Average,
    Deviation(Deviation),
    Extreme { is_greatest: bool },
}

#[derive(Debug)]
struct NumberAggregate {
    name: &'static str,
    kind: Kind,
    signature: Signature,
}

impl PartialEq for NumberAggregate {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for NumberAggregate {}

impl Hash for NumberAggregate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// What was added up of numbers that are not NULL.
#[derive(Clone, Debug, Default)]
struct Totals {
    /// Of all of them.
    count: i64,
    nans: i64,
    infinities: i64,
    minus_infinities: i64,
    /// Of those that are finite.
    sum: Numeric,
    /// The sum of their squares, where a deviation is wanted.
    squares: Numeric,
}

impl Totals {
    /// Adds a number `times` times: once, or minus once where it leaves.
    fn add(&mut self, number: &Numeric, times: i64, has_squares: bool) -> Result<()> {
        self.count += times;
        match number.special() {
            Some(NumericPart::NaN) => self.nans += times,
            Some(NumericPart::Infinity) => self.infinities += times,
            Some(NumericPart::MinusInfinity) => self.minus_infinities += times,
            None => {
                let signed = |number: Numeric| if times < 0 { number.negated() } else { number };
                self.sum = self.sum.plus(&signed(number.clone()))?;
                if has_squares {
                    self.squares = self.squares.plus(&signed(number.times(number)?))?;
                }
            }
        }
        Ok(())
    }

    fn merge(&mut self, other: &Totals) -> Result<()> {
        self.count += other.count;
        self.nans += other.nans;
        self.infinities += other.infinities;
        self.minus_infinities += other.minus_infinities;
        self.sum = self.sum.plus(&other.sum)?;
        self.squares = self.squares.plus(&other.squares)?;
        Ok(())
    }

    /// The result; `None` of too few numbers.
    fn result(&self, kind: Kind) -> Result<Option<Numeric>> {
        let least = if matches!(kind, Kind::Deviation(Deviation { is_sample: true, .. })) { 2 } else { 1 };
        if self.count < least {
            return Ok(None);
        }
        let has_infinities = self.infinities > 0 || self.minus_infinities > 0;
        let has_both = self.infinities > 0 && self.minus_infinities > 0;
        if self.nans > 0 || has_both || (has_infinities && matches!(kind, Kind::Deviation(_))) {
            return Ok(Some(Numeric::NAN));
        }
        if has_infinities {
            return Ok(Some(if self.infinities > 0 { Numeric::INFINITY } else { Numeric::MINUS_INFINITY }));
        }
        let count = Numeric::from(self.count);
        Ok(Some(match kind {
            Kind::Sum | Kind::Extreme { .. } => self.sum.clone(),
            Kind::Average => self.sum.over(&count)?,
            Kind::Deviation(wanted) => deviation(wanted, &count, &self.sum, &self.squares)?,
        }))
    }

    fn heap_bytes(&self) -> usize {
        self.sum.heap_bytes() + self.squares.heap_bytes()
    }
}

/// The columns of states: counts, then sums.
fn states(totals: &[Totals]) -> Vec<ArrayRef> {
    let count = |of: fn(&Totals) -> i64| -> ArrayRef { Arc::new(totals.iter().map(of).collect::<Int64Array>()) };
    let sum = |of: fn(&Totals) -> &Numeric| -> ArrayRef {
        Arc::new(totals.iter().map(|totals| Some(of(totals).to_string())).collect::<StringArray>())
    };
    vec![
        count(|totals| totals.count),
        count(|totals| totals.nans),
        count(|totals| totals.infinities),
        count(|totals| totals.minus_infinities),
        sum(|totals| &totals.sum),
        sum(|totals| &totals.squares),
    ]
}

/// The names and types of what [`states`] makes.
const STATES: [(&str, DataType); 6] = [
    ("count", DataType::Int64),
    ("nans", DataType::Int64),
    ("infinities", DataType::Int64),
    ("minus_infinities", DataType::Int64),
    ("sum", DataType::Utf8),
    ("squares", DataType::Utf8),
];

/// What the rows of states say; `None` for those of nothing.
fn totals_of(states: &[ArrayRef]) -> DataFusionResult<Vec<Option<Totals>>> {
    let counts = |position| column(states, position).map(|array| array.as_primitive::<Int64Type>());
    let (count, nans, infinities, minus_infinities) = (counts(0)?, counts(1)?, counts(2)?, counts(3)?);
    let numbers = |position| NumberColumn::of_array(column(states, position)?).map_err(to_datafusion);
    let (sum, squares) = (numbers(4)?, numbers(5)?);
    let number = |of: &NumberColumn, row| of.at(row).map(Option::unwrap_or_default).map_err(to_datafusion);
    let totals = |row: usize| {
        if count.is_null(row) || count.value(row) == 0 {
            return Ok(None);
        }
        Ok(Some(Totals {
            count: count.value(row),
            nans: nans.value(row),
            infinities: infinities.value(row),
            minus_infinities: minus_infinities.value(row),
            sum: number(&sum, row)?,
            squares: number(&squares, row)?,
        }))
    };
    (0..count.len()).map(totals).collect()
}

impl NumberAggregate {
    fn has_squares(&self) -> bool {
        matches!(self.kind, Kind::Deviation(_))
    }
}

impl AggregateUDFImpl for NumberAggregate {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> DataFusionResult<Vec<DataType>> {
        Ok(match types {
            [integer] if integer.is_integer() => vec![DataType::Int64],
            [exact @ (DataType::Decimal128(..) | DataType::Utf8)] => vec![exact.clone()],
            [DataType::Utf8View | DataType::LargeUtf8 | DataType::Null] => vec![DataType::Utf8],
            _ => return Err(DataFusionError::Internal(format!("{} of {types:?}", self.name))),
        })
    }

    fn return_type(&self, _types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(DataType::Utf8)
    }

    fn return_field(&self, _fields: &[FieldRef]) -> DataFusionResult<FieldRef> {
        Ok(Arc::new(field_of(self.name, &ColumnType::Numeric(None), true)))
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        if let Kind::Extreme { is_greatest } = self.kind {
            return Ok(Box::new(NumberExtremes::new(is_greatest)));
        }
        let total = Total { kind: self.kind, totals: Totals::default(), scales: None };
        Ok(if arguments.is_distinct { Box::new(Distinct { values: BTreeMap::new(), total }) } else { Box::new(total) })
    }

    fn create_sliding_accumulator(&self, arguments: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn Accumulator>> {
        if arguments.is_distinct || matches!(self.kind, Kind::Extreme { .. }) {
            return self.accumulator(arguments);
        }
        Ok(Box::new(Total { kind: self.kind, totals: Totals::default(), scales: Some(BTreeMap::new()) }))
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> DataFusionResult<Vec<FieldRef>> {
        let field = |part: &str, ty: DataType| -> FieldRef {
            Arc::new(Field::new(format!("{}[{part}]", arguments.name), ty, true))
        };
        Ok(if matches!(self.kind, Kind::Extreme { .. }) {
            vec![field("value", DataType::Utf8)]
        } else if arguments.is_distinct {
            vec![field("values", DataType::new_list(DataType::Utf8, true))]
        } else {
            STATES.into_iter().map(|(part, ty)| field(part, ty)).collect()
        })
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        !arguments.is_distinct || matches!(self.kind, Kind::Extreme { .. })
    }

    fn create_groups_accumulator(&self, _: AccumulatorArgs<'_>) -> DataFusionResult<Box<dyn GroupsAccumulator>> {
        if let Kind::Extreme { is_greatest } = self.kind {
            return Ok(Box::new(GroupNumberExtremes::new(is_greatest)));
        }
        Ok(Box::new(GroupTotals { kind: self.kind, has_squares: self.has_squares(), totals: Vec::new() }))
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }
}

/// The totals of many groups.
struct GroupTotals {
    kind: Kind,
    has_squares: bool,
    totals: Vec<Totals>,
}

impl GroupsAccumulator for GroupTotals {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> DataFusionResult<()> {
        self.totals.resize_with(total, Totals::default);
        let numbers = NumberColumn::of_array(column(values, 0)?).map_err(to_datafusion)?;
        for (row, group) in groups.iter().enumerate().filter(|(row, _)| is_kept(filter, *row)) {
            let number = numbers.at(row).map_err(to_datafusion)?;
            if let (Some(number), Some(totals)) = (number, self.totals.get_mut(*group)) {
                totals.add(&number, 1, self.has_squares).map_err(to_datafusion)?;
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> DataFusionResult<()> {
        self.totals.resize_with(total, Totals::default);
        for (other, group) in totals_of(states)?.into_iter().zip(groups) {
            if let (Some(other), Some(totals)) = (other, self.totals.get_mut(*group)) {
                totals.merge(&other).map_err(to_datafusion)?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> DataFusionResult<ArrayRef> {
        let totals = emit_to.take_needed(&mut self.totals);
        let text = |totals: &Totals| {
            let result = totals.result(self.kind).map_err(to_datafusion)?;
            Ok(result.map(|number| number.to_string()))
        };
        Ok(Arc::new(totals.iter().map(text).collect::<DataFusionResult<StringArray>>()?))
    }

    fn state(&mut self, emit_to: EmitTo) -> DataFusionResult<Vec<ArrayRef>> {
        Ok(states(&emit_to.take_needed(&mut self.totals)))
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> DataFusionResult<Vec<ArrayRef>> {
        let numbers = NumberColumn::of_array(column(values, 0)?).map_err(to_datafusion)?;
        let mut all = vec![Totals::default(); numbers.len()];
        for (row, totals) in all.iter_mut().enumerate().filter(|(row, _)| is_kept(filter, *row)) {
            if let Some(number) = numbers.at(row).map_err(to_datafusion)? {
                totals.add(&number, 1, self.has_squares).map_err(to_datafusion)?;
            }
        }
        Ok(states(&all))
    }

    fn size(&self) -> usize {
        self.totals.capacity() * size_of::<Totals>() + self.totals.iter().map(Totals::heap_bytes).sum::<usize>()
    }
}

/// The total of all values, or of those of a window's frame.
#[derive(Debug)]
struct Total {
    kind: Kind,
    totals: Totals,
    /// Of a frame: how many finite values have so many digits behind the point, the most of which the sum shows.
    scales: Option<BTreeMap<u32, i64>>,
}

impl Total {
    fn add(&mut self, number: &Numeric, times: i64) -> DataFusionResult<()> {
        if let Some(scales) = self.scales.as_mut().filter(|_| number.special().is_none()) {
            let count = scales.entry(number.scale()).or_default();
            *count += times;
            if *count <= 0 {
                scales.remove(&number.scale());
            }
        }
        self.totals.add(number, times, matches!(self.kind, Kind::Deviation(_))).map_err(to_datafusion)
    }

    fn add_all(&mut self, values: &[ArrayRef], times: i64) -> DataFusionResult<()> {
        let numbers = NumberColumn::of_array(column(values, 0)?).map_err(to_datafusion)?;
        for row in 0..numbers.len() {
            if let Some(number) = numbers.at(row).map_err(to_datafusion)? {
                self.add(&number, times)?;
            }
        }
        Ok(())
    }

    /// Takes zeros from behind the sums that only values had which left the frame.
    fn shorten(&mut self) -> Result<()> {
        let Some(scales) = &self.scales else { return Ok(()) };
        let scale = scales.last_key_value().map_or(0, |(scale, _)| *scale);
        for (sum, scale) in [(&mut self.totals.sum, scale), (&mut self.totals.squares, scale.saturating_mul(2))] {
            if sum.scale() > scale {
                *sum = sum.rounded(i32::try_from(scale).unwrap_or(i32::MAX))?;
            }
        }
        Ok(())
    }
}

impl Accumulator for Total {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        self.add_all(values, 1)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        self.add_all(values, -1)
    }

    fn supports_retract_batch(&self) -> bool {
        self.scales.is_some()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        for other in totals_of(states)?.into_iter().flatten() {
            self.totals.merge(&other).map_err(to_datafusion)?;
        }
        Ok(())
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        states(std::slice::from_ref(&self.totals)).iter().map(|state| ScalarValue::try_from_array(state, 0)).collect()
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        self.shorten().map_err(to_datafusion)?;
        let result = self.totals.result(self.kind).map_err(to_datafusion)?;
        Ok(ScalarValue::Utf8(result.map(|number| number.to_string())))
    }

    fn size(&self) -> usize {
        let scales = self.scales.as_ref().map_or(0, BTreeMap::len) * size_of::<(u32, i64)>();
        size_of::<Self>() + self.totals.heap_bytes() + scales
    }
}

/// The total of different values, each with how often it is in the frame.
#[derive(Debug)]
struct Distinct {
    values: BTreeMap<Numeric, i64>,
    total: Total,
}

impl Distinct {
    fn add_all(&mut self, values: &[ArrayRef], times: i64) -> DataFusionResult<()> {
        let numbers = NumberColumn::of_array(column(values, 0)?).map_err(to_datafusion)?;
        for row in 0..numbers.len() {
            if let Some(number) = numbers.at(row).map_err(to_datafusion)? {
                let count = self.values.entry(number.clone()).or_default();
                *count += times;
                if *count <= 0 {
                    self.values.remove(&number);
                }
            }
        }
        Ok(())
    }
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        self.add_all(values, 1)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> DataFusionResult<()> {
        self.add_all(values, -1)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> DataFusionResult<()> {
        for values in column(states, 0)?.as_list::<i32>().iter().flatten() {
            self.update_batch(&[values])?;
        }
        Ok(())
    }

    fn state(&mut self) -> DataFusionResult<Vec<ScalarValue>> {
        let texts: StringArray = self.values.keys().map(|number| Some(number.to_string())).collect();
        Ok(vec![SingleRowListArrayBuilder::new(Arc::new(texts)).build_list_scalar()])
    }

    fn evaluate(&mut self) -> DataFusionResult<ScalarValue> {
        self.total.totals = Totals::default();
        for number in self.values.keys() {
            self.total.add(number, 1)?;
        }
        self.total.evaluate()
    }

    fn size(&self) -> usize {
        let long: usize = self.values.keys().map(Numeric::heap_bytes).sum();
        size_of::<Self>() + self.values.len() * size_of::<(Numeric, i64)>() + long
    }
}
