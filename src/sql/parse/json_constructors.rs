//! The constructors and the test of SQL/JSON, which sqlparser does not read whole: `JSON_OBJECT('a': 1 ABSENT ON NULL RETURNING
//! jsonb)`, `JSON_ARRAY(1, 2)`, `JSON_OBJECTAGG(k: v)`, `JSON_ARRAYAGG(v)` and `x IS JSON` (PostgreSQL's documentation, section 9.16.1).
//!
//! In the tree a constructor is a call of its name whose first argument is a call of [`OPTIONS`]; `analyze` makes of it what it
//! stands for. JSON_OBJECT with nothing but arguments is the function `json_object`.

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArgumentClause, FunctionArguments, Ident, Query, Select, SelectFlavor, SelectItem, SetExpr,
    TableAlias, TableAliasColumnDef, TableFactor, TableWithJoins, UnaryOperator, Value as Literal, WindowType,
};
use datafusion::sql::sqlparser::ast::{GroupByExpr, helpers::attached_token::AttachedToken};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, Word};

use crate::sql::parse::names::exact;
use crate::sql::parse::operators::call;

/// What carries the options of a constructor: its NULLs (`absent` or `null`), `unique`, `returning` a type, and the encoding of that,
/// each with its value behind `=`.
pub const OPTIONS: &str = "$json_options";
/// A value that says FORMAT JSON, and the encoding that it says.
pub const AS_JSON: &str = "$as_json";
/// Whether a value is JSON: of which kind, and whether with unique keys.
pub const IS_JSON: &str = "$is_json";

/// A constructor where the parser stands before one.
pub fn constructor(parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
    let name = match &parser.peek_token_ref().token {
        Token::Word(Word { value, quote_style: None, .. }) => value.to_ascii_lowercase(),
        _ => return None,
    };
    let is_called = parser.peek_nth_token_ref(1).token == Token::LParen;
    let is_constructor = matches!(name.as_str(), "json_object" | "json_array" | "json_objectagg" | "json_arrayagg");
    if !is_constructor || !is_called {
        return None;
    }
    let span = parser.peek_token_ref().span;
    parser.advance_token();
    parser.advance_token();
    let read = match name.as_str() {
        "json_array" if is_query(parser) => array_of_query(parser),
        "json_array" | "json_arrayagg" => elements(parser, &name),
        _ => members(parser, &name),
    };
    Some(read.and_then(|mut made| {
        if let Expr::Function(function) = &mut made {
            function.name = vec![Ident { value: name.clone(), quote_style: Some('"'), span }].into();
        }
        if name.ends_with("agg") { over(parser, made) } else { Ok(made) }
    }))
}

/// `IS [NOT] JSON` behind a value, where the parser stands before it.
pub fn test(parser: &mut Parser<'_>, value: &Expr) -> Option<Result<Expr, ParserError>> {
    if !is_word(parser, 0, "is") {
        return None;
    }
    let is_negated = is_word(parser, 1, "not");
    if !is_word(parser, if is_negated { 2 } else { 1 }, "json") {
        return None;
    }
    (0..if is_negated { 3 } else { 2 }).for_each(|_| parser.advance_token());
    let kind = ["value", "scalar", "array", "object"].into_iter().find(|kind| took(parser, kind)).unwrap_or("value");
    let unique = unique_keys(parser).unwrap_or_default();
    let test = call(IS_JSON, vec![value.clone(), text(kind), text(if unique { "unique" } else { "" })]);
    Some(Ok(if is_negated { Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(test) } } else { test }))
}

fn is_word(parser: &Parser<'_>, at: usize, word: &str) -> bool {
    matches!(&parser.peek_nth_token_ref(at).token, Token::Word(Word { value, quote_style: None, .. })
        if value.eq_ignore_ascii_case(word))
}

fn took(parser: &mut Parser<'_>, word: &str) -> bool {
    let is_there = is_word(parser, 0, word);
    if is_there {
        parser.advance_token();
    }
    is_there
}

fn text(value: &str) -> Expr {
    Expr::value(Literal::SingleQuotedString(value.to_string()))
}

fn is_query(parser: &Parser<'_>) -> bool {
    ["select", "with", "values"].iter().any(|word| is_word(parser, 0, word))
}

