//! From the portable words to an engine's own.

use crate::engine::Engine;

/// The statements of a file, without the comments between them.
pub(super) fn statements(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(";\n").map(without_leading_comments).filter(|statement| !statement.is_empty())
}

fn without_leading_comments(text: &str) -> &str {
    let mut rest = text.trim();
    while rest.starts_with("--") {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest.trim_start());
    }
    rest.trim_end_matches(';')
}

/// A statement in the words of an engine.
pub(super) fn statement(portable: &str, engine: Engine) -> String {
    let mut text = String::with_capacity(portable.len() + 64);
    let mut rest = portable;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        // JSON in a default begins with a brace too, but never with a letter after it.
        let word = after.split_once('}').filter(|_| after.starts_with(|c: char| c.is_ascii_lowercase()));
        let Some((word, after)) = word else {
            text.push('{');
            rest = after;
            continue;
        };
        text.push_str(&column_type(word, engine));
        rest = after;
    }
    text.push_str(rest);
    if engine == Engine::Sqlite {
        // It does not know these words, and applies all steps or none.
        text = text.replace(" ADD COLUMN IF NOT EXISTS ", " ADD COLUMN ");
    }
    if text.starts_with("CREATE TABLE") {
        text.push_str(match engine {
            Engine::Sqlite => " STRICT",
            Engine::Postgres => "",
            Engine::MariaDb => " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin",
        });
    }
    text
}

fn column_type(word: &str, engine: Engine) -> String {
    let (name, size) = word.split_once(':').unwrap_or((word, ""));
    let [sqlite, postgres, mariadb] = match (name, size.is_empty()) {
        ("uuid", true) => ["BLOB", "UUID", "BINARY(16)"],
        ("timestamp", true) => ["TEXT", "TIMESTAMPTZ(6)", "DATETIME(6)"],
        ("date", true) => ["TEXT", "DATE", "DATE"],
        ("text", true) => ["TEXT", "TEXT COLLATE \"C\"", "LONGTEXT"],
        ("varchar", false) => ["TEXT", "VARCHAR(#) COLLATE \"C\"", "VARCHAR(#)"],
        ("json", true) => ["TEXT", "TEXT COLLATE \"C\"", "JSON"],
        ("bytes", true) => ["BLOB", "BYTEA", "LONGBLOB"],
        ("bytes", false) => ["BLOB", "BYTEA", "BINARY(#)"],
        ("bool", true) => ["INTEGER", "BOOLEAN", "BOOLEAN"],
        ("int", true) => ["INTEGER", "INTEGER", "INT"],
        ("bigint", true) => ["INTEGER", "BIGINT", "BIGINT"],
        ("double", true) => ["REAL", "DOUBLE PRECISION", "DOUBLE"],
        _ => panic!("a migration uses the unknown word {{{word}}}"),
    };
    match engine {
        Engine::Sqlite => sqlite,
        Engine::Postgres => postgres,
        Engine::MariaDb => mariadb,
    }
    .replace('#', size)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "-- What it is.\nCREATE TABLE IF NOT EXISTS t (\n    -- An id.\n    id {uuid},\n    n {varchar:9},\n    \
                          j {json} DEFAULT '{\"a\":1}'\n);\n\nCREATE INDEX IF NOT EXISTS i ON t (n);\n";

    #[test]
    fn a_file_falls_into_its_statements() {
        let all: Vec<_> = statements(SOURCE).collect();
        assert_eq!(all.len(), 2);
        assert!(all[0].starts_with("CREATE TABLE") && all[0].ends_with("\n)"), "{}", all[0]);
        assert_eq!(all[1], "CREATE INDEX IF NOT EXISTS i ON t (n)");
    }

    #[test]
    fn words_become_the_engines_own() {
        let table = statements(SOURCE).next().expect("a statement");
        let shown = |engine| statement(table, engine).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(
            shown(Engine::Postgres),
            "CREATE TABLE IF NOT EXISTS t ( -- An id. id UUID, n VARCHAR(9) COLLATE \"C\", j TEXT COLLATE \"C\" DEFAULT '{\"a\":1}' )"
        );
        assert!(shown(Engine::Sqlite).ends_with("id BLOB, n TEXT, j TEXT DEFAULT '{\"a\":1}' ) STRICT"));
        assert!(shown(Engine::MariaDb).contains("id BINARY(16), n VARCHAR(9), j JSON DEFAULT"));
    }

    #[test]
    fn a_column_is_added_once() {
        let shown = |engine| statement("ALTER TABLE t ADD COLUMN IF NOT EXISTS a {uuid}", engine);
        assert_eq!(shown(Engine::Sqlite), "ALTER TABLE t ADD COLUMN a BLOB");
        assert_eq!(shown(Engine::Postgres), "ALTER TABLE t ADD COLUMN IF NOT EXISTS a UUID");
    }

    #[test]
    #[should_panic(expected = "unknown word {number}")]
    fn an_unknown_word_is_a_defect() {
        statement("CREATE TABLE t (a {number})", Engine::Sqlite);
    }
}
