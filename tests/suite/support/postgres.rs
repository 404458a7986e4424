//! A PostgreSQL of the tests' own: one server a test process, in a temporary folder, on loopback; a database for each test.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

struct Server {
    port: u16,
    bin: PathBuf,
    folder: PathBuf,
    /// Holds the pipe whose end tells the keeper that this process is gone.
    _keeper: Child,
}

/// The URL of a database whose server flushes every commit to the disk, as one does that is not a test's: for measuring. `None`
/// where PostgreSQL is not installed.
#[allow(dead_code, reason = "benches use it")]
pub fn durable_database() -> Option<String> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| start(":", "-c fsync=on")).as_ref()?;
    Some(format!("postgres://vizavi@127.0.0.1:{}/postgres?sslmode=disable", server.port))
}

/// The URL of a new empty database; `None`, saying so, where PostgreSQL is not installed (`VIZAVI_REQUIRE_POSTGRES=1`, which
/// `./check` sets, makes that a failure).
pub fn database() -> Option<String> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Some(server) = SERVER.get_or_init(|| start(":", "")) else {
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

/// A server that takes TLS connections only, with a certificate that a CA of its own signed: (URL of a database, the CA's
/// certificate). `None`, saying so, without PostgreSQL or the `openssl` command.
pub fn tls_database() -> Option<(String, PathBuf)> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    if Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_err() {
        eprintln!("skipped: the openssl command, which makes the test's certificates, was not found");
        return None;
    }
    let certificates = r#"
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj "/CN=test" -addext "basicConstraints=critical,CA:TRUE"
        openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj "/CN=localhost"
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > server.ext
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 2 -extfile server.ext
        chown postgres server.key 2>/dev/null || true
        chmod 600 server.key
        printf 'hostssl all all 127.0.0.1/32 trust\nhostnossl all all 127.0.0.1/32 reject\nlocal all all trust\n' > data/pg_hba.conf
    "#;
    let options = "-c ssl=on -c ssl_cert_file=../server.crt -c ssl_key_file=../server.key";
    let server = SERVER.get_or_init(|| start(certificates, options)).as_ref()?;
    let url = format!("postgres://vizavi@localhost:{}/postgres?sslmode=require", server.port);
    Some((url, server.folder.join("ca.crt")))
}

fn start(before: &str, options: &str) -> Option<Server> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let bin = find_bin()?;
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    let folder = std::env::temp_dir().join(format!("vizavi-test-pg-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
    // initdb refuses root. The keeper outlives this process by a moment: when the pipe closes it stops the server.
    let as_user = if is_root() { "runuser -u postgres --" } else { "" };
    let script = format!(
        r#"set -e
        if [ -n "{as_user}" ]; then chown postgres "{dir}"; fi
        cd "{dir}"
        {as_user} "{bin}/initdb" -D "{dir}/data" -U vizavi -A trust -E UTF8 --no-sync >"{dir}/initdb.log" 2>&1
        ( : ; {before} ) >"{dir}/before.log" 2>&1
        {as_user} "{bin}/pg_ctl" -D "{dir}/data" -w -t 60 -l "{dir}/server.log" -o "-p {port} -h 127.0.0.1 -k {dir} -F -c max_connections=200 -c shared_buffers=64MB {options}" start >/dev/null 2>&1
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
    Some(Server { port, bin, folder, _keeper: keeper })
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
