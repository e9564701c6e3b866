use super::*;

fn names(items: Vec<Item>) -> Vec<String> {
    let name = |item: Item| match item {
        Ok(input) => input.relative.to_string_lossy().into_owned(),
        Err(fault) => format!("{} {}", fault.name, fault.error.code()),
    };
    items.into_iter().map(name).collect()
}

fn inputs(rule: &Rule, path: &Path) -> Vec<Item> {
    rule.expand(path).into_iter().map(|found| rule.input(found?)).collect()
}

fn all() -> Walk {
    let mut walk = Walk::default();
    walk.all = true;
    walk
}

#[test]
fn a_file_is_itself_or_goes_into_a_container() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["d/notes.txt", "d/a.pdf", "d/b.EDOC"] {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"").unwrap();
    }
    let (look, all) = (Rule::default(), all());
    let sign = Rule { walk: all.clone(), containers: Some(Arc::default()), ..Rule::default() };
    let named = dir.path().join("d/notes.txt");
    assert_eq!(names(inputs(&look, &named)), ["notes.txt"]);
    assert_eq!(names(inputs(&sign, &named)), ["notes.txt.asice"]);
    assert_eq!(names(inputs(&sign, dir.path())), ["d/a.pdf", "d/b.EDOC", "d/notes.txt.asice"]);
    let made_of = inputs(&sign, dir.path()).remove(2).unwrap().made_of.unwrap();
    assert_eq!(
        made_of.parts,
        [Part { name: "notes.txt".into(), path: Some(named), inside: made_of.parts[0].inside.clone() }]
    );
    let missing = dir.path().join("none");
    assert_eq!(names(inputs(&sign, &missing)), [format!("{} io.not-found", missing.display())]);
    let parts: Vec<_> = parts_of(dir.path(), &all).unwrap().into_iter().map(|part| part.name).collect();
    assert_eq!(parts, ["d/a.pdf", "d/b.EDOC", "d/notes.txt"]);
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_cannot_go_into_a_container() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(std::ffi::OsStr::from_bytes(b"\xff.txt"));
    if fs::write(&path, b"").is_err() {
        return;
    }
    let sign = Rule { containers: Some(Arc::default()), ..Rule::default() };
    assert_eq!(inputs(&sign, &path).remove(0).unwrap_err().error.code(), ErrorCode::AsiceName);
    assert_eq!(parts_of(dir.path(), &all()).unwrap_err().code(), ErrorCode::AsiceName);
}

#[test]
fn a_manifest_line_brings_its_own_options() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.pdf");
    fs::write(&path, b"").unwrap();
    let line = serde_json::json!({"input": path, "reason": "because", "ref": "7"}).to_string().into_bytes();
    let rule = Rule::default();
    let items = rule.manifest_line(0, Ok(line));
    let own = &items[0].as_ref().unwrap().own;
    assert_eq!((own.reason.as_deref(), own.reference.as_deref()), (Some("because"), Some("7")));
    for line in ["", "[]", r#"{"output":"x"}"#, r#"{"input":"a","resaon":"x"}"#] {
        assert_eq!(names(rule.manifest_line(5, Ok(line.into()))), ["line 5 input.malformed"]);
    }
}
