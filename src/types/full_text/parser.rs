//! The tokens of a text, as PostgreSQL's default parser finds them (PostgreSQL documentation, section 12.5).
//!
//! A token is what the first way of reading that comes to an end makes of the text at a place: `cat.example.org` is a host, `cat.txt` a
//! file, `cat.` a word and a point. What comes of a place goes by the character there, and each way of reading is a function that says
//! where it ends. Parts come behind the whole: a word with hyphens and then its parts, a URL and then its host and path.

use unicode_normalization::char::is_combining_mark;

/// Bytes that a way of reading looks ahead: hosts, addresses and files are no longer, and a text of many beginnings stays cheap.
const LOOKAHEAD_BYTES_MAX: usize = 1024;

/// The kinds of tokens, by PostgreSQL's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextTokenKind {
    AsciiWord,
    Word,
    NumWord,
    Email,
    Url,
    Host,
    Scientific,
    Version,
    NumHyphenPart,
    HyphenPart,
    AsciiHyphenPart,
    Blank,
    Tag,
    Protocol,
    NumHyphenWord,
    AsciiHyphenWord,
    HyphenWord,
    UrlPath,
    File,
    Decimal,
    SignedInteger,
    UnsignedInteger,
    Entity,
}

impl TextTokenKind {
    /// Whether a dictionary of a language knows such tokens: words and parts of words without digits.
    pub fn is_word(self) -> bool {
        matches!(
            self,
            TextTokenKind::AsciiWord
                | TextTokenKind::Word
                | TextTokenKind::HyphenPart
                | TextTokenKind::AsciiHyphenPart
                | TextTokenKind::AsciiHyphenWord
                | TextTokenKind::HyphenWord
        )
    }

    /// Whether such tokens are in no document: what stands between words, tags, and the protocol of a URL.
    pub fn is_left_out(self) -> bool {
        matches!(self, TextTokenKind::Blank | TextTokenKind::Tag | TextTokenKind::Protocol | TextTokenKind::Entity)
    }
}

/// A token and its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextToken<'a> {
    pub kind: TextTokenKind,
    pub text: &'a str,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Anything,
    /// The host of a URL that was found.
    HostOfUrl,
    PathOfUrl,
    /// A part of a word with hyphens.
    HyphenPart,
}

/// The tokens of a text, one behind the other.
pub struct Tokens<'a> {
    text: &'a str,
    at: usize,
    next: Next,
    /// Within a script or style of HTML nothing is a word.
    is_ignoring: bool,
}

impl<'a> Tokens<'a> {
    pub fn new(text: &'a str) -> Self {
        Tokens { text, at: 0, next: Next::Anything, is_ignoring: false }
    }

    fn token(&mut self, kind: TextTokenKind, end: usize, next: Next) -> Option<TextToken<'a>> {
        let text = self.text.get(self.at..end)?;
        // Wholes are read again, part by part.
        let is_whole = matches!(
            kind,
            TextTokenKind::Url
                | TextTokenKind::HyphenWord
                | TextTokenKind::AsciiHyphenWord
                | TextTokenKind::NumHyphenWord
        );
        if !is_whole {
            self.at = end;
        }
        self.next = next;
        Some(TextToken { kind, text })
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = TextToken<'a>;

    fn next(&mut self) -> Option<TextToken<'a>> {
        if self.at >= self.text.len() {
            return None;
        }
        let text = TextReader {
            text: self.text,
            is_host_wanted: self.next == Next::HostOfUrl,
            limit: self.at.saturating_add(LOOKAHEAD_BYTES_MAX),
        };
        match self.next {
            Next::PathOfUrl => {
                let end = text.run(self.at, is_url);
                let end = if end > self.at { end } else { text.after(self.at) };
                return self.token(TextTokenKind::UrlPath, end, Next::Anything);
            }
            Next::HyphenPart => {
                if let Some((kind, end)) = text.hyphen_part(self.at) {
                    return self.token(kind, end, Next::HyphenPart);
                }
            }
            Next::Anything | Next::HostOfUrl => {}
        }
        self.anything(&text)
    }
}

