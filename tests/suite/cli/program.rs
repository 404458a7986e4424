//! Runs the binary in a data folder and keeps what it said.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The present of these tests: ten in the morning.
pub const TEN: &str = "2026-06-01T10:00:00Z";

/// A workspace in a temporary folder, on the embedded store or on a database.
pub struct Program {
    folder: tempfile::TempDir,
    url: Option<String>,
    environment: Vec<(String, String)>,
}

/// What one call answered.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    fn of(output: &Output) -> Said {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {}", self.out))
    }
}

impl Program {
    pub fn new(url: Option<String>) -> Program {
        Program { folder: tempfile::tempdir().unwrap(), url, environment: Vec::new() }
    }

    /// With these variables in its environment.
    #[cfg(feature = "cloud")]
    pub fn with_environment(self, environment: &[(String, String)]) -> Program {
        Program { environment: environment.to_vec(), ..self }
    }

    /// Another machine on the same store, with a data folder of its own.
    #[cfg(feature = "cloud")]
    pub fn elsewhere(&self) -> Program {
        Program::new(self.url.clone()).with_environment(&self.environment)
    }

    /// Whether the store is one that machines can share.
    #[cfg(feature = "cloud")]
    pub fn is_shared(&self) -> bool {
        self.url.is_some()
    }

    /// One on the embedded store and, where PostgreSQL is installed, one on a new database.
    pub fn on_both_stores() -> Vec<(&'static str, Program)> {
        let mut programs = vec![("SQLite", Program::new(None))];
        programs.extend(crate::support::postgres::database().map(|url| ("PostgreSQL", Program::new(Some(url)))));
        programs
    }

    /// The workspace, opened in this process.
    pub fn workspace(&self) -> vizavi::operations::Workspace {
        let clock = std::sync::Arc::new(vizavi::clock::SystemClock);
        let options = vizavi::operations::Options::default();
        vizavi::operations::Workspace::open(&self.data(), self.url.as_deref(), clock, options).expect("a workspace")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes a file beside the data folder.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    pub fn command(&self, at: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vizavi"));
        command.args(arguments).args(["--at", at, "--data"]).arg(self.data()).env_remove("DATABASE_URL");
        if let Some(url) = &self.url {
            command.env("DATABASE_URL", url);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.env("VIZAVI_LOG", "error").stdin(Stdio::null());
        command
    }

    pub fn call_at(&self, at: &str, arguments: &[&str]) -> Said {
        Said::of(&self.command(at, arguments).output().expect("the binary runs"))
    }

    pub fn call(&self, arguments: &[&str]) -> Said {
        self.call_at(TEN, arguments)
    }

    /// Calls what must succeed.
    pub fn done_at(&self, at: &str, arguments: &[&str]) -> Said {
        let said = self.call_at(at, arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}{}", said.out, said.err);
        said
    }

    pub fn done(&self, arguments: &[&str]) -> Said {
        self.done_at(TEN, arguments)
    }

    /// Starts without waiting.
    pub fn start(&self, at: &str, arguments: &[&str]) -> Child {
        let mut command = self.command(at, arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs")
    }

    /// The e-mails written so far: for each, to whom.
    pub fn recipients(&self) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.data().join("out/email"), &mut found);
        found.sort();
        found
    }
}

pub fn finished(child: Child) -> Said {
    Said::of(&child.wait_with_output().expect("the binary ends"))
}

fn collect(folder: &Path, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "eml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let to = text.lines().find(|line| line.starts_with("To: ")).expect("an e-mail names its receiver");
            found.push(to.to_owned());
        }
    }
}
