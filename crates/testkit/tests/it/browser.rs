//! The browser opens pages, clicks, types, runs scripts, and leaves nothing.

use std::time::Duration;

use hgpixel_testkit::{Browser, Process, Ready, free_port, wait_until};
use serde_json::json;

use crate::support::{SOON, processes_in};

const PAGE: &str = "<!doctype html><title>A page</title><button id=b onclick='this.textContent=\"clicked\"'>press</button>
<input id=i><a href='/second.html'>on</a><script>console.error('said by the page')</script>";

/// A server of files, to have a page with an origin.
async fn site() -> (Process, String) {
    let port = free_port();
    let config = format!(
        "defaults\n timeout client 60s\n timeout connect 5s\n timeout server 60s\n mode http\nfrontend f\n bind 127.0.0.1:{port}\n \
         http-request return status 200 content-type text/html file page.html if {{ path / }}\n \
         http-request return status 200 content-type text/html string \"<title>Second</title>\"\n"
    );
    let builder = Process::builder("haproxy")
        .args(&["-f", "haproxy.cfg"])
        .file("haproxy.cfg", config)
        .file("page.html", PAGE);
    let server = builder.ready(Ready::http(port, "/")).start().await.unwrap();
    (server, format!("http://127.0.0.1:{port}/"))
}

#[tokio::test]
async fn a_page_is_opened_clicked_and_left() {
    let (_site, url) = site().await;
    let browser = Browser::start_with(&["--lang=de"]).await.unwrap();
    browser.goto(&url).await.unwrap();
    assert_eq!(browser.title().await.unwrap(), "A page");

    browser.click("#b").await.unwrap();
    assert_eq!(browser.text("#b").await.unwrap(), "clicked");
    browser.type_into("#i", "grüße").await.unwrap();
    let typed = browser
        .script(
            "return Promise.resolve(document.querySelector(arguments[0]).value)",
            &[json!("#i")],
        )
        .await;
    assert_eq!(typed.unwrap(), json!("grüße"));
    assert!(browser.has("a").await.unwrap() && !browser.has("table").await.unwrap());
    let console = browser.console().await.unwrap();
    assert!(
        console
            .iter()
            .any(|entry| entry["message"].to_string().contains("said by the page")),
        "{console:?}"
    );

    browser.click("a").await.unwrap();
    wait_until("the next page", SOON, async || {
        browser
            .url()
            .await
            .is_ok_and(|url| url.ends_with("/second.html"))
    })
    .await
    .unwrap();
    browser.back().await.unwrap();
    assert_eq!(browser.url().await.unwrap(), url);
}

#[tokio::test]
async fn what_goes_wrong_on_a_page_is_an_error() {
    let browser = Browser::start().await.unwrap();
    let message = |error: anyhow::Error| format!("{error:#}");
    let thrown = browser
        .script("throw new Error('on purpose')", &[])
        .await
        .unwrap_err();
    assert!(message(thrown).contains("on purpose"));
    assert!(message(browser.click("#nothing").await.unwrap_err()).contains("no such element"));
    assert!(
        message(
            browser
                .goto(&format!("http://127.0.0.1:{}/", free_port()))
                .await
                .unwrap_err()
        )
        .contains("ERR_CONNECTION_REFUSED")
    );
}

#[tokio::test]
async fn a_browser_takes_screenshots_and_leaves_nothing() {
    let browser = Browser::start().await.unwrap();
    let directory = browser.process().directory().to_owned();
    browser.goto("data:text/html,<h1>hello").await.unwrap();
    let file = directory.join("screen.png");
    browser.screenshot(&file).await.unwrap();
    assert!(
        std::fs::read(&file)
            .unwrap()
            .starts_with(b"\x89PNG\r\n\x1a\n")
    );
    assert!(
        processes_in(&directory).len() > 4,
        "Chromium is a family of processes"
    );
    drop(browser);
    assert!(!directory.exists());
    let gone = async || processes_in(&directory).is_empty();
    wait_until(
        "the end of all of Chromium's processes",
        Duration::from_secs(1),
        gone,
    )
    .await
    .unwrap();
}
