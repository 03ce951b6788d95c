//! From text to a statement's syntax tree, with PostgreSQL's lexical rules where sqlparser's differ.
//!
//! pgvector's operators become one token each with the precedence of "any other operator": sqlparser knows no `<+>`, and
//! gives `<=>` the precedence of `=`. Every error carries the 1-based character position that psql draws its caret at.
//! Length, nesting and chains of operators are bounded here, so that later walks over the tree may recurse.

use std::ops::Range;

use datafusion::sql::sqlparser::ast::Statement;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer, Whitespace};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::parse::dialect::PostgresDialect;
use crate::sql::parse::frame_words::with_plain_frames;
use crate::sql::parse::grouping_words::with_plain_groups;
use crate::sql::parse::join_words::with_plain_joins;
use crate::sql::parse::merge_text::with_plain_merges;
use crate::sql::parse::number_tokens::{with_plain_numbers, with_plain_operators};
use crate::sql::parse::recursion_words::with_plain_recursion;
use crate::sql::parse::regroup::{enclose_symmetric, enclose_values, fuse_distinct, regroup};
use crate::sql::parse::rewrite_tokens::normalized;
use crate::sql::parse::spellings::respelled;
use crate::sql::parse::statement_limits::{check_counts, check_length, check_nesting, check_numbers};
use crate::sql::parse::subquery_names::name_subqueries;
use crate::sql::parse::time_tokens::{with_fitted_intervals, with_local_zones};
use crate::types::limits::{PARAMETERS_MAX, STATEMENT_BYTES_MAX};

/// An operator with one of these may end with a sign.
const SIGN_LETTERS: [char; 10] = ['~', '!', '@', '#', '%', '^', '&', '|', '`', '?'];

/// Deepest nesting of parentheses and subqueries in a statement.
const NESTING_MAX: usize = 128;

/// One SQL statement.
#[derive(Clone, Debug)]
pub struct ParsedStatement {
    /// `None` for an empty statement: blanks, comments or a lone semicolon.
    pub statement: Option<Statement>,
    /// The highest `n` of `$n`.
    pub parameters: usize,
}

/// Parses one statement, with or without its semicolon.
///
/// # Errors
/// 42601 with a position for text that is not SQL or holds several statements, 54000 and 54001 over the limits, 0A000 for DO.
pub fn parse(text: &str) -> Result<ParsedStatement> {
    let tokens = tokenize(text)?;
    check_length(&tokens)?;
    check_nesting(&tokens, text)?;
    check_reserved(&tokens, text)?;
    check_offered(&tokens, text)?;
    let parameters = count_parameters(&tokens, text)?;
    let tokens = with_plain_recursion(with_plain_frames(with_plain_joins(respelled(tokens, text)?, text)?));
    let tokens = normalized(with_plain_groups(with_plain_merges(tokens, text)?));
    let mut parser = Parser::new(&PostgresDialect).with_recursion_limit(NESTING_MAX).with_tokens_with_locations(tokens);
    while parser.consume_token(&Token::SemiColon) {}
    let statement = match parser.peek_token().token {
        Token::EOF => None,
        _ => {
            let mut statement = parser.parse_statement().map_err(|error| syntax_error(&error, text))?;
            regroup(&mut statement);
            name_subqueries(&mut statement);
            Some(statement)
        }
    };
    while parser.consume_token(&Token::SemiColon) {}
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        let position = character(text, rest.span.start);
        return Err(Error::syntax(format!("syntax error at or near \"{}\"", rest.token), position));
    }
    Ok(ParsedStatement { statement, parameters })
}

/// Words that cannot name a table in PostgreSQL unless quoted; sqlparser takes them for names behind FROM.
const NO_TABLE: &[Keyword] = &[
    Keyword::WHERE,
    Keyword::GROUP,
    Keyword::ORDER,
    Keyword::HAVING,
    Keyword::LIMIT,
    Keyword::OFFSET,
    Keyword::UNION,
    Keyword::INTERSECT,
    Keyword::EXCEPT,
    Keyword::FROM,
    Keyword::SELECT,
    Keyword::ON,
    Keyword::AND,
    Keyword::OR,
];