/// `WITH UNIQUE [KEYS]` or `WITHOUT UNIQUE [KEYS]`.
fn unique_keys(parser: &mut Parser<'_>) -> Option<bool> {
    let is_unique = is_word(parser, 0, "with");
    if !(is_unique || is_word(parser, 0, "without")) || !is_word(parser, 1, "unique") {
        return None;
    }
    parser.advance_token();
    parser.advance_token();
    took(parser, "keys");
    Some(is_unique)
}

/// `FORMAT JSON [ENCODING name]`: the encoding.
fn format(parser: &mut Parser<'_>) -> Result<Option<String>, ParserError> {
    if !is_word(parser, 0, "format") || !is_word(parser, 1, "json") {
        return Ok(None);
    }
    parser.advance_token();
    parser.advance_token();
    if !took(parser, "encoding") {
        return Ok(Some(String::new()));
    }
    parser.parse_identifier().map(|name| Some(name.value.to_ascii_lowercase()))
}

/// A value, and whether it is JSON already.
fn value(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let value = parser.parse_expr()?;
    Ok(match format(parser)? {
        Some(encoding) => call(AS_JSON, vec![value, text(&encoding)]),
        None => value,
    })
}

/// What stands behind the values up to the end of the call.
#[derive(Default)]
struct Ending {
    options: Vec<String>,
}

impl Ending {
    fn read(parser: &mut Parser<'_>) -> Result<Ending, ParserError> {
        let mut ending = Ending::default();
        for word in ["null", "absent"] {
            if is_word(parser, 0, word) && is_word(parser, 1, "on") && is_word(parser, 2, "null") {
                (0..3).for_each(|_| parser.advance_token());
                ending.options.push(format!("nulls={word}"));
            }
        }
        if unique_keys(parser) == Some(true) {
            ending.options.push("unique=true".to_string());
        }
        if took(parser, "returning") {
            ending.options.push(format!("returning={}", parser.parse_data_type()?));
            if let Some(encoding) = format(parser)?.filter(|encoding| !encoding.is_empty()) {
                ending.options.push(format!("encoding={encoding}"));
            }
        }
        parser.expect_token(&Token::RParen)?;
        Ok(ending)
    }

    fn options(self) -> Expr {
        call(OPTIONS, self.options.iter().map(|option| text(option)).collect())
    }
}

/// Whether the values end here.
fn ends(parser: &Parser<'_>) -> bool {
    let on_null = |word: &str| is_word(parser, 0, word) && is_word(parser, 1, "on");
    let unique = is_word(parser, 1, "unique") && (is_word(parser, 0, "with") || is_word(parser, 0, "without"));
    let is_close = parser.peek_token_ref().token == Token::RParen;
    is_close || unique || is_word(parser, 0, "returning") || on_null("null") || on_null("absent")
}

/// Without values there is nothing but a type to say.
fn check_empty(parser: &mut Parser<'_>) -> Result<(), ParserError> {
    if parser.peek_token_ref().token == Token::RParen || is_word(parser, 0, "returning") {
        return Ok(());
    }
    // What PostgreSQL's grammar reads before it meets what cannot be.
    ["without", "null", "absent"].iter().any(|word| took(parser, word));
    parser.expected_ref("RETURNING", parser.peek_token_ref())
}

fn elements(parser: &mut Parser<'_>, name: &str) -> Result<Expr, ParserError> {
    let mut values = Vec::new();
    if !ends(parser) {
        values.push(value(parser)?);
        while parser.consume_token(&Token::Comma) {
            values.push(value(parser)?);
        }
    }
    let order = if name == "json_arrayagg" && parser.parse_keywords(&[Keyword::ORDER, Keyword::BY]) {
        parser.parse_comma_separated(Parser::parse_order_by_expr)?
    } else {
        Vec::new()
    };
    if values.is_empty() {
        check_empty(parser)?;
    }
    values.insert(0, Ending::read(parser)?.options());
    let mut made = call(name, values);
    if let Expr::Function(function) = &mut made
        && let FunctionArguments::List(list) = &mut function.args
        && !order.is_empty()
    {
        list.clauses.push(FunctionArgumentClause::OrderBy(order));
    }
    Ok(made)
}

