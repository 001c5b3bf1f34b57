//! Fuzz targets of both front ends. `cargo test` runs them over their corpora; `cargo bolero test tests::fuzz::kdl`
//! looks for more with libFuzzer. What it finds is kept in the corpus.

use super::hostile::survive;

#[test]
fn kdl() {
    bolero::check!(name = "kdl").with_iterations(0).for_each(|bytes: &[u8]| survive("main.kdl", bytes));
}

#[test]
fn yaml() {
    bolero::check!(name = "yaml").with_iterations(0).for_each(|bytes: &[u8]| survive("main.yaml", bytes));
}
