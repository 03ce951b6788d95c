//! Statement forms of PostgreSQL that sqlparser does not read, brought into those that it does, token by token.
//!
//! Only words that change nothing are dropped, and only synonyms replaced; positions of what stays are untouched.

use std::ops::Range;

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Span, Token, TokenWithSpan, Tokenizer, Whitespace, Word};

use crate::sql::parse::dialect::PostgresDialect;
use crate::sql::parse::domain_text::{domain_as_column, domain_as_table};
use crate::sql::parse::identity_text::stand_in_for_identity;
use crate::sql::parse::row_locks::rewrite_row_locks;
use crate::sql::parse::sequence_text::options_of_sequence;
use crate::sql::parse::table_text::unread_parts;
use crate::sql::parse::view_text::{check_option, data_clause, set_schema};

/// What SET CONSTRAINTS assigns to.
pub const CONSTRAINTS: &str = "$constraints";

/// Where MOVE puts rows.
pub const MOVED: &str = "$moved";

/// The tokens of a statement in the forms that the parser reads.
pub fn normalized(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut tokens = stand_in_for_identity(tokens);
    order_identity_options(&mut tokens);
    rewrite_row_locks(&mut tokens);
    // The positions of the statement's words, blanks and comments left out.
    let solid: Vec<usize> = tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| !matches!(token.token, Token::Whitespace(_) | Token::EOF | Token::SemiColon))
        .map(|(at, _)| at)
        .collect();
    let word = |at: usize| solid.get(at).and_then(|at| tokens.get(*at)).and_then(|token| keyword_text(&token.token));
    let Some(first) = word(0) else { return tokens };
    if let Some(reader) = reader_of(&first, word(1).as_deref()) {
        return reader(tokens, &solid);
    }
    let mut dropped: Vec<usize> = Vec::new();
    let mut replaced: Vec<(usize, Token)> = Vec::new();
    let of_sequence = left_out_of_sequence(&tokens, &solid);
    match first.as_str() {
        // `sequence_text` reads its options; CREATE stands for ALTER there.
        "CREATE" | "ALTER" if !of_sequence.is_empty() || word(1).as_deref() == Some("SEQUENCE") => {
            dropped.extend(of_sequence);
            replaced.extend(solid.first().map(|at| (*at, keyword("CREATE"))));
        }
        "ABORT" => replaced.extend(solid.first().map(|at| (*at, keyword("ROLLBACK")))),
        // Which tables, and how thoroughly, makes no difference here: there is nothing to do.
        "VACUUM" | "ANALYZE" | "ANALYSE" => {
            replaced.extend(solid.first().filter(|_| first == "ANALYSE").map(|at| (*at, keyword("ANALYZE"))));
            dropped.extend(solid.iter().skip(1));
        }
        // `syntax` reads them from the text.
        "COPY" => {
            let all: Vec<&Token> = solid.iter().filter_map(|at| tokens.get(*at)).map(|token| &token.token).collect();
            let start = options_start(&all).unwrap_or(all.len());
            dropped.extend(solid.iter().skip(start));
        }
        "DROP" if word(1).as_deref() == Some("DOMAIN") => {
            replaced.extend(solid.get(1).map(|at| (*at, keyword("TYPE"))))
        }
        "CREATE" => dropped.extend(left_out_of_create(&tokens, &solid)),
        "ALTER" => stand_in_for_view(&tokens, &solid, &mut replaced, &mut dropped),
        "BEGIN" | "START" | "SET" => dropped.extend(deferrable(&tokens, &solid)),
        // The parser takes a name for the text of a message, and no text between dollar signs.
        "NOTIFY" => {
            let payload = solid.get(3).and_then(|at| Some((*at, &tokens.get(*at)?.token)));
            replaced.extend(payload.and_then(|(at, token)| Some((at, message_text(token)?))));
        }
        // [`overriding`] looks for it again.
        "INSERT" | "WITH" | "EXPLAIN" | "PREPARE" => {
            let found = (1..solid.len())
                .find(|at| word(*at).as_deref() == Some("OVERRIDING") && word(at + 2).as_deref() == Some("VALUE"));
            dropped.extend(found.iter().flat_map(|at| solid.iter().skip(*at).take(3)));
            stand_in_for_target(&tokens, &mut replaced, &mut dropped);
        }
        "RESET" if word(1).as_deref() == Some("TIME") && word(2).as_deref() == Some("ZONE") => {
            replaced.extend(solid.get(1).map(|at| (*at, Token::make_word("timezone", None))));
            dropped.extend(solid.get(2));
        }
        _ => {}
    }
    for (at, token) in replaced {
        if let Some(slot) = tokens.get_mut(at) {
            slot.token = token;
        }
    }
    if dropped.is_empty() {
        return tokens;
    }
    dropped.sort_unstable();
    let kept = tokens.into_iter().enumerate().filter(|(at, _)| dropped.binary_search(at).is_err());
    kept.map(|(_, token)| token).collect()
}

