//! The form of a statement without its values: what a log may keep of one.
//!
//! Whoever reads the statement's language hands over its tokens; anything that is no word or sign of the language becomes `?`,
//! and a list of values becomes `?, …`.

/// Longest form, in bytes.
const SHAPE_BYTES_MAX: usize = 2000;

/// How a list of several values ends.
const LIST_END: &str = "?, …";

/// The form of a statement, as far as its tokens have come.
#[derive(Debug, Default)]
pub struct StatementShape {
    text: String,
    is_spaced: bool,
    is_cut: bool,
}

impl StatementShape {
    /// White space or a comment.
    pub fn space(&mut self) {
        self.is_spaced = !self.text.is_empty();
    }

    /// A word, a name or a sign of the language.
    pub fn word(&mut self, word: &str) {
        if self.is_cut || self.text.len() + word.len() > SHAPE_BYTES_MAX {
            self.is_cut = true;
            return;
        }
        if std::mem::take(&mut self.is_spaced) {
            self.text.push(' ');
        }
        self.text.push_str(word);
    }

    /// A value.
    pub fn value(&mut self) {
        let list = self.text.strip_suffix(',').filter(|list| list.ends_with('?') || list.ends_with(LIST_END));
        let Some(list) = list else { return self.word("?") };
        let (length, has_end) = (list.len(), list.ends_with(LIST_END));
        self.text.truncate(length);
        self.is_spaced = false;
        if !has_end {
            self.word(", …");
        }
    }

    pub fn into_text(mut self) -> String {
        if self.is_cut {
            self.text.push_str(" …");
        }
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_values_are_short_and_so_is_the_whole() {
        let mut shape = StatementShape::default();
        shape.space();
        shape.word("IN");
        shape.space();
        shape.word("(");
        for _ in 0..5 {
            shape.value();
            shape.word(",");
            shape.space();
        }
        shape.word("id");
        assert_eq!(shape.into_text(), "IN (?, …, id");
        let mut long = StatementShape::default();
        (0..1000).for_each(|_| long.word("word"));
        let long = long.into_text();
        assert!(long.len() <= SHAPE_BYTES_MAX + " …".len() && long.ends_with(" …"));
    }
}