fn check_reserved(tokens: &[TokenWithSpan], text: &str) -> Result<()> {
    let mut words = tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).peekable();
    while let Some(token) = words.next() {
        let is_from = matches!(&token.token, Token::Word(word) if word.keyword == Keyword::FROM);
        if let (true, Some(next)) = (is_from, words.peek())
            && let Token::Word(word) = &next.token
            && word.quote_style.is_none()
            && NO_TABLE.contains(&word.keyword)
        {
            let position = character(text, next.span.start);
            return Err(Error::syntax(format!("syntax error at or near \"{}\"", word.value), position));
        }
    }
    Ok(())
}

/// What the parser does not know, and PostgreSQL has.
fn check_offered(tokens: &[TokenWithSpan], text: &str) -> Result<()> {
    let first = tokens.iter().find(|token| !matches!(token.token, Token::Whitespace(_) | Token::SemiColon));
    match first.map(|first| (&first.token, first.span.start)) {
        Some((Token::Word(word), start)) if word.quote_style.is_none() && word.keyword == Keyword::DO => {
            let hint = "Send it by itself; inside of code, BEGIN … END is a block of its own.";
            let error = Error::unsupported("DO is not offered inside of other statements", hint);
            Err(character(text, start).map_or(error.clone(), |position| error.with_position(position)))
        }
        _ => Ok(()),
    }
}

/// The byte ranges of the statements of a text, without their semicolons and surrounding blanks; empty ones are left out.
///
/// # Errors
/// 42601 for an unterminated string or comment.
pub fn split(text: &str) -> Result<Vec<Range<usize>>> {
    let tokens = tokenize(text)?;
    let mut places = LocationCursor::new(text);
    let mut ranges = Vec::new();
    let mut current: Option<Range<usize>> = None;
    for token in &tokens {
        match token.token {
            Token::SemiColon => ranges.extend(current.take()),
            Token::Whitespace(_) | Token::EOF => {}
            _ => {
                let start = places.byte(token.span.start);
                let end = places.byte(token.span.end);
                match &mut current {
                    Some(range) => range.end = end,
                    None => current = Some(start..end),
                }
            }
        }
    }
    ranges.extend(current);
    Ok(ranges)
}

/// The 1-based character position of a place in `text`; `None` where the tree does not know.
pub fn character(text: &str, location: Location) -> Option<usize> {
    if location.line == 0 {
        return None;
    }
    let line = usize::try_from(location.line - 1).ok()?;
    let before: usize = text.split('\n').take(line).map(|each| each.chars().count() + 1).sum();
    Some(before + usize::try_from(location.column).ok()?.max(1))
}

/// 54000 for a statement of so many bytes.
pub fn statement_too_long(bytes: usize) -> Error {
    Error::new(
        ErrorKind::LimitExceeded,
        format!("statement of {bytes} bytes is over the limit of {STATEMENT_BYTES_MAX}"),
    )
    .with_hint("Send rows with COPY or in several statements.")
}

/// The tokens of a text, with PostgreSQL's operators.
///
/// # Errors
/// 42601 for a literal or comment that does not end, 54000 over the limits.
pub fn tokenize(text: &str) -> Result<Vec<TokenWithSpan>> {
    if text.len() > STATEMENT_BYTES_MAX {
        return Err(statement_too_long(text.len()));
    }
    check_counts(text)?;
    let tokens = Tokenizer::new(&PostgresDialect, text).tokenize_with_location().map_err(|error| {
        let message = match error.message.as_str() {
            "Unterminated string literal" => "unterminated quoted string".to_string(),
            "Unexpected EOF while in a multi-line comment" => "unterminated /* comment".to_string(),
            other => format!("syntax error: {other}"),
        };
        Error::syntax(message, character(text, error.location))
    })?;
    let tokens = with_plain_operators(with_plain_numbers(tokens, text)?);
    let mut tokens = with_local_zones(with_fitted_intervals(tokens));
    check_numbers(&tokens, text)?;
    // One blank parts two tokens as well as a thousand.
    tokens.dedup_by(|next, before| is_blank(&next.token) && is_blank(&before.token));
    Ok(enclose_values(enclose_symmetric(fuse_distinct(merge_operators(part_signs(tokens))))?))
}

fn is_blank(token: &Token) -> bool {
    matches!(token, Token::Whitespace(Whitespace::Space | Whitespace::Newline | Whitespace::Tab))
}

