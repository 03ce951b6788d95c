//! The row of a relation as one value: `SELECT t`, `count(t.*)`, `row_to_json(t)`, `(t).a`, `t IS NULL`.
//!
//! A name that is no column's may be a relation's, and means its row then (PostgreSQL's documentation, section 8.16.5). The
//! row is written out by its columns. Where an outer join may lack it, a column that no row lacks tells whether it is there.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CaseWhen, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName,
    Spanned, Value as Literal,
};

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;

use crate::error::{Error, ErrorKind, Result};
use crate::sql::analyze::analyzer::Analyzer;
use crate::sql::analyze::calls::plain_argument;
use crate::sql::analyze::row_comparisons::row_values;
use crate::sql::analyze::scope;
use crate::sql::analyze::scope::{Relation, column_of};
use crate::sql::functions::{JSON_AGG_OF_ROWS, JSON_OF_ROW};
use crate::sql::parse::names::{exact, folded, last_part};
use crate::sql::parse::operators::call;
use crate::sql::relational::collection_table::KEY_COLUMN;

/// Functions that make JSON of their arguments, whose rows become objects.
const MAKE_JSON: [&str; 10] = [
    "array_to_json",
    "json_agg",
    "json_build_array",
    "json_build_object",
    "jsonb_agg",
    "jsonb_build_array",
    "jsonb_build_object",
    "row_to_json",
    "to_json",
    "to_jsonb",
];
/// Members of one call that builds an object: two arguments each, of which a call takes a hundred.
const MEMBERS_PER_CALL: usize = 50;
/// Hidden columns that every row of a stored table, or of a catalog, has.
const NEVER_NULL: [&str; 2] = [KEY_COLUMN, "tableoid"];

/// The row of a relation.
struct WholeRow {
    relation: String,
    columns: Vec<String>,
    /// Whether an outer join may lack it.
    may_lack: bool,
    /// A column that it never lacks.
    witness: Option<String>,
}

impl WholeRow {
    fn of(relation: &Relation) -> WholeRow {
        let shown = relation.columns.iter().filter(|column| !column.is_hidden).map(|column| column.name.clone());
        let is_witness = |name: &&str| relation.columns.iter().any(|column| column.is_hidden && column.name == **name);
        WholeRow {
            relation: relation.name.clone(),
            columns: shown.collect(),
            may_lack: relation.may_lack,
            witness: NEVER_NULL.iter().find(|name| is_witness(name)).map(ToString::to_string),
        }
    }

    fn values(&self) -> Vec<Expr> {
        self.columns.iter().map(|name| column_of(&self.relation, name)).collect()
    }

    /// Whether the row is there.
    fn is_there(&self) -> Result<Expr> {
        match (self.may_lack, &self.witness) {
            (false, _) => Ok(Expr::value(Literal::Boolean(true))),
            (true, Some(witness)) => Ok(Expr::IsNotNull(Box::new(column_of(&self.relation, witness)))),
            (true, None) => Err(Error::unsupported(
                format!("the row of \"{}\" as a value is not offered where an outer join may lack it", self.relation),
                "Name its columns.",
            )),
        }
    }

    /// A value made of the row, and NULL where the row is not there.
    fn when_there(&self, value: Expr) -> Result<Expr> {
        if !self.may_lack {
            return Ok(value);
        }
        let when = CaseWhen { condition: self.is_there()?, result: value };
        Ok(Expr::Case {
            case_token: AttachedToken::empty(),
            end_token: AttachedToken::empty(),
            operand: None,
            conditions: vec![when],
            else_result: None,
        })
    }

    fn object(&self, is_binary: bool) -> Result<Expr> {
        self.when_there(object(&self.columns, self.values(), is_binary))
    }
}

