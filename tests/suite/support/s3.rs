//! An S3 server of the tests' own: moto (`pip install 'moto[server,s3]'`), on loopback, one a test process.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use object_store::ObjectStoreExt;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;

struct Server {
    port: u16,
    /// Holds the pipe whose end tells the keeper that this process is gone.
    _keeper: Child,
}

/// A bucket, and how programs are told to reach it.
pub struct Bucket {
    pub name: String,
    endpoint: String,
}

/// A new empty bucket; `None`, saying so, where moto is not installed. `VIZAVI_MOTO_SERVER` names it when it is not in the path.
pub fn bucket() -> Option<Bucket> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let Some(server) = SERVER.get_or_init(start) else {
        eprintln!(
            "skipped: moto_server was not found (pip install 'moto[server,s3]', or name it in VIZAVI_MOTO_SERVER)"
        );
        return None;
    };
    let bucket = Bucket {
        name: format!("bucket-{}", NEXT.fetch_add(1, Ordering::SeqCst)),
        endpoint: format!("http://127.0.0.1:{}", server.port),
    };
    ureq::put(format!("{}/{}", bucket.endpoint, bucket.name)).send_empty().expect("the bucket is made");
    Some(bucket)
}

impl Bucket {
    /// The variables by which programs find the server, as anybody sets them for a server that is not Amazon's.
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            // Of no concern to the store, whatever another program means by them.
            ("TOKEN", "not-ours"),
            ("BUCKET", "not-ours"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// One of another name on the same server, which nobody made.
    pub fn absent(&self) -> Bucket {
        Bucket { name: "absent".into(), endpoint: self.endpoint.clone() }
    }

    /// The keys of its objects.
    pub fn objects(&self) -> Vec<String> {
        let mut answer = ureq::get(format!("{}/{}?list-type=2", self.endpoint, self.name)).call().expect("a list");
        let text = answer.body_mut().read_to_string().expect("a text");
        text.split("<Key>").skip(1).filter_map(|rest| Some(rest.split_once("</Key>")?.0.to_owned())).collect()
    }

    /// Removes an object, as somebody might who does not know whose it is.
    pub fn remove(&self, key: &str) {
        let store = AmazonS3Builder::new()
            .with_bucket_name(&self.name)
            .with_endpoint(&self.endpoint)
            .with_allow_http(true)
            .with_region("us-east-1")
            .with_access_key_id("test")
            .with_secret_access_key("test")
            .build()
            .expect("a store");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(store.delete(&Path::from(key))).expect("it is removed");
    }
}

fn start() -> Option<Server> {
    let program = std::env::var_os("VIZAVI_MOTO_SERVER").map(PathBuf::from).or_else(in_path)?;
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port();
    // The keeper outlives this process by a moment: when the pipe closes it stops the server.
    let script = format!(
        "\"{}\" -H 127.0.0.1 -p {port} >/dev/null 2>&1 & server=$!\ncat >/dev/null || true\nkill $server\n",
        program.display()
    );
    let mut keeper = Command::new("sh");
    keeper.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let keeper = keeper.spawn().expect("sh runs");
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "moto_server does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    Some(Server { port, _keeper: keeper })
}

fn in_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("moto_server")).find(|program| program.exists())
}
