//! What a statement may hold before it is parsed: so many tokens, so deep nesting, so long chains of operators.
//!
//! Parsing and planning take memory for each token and stack for each level. Later walks over the tree may recurse because of
//! these bounds.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::parse::parse::character;
use crate::types::limits::{NUMBER_CHARACTERS_MAX, STATEMENT_BLANKS_MAX, STATEMENT_TOKENS_MAX};

/// Deepest nesting of brackets, ROW and CASE together: twice what PostgreSQL's arrays have. A syntax error inside makes the
/// parser read each level twice.
const BRACKETS_MAX: usize = 12;
/// Deepest nesting of queries in parentheses. The planner walks the plan of each scalar subquery twice.
const SUBQUERIES_MAX: usize = 14;
/// What a query in parentheses begins with.
const QUERY_WORDS: [Keyword; 3] = [Keyword::SELECT, Keyword::WITH, Keyword::VALUES];
/// Signs that one token is made of, where a text is counted by its signs: few operators have more.
const SIGNS_PER_TOKEN_MAX: usize = 2;
/// Longest chain of operators in one expression: each one nests the tree one deeper.
pub const OPERATORS_MAX: usize = 500;

/// Refuses numbers that are too long to be read: none of so many digits fits any type.
///
/// # Errors
/// 22003 above `NUMBER_CHARACTERS_MAX`, at the number.
pub fn check_numbers(tokens: &[TokenWithSpan], text: &str) -> Result<()> {
    let long = tokens
        .iter()
        .find(|token| matches!(&token.token, Token::Number(number, _) if number.len() > NUMBER_CHARACTERS_MAX));
    let Some(token) = long else { return Ok(()) };
    Err(Error::new(ErrorKind::NumericOutOfRange, "value overflows numeric format")
        .with_detail(format!("A number in a statement has at most {NUMBER_CHARACTERS_MAX} characters."))
        .with_position(character(text, token.span.start).unwrap_or(1)))
}

/// Refuses texts with more blanks and signs than one may have while they are tokens, before they are.
///
/// # Errors
/// 54000 above `STATEMENT_BLANKS_MAX`, and where so many signs are more than `STATEMENT_TOKENS_MAX` tokens.
pub fn check_counts(text: &str) -> Result<()> {
    if text.len() <= STATEMENT_BLANKS_MAX {
        return Ok(());
    }
    let TokenCounts { blanks, others } = count_tokens(text);
    if blanks > STATEMENT_BLANKS_MAX {
        let message = format!("a statement of {blanks} blanks is over the limit of {STATEMENT_BLANKS_MAX}");
        return Err(Error::new(ErrorKind::LimitExceeded, message)
            .with_hint("Send it without its indentation, or in several statements."));
    }
    let least = others / SIGNS_PER_TOKEN_MAX;
    if least > STATEMENT_TOKENS_MAX { Err(too_many_tokens(&format!("at least {least}"))) } else { Ok(()) }
}

/// About how many tokens a text has.
pub struct TokenCounts {
    pub blanks: usize,
    /// Words, numbers, texts and single signs.
    pub others: usize,
}

/// Counts the tokens of a text. Quotes and comments are passed over by the plainest of their rules: where the text is read in
/// another way afterwards, only the count is another.
pub fn count_tokens(text: &str) -> TokenCounts {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.') || !byte.is_ascii();
    let mut counts = TokenCounts { blanks: 0, others: 0 };
    let mut rest = text.as_bytes();
    // Whether an E stands alone before what comes next.
    let mut has_escapes = false;
    while let [first, tail @ ..] = rest {
        let passed = match (*first, tail.first()) {
            (b'\'', _) if has_escapes => escaped_end(tail),
            (b'\'' | b'"', _) => tail.iter().position(|byte| byte == first).map(|end| end + 1),
            (b'-', Some(b'-')) => tail.iter().position(|byte| *byte == b'\n'),
            (b'/', Some(b'*')) => tail.windows(2).position(|pair| pair == b"*/").map(|end| end + 2),
            (b'$', _) => dollar_quoted(tail),
            (byte, _) if is_word(&byte) => tail.iter().position(|byte| !is_word(byte)),
            _ => Some(0),
        };
        let kind = if first.is_ascii_whitespace() { &mut counts.blanks } else { &mut counts.others };
        *kind += 1;
        has_escapes = matches!(first, b'e' | b'E') && passed == Some(0);
        // What does not end is an error of its own.
        rest = passed.and_then(|passed| tail.get(passed..)).unwrap_or_default();
    }
    counts
}

