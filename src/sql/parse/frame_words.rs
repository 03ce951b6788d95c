//! What a frame leaves out, `EXCLUDE TIES` and its like, which the parser does not read: it becomes a key of PARTITION BY of a name that
//! no statement writes, and is taken out again when the plan is made.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::sql::parse::rewrite_tokens::is_keyword;
use crate::sql::parse::spellings::is_solid;

/// The words of each exclusion, and the name that they become.
const EXCLUSIONS: [(&[&str], Option<&str>); 4] = [
    (&["current", "row"], Some("$exclude_current_row")),
    (&["group"], Some("$exclude_group")),
    (&["ties"], Some("$exclude_ties")),
    (&["no", "others"], None),
];
/// What may follow the name of another window.
const PARTS_OF_WINDOW: [&str; 5] = ["partition", "order", "rows", "range", "groups"];

/// The tokens without exclusions of frames.
pub fn with_plain_frames(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    if !tokens.iter().any(|token| is_keyword(&token.token, "exclude")) {
        return tokens;
    }
    let solid: Vec<usize> =
        tokens.iter().enumerate().filter(|(_, token)| is_solid(token)).map(|(place, _)| place).collect();
    let words = Words { tokens: &tokens, solid: &solid };
    let mut inserted: Vec<(usize, Vec<Token>)> = Vec::new();
    let mut left_out: Vec<usize> = Vec::new();
    // The parentheses that are open, and whether a frame has begun in each.
    let mut open: Vec<(usize, bool)> = Vec::new();
    for at in 0..solid.len() {
        match words.token(at) {
            Some(Token::LParen) => open.push((at, false)),
            Some(Token::RParen) => {
                open.pop();
            }
            _ => {}
        }
        let Some((opened, has_frame)) = open.last_mut() else { continue };
        *has_frame |= ["rows", "range", "groups"].iter().any(|word| words.is(at, word));
        if !*has_frame || !words.is_window(*opened) {
            continue;
        }
        if let Some((length, name)) = words.exclusion(at) {
            left_out.extend(solid.iter().skip(at).take(length));
            inserted.extend(name.map(|name| words.mark(*opened, name)));
        }
    }
    let mut plain = Vec::with_capacity(tokens.len());
    inserted.sort_by_key(|(place, _)| *place);
    let mut inserted = inserted.into_iter().peekable();
    for (place, token) in tokens.iter().enumerate() {
        if left_out.binary_search(&place).is_err() {
            plain.push(token.clone());
        }
        if let Some((_, made)) = inserted.next_if(|(behind, _)| *behind == place) {
            plain.extend(made.into_iter().map(|made| TokenWithSpan { token: made, span: token.span }));
        }
    }
    plain
}

/// The words of a statement; blanks have no place in it.
struct Words<'t> {
    tokens: &'t [TokenWithSpan],
    solid: &'t [usize],
}

impl Words<'_> {
    fn token(&self, at: usize) -> Option<&Token> {
        self.solid.get(at).and_then(|place| self.tokens.get(*place)).map(|token| &token.token)
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.token(at).is_some_and(|token| is_keyword(token, word))
    }

    /// Whether a parenthesis holds a window.
    fn is_window(&self, opened: usize) -> bool {
        opened.checked_sub(1).is_some_and(|before| self.is(before, "over") || self.is(before, "as"))
    }

    /// How many words an exclusion has that stands at the end of a window, and its name.
    fn exclusion(&self, at: usize) -> Option<(usize, Option<&'static str>)> {
        let says = |words: &[&str]| words.iter().enumerate().all(|(place, word)| self.is(at + 1 + place, word));
        let (words, name) = EXCLUSIONS.iter().find(|(words, _)| self.is(at, "exclude") && says(words))?;
        let length = words.len() + 1;
        (self.token(at + length) == Some(&Token::RParen)).then_some((length, *name))
    }

    /// The key for a window that opens there, and the place of the token behind which it stands.
    fn mark(&self, opened: usize, name: &str) -> (usize, Vec<Token>) {
        let is_name = matches!(self.token(opened + 1), Some(Token::Word(_)))
            && !PARTS_OF_WINDOW.iter().any(|word| self.is(opened + 1, word));
        let first = opened + usize::from(is_name);
        let key = [Token::make_word(name, Some('"')), Token::LParen, Token::RParen];
        let place = |at: usize| self.solid.get(at).copied().unwrap_or(self.tokens.len());
        if self.is(first + 1, "partition") && self.is(first + 2, "by") {
            return (place(first + 2), key.into_iter().chain([Token::Comma]).collect());
        }
        let clause = [Token::make_keyword("PARTITION"), Token::make_keyword("BY")];
        (place(first), clause.into_iter().chain(key).collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::sql::parse::parse::parse;

    #[test]
    fn exclusions_become_keys() {
        let shown = |text: &str| match parse(text) {
            Ok(parsed) => parsed.statement.map(|statement| statement.to_string()).unwrap_or_default(),
            Err(error) => error.message().to_string(),
        };
        for (text, expected) in [
            (
                "SELECT sum(a) OVER (ORDER BY b ROWS 1 PRECEDING EXCLUDE TIES) FROM t",
                "SELECT sum(a) OVER (PARTITION BY \"$exclude_ties\"() ORDER BY b ROWS 1 PRECEDING) FROM t",
            ),
            (
                "SELECT sum(a) OVER (w PARTITION BY c RANGE UNBOUNDED PRECEDING EXCLUDE CURRENT ROW) FROM t",
                "SELECT sum(a) OVER (w PARTITION BY \"$exclude_current_row\"(), c RANGE UNBOUNDED PRECEDING) FROM t",
            ),
            (
                "SELECT sum(a) OVER w FROM t WINDOW w AS (v GROUPS 1 PRECEDING EXCLUDE GROUP)",
                "SELECT sum(a) OVER w FROM t WINDOW w AS (v PARTITION BY \"$exclude_group\"() GROUPS 1 PRECEDING)",
            ),
            ("SELECT exclude FROM t", "SELECT exclude FROM t"),
            ("SELECT sum(a) OVER (ORDER BY b EXCLUDE TIES) FROM t", "syntax error at or near \"EXCLUDE\""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
