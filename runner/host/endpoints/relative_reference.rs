//! Relative references (RFC 3986, 4.2), as pages of an index and redirections use them.

/// What a reference on a page leads to (RFC 3986, 5.3), without its fragment.
pub fn join(page: &str, reference: &str) -> Option<String> {
    let reference = reference.split('#').next()?;
    let scheme = reference.split_once("://").map(|(scheme, _)| scheme);
    if scheme.is_some_and(|scheme| !scheme.contains(['/', '?'])) {
        return Some(reference.to_owned());
    }
    let scheme_end = page.find("://")? + 3;
    let host_end = page[scheme_end..]
        .find('/')
        .map_or(page.len(), |at| scheme_end + at);
    let (host, path) = page.split_at(host_end);
    if reference.starts_with("//") {
        return Some(format!("{}{reference}", &page[..scheme_end - 2]));
    }
    let mut parts: Vec<&str> = if reference.starts_with('/') {
        Vec::new()
    } else {
        path.split('/').skip(1).collect()
    };
    // What stands behind the last slash of the page is no folder.
    parts.pop();
    for part in reference.trim_start_matches('/').split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(format!("{host}/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_reference() {
        let page = "http://m.example/simple/a/";
        for (reference, url) in [
            ("http://f.example/x#sha256=1", "http://f.example/x"),
            ("//f.example/x", "http://f.example/x"),
            ("/files/x", "http://m.example/files/x"),
            (
                "/x?to=http://f.example/",
                "http://m.example/x?to=http://f.example/",
            ),
            ("x", "http://m.example/simple/a/x"),
            ("../../x", "http://m.example/x"),
            ("../../../../x", "http://m.example/x"),
        ] {
            assert_eq!(join(page, reference).as_deref(), Some(url));
        }
        assert_eq!(
            join("http://m.example", "x").as_deref(),
            Some("http://m.example/x")
        );
    }
}
