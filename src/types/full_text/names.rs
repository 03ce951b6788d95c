//! Tokens that are names: hosts, addresses, files, the paths of URLs, and tags.

use crate::types::full_text::parser::{FoundToken, TextReader, TextTokenKind, is_letter_or_digit, is_mark, is_url};

/// Bytes of the longest tag or comment: a longer one is a text.
const TAG_BYTES_MAX: usize = 16 * 1024;

/// Where names of machines, addresses and files end.
impl TextReader<'_> {
    /// Behind a hyphen or underscore in a name of a machine.
    pub(super) fn host_name(&self, at: usize) -> FoundToken {
        if self.is(at, |c| c.is_ascii_alphanumeric()) { self.host(at, None) } else { None }
    }

    /// Behind a point in a name of a machine; `known` is what the name is up to there.
    pub(super) fn domain(&self, at: usize, known: FoundToken) -> FoundToken {
        let Some(c) = self.peek(at).filter(|_| at < self.limit) else { return known };
        if c.is_ascii_digit() {
            return self.host(at, known);
        }
        if !c.is_ascii_alphabetic() {
            return known;
        }
        let end = self.run(at, |c| c.is_ascii_alphabetic());
        if end == at + 1 {
            // One letter is no domain, but a part of a longer name.
            return match self.peek(end) {
                Some(c) if c.is_ascii_digit() => self.host(end, known),
                Some('-' | '_') if self.is(end + 1, |c| c.is_ascii_alphanumeric()) => self.host(end + 1, known),
                Some('.') => self.domain(end + 1, known),
                Some('@') => self.email(end + 1).or(known),
                _ => known,
            };
        }
        let here = Some((TextTokenKind::Host, end));
        match self.peek(end) {
            Some(c) if c.is_ascii_digit() => self.host(end, known),
            Some(':') => {
                let port = self.run(end + 1, |c| c.is_ascii_digit());
                if port == end + 1 { here } else { self.url(port).or(Some((TextTokenKind::Host, port))) }
            }
            Some('-' | '_') if self.is(end + 1, |c| c.is_ascii_alphanumeric()) => self.host(end + 1, here),
            Some('.') => self.domain(end + 1, here),
            Some('@') => self.email(end + 1).or(here),
            _ => self.url(end).or(here),
        }
    }

    /// Within a name of a machine that has not come to a domain.
    pub(super) fn host(&self, at: usize, known: FoundToken) -> FoundToken {
        let end = self.run(at, |c| c.is_ascii_alphanumeric());
        if end >= self.limit {
            return known;
        }
        match self.peek(end) {
            Some('@') => self.email(end + 1).or(known),
            Some('.') => self.domain(end + 1, known),
            Some('-' | '_') if self.is(end + 1, |c| c.is_ascii_alphanumeric()) => self.host(end + 1, known),
            _ => known,
        }
    }

    /// The path behind a host, with which it is a URL.
    pub(super) fn url(&self, at: usize) -> FoundToken {
        if self.is_host_wanted || self.peek(at) != Some('/') {
            return None;
        }
        self.filled(at + 1, is_url).map(|end| (TextTokenKind::Url, end))
    }

    /// Behind the `@` of an address.
    pub(super) fn email(&self, at: usize) -> FoundToken {
        if self.is_host_wanted {
            return None;
        }
        let inner = TextReader { is_host_wanted: true, ..*self };
        let found = match self.peek(at)? {
            c if c.is_ascii_alphabetic() => inner.ascii_word(at),
            c if c.is_ascii_digit() => inner.digits(at),
            _ => None,
        };
        found.filter(|(kind, _)| *kind == TextTokenKind::Host).map(|(_, end)| (TextTokenKind::Email, end))
    }

    /// Behind a slash: a file.
    pub(super) fn file_first(&self, at: usize) -> FoundToken {
        if at >= self.limit {
            return None;
        }
        match self.peek(at)? {
            c if c.is_ascii_alphanumeric() || c == '_' => Some(self.file(at)),
            '.' => match self.peek(at + 1)? {
                c if c.is_ascii_alphanumeric() || c == '_' => Some(self.file(at + 1)),
                '.' => self.two_dots(at + 2),
                '/' => self.file_first(at + 2),
                _ => None,
            },
            '~' => self.home(at + 1).map(|end| (TextTokenKind::File, end)),
            _ => None,
        }
    }

    /// Behind a tilde.
    pub(super) fn home(&self, at: usize) -> Option<usize> {
        match self.peek(at)? {
            c if c.is_ascii_alphanumeric() || c == '_' => Some(self.file(at).1),
            '/' => self.file_first(at + 1).map(|(_, end)| end),
            _ => None,
        }
    }

    /// Behind a point that begins a token.
    pub(super) fn dots(&self, at: usize) -> FoundToken {
        match self.peek(at)? {
            '.' => self.two_dots(at + 1),
            '/' => self.file_first(at + 1),
            _ => None,
        }
    }

    fn two_dots(&self, at: usize) -> FoundToken {
        match self.peek(at) {
            Some('/') => self.file_first(at + 1).or(Some((TextTokenKind::File, at))),
            Some(c) if !c.is_whitespace() => None,
            _ => Some((TextTokenKind::File, at)),
        }
    }

    /// Behind a point in a file.
    pub(super) fn file_next(&self, at: usize) -> FoundToken {
        self.is(at, |c| c.is_ascii_alphanumeric() || c == '_').then(|| self.file(at))
    }

    fn file(&self, start: usize) -> (TextTokenKind, usize) {
        let mut at = start;
        loop {
            at = self.run(at, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
            match self.peek(at) {
                Some('.') if at < self.limit && self.is(at + 1, |c| c.is_ascii_alphanumeric() || c == '_') => at += 1,
                Some('/') => return self.file_first(at + 1).unwrap_or((TextTokenKind::File, at)),
                _ => return (TextTokenKind::File, at),
            }
        }
    }
}

