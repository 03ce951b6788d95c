//! The SQL dialect of this server: sqlparser's PostgreSQL without what makes its parser slow.
//!
//! sqlparser reads each argument of a function as the name of a named argument first, where the dialect allows any
//! expression as such a name, and then again as what it is: the time doubles with each level of nested calls. They are switched
//! off; the constructors of SQL/JSON, which have such arguments (`JSON_OBJECT('name' : value)`), are read by `json_constructors`.
//! Everything else is passed on; what PostgreSQL's dialect does not override has the same default here.

use std::any::TypeId;

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Ident, ObjectName};
use datafusion::sql::sqlparser::dialect::{Dialect, PostgreSqlDialect, Precedence};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use crate::sql::parse::json_constructors::{constructor, test};
use crate::sql::parse::operators::call;

/// What stands for VARIADIC in the tree: a call around the array.
pub const VARIADIC: &str = "$variadic";

/// PostgreSQL's dialect with bounded parsing.
#[derive(Debug)]
pub struct PostgresDialect;

/// Words that name a column of a SELECT behind AS alone: PostgreSQL's `pg_get_keywords()` without `barelabel`.
const LABELS_BEHIND_AS: [Keyword; 38] = [
    Keyword::ARRAY,
    Keyword::AS,
    Keyword::CHAR,
    Keyword::CHARACTER,
    Keyword::CREATE,
    Keyword::DAY,
    Keyword::EXCEPT,
    Keyword::FETCH,
    Keyword::FILTER,
    Keyword::FOR,
    Keyword::FROM,
    Keyword::GRANT,
    Keyword::GROUP,
    Keyword::HAVING,
    Keyword::HOUR,
    Keyword::INTERSECT,
    Keyword::INTO,
    Keyword::LIMIT,
    Keyword::MINUTE,
    Keyword::MONTH,
    Keyword::NOTNULL,
    Keyword::OFFSET,
    Keyword::ON,
    Keyword::ORDER,
    Keyword::OVER,
    Keyword::OVERLAPS,
    Keyword::PRECISION,
    Keyword::RETURNING,
    Keyword::SECOND,
    Keyword::TO,
    Keyword::UNION,
    Keyword::VARYING,
    Keyword::WHERE,
    Keyword::WINDOW,
    Keyword::WITH,
    Keyword::WITHIN,
    Keyword::WITHOUT,
    Keyword::YEAR,
];

const INNER: PostgreSqlDialect = PostgreSqlDialect {};

macro_rules! passed_on {
    ($($method:ident),* $(,)?) => {
        $(fn $method(&self) -> bool {
            INNER.$method()
        })*
    };
}

