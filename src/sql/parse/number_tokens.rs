//! Numbers as PostgreSQL writes them and sqlparser does not read: `0xff`, `0o17`, `0b101`, with underscores between digits; and
//! letters behind a number, which are an error and no name of a column (PostgreSQL's documentation, section 4.1.2.6).
//!
//! `OPERATOR(pg_catalog.=) ANY (…)` is read here, too: the operator stands by itself there.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::error::{Error, ErrorKind, Result};
use crate::sql::parse::parse::{LocationCursor, character};

/// Digits of a number in another base than ten: reading them takes time by the square of their number.
const DIGITS_MAX: usize = 1_024;

/// The tokens with numbers of all bases in the form that the parser reads.
///
/// # Errors
/// 42601 for letters behind a number, for a prefix without digits and an underscore out of place; 54000 above [`DIGITS_MAX`].
pub fn with_plain_numbers(tokens: Vec<TokenWithSpan>, text: &str) -> Result<Vec<TokenWithSpan>> {
    let mut plain: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut places = LocationCursor::new(text);
    let located = |error: Error, token: &TokenWithSpan| match character(text, token.span.start) {
        Some(position) => error.with_position(position),
        None => error,
    };
    for mut token in tokens {
        let is_joined = plain.last().is_some_and(|before| {
            matches!(&before.token, Token::Number(_, false)) && before.span.end == token.span.start
        });
        match &token.token {
            Token::Word(word) if word.quote_style.is_none() && is_joined => {
                let Some(before) = plain.last_mut() else { continue };
                let Token::Number(digits, _) = &before.token else { continue };
                let whole = format!("{digits}{}", word.value);
                let number = of_any_base(&whole).map_err(|error| located(error, before))?;
                before.token = Token::Number(number, false);
                before.span.end = token.span.end;
                continue;
            }
            // `X'ff'` is a string of bits, which the tokenizer gives the same token.
            Token::HexStringLiteral(digits)
                if text.as_bytes().get(places.byte(token.span.start)).is_some_and(|first| *first == b'0') =>
            {
                let number = of_any_base(&format!("0x{digits}")).map_err(|error| located(error, &token))?;
                token.token = Token::Number(number, false);
            }
            _ => {}
        }
        plain.push(token);
    }
    Ok(plain)
}

/// A number with a prefix in decimal digits.
fn of_any_base(whole: &str) -> Result<String> {
    let bytes = whole.as_bytes();
    let (base, name) = match bytes {
        [b'0', b'x' | b'X', ..] => (16, "hexadecimal"),
        [b'0', b'o' | b'O', ..] => (8, "octal"),
        [b'0', b'b' | b'B', ..] => (2, "binary"),
        _ => return Err(junk(whole)),
    };
    let digits = whole.get(2..).unwrap_or_default();
    let is_digit = |c: char| c.is_digit(base);
    if digits.is_empty() || digits == "_" {
        return Err(Error::syntax(format!("invalid {name} integer at or near \"{whole}\""), None));
    }
    let parts = digits.strip_prefix('_').unwrap_or(digits).split('_');
    if !parts.clone().all(|part| !part.is_empty() && part.chars().all(is_digit)) {
        return Err(junk(whole));
    }
    if digits.len() > DIGITS_MAX {
        return Err(Error::new(
            ErrorKind::LimitExceeded,
            format!("a number of {} digits is over the limit of {DIGITS_MAX}", digits.len()),
        ));
    }
    Ok(decimal(parts.flat_map(str::chars).filter_map(|c| c.to_digit(base)), base))
}

fn junk(whole: &str) -> Error {
    Error::syntax(format!("trailing junk after numeric literal at or near \"{whole}\""), None)
}

/// The decimal digits of a number that is given by its digits in a base.
fn decimal(digits: impl Iterator<Item = u32>, base: u32) -> String {
    // Nine decimal digits each, the least first.
    const LIMB: u64 = 1_000_000_000;
    let mut limbs: Vec<u64> = vec![0];
    for digit in digits {
        let mut carry = u64::from(digit);
        for limb in &mut limbs {
            let value = *limb * u64::from(base) + carry;
            *limb = value % LIMB;
            carry = value / LIMB;
        }
        if carry > 0 {
            limbs.push(carry);
        }
    }
    let mut limbs = limbs.iter().rev();
    let first = limbs.next().map(ToString::to_string).unwrap_or_default();
    limbs.fold(first, |text, limb| text + &format!("{limb:09}"))
}

/// `OPERATOR(schema.=)` before ANY, ALL and SOME as the operator alone; elsewhere it has a place among the operators of its own.
pub fn with_plain_operators(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    if !tokens.iter().any(|token| is_word(&token.token, &["OPERATOR"])) {
        return tokens;
    }
    let mut plain = Vec::with_capacity(tokens.len());
    let mut rest = tokens.as_slice();
    while let Some((token, behind)) = rest.split_first() {
        let named = if is_word(&token.token, &["OPERATOR"]) { named_operator(rest) } else { None };
        let (token, behind) = named.unwrap_or((token, behind));
        plain.push(token.clone());
        rest = behind;
    }
    plain
}

/// The operator that tokens name, and those behind its name; `None` where they name none that something quantified follows.
fn named_operator(tokens: &[TokenWithSpan]) -> Option<(&TokenWithSpan, &[TokenWithSpan])> {
    let is_solid = |(_, token): &(usize, &TokenWithSpan)| !matches!(token.token, Token::Whitespace(_));
    let solid: Vec<(usize, &TokenWithSpan)> = tokens.iter().enumerate().filter(is_solid).take(7).collect();
    let token = |place: usize| solid.get(place).map(|(_, token)| &token.token);
    let (operator, close) = if token(3) == Some(&Token::Period) { (4, 5) } else { (2, 3) };
    let is_known = close == 3 || token(2).is_some_and(|token| is_word(token, &["pg_catalog"]));
    let is_quantified = token(close + 1).is_some_and(|token| is_word(token, &["ANY", "ALL", "SOME"]));
    let is_named = token(1) == Some(&Token::LParen) && token(close) == Some(&Token::RParen) && is_known;
    let (operator, (last, _)) = (solid.get(operator)?.1, solid.get(close)?);
    (is_named && is_quantified).then(|| (operator, tokens.get(last + 1..).unwrap_or_default()))
}

fn is_word(token: &Token, words: &[&str]) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none()
        && words.iter().any(|known| word.value.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use crate::sql::parse::parse::parse;

    #[test]
    fn numbers_have_bases_and_no_letters_behind_them() {
        let shown = |text: &str| match parse(text) {
            Ok(parsed) => parsed.statement.map(|statement| statement.to_string()).unwrap_or_default(),
            Err(error) => error.message().to_string(),
        };
        for (text, expected) in [
            ("SELECT 0xff, 0o17, 0b101, 0x_f_f", "SELECT 255, 15, 5, 255"),
            ("SELECT 0XFFFFFFFFFFFFFFFFFFFF", "SELECT 1208925819614629174706175"),
            ("SELECT X'1f' = 0x1F", "SELECT X'1f' = 31"),
            ("SELECT 12cd", "trailing junk after numeric literal at or near \"12cd\""),
            ("SELECT 0b12", "trailing junk after numeric literal at or near \"0b12\""),
            ("SELECT 0x", "invalid hexadecimal integer at or near \"0x\""),
            ("SELECT 1 a", "SELECT 1 AS a"),
            ("SELECT 1::int", "SELECT 1::INT"),
            ("SELECT a OPERATOR(pg_catalog.=) ANY (b)", "SELECT a = ANY(b)"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
