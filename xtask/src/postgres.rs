//! A PostgreSQL server of the tests' own: in a temporary folder, on a free port, ended with them.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;

use crate::process::run;
use crate::tools::as_user;

/// A running server.
pub struct Server {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
}

/// Where PostgreSQL's own programs are, newest version first.
pub fn programs() -> Option<PathBuf> {
    let mut versions: Vec<_> = Path::new("/usr/lib/postgresql")
        .read_dir()
        .ok()?
        .flatten()
        .collect();
    versions.sort_by_key(|version| version.file_name().to_string_lossy().parse::<u32>().unwrap_or(0));
    let bin = versions.pop()?.path().join("bin");
    bin.join("initdb").exists().then_some(bin)
}

impl Server {
    /// Makes an empty server and starts it.
    pub fn start() -> anyhow::Result<Self> {
        let programs = programs().context("PostgreSQL er ikke installert")?;
        let folder = std::env::temp_dir().join(format!("fiks-postgres-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let server = Self {
            folder,
            programs,
            port,
        };
        server.own_folder()?;
        let data = server.data();
        let mut init = as_user("postgres", &server.programs.join("initdb"));
        init.arg("--pgdata").arg(&data).args([
            "--username=fiks",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-sync",
        ]);
        run(init.stdout(Stdio::null()).current_dir("/"))?;
        let options = format!(
            "-p {port} -k {} -c listen_addresses=127.0.0.1 -c max_connections=300",
            server.folder.display()
        );
        let mut start = as_user("postgres", &server.programs.join("pg_ctl"));
        start
            .arg("start")
            .arg("--wait")
            .arg("--pgdata")
            .arg(&data)
            .arg("--options")
            .arg(options);
        start.arg("--log").arg(server.folder.join("log"));
        run(start.stdout(Stdio::null()).current_dir("/"))?;
        Ok(server)
    }

    /// Address of a database on which databases can be made.
    pub fn address(&self) -> String {
        format!("postgres://fiks@127.0.0.1:{}/postgres", self.port)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// PostgreSQL refuses to run as root, so the folder belongs to its user then.
    fn own_folder(&self) -> anyhow::Result<()> {
        if crate::tools::is_root() {
            run(crate::process::command("chown postgres").arg(&self.folder))?;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = as_user("postgres", &self.programs.join("pg_ctl"));
        stop.arg("stop")
            .arg("--mode=immediate")
            .arg("--pgdata")
            .arg(self.data());
        let _ = stop.stdout(Stdio::null()).current_dir("/").status();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
