//! Segments in an object store: written here first, then uploaded whole; read where they are.
//!
//! An upload is complete or absent, so a crash leaves at most an object that no manifest row names; it is removed when it is a
//! day old. Keys and secrets come from the environment, under the names that the provider's own tools use
//! (`docs/OBJECT-STORES.md`).

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use datafusion::datasource::listing::ListingTableUrl;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use tokio::runtime::Handle;

use super::engine::{Engine, failed};
use crate::clock::Timestamp;
use crate::error::{Error, Result};

/// Bytes of one part of an upload, and of one read of a download.
const PART: usize = 8 << 20;

/// How the names of variables begin that say how the providers' stores are reached. Others are not ours: what the environment
/// calls `TOKEN` or `REGION` may be meant for another program.
const VARIABLES: [&str; 3] = ["aws_", "google_", "azure_"];

/// A prefix in an object store.
pub(super) struct Remote {
    base: String,
    prefix: Key,
    store: Arc<dyn ObjectStore>,
    runtime: Handle,
}

impl Remote {
    /// The prefix at this URL; queries of the engine can then read it.
    ///
    /// # Errors
    /// Invalid, when the URL is of no kind that this program was built for.
    pub fn open(url: &str, engine: &Engine) -> Result<Remote> {
        let base = url.trim_end_matches('/').to_owned();
        let parsed = ListingTableUrl::parse(format!("{base}/")).map_err(failed)?;
        let store: Arc<dyn ObjectStore> = if base.starts_with("memory://") {
            memory(parsed.object_store().as_str())
        } else {
            let opened = object_store::parse_url_opts(parsed.as_ref(), variables());
            opened.map(|(store, _)| Arc::from(store)).map_err(|error| {
                let message = "[history] url cannot be used; s3://, gs:// and az:// need a program built with the feature `cloud`, \
                               and their keys in the environment";
                Error::invalid(message).caused_by(error)
            })?
        };
        engine.register(parsed.object_store().as_ref(), store.clone());
        Ok(Remote { base, prefix: parsed.prefix().clone(), store, runtime: engine.handle() })
    }

    /// How queries name an object.
    pub fn url(&self, fact_type: &str, file: &str) -> Result<ListingTableUrl> {
        ListingTableUrl::parse(format!("{}/{fact_type}/{file}", self.base)).map_err(failed)
    }

    fn key(&self, fact_type: &str, file: &str) -> Key {
        self.prefix.clone().join(fact_type).join(file)
    }

    /// Uploads a file.
    pub fn upload(&self, path: &Path, fact_type: &str, file: &str) -> Result<()> {
        let mut from = File::open(path)?;
        let key = self.key(fact_type, file);
        self.runtime.block_on(async {
            let first = next_part(&mut from)?;
            if first.len() < PART {
                return self.store.put(&key, first.into()).await.map(drop).map_err(out_of_reach);
            }
            let mut upload = self.store.put_multipart(&key).await.map_err(out_of_reach)?;
            let uploaded = put_parts(&mut *upload, first, &mut from).await;
            if uploaded.is_err() {
                // Best effort: parts without an end cost money and are seen by nobody.
                upload.abort().await.ok();
            }
            uploaded
        })
    }

    /// Downloads an object into a new file.
    ///
    /// # Errors
    /// Not found, when it is missing.
    pub fn download(&self, fact_type: &str, file: &str, into: &Path) -> Result<()> {
        let key = self.key(fact_type, file);
        let mut out = File::create(into)?;
        self.runtime.block_on(async {
            let size = match self.store.head(&key).await {
                Err(object_store::Error::NotFound { .. }) => return Err(Error::not_found("the object is missing")),
                found => found.map_err(out_of_reach)?.size,
            };
            let mut at = 0;
            while at < size {
                let end = size.min(at + PART as u64);
                let bytes = self.store.get_range(&key, at..end).await.map_err(out_of_reach)?;
                out.write_all(&bytes)?;
                at = end;
            }
            Ok(())
        })
    }

    /// Removes an object; one that is gone already is fine.
    pub fn remove(&self, fact_type: &str, file: &str) -> Result<()> {
        match self.runtime.block_on(self.store.delete(&self.key(fact_type, file))) {
            Err(error) if !matches!(error, object_store::Error::NotFound { .. }) => Err(out_of_reach(error)),
            _ => Ok(()),
        }
    }

    /// The objects of a type last written before an instant.
    pub fn older_than(&self, fact_type: &str, instant: Timestamp) -> Result<Vec<String>> {
        let prefix = self.prefix.clone().join(fact_type);
        let mut listed = self.store.list(Some(&prefix));
        let mut found = Vec::new();
        while let Some(object) =
            self.runtime.block_on(std::future::poll_fn(|context| listed.as_mut().poll_next(context)))
        {
            let object = object.map_err(out_of_reach)?;
            if object.last_modified.timestamp_micros() < instant.0
                && let Some(name) = object.location.filename()
            {
                found.push(name.to_owned());
            }
        }
        Ok(found)
    }
}

/// What the environment says of the providers' stores.
fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?.to_lowercase();
        let is_ours = VARIABLES.iter().any(|begin| name.starts_with(begin));
        Some((name, value.into_string().ok()?)).filter(|_| is_ours)
    })
}

/// Uploads a file part by part; all but the last have one size, as some stores demand.
async fn put_parts(upload: &mut dyn MultipartUpload, first: Vec<u8>, from: &mut File) -> Result<()> {
    let mut part = first;
    while !part.is_empty() {
        upload.put_part(PutPayload::from(part)).await.map_err(out_of_reach)?;
        part = next_part(from)?;
    }
    upload.complete().await.map(drop).map_err(out_of_reach)
}

fn next_part(from: &mut File) -> Result<Vec<u8>> {
    let mut part = Vec::new();
    from.take(PART as u64).read_to_end(&mut part)?;
    Ok(part)
}

/// Stores in memory, by name: for tests. They live as long as the process.
fn memory(name: &str) -> Arc<dyn ObjectStore> {
    type Named = Vec<(String, Arc<InMemory>)>;
    static STORES: LazyLock<Mutex<Named>> = LazyLock::new(|| Mutex::new(Vec::new()));
    let mut stores = STORES.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some((_, known)) = stores.iter().find(|(known, _)| known == name) {
        return known.clone();
    }
    let new = Arc::new(InMemory::new());
    stores.push((name.to_owned(), new.clone()));
    new
}

fn out_of_reach(error: object_store::Error) -> Error {
    Error::unavailable("the object store of history does not answer; check [history] url and its keys").caused_by(error)
}
