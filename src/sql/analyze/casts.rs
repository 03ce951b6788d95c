//! Casts: of literals into constants, of everything else into the planner's casts or our own.

use datafusion::sql::sqlparser::ast::{CastKind, DataType, Expr, Spanned, Value as Literal};
use datafusion::sql::sqlparser::tokenizer::Location;

use crate::db::SearchPath;
use crate::error::Result;
use crate::sql::analyze::analyzer::{Analyzer, wider};
use crate::sql::analyze::literals::string_of;
use crate::sql::analyze::numerics::held;
use crate::sql::analyze::times::declared_interval;
use crate::sql::arrow::cast_functions::cast_name;
use crate::sql::functions::{CONFIGURATION_NAME, DOMAIN_VALUE, NUMBER_KEPT, PATH_OF_TEXT};
use crate::sql::parse::names::relation_name;
use crate::sql::parse::operators::call;
use crate::sql::pg_catalog::{meant_domain, meant_type, path_of, type_place, written_type};
use crate::types::{ColumnType, RegKind, Value};

impl Analyzer<'_> {
    /// The type that a cast names: in the statement by the session's path, in a view by that of definitions.
    ///
    /// # Errors
    /// As [`meant_type`] and [`ViewWalk::note_schema`](crate::sql::analyze::views::ViewWalk::note_schema).
    fn written_type(&mut self, data_type: &DataType, location: Location) -> Result<ColumnType> {
        if matches!(data_type, DataType::Interval { .. }) {
            return Ok(ColumnType::Interval);
        }
        let is_in_statement = self.views.is_in_statement();
        let path = if is_in_statement { path_of(self.context) } else { SearchPath::of_definitions() };
        let name = written_type(data_type).map(|(name, ..)| name);
        let start = type_place(data_type);
        let ty =
            meant_type(data_type, &path, self.context).map_err(|error| self.at(error, start.unwrap_or(location)))?;
        let catalog = self.context.view.catalog();
        let domain = meant_domain(data_type, &path, self.context);
        let made = domain.as_ref().or_else(|| ty.enumerated().and_then(|ty| catalog.user_type_by_oid(ty.oid())));
        if let (Some(name), Some(made)) = (name, made)
            && !made.schema.is_public()
            // What the planner's spelling says has been found before.
            && ColumnType::parse(&data_type.to_string()).is_err()
        {
            let (written, _) = relation_name(name)?;
            let schema = catalog.schema_name(made.schema);
            self.views.note_schema(start.unwrap_or(Location::empty()), written.as_deref(), &schema)?;
        }
        Ok(ty)
    }

    /// Rewrites a cast; its type, which is that below a domain.
    ///
    /// # Errors
    /// As [`Analyzer::plain_cast`].
    pub fn cast(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let data_type = match expr {
            Expr::Cast { data_type, array: false, .. } => Some(&*data_type),
            Expr::TypedString(typed) => Some(&typed.data_type),
            _ => None,
        };
        let is_in_statement = self.views.is_in_statement();
        let path = if is_in_statement { path_of(self.context) } else { SearchPath::of_definitions() };
        let domain = data_type.and_then(|data_type| meant_domain(data_type, &path, self.context));
        let ty = self.plain_cast(expr)?;
        if let Some(domain) = domain {
            let value = std::mem::replace(expr, Expr::value(Literal::Null));
            let number = self.constant(Value::Int8(i64::from(domain.id.0)), &ColumnType::Int8);
            *expr = call(DOMAIN_VALUE, vec![value, number]);
        }
        Ok(ty)
    }

    /// Rewrites a cast, of a literal into a constant; its type.
    ///
    /// # Errors
    /// 42704 for a type that does not exist, 22023 for a modifier out of range; what the cast of a literal reports: 22P02, 22003,
    /// 42846 and the like; as [`Analyzer::expr`].
    fn plain_cast(&mut self, expr: &mut Expr) -> Result<Option<ColumnType>> {
        let location = expr.span().start;
        let (mut inner, data_type, is_array) = match expr {
            Expr::Cast { expr: inner, data_type, array, .. } => (inner.as_ref().clone(), data_type.clone(), *array),
            Expr::TypedString(typed) => (Expr::Value(typed.value.clone()), typed.data_type.clone(), false),
            _ => return Ok(None),
        };
        while let Expr::Nested(nested) = inner {
            inner = *nested;
        }
        if !is_array && data_type.to_string().eq_ignore_ascii_case("jsonpath") {
            self.coerce_to_text(&mut [&mut inner])?;
            *expr = call(PATH_OF_TEXT, vec![inner]);
            return Ok(Some(ColumnType::Jsonpath));
        }
        let mut target = self.written_type(&data_type, location)?;
        if is_array {
            target = ColumnType::Array(Box::new(target));
        }
        if let (ColumnType::Interval, Some(declared)) = (&target, declared_interval(&data_type)) {
            self.fitted_interval(&mut inner, declared)?;
            *expr = inner;
            return Ok(Some(target));
        }
        if let ColumnType::Reg(kind) = target {
            return self.reg_cast(expr, inner, kind);
        }
        if let (ColumnType::Array(_), Some(element)) = (&target, target.element().filter(|_| has_no_element(&inner))) {
            *expr = self.constant(Value::Array(Box::new(element), Vec::new()), &target);
            return Ok(Some(held(target)));
        }
        let is_literal = self.is_adoptable(&inner) || matches!(inner, Expr::Array(_));
        if is_literal {
            self.adopt(&mut inner, &target)?;
        }
        let source = self.expr(&mut inner)?;
        if let Some(value) = self.constant_value(&inner).cloned()
            && number_or_null(&value)
        {
            let style = self.context.settings.text_style();
            let value = value.cast_in(style, &target, true)?;
            *expr = self.constant(value, &target);
            return Ok(Some(held(target)));
        }
        let result = source.as_ref().map_or_else(|| target.clone(), |source| target.with_dimensions_of(source));
        self.note_cast(source.as_ref(), &target);
        if let Some(number) = self.numeric_cast(&inner, source.as_ref(), &target) {
            *expr = number;
            return Ok(Some(target));
        }
        let is_same = source.as_ref() == Some(&target)
            || matches!((&source, &target), (Some(source @ ColumnType::Array(_)), ColumnType::Array(_))
                if source.base() == target.base())
            || matches!((&source, &target), (Some(source), ColumnType::Text | ColumnType::Varchar(None))
                if matches!(source, ColumnType::Text | ColumnType::Varchar(_) | ColumnType::Name))
            || (source.is_none() && is_string(&inner) && target == ColumnType::Text);
        *expr = if is_same {
            inner
        } else if let (Some(native), true, false) = (
            native_type(&target),
            widens(source.as_ref(), &target),
            self.scopes.last().is_some_and(|scope| scope.groups_by_casts),
        ) {
            Expr::Cast { kind: CastKind::Cast, expr: Box::new(inner), data_type: native, array: false, format: None }
        } else {
            call(&cast_name(&target), vec![inner])
        };
        Ok(Some(held(result)))
    }

    /// A cast to a type that prints names: names become OIDs, OIDs become names.
    fn reg_cast(&mut self, expr: &mut Expr, mut inner: Expr, kind: RegKind) -> Result<Option<ColumnType>> {
        let word = match kind {
            RegKind::Config => {
                self.adopt(&mut inner, &ColumnType::Text)?;
                self.argument(&mut inner)?;
                *expr = call(CONFIGURATION_NAME, vec![inner]);
                return Ok(Some(ColumnType::Reg(kind)));
            }
            RegKind::Class => "regclass",
            RegKind::Type => "regtype",
            RegKind::Proc => "regproc",
            RegKind::Namespace => "regnamespace",
        };
        self.adopt(&mut inner, &ColumnType::Text)?;
        let source = self.argument(&mut inner)?;
        if is_string(&inner) || source.as_ref().is_some_and(ColumnType::is_text) {
            *expr = call(&format!("to_{word}"), vec![inner]);
            return Ok(Some(ColumnType::Oid));
        }
        *expr = call(&format!("{word}_out"), vec![inner]);
        Ok(Some(ColumnType::Text))
    }
}

