//! The kinds of errors, each with its SQLSTATE.

/// What went wrong, named for what the caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The text is not in the language: fix the statement.
    Syntax,
    /// PostgreSQL has it, this server does not: see COMPAT.md.
    Unsupported,
    /// A named relation does not exist.
    UndefinedTable,
    /// A named column does not exist.
    UndefinedColumn,
    /// No function or operator of that name takes these arguments.
    UndefinedFunction,
    /// Some other named object (type, index, setting, portal, …) does not exist.
    UndefinedObject,
    /// A parameter `$n` has no type or no value.
    UndefinedParameter,
    /// A relation of that name exists.
    DuplicateTable,
    /// A column is named twice.
    DuplicateColumn,
    /// Some other object of that name exists.
    DuplicateObject,
    /// A table name or alias is given twice in one FROM.
    DuplicateAlias,
    /// A schema of that name exists.
    DuplicateSchema,
    /// The system keeps the name for itself.
    ReservedName,
    /// A role cannot be made a member of that role, or not in this way.
    InvalidGrantOperation,
    /// A warning: nothing, or not all, was granted.
    PrivilegeNotGranted,
    /// A warning: nothing, or not all, was revoked.
    PrivilegeNotRevoked,
    /// A named schema does not exist.
    UndefinedSchema,
    /// A named database does not exist.
    UndefinedDatabase,
    /// The name means an object of another kind.
    WrongObjectType,
    /// An object cannot be made of what a statement makes it of.
    InvalidObjectDefinition,
    /// A table cannot be as a statement wants it.
    InvalidTableDefinition,
    /// Something else needs the object.
    DependentObjects,
    /// A prepared statement of that name exists.
    DuplicatePreparedStatement,
    /// A prepared statement of that name does not exist.
    UndefinedPreparedStatement,
    /// A portal of that name does not exist.
    UndefinedCursor,
    /// A column name fits more than one relation.
    AmbiguousColumn,
    /// Several functions or operators of that name take these arguments, and none of them better.
    AmbiguousFunction,
    /// A column must be grouped or aggregated.
    Grouping,
    /// A window function stands where none may.
    Windowing,
    /// No cast leads from the one type to the other.
    CannotCoerce,
    /// A value has the wrong type for its place.
    DatatypeMismatch,
    /// A value cannot be converted to the wanted type's text form.
    InvalidTextRepresentation,
    /// A value cannot be read in the wanted type's binary form.
    InvalidBinaryRepresentation,
    /// Data breaks a rule of its type: wrong vector dimension, NaN component.
    DataException,
    /// A number does not fit its type.
    NumericOutOfRange,
    /// Text that is not a date, time or interval.
    InvalidDatetimeFormat,
    /// A date or time does not exist or does not fit.
    DatetimeOutOfRange,
    /// A time zone too far from UTC.
    ZoneDisplacement,
    /// A field of an interval is out of range.
    IntervalFieldOverflow,
    /// A time in a JSON path that is none.
    JsonDatetimeArgument,
    /// A subscript in a JSON path that is none, or out of bounds.
    JsonSubscript,
    /// A JSON path wants a number.
    NonNumericJsonItem,
    /// A JSON path wants one item.
    JsonSingletonRequired,
    JsonArrayNotFound,
    JsonMemberNotFound,
    JsonNumberNotFound,
    JsonObjectNotFound,
    /// Division by zero.
    DivisionByZero,
    /// A text is longer than its column.
    StringTooLong,
    /// Bytes that are not UTF-8, or a NUL in a text.
    InvalidEncoding,
    /// A setting or argument is outside its range.
    InvalidParameterValue,
    /// A setting that tells of the server and cannot be changed.
    FixedParameter,
    /// A name that cannot be given.
    InvalidName,
    /// A text that is no regular expression.
    InvalidRegex,
    /// A pattern or escape of LIKE that is none.
    InvalidEscape,
    /// An SQL regular expression with more parts than can be told apart.
    EscapeConflict,
    /// A character that the type cannot hold.
    UntranslatableCharacter,
    /// The rows of COPY are not what its table or format wants.
    BadCopyFormat,
    /// A query that names itself where it may not.
    InvalidRecursion,
    /// A column is named where the query cannot know it.
    InvalidColumnReference,
    /// OFFSET is negative.
    InvalidOffset,
    /// The offset of a window frame is negative.
    InvalidFrame,
    /// The argument of a window function is outside its range.
    InvalidWindowArgument,
    /// Buckets that cannot be counted.
    InvalidBuckets,
    /// Rows cannot be divided into so many groups.
    InvalidNtile,
    /// A root or a power that has no real value.
    InvalidPower,
    /// A logarithm of what has none.
    InvalidLogarithm,
    /// A part of a text that is shorter than nothing.
    InvalidSubstring,
    /// A text that may not be empty (2200F).
    ZeroLengthCharacter,
    /// Arrays that do not fit into one.
    ArraySubscript,
    StringLengthMismatch,
    /// A NULL where a value is needed.
    NullNotAllowed,
    /// A cursor of that name is open.
    DuplicateCursor,
    /// A lock was waited for too long.
    LockNotAvailable,
    /// LIMIT is negative.
    InvalidLimit,
    /// A statement that returns more than one row where one is wanted.
    Cardinality,
    /// A NULL in a column that forbids it.
    NotNullViolation,
    /// A key that exists already.
    UniqueViolation,
    /// A row written through a view that is no row of it.
    CheckOptionViolation,
    /// A row that makes a condition of its table false.
    CheckViolation,
    /// A reference to a row that is not there, or a row that others refer to.
    ForeignKeyViolation,
    /// A row that others refer to, and that RESTRICT keeps.
    RestrictViolation,
    /// The object is not in the state that the statement needs.
    NotInPrerequisiteState,
    /// Columns that cannot refer to those of another table.
    InvalidForeignKey,
    /// A sequence has given its last number.
    SequenceExhausted,
    /// The wrong user or password.
    InvalidPassword,
    /// The way of logging in is not the right one: another user, TLS, or a channel that somebody stands in.
    InvalidAuthorization,
    /// A column that only the server fills: leave it out, or assign DEFAULT.
    GeneratedAlways,
    /// The connection may not do that.
    InsufficientPrivilege,
    /// Transactions waited for locks of one another.
    Deadlock,
    /// Somebody else changed the row first: retry the transaction.
    SerializationFailure,
    /// An earlier statement failed: roll back.
    InFailedTransaction,
    /// BEGIN inside a transaction and the like.
    ActiveTransaction,
    /// A statement that needs a transaction block stands outside one.
    NoActiveTransaction,
    /// A write in a transaction that may only read.
    ReadOnlyTransaction,
    /// A savepoint of that name does not exist.
    InvalidSavepoint,
    /// A message, entry, statement or nesting over its limit.
    LimitExceeded,
    /// The statement is nested too deeply.
    TooComplex,
    /// More columns than a result may have.
    TooManyColumns,
    /// More arguments than a function takes.
    TooManyArguments,
    /// A JSON object has two members of one name, where none may.
    DuplicateJsonKey,
    /// The disk is full or a write failed; reads go on.
    DiskFull,
    /// The server holds as many connections as it may.
    TooManyConnections,
    /// The server holds as many bytes for its clients as it may: send less at once, or try again.
    OutOfMemory,
    /// The owner asked to cancel, or the statement ran into its timeout.
    QueryCanceled,
    /// The server is going down.
    Shutdown,
    /// The client has gone; nobody reads this.
    ConnectionLost,
    /// The client broke the wire protocol.
    ProtocolViolation,
    /// A configuration file, flag or key file is wrong: fix it and start again.
    Configuration,
    /// The object is of a kind that cannot be used so.
    WrongObjectState,
    /// Another server holds the data directory, or a thing is in use.
    ObjectInUse,
    /// Stored bytes fail their checks.
    Corrupted,
    /// Reading or writing a file failed.
    Io,
    /// Entries that other members of a network hold have to be fetched before they can be read here.
    NotHeld,
    /// What the code of DO raises, with the SQLSTATE that it names.
    Raised(&'static str),
    /// A defect of this program.
    Internal,
    /// Nothing went wrong: only a [`Notice`](crate::error::Notice) is of this kind.
    Success,
}

