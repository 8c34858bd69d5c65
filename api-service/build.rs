//! Makes a new file of the page part of the next build.

fn main() {
    println!("cargo::rerun-if-changed=web");
}