impl Analyzer<'_> {
    /// The relation whose row an expression means; a column of that name comes first.
    fn whole_row(&self, expr: &Expr) -> Option<WholeRow> {
        let Expr::Identifier(ident) = expr else { return None };
        let name = folded(ident);
        let row = self.row_called(&name)?;
        scope::resolve(&self.scopes, None, &name).is_err().then_some(row)
    }

    /// The row of the relation of that name, or of what a join by names has made under it.
    fn row_called(&self, name: &str) -> Option<WholeRow> {
        if let Some(columns) = scope::join_called(&self.scopes, name) {
            let columns = columns.iter().map(|column| column.name.clone()).collect();
            return Some(WholeRow { relation: name.to_string(), columns, may_lack: false, witness: None });
        }
        let relation = scope::relation_called(&self.scopes, name).filter(|relation| !relation.is_opaque)?;
        Some(WholeRow::of(relation))
    }

    /// The row that a name stands for, written out; `None` where it stands for none.
    ///
    /// # Errors
    /// 0A000 for a row that an outer join may lack, where nothing tells whether it is there.
    pub fn written_row(&self, expr: &Expr) -> Result<Option<Expr>> {
        let Some(row) = self.whole_row(expr) else { return Ok(None) };
        row.when_there(call("row", row.values())).map(Some)
    }

    /// The columns that a row is made of: of a relation, or of one that is written down.
    pub fn columns_of_row(&self, expr: &Expr) -> Option<Vec<Expr>> {
        match expr {
            Expr::Nested(inner) => self.columns_of_row(inner),
            other => self.whole_row(other).map(|row| row.values()),
        }
    }

    /// Writes the rows that a comparison or a test for NULL is about as their columns.
    pub fn rows_in_condition(&self, expr: &mut Expr) {
        let sides: Vec<&mut Box<Expr>> = match expr {
            Expr::IsNull(row) | Expr::IsNotNull(row) => vec![row],
            Expr::BinaryOp { left, right, .. }
            | Expr::IsDistinctFrom(left, right)
            | Expr::IsNotDistinctFrom(left, right) => vec![left, right],
            _ => return,
        };
        for side in sides {
            if let Some(columns) = self.columns_of_row(side) {
                **side = Expr::Tuple(columns);
            }
        }
    }

    /// A column of a relation's row: `(t).a`.
    ///
    /// # Errors
    /// 42703 for a column that the relation has not.
    pub fn field_of_row(&self, root: &Expr, field: &Ident) -> Result<Option<Expr>> {
        let root = match root {
            Expr::Nested(inner) => inner.as_ref(),
            other => other,
        };
        let Some(row) = self.whole_row(root) else { return Ok(None) };
        let name = folded(field);
        if !row.columns.contains(&name) {
            let message = format!("column {}.{name} does not exist", row.relation);
            return Err(self.at(Error::new(ErrorKind::UndefinedColumn, message), root.span().start));
        }
        Ok(Some(column_of(&row.relation, &name)))
    }

    /// The arguments of ROW, of which `t.*` are the columns of a relation.
    fn columns_among(&self, arguments: Vec<FunctionArg>) -> Vec<FunctionArg> {
        let mut written = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let row = match &argument {
                FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(ObjectName(parts))) => match parts.as_slice() {
                    [part] => part.as_ident().and_then(|name| self.row_called(&folded(name))),
                    _ => None,
                },
                _ => None,
            };
            match row {
                Some(row) => {
                    let values = row.values();
                    written.extend(values.into_iter().map(|value| FunctionArg::Unnamed(FunctionArgExpr::Expr(value))));
                }
                None => written.push(argument),
            }
        }
        written
    }

    /// Writes the rows among the arguments of a call as what the function makes of them.
    ///
    /// # Errors
    /// 0A000 for `row_to_json` with lines, and as [`Analyzer::written_row`].
    pub fn rows_in_call(&mut self, function: &mut Function, name: &mut String) -> Result<()> {
        let is_distinct = matches!(&function.args, FunctionArguments::List(list) if list.duplicate_treatment.is_some());
        let FunctionArguments::List(list) = &mut function.args else { return Ok(()) };
        if name == "row" {
            list.args = self.columns_among(std::mem::take(&mut list.args));
            return Ok(());
        }
        let mut has_row = false;
        for argument in &mut list.args {
            if let FunctionArg::Unnamed(FunctionArgExpr::QualifiedWildcard(ObjectName(parts))) = argument
                && let [part] = parts.as_slice()
                && let Some(ident) = part.as_ident()
            {
                *argument = FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(ident.clone())));
            }
            let Some(value) = plain_argument(argument) else { continue };
            if MAKE_JSON.contains(&name.as_str()) {
                let is_binary = name.starts_with("jsonb") || name == "to_jsonb";
                if let Some(object) = self.rows_as_objects(value, is_binary)? {
                    *value = object;
                    has_row = true;
                }
            } else if name == "count"
                && !is_distinct
                && let Some(row) = self.whole_row(value)
            {
                *value = row.when_there(Expr::value(Literal::Boolean(true)))?;
            }
        }
        if name == "json_agg" && has_row {
            *name = JSON_AGG_OF_ROWS.to_string();
            function.name = ObjectName::from(vec![exact(name.clone())]);
        }
        if name == "row_to_json" {
            if list.args.len() != 1 {
                let hint = "Use jsonb_pretty(to_jsonb(row)).";
                return Err(Error::unsupported("row_to_json() with line feeds is not offered", hint));
            }
            *name = "to_json".to_string();
            function.name = ObjectName::from(vec![exact(name.clone())]);
        }
        Ok(())
    }

    /// What JSON is made of where it is a row, or an array of rows: an object for each row. `None` for what is no such thing.
    fn rows_as_objects(&self, expr: &Expr, is_binary: bool) -> Result<Option<Expr>> {
        if let Expr::Nested(inner) = expr {
            return self.rows_as_objects(inner, is_binary);
        }
        if let Some(row) = self.whole_row(expr) {
            return row.object(is_binary).map(Some);
        }
        if let Some(values) = row_values(expr) {
            let names: Vec<String> = (1..=values.len()).map(|place| format!("f{place}")).collect();
            let members = values.into_iter().map(|value| Ok(self.rows_as_objects(&value, is_binary)?.unwrap_or(value)));
            return Ok(Some(object(&names, members.collect::<Result<_>>()?, is_binary)));
        }
        let mut made = expr.clone();
        let elements: Vec<&mut Expr> = match &mut made {
            Expr::Array(array) => array.elem.iter_mut().collect(),
            Expr::Function(function) if last_part(&function.name).as_deref() == Some("array_agg") => {
                let FunctionArguments::List(list) = &mut function.args else { return Ok(None) };
                list.args.iter_mut().filter_map(plain_argument).collect()
            }
            _ => return Ok(None),
        };
        let mut has_row = false;
        for element in elements {
            if let Some(object) = self.rows_as_objects(element, is_binary)? {
                *element = object;
                has_row = true;
            }
        }
        Ok(has_row.then_some(made))
    }
}

/// A JSON object of named values.
fn object(names: &[String], values: Vec<Expr>, is_binary: bool) -> Expr {
    let build = match is_binary {
        true => "jsonb_build_object",
        false if names.len() <= MEMBERS_PER_CALL => JSON_OF_ROW,
        false => "json_build_object",
    };
    let members: Vec<(&String, Expr)> = names.iter().zip(values).collect();
    let calls = members.chunks(MEMBERS_PER_CALL).map(|members| {
        let pairs = members
            .iter()
            .flat_map(|(name, value)| [Expr::value(Literal::SingleQuotedString((*name).clone())), value.clone()]);
        call(build, pairs.collect())
    });
    let joined = calls.reduce(|left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::StringConcat,
        right: Box::new(right),
    });
    joined.unwrap_or_else(|| call(build, Vec::new()))
}