impl ErrorKind {
    /// The SQLSTATE of this kind (PostgreSQL documentation, appendix A).
    #[expect(clippy::too_many_lines, reason = "one arm a kind, so that a new one does not compile without a code")]
    pub fn sqlstate(self) -> &'static str {
        match self {
            ErrorKind::Syntax => "42601",
            ErrorKind::Unsupported => "0A000",
            ErrorKind::UndefinedTable => "42P01",
            ErrorKind::UndefinedColumn => "42703",
            ErrorKind::UndefinedFunction => "42883",
            ErrorKind::UndefinedObject => "42704",
            ErrorKind::UndefinedParameter => "42P02",
            ErrorKind::DuplicateTable => "42P07",
            ErrorKind::DuplicateColumn => "42701",
            ErrorKind::DuplicateObject => "42710",
            ErrorKind::DuplicateAlias => "42712",
            ErrorKind::DuplicateSchema => "42P06",
            ErrorKind::ReservedName => "42939",
            ErrorKind::InvalidGrantOperation => "0LP01",
            ErrorKind::PrivilegeNotGranted => "01007",
            ErrorKind::PrivilegeNotRevoked => "01006",
            ErrorKind::UndefinedSchema => "3F000",
            ErrorKind::UndefinedDatabase => "3D000",
            ErrorKind::WrongObjectType => "42809",
            ErrorKind::InvalidObjectDefinition => "42P17",
            ErrorKind::InvalidTableDefinition => "42P16",
            ErrorKind::DependentObjects => "2BP01",
            ErrorKind::DuplicatePreparedStatement => "42P05",
            ErrorKind::UndefinedPreparedStatement => "26000",
            ErrorKind::UndefinedCursor => "34000",
            ErrorKind::AmbiguousColumn => "42702",
            ErrorKind::AmbiguousFunction => "42725",
            ErrorKind::Grouping => "42803",
            ErrorKind::Windowing => "42P20",
            ErrorKind::CannotCoerce => "42846",
            ErrorKind::DatatypeMismatch => "42804",
            ErrorKind::InvalidTextRepresentation => "22P02",
            ErrorKind::InvalidBinaryRepresentation => "22P03",
            ErrorKind::DataException => "22000",
            ErrorKind::NumericOutOfRange => "22003",
            ErrorKind::InvalidDatetimeFormat => "22007",
            ErrorKind::DatetimeOutOfRange => "22008",
            ErrorKind::ZoneDisplacement => "22009",
            ErrorKind::IntervalFieldOverflow => "22015",
            ErrorKind::JsonDatetimeArgument => "22031",
            ErrorKind::JsonSubscript => "22033",
            ErrorKind::NonNumericJsonItem => "22036",
            ErrorKind::JsonSingletonRequired => "22038",
            ErrorKind::JsonArrayNotFound => "22039",
            ErrorKind::JsonMemberNotFound => "2203A",
            ErrorKind::JsonNumberNotFound => "2203B",
            ErrorKind::JsonObjectNotFound => "2203C",
            ErrorKind::DivisionByZero => "22012",
            ErrorKind::StringTooLong => "22001",
            ErrorKind::InvalidEncoding => "22021",
            ErrorKind::InvalidParameterValue => "22023",
            ErrorKind::FixedParameter => "55P02",
            ErrorKind::InvalidName => "42602",
            ErrorKind::InvalidRegex => "2201B",
            ErrorKind::InvalidEscape => "22025",
            ErrorKind::EscapeConflict => "2200C",
            ErrorKind::UntranslatableCharacter => "22P05",
            ErrorKind::BadCopyFormat => "22P04",
            ErrorKind::InvalidRecursion => "42P19",
            ErrorKind::InvalidColumnReference => "42P10",
            ErrorKind::InvalidOffset => "2201X",
            ErrorKind::InvalidFrame => "22013",
            ErrorKind::InvalidWindowArgument => "22016",
            ErrorKind::InvalidBuckets => "2201G",
            ErrorKind::InvalidNtile => "22014",
            ErrorKind::InvalidPower => "2201F",
            ErrorKind::InvalidLogarithm => "2201E",
            ErrorKind::InvalidSubstring => "22011",
            ErrorKind::ZeroLengthCharacter => "2200F",
            ErrorKind::ArraySubscript => "2202E",
            ErrorKind::StringLengthMismatch => "22026",
            ErrorKind::NullNotAllowed => "22004",
            ErrorKind::DuplicateCursor => "42P03",
            ErrorKind::LockNotAvailable => "55P03",
            ErrorKind::InvalidLimit => "2201W",
            ErrorKind::Cardinality => "21000",
            ErrorKind::NotNullViolation => "23502",
            ErrorKind::UniqueViolation => "23505",
            ErrorKind::CheckOptionViolation => "44000",
            ErrorKind::CheckViolation => "23514",
            ErrorKind::ForeignKeyViolation => "23503",
            ErrorKind::RestrictViolation => "23001",
            ErrorKind::InvalidForeignKey => "42830",
            ErrorKind::SequenceExhausted => "2200H",
            ErrorKind::GeneratedAlways => "428C9",
            ErrorKind::InvalidPassword => "28P01",
            ErrorKind::InvalidAuthorization => "28000",
            ErrorKind::InsufficientPrivilege => "42501",
            ErrorKind::Deadlock => "40P01",
            ErrorKind::SerializationFailure => "40001",
            ErrorKind::InFailedTransaction => "25P02",
            ErrorKind::ActiveTransaction => "25001",
            ErrorKind::NoActiveTransaction => "25P01",
            ErrorKind::ReadOnlyTransaction => "25006",
            ErrorKind::InvalidSavepoint => "3B001",
            ErrorKind::LimitExceeded => "54000",
            ErrorKind::TooComplex => "54001",
            ErrorKind::TooManyColumns => "54011",
            ErrorKind::TooManyArguments => "54023",
            ErrorKind::DuplicateJsonKey => "22030",
            ErrorKind::DiskFull => "53100",
            ErrorKind::TooManyConnections => "53300",
            ErrorKind::OutOfMemory => "53200",
            ErrorKind::QueryCanceled => "57014",
            ErrorKind::Shutdown => "57P01",
            ErrorKind::ConnectionLost => "08006",
            ErrorKind::ProtocolViolation => "08P01",
            ErrorKind::Configuration => "F0000",
            ErrorKind::WrongObjectState => "55000",
            ErrorKind::ObjectInUse => "55006",
            ErrorKind::NotInPrerequisiteState => "55000",
            ErrorKind::Corrupted => "XX001",
            ErrorKind::Io | ErrorKind::NotHeld => "58030",
            ErrorKind::Raised(state) => state,
            ErrorKind::Internal => "XX000",
            ErrorKind::Success => "00000",
        }
    }
}
