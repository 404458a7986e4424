//! TLS to PostgreSQL without any system library: certificates are checked, and plain text is not fallen back to.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::postgres::tls_database;

fn migrate(url: &str, ca: Option<&Path>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_vizavi"));
    command.args(["migrate", "--data"]).arg(folder.path()).env("DATABASE_URL", url).env_remove("SSL_CERT_FILE");
    if let Some(ca) = ca {
        command.env("SSL_CERT_FILE", ca);
    }
    command.output().unwrap()
}

#[test]
fn a_server_is_trusted_only_with_a_certificate_that_is() {
    let Some((url, ca)) = tls_database() else { return };
    let strange = migrate(&url, None);
    assert_eq!(strange.status.code(), Some(2), "{strange:?}");
    let known = migrate(&url, Some(&ca));
    assert!(known.status.success(), "{known:?}");
    let plain = migrate(&url.replace("sslmode=require", "sslmode=disable"), Some(&ca));
    assert_eq!(
        plain.status.code(),
        Some(2),
        "the server takes TLS only, so this cannot have been plain text: {plain:?}"
    );
}
