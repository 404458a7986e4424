//! Logs on stderr: lines for people on a terminal, JSON for machines when piped.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging at the level of `VIZAVI_LOG` (`warn` when absent).
pub fn start() {
    let filter = EnvFilter::try_from_env("VIZAVI_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    // At `debug` it prints the parameters of statements, and names and addresses are among them.
    let filter = filter.add_directive("tokio_postgres=warn".parse().expect("a directive"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in the same process is a test's; the first one stays.
    if std::io::stderr().is_terminal() {
        lines.with_target(false).try_init().ok();
    } else {
        lines.json().try_init().ok();
    }
}
