//! What the modules see, and what they must not.

use anyhow::{Context, Result, ensure};
use hgpixel_testkit::Browser;
use serde_json::{Value, json};

use super::{ALL, CORE, Site, of};

#[tokio::test(flavor = "multi_thread")]
async fn clicks_links_downloads_copies_and_errors_are_told_once() -> Result<()> {
    let browser = Browser::start().await?;
    for head in [ALL, CORE] {
        let site = Site::open(head).await?;
        browser.goto(&site.url("/start")).await?;
        site.has(&[("pageview", 1)]).await?;
        wait_for_modules(&site, &browser).await?;
        for target in ["#text", "#buy", "#ignored", "#masked"] {
            browser.click(target).await?;
        }
        browser.script("getSelection().selectAllChildren(document.querySelector('#text')); document.execCommand('copy')", &[]).await?;
        browser
            .script("dispatchEvent(new Event('beforeprint'))", &[])
            .await?;
        for target in ["#fails", "#fails", "#rejects"] {
            browser.click(target).await?;
        }
        browser.click("#file").await?;
        site.has(&[("file_download", 1), ("error", 2)]).await?;
        browser.goto(&site.url("/start")).await?;
        site.has(&[("pageview", 2)]).await?;
        wait_for_modules(&site, &browser).await?;
        browser.click("#away").await?;
        // The page that is left for is not watched by us, but for its own view.
        let rows = site
            .has(&[
                ("outbound_link", 1),
                ("file_download", 1),
                ("copy", 1),
                ("print", 1),
                ("error", 2),
                ("button_click", 4),
            ])
            .await?;
        let data = |kind: &str, at: usize| {
            of(&rows, kind)
                .get(at)
                .map(|row| row["eventData"].clone())
                .context(kind.to_owned())
        };
        assert_eq!(
            data("button_click", 0)?,
            json!({"buttonText": "Buy now", "buttonId": "buy"})
        );
        assert_eq!(
            data("file_download", 0)?,
            json!({"url": site.url("/files/terms.pdf"), "extension": "pdf"})
        );
        assert_eq!(data("outbound_link", 0)?["linkText"], "Another host");
        let clicked: Vec<_> = of(&rows, "click")
            .iter()
            .map(|row| row["eventData"]["id"].clone())
            .collect();
        assert_eq!(
            clicked,
            [
                "text", "buy", "masked", "fails", "fails", "rejects", "file", "away"
            ]
        );
        ensure!(
            data("error", 0)?["message"]
                .as_str()
                .is_some_and(|text| text.contains("oops")),
            "{:?}",
            data("error", 0)
        );
        let everything = Value::from(rows).to_string();
        ensure!(
            !everything.contains("Card number") && !everything.contains("Not for you"),
            "{everything}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_are_told_of_by_names_of_fields_alone() -> Result<()> {
    let site = Site::open(ALL).await?;
    let browser = Browser::start().await?;
    browser.goto(&site.url("/start")).await?;
    browser.type_into("[name=mail]", "ada@example.com").await?;
    browser.type_into("[name=secret]", "hunter2").await?;
    browser.goto("about:blank").await?;
    site.has(&[("form_abandon", 1), ("form_start", 1)]).await?;
    browser.goto(&site.url("/start")).await?;
    browser.type_into("[name=mail]", "ada@example.com").await?;
    browser.click("#send").await?;
    site.has(&[("form_submit", 1), ("pageview", 3)]).await?;
    browser.goto("about:blank").await?;
    let rows = site
        .has(&[
            ("pageview", 3),
            ("form_start", 2),
            ("form_submit", 1),
            ("form_abandon", 1),
            ("engagement", 3),
        ])
        .await?;
    assert_eq!(
        of(&rows, "form_abandon")[0]["eventData"],
        json!({"formId": "join", "fields": "mail,secret", "lastField": "secret"})
    );
    let everything = Value::from(
        rows.iter()
            .map(|row| row["eventData"].clone())
            .collect::<Vec<_>>(),
    )
    .to_string();
    ensure!(
        !everything.contains("hunter2") && !everything.contains("ada@"),
        "{everything}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn vitals_are_those_of_the_page() -> Result<()> {
    let browser = Browser::start().await?;
    for head in [ALL, CORE] {
        let site = Site::open(head).await?;
        browser.goto(&site.url("/start")).await?;
        site.has(&[("pageview", 1)]).await?;
        wait_for_modules(&site, &browser).await?;
        // A handler of a tenth of a second, and a shift half a second after the last thing that somebody did.
        browser.script("document.querySelector('#buy').onclick = () => { const end = performance.now() + 100; while (performance.now() < end); }", &[]).await?;
        browser.click("#buy").await?;
        let shift = "return new Promise(seen => {
            new PerformanceObserver(list => list.getEntries().some(entry => !entry.hadRecentInput) && seen(true)).observe({type: 'layout-shift'});
            setTimeout(() => document.querySelector('#grows').style.height = '300px', 700);
        })";
        browser.script(shift, &[]).await?;
        browser.goto("about:blank").await?;
        let rows = site.has(&[("performance_metrics", 1)]).await?;
        let metrics = &of(&rows, "performance_metrics")[0]["eventData"];
        let value = |name: &str| {
            metrics[name]
                .as_f64()
                .with_context(|| format!("{name}: {metrics}"))
        };
        ensure!(
            value("ttfb")? <= value("fcp")? && value("fcp")? <= value("lcp")?,
            "{metrics}"
        );
        ensure!(
            value("fcp")? > 0.0 && value("totalTime")? > 0.0 && value("domInteractive")? > 0.0,
            "{metrics}"
        );
        ensure!(value("cls")? > 0.0 && value("cls")? < 1.0, "{metrics}");
        ensure!((90.0..5_000.0).contains(&value("inp")?), "{metrics}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_say_where_they_come_from() -> Result<()> {
    let site = Site::open(ALL).await?;
    let browser = Browser::start().await?;
    browser.goto(&site.url("/start")).await?;
    site.has(&[("pageview", 1)]).await?;
    browser.click("#buy").await?;
    browser.click("#buy").await?;
    browser.click("#text").await?;
    browser.script("const field = document.querySelector('#colour'); field.value = '#123456'; field.dispatchEvent(new Event('change', {bubbles: true})); hgTracking.setFavouriteColour('#abcdef')", &[]).await?;
    browser.goto("about:blank").await?;
    let rows = site
        .has(&[("engagement", 1), ("favourite_colour", 4)])
        .await?;
    let colours: Vec<_> = of(&rows, "favourite_colour")
        .iter()
        .map(|row| row["eventData"].clone())
        .collect();
    let system = colours[0]["colour"].as_str().unwrap_or_default();
    ensure!(
        colours[0]["source"] == "system" && system.len() == 7,
        "{colours:?}"
    );
    for (colour, source) in [
        ("#123456", "chosen"),
        ("#abcdef", "chosen"),
        ("#ff1493", "clicked"),
    ] {
        ensure!(
            colours.contains(&json!({"colour": colour, "source": source})),
            "{colours:?}"
        );
    }
    Ok(())
}

/// Until the core has brought its modules: they tell of the system's colour when they are there.
async fn wait_for_modules(site: &Site, browser: &Browser) -> Result<()> {
    let is_there = async || {
        let loaded = browser.script("return performance.getEntriesByType('resource').filter(({name, responseEnd}) => responseEnd && /static.(all|colour|clicks|forms|errors|performance).js/.test(name)).length", &[]).await;
        loaded.is_ok_and(|count| count == 1 || count == 5)
    };
    hgpixel_testkit::wait_until("the modules", std::time::Duration::from_secs(20), is_there)
        .await?;
    let _ = site;
    Ok(())
}
