; Generated from grammar/knirvql.pest by the tests (UPDATE_GOLDEN=1): edit the grammar.
["ABSENT" "ADD" "ALLOW" "ALTER" "ANALYZE" "AND" "AS" "ASC" "AT" "ATTACH" "AUTH" "AVG" "BLOB" "BY" "COALESCE" "COLLECTION" "COLLECTIONS" "CONTAINS" "COSINE" "COUNT" "CREATE" "DELETE" "DESC" "DESCRIBE" "DETACH" "DISTINCT" "DROP" "DRY" "EF" "ENTRY" "EXCUSE" "EXPLAIN" "FIELDS" "FOR" "FROM" "GET" "GROUP" "HELP" "ID" "IF" "IN" "INSERT" "IP" "IS" "JOIN" "KEY" "L1" "L2" "LEAVE" "LIKE" "LIMIT" "LINK" "MATCHES" "MAX" "MEMORY" "MERGE" "METADATA" "MIN" "NETWORK" "NETWORKS" "NOT" "OFFSET" "OR" "ORDER" "OWNER" "PEER" "PEERS" "REMOVE" "REPLACE" "RETURNING" "REVERT" "ROTATE" "RUN" "SECRET" "SET" "SHOW" "SIMILAR" "SINCE" "STAGE" "STARTS" "SUM" "SYNC" "TABLES" "TO" "UNLINK" "UNSET" "UNSTAGE" "UPDATE" "USING" "VALUE" "VECTOR" "WHERE" "WITH" "WITHIN"] @keyword
["FALSE" "NULL" "TRUE"] @constant.builtin
(string) @string
(number) @number
(index) @number
(parameter) @variable.parameter
(comparison_operator) @operator
(line_comment) @comment
(block_comment) @comment
(json_member (identifier) @property)
(field_step (identifier) @property)
(path (identifier) @variable)
