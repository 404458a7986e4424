//! The `vizavi` binary: everything is in the library, so that tests reach it.

/// Answers in real time allocate thousands of small pieces each, on many threads; the system's allocator takes a fifth of their time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    vizavi::cli::main()
}