/// Tags of HTML and XML.
impl TextReader<'_> {
    /// Where a tag ends, and whether what follows is to be ignored, where it says so.
    pub(super) fn tag(&self, at: usize) -> Option<(usize, Option<bool>)> {
        let start = at + 1;
        match self.peek(start)? {
            '/' if self.is(start + 1, |c| c.is_ascii_alphabetic()) => self.tag_name(at, start + 1),
            '!' => match self.peek(start + 1)? {
                '-' if self.peek(start + 2) == Some('-') => {
                    let rest = self.text.as_bytes().get(start + 3..)?;
                    let rest = rest.get(..TAG_BYTES_MAX).unwrap_or(rest);
                    rest.windows(3).position(|bytes| bytes == b"-->").map(|end| (start + 3 + end + 3, None))
                }
                'D' | 'd' => self.in_tag(start + 2),
                _ => None,
            },
            '?' if self.is(start + 1, |c| matches!(c, 'x' | 'X')) => self.in_tag(start + 2),
            c if c.is_ascii_alphabetic() || matches!(c, ':' | '_') => self.tag_name(at, start),
            _ => None,
        }
    }

    fn tag_name(&self, tag: usize, at: usize) -> Option<(usize, Option<bool>)> {
        let end = self.run(at, |c| is_letter_or_digit(c) || matches!(c, ':' | '_' | '.' | '-'));
        let ignoring = ignoring_after(self.text.get(tag..end)?);
        match self.peek(end)? {
            '>' => Some((end + 1, ignoring)),
            '/' if self.peek(end + 1) == Some('>') => Some((end + 2, None)),
            c if c.is_whitespace() => {
                let (end, _) = self.in_tag(end)?;
                Some((end, ignoring))
            }
            _ => None,
        }
    }

    /// Within a tag, behind its name.
    fn in_tag(&self, mut at: usize) -> Option<(usize, Option<bool>)> {
        let limit = at.saturating_add(TAG_BYTES_MAX);
        loop {
            if at > limit {
                return None;
            }
            match self.peek(at)? {
                '>' => return Some((at + 1, None)),
                quote @ ('\'' | '"') => at = self.quoted(quote, at + 1)?,
                c if is_letter_or_digit(c) || c.is_whitespace() || is_mark(c) => at = self.after(at),
                '=' | '-' | '_' | '#' | '/' | ':' | '.' | '&' | '?' | '%' | '~' => at += 1,
                _ => return None,
            }
        }
    }

    /// Behind a text in quotes, in which a backslash takes what follows.
    fn quoted(&self, quote: char, mut at: usize) -> Option<usize> {
        let limit = at.saturating_add(TAG_BYTES_MAX);
        loop {
            if at > limit {
                return None;
            }
            match self.peek(at)? {
                '\\' => at = self.after(at + 1),
                c if c == quote => return Some(at + 1),
                _ => at = self.after(at),
            }
        }
    }
}

/// Whether what follows a tag is no text: scripts and styles until they end.
fn ignoring_after(tag: &str) -> Option<bool> {
    match tag.to_ascii_lowercase().as_str() {
        "<script" | "<style" => Some(true),
        "</script" | "</style" => Some(false),
        _ => None,
    }
}