/// The length of a text with backslashes behind its first quote; `None` where it does not end.
fn escaped_end(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|byte| matches!(byte, b'\'' | b'\\'))?;
        match text.get(at) {
            Some(b'\\') => from = at + 2,
            _ => return Some(at + 1),
        }
    }
}

/// The length of a quote behind its first `$`; 0 where it begins none, `None` where it does not end.
fn dollar_quoted(text: &[u8]) -> Option<usize> {
    let is_tag = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
    let length = text.iter().take_while(|byte| is_tag(byte)).count();
    if text.get(length) != Some(&b'$') || text.first().is_some_and(u8::is_ascii_digit) {
        return Some(0);
    }
    let (tag, body) = text.split_at_checked(length + 1)?;
    let mut from = 0;
    loop {
        let dollar = from + body.get(from..)?.iter().position(|byte| *byte == b'$')?;
        let behind = body.get(dollar + 1..)?;
        if behind.starts_with(tag) {
            return Some(length + 1 + dollar + 1 + tag.len());
        }
        from = dollar + 1;
    }
}

/// Refuses statements that would take more memory than one may have while they are planned.
///
/// # Errors
/// 54000 above `STATEMENT_TOKENS_MAX`.
pub fn check_length(tokens: &[TokenWithSpan]) -> Result<()> {
    let count = tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).count();
    if count <= STATEMENT_TOKENS_MAX {
        return Ok(());
    }
    Err(too_many_tokens(&count.to_string()))
}

fn too_many_tokens(count: &str) -> Error {
    let message = format!("a statement of {count} words and signs is over the limit of {STATEMENT_TOKENS_MAX}");
    Error::new(ErrorKind::LimitExceeded, message)
        .with_hint("Send rows with COPY or in several statements, and lists as an array: = ANY($1).")
}

/// A parenthesis or bracket that is open.
#[derive(Default)]
struct Level {
    is_bracket: bool,
    is_query: bool,
    /// Operators since the last comma.
    operators: usize,
}

/// Refuses trees that would be too deep to walk, and those that the parser or the planner walks twice at each level. The
/// parser bounds parentheses itself; chains such as `a OR b OR c` and `x UNION y UNION z` nest one level an operator
/// without its noticing.
///
/// # Errors
/// 54001 above [`OPERATORS_MAX`], `BRACKETS_MAX` and `SUBQUERIES_MAX`, at the sign that goes beyond.
pub fn check_nesting(tokens: &[TokenWithSpan], text: &str) -> Result<()> {
    let mut levels = vec![Level::default()];
    let (mut brackets, mut queries) = (0_usize, 0_usize);
    for (place, token) in tokens.iter().enumerate() {
        match &token.token {
            Token::LParen | Token::LBracket => {
                let (before, after) =
                    (tokens.get(..place).unwrap_or_default(), tokens.get(place + 1..).unwrap_or_default());
                let is_parenthesis = token.token == Token::LParen;
                let level = Level {
                    is_bracket: !is_parenthesis || nearest_keyword(before.iter().rev()) == Keyword::ROW,
                    is_query: is_parenthesis && QUERY_WORDS.contains(&nearest_keyword(after.iter())),
                    operators: 0,
                };
                brackets += usize::from(level.is_bracket);
                queries += usize::from(level.is_query);
                levels.push(level);
            }
            Token::RParen | Token::RBracket if levels.len() > 1 => {
                if let Some(level) = levels.pop() {
                    brackets = brackets.saturating_sub(usize::from(level.is_bracket));
                    queries = queries.saturating_sub(usize::from(level.is_query));
                }
            }
            Token::Comma | Token::SemiColon => {
                if let Some(level) = levels.last_mut() {
                    level.operators = 0;
                }
            }
            Token::Word(word) if word.keyword == Keyword::CASE => brackets += 1,
            Token::Word(word) if word.keyword == Keyword::END => brackets = brackets.saturating_sub(1),
            other if is_chained(other) => {
                if let Some(level) = levels.last_mut() {
                    level.operators += 1;
                }
            }
            _ => {}
        }
        let error = if levels.last().is_some_and(|level| level.operators > OPERATORS_MAX) {
            Error::new(ErrorKind::TooComplex, format!("more than {OPERATORS_MAX} operators in one expression"))
                .with_hint("Use IN (...) or = ANY($1) with an array.")
        } else if brackets > BRACKETS_MAX {
            Error::new(
                ErrorKind::TooComplex,
                format!("brackets, ROW and CASE are nested more than {BRACKETS_MAX} levels deep"),
            )
        } else if queries > SUBQUERIES_MAX {
            Error::new(ErrorKind::TooComplex, format!("subqueries are nested more than {SUBQUERIES_MAX} levels deep"))
                .with_hint("Name inner queries with WITH.")
        } else {
            continue;
        };
        return Err(error.with_position(character(text, token.span.start).unwrap_or(1)));
    }
    Ok(())
}

