//! One `xml:base` out of two: RFC 3986, section 5.2, as Canonical XML 1.1, section 2.4, changes it.

/// `reference` as seen from where `base` holds. Without a reference that is `base` as it stands.
pub(super) fn join(base: &str, reference: Option<&str>) -> String {
    let Some(reference) = reference else { return base.to_owned() };
    let (mut from, to) = (Parts::read(base), Parts::read(reference));
    // A base that ends in `..` is meant as a folder.
    let folder = format!("{}/", from.path);
    if from.path == ".." || from.path.ends_with("/..") {
        from.path = &folder;
    }
    if to.scheme.is_some() {
        return Parts { path: &without_dots(to.path), ..to }.write();
    }
    if to.authority.is_some() {
        return Parts { scheme: from.scheme, path: &without_dots(to.path), ..to }.write();
    }
    if to.path.is_empty() {
        return Parts { query: to.query.or(from.query), ..from }.write();
    }
    let path = if to.path.starts_with('/') { to.path.to_owned() } else { merged(&from, to.path) };
    Parts { path: &without_dots(&path), query: to.query, ..from }.write()
}

/// What a URI reference consists of; its fragment says nothing about a base.
#[derive(Clone, Copy)]
struct Parts<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn read(text: &'a str) -> Self {
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        let (text, query) = text.split_once('?').map_or((text, None), |(before, query)| (before, Some(query)));
        let (scheme, text) = match text.split_once(':') {
            Some((scheme, rest)) if !scheme.is_empty() && !scheme.contains('/') => (Some(scheme), rest),
            _ => (None, text),
        };
        let (authority, path) = match text.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) =
                    rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or((rest, ""));
                (Some(authority), path)
            }
            None => (None, text),
        };
        Parts { scheme, authority, path, query }
    }

    fn write(&self) -> String {
        let mut text = String::new();
        for (before, part, after) in
            [("", self.scheme, ":"), ("//", self.authority, ""), ("", Some(self.path), ""), ("?", self.query, "")]
        {
            if let Some(part) = part {
                text.extend([before, part, after]);
            }
        }
        text
    }
}

/// The path beside the last segment of the base.
fn merged(base: &Parts<'_>, path: &str) -> String {
    if base.authority.is_some() && base.path.is_empty() {
        return format!("/{path}");
    }
    let folder = base.path.rsplit_once('/').map(|(folder, _)| folder);
    folder.map_or_else(|| path.to_owned(), |folder| format!("{folder}/{path}"))
}

/// Takes out `.` and `..`, but for `..` at the beginning of a relative path; two slashes become one, and a `..`
/// at the end gets one.
fn without_dots(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if is_absolute => {}
            _ => kept.push(segment),
        }
    }
    let is_folder = matches!(path.rsplit('/').next(), Some("" | "." | ".."));
    let start = if is_absolute { "/" } else { "" };
    let end = if is_folder && !kept.is_empty() { "/" } else { "" };
    format!("{start}{}{end}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_out_dot_segments_but_leading_ones() {
        for (path, expected) in [
            ("no/.././/yes/file", "yes/file"),
            ("yes/no//..//.///yes/file", "yes/yes/file"),
            ("no/../yes/no/..", "yes/"),
            ("../../no/../..", "../../../"),
            ("no/..", ""),
            ("./.", ""),
            ("..", "../"),
            ("/a/b/c/./../../g", "/a/g"),
            ("..yes/..no/..no/../..", "..yes/"),
            ("/../..", "/"),
            ("//no/..", "/"),
            ("yes/.", "yes/"),
        ] {
            assert_eq!(without_dots(path), expected, "{path}");
        }
    }

    #[test]
    fn joins_as_rfc_3986_does() {
        let base = "http://a/b/c/d;p?q";
        for (reference, expected) in [
            ("g:h", "g:h"),
            ("g", "http://a/b/c/g"),
            ("./g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y#s", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"),
            ("", "http://a/b/c/d;p?q"),
            ("..", "http://a/b/"),
            ("../../../g", "http://a/g"),
        ] {
            assert_eq!(join(base, Some(reference)), expected, "{reference}");
        }
        assert_eq!(join("a/b", Some("../c")), "c");
        assert_eq!(join("..", Some("..")), "../../");
        assert_eq!(join("a/", Some("../")), "");
        assert_eq!(join("..", Some("")), "../");
        assert_eq!(join("a/../b", None), "a/../b");
    }
}
