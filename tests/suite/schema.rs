//! The schema is one: what SQLite has, what PostgreSQL has, and what diesel is told are the same tables and columns.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::Text;
use vizavi::storage::{Location, Store};

use crate::support::stores::{on_both_stores, open};

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    data_type: String,
    #[diesel(sql_type = Text)]
    required: String,
}

type Tables = BTreeMap<String, Vec<(String, String, bool)>>;

const SQLITE: &str = "SELECT m.name AS table_name, p.name AS column_name, p.type AS data_type, \
    CASE WHEN p.\"notnull\" = 1 OR p.pk > 0 THEN 'yes' ELSE 'no' END AS required \
    FROM sqlite_master m JOIN pragma_table_info(m.name) p \
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, p.cid";
const POSTGRES: &str = "SELECT table_name::text, column_name::text, data_type::text, \
    CASE WHEN is_nullable = 'NO' THEN 'yes' ELSE 'no' END AS required \
    FROM information_schema.columns WHERE table_schema = 'public' AND is_generated = 'NEVER' ORDER BY table_name, ordinal_position";

fn tables(store: &Store) -> Tables {
    let sql = if store.is_postgres() { POSTGRES } else { SQLITE };
    let columns: Vec<Column> =
        store.read(|conn| Ok(diesel::sql_query(sql).load(conn)?)).expect("the catalogue is read");
    let mut tables = Tables::new();
    for column in columns {
        let kind = column.data_type.to_uppercase();
        tables.entry(column.table_name).or_default().push((column.column_name, kind, column.required == "yes"));
    }
    tables
}

/// Table -> columns in order, from the `diesel::table!` blocks.
fn declared() -> Tables {
    let mut tables = Tables::new();
    let folder = std::path::Path::new(".").join("src/storage");
    let files: Vec<_> = std::fs::read_dir(folder.join("schema")).unwrap().map(|e| e.unwrap().path()).collect();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for block in text.split("diesel::table! {").skip(1) {
            let block = &block[..block.find("\n}").unwrap()];
            let mut name = None;
            for line in block.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
                if let Some((column, kind)) = line.trim_end_matches(',').split_once(" -> ") {
                    let nullable = kind.starts_with("Nullable<");
                    let plain = kind.trim_start_matches("Nullable<").trim_end_matches('>');
                    let sql = match plain {
                        "BigInt" => "BIGINT",
                        "Integer" => "INTEGER",
                        "Text" => "TEXT",
                        "Bool" => "BOOLEAN",
                        "Double" => "DOUBLE PRECISION",
                        other => panic!("{}: `{other}` is outside the common subset", file.display()),
                    };
                    let table: &String = name.as_ref().expect("the table's name stands first");
                    tables.get_mut(table).unwrap().push((column.to_owned(), sql.to_owned(), !nullable));
                } else if let Some((table, _)) = line.split_once(" (") {
                    name = Some(table.to_owned());
                    tables.insert(table.to_owned(), Vec::new());
                }
            }
        }
    }
    tables
}

#[test]
fn both_stores_and_diesel_agree() {
    let declared = declared();
    assert!(declared.len() > 8, "the parser found only {} tables", declared.len());
    on_both_stores(|name, location: &Location| {
        let found = tables(&open(location));
        for (table, columns) in &declared {
            assert_eq!(found.get(table), Some(columns), "{name}: table `{table}` (left: store, right: diesel)");
        }
        let undeclared: Vec<&String> = found.keys().filter(|table| !declared.contains_key(*table)).collect();
        assert!(undeclared.is_empty(), "{name}: diesel does not know {undeclared:?}");
    });
}
