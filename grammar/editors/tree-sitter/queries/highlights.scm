; Generated from grammar/knirvql.pest by the tests (UPDATE_GOLDEN=1): edit the grammar.
["ADD" "ALLOW" "ALTER" "ANALYZE" "AND" "ASC" "AT" "ATTACH" "AUTH" "BLOB" "BY" "COLLECTION" "COLLECTIONS" "CONTAINS" "COSINE" "CREATE" "DELETE" "DESC" "DETACH" "DROP" "EF" "ENTRY" "EXCUSE" "EXPLAIN" "FIELDS" "FOR" "FROM" "GET" "ID" "IN" "IP" "IS" "JOIN" "KEY" "L1" "L2" "LEAVE" "LIKE" "LIMIT" "LINK" "MATCHES" "MEMORY" "METADATA" "NETWORK" "NETWORKS" "NOT" "OFFSET" "OR" "ORDER" "OWNER" "PEER" "PEERS" "REMOVE" "REVERT" "ROTATE" "SECRET" "SET" "SHOW" "SIMILAR" "SINCE" "STAGE" "STARTS" "SYNC" "TO" "UNLINK" "UNSTAGE" "USING" "VALUE" "VECTOR" "WHERE" "WITH" "WITHIN"] @keyword
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