/// Puts ALTER TABLE in the place of ALTER VIEW and ALTER MATERIALIZED VIEW, and RENAME TO in that of SET SCHEMA;
/// [`view_text`](crate::sql::parse::view_text) looks for them again.
fn stand_in_for_view(
    tokens: &[TokenWithSpan],
    solid: &[usize],
    replaced: &mut Vec<(usize, Token)>,
    dropped: &mut Vec<usize>,
) {
    let all: Vec<&Token> = solid.iter().filter_map(|at| tokens.get(*at)).map(|token| &token.token).collect();
    let is = |place: usize, word: &str| all.get(place).is_some_and(|token| is_keyword(token, word));
    let is_kept = is(1, "MATERIALIZED") && is(2, "VIEW");
    replaced.extend(solid.get(1).filter(|_| is_kept || is(1, "VIEW")).map(|at| (*at, keyword("TABLE"))));
    dropped.extend(solid.get(2).filter(|_| is_kept));
    let places = set_schema(&all).into_iter().flat_map(|at| [(at, "RENAME"), (at + 1, "TO")]);
    replaced.extend(places.filter_map(|(at, word)| Some((*solid.get(at)?, keyword(word)))));
}

/// The tokens of a statement, with the places of those that are neither blanks nor comments, as another statement.
type Reader = fn(Vec<TokenWithSpan>, &[usize]) -> Vec<TokenWithSpan>;

/// Who brings statements with these words into another form as a whole.
fn reader_of(first: &str, second: Option<&str>) -> Option<Reader> {
    Some(match (first, second) {
        ("REINDEX", _) => reindexing,
        ("REFRESH", _) => refreshing,
        ("FETCH" | "MOVE", _) => fetching,
        ("SET", Some("CONSTRAINTS")) => setting_constraints,
        ("CREATE", Some("DOMAIN")) => domain_as_table,
        ("ALTER", Some("DOMAIN")) => domain_as_column,
        _ => return None,
    })
}

/// FETCH with the words that may be left out, `FETCH c` as `FETCH NEXT FROM c`; MOVE is FETCH into [`MOVED`].
fn fetching(tokens: Vec<TokenWithSpan>, solid: &[usize]) -> Vec<TokenWithSpan> {
    let is_word =
        |at: usize, word: &str| at_token(&tokens, at).and_then(keyword_text).is_some_and(|found| found == word);
    let [verb, words @ .., name] = solid else { return tokens };
    let (direction, from) = match words {
        [direction @ .., from] if is_word(*from, "FROM") || is_word(*from, "IN") => (direction, Some(*from)),
        direction => (direction, None),
    };
    let is_move = is_word(*verb, "MOVE");
    let written = |at: &usize| tokens.get(*at).cloned();
    let made = |token: Token, at: &usize| written(at).map(|of| TokenWithSpan { token, span: of.span });
    let mut read = vec![if is_move { made(keyword("FETCH"), verb) } else { written(verb) }];
    match direction {
        [] => read.push(made(keyword("NEXT"), verb)),
        [forward] if is_word(*forward, "FORWARD") => read.push(made(keyword("NEXT"), forward)),
        direction => read.extend(with_signed_numbers(direction.iter().filter_map(written)).map(Some)),
    }
    read.extend([from.as_ref().map_or_else(|| made(keyword("FROM"), name), written), written(name)]);
    if is_move {
        let target = Word { value: MOVED.to_string(), quote_style: Some('"'), keyword: Keyword::NoKeyword };
        read.extend([made(keyword("INTO"), name), made(Token::Word(target), name)]);
    }
    let blank = |of: &TokenWithSpan| TokenWithSpan { token: Token::Whitespace(Whitespace::Space), span: of.span };
    read.into_iter().flatten().flat_map(|token| [blank(&token), token]).collect()
}

