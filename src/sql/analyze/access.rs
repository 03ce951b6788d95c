//! Parts of values: subscripts of arrays, and the fields of rows.

use datafusion::sql::sqlparser::ast::{AccessExpr, Expr, Ident, Spanned, Subscript, Value as Literal};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::unmodified;
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::casts::keep_type;
use crate::sql::analyze::row_comparisons::row_values;
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::functions::NAME_CHARACTER;
use crate::sql::parse::names::folded;
use crate::sql::parse::operators::call;
use crate::sql::parse::trees::number_of;
use crate::types::ColumnType;

/// The planner's function that takes a field out of a row.
const FIELD: &str = "get_field";

impl Analyzer<'_> {
    /// `a[1]`, `a[1:2]` and `(row).field`, any number of them.
    ///
    /// # Errors
    /// 42601 for a field that is no name and a slice with a step, 22P02 for a position whose text is no number, 42703 for a field that
    /// a row has not, 42804 for subscripts of what has no parts; as [`Analyzer::expr`].
    pub fn access(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let location = expr.span().start;
        let Expr::CompoundFieldAccess { root, access_chain } = expr else { return Ok(None) };
        let mut value = root.as_ref().clone();
        if let Some(AccessExpr::Dot(Expr::Identifier(field))) = access_chain.first()
            && let Some(column) = self.field_of_row(&value, field)?
        {
            value = column;
            access_chain.remove(0);
        } else if let Some(AccessExpr::Dot(Expr::Identifier(field))) = access_chain.first()
            && let Some(values) = row_values(&value)
        {
            value = self.field_of_written_row(values, field)?;
            access_chain.remove(0);
        }
        let mut ty = self.expr(&mut value)?;
        let mut chain = std::mem::take(access_chain).into_iter().peekable();
        while let Some(access) = chain.next() {
            match access {
                AccessExpr::Subscript(Subscript::Index { index }) if ty == Some(ColumnType::Jsonb) => {
                    value = self.jsonb_part(value, index)?;
                }
                AccessExpr::Subscript(Subscript::Index { mut index }) if ty == Some(ColumnType::Name) => {
                    self.expr(&mut index)?;
                    value = call(NAME_CHARACTER, vec![value, index]);
                    ty = Some(ColumnType::CatalogChar);
                }
                AccessExpr::Subscript(subscript) => {
                    self.check_subscripts(ty.as_ref(), location)?;
                    let mut subscripts = vec![subscript];
                    while let Some(AccessExpr::Subscript(_)) = chain.peek() {
                        subscripts.extend(chain.next().and_then(subscript_of));
                    }
                    (value, ty) = self.part(value, ty, subscripts).map_err(|error| self.at(error, location))?;
                }
                AccessExpr::Dot(Expr::Identifier(name)) => {
                    value = call(FIELD, vec![value, field_name(&name)]);
                    ty = None;
                }
                AccessExpr::Dot(_) => {
                    return Err(self.at(Error::syntax("a field is a name", None), location));
                }
            }
        }
        *expr = value;
        let is_kept =
            |ty: &ColumnType| matches!(ty.base(), ColumnType::Numeric(None) | ColumnType::Float4 | ColumnType::Enum(_));
        if ty.as_ref().is_some_and(is_kept) {
            keep_type(expr, ty.as_ref());
        }
        Ok(ty)
    }

    /// The field of a row that is written down: its fields are called f1, f2 and so on.
    fn field_of_written_row(&self, mut values: Vec<Expr>, field: &Ident) -> Result<Expr> {
        let name = folded(field);
        let place = name.strip_prefix('f').and_then(|number| number.parse::<usize>().ok());
        let place = place.and_then(|place| place.checked_sub(1)).filter(|place| *place < values.len());
        place.map(|place| values.swap_remove(place)).ok_or_else(|| {
            let message = format!("could not identify column \"{name}\" in record data type");
            self.at(Error::new(ErrorKind::UndefinedColumn, message), field.span.start)
        })
    }

    /// A member or an element of a `jsonb`, by a text or a whole number.
    fn jsonb_part(&mut self, json: Expr, mut key: Expr) -> Result<Expr> {
        self.adopt(&mut key, &ColumnType::Text)?;
        let place = key.span().start;
        let digits =
            number_of(&key).map(|(digits, is_negative)| format!("{}{digits}", if is_negative { "-" } else { "" }));
        let key = match (digits, self.argument(&mut key)?) {
            (Some(digits), Some(ty)) if ty.is_integer() => Expr::value(Literal::SingleQuotedString(digits)),
            (_, None) => key,
            (_, Some(ty)) if ty.is_text() => key,
            (_, Some(ty)) if ty.is_integer() => call(&cast_name(&ColumnType::Text), vec![key]),
            (_, Some(ty)) => {
                let message = format!("subscript type {} is not supported", unmodified(&ty));
                let error = Error::new(ErrorKind::DatatypeMismatch, message);
                let hint = "jsonb subscript must be coercible to either integer or text.";
                return Err(self.at(error.with_hint(hint), place));
            }
        };
        Ok(call("jsonb_extract_path", vec![json, key]))
    }

    /// Refuses subscripts of what has no parts.
    fn check_subscripts(&self, of: Option<&ColumnType>, place: Location) -> Result<()> {
        let message = match of {
            Some(ColumnType::Jsonb) => "jsonb subscript does not support slices".to_string(),
            Some(ty) if ty.is_number() || is_single(ty) || (ty.is_text() && *ty != ColumnType::Unknown) => {
                let name = unmodified(ty);
                format!("cannot subscript type {name} because it does not support subscripting")
            }
            _ => return Ok(()),
        };
        Err(self.at(Error::new(ErrorKind::DatatypeMismatch, message), place))
    }

    /// What subscripts make of a value, and its type; of a value whose type only the planner knows they are the planner's.
    fn part(
        &mut self,
        value: Expr,
        ty: Option<ColumnType>,
        subscripts: Vec<Subscript>,
    ) -> Result<(Expr, Option<ColumnType>)> {
        if let Some(array) = ty.as_ref().filter(|ty| ty.element().is_some()) {
            let (part, ty) = self.part_of_array(value, array, subscripts)?;
            return Ok((part, Some(ty)));
        }
        let mut access_chain = Vec::with_capacity(subscripts.len());
        for mut subscript in subscripts {
            let bounds: Vec<&mut Expr> = match &mut subscript {
                Subscript::Index { index } => vec![index],
                Subscript::Slice { lower_bound, upper_bound, stride: None } => {
                    // What is left out is where the array begins and ends.
                    let number = |digits: &str| Expr::value(Literal::Number(digits.to_string(), false));
                    lower_bound.get_or_insert_with(|| number("1"));
                    upper_bound.get_or_insert_with(|| number("2147483647"));
                    lower_bound.iter_mut().chain(upper_bound.iter_mut()).collect()
                }
                Subscript::Slice { .. } => return Err(Error::syntax("a slice has two bounds", None)),
            };
            for bound in bounds {
                self.adopt(bound, &ColumnType::Int4)?;
                self.argument(bound)?;
            }
            access_chain.push(AccessExpr::Subscript(subscript));
        }
        Ok((Expr::CompoundFieldAccess { root: Box::new(value), access_chain }, None))
    }
}

fn subscript_of(access: AccessExpr) -> Option<Subscript> {
    match access {
        AccessExpr::Subscript(subscript) => Some(subscript),
        AccessExpr::Dot(_) => None,
    }
}

/// Whether a type is of single values, beside numbers.
fn is_single(ty: &ColumnType) -> bool {
    let is_time = matches!(
        ty,
        ColumnType::Date | ColumnType::Time | ColumnType::Timestamp | ColumnType::TimestampTz | ColumnType::Interval
    );
    is_time
        || matches!(
            ty,
            ColumnType::Json | ColumnType::Bool | ColumnType::Uuid | ColumnType::Bytea | ColumnType::Enum(_)
        )
}

/// The name of a field as the planner's function takes it.
fn field_name(name: &Ident) -> Expr {
    Expr::value(Literal::SingleQuotedString(folded(name)))
}
