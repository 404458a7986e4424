//! The program from outside: a workspace in a folder, and calls of the binary on it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A workspace on one of the stores.
pub struct Workspace {
    pub folder: PathBuf,
    /// The database; SQLite in the folder when there is none.
    pub url: Option<String>,
}

impl Workspace {
    /// A call that is not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vizavi"));
        command.args(arguments).arg("--data").arg(self.folder.join("data")).env_remove("DATABASE_URL");
        if let Some(url) = &self.url {
            command.env("DATABASE_URL", url);
        }
        command.env("VIZAVI_LOG", "error").stdin(Stdio::null());
        command
    }

    /// Calls what must succeed; what it printed.
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("the binary runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// Starts without waiting, silently.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs")
    }

    /// Starts the service on a free port of loopback; the process and its address.
    pub fn serve(&self) -> (Child, String) {
        let mut command = self.command(&["serve"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("the binary runs");
        let mut line = String::new();
        let out = child.stdout.take().expect("stdout is piped");
        BufReader::new(out).read_line(&mut line).expect("the service speaks");
        let address = line.split_once("http://").and_then(|(_, rest)| rest.split_once('/'));
        let address = address.unwrap_or_else(|| panic!("the service did not start: {line}")).0.to_owned();
        (child, address)
    }
}