/// A number and the minus before it as one number.
fn with_signed_numbers(tokens: impl Iterator<Item = TokenWithSpan>) -> impl Iterator<Item = TokenWithSpan> {
    let mut is_negative = false;
    tokens.filter_map(move |mut token| match &mut token.token {
        Token::Minus if !is_negative => {
            is_negative = true;
            None
        }
        Token::Number(text, _) if std::mem::take(&mut is_negative) => {
            text.insert(0, '-');
            Some(token)
        }
        _ => Some(token),
    })
}

/// `SET CONSTRAINTS a, b DEFERRED` as the assignment of [`CONSTRAINTS`], of what they become and their names; of ALL there are
/// no names.
fn setting_constraints(tokens: Vec<TokenWithSpan>, solid: &[usize]) -> Vec<TokenWithSpan> {
    let [set, constraints, names @ .., last] = solid else { return tokens };
    let at = |at: usize| tokens.get(at).cloned();
    let is_word = |at: usize, words: &[&str]| {
        at_token(&tokens, at).and_then(keyword_text).is_some_and(|word| words.contains(&word.as_str()))
    };
    let (true, Some(mut variable), Some(timing)) =
        (is_word(*last, &["DEFERRED", "IMMEDIATE"]), at(*constraints), at(*last))
    else {
        return tokens;
    };
    variable.token =
        Token::Word(Word { value: CONSTRAINTS.to_string(), quote_style: Some('"'), keyword: Keyword::NoKeyword });
    let (span, blank) = (variable.span, Token::Whitespace(Whitespace::Space));
    let between = |token: Token| TokenWithSpan { token, span };
    let mut read: Vec<TokenWithSpan> = at(*set).into_iter().collect();
    read.extend([between(blank), variable, between(Token::Eq), timing]);
    if !(names.len() == 1 && names.iter().all(|at| is_word(*at, &["ALL"]))) {
        read.push(between(Token::Comma));
        read.extend(names.iter().filter_map(|name| at(*name)));
    }
    read.extend(tokens.iter().skip(last.saturating_add(1)).cloned());
    read
}

fn at_token(tokens: &[TokenWithSpan], at: usize) -> Option<&Token> {
    tokens.get(at).map(|token| &token.token)
}

/// Where a transaction is said to be DEFERRABLE or not, which changes nothing here.
fn deferrable(tokens: &[TokenWithSpan], solid: &[usize]) -> Vec<usize> {
    let token = |at: usize| solid.get(at).and_then(|at| tokens.get(*at)).map(|token| &token.token);
    let mut dropped = Vec::new();
    for at in (1..solid.len()).filter(|at| token(*at).is_some_and(|token| is_keyword(token, "DEFERRABLE"))) {
        dropped.extend(solid.get(at));
        if token(at - 1).is_some_and(|before| *before == Token::Comma || is_keyword(before, "NOT")) {
            dropped.extend(solid.get(at - 1));
        }
    }
    dropped
}

/// What the parser does not read of CREATE TABLE and CREATE VIEW; [`table_text`](crate::sql::parse::table_text::table_text) and
/// [`view_text`](crate::sql::parse::view_text::view_text) look for it again.
fn left_out_of_create(tokens: &[TokenWithSpan], solid: &[usize]) -> Vec<usize> {
    let all: Vec<&Token> = solid.iter().filter_map(|at| tokens.get(*at)).map(|token| &token.token).collect();
    let is = |at: usize, word: &str| all.get(at).is_some_and(|token| is_keyword(token, word));
    let places: Vec<usize> = if is(1, "MATERIALIZED") {
        (all.len().saturating_sub(data_clause(&all).0)..all.len()).collect()
    } else if is(1, "VIEW") || is(3, "VIEW") {
        (all.len().saturating_sub(check_option(&all).0)..all.len()).collect()
    } else {
        let unlogged = (is(1, "UNLOGGED") && !is(2, "MATERIALIZED")).then_some(1);
        unread_parts(&all).1.into_iter().chain(unlogged).collect()
    };
    places.into_iter().filter_map(|place| solid.get(place).copied()).collect()
}

