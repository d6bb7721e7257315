//! Turns what npm fetched, and our own files beside it, into the table of resources that the binary carries.
//!
//! Invariant: a resource's address changes whenever its bytes do, so that a browser may keep it for ever.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;

/// One file for the browser: its name, its content type, and the files that it is joined from.
struct Recipe {
    name: &'static str,
    content_type: &'static str,
    parts: &'static [&'static str],
}

const CSS: &str = "text/css; charset=utf-8";

const RECIPES: &[Recipe] = &[
    Recipe {
        name: "fiks.css",
        content_type: CSS,
        // The theme package's base is Designsystemet itself, in the version that the themes were made for.
        parts: &[
            "node_modules/@ks-digital/designsystem-themes/dist/base.css",
            "assets/fiks.css",
            "assets/components.css",
            "assets/content.css",
        ],
    },
    Recipe {
        name: "ksdigital.css",
        content_type: CSS,
        parts: &["node_modules/@ks-digital/designsystem-themes/dist/themes/ksdigital.css"],
    },
    Recipe {
        name: "minkommune.css",
        content_type: CSS,
        parts: &["node_modules/@ks-digital/designsystem-themes/dist/themes/minkommune.css"],
    },
    Recipe {
        name: "fiks.js",
        content_type: "text/javascript; charset=utf-8",
        parts: &["node_modules/htmx.org/dist/htmx.min.js", "assets/fiks.js"],
    },
    Recipe {
        name: "ikon.svg",
        content_type: "image/svg+xml",
        parts: &["assets/ikon.svg"],
    },
    Recipe {
        name: "lisenser.txt",
        content_type: "text/plain; charset=utf-8",
        parts: &[
            "node_modules/@ks-digital/designsystem-themes/LICENSE",
            "node_modules/@digdir/designsystemet-css/LICENSE",
            "node_modules/htmx.org/LICENSE",
        ],
    },
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=package-lock.json");
    if let Err(fault) = build() {
        println!("cargo::error={fault}");
    }
}

fn build() -> Result<(), String> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let mut source = String::new();
    for recipe in RECIPES {
        let body = join(recipe)?;
        write_files(&out, recipe, &body).map_err(|fault| format!("{}: {fault}", recipe.name))?;
        source.push_str(&declare(recipe, hash_of(&body)));
    }
    source.push_str(&list());
    fs::write(out.join("resources.rs"), source).map_err(|fault| format!("resources.rs: {fault}"))
}

/// The parts after one another, each on a line of its own.
fn join(recipe: &Recipe) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    for part in recipe.parts {
        println!("cargo::rerun-if-changed={part}");
        body.extend(fs::read(part).map_err(|fault| missing(part, &fault))?);
        body.push(b'\n');
    }
    Ok(body)
}

fn missing(part: &str, fault: &io::Error) -> String {
    if part.starts_with("node_modules") && fault.kind() == io::ErrorKind::NotFound {
        return "Nettsidenes filer fra npm mangler: kjør «cargo dev», eller «npm ci» i crates/web."
            .to_owned();
    }
    format!("{part}: {fault}")
}

fn write_files(out: &Path, recipe: &Recipe, body: &[u8]) -> io::Result<()> {
    fs::write(out.join(recipe.name), body)?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body)?;
    fs::write(out.join(format!("{}.gz", recipe.name)), encoder.finish()?)
}

fn hash_of(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}

/// `fiks.css` is the constant `FIKS_CSS`.
fn constant(recipe: &Recipe) -> String {
    recipe.name.replace('.', "_").to_uppercase()
}

/// The Rust constant for one resource.
fn declare(recipe: &Recipe, hash: u64) -> String {
    let Recipe {
        name, content_type, ..
    } = recipe;
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let constant = constant(recipe);
    format!(
        "pub(crate) const {constant}: Resource = Resource {{
    file: \"{stem}.{hash:016x}.{extension}\",
    path: \"/ressurser/{stem}.{hash:016x}.{extension}\",
    etag: \"\\\"{hash:016x}\\\"\",
    content_type: {content_type:?},
    body: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\")),
    gzip: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.gz\")),
}};
"
    )
}

fn list() -> String {
    let names: Vec<_> = RECIPES.iter().map(constant).collect();
    format!("pub(crate) const ALL: &[Resource] = &[{}];\n", names.join(", "))
}
