//! What a client is told of an error or a notice, in the fields of the protocol.
//!
//! Errors quote what the client has sent: names and values of any length. Whoever reads a message wants to recognise them and
//! not to have them back, so that long quotes are cut here, where all errors and notices go out.

use std::borrow::Cow;

use crate::error::Error;

/// Texts up to this length go out as they are.
const TEXT_BYTES_FREE: usize = 1024;
/// Characters that are left of each quoted piece of a longer text.
const QUOTE_CHARACTERS_MAX: usize = 128;
/// Bytes that are left of a text, however many pieces it quotes.
const TEXT_BYTES_MAX: usize = 8 * 1024;

/// The fields of an error or a notice (PostgreSQL documentation, section 54.8).
pub(super) fn fields_of(severity: &str, sqlstate: &str, error: &Error) -> Vec<(u8, String)> {
    let mut fields = vec![
        (b'S', severity.to_string()),
        (b'V', severity.to_string()),
        (b'C', sqlstate.to_string()),
        (b'M', told(error.message())),
    ];
    fields.extend(error.detail().map(|detail| (b'D', told(detail))));
    fields.extend(error.hint().map(|hint| (b'H', told(hint))));
    fields.extend(error.position().map(|position| (b'P', position.to_string())));
    fields.extend(error.routine().map(|routine| (b'R', routine.to_string())));
    if let Some(subject) = error.subject() {
        let named = [
            (b's', &subject.schema),
            (b't', &subject.table),
            (b'c', &subject.column),
            (b'd', &subject.datatype),
            (b'n', &subject.constraint),
        ];
        fields.extend(named.into_iter().filter_map(|(tag, name)| Some((tag, told(name.as_deref()?)))));
    }
    fields
}

/// Texts on the wire end at the first NUL.
pub(super) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

fn told(text: &str) -> String {
    without_nul(&shortened(text))
}

/// A text whose quotes are cut where it is long.
fn shortened(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT_BYTES_FREE {
        return Cow::Borrowed(text);
    }
    let mut short = String::with_capacity(TEXT_BYTES_FREE);
    for (place, piece) in text.split('"').enumerate() {
        if place > 0 {
            short.push('"');
        }
        // Every other piece stands in quotes.
        let most = if place % 2 == 1 { QUOTE_CHARACTERS_MAX } else { TEXT_BYTES_MAX };
        push_cut(&mut short, piece, most);
        if short.len() > TEXT_BYTES_MAX {
            let whole = std::mem::take(&mut short);
            push_cut(&mut short, &whole, TEXT_BYTES_MAX);
            break;
        }
    }
    Cow::Owned(short)
}

/// Adds as much of a piece as it has characters at most, and says so where that is not all.
fn push_cut(text: &mut String, piece: &str, characters_max: usize) {
    match piece.char_indices().nth(characters_max) {
        Some((end, _)) => {
            text.push_str(piece.get(..end).unwrap_or_default());
            text.push('…');
        }
        None => text.push_str(piece),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_quotes_are_cut_and_the_rest_is_not() {
        let short = format!("relation \"{}\" does not exist", "x".repeat(500));
        assert_eq!(shortened(&short), short);
        let told = shortened(&format!("relation \"{}\" does not exist", "é".repeat(4_000_000))).into_owned();
        assert_eq!(told, format!("relation \"{}…\" does not exist", "é".repeat(QUOTE_CHARACTERS_MAX)));
        let bare = shortened(&"x".repeat(1_000_000)).into_owned();
        assert_eq!(bare.chars().count(), TEXT_BYTES_MAX + 1);
        assert!(shortened(&"\"ab".repeat(1_000_000)).len() < 2 * TEXT_BYTES_MAX);
    }
}
