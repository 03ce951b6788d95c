//! Says in words where a text leaves the grammar: what was expected, after what, what was found, and what to do.
//!
//! Nothing that could be a secret is repeated: strings and numbers never, words only where they are keywords or the
//! statement cannot hold a secret.

use std::fmt::Write;

use pest::error::{ErrorVariant, InputLocation};

use crate::error::{Error, ErrorKind};
use crate::knirvql::grammar::Rule;
use crate::knirvql::scan::{KnirvqlScanner, Token, TokenKind, character_position};
use crate::knirvql::synopses::{OPENINGS, SYNOPSES};
use crate::types::nearest;

/// Longest word that an error repeats, in characters.
const WORD_CHARACTERS_MAX: usize = 40;

/// The rules that begin with the bracket of a vector.
const VECTORS: [Rule; 2] = [Rule::vector, Rule::vector_literal];

/// The error for a text that the grammar refuses.
pub fn syntax_error(text: &str, error: &pest::error::Error<Rule>) -> Error {
    grammar_error(text, error, |offset| Place::find(text, offset))
}

/// The error for a text that is no condition, and nothing but one.
pub fn condition_error(text: &str, error: &pest::error::Error<Rule>) -> Error {
    let place = |offset| Place { guarded: false, synopsis: CONDITION, ..Place::find(text, offset) };
    grammar_error(text, error, place)
}

fn grammar_error<'a>(text: &'a str, error: &pest::error::Error<Rule>, place: impl FnOnce(usize) -> Place<'a>) -> Error {
    let offset = match error.location {
        InputLocation::Pos(offset) | InputLocation::Span((offset, _)) => offset,
    };
    let ErrorVariant::ParsingError { positives, .. } = &error.variant else {
        return Error::new(ErrorKind::TooComplex, "the statement is nested too deeply for the parser's stack")
            .with_hint("Use fewer parentheses, and send deep metadata as a parameter.");
    };
    refused(text, &place(offset), positives)
}

/// The error for a text that has something else at a byte offset than one of these rules.
pub fn refusal(text: &str, offset: usize, positives: &[Rule]) -> Error {
    refused(text, &Place::find(text, offset), positives)
}

fn refused(text: &str, place: &Place<'_>, positives: &[Rule]) -> Error {
    let position = character_position(text, place.offset);
    if let Some(found) = place.not_finite(text) {
        return Error::new(ErrorKind::DataException, format!("a vector component is a finite number, not {found}"))
            .with_position(position);
    }
    if positives.iter().any(|rule| VECTORS.contains(rule))
        && place.next.as_ref().is_some_and(|next| next.is_symbol("["))
    {
        return Error::syntax("a vector does not end", Some(position)).with_hint("Close it with ].");
    }
    let mut message = format!("expected {}", expectation(positives));
    if let Some(previous) = &place.previous {
        write_after(&mut message, previous);
    }
    message.push_str(", found ");
    message.push_str(&place.found());
    let hint = place.hint(positives);
    let hint = place.meant(positives).map_or(hint.to_string(), |meant| format!("Did you mean {meant}? {hint}"));
    Error::syntax(message, Some(position)).with_hint(hint)
}

/// The place of an error among the tokens.
struct Place<'a> {
    /// Where the offending token starts.
    offset: usize,
    previous: Option<Token<'a>>,
    next: Option<Token<'a>>,
    /// The statement may hold secrets.
    guarded: bool,
    /// The form of the statement that the text opens.
    synopsis: &'static str,
}

impl<'a> Place<'a> {
    fn find(text: &'a str, offset: usize) -> Self {
        let mut previous = None;
        let mut next = None;
        for token in KnirvqlScanner::new(text) {
            if token.range.start >= offset || token.range.end > offset {
                next = Some(token);
                break;
            }
            previous = Some(token);
        }
        let start = next.as_ref().map_or(text.len(), |token| token.range.start.max(offset));
        Place { offset: start, previous, next, guarded: may_hold_secrets(text), synopsis: synopsis(text) }
    }

    fn found(&self) -> String {
        let Some(token) = &self.next else {
            return "the end of the statement".to_string();
        };
        match token.kind {
            _ if token.is_symbol(";") => "the end of the statement".to_string(),
            TokenKind::Word if is_keyword(token.text) => token.text.to_ascii_uppercase(),
            TokenKind::Word if self.guarded || token.text.chars().count() > WORD_CHARACTERS_MAX => "a word".to_string(),
            TokenKind::Word => format!("the word {}", token.text),
            TokenKind::Number => "a number".to_string(),
            TokenKind::Text | TokenKind::Unterminated => "a string".to_string(),
            TokenKind::Parameter => "a parameter".to_string(),
            TokenKind::Symbol => format!("\"{}\"", token.text.escape_default()),
        }
    }