/// Takes the signs off operators that cannot end with one: `x>-1` is `x > -1`. As in PostgreSQL, those that hold a character of
/// no arithmetic operator can.
fn part_signs(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut parted: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let Token::CustomBinaryOperator(operator) = &token.token else {
            parted.push(token);
            continue;
        };
        let kept = operator.trim_end_matches(['+', '-']);
        let own = kept.len().max(1);
        if own == operator.len() || operator.contains(SIGN_LETTERS) || !operator.is_ascii() {
            parted.push(token);
            continue;
        }
        let mut column = token.span.start.column;
        let mut push = |token_of: Token, length: usize| {
            let start = Location { line: token.span.start.line, column };
            column += length as u64;
            let end = Location { line: token.span.start.line, column };
            parted.push(TokenWithSpan { token: token_of, span: Span { start, end } });
        };
        let (first, signs) = operator.split_at(own);
        push(plain_operator(first), own);
        for sign in signs.chars() {
            push(if sign == '-' { Token::Minus } else { Token::Plus }, 1);
        }
    }
    parted
}

/// The token of an operator.
fn plain_operator(operator: &str) -> Token {
    match operator {
        "=" => Token::Eq,
        "<" => Token::Lt,
        ">" => Token::Gt,
        "<=" => Token::LtEq,
        ">=" => Token::GtEq,
        "<>" => Token::Neq,
        "+" => Token::Plus,
        "-" => Token::Minus,
        "*" => Token::Mul,
        "/" => Token::Div,
        "->" => Token::Arrow,
        "->>" => Token::LongArrow,
        other => Token::CustomBinaryOperator(other.to_string()),
    }
}

/// Makes each of pgvector's operators one token with the precedence of "any other operator".
fn merge_operators(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut merged: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    for mut token in tokens {
        match token.token {
            Token::Spaceship => token.token = Token::CustomBinaryOperator("<=>".to_string()),
            Token::TwoWayArrow => token.token = Token::CustomBinaryOperator("<->".to_string()),
            Token::Gt if ends_with_less_plus(&merged, token.span.start) => {
                merged.pop();
                if let Some(less) = merged.pop() {
                    token.span = Span { start: less.span.start, end: token.span.end };
                }
                token.token = Token::CustomBinaryOperator("<+>".to_string());
            }
            _ => {}
        }
        merged.push(token);
    }
    merged
}

/// Whether `<` and `+` stand right before `start`, without blanks between them.
fn ends_with_less_plus(tokens: &[TokenWithSpan], start: Location) -> bool {
    match tokens {
        [.., less, plus] => {
            less.token == Token::Lt
                && plus.token == Token::Plus
                && less.span.end == plus.span.start
                && plus.span.end == start
        }
        _ => false,
    }
}

fn count_parameters(tokens: &[TokenWithSpan], text: &str) -> Result<usize> {
    let mut highest = 0;
    for token in tokens {
        let Token::Placeholder(name) = &token.token else { continue };
        match name.strip_prefix('$').and_then(|digits| digits.parse::<usize>().ok()) {
            Some(n) if (1..=PARAMETERS_MAX).contains(&n) => highest = highest.max(n),
            _ => {
                return Err(Error::new(ErrorKind::UndefinedParameter, format!("there is no parameter {name}"))
                    .with_detail(format!("Parameters are $1 to ${PARAMETERS_MAX}."))
                    .with_position(character(text, token.span.start).unwrap_or(1)));
            }
        }
    }
    Ok(highest)
}

/// sqlparser's error as PostgreSQL words it: what stands there, and what was expected as the detail.
fn syntax_error(error: &ParserError, text: &str) -> Error {
    let message = match error {
        ParserError::RecursionLimitExceeded => {
            return Error::new(ErrorKind::TooComplex, format!("statement is nested more than {NESTING_MAX} deep"));
        }
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => message,
    };
    let (message, position) = match message.rsplit_once(" at Line: ") {
        Some((message, place)) => (message, parse_place(place).and_then(|location| character(text, location))),
        None => (message.as_str(), None),
    };
    let expected_found = message.strip_prefix("Expected: ").and_then(|rest| rest.rsplit_once(", found: "));
    match expected_found {
        Some((expected, "EOF")) => {
            let end = text.trim_end().chars().count() + 1;
            Error::syntax("syntax error at end of input", Some(end)).with_detail(format!("Expected {expected}."))
        }
        Some((expected, found)) => Error::syntax(format!("syntax error at or near \"{found}\""), position)
            .with_detail(format!("Expected {expected}.")),
        None => Error::syntax(format!("syntax error: {message}"), position),
    }
}