impl Dialect for PostgresDialect {
    /// `VARIADIC array`, the last argument of a call, as a call of its own; PostgreSQL reserves the word. Whoever analyses
    /// the call around it takes it away, and elsewhere it is a syntax error.
    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        if let Some(constructor) = constructor(parser) {
            return Some(constructor);
        }
        let token = parser.peek_token_ref();
        let is_variadic = matches!(&token.token, Token::Word(word)
            if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("variadic"));
        if !is_variadic {
            return None;
        }
        let span = token.span;
        parser.advance_token();
        Some(parser.parse_expr().map(|array| {
            let mut spread = call(VARIADIC, vec![array]);
            if let Expr::Function(function) = &mut spread {
                function.name = ObjectName::from(vec![Ident::with_span(span, VARIADIC)]);
            }
            spread
        }))
    }

    /// `IS JSON`, and operators that compare nothing before ANY and ALL, which the parser does not read, and COLLATE behind what is no
    /// single word.
    fn parse_infix(&self, parser: &mut Parser<'_>, expr: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
        if matches!(&parser.peek_token_ref().token, Token::Word(word) if word.keyword == Keyword::COLLATE) {
            parser.advance_token();
            let collation = parser.parse_object_name(false);
            return Some(collation.map(|collation| Expr::Collate { expr: Box::new(expr.clone()), collation }));
        }
        test(parser, expr).or_else(|| quantified(parser, expr, precedence))
    }

    /// The parser asks for PostgreSQL by type where it has no method to ask.
    fn dialect(&self) -> TypeId {
        INNER.dialect()
    }

    fn supports_named_fn_args_with_expr_name(&self) -> bool {
        false
    }

    fn identifier_quote_style(&self, identifier: &str) -> Option<char> {
        INNER.identifier_quote_style(identifier)
    }

    fn is_delimited_identifier_start(&self, character: char) -> bool {
        INNER.is_delimited_identifier_start(character)
    }

    fn is_identifier_start(&self, character: char) -> bool {
        INNER.is_identifier_start(character)
    }

    fn is_identifier_part(&self, character: char) -> bool {
        INNER.is_identifier_part(character)
    }

    fn is_reserved_for_identifier(&self, keyword: Keyword) -> bool {
        INNER.is_reserved_for_identifier(keyword)
    }

    /// `INSERT INTO t SELECT 1 ON CONFLICT …`: the `1` is not called ON.
    fn is_select_item_alias(&self, explicit: bool, word: &Keyword, _: &mut Parser<'_>) -> bool {
        explicit || !LABELS_BEHIND_AS.contains(word)
    }

    fn is_custom_operator_part(&self, character: char) -> bool {
        INNER.is_custom_operator_part(character)
    }

    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        INNER.get_next_precedence(parser)
    }

    fn prec_value(&self, precedence: Precedence) -> u8 {
        INNER.prec_value(precedence)
    }

    passed_on!(
        supports_unicode_string_literal,
        supports_filter_during_aggregation,
        supports_group_by_expr,
        allow_extract_custom,
        allow_extract_single_quotes,
        supports_create_index_with_clause,
        supports_explain_with_utility_options,
        supports_listen_notify,
        supports_factorial_operator,
        supports_bitwise_shift_operators,
        supports_comment_on,
        supports_load_extension,
        supports_named_fn_args_with_colon_operator,
        supports_empty_projections,
        supports_nested_comments,
        supports_string_escape_constant,
        supports_numeric_literal_underscores,
        supports_array_typedef_with_brackets,
        supports_geometric_types,
        supports_set_names,
        supports_alter_column_type_using,
        supports_notnull_operator,
        supports_interval_options,
        supports_insert_table_alias,
        supports_create_table_like_parenthesized,
        supports_select_wildcard_with_alias,
        supports_comma_separated_trim,
        supports_xml_expressions,
        supports_comment_optimizer_hint,
    );
}

/// `x @@ ANY (…)` and its like.
fn quantified(parser: &mut Parser<'_>, left: &Expr, precedence: u8) -> Option<Result<Expr, ParserError>> {
    let compare_op = operator_before_any(&parser.peek_token_ref().token)?;
    let Token::Word(quantifier) = parser.peek_nth_token(1).token else { return None };
    let is_all = quantifier.keyword == Keyword::ALL;
    if !(is_all || matches!(quantifier.keyword, Keyword::ANY | Keyword::SOME))
        || parser.peek_nth_token(2).token != Token::LParen
    {
        return None;
    }
    parser.advance_token();
    parser.advance_token();
    // What stands in the parentheses, a query or an array.
    Some(parser.parse_subexpr(precedence).map(|right| {
        let (left, right) = (Box::new(left.clone()), Box::new(right));
        match is_all {
            true => Expr::AllOp { left, compare_op, right },
            false => Expr::AnyOp { left, compare_op, right, is_some: quantifier.keyword == Keyword::SOME },
        }
    }))
}

/// The operators besides comparisons that yield a condition.
fn operator_before_any(token: &Token) -> Option<BinaryOperator> {
    Some(match token {
        Token::AtAt => BinaryOperator::AtAt,
        Token::AtArrow => BinaryOperator::AtArrow,
        Token::ArrowAt => BinaryOperator::ArrowAt,
        Token::Overlap => BinaryOperator::PGOverlap,
        Token::Tilde => BinaryOperator::PGRegexMatch,
        Token::TildeAsterisk => BinaryOperator::PGRegexIMatch,
        Token::ExclamationMarkTilde => BinaryOperator::PGRegexNotMatch,
        Token::ExclamationMarkTildeAsterisk => BinaryOperator::PGRegexNotIMatch,
        Token::Question => BinaryOperator::Question,
        _ => return None,
    })
}