impl<'a> Tokens<'a> {
    fn anything(&mut self, text: &TextReader<'a>) -> Option<TextToken<'a>> {
        let at = self.at;
        let c = text.peek(at)?;
        if c == '<'
            && let Some((end, ignoring)) = text.tag(at)
        {
            self.is_ignoring = ignoring.unwrap_or(self.is_ignoring);
            return self.token(TextTokenKind::Tag, end, Next::Anything);
        }
        if !self.is_ignoring {
            let found = match c {
                _ if c.is_ascii_alphabetic() => text.ascii_word(at),
                _ if is_letter(c) => Some(text.word(at)),
                _ if c.is_ascii_digit() => text.digits(at),
                '-' | '+' => text.signed(at),
                '&' => text.entity(at).map(|end| (TextTokenKind::Entity, end)),
                '~' => text.home(at + 1).map(|end| (TextTokenKind::File, end)),
                '/' => text.file_first(at + 1),
                '.' => text.dots(at + 1),
                _ => None,
            };
            if let Some((kind, end)) = found {
                let next = match kind {
                    TextTokenKind::Url => Next::HostOfUrl,
                    TextTokenKind::Host if text.is_host_wanted => Next::PathOfUrl,
                    TextTokenKind::HyphenWord | TextTokenKind::AsciiHyphenWord | TextTokenKind::NumHyphenWord => {
                        Next::HyphenPart
                    }
                    _ => Next::Anything,
                };
                return self.token(kind, end, next);
            }
        }
        let is_ignoring = self.is_ignoring;
        let end = text.run(text.after(at), |c| match c {
            '<' => false,
            _ if is_ignoring => true,
            '-' | '+' | '&' | '/' => false,
            c => !is_letter_or_digit(c),
        });
        self.token(TextTokenKind::Blank, end, Next::Anything)
    }
}

pub(super) type FoundToken = Option<(TextTokenKind, usize)>;

/// A text, and what ways of reading make of it from a place on. Places are bytes.
///
/// Its methods are the rules of PostgreSQL's parser, one a kind of token.
pub(super) struct TextReader<'a> {
    pub(super) text: &'a str,
    /// A host ends before its path, and is no address.
    pub(super) is_host_wanted: bool,
    /// Hosts, addresses and files end before that place or are none.
    pub(super) limit: usize,
}

