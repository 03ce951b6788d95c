//! Evaluating a compiled filter over columns: which ordinals it holds for.
//!
//! What a condition means is decided by `expr` alone. A condition on one field is asked of each entry of a dictionary once, or of
//! each row of a packed column; a comparison with a constant of a packed whole number is turned into a range by asking
//! `Value::compare` where the order turns (`int_range`). AND, OR and NOT join what holds and what does not; what is in neither is
//! SQL's unknown. A condition that fails with an error on some row gives the whole up: whoever asked reads entry by entry, and
//! comes to the same error or not, as the order of his rows has it.

use std::sync::Arc;

use crate::db::columns::bitmap::{Bitmap, WORD_BITS, ones};
use crate::db::columns::column_chunk::{CHUNK_ROWS, CHUNK_WORDS, ChunkData, ColumnChunk, order_floats};
use crate::db::columns::columns::Columns;
use crate::db::columns::int_range::IntRange;
use crate::db::columns::selected_cache::SelectedCache;
use crate::db::columns::value_column::ValueColumn;
use crate::db::columns::value_kind::ValueKind;
use crate::error::{Error, Result};
use crate::expr::{Comparison, CompiledCondition, ConditionShape, Operand, Program, RowAccess};
use crate::types::Value;

/// Conditions within one another, at most; a filter with more is evaluated entry by entry.
const DEPTH_MAX: usize = 64;

/// Comparisons of numbers within one another, and beside one another, that still take microseconds.
const NUMBERS_DEPTH_MAX: usize = 2;
const NUMBERS_LIST_MAX: usize = 4;

/// The ordinals that a filter selects of columns.
#[derive(Clone, Debug)]
pub(crate) struct SelectedOrdinals {
    /// Those for which all conditions hold that could be evaluated over columns. Ordinals of entries that are gone, and those in
    /// `apart`, are not among them.
    pub rows: Arc<Bitmap>,
    /// Those that have to be read, since a value of theirs is not in its column; `None` where there are none.
    pub apart: Option<Bitmap>,
    /// Whether some conditions could not be evaluated over columns and remain to be asked.
    pub has_rest: bool,
    /// How many conditions were evaluated.
    pub conditions: usize,
}

/// The fields that the conditions of a filter read which columns can serve; empty where it is better evaluated entry by entry.
pub(crate) fn servable_operands(filter: &Program) -> Vec<&Operand> {
    let conjuncts = filter.conjuncts();
    if !conjuncts.iter().all(|condition| condition.is_plain()) {
        return Vec::new();
    }
    let mut operands: Vec<&Operand> = Vec::new();
    for condition in conjuncts {
        let own = condition.operands();
        if own.iter().all(|operand| is_servable(operand)) {
            own.into_iter().for_each(|operand| {
                if !operands.contains(&operand) {
                    operands.push(operand);
                }
            });
        }
    }
    operands
}

/// Whether an operand goes into a column, as far as it says by itself.
fn is_servable(operand: &Operand) -> bool {
    matches!(operand, Operand::Column(_) | Operand::Path { .. })
}

