//! Builds that embed the page must notice when it was built anew: the folder's
//! files are not otherwise known to cargo.

fn main() {
    println!("cargo:rerun-if-changed=../../web/dist");
}
