//! Configurations: which lexemes the tokens of a text become.

use rust_stemmers::{Algorithm, Stemmer};

use crate::error::{Error, ErrorKind, Result};
use crate::types::full_text::parser::TextTokenKind;
use crate::types::full_text::stop_words::is_english_stop_word;

/// Configurations that PostgreSQL has and this server lacks.
const OF_OTHER_LANGUAGES: [&str; 27] = [
    "arabic",
    "armenian",
    "basque",
    "catalan",
    "danish",
    "dutch",
    "estonian",
    "finnish",
    "french",
    "german",
    "greek",
    "hindi",
    "hungarian",
    "indonesian",
    "irish",
    "italian",
    "lithuanian",
    "nepali",
    "norwegian",
    "portuguese",
    "romanian",
    "russian",
    "serbian",
    "spanish",
    "swedish",
    "tamil",
    "turkish",
];
const YIDDISH: &str = "yiddish";
/// Words that are longer stay as they are, as in PostgreSQL.
const STEMMED_BYTES_MAX: usize = 1000;

/// Which lexemes the tokens of a text become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextConfiguration {
    /// Tokens in lower case.
    Simple,
    /// Stems of English words; stop words are none.
    English,
}

/// What becomes of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LexedToken {
    /// It is between words, and takes no place.
    LeftOut,
    /// It takes a place and is no lexeme.
    StopWord,
    Lexeme(String),
}

impl TextConfiguration {
    /// The configuration of a name, with its schema or without.
    ///
    /// # Errors
    /// 42704 for one that PostgreSQL lacks too, 0A000 for one of a language that is not offered.
    pub fn named(name: &str) -> Result<TextConfiguration> {
        let folded = name.trim_ascii().to_ascii_lowercase();
        let bare = folded.strip_prefix("pg_catalog.").unwrap_or(&folded);
        match bare.trim_matches('"') {
            "simple" => Ok(TextConfiguration::Simple),
            "english" => Ok(TextConfiguration::English),
            other if other == YIDDISH || OF_OTHER_LANGUAGES.contains(&other) => Err(Error::unsupported(
                format!("text search configuration \"{other}\" is not offered"),
                "The configurations simple and english are.",
            )),
            _ => {
                let message = format!("text search configuration \"{name}\" does not exist");
                Err(Error::new(ErrorKind::UndefinedObject, message))
            }
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            TextConfiguration::Simple => "simple",
            TextConfiguration::English => "english",
        }
    }

    /// The reader of tokens, made once for a text.
    pub fn lexer(self) -> Lexizer {
        let stemmer = match self {
            TextConfiguration::Simple => None,
            TextConfiguration::English => Some(Stemmer::create(Algorithm::English)),
        };
        Lexizer { stemmer }
    }
}

/// Makes lexemes of tokens.
pub struct Lexizer {
    stemmer: Option<Stemmer>,
}

impl Lexizer {
    pub fn lexed(&self, kind: TextTokenKind, token: &str) -> LexedToken {
        if kind.is_left_out() {
            return LexedToken::LeftOut;
        }
        let word: String = token.chars().flat_map(char::to_lowercase).collect();
        match &self.stemmer {
            Some(_) if kind.is_word() && is_english_stop_word(&word) => LexedToken::StopWord,
            Some(stemmer) if kind.is_word() && word.len() <= STEMMED_BYTES_MAX => {
                LexedToken::Lexeme(match undoubled_by_mistake(&word) {
                    Some(stem) => stem.to_string(),
                    None => stemmer.stem(&word).into_owned(),
                })
            }
            _ => LexedToken::Lexeme(word),
        }
    }
}

/// The stem of `added`, `ebbing` and their like: the Snowball project has since kept the two letters of a stem that is but a vowel and
/// those, and PostgreSQL 18 does.
fn undoubled_by_mistake(word: &str) -> Option<&str> {
    let bare = word.strip_suffix('s').unwrap_or(word);
    let stem = ["edly", "ed", "ingly", "ing"].into_iter().find_map(|suffix| bare.strip_suffix(suffix))?;
    let [first, second, third] = stem.as_bytes() else { return None };
    let is_doubled = second == third && b"bdfgmnprt".contains(second);
    (is_doubled && b"aeo".contains(first)).then_some(stem)
}
