//! Includes, variables and files that cannot be read.

use super::*;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn load(&self, name: &str) -> Loaded {
        load(&self.path(name), &[]).unwrap()
    }

    fn lint(&self, name: &str) -> String {
        let loaded = self.load(name);
        report::compact(&loaded.diagnostics, &loaded.sources)
    }
}

const POOL: &str = "pool \"a\" { backend \"http://a\" }\n";

#[test]
fn kdl_and_yaml_include_each_other() {
    let folder = Folder::new(&[
        ("main.kdl", "include \"conf.d/*.yaml\" \"pools.kdl\"\n"),
        ("pools.kdl", POOL),
        ("conf.d/b.yaml", "include: ../more/c.kdl\nroutes: [{ path: /b, pool: a }]\n"),
        ("conf.d/a.yaml", "include: [../more/c.kdl]\nroutes: [{ path: /a, pool: a }]\n"),
        ("more/c.kdl", "route \"/c\" pool=\"a\"\n"),
    ]);
    let loaded = folder.load("main.kdl");
    assert_eq!(loaded.diagnostics, [], "{}", shown(&loaded));
    let model = loaded.model.unwrap();
    let patterns: Vec<_> = model.routes.iter().map(|route| route.pattern.value.as_str()).collect();
    assert_eq!(patterns, ["/a", "/b", "/c"]);
    let names: Vec<_> = loaded.sources.files().iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["main.kdl", "conf.d/a.yaml", "more/c.kdl", "conf.d/b.yaml", "pools.kdl"]);
}

#[test]
fn the_order_of_files_and_declarations_does_not_matter() {
    let one = Folder::new(&[
        ("main.kdl", "include \"a.kdl\" \"b.kdl\"\nroute \"/x\" pool=\"a\"\n"),
        ("a.kdl", POOL),
        ("b.kdl", "route \"/b\" pool=\"a\"\n"),
    ]);
    let two = Folder::new(&[
        ("main.kdl", "route \"/x\" pool=\"a\"\ninclude \"b.kdl\"\ninclude \"a.kdl\"\n"),
        ("a.kdl", POOL),
        ("b.kdl", "route \"/b\" pool=\"a\"\n"),
    ]);
    assert_eq!(one.load("main.kdl").model, two.load("main.kdl").model);
}

#[test]
fn a_diagnostic_can_have_labels_in_two_files() {
    let folder = Folder::new(&[
        ("main.kdl", "include \"b.kdl\"\nruntime workers=1\n"),
        ("b.kdl", "runtime workers=2\n"),
    ]);
    insta::assert_snapshot!(shown(&folder.load("main.kdl")));
}

#[test]
fn what_cannot_be_included_is_said_at_the_include() {
    let folder = Folder::new(&[
        (
            "main.kdl",
            "include \"a.kdl\" \"nope.kdl\" \"no/*.kdl\" \"/etc/hostname\" \"../*.kdl\" \"x.txt\" \"broken.yaml\" \"latin.kdl\" \"[\" \"\"\ninclude 5\ninclude\n",
        ),
        ("a.kdl", "include \"b.kdl\"\n"),
        ("b.kdl", "include \"a.kdl\"\n"),
        ("x.txt", ""),
        ("broken.yaml", "a: [\n"),
    ]);
    fs::write(folder.path("latin.kdl"), b"a \"\xe4\"\n").unwrap();
    let loaded = folder.load("main.kdl");
    assert!(loaded.model.is_none());
    insta::assert_snapshot!(folder.lint("main.kdl"));
}

