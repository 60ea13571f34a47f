//! The files that browsers load.

use crate::support::{Pages, event, get};

#[tokio::test]
async fn the_pixel_is_public_and_asked_for_again_only_when_it_changed() {
    let pages = Pages::start().await;
    let first = get("/static/app.js").send(&pages).await;
    assert_eq!(first.status, 200);
    assert_eq!(
        first.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(first.header("access-control-allow-origin"), "*");
    assert_eq!(first.header("cross-origin-resource-policy"), "cross-origin");
    assert!(first.body.contains("hgTracking"));
    let etag = first.header("etag");

    for known in [
        etag.to_owned(),
        format!("W/{etag}"),
        format!("\"x\", {etag}"),
        "*".to_owned(),
    ] {
        let again = get("/static/app.js")
            .header("if-none-match", &known)
            .send(&pages)
            .await;
        assert_eq!(
            (again.status.as_u16(), again.body.as_str()),
            (304, ""),
            "{known}"
        );
        assert_eq!(again.header("etag"), etag);
    }
    let changed = get("/static/app.js")
        .header("if-none-match", "\"old\"")
        .send(&pages)
        .await;
    assert_eq!(changed.body, first.body);
}

/// The addresses and digests that the page of sites shows, as a page would use them.
#[tokio::test]
async fn a_pinned_pixel_is_what_its_digest_says_and_kept_for_ever() {
    use base64::Engine as _;
    use sha2::Digest as _;

    let pages = Pages::start().await;
    let site = pages.add_site("one").await;
    pages.store_events(vec![event(&site, 0)]).await;
    let cookie = pages.logged_in().await;
    let home = get("/sites").page().cookie(&cookie).send(&pages).await;
    let between = |begin: &str| {
        let (_, rest) = home.body.split_once(begin).unwrap();
        rest.split("&#34;").next().unwrap().to_owned()
    };
    let integrity = between("integrity=&#34;").replace("&#43;", "+");
    let (_, path) = home.body.split_once("/static/").unwrap();
    let (_, pinned) = path.split_once("/static/").unwrap();
    let pinned = format!("/static/{}", pinned.split("&#34;").next().unwrap());

    let file = get(&pinned).send(&pages).await;
    let digest = sha2::Sha384::digest(&file.body);
    let digest = base64::engine::general_purpose::STANDARD.encode(digest);
    assert_eq!(integrity, format!("sha384-{digest}"));
    assert_eq!(
        file.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(file.header("access-control-allow-origin"), "*");

    // After an upgrade: the new file, which no cache keeps under the old address.
    let newest = get("/static/app.js").send(&pages).await;
    let outdated = get("/static/0000000000000000/app.js").send(&pages).await;
    assert_eq!(outdated.header("cache-control"), "no-cache");
    assert_eq!(
        (outdated.status, outdated.body),
        (newest.status, newest.body)
    );
}

#[tokio::test]
async fn files_are_compressed_for_those_who_take_it() {
    let pages = Pages::start().await;
    let plain = get("/static/app.js").send(&pages).await;
    assert!(!plain.headers.contains_key("content-encoding"));
    let ask = |known: &'static str| {
        get("/static/app.js")
            .header("accept-encoding", "deflate, gzip;q=0.8")
            .header("if-none-match", known)
    };
    let gzip = ask("").send(&pages).await;
    assert_eq!(gzip.header("content-encoding"), "gzip");
    assert_eq!(gzip.header("vary"), "accept-encoding");
    assert_ne!(gzip.header("etag"), plain.header("etag"));
    for refused in ["gzip;q=0", "br", "identity"] {
        let answer = get("/static/app.js").header("accept-encoding", refused);
        let answer = answer.send(&pages).await;
        assert!(
            !answer.headers.contains_key("content-encoding"),
            "{refused}"
        );
    }
    let again = get("/static/app.js")
        .header("accept-encoding", "gzip")
        .header("if-none-match", gzip.header("etag"))
        .send(&pages)
        .await;
    assert_eq!(again.status, 304);
}

#[tokio::test]
async fn nothing_but_built_files_is_served() {
    let pages = Pages::start().await;
    for path in [
        "/static/embed.html",
        "/static/..%2Fpackage.json",
        "/static/..%2Fsrc%2Fapp.js",
        "/static/",
        "/assets/0000000000000000/style.css",
        "/assets/x/..%2F..%2FCargo.toml",
    ] {
        assert_eq!(get(path).send(&pages).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_page_names_files_that_are_there_for_ever() {
    let pages = Pages::start().await;
    let page = get("/login").page().send(&pages).await;
    let cookie = pages.logged_in().await;
    let table = get("/view-data").page().cookie(&cookie).send(&pages).await;
    let home = get("/").page().cookie(&cookie).send(&pages).await;
    let bodies = [page.body, table.body, home.body].concat();
    let named: Vec<_> = bodies
        .split('"')
        .filter(|text| text.starts_with("/assets/"))
        .collect();
    assert!(named.len() >= 6, "{named:?}");
    for path in named {
        let file = get(path).send(&pages).await;
        assert_eq!(file.status, 200, "{path}");
        assert_eq!(
            file.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert_ne!(
            file.header("content-type"),
            "application/octet-stream",
            "{path}"
        );
    }
}

/// The policy allows neither inline scripts and styles nor anything from elsewhere: the pages must not try.
#[tokio::test]
async fn pages_keep_to_their_own_policy() {
    let pages = Pages::start().await;
    let cookie = pages.logged_in().await;
    let site = pages.add_site("one").await;
    pages.store_events(vec![event(&site, 0)]).await;
    for path in [
        "/",
        "/sites",
        "/sites/one/visits",
        "/view-data",
        "/demo",
        "/login?link=x",
        "/invitation?link=x",
        "/settings",
        "/sites/one/settings",
        "/people",
        "/audit",
    ] {
        let page = get(path).page().cookie(&cookie).send(&pages).await;
        assert_eq!(
            page.header("content-type"),
            "text/html; charset=utf-8",
            "{path}"
        );
        for forbidden in [
            "style=",
            "<style",
            "onclick",
            "onload",
            "javascript:",
            "src=\"http",
            "<link rel=\"stylesheet\" href=\"http",
        ] {
            assert!(!page.body.contains(forbidden), "{path} has {forbidden}");
        }
        let scripts = page.body.matches("<script").count();
        assert_eq!(
            page.body
                .matches("<script type=\"module\" src=\"/assets/")
                .count()
                + page.body.matches("<script src=\"/assets/").count()
                + page
                    .body
                    .matches("<script async src=\"/static/all.js\"")
                    .count(),
            scripts,
            "{path}"
        );
    }
}