/// What the parser does not read of CREATE SEQUENCE and ALTER SEQUENCE, or reads in one order alone.
fn left_out_of_sequence(tokens: &[TokenWithSpan], solid: &[usize]) -> Vec<usize> {
    let all: Vec<&Token> = solid.iter().filter_map(|at| tokens.get(*at)).map(|token| &token.token).collect();
    let Some(options) = options_of_sequence(&all) else { return Vec::new() };
    let is_unread = |at: &usize| {
        let words = ["UNLOGGED", "IF", "NOT", "EXISTS"];
        all.get(*at).is_some_and(|token| words.iter().any(|word| is_keyword(token, word)))
    };
    // The name is the last of what stays.
    let before = (1..options.saturating_sub(1)).filter(is_unread);
    before.chain(options..solid.len()).filter_map(|place| solid.get(place).copied()).collect()
}

/// Puts one name in the place of an ON CONFLICT's target that is more than columns.
fn stand_in_for_target(tokens: &[TokenWithSpan], replaced: &mut Vec<(usize, Token)>, dropped: &mut Vec<usize>) {
    let Some((keys, condition)) = conflict_target_tokens(tokens) else { return };
    let name = Word { value: CONFLICT_TARGET.to_string(), quote_style: Some('"'), keyword: Keyword::NoKeyword };
    replaced.push((keys.start, Token::Word(name)));
    dropped.extend(keys.skip(1));
    // With the word WHERE.
    let condition = condition.map(|condition| condition.start - 1..condition.end);
    dropped.extend(condition.into_iter().flatten());
}

/// REINDEX as the statement that stands for it in the tree, which nobody can write: `VACUUM REINDEX index`, and for a table
/// `VACUUM FULL REINDEX table`. `define/reindex` takes it. CONCURRENTLY changes nothing: no build holds up those who write.
fn reindexing(mut tokens: Vec<TokenWithSpan>, solid: &[usize]) -> Vec<TokenWithSpan> {
    let at = |place: usize| solid.get(place).copied().unwrap_or(tokens.len());
    let (first, second, third) = (at(0), at(1), at(2));
    let text_at = |tokens: &[TokenWithSpan], at: usize| tokens.get(at).and_then(|token| keyword_text(&token.token));
    let kind = text_at(&tokens, second);
    let forms: &[&str] = match kind.as_deref() {
        Some("INDEX") => &["VACUUM", "REINDEX"],
        Some("TABLE") => &["VACUUM", "FULL", "REINDEX"],
        _ => return tokens,
    };
    if text_at(&tokens, third).as_deref() == Some("CONCURRENTLY") {
        tokens.remove(third);
    }
    let span = tokens.get(first).map(|token| token.span).unwrap_or_else(Span::empty);
    let words = forms.iter().map(|word| TokenWithSpan { token: keyword(word), span });
    let blank = || TokenWithSpan { token: Token::Whitespace(Whitespace::Space), span };
    tokens.splice(first..=second, words.flat_map(|word| [word, blank()]));
    tokens
}

