//! A PostgreSQL of the tests' own: one server a test process, in a temporary folder, on loopback; a database for each test.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

struct Server {
    port: u16,
    bin: PathBuf,
    /// Holds the pipe whose end tells the keeper that this process is gone.
    _keeper: Child,
}

/// The URL of a new empty database; `None`, saying so, where PostgreSQL is not installed (`VIZAVI_REQUIRE_POSTGRES=1`, which
/// `./check` sets, makes that a failure).
pub fn database() -> Option<String> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Some(server) = SERVER.get_or_init(start) else {
        assert!(std::env::var_os("VIZAVI_REQUIRE_POSTGRES").is_none(), "PostgreSQL is required and was not found");
        eprintln!("skipped on PostgreSQL: initdb and postgres were not found (apt-get install postgresql)");
        return None;
    };
    let name = format!("t{}", NEXT.fetch_add(1, Ordering::SeqCst));
    let made = Command::new(server.bin.join("psql"))
        .args(["-q", "-h", "127.0.0.1", "-p", &server.port.to_string(), "-U", "vizavi", "-d", "postgres"])
        .args(["-c", &format!("CREATE DATABASE {name}")])
        .status()
        .expect("psql runs");
    assert!(made.success(), "CREATE DATABASE failed");
    Some(format!("postgres://vizavi@127.0.0.1:{}/{name}?sslmode=disable", server.port))
}

fn start() -> Option<Server> {
    let bin = find_bin()?;
    let folder = std::env::temp_dir().join(format!("vizavi-test-pg-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
    // initdb refuses root. The keeper outlives this process by a moment: when the pipe closes it stops the server.
    let as_user = if is_root() { "runuser -u postgres --" } else { "" };
    let script = format!(
        r#"set -e
        if [ -n "{as_user}" ]; then chown postgres "{dir}"; fi
        cd "{dir}"
        {as_user} "{bin}/initdb" -D "{dir}/data" -U vizavi -A trust -E UTF8 --no-sync >"{dir}/initdb.log" 2>&1
        {as_user} "{bin}/pg_ctl" -D "{dir}/data" -w -t 60 -l "{dir}/server.log" -o "-p {port} -h 127.0.0.1 -k {dir} -F -c max_connections=200 -c shared_buffers=64MB" start >/dev/null 2>&1
        echo ready
        cat >/dev/null || true
        {as_user} "{bin}/pg_ctl" -D "{dir}/data" -m immediate stop >/dev/null 2>&1
        rm -rf "{dir}"
        "#,
        dir = folder.display(),
        bin = bin.display(),
    );
    let mut keeper = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh runs");
    let mut line = String::new();
    let out = keeper.stdout.take().expect("stdout is piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).expect("the keeper speaks");
    if line.trim() != "ready" {
        let log = std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
        panic!("PostgreSQL did not start: {log}");
    }
    Some(Server { port, bin, _keeper: keeper })
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.starts_with(b"0\n"))
}

fn find_bin() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    found.pop().or_else(|| ["/usr/bin", "/usr/local/bin"].iter().map(PathBuf::from).find(|bin| has_all(bin)))
}

fn has_all(bin: &Path) -> bool {
    ["initdb", "pg_ctl", "psql"].iter().all(|tool| bin.join(tool).exists())
}
