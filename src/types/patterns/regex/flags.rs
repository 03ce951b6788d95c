//! Options of a regular expression, as letters behind `(?` and in the last argument of functions.

/// What kind of expression it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    #[default]
    Advanced,
    Extended,
    Basic,
    /// Every character stands for itself.
    Literal,
}

/// The options that an expression begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegexFlags {
    pub dialect: Dialect,
    pub ignores_case: bool,
    /// A dot and a bracket with `^` are no newline.
    pub stops_at_newline: bool,
    /// `^` and `$` are beside newlines too.
    pub anchors_at_newline: bool,
    /// Blanks and comments are left out.
    pub is_expanded: bool,
}

impl RegexFlags {
    /// Takes an option; false for a letter that is none.
    pub fn take(&mut self, option: char) -> bool {
        match option {
            'b' => self.dialect = Dialect::Basic,
            'e' => self.dialect = Dialect::Extended,
            'q' => self.dialect = Dialect::Literal,
            'c' => self.ignores_case = false,
            'i' => self.ignores_case = true,
            'm' | 'n' => (self.stops_at_newline, self.anchors_at_newline) = (true, true),
            'p' => (self.stops_at_newline, self.anchors_at_newline) = (true, false),
            's' => (self.stops_at_newline, self.anchors_at_newline) = (false, false),
            'w' => (self.stops_at_newline, self.anchors_at_newline) = (false, true),
            't' => self.is_expanded = false,
            'x' => self.is_expanded = true,
            _ => return false,
        }
        true
    }
}