/// The keyword that is the first token, blanks left out.
fn nearest_keyword<'a>(tokens: impl Iterator<Item = &'a TokenWithSpan>) -> Keyword {
    match tokens.map(|token| &token.token).find(|token| !matches!(token, Token::Whitespace(_))) {
        Some(Token::Word(word)) => word.keyword,
        _ => Keyword::NoKeyword,
    }
}

fn is_chained(token: &Token) -> bool {
    match token {
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::IS
                | Keyword::IN
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::UNION
                | Keyword::EXCEPT
                | Keyword::INTERSECT
                | Keyword::JOIN
                | Keyword::COLLATE
                | Keyword::AT
        ),
        Token::Whitespace(_)
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::DollarQuotedString(_)
        | Token::EscapedStringLiteral(_)
        | Token::Placeholder(_)
        | Token::Period
        | Token::EOF
        | Token::RParen
        | Token::RBracket => false,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_counted_outside_of_quotes_and_comments() {
        let many = " ".repeat(STATEMENT_BLANKS_MAX + 1);
        for text in [
            format!("select '{many}'"),
            format!("select 1 as \"{many}\""),
            format!("select 1 /* {many} */"),
            format!("select 1 -- {many}\n"),
            format!("select $${many}$$, $a$ $$ {many} $a$"),
            format!("select $1, 'it''s{many}'"),
            format!("select E'it\\'s{many}'"),
        ] {
            check_counts(&text).unwrap();
        }
        for text in [
            format!("select 1{many}"),
            format!("select ''{many}"),
            format!("/* */ select $$ $${many}"),
            format!("select $1{many}"),
            format!("-- '\n select {many}"),
        ] {
            assert_eq!(check_counts(&text).unwrap_err().sqlstate(), "54000");
        }
    }

    #[test]
    fn tokens_are_counted_as_they_stand() {
        let count = |text: &str| {
            let TokenCounts { blanks, others } = count_tokens(text);
            (blanks, others)
        };
        assert_eq!(count("select a, 'b c' from \"d e\""), (4, 6));
        assert_eq!(count("x = 1.5 -- and so on"), (3, 4));
        assert_eq!(count("$$a b$$ /* c d */ E'\\'' é"), (3, 5));
        let refused = check_counts(&"1,".repeat(2 * STATEMENT_TOKENS_MAX)).unwrap_err();
        assert_eq!(refused.sqlstate(), "54000");
        let least = format!("a statement of at least {} words and signs", 2 * STATEMENT_TOKENS_MAX);
        assert!(refused.message().starts_with(&least), "{}", refused.message());
    }
}