/// REFRESH MATERIALIZED VIEW as the statement that stands for it in the tree, which nobody can write: `VACUUM RECLUSTER view`, with FULL for
/// CONCURRENTLY and BOOST for WITH NO DATA. `define/materialized_view` takes it.
fn refreshing(tokens: Vec<TokenWithSpan>, solid: &[usize]) -> Vec<TokenWithSpan> {
    let is = |place: usize, word: &str| {
        solid.get(place).and_then(|at| tokens.get(*at)).is_some_and(|token| is_keyword(&token.token, word))
    };
    let end = solid.len();
    let ends_with =
        |words: &[&str]| end > words.len() + 3 && words.iter().rev().zip(1..).all(|(word, back)| is(end - back, word));
    let (true, true, Some(first)) = (is(1, "MATERIALIZED"), is(2, "VIEW"), solid.first()) else { return tokens };
    let is_concurrent = is(3, "CONCURRENTLY") && end > 4;
    let (clause, is_empty) = match (ends_with(&["WITH", "NO", "DATA"]), ends_with(&["WITH", "DATA"])) {
        (true, _) => (3, true),
        (false, true) => (2, false),
        (false, false) => (0, false),
    };
    let name = solid.get(3 + usize::from(is_concurrent)..end - clause).unwrap_or_default();
    let span = tokens.get(*first).map(|token| token.span).unwrap_or_else(Span::empty);
    let made = |word: &str| TokenWithSpan { token: keyword(word), span };
    let mut read = vec![made("VACUUM")];
    read.extend(is_concurrent.then(|| made("FULL")));
    read.push(made("RECLUSTER"));
    read.extend(name.iter().filter_map(|at| tokens.get(*at).cloned()));
    read.extend(is_empty.then(|| made("BOOST")));
    let last = solid.last().map_or(0, |last| last + 1);
    read.extend(tokens.iter().skip(last).cloned());
    let blank = |of: &TokenWithSpan| TokenWithSpan { token: Token::Whitespace(Whitespace::Space), span: of.span };
    read.into_iter().flat_map(|token| [blank(&token), token]).collect()
}

/// Brings the options of identity columns into the one order that the parser reads. The name of the sequence is left out.
fn order_identity_options(tokens: &mut [TokenWithSpan]) {
    let mut at = 0;
    while let Some(found) = tokens
        .get(at..)
        .and_then(|rest| rest.iter().position(|token| keyword_text(&token.token).as_deref() == Some("IDENTITY")))
    {
        at += found + 1;
        let is_blank = |token: &&TokenWithSpan| matches!(token.token, Token::Whitespace(_));
        let blanks = tokens.iter().skip(at).take_while(is_blank).count();
        let start = at + blanks + 1;
        if tokens.get(start - 1).is_none_or(|token| token.token != Token::LParen) {
            continue;
        }
        let Some(length) = tokens.iter().skip(start).position(|token| token.token == Token::RParen) else { return };
        let Some(inside) = tokens.get_mut(start..start + length) else { return };
        if let Some(ordered) = ordered_options(inside) {
            let blank = Token::Whitespace(Whitespace::Space);
            let mut ordered = ordered.into_iter();
            for slot in inside.iter_mut() {
                let next = ordered.next();
                *slot = next.unwrap_or_else(|| TokenWithSpan { token: blank.clone(), span: slot.span });
            }
        }
    }
}

/// The tokens of a sequence's options in the parser's order; `None` where they hold anything else.
fn ordered_options(tokens: &[TokenWithSpan]) -> Option<Vec<TokenWithSpan>> {
    let mut options: Vec<(usize, Vec<TokenWithSpan>)> = Vec::new();
    for token in tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))) {
        let place = match keyword_text(&token.token).as_deref() {
            // What NO denies decides about its place.
            Some("NO") => Some(usize::MAX),
            Some("INCREMENT") => Some(0),
            Some("MINVALUE") => Some(1),
            Some("MAXVALUE") => Some(2),
            Some("START") => Some(3),
            Some("CACHE") => Some(4),
            Some("CYCLE") => Some(5),
            Some("SEQUENCE") => Some(6),
            _ => None,
        };
        match (options.last_mut(), place) {
            (Some((open, parts)), Some(place)) if *open == usize::MAX && place != usize::MAX => {
                *open = place;
                parts.push(token.clone());
            }
            (_, Some(place)) => options.push((place, vec![token.clone()])),
            (Some((_, parts)), None) => parts.push(token.clone()),
            (None, None) => return None,
        }
    }
    // SEQUENCE NAME, of one or two parts: `sequence_name` reads it.
    options.retain(|(place, parts)| *place != 6 || !matches!(parts.len(), 3 | 5));
    options.sort_by_key(|(place, _)| *place);
    Some(options.into_iter().flat_map(|(_, parts)| parts).collect())
}

/// What an INSERT says about values of identity columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overriding {
    Nothing,
    /// OVERRIDING SYSTEM VALUE: what is given counts.
    System,
    /// OVERRIDING USER VALUE: what is given is left out.
    User,
}