/// Selects the ordinals of a filter; `None` where columns are no help.
///
/// # Errors
/// What a condition fails with on some row that the reader may not even see.
pub(crate) fn select(columns: &Columns, filter: &Program, cache: &SelectedCache) -> Result<Option<SelectedOrdinals>> {
    let conjuncts = filter.conjuncts();
    if !conjuncts.iter().all(|condition| condition.is_plain()) {
        return Ok(None);
    }
    let (served, rest): (Vec<_>, Vec<_>) = conjuncts.into_iter().partition(|condition| is_served(columns, *condition));
    if served.is_empty() || rest.iter().any(|condition| condition.may_fail_regardless()) {
        return Ok(None);
    }
    let mut apart: Option<Bitmap> = None;
    for operand in served.iter().flat_map(|condition| condition.operands()) {
        if let Some(column) = columns.column(operand).filter(|column| column.apart() > 0) {
            let rows = apart.get_or_insert_with(|| Bitmap::none(columns.len()));
            rows.add(&column.apart_rows());
        }
    }
    if let Some(apart) = &mut apart {
        apart.keep(columns.live());
    }
    let conditions = served.len();
    let identity = identity_of(&served);
    if let Some(rows) = identity.as_ref().and_then(|identity| cache.get(columns.state(), identity)) {
        return Ok(Some(SelectedOrdinals { rows, apart, has_rest: !rest.is_empty(), conditions }));
    }
    let mut rows = columns.live().clone();
    if let Some(apart) = &apart {
        rows.leave_out(apart);
    }
    // What fails whatever is beside it is asked of all rows, before others leave some out.
    let (first, then): (Vec<_>, Vec<_>) = served.into_iter().partition(|condition| condition.may_fail_regardless());
    let all = rows.clone();
    for condition in first {
        let truths = Evaluation { columns, rows: &all }.truths(condition, 0)?;
        rows.keep(&truths.holds);
    }
    for condition in then {
        let truths = Evaluation { columns, rows: &rows }.truths(condition, 0)?;
        rows.keep(&truths.holds);
    }
    let rows = Arc::new(rows);
    if let Some(identity) = &identity {
        cache.keep(columns.state(), identity, &rows);
    }
    Ok(Some(SelectedOrdinals { rows, apart, has_rest: !rest.is_empty(), conditions }))
}

/// Whether what a filter selects is known already, or found by comparing packed numbers alone, which takes microseconds.
pub(crate) fn is_quick(columns: &Columns, filter: &Program, cache: &SelectedCache) -> bool {
    let conjuncts = filter.conjuncts();
    if conjuncts.iter().all(|condition| is_of_numbers(columns, *condition, 0)) {
        return true;
    }
    let served: Vec<_> = conjuncts.into_iter().filter(|condition| is_served(columns, *condition)).collect();
    identity_of(&served).is_some_and(|identity| cache.get(columns.state(), &identity).is_some())
}

/// Whether a condition does nothing but compare packed numbers with constants.
fn is_of_numbers(columns: &Columns, condition: CompiledCondition<'_>, depth: usize) -> bool {
    let is_packed = |operand: &Operand| {
        columns.column(operand).is_some_and(|column| {
            column.dictionary().is_none()
                && (column.kind().is_int() || matches!(column.kind(), ValueKind::Float4 | ValueKind::Float8))
        })
    };
    let all = |list: Vec<CompiledCondition<'_>>| list.into_iter().all(|each| is_of_numbers(columns, each, depth + 1));
    depth <= NUMBERS_DEPTH_MAX
        && match condition.shape() {
            ConditionShape::All(list) | ConditionShape::Any(list) => list.len() <= NUMBERS_LIST_MAX && all(list),
            ConditionShape::Not(inner) => all(vec![inner]),
            ConditionShape::IsNull(operand) | ConditionShape::Compare(operand, ..) => is_packed(operand),
            ConditionShape::Other => false,
        }
}

/// Whether columns have all that a condition reads.
fn is_served(columns: &Columns, condition: CompiledCondition<'_>) -> bool {
    let operands = condition.operands();
    !operands.is_empty() && operands.iter().all(|operand| columns.column(operand).is_some())
}

/// What tells these conditions from others; `None` where nothing does.
fn identity_of(conditions: &[CompiledCondition<'_>]) -> Option<String> {
    let identities = conditions.iter().map(|condition| condition.identity()).collect::<Option<Vec<_>>>();
    identities.map(|identities| identities.join("\n"))
}

/// Where a condition holds and where it does not. Elsewhere it is unknown.
struct Truths {
    holds: Bitmap,
    fails: Bitmap,
}

/// Evaluates conditions for some rows, whose values are all in their columns. What it says of others means nothing.
struct Evaluation<'a> {
    columns: &'a Columns,
    rows: &'a Bitmap,
}