impl TextReader<'_> {
    pub(super) fn peek(&self, at: usize) -> Option<char> {
        self.text.get(at..)?.chars().next()
    }

    /// The place behind the character there.
    pub(super) fn after(&self, at: usize) -> usize {
        at.saturating_add(self.peek(at).map_or(1, char::len_utf8))
    }

    pub(super) fn is(&self, at: usize, of: impl Fn(char) -> bool) -> bool {
        self.peek(at).is_some_and(of)
    }

    /// Where characters of a kind end.
    pub(super) fn run(&self, at: usize, of: impl Fn(char) -> bool) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        at + rest.find(|c| !of(c)).unwrap_or(rest.len())
    }

    pub(super) fn ascii_word(&self, start: usize) -> FoundToken {
        let at = self.run(start, |c| c.is_ascii_alphabetic());
        let word = (TextTokenKind::AsciiWord, at);
        let Some(c) = self.peek(at) else { return Some(word) };
        let longer = match c {
            '.' => self.domain(at + 1, None).or_else(|| self.file_next(at + 1)),
            '-' => self.host_name(at + 1).or_else(|| self.ascii_hyphens(at + 1)),
            '_' => self.host_name(at + 1),
            '@' => self.email(at + 1),
            ':' => self.protocol(at + 1),
            '/' => self.file_first(at + 1),
            _ if c.is_ascii_digit() => return self.host(at, None).or_else(|| self.numbered_word(at)),
            _ if is_letter(c) || is_mark(c) => return Some(self.word(at)),
            _ => None,
        };
        longer.or(Some(word))
    }

    /// A word with other letters than those of ASCII.
    fn word(&self, at: usize) -> (TextTokenKind, usize) {
        let at = self.run(at, |c| is_letter(c) || is_mark(c));
        match self.peek(at) {
            Some(c) if c.is_ascii_digit() => self.numbered_word(at),
            Some('-') => self.hyphens(at + 1),
            _ => None,
        }
        .unwrap_or((TextTokenKind::Word, at))
    }

    /// A word with digits.
    fn numbered_word(&self, at: usize) -> FoundToken {
        let at = self.run(at, |c| is_letter_or_digit(c) || is_mark(c));
        let longer = match self.peek(at) {
            Some('@') => self.email(at + 1),
            Some('/') => self.file_first(at + 1),
            Some('.') => self.file_next(at + 1),
            Some('-') => self.numbered_hyphens(at + 1),
            _ => None,
        };
        longer.or(Some((TextTokenKind::NumWord, at)))
    }

    /// What begins with digits.
    pub(super) fn digits(&self, start: usize) -> FoundToken {
        let at = self.run(start, |c| c.is_ascii_digit());
        let number = Some((TextTokenKind::UnsignedInteger, at));
        let Some(c) = self.peek(at) else { return number };
        let longer = match c {
            '.' => self.domain(at + 1, None).or_else(|| self.decimal(at + 1)),
            '-' | '_' => self.host_name(at + 1),
            '@' => self.email(at + 1),
            '/' => self.file_first(at + 1),
            _ if is_letter(c) || is_mark(c) => {
                let scientific = if matches!(c, 'e' | 'E') { self.mantissa(at + 1) } else { None };
                let host = || if c.is_ascii_alphabetic() { self.host(at, None) } else { None };
                return scientific.or_else(host).or_else(|| self.numbered_word(at));
            }
            _ => None,
        };
        longer.or(number)
    }

    fn signed(&self, at: usize) -> FoundToken {
        let start = at + 1;
        let at = self.run(start, |c| c.is_ascii_digit());
        if at == start {
            return None;
        }
        let longer = match self.peek(at) {
            Some('.') if self.is(at + 1, |c| c.is_ascii_digit()) => {
                let end = self.run(at + 1, |c| c.is_ascii_digit());
                if self.peek(end) == Some('.') && self.is(end + 1, |c| c.is_ascii_digit()) {
                    // A version has no sign.
                    return None;
                }
                self.exponent(end).or(Some((TextTokenKind::Decimal, end)))
            }
            _ => self.exponent(at),
        };
        longer.or(Some((TextTokenKind::SignedInteger, at)))
    }

    /// Behind the point of a number.
    fn decimal(&self, start: usize) -> FoundToken {
        let at = self.run(start, |c| c.is_ascii_digit());
        if at == start {
            return None;
        }
        if self.peek(at) == Some('.') && self.is(at + 1, |c| c.is_ascii_digit()) {
            let mut end = self.run(at + 1, |c| c.is_ascii_digit());
            while self.peek(end) == Some('.') && self.is(end + 1, |c| c.is_ascii_digit()) {
                end = self.run(end + 1, |c| c.is_ascii_digit());
            }
            return Some((TextTokenKind::Version, end));
        }
        self.exponent(at).or(Some((TextTokenKind::Decimal, at)))
    }

    fn exponent(&self, at: usize) -> FoundToken {
        if self.is(at, |c| matches!(c, 'e' | 'E')) { self.mantissa(at + 1) } else { None }
    }

    /// Behind the `e` of a number.
    fn mantissa(&self, at: usize) -> FoundToken {
        let start = if self.is(at, |c| matches!(c, '+' | '-')) { at + 1 } else { at };
        let end = self.run(start, |c| c.is_ascii_digit());
        (end > start).then_some((TextTokenKind::Scientific, end))
    }

    /// Behind the hyphen of a word of ASCII.
    fn ascii_hyphens(&self, at: usize) -> FoundToken {
        if at >= self.limit || !self.is(at, |c| c.is_ascii_alphabetic()) {
            return self.hyphens(at);
        }
        let end = self.run(at, |c| c.is_ascii_alphabetic());
        match self.peek(end) {
            Some('-') => self.ascii_hyphens(end + 1).or(Some((TextTokenKind::AsciiHyphenWord, end))),
            Some(c) if c.is_ascii_digit() => self.rest_of_numbered_hyphens(end),
            Some(c) if is_letter(c) || is_mark(c) => self.rest_of_hyphens(end),
            _ => Some((TextTokenKind::AsciiHyphenWord, end)),
        }
    }

    /// Behind the hyphen of a word.
    fn hyphens(&self, at: usize) -> FoundToken {
        let c = self.peek(at).filter(|_| at < self.limit)?;
        if c.is_ascii_digit() {
            self.digits_of_hyphens(at)
        } else if is_letter(c) {
            self.rest_of_hyphens(at)
        } else {
            None
        }
    }

    fn rest_of_hyphens(&self, at: usize) -> FoundToken {
        let end = self.run(at, |c| is_letter(c) || is_mark(c));
        match self.peek(end) {
            Some('-') => self.hyphens(end + 1).or(Some((TextTokenKind::HyphenWord, end))),
            Some(c) if c.is_ascii_digit() => self.rest_of_numbered_hyphens(end),
            _ => Some((TextTokenKind::HyphenWord, end)),
        }
    }

    /// Behind the hyphen of a word with digits.
    fn numbered_hyphens(&self, at: usize) -> FoundToken {
        let c = self.peek(at).filter(|_| at < self.limit)?;
        if c.is_ascii_digit() {
            self.digits_of_hyphens(at)
        } else if is_letter(c) {
            self.rest_of_numbered_hyphens(at)
        } else {
            None
        }
    }

    fn rest_of_numbered_hyphens(&self, at: usize) -> FoundToken {
        let end = self.run(at, |c| is_letter_or_digit(c) || is_mark(c));
        match self.peek(end) {
            Some('-') => self.numbered_hyphens(end + 1).or(Some((TextTokenKind::NumHyphenWord, end))),
            _ => Some((TextTokenKind::NumHyphenWord, end)),
        }
    }

    /// Digits behind a hyphen belong to the word only where letters follow.
    fn digits_of_hyphens(&self, at: usize) -> FoundToken {
        let end = self.run(at, |c| c.is_ascii_digit());
        if self.is(end, |c| is_letter(c) || is_mark(c)) { self.rest_of_numbered_hyphens(end) } else { None }
    }

    /// A part of a word with hyphens, or the hyphen between two; `None` where the word has ended.
    fn hyphen_part(&self, at: usize) -> FoundToken {
        let c = self.peek(at)?;
        if c == '-' {
            return self.is(at + 1, |c| is_letter_or_digit(c) || is_mark(c)).then_some((TextTokenKind::Blank, at + 1));
        }
        if c.is_ascii_digit() {
            let end = self.run(at, |c| c.is_ascii_digit());
            return if self.is(end, |c| is_letter(c) || is_mark(c)) {
                Some((TextTokenKind::NumHyphenPart, self.run(end, |c| is_letter_or_digit(c) || is_mark(c))))
            } else {
                None
            };
        }
        if !is_letter(c) {
            return None;
        }
        let ascii = self.run(at, |c| c.is_ascii_alphabetic());
        let letters = self.run(ascii, |c| is_letter(c) || is_mark(c));
        let all = self.run(letters, |c| is_letter_or_digit(c) || is_mark(c));
        let kind = if all > letters {
            TextTokenKind::NumHyphenPart
        } else if letters > ascii {
            TextTokenKind::HyphenPart
        } else {
            TextTokenKind::AsciiHyphenPart
        };
        Some((kind, all))
    }

    fn entity(&self, at: usize) -> Option<usize> {
        let start = at + 1;
        let is_name_start = |c: char| c.is_ascii_alphabetic() || matches!(c, ':' | '_');
        let end = match self.peek(start)? {
            '#' if self.is(start + 1, |c| matches!(c, 'x' | 'X')) => {
                self.filled(start + 2, |c| c.is_ascii_hexdigit())?
            }
            '#' => self.filled(start + 1, |c| c.is_ascii_digit())?,
            c if is_name_start(c) => {
                self.filled(start, |c| is_letter_or_digit(c) || matches!(c, ':' | '_' | '.' | '-'))?
            }
            _ => return None,
        };
        (self.peek(end) == Some(';')).then_some(end + 1)
    }

    /// Where characters of a kind end of which there is one at least.
    pub(super) fn filled(&self, at: usize, of: impl Fn(char) -> bool) -> Option<usize> {
        let end = self.run(at, of);
        (end > at).then_some(end)
    }

    fn protocol(&self, at: usize) -> FoundToken {
        self.text.get(at..)?.starts_with("//").then_some((TextTokenKind::Protocol, at + 2))
    }
}

/// Digits of other scripts are letters, as in PostgreSQL.
pub(super) fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || !c.is_ascii() && c.is_alphanumeric() && !is_mark(c)
}

pub(super) fn is_letter_or_digit(c: char) -> bool {
    is_letter(c) || c.is_ascii_digit()
}

/// Marks are within words, but begin none.
pub(super) fn is_mark(c: char) -> bool {
    !c.is_ascii() && (is_combining_mark(c) || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}'))
}

/// Characters of URLs (RFC 3986).
pub(super) fn is_url(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
}
