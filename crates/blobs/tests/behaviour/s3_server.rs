//! An S3 endpoint of the test's own, on a free port, ended with it; or a real one, where one is named:
//! `FIKS_S3_TEST=http://localhost:9000 cargo test -p fiks-blobs --features s3`, with a bucket `fiks-test` and the keys
//! in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`.

use std::path::PathBuf;
use std::sync::Arc;

use fiks_blobs::S3Settings;
use fiks_blobs::object_store::ObjectStore;
use fiks_core::{Random, SecretString};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const BUCKET: &str = "fiks-test";
const ACCESS_KEY: &str = "FIKSTEST";
const SECRET_KEY: &str = "hemmelig-i-testen";

pub(crate) struct S3Server {
    /// A client of it.
    pub(crate) objects: Arc<dyn ObjectStore>,
    own: Option<Own>,
}

struct Own {
    root: TempDir,
    task: JoinHandle<()>,
}

impl Drop for Own {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl S3Server {
    pub(crate) async fn start() -> Self {
        if let Ok(endpoint) = std::env::var("FIKS_S3_TEST") {
            let key = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} must be set"));
            let (access, secret) = (key("AWS_ACCESS_KEY_ID"), key("AWS_SECRET_ACCESS_KEY"));
            let objects = settings(endpoint, access, secret).connect().unwrap();
            return Self { objects, own: None };
        }
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join(BUCKET)).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(root.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(serve(listener, service.build()));
        let settings = settings(endpoint, ACCESS_KEY.to_owned(), SECRET_KEY.to_owned());
        Self {
            objects: settings.connect().unwrap(),
            own: Some(Own { root, task }),
        }
    }

    /// Parts of uploads that are neither whole nor abandoned. None are seen of a foreign endpoint.
    pub(crate) fn parts(&self) -> usize {
        let Some(own) = &self.own else { return 0 };
        let names = std::fs::read_dir(own.root.path()).unwrap();
        let is_part = |path: &PathBuf| path.to_str().unwrap().contains(".upload_id-");
        names.map(|entry| entry.unwrap().path()).filter(is_part).count()
    }
}

async fn serve(listener: TcpListener, service: S3Service) {
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let service = service.clone();
        tokio::spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            // A client that leaves early is its own matter.
            let _ = server.serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

/// A new prefix each time, so that the bucket need not be empty.
fn settings(endpoint: String, access: String, secret: String) -> S3Settings {
    S3Settings {
        endpoint: Some(endpoint),
        bucket: BUCKET.to_owned(),
        region: "us-east-1".to_owned(),
        credentials: Some((access, SecretString::from(secret))),
        virtual_hosted: false,
        prefix: format!("test-{}", Random::system().uuid().unwrap()),
    }
}