impl Evaluation<'_> {
    fn truths(&self, condition: CompiledCondition<'_>, depth: usize) -> Result<Truths> {
        if depth > DEPTH_MAX {
            return Err(Error::internal("conditions lie too deep within one another for columns"));
        }
        let none = || Bitmap::none(self.columns.len());
        match condition.shape() {
            ConditionShape::All(list) => {
                let mut truths = Truths { holds: self.rows.clone(), fails: none() };
                for each in list {
                    let own = self.truths(each, depth + 1)?;
                    truths.holds.keep(&own.holds);
                    truths.fails.add(&own.fails);
                }
                Ok(truths)
            }
            ConditionShape::Any(list) => {
                let mut truths = Truths { holds: none(), fails: self.rows.clone() };
                for each in list {
                    let own = self.truths(each, depth + 1)?;
                    truths.holds.add(&own.holds);
                    truths.fails.keep(&own.fails);
                }
                Ok(truths)
            }
            ConditionShape::Not(inner) => {
                let Truths { holds, fails } = self.truths(inner, depth + 1)?;
                Ok(Truths { holds: fails, fails: holds })
            }
            ConditionShape::IsNull(operand) => Ok(self.nulls(self.column(operand)?)),
            ConditionShape::Compare(operand, operator, constant) => {
                self.comparison(condition, self.column(operand)?, operator, constant)
            }
            ConditionShape::Other => self.other(condition),
        }
    }

    fn column(&self, operand: &Operand) -> Result<&ValueColumn> {
        let column = self.columns.column(operand);
        column
            .map(|column| &**column)
            .ok_or_else(|| Error::internal("a condition is asked of a column that is not there"))
    }

    fn nulls(&self, column: &ValueColumn) -> Truths {
        let mut truths = self.nothing();
        for (number, chunk) in column.chunks().iter().enumerate() {
            let valid = chunk.valid();
            for (word, valid) in truths.fails.chunk_mut(number).iter_mut().zip(valid) {
                *word = *valid;
            }
            let rows = self.rows.chunk(number);
            for ((word, valid), rows) in truths.holds.chunk_mut(number).iter_mut().zip(valid).zip(rows) {
                *word = rows & !valid;
            }
        }
        truths.fails.keep(self.rows);
        truths
    }

    fn nothing(&self) -> Truths {
        Truths { holds: Bitmap::none(self.columns.len()), fails: Bitmap::none(self.columns.len()) }
    }

    /// A comparison of a field with a constant.
    fn comparison(
        &self,
        condition: CompiledCondition<'_>,
        column: &ValueColumn,
        operator: Comparison,
        constant: &Value,
    ) -> Result<Truths> {
        if constant.is_null() {
            return Ok(self.nothing());
        }
        let is_packed = column.dictionary().is_none();
        if is_packed && column.kind().is_int() {
            return Ok(match IntRange::of(column.kind(), operator, constant) {
                Some(range) => self.within(column, &range),
                None => self.nothing(),
            });
        }
        if let (true, ValueKind::Float4 | ValueKind::Float8, Some(number)) = (is_packed, column.kind(), float(constant))
        {
            return Ok(self.floats(column, |own| operator.holds(order_floats(own, number))));
        }
        self.of_one(condition, column)
    }

    /// The rows of a packed column whose numbers lie in a range.
    fn within(&self, column: &ValueColumn, range: &IntRange) -> Truths {
        let mut truths = self.nothing();
        for (number, chunk) in column.chunks().iter().enumerate() {
            let (ChunkData::Ints { base, codes }, Some(bounds)) = (chunk.data(), chunk.zone().ints) else { continue };
            let rows = self.rows.chunk(number);
            if rows.iter().all(|word| *word == 0) {
                continue;
            }
            let mut bits = [0_u64; CHUNK_WORDS];
            range.mark(*base, codes, bounds, &mut bits);
            let words = truths.holds.chunk_mut(number).iter_mut().zip(truths.fails.chunk_mut(number));
            for (((holds, fails), (bits, valid)), rows) in words.zip(bits.iter().zip(chunk.valid())).zip(rows) {
                *holds = rows & valid & bits;
                *fails = rows & valid & !bits;
            }
        }
        truths
    }

    fn floats(&self, column: &ValueColumn, holds: impl Fn(f64) -> bool) -> Truths {
        let mut truths = self.nothing();
        for (number, chunk) in column.chunks().iter().enumerate() {
            let mark = |row: usize| match chunk.data() {
                ChunkData::Float4(numbers) => numbers.get(row).is_some_and(|number| holds(f64::from(*number))),
                ChunkData::Float8(numbers) => numbers.get(row).is_some_and(|number| holds(*number)),
                _ => false,
            };
            self.each_valid(number, chunk, &mut truths, |row| Some(mark(row)));
        }
        truths
    }

    /// Marks what is said of each wanted row of a chunk that has a value.
    fn each_valid(
        &self,
        number: usize,
        chunk: &ColumnChunk,
        truths: &mut Truths,
        mut truth: impl FnMut(usize) -> Option<bool>,
    ) {
        let rows = self.rows.chunk(number);
        let words = truths.holds.chunk_mut(number).iter_mut().zip(truths.fails.chunk_mut(number));
        for (word, ((holds, fails), (valid, rows))) in words.zip(chunk.valid().iter().zip(rows)).enumerate() {
            for bit in ones(valid & rows) {
                match truth(word * WORD_BITS + bit as usize) {
                    Some(true) => *holds |= 1 << bit,
                    Some(false) => *fails |= 1 << bit,
                    None => {}
                }
            }
        }
    }

    /// A condition that `expr` decides of each row.
    fn other(&self, condition: CompiledCondition<'_>) -> Result<Truths> {
        if let [operand] = condition.operands().as_slice() {
            return self.of_one(condition, self.column(operand)?);
        }
        let mut truths = self.nothing();
        for ordinal in self.rows.ordinals() {
            match condition.truth(&self.columns.row(ordinal))? {
                Some(true) => truths.holds.insert(ordinal),
                Some(false) => truths.fails.insert(ordinal),
                None => {}
            }
        }
        Ok(truths)
    }

    /// A condition on one field: of the entries of its dictionary, or of each row.
    fn of_one(&self, condition: CompiledCondition<'_>, column: &ValueColumn) -> Result<Truths> {
        let mut truths = self.nothing();
        let mut failure = None;
        let mut keep = |said: Result<Option<bool>>| match said {
            Ok(truth) => truth,
            Err(error) => {
                failure.get_or_insert(error);
                None
            }
        };
        if let Some(dictionary) = column.dictionary() {
            let said =
                DictionaryTruths::of(dictionary.values().iter(), |value| condition.truth(&OneValue::Value(value)));
            self.by_dictionary(column, &said, &mut truths)?;
        } else {
            for (number, chunk) in column.chunks().iter().enumerate() {
                self.each_valid(number, chunk, &mut truths, |row| keep(truth_of_row(condition, column, chunk, row)));
            }
        }
        self.of_nulls(condition, column, &mut truths)?;
        failure.map_or(Ok(truths), Err)
    }

    /// Marks the rows of a column by what was said of the entries of its dictionary.
    fn by_dictionary(&self, column: &ValueColumn, said: &DictionaryTruths, truths: &mut Truths) -> Result<()> {
        for (number, chunk) in column.chunks().iter().enumerate() {
            let ChunkData::Dictionary(codes) = chunk.data() else { continue };
            let rows = self.rows.chunk(number);
            if rows.iter().all(|word| *word == 0) {
                continue;
            }
            let of = |wanted: u8| {
                let mut bits = [0_u64; CHUNK_WORDS];
                codes.mark(&mut bits, |code| said.truths.get(code).is_some_and(|truth| *truth == wanted));
                bits.iter_mut().zip(chunk.valid()).for_each(|(word, valid)| *word &= valid);
                bits
            };
            let (holds, fails) = (of(HOLDS), of(FAILS));
            let words = truths.holds.chunk_mut(number).iter_mut().zip(truths.fails.chunk_mut(number));
            for (((holds_word, fails_word), rows), (holds, fails)) in words.zip(rows).zip(holds.iter().zip(&fails)) {
                *holds_word = rows & holds;
                *fails_word = rows & fails;
            }
            if let Some(failure) = &said.failure {
                let is_met = of(ERRS).iter().zip(rows).any(|(bits, rows)| bits & rows != 0);
                if is_met {
                    return Err(failure.clone());
                }
            }
        }
        Ok(())
    }

    /// What a condition on one field says where that is NULL.
    fn of_nulls(&self, condition: CompiledCondition<'_>, column: &ValueColumn, truths: &mut Truths) -> Result<()> {
        let nulls = self.nulls(column).holds;
        if nulls.count() == 0 {
            return Ok(());
        }
        match condition.truth(&OneValue::Value(&Value::Null))? {
            Some(true) => truths.holds.add(&nulls),
            Some(false) => truths.fails.add(&nulls),
            None => {}
        }
        Ok(())
    }
}