#[cfg(unix)]
#[test]
fn symlinks_are_resolved_before_it_is_judged_where_a_file_lies() {
    let outside = Folder::new(&[("secret.kdl", POOL)]);
    let folder =
        Folder::new(&[("main.kdl", "include \"link.kdl\" \"twice.kdl\" \"a.kdl\"\n"), ("a.kdl", POOL)]);
    std::os::unix::fs::symlink(outside.path("secret.kdl"), folder.path("link.kdl")).unwrap();
    std::os::unix::fs::symlink(folder.path("a.kdl"), folder.path("twice.kdl")).unwrap();
    assert_eq!(
        folder.lint("main.kdl"),
        "main.kdl:1:9: error[SYN012] `link.kdl` lies outside the folder of the config\n"
    );
}

#[test]
fn a_chain_of_includes_has_an_end() {
    let names: Vec<String> = (0..70).map(|at| format!("{at}.kdl")).collect();
    let texts: Vec<String> = (1..=70).map(|at| format!("include \"{at}.kdl\"\n")).collect();
    let files: Vec<(&str, &str)> =
        names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let folder = Folder::new(&files);
    assert!(folder.lint("0.kdl").contains("is included too deep"));
}

#[test]
fn a_glob_does_not_include_the_file_that_it_stands_in() {
    let folder =
        Folder::new(&[("main.kdl", "include \"*.kdl\"\n"), ("a.kdl", POOL), (".hidden.kdl", "nonsense 1\n")]);
    assert_eq!(folder.lint("main.kdl"), "");
}

#[test]
fn the_root_must_be_readable() {
    let folder = Folder::new(&[("main.txt", ""), ("folder.kdl/x", "")]);
    let why = |name: &str| load(&folder.path(name), &[]).unwrap_err().to_string();
    assert!(why("main.txt").ends_with("a config is named `*.kdl`, `*.yaml` or `*.yml`"));
    assert!(why("nope.kdl").contains("nope.kdl"));
    assert!(why("folder.kdl").ends_with("it is no file"));
    fs::write(folder.path("latin.yaml"), b"a: \xe4\n").unwrap();
    assert!(why("latin.yaml").ends_with("it is no UTF-8 (byte 3)"));
    let large = fs::File::create(folder.path("large.kdl")).unwrap();
    large.set_len(source::FILE_SIZE_MAX + 1).unwrap();
    assert!(why("large.kdl").ends_with("it is larger than 64 MiB"));
}

#[test]
fn variables_come_from_the_options() {
    let folder = Folder::new(&[
        (
            "main.yaml",
            "runtime: { workers: \"${WORKERS}\", drain: \"${DRAIN:-5s}\" }\ninclude: \"${FILE}.kdl\"\n",
        ),
        ("pools.kdl", "pool \"${NAME}\" { backend \"http://${HOST:-a}:80\" weight=\"${W:-7}\" }\n"),
    ]);
    let values = [("WORKERS", "3"), ("FILE", "pools"), ("NAME", "app")];
    let loaded = load(&folder.path("main.yaml"), &values).unwrap();
    assert_eq!(loaded.diagnostics, [], "{}", shown(&loaded));
    let model = loaded.model.unwrap();
    assert_eq!(model.runtime.workers.unwrap().value, 3);
    assert_eq!(model.runtime.drain.value.0, 5000);
    assert_eq!(model.pools[0].name.value, "app");
    assert_eq!(model.pools[0].backends[0].weight.value, 7);
}

#[test]
fn an_unset_variable_is_one_diagnostic_at_its_characters() {
    let folder = Folder::new(&[(
        "main.kdl",
        "pool \"a\" { backend \"http://${HOST}:80\"; probe \"/\" every=\"${EVERY}\" }\n",
    )]);
    insta::assert_snapshot!(shown(&folder.load("main.kdl")));
}

#[test]
fn byte_order_marks_and_carriage_returns_are_harmless() {
    let folder = Folder::new(&[
        ("main.kdl", "\u{feff}include \"b.yaml\"\r\npool \"a\" {\r\n  backend \"http://a\"\r\n}\r\n"),
        ("b.yaml", "\u{feff}routes:\r\n  - path: /\r\n    pool: a\r\n"),
    ]);
    assert_eq!(folder.lint("main.kdl"), "");
}
