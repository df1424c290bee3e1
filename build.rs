//! Puts every page in `man/` into the program: a list of them is written for `src/cmd/pages.rs`, so
//! that a new page needs no line anywhere.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a build script, of which nothing is shipped"
)]

use std::path::Path;

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=man");
    println!("cargo:rerun-if-changed=build.rs");
    let variable = |name: &str| std::env::var(name).map_err(std::io::Error::other);
    let man = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("man");
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(&man)? {
        let name =
            entry?.file_name().into_string().map_err(|name| std::io::Error::other(format!("{name:?}")))?;
        if let Some((stem, section)) = name.rsplit_once('.').filter(|(_, section)| section.len() == 1) {
            let path = man.join(&name);
            pages.push(format!(
                "    Page {{ name: {stem:?}, section: {section:?}, text: include_str!({path:?}) }},\n"
            ));
        }
    }
    pages.sort();
    let list = format!("&[\n{}]\n", pages.concat());
    std::fs::write(Path::new(&variable("OUT_DIR")?).join("pages.rs"), list)
}