const UNKNOWN: u8 = 0;
const HOLDS: u8 = 1;
const FAILS: u8 = 2;
const ERRS: u8 = 3;

/// What a condition says of each entry of a dictionary.
struct DictionaryTruths {
    truths: Vec<u8>,
    /// What it fails with for one of them. No row may have that entry any more.
    failure: Option<Error>,
}

impl DictionaryTruths {
    fn of<'v>(values: impl Iterator<Item = &'v Value>, truth: impl Fn(&Value) -> Result<Option<bool>>) -> Self {
        let mut failure = None;
        let truths = values
            .map(|value| match truth(value) {
                Ok(Some(true)) => HOLDS,
                Ok(Some(false)) => FAILS,
                Ok(None) => UNKNOWN,
                Err(error) => {
                    failure.get_or_insert(error);
                    ERRS
                }
            })
            .collect();
        DictionaryTruths { truths, failure }
    }
}

/// What a condition on one field says of a row that has a value.
fn truth_of_row(
    condition: CompiledCondition<'_>,
    column: &ValueColumn,
    chunk: &ColumnChunk,
    row: usize,
) -> Result<Option<bool>> {
    if column.kind() == ValueKind::Text
        && let Some(text) = chunk.text(row)
    {
        return condition.truth(&OneValue::Text(text));
    }
    let value = chunk.value(row % CHUNK_ROWS, column.kind(), column.dictionary()).unwrap_or_default();
    condition.truth(&OneValue::Value(&value))
}

/// The number that floats are compared with, where a constant is a float as well.
fn float(constant: &Value) -> Option<f64> {
    match constant {
        Value::Float4(number) => Some(f64::from(*number)),
        Value::Float8(number) => Some(*number),
        _ => None,
    }
}

/// A row of which one field is asked.
enum OneValue<'a> {
    Value(&'a Value),
    Text(&'a str),
}

impl RowAccess for OneValue<'_> {
    fn value(&self, _operand: &Operand) -> Result<Value> {
        Ok(match self {
            OneValue::Value(value) => (*value).clone(),
            OneValue::Text(text) => Value::text(*text),
        })
    }

    fn stored_text(&self, _operand: &Operand) -> Result<Option<&str>> {
        Ok(match self {
            OneValue::Text(text) => Some(text),
            OneValue::Value(Value::Text(text)) => Some(text),
            OneValue::Value(_) => None,
        })
    }
}
