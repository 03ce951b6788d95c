//! The tree of a path (`jsonpath_gram.y` of PostgreSQL).

use crate::error::{Error, ErrorKind, Result};
use crate::types::json::path::lexer::{PathToken, Word, canonical_number, syntax_error, words};
use crate::types::json::path::syntax::{Binary, JsonPath, LikePattern, Method, PathAccessor, PathComparison, PathNode};

/// Expressions within one another, at most.
const DEPTH_MAX: usize = 64;
/// Accessors of a path, at most.
const STEPS_MAX: usize = 500;

/// Reads a path. Its methods are the rules of the grammar.
struct Parser<'p> {
    path: &'p str,
    words: Vec<Word>,
    at: usize,
    depth: usize,
    steps: usize,
    /// Filters around, in which `@` is, and subscripts, in which `last` is.
    filters: usize,
    subscripts: usize,
}

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// 22P02 for an empty text, 42601 for one that is no path, 2201B for a wrong regular expression, 54001 for a path too deep.
    pub fn parse(path: &str) -> Result<JsonPath> {
        let mut parser = Parser { path, words: words(path)?, at: 0, depth: 0, steps: 0, filters: 0, subscripts: 0 };
        if parser.words.len() <= 1 {
            let message = format!("invalid input syntax for type jsonpath: \"{path}\"");
            return Err(Error::new(ErrorKind::InvalidTextRepresentation, message));
        }
        let is_strict = parser.eat_name("strict");
        if !is_strict {
            parser.eat_name("lax");
        }
        let root = parser.any()?;
        if parser.token() != &PathToken::End {
            return Err(parser.unexpected());
        }
        Ok(JsonPath { is_strict, root })
    }
}