/// Reads `1, Column: 8`.
fn parse_place(place: &str) -> Option<Location> {
    let (line, column) = place.split_once(", Column: ")?;
    Some(Location { line: line.trim().parse().ok()?, column: column.trim().parse().ok()? })
}

/// Finds places of a text by line and column, each one behind the one before: the text is walked once, however many places
/// are asked for.
pub struct LocationCursor<'a> {
    characters: std::str::CharIndices<'a>,
    line: u64,
    column: u64,
}

impl<'a> LocationCursor<'a> {
    pub fn new(text: &'a str) -> Self {
        LocationCursor { characters: text.char_indices(), line: 1, column: 1 }
    }

    /// The byte at a 1-based line and character column.
    pub fn byte(&mut self, location: Location) -> usize {
        while (self.line, self.column) < (location.line, location.column) {
            match self.characters.next() {
                Some((_, '\n')) => {
                    self.line += 1;
                    self.column = 1;
                }
                Some(_) => self.column += 1,
                None => break,
            }
        }
        self.characters.offset()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        parse(text).unwrap().statement.unwrap().to_string()
    }

    #[test]
    fn distance_operators_bind_tighter_than_comparisons() {
        for operator in ["<->", "<=>", "<#>", "<+>"] {
            let sql = format!("SELECT 1 FROM t WHERE a {operator} '[1]' < 0.5 AND b = 1");
            let tree = format!("{:?}", parse(&sql).unwrap().statement.unwrap());
            assert!(tree.contains(&format!("Custom(\"{operator}\")")), "{tree}");
            assert_eq!(canonical(&sql), sql);
            let Some(Statement::Query(query)) = parse(&sql).unwrap().statement else { panic!("a query") };
            let select = query.body.as_select().unwrap().selection.clone().unwrap();
            assert!(format!("{select:?}").starts_with("BinaryOp { left: BinaryOp { left: BinaryOp"), "{select:?}");
        }
        assert_eq!(canonical("select 1 < +2"), "SELECT 1 < +2");
    }

    #[test]
    fn is_distinct_from_ends_before_and() {
        let sql = "SELECT 1 FROM t WHERE a IS DISTINCT FROM b + 1 AND c IS NOT DISTINCT FROM 'x' OR d";
        assert_eq!(canonical(sql), sql);
        let tree = format!("{:?}", parse(sql).unwrap().statement.unwrap());
        let (before, after) = (tree.find("op: Or").unwrap(), tree.find("IsDistinctFrom").unwrap());
        assert!(after < before && tree.contains("IsNotDistinctFrom"), "{tree}");
    }

    #[test]
    fn statements_are_split_outside_of_strings_and_comments() {
        let text = "select 'a;b'; -- c;d\n select $$x;y$$ ;; /* e;f */ select \"g;h\" from é;";
        let parts: Vec<&str> = split(text).unwrap().into_iter().map(|range| &text[range]).collect();
        assert_eq!(parts, ["select 'a;b'", "select $$x;y$$", "select \"g;h\" from é"]);
    }

    #[test]
    fn errors_point_at_the_character() {
        let error = parse("select é from\n t where )").unwrap_err();
        assert_eq!((error.sqlstate(), error.position()), ("42601", Some(24)), "{error:?}");
        assert_eq!(parse("select (1").unwrap_err().message(), "syntax error at end of input");
        assert_eq!(parse("select 'a").unwrap_err().message(), "unterminated quoted string");
        assert_eq!(parse("select 1 select 2").unwrap_err().sqlstate(), "42601");
        assert!(parse(" ; -- nothing\n").unwrap().statement.is_none());
    }

    #[test]
    fn deep_statements_are_refused() {
        let chain = format!("select {}1", "1 or ".repeat(crate::sql::parse::statement_limits::OPERATORS_MAX + 1));
        assert_eq!(parse(&chain).unwrap_err().sqlstate(), "54001");
        let nested = format!("select {}1{}", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(parse(&nested).unwrap_err().sqlstate(), "54001");
        assert_eq!(parse("select $1 + $12").unwrap().parameters, 12);
        assert_eq!(parse("select $0").unwrap_err().sqlstate(), "42P02");
    }
}