    /// The name of what is no finite number, where one was to stand in a vector.
    fn not_finite(&self, text: &str) -> Option<&'static str> {
        self.previous.as_ref().filter(|token| token.is_symbol("[") || token.is_symbol(","))?;
        let unsigned = text.get(self.offset..)?.trim_start_matches(['-', '+']);
        let word = KnirvqlScanner::new(unsigned).next()?;
        [("nan", "NaN"), ("inf", "infinity"), ("infinity", "infinity")]
            .into_iter()
            .find(|(name, _)| word.is_word(name))
            .map(|(_, name)| name)
    }

    /// The keyword that was meant where a word stands that is like it.
    fn meant(&self, positives: &[Rule]) -> Option<String> {
        let next = self.next.as_ref().filter(|token| token.kind == TokenKind::Word)?;
        let mut known: Vec<String> =
            positives.iter().filter_map(|rule| keyword(*rule)).map(|word| word.to_lowercase()).collect();
        if positives.iter().any(|rule| matches!(rule, Rule::statement | Rule::plain_statement)) {
            known.extend(OPENINGS.map(String::from));
        }
        if positives.contains(&Rule::part) {
            known.extend(["id", "metadata", "vector", "blob"].map(String::from));
        }
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        nearest(next.text, &known).filter(|meant| !next.is_word(meant)).map(str::to_uppercase)
    }

    fn hint(&self, positives: &[Rule]) -> &'static str {
        let expects = |rules: &[Rule]| rules.iter().any(|rule| positives.contains(rule));
        let next_is = |symbol: &str| self.next.as_ref().is_some_and(|token| token.is_symbol(symbol));
        let previous_is = |symbol: &str| self.previous.as_ref().is_some_and(|token| token.is_symbol(symbol));
        let next_opens_clause =
            || self.next.as_ref().is_some_and(|token| CLAUSES.iter().any(|clause| token.is_word(clause)));
        if previous_is(";") {
            "Send one statement at a time."
        } else if previous_is("=") && next_is("=") {
            "Equality is written with one =."
        } else if next_is(".") && expects(&[Rule::number]) {
            "Write every component of the vector, or send it as a parameter."
        } else if expects(&[Rule::negation, Rule::conjunction, Rule::condition]) {
            CONDITION
        } else if expects(&[Rule::test]) {
            "The operators are = != <> < <= > >= LIKE, IN (…), IS NULL, IS NOT NULL, CONTAINS, STARTS WITH and MATCHES."
        } else if expects(&VECTORS)
            || [[Rule::number].as_slice(), &[Rule::comma, Rule::close_bracket]].contains(&positives)
        {
            "A vector is [0.1, 0.2, 0.3], a parameter such as $1, or ENTRY \"id\"."
        } else if expects(&[Rule::value, Rule::text, Rule::constant, Rule::address, Rule::json_value, Rule::string]) {
            "Text stands in quotes: \"text\"."
        } else if expects(&[Rule::end_of_statement]) && next_opens_clause() {
            "The clauses come in this order, each once: FIELDS, IN, WHERE, SIMILAR TO, USING, WITHIN, WITH, GROUP BY, \
             ORDER BY, LIMIT, OFFSET."
        } else {
            self.synopsis
        }
    }
}

/// What a condition looks like.
const CONDITION: &str = "A condition compares a path with a value: metadata.source = \"web\".";

/// The words that open the clauses of GET MEMORY.
const CLAUSES: [&str; 10] =
    ["FIELDS", "IN", "WHERE", "SIMILAR", "USING", "WITHIN", "GROUP", "ORDER", "LIMIT", "OFFSET"];

/// The first two words of the statement, after EXPLAIN [ANALYZE].
fn opening(text: &str) -> (Option<Token<'_>>, Option<Token<'_>>) {
    let mut words = KnirvqlScanner::new(text).skip_while(|token| token.is_word("EXPLAIN") || token.is_word("ANALYZE"));
    (words.next(), words.next())
}

fn synopsis(text: &str) -> &'static str {
    let (first, second) = opening(text);
    let fits =
        |word: &str, token: &Option<Token<'_>>| word.is_empty() || token.as_ref().is_some_and(|t| t.is_word(word));
    let found = SYNOPSES.iter().find(|(one, two, _)| fits(one, &first) && fits(two, &second));
    found.map_or("See the reference of KNIRVQL.", |(_, _, synopsis)| synopsis)
}

/// Whether the text may hold the parts of an AUTH entry or a network's secret.
fn may_hold_secrets(text: &str) -> bool {
    if KnirvqlScanner::new(text).any(|token| token.is_word("AUTH")) {
        return true;
    }
    let (first, second) = opening(text);
    let opens = |word: &str| first.as_ref().is_some_and(|token| token.is_word(word));
    let memory = second.is_some_and(|token| token.is_word("MEMORY"));
    let open = ["STAGE", "UNSTAGE", "REVERT", "SHOW", "SYNC", "LEAVE", "DETACH", "DESCRIBE", "HELP"];
    let of_memory = ["GET", "COUNT", "SET", "INSERT", "UPDATE", "DELETE"];
    !(open.into_iter().any(opens) || memory && of_memory.into_iter().any(opens))
}