fn members(parser: &mut Parser<'_>, name: &str) -> Result<Expr, ParserError> {
    let mut values = Vec::new();
    if !ends(parser) {
        loop {
            let key = value(parser)?;
            // In front of VALUE the grammar has no operators.
            let is_operation = matches!(key, Expr::BinaryOp { .. } | Expr::UnaryOp { .. } | Expr::Cast { .. });
            if is_operation && is_word(parser, 0, "value") {
                return parser.expected_ref(":", parser.peek_token_ref());
            }
            let is_member = parser.consume_token(&Token::Colon) || took(parser, "value");
            if !is_member && values.is_empty() {
                return plain(parser, name, key);
            }
            if !is_member {
                return parser.expected_ref("VALUE or :", parser.peek_token_ref());
            }
            values.push(key);
            values.push(value(parser)?);
            if !parser.consume_token(&Token::Comma) {
                break;
            }
        }
    }
    if values.is_empty() {
        check_empty(parser)?;
    }
    values.insert(0, Ending::read(parser)?.options());
    Ok(call(name, values))
}

/// The function `json_object` of texts.
fn plain(parser: &mut Parser<'_>, name: &str, first: Expr) -> Result<Expr, ParserError> {
    let mut values = vec![first];
    while parser.consume_token(&Token::Comma) {
        values.push(parser.parse_expr()?);
    }
    parser.expect_token(&Token::RParen)?;
    Ok(call(name, values))
}

/// `JSON_ARRAY(query)`: what JSON_ARRAYAGG makes of its rows.
fn array_of_query(parser: &mut Parser<'_>) -> Result<Expr, ParserError> {
    let mut rows = parser.parse_query()?;
    if let Some(encoding) = format(parser)? {
        let whole = std::mem::replace(&mut rows, query_of(Vec::new(), None));
        let value = call(AS_JSON, vec![Expr::Identifier(exact("$value")), text(&encoding)]);
        rows = query_of(vec![SelectItem::UnnamedExpr(value)], Some(whole));
    }
    let options = Ending::read(parser)?.options();
    let all = call("json_arrayagg", vec![options, Expr::Identifier(exact("$value"))]);
    let item = SelectItem::ExprWithAlias { expr: all, alias: exact("json_array") };
    Ok(Expr::Subquery(query_of(vec![item], Some(rows))))
}

/// A SELECT of the rows of a query, whose column is `$value`.
fn query_of(projection: Vec<SelectItem>, rows: Option<Box<Query>>) -> Box<Query> {
    let column = TableAliasColumnDef { name: exact("$value"), data_type: None };
    let alias = TableAlias { explicit: true, name: exact("$rows"), columns: vec![column], at: None };
    let relation =
        |subquery| TableFactor::Derived { lateral: false, subquery, alias: Some(alias.clone()), sample: None };
    let from = rows.map(|rows| TableWithJoins { relation: relation(rows), joins: Vec::new() });
    let select = Select {
        select_token: AttachedToken::empty(),
        optimizer_hints: Vec::new(),
        distinct: None,
        select_modifiers: None,
        top: None,
        top_before_distinct: false,
        projection,
        exclude: None,
        into: None,
        from: from.into_iter().collect(),
        lateral_views: Vec::new(),
        prewhere: None,
        selection: None,
        connect_by: Vec::new(),
        group_by: GroupByExpr::Expressions(Vec::new(), Vec::new()),
        cluster_by: Vec::new(),
        distribute_by: Vec::new(),
        sort_by: Vec::new(),
        having: None,
        named_window: Vec::new(),
        qualify: None,
        window_before_qualify: false,
        value_table_mode: None,
        flavor: SelectFlavor::Standard,
    };
    Box::new(Query {
        with: None,
        body: Box::new(SetExpr::Select(Box::new(select))),
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks: Vec::new(),
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators: Vec::new(),
    })
}

/// `FILTER (WHERE …)` and `OVER …` behind an aggregate.
fn over(parser: &mut Parser<'_>, mut made: Expr) -> Result<Expr, ParserError> {
    let Expr::Function(function) = &mut made else { return Ok(made) };
    if is_word(parser, 0, "filter") && parser.peek_nth_token_ref(1).token == Token::LParen {
        parser.advance_token();
        parser.advance_token();
        parser.expect_keyword_is(Keyword::WHERE)?;
        function.filter = Some(Box::new(parser.parse_expr()?));
        parser.expect_token(&Token::RParen)?;
    }
    if took(parser, "over") {
        function.over = Some(if parser.consume_token(&Token::LParen) {
            WindowType::WindowSpec(parser.parse_window_spec()?)
        } else {
            WindowType::NamedWindow(parser.parse_identifier()?)
        });
    }
    Ok(made)
}
