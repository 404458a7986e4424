//! The source tree keeps to the map: import ranks, where each big library may appear, sizes of files.

use std::path::{Path, PathBuf};

/// The ranks, lowest first; modules of one line have the same rank and do not import each other.
const RANKS: &[&[&str]] = &[
    &["clock", "error", "ids", "money", "progress", "random", "settings"],
    &["storage"],
    &["rules"],
    &["customers"],
    &["offers"],
    &["campaigns"],
    &["history"],
    &["features"],
    &["models"],
    &["segments"],
    &["decisions"],
    &["messages"],
    &["deliveries"],
    &["outcomes"],
    &["experiments"],
    &["learning"],
    &["webhooks"],
    &["operations"],
    &["reports"],
    &["simulation"],
    &["jobs"],
    &["api", "console"],
    &["service"],
    &["cli"],
];

/// Library -> the only modules that may name it.
const HOMES: &[(&str, &[&str])] = &[
    ("actix_web", &["api", "console", "service"]),
    ("lettre", &["deliveries"]),
    ("mail_parser", &["deliveries"]),
    ("mrml", &["messages"]),
    ("icu_datetime", &["messages"]),
    ("icu_decimal", &["messages"]),
    ("icu_experimental", &["messages"]),
    ("icu_locale", &["messages"]),
    ("icu_plurals", &["messages"]),
    ("hickory_resolver", &["deliveries"]),
    ("datafusion", &["history"]),
    ("object_store", &["history"]),
    ("linfa", &["models"]),
    ("linfa_logistic", &["models"]),
    ("handlebars", &["messages", "console"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
];

fn root() -> &'static Path {
    Path::new(".")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a source folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn rank(module: &str) -> Option<usize> {
    RANKS.iter().position(|row| row.contains(&module))
}

/// The module a file belongs to: the first part of its path below `src`.
fn module_of(path: &Path) -> String {
    let below = path.strip_prefix(root().join("src")).expect("a file below src");
    let first = below.components().next().expect("a first part").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Lines of code, without comments and doc lines.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")).map(|(i, line)| (i + 1, line))
}

/// Names that follow `prefix` in a line: `crate::a::b` and `crate::{a, b::c}` give a and b.
fn named_after(line: &str, prefix: &str) -> Vec<String> {
    let identifier = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut names = Vec::new();
    for (at, _) in line.match_indices(prefix) {
        if line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &line[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(list) => {
                names.extend(list.trim_end_matches([';', '}']).split(',').map(|part| identifier(part.trim())))
            }
            None => names.push(identifier(rest)),
        }
    }
    names
}

#[test]
fn no_module_imports_one_that_stands_later() {
    let mut faults = Vec::new();
    for path in sources(&root().join("src")) {
        let module = module_of(&path);
        let Some(own) = rank(&module) else { continue };
        let text = std::fs::read_to_string(&path).unwrap();
        for (line_number, line) in code(&text) {
            for name in named_after(line, "crate::") {
                let Some(other) = rank(&name) else { continue };
                if name != module && (other > own || other == own && own != 0) {
                    faults.push(format!("{}:{line_number}: {module} imports {name}", path.display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "imports against the flow:\n{}", faults.join("\n"));
}

#[test]
fn every_module_has_a_rank() {
    for path in sources(&root().join("src")) {
        let module = module_of(&path);
        assert!(["lib", "main"].contains(&module.as_str()) || rank(&module).is_some(), "`{module}` has no rank");
    }
}

#[test]
fn each_big_library_appears_only_at_home() {
    let mut faults = Vec::new();
    for path in sources(&root().join("src")) {
        let module = module_of(&path);
        let text = std::fs::read_to_string(&path).unwrap();
        for (line_number, line) in code(&text) {
            for (library, homes) in HOMES {
                let named = line.contains(&format!("{library}::")) && !line.contains(&format!("_{library}::"));
                if named && !homes.contains(&module.as_str()) && module != "main" {
                    faults.push(format!("{}:{line_number}: {module} names {library}", path.display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "libraries away from home:\n{}", faults.join("\n"));
}

#[test]
fn files_stay_small_enough_to_read() {
    let mut sizes: Vec<(usize, PathBuf)> = sources(&root().join("src"))
        .into_iter()
        .map(|path| (std::fs::read_to_string(&path).unwrap().lines().count(), path))
        .collect();
    sizes.sort();
    let too_long: Vec<_> = sizes.iter().filter(|(lines, _)| *lines > 500).collect();
    assert!(too_long.is_empty(), "files above 500 lines: {too_long:?}");
    let ninth = sizes[sizes.len() * 9 / 10].0;
    assert!(ninth <= 350, "a tenth of the files has more than {ninth} lines");
}

#[test]
fn every_migration_is_applied() {
    let listed: Vec<&str> = vizavi::storage::migrate::MIGRATIONS.iter().map(|(name, _)| *name).collect();
    let mut present: Vec<String> = std::fs::read_dir(root().join("migrations"))
        .unwrap()
        .flatten()
        .filter_map(|entry| entry.file_name().to_string_lossy().strip_suffix(".sql").map(str::to_owned))
        .collect();
    present.sort();
    assert_eq!(listed, present, "left: src/storage/migrate.rs, right: migrations/");
}