/// What an INSERT says behind OVERRIDING.
pub fn overriding(text: &str) -> Overriding {
    let has_word = text.as_bytes().windows(OVERRIDING.len()).any(|part| part.eq_ignore_ascii_case(OVERRIDING));
    if !has_word {
        return Overriding::Nothing;
    }
    let tokens = Tokenizer::new(&PostgresDialect, text).tokenize().unwrap_or_default();
    let solid = tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_)));
    let words: Vec<Option<String>> = solid.map(keyword_text).collect();
    let said = |what: &str| {
        words.windows(3).any(|words| {
            let wanted = ["OVERRIDING", what, "VALUE"];
            words.iter().zip(wanted).all(|(word, wanted)| word.as_deref() == Some(wanted))
        })
    };
    match (said("USER"), said("SYSTEM")) {
        (true, _) => Overriding::User,
        (false, true) => Overriding::System,
        (false, false) => Overriding::Nothing,
    }
}

/// The name that stands for the target of an ON CONFLICT over more than columns.
pub const CONFLICT_TARGET: &str = "$target";

/// Where the keys of ON CONFLICT stand among the tokens of a statement, and behind them the condition after the word WHERE; `None`
/// where the target is a list of columns, which the parser reads, or a constraint.
pub fn conflict_target_tokens(tokens: &[TokenWithSpan]) -> Option<(Range<usize>, Option<Range<usize>>)> {
    let is_solid =
        |at: &usize| tokens.get(*at).is_some_and(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF));
    let solid: Vec<usize> = (0..tokens.len()).filter(is_solid).collect();
    let token = |place: usize| solid.get(place).and_then(|at| tokens.get(*at)).map(|token| &token.token);
    let says = |place: usize, word: &str| token(place).is_some_and(|token| is_keyword(token, word));
    let open = (0..solid.len())
        .find(|place| says(*place, "ON") && says(place + 1, "CONFLICT") && token(place + 2) == Some(&Token::LParen))?
        + 2;
    let mut depth = 0_usize;
    let close = (open..solid.len()).find(|place| {
        match token(*place) {
            Some(Token::LParen) => depth += 1,
            Some(Token::RParen) => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    let is_plain = (open + 1..close).all(|place| matches!(token(place), Some(Token::Word(_) | Token::Comma)));
    let has_condition = says(close + 1, "WHERE");
    if close == open + 1 || (is_plain && !has_condition) {
        return None;
    }
    let at = |place: usize| solid.get(place).copied().unwrap_or(tokens.len());
    let keys = at(open + 1)..at(close);
    if !has_condition {
        return Some((keys, None));
    }
    let end = (close + 2..solid.len())
        .find(|place| says(*place, "DO") && (says(place + 1, "NOTHING") || says(place + 1, "UPDATE")))?;
    Some((keys, Some(at(close + 1) + 1..at(end))))
}

const OVERRIDING: &[u8] = b"overriding";

fn keyword_text(token: &Token) -> Option<String> {
    match token {
        Token::Word(Word { quote_style: None, value, .. }) => Some(value.to_ascii_uppercase()),
        _ => None,
    }
}

/// What stands for the text of a message, so that the parser takes texts and refuses names.
fn message_text(token: &Token) -> Option<Token> {
    match token {
        Token::DollarQuotedString(text) => Some(Token::SingleQuotedString(text.value.clone())),
        Token::Word(word) => Some(Token::Word(Word { keyword: Keyword::NULL, ..word.clone() })),
        _ => None,
    }
}

fn keyword(word: &str) -> Token {
    Token::make_keyword(word)
}

/// Where the options begin: behind the STDIN, STDOUT, file or program of a COPY; `None` for what is no COPY.
pub fn options_start(tokens: &[&Token]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ if depth == 0 && (is_keyword(token, "FROM") || is_keyword(token, "TO")) => {
                let words = if is_keyword(tokens.get(at + 1)?, "PROGRAM") { 2 } else { 1 };
                return Some(at + 1 + words);
            }
            _ => {}
        }
    }
    None
}

pub fn is_keyword(token: &Token, keyword: &str) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(keyword))
}