impl Parser<'_> {
    fn token(&self) -> &PathToken {
        self.words.get(self.at).map_or(&PathToken::End, |word| &word.token)
    }

    fn ahead(&self, count: usize) -> &PathToken {
        self.words.get(self.at + count).map_or(&PathToken::End, |word| &word.token)
    }

    fn unexpected(&self) -> Error {
        let (start, end) = self.words.get(self.at).map_or((0, 0), |word| (word.start, word.end));
        syntax_error("syntax error", self.path, start, end)
    }

    fn bump(&mut self) -> PathToken {
        let token = self.token().clone();
        self.at += 1;
        token
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.token(), PathToken::Sign(found) if *found == sign)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let is_there = self.is_sign(sign);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, sign: &str) -> Result<()> {
        if self.eat(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn is_name(&self, name: &str) -> bool {
        matches!(self.token(), PathToken::Name(found) if found.eq_ignore_ascii_case(name))
    }

    fn eat_name(&mut self, name: &str) -> bool {
        let is_there = self.is_name(name);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect_name(&mut self, name: &str) -> Result<()> {
        if self.eat_name(name) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth <= DEPTH_MAX {
            return Ok(());
        }
        Err(Error::new(ErrorKind::TooComplex, "the jsonpath is too deep")
            .with_detail(format!("Expressions may be {DEPTH_MAX} deep.")))
    }

    /// An expression or a condition.
    fn any(&mut self) -> Result<PathNode> {
        self.deeper()?;
        let mut left = self.conjunction()?;
        while self.is_sign("||") {
            self.condition_of(&left)?;
            self.at += 1;
            let right = self.conjunction()?;
            self.condition_of(&right)?;
            left = PathNode::Or(Box::new(left), Box::new(right));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn condition(&mut self) -> Result<PathNode> {
        let node = self.any()?;
        self.condition_of(&node)?;
        Ok(node)
    }

    fn expression(&mut self) -> Result<PathNode> {
        let node = self.any()?;
        if node.is_condition() { Err(self.unexpected()) } else { Ok(node) }
    }

    fn condition_of(&self, node: &PathNode) -> Result<()> {
        if node.is_condition() { Ok(()) } else { Err(self.unexpected()) }
    }

    fn conjunction(&mut self) -> Result<PathNode> {
        let mut left = self.comparison()?;
        while self.is_sign("&&") {
            self.condition_of(&left)?;
            self.at += 1;
            let right = self.comparison()?;
            self.condition_of(&right)?;
            left = PathNode::And(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<PathNode> {
        if self.eat("!") {
            let inner = self.delimited()?;
            return Ok(PathNode::Not(Box::new(inner)));
        }
        let left = self.sum()?;
        let operator = match self.token() {
            PathToken::Sign("==") => PathComparison::Equal,
            PathToken::Sign("!=" | "<>") => PathComparison::NotEqual,
            PathToken::Sign("<") => PathComparison::Less,
            PathToken::Sign("<=") => PathComparison::LessOrEqual,
            PathToken::Sign(">") => PathComparison::Greater,
            PathToken::Sign(">=") => PathComparison::GreaterOrEqual,
            _ => return self.worded(left),
        };
        if left.is_condition() {
            return Err(self.unexpected());
        }
        self.at += 1;
        let right = self.sum()?;
        if right.is_condition() {
            return Err(self.unexpected());
        }
        Ok(PathNode::Compare(operator, Box::new(left), Box::new(right)))
    }

    /// `starts with` and `like_regex` behind an expression.
    fn worded(&mut self, left: PathNode) -> Result<PathNode> {
        if left.is_condition() {
            return Ok(left);
        }
        if self.eat_name("starts") {
            self.expect_name("with")?;
            let initial = match self.bump() {
                PathToken::String(text) => PathNode::String(text),
                PathToken::Variable(name) => PathNode::Variable(name),
                _ => {
                    self.at -= 1;
                    return Err(self.unexpected());
                }
            };
            return Ok(PathNode::StartsWith(Box::new(left), Box::new(initial)));
        }
        if self.eat_name("like_regex") {
            let PathToken::String(text) = self.bump() else {
                self.at -= 1;
                return Err(self.unexpected());
            };
            let mut flags = String::new();
            if self.eat_name("flag") {
                let PathToken::String(given) = self.bump() else {
                    self.at -= 1;
                    return Err(self.unexpected());
                };
                flags = given;
            }
            return Ok(PathNode::LikeRegex(Box::new(left), LikePattern::read(text, &flags)?));
        }
        Ok(left)
    }

    /// `(condition)` or `exists (…)`.
    fn delimited(&mut self) -> Result<PathNode> {
        if self.is_name("exists") && matches!(self.ahead(1), PathToken::Sign("(")) {
            return self.exists();
        }
        self.expect("(")?;
        let inner = self.condition()?;
        self.expect(")")?;
        Ok(inner)
    }

    fn exists(&mut self) -> Result<PathNode> {
        self.at += 1;
        self.expect("(")?;
        let inner = self.expression()?;
        self.expect(")")?;
        Ok(PathNode::Exists(Box::new(inner)))
    }

    fn sum(&mut self) -> Result<PathNode> {
        let mut left = self.product()?;
        loop {
            let operator = match self.token() {
                PathToken::Sign("+") => Binary::Add,
                PathToken::Sign("-") => Binary::Subtract,
                _ => return Ok(left),
            };
            left = self.computed(operator, left, Self::product)?;
        }
    }

    fn product(&mut self) -> Result<PathNode> {
        let mut left = self.signed()?;
        loop {
            let operator = match self.token() {
                PathToken::Sign("*") => Binary::Multiply,
                PathToken::Sign("/") => Binary::Divide,
                PathToken::Sign("%") => Binary::Remainder,
                _ => return Ok(left),
            };
            left = self.computed(operator, left, Self::signed)?;
        }
    }

    fn computed(
        &mut self,
        operator: Binary,
        left: PathNode,
        operand: fn(&mut Self) -> Result<PathNode>,
    ) -> Result<PathNode> {
        if left.is_condition() {
            return Err(self.unexpected());
        }
        self.at += 1;
        let right = operand(self)?;
        if right.is_condition() {
            return Err(self.unexpected());
        }
        Ok(PathNode::Binary(operator, Box::new(left), Box::new(right)))
    }

    fn signed(&mut self) -> Result<PathNode> {
        let is_minus = match self.token() {
            PathToken::Sign("-") => true,
            PathToken::Sign("+") => false,
            _ => return self.accessed(),
        };
        self.deeper()?;
        self.at += 1;
        let inner = self.signed()?;
        self.depth -= 1;
        if inner.is_condition() {
            return Err(self.unexpected());
        }
        // The sign of a number belongs to it.
        Ok(match inner {
            PathNode::Number(text) if is_minus && !text.starts_with('-') => {
                let is_zero = !text.bytes().any(|byte| byte.is_ascii_digit() && byte != b'0');
                PathNode::Number(if is_zero { text } else { format!("-{text}") })
            }
            PathNode::Number(text) if is_minus => PathNode::Number(text.trim_start_matches('-').to_string()),
            PathNode::Number(text) => PathNode::Number(text),
            inner => PathNode::Sign(is_minus, Box::new(inner)),
        })
    }

    /// A primary with the accessors behind it.
    fn accessed(&mut self) -> Result<PathNode> {
        let base = self.primary()?;
        let mut steps = Vec::new();
        while let Some(step) = self.step()? {
            steps.push(step);
        }
        if steps.is_empty() {
            return Ok(base);
        }
        self.steps += steps.len();
        if self.steps > STEPS_MAX {
            return Err(Error::new(ErrorKind::TooComplex, "the jsonpath is too long")
                .with_detail(format!("It has at most {STEPS_MAX} accessors.")));
        }
        // Accessors behind parentheses go on where those inside end.
        Ok(match base {
            PathNode::Path(base, mut own) => {
                own.extend(steps);
                PathNode::Path(base, own)
            }
            base => PathNode::Path(Box::new(base), steps),
        })
    }

    fn primary(&mut self) -> Result<PathNode> {
        Ok(match self.token().clone() {
            PathToken::Sign("(") => {
                self.at += 1;
                let inner = self.any()?;
                self.expect(")")?;
                if inner.is_condition() && self.is_name("is") {
                    self.at += 1;
                    self.expect_name("unknown")?;
                    return Ok(PathNode::IsUnknown(Box::new(inner)));
                }
                return Ok(inner);
            }
            PathToken::Sign("$") => {
                self.at += 1;
                PathNode::Root
            }
            PathToken::Sign("@") => {
                if self.filters == 0 {
                    return Err(Error::syntax("@ is not allowed in root expressions", None));
                }
                self.at += 1;
                PathNode::Current
            }
            PathToken::Variable(name) => {
                self.at += 1;
                PathNode::Variable(name)
            }
            PathToken::String(text) => {
                self.at += 1;
                PathNode::String(text)
            }
            PathToken::Number(text, _) => {
                self.at += 1;
                PathNode::Number(canonical_number(&text)?)
            }
            PathToken::Name(name) => {
                let node = match name.as_str() {
                    "null" => PathNode::Null,
                    "true" => PathNode::Bool(true),
                    "false" => PathNode::Bool(false),
                    _ if name.eq_ignore_ascii_case("last") => {
                        if self.subscripts == 0 {
                            return Err(Error::syntax("LAST is allowed only in array subscripts", None));
                        }
                        PathNode::Last
                    }
                    _ if name.eq_ignore_ascii_case("exists") && matches!(self.ahead(1), PathToken::Sign("(")) => {
                        return self.exists();
                    }
                    _ => return Err(self.unexpected()),
                };
                self.at += 1;
                node
            }
            PathToken::Sign(_) | PathToken::End => return Err(self.unexpected()),
        })
    }

    fn step(&mut self) -> Result<Option<PathAccessor>> {
        if self.eat("[") {
            return self.subscript().map(Some);
        }
        if self.eat("?") {
            self.expect("(")?;
            self.filters += 1;
            let condition = self.condition()?;
            self.filters -= 1;
            self.expect(")")?;
            return Ok(Some(PathAccessor::Filter(Box::new(condition))));
        }
        if !self.eat(".") {
            return Ok(None);
        }
        if self.eat("**") {
            return self.levels().map(Some);
        }
        if self.eat("*") {
            return Ok(Some(PathAccessor::AnyKey));
        }
        match self.bump() {
            PathToken::String(key) => Ok(Some(PathAccessor::Key(key))),
            PathToken::Name(name) if self.is_sign("(") => self.method(&name).map(Some),
            PathToken::Name(name) => Ok(Some(PathAccessor::Key(name))),
            _ => {
                self.at -= 1;
                Err(self.unexpected())
            }
        }
    }

    fn subscript(&mut self) -> Result<PathAccessor> {
        if self.is_sign("*") && matches!(self.ahead(1), PathToken::Sign("]")) {
            self.at += 2;
            return Ok(PathAccessor::AnyElement);
        }
        let mut elements = Vec::new();
        self.subscripts += 1;
        loop {
            let from = self.expression()?;
            let to = if self.eat_name("to") { Some(self.expression()?) } else { None };
            elements.push((from, to));
            if !self.eat(",") {
                break;
            }
        }
        self.subscripts -= 1;
        self.expect("]")?;
        Ok(PathAccessor::Elements(elements))
    }

    fn levels(&mut self) -> Result<PathAccessor> {
        if !self.eat("{") {
            return Ok(PathAccessor::Any(Some(0), None));
        }
        let first = self.level()?;
        let last = if self.eat_name("to") { self.level()? } else { first };
        self.expect("}")?;
        Ok(PathAccessor::Any(first, last))
    }

    fn level(&mut self) -> Result<Option<u32>> {
        if self.eat_name("last") {
            return Ok(None);
        }
        match self.bump() {
            PathToken::Number(text, true) => text.parse().map(Some).map_err(|_| {
                let message = format!("value \"{text}\" is out of range for type integer");
                Error::new(ErrorKind::NumericOutOfRange, message)
            }),
            _ => {
                self.at -= 1;
                Err(self.unexpected())
            }
        }
    }

    /// A method, whose name was read.
    fn method(&mut self, name: &str) -> Result<PathAccessor> {
        let found = Method::ALL.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
        let Some((_, method)) = found else { return Err(self.unexpected()) };
        self.expect("(")?;
        let mut arguments = Vec::new();
        match method {
            Method::Decimal => {
                while !self.is_sign(")") {
                    let sign = if self.eat("-") { "-" } else { "" };
                    if sign.is_empty() {
                        self.eat("+");
                    }
                    let PathToken::Number(text, true) = self.bump() else {
                        self.at -= 1;
                        return Err(self.unexpected());
                    };
                    arguments.push(format!("{sign}{text}"));
                    if arguments.len() > 2 {
                        let message = "invalid input syntax for type jsonpath";
                        return Err(Error::syntax(message, None)
                            .with_detail(".decimal() can only have an optional precision[,scale]."));
                    }
                    if !self.eat(",") {
                        break;
                    }
                }
            }
            Method::Datetime => {
                if let PathToken::String(text) = self.token().clone() {
                    self.at += 1;
                    arguments.push(text);
                }
            }
            Method::Time | Method::TimeTz | Method::Timestamp | Method::TimestampTz => {
                if let PathToken::Number(text, true) = self.token().clone() {
                    self.at += 1;
                    arguments.push(text);
                }
            }
            _ => {}
        }
        self.expect(")")?;
        Ok(PathAccessor::Method(*method, arguments))
    }
}