fn write_after(message: &mut String, previous: &Token<'_>) {
    let written = match previous.kind {
        TokenKind::Word if is_keyword(previous.text) => {
            write!(message, " after {}", previous.text.to_ascii_uppercase())
        }
        TokenKind::Symbol => write!(message, " after \"{}\"", previous.text.escape_default()),
        TokenKind::Word => write!(message, " after a name"),
        TokenKind::Number => write!(message, " after a number"),
        TokenKind::Text | TokenKind::Unterminated => write!(message, " after a string"),
        TokenKind::Parameter => write!(message, " after a parameter"),
    };
    debug_assert!(written.is_ok(), "writing to a String does not fail");
}

/// Whether the grammar has a keyword of this name; its rule is named `kw_` and the keyword in lower case.
fn is_keyword(word: &str) -> bool {
    Rule::all_rules().iter().any(|rule| keyword(*rule).is_some_and(|keyword| keyword.eq_ignore_ascii_case(word)))
}

fn keyword(rule: Rule) -> Option<String> {
    format!("{rule:?}").strip_prefix("kw_").map(str::to_ascii_uppercase)
}

/// What would have been right, as a list in words, the end of the statement last.
fn expectation(positives: &[Rule]) -> String {
    let is_end = |rule: &Rule| *rule == Rule::end_of_statement;
    let ordered = positives.iter().filter(|rule| !is_end(rule)).chain(positives.iter().filter(|rule| is_end(rule)));
    let mut words: Vec<String> = Vec::new();
    for word in ordered.filter_map(|rule| name(*rule).map(str::to_string).or_else(|| keyword(*rule))) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    match words.split_last() {
        None => "something else".to_string(),
        Some((only, [])) => only.clone(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
    }
}

/// What a rule is called in an error.
/// Keywords and what no reader of errors needs have none.
fn name(rule: Rule) -> Option<&'static str> {
    let name = match rule {
        Rule::statement | Rule::plain_statement => "a statement",
        Rule::end_of_statement | Rule::EOI | Rule::semicolon => "the end of the statement",
        Rule::condition | Rule::conjunction | Rule::negation | Rule::group | Rule::comparison => "a condition",
        Rule::test | Rule::comparison_operator => "an operator",
        Rule::value | Rule::constant => "a value",
        Rule::json_value => "a JSON value",
        Rule::json_member => "a key",
        Rule::json_object | Rule::open_brace => "a JSON object",
        Rule::text => "a string or a parameter",
        Rule::string | Rule::double_quoted | Rule::single_quoted => "a string",
        Rule::count => "a whole number or a parameter",
        Rule::number | Rule::index => "a number",
        Rule::parameter => "a parameter",
        Rule::path | Rule::order_key | Rule::field => "a path",
        Rule::star => "*",
        Rule::plus | Rule::minus | Rule::slash => "an arithmetic operator",
        Rule::aggregate => "an aggregate",
        Rule::assignment | Rule::path_assignment => "an assignment",
        Rule::sum | Rule::product | Rule::factor => "a value",
        Rule::get_memory => "GET MEMORY",
        Rule::help_topic => "a word",
        Rule::identifier | Rule::name => "a name",
        Rule::collection => "the name of a collection",
        Rule::network_name => "the name of a network",
        Rule::address => "an address in quotes",
        Rule::option | Rule::option_name => "the name of an option",
        Rule::peer | Rule::peer_id => "the id of a peer",
        Rule::secret => "a secret in quotes",
        Rule::vector | Rule::vector_literal => "a vector",
        Rule::metric => "cosine, l2, ip or l1",
        Rule::part | Rule::entry => "a part (id, metadata, vector, blob)",
        Rule::comma => "a comma",
        Rule::colon => "a colon",
        Rule::equals => "=",
        Rule::open_parenthesis | Rule::option_list => "\"(\"",
        Rule::close_parenthesis => "\")\"",
        Rule::open_bracket => "\"[\"",
        Rule::close_bracket => "\"]\"",
        Rule::close_brace => "\"}\"",
        Rule::kw_group | Rule::group_clause => "GROUP BY",
        Rule::kw_if => "IF ABSENT",
        Rule::kw_order => "ORDER BY",
        Rule::kw_similar => "SIMILAR TO",
        Rule::kw_starts => "STARTS WITH",
        Rule::kw_remove | Rule::remove_peer => "REMOVE PEER",
        Rule::kw_rotate | Rule::rotate_secret => "ROTATE SECRET",
        Rule::kw_add | Rule::add_owner => "ADD OWNER",
        Rule::kw_drop | Rule::drop_owner => "DROP OWNER",
        Rule::kw_excuse | Rule::excuse_peer => "EXCUSE PEER",
        Rule::revert_peer => "REVERT PEER",
        Rule::alter_collection => "ALTER COLLECTION",
        Rule::kw_link | Rule::link_peer => "LINK PEER",
        Rule::kw_unlink | Rule::unlink_peer => "UNLINK PEER",
        Rule::kw_allow | Rule::allow_drop => "ALLOW DROP",
        Rule::set_options => "SET",
        Rule::kw_ef => "ef",
        _ => return None,
    };
    Some(name)
}