/// Whether an array is written without a single element, in any dimension.
fn has_no_element(expr: &Expr) -> bool {
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        match expr {
            Expr::Array(array) => open.extend(&array.elem),
            _ => return false,
        }
    }
    true
}

fn is_string(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if string_of(&value.value).is_some())
}

fn number_or_null(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Int4(_) | Value::Int8(_) | Value::Numeric(_))
}

/// Whether the planner's own cast means the same as PostgreSQL's: it only makes a number wider.
fn widens(source: Option<&ColumnType>, target: &ColumnType) -> bool {
    source.is_some_and(|source| {
        source.is_integer() && *source != ColumnType::Oid && target.is_number() && wider(source, target) == *target
    })
}

fn native_type(ty: &ColumnType) -> Option<DataType> {
    Some(match ty {
        ColumnType::Int4 => DataType::Int(None),
        ColumnType::Int8 => DataType::BigInt(None),
        ColumnType::Float8 => DataType::DoublePrecision,
        _ => return None,
    })
}

/// Whether the planner forgets the type of a value that it makes of others, and takes it for text or whole vectors.
pub fn is_forgotten(ty: &ColumnType) -> bool {
    match ty {
        ColumnType::Json | ColumnType::Jsonb | ColumnType::Uuid | ColumnType::Numeric(None) => true,
        ColumnType::Halfvec(_) | ColumnType::Sparsevec(_) | ColumnType::Bit(_) | ColumnType::Varbit(_) => true,
        ColumnType::TsVector | ColumnType::TsQuery | ColumnType::Enum(_) => true,
        ColumnType::Range(_) | ColumnType::Multirange(_) => true,
        ColumnType::Array(element) => {
            is_forgotten(element) || element.is_dense_vector() || **element == ColumnType::Float4
        }
        _ => false,
    }
}

/// Names the type of a value that the planner chooses among several, where it would forget it.
pub fn keep_type(expr: &mut Expr, ty: Option<&ColumnType>) {
    if let Some(ty) = ty.filter(|ty| is_forgotten(ty)) {
        let name = if *ty.base() == ColumnType::Numeric(None) { NUMBER_KEPT.to_string() } else { cast_name(ty) };
        *expr = call(&name, vec![std::mem::replace(expr, Expr::value(Literal::Null))]);
    }
}
