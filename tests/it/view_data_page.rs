//! The page of raw events in a real browser: what it filters, sorts, groups and exports, and that its address says all of it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hgpixel_testkit::{Browser, wait_until};
use serde_json::{Value, json};

use crate::in_both_modes;
use crate::stack::Stack;

in_both_modes!(
    the_page_filters_sorts_groups_and_its_address_says_so,
    what_was_tracked_is_never_markup,
);

/// A browser that is logged in and looks at `/view-data`.
struct Page {
    browser: Browser,
    base: String,
}

impl Page {
    async fn open(stack: &Stack) -> Result<Self> {
        let base = stack.query().url();
        let browser = Browser::start().await?;
        stack.log_in(&browser).await?;
        let page = Self { browser, base };
        page.goto("").await?;
        Ok(page)
    }

    async fn goto(&self, query: &str) -> Result<()> {
        let url = format!("{}/view-data?{query}", self.base);
        self.browser.goto(&url).await
    }

    /// What a script answers.
    async fn ask(&self, script: &str) -> Result<Value> {
        self.browser.script(script, &[]).await
    }

    /// Waits until a script answers this.
    async fn shows(&self, script: &str, expected: Value) -> Result<()> {
        let is_so = async || {
            self.ask(script)
                .await
                .is_ok_and(|answer| answer == expected)
        };
        let waited = wait_until(script, Duration::from_secs(30), is_so).await;
        let (found, at) = (self.ask(script).await, self.browser.url().await);
        waited.with_context(|| format!("expected {expected}, found {found:?} at {at:?}"))
    }

    async fn info_is(&self, text: &str) -> Result<()> {
        self.shows(
            "return document.querySelector('.dt-info')?.textContent",
            json!(text),
        )
        .await
    }

    /// Types into the field under a title.
    async fn filter(&self, column: &str, text: &str) -> Result<()> {
        let selector = format!("input[aria-label='Filter by {column}']");
        self.browser.type_into(&selector, text).await
    }

    async fn choose(&self, selector: &str, value: &str) -> Result<()> {
        let choose = "const select = document.querySelector(arguments[0]); select.value = arguments[1]; \
                      select.dispatchEvent(new Event('change', {bubbles: true}))";
        let arguments = [json!(selector), json!(value)];
        self.browser.script(choose, &arguments).await.map(drop)
    }

    /// The parameters of the address, as pairs.
    async fn address_is(&self, expected: &[(&str, &str)]) -> Result<()> {
        let pairs = "return [...new URLSearchParams(location.search)]";
        self.shows(pairs, json!(expected)).await
    }

    /// Nothing went wrong that a browser tells of: no script failed, and the policy forbade nothing.
    async fn was_quiet(&self) -> Result<()> {
        let console = self.browser.console().await?;
        ensure!(console.is_empty(), "{console:#?}");
        Ok(())
    }
}

/// Events of two types at three addresses.
async fn thirty_events(stack: &Stack) -> Result<()> {
    for index in 0..30 {
        let beacon = json!({
            "clientID": "example.com",
            "eventType": if index % 3 == 0 { "signup" } else { "click" },
            "eventData": {"n": index},
            "userId": if index % 2 == 0 { "anna" } else { "" },
            "url": format!("https://example.com/{}", index % 3),
        });
        stack.track(&beacon).await?;
    }
    stack.has_rows(30).await
}

async fn the_page_filters_sorts_groups_and_its_address_says_so(stack: Stack) -> Result<()> {
    thirty_events(&stack).await?;
    let page = Page::open(&stack).await?;
    page.info_is("1 to 30 of 30 events").await?;
    every_column_can_be_chosen(&page, &stack).await?;

    page.filter("eventType", "SIGN").await?;
    page.info_is("1 to 10 of 10 events (of 30 in all)").await?;
    page.address_is(&[("eventType[contains]", "SIGN")]).await?;
    page.browser.click(".titles-row th.col-url").await?;
    let sorted = [("eventType[contains]", "SIGN"), ("order", "url asc")];
    page.address_is(&sorted).await?;
    page.browser.back().await?;
    page.address_is(&sorted[..1]).await?;
    page.info_is("1 to 10 of 10 events (of 30 in all)").await?;
    page.browser.click(".chip-remove").await?;
    page.info_is("1 to 30 of 30 events").await?;

    conditions_are_built(&page).await?;
    events_are_grouped(&page).await?;
    an_event_is_told_in_full(&page).await?;
    what_is_filtered_is_exported(&page).await?;
    page.was_quiet().await
}

/// The page knows all columns of the server.
async fn every_column_can_be_chosen(page: &Page, stack: &Stack) -> Result<()> {
    let row = stack.rows("length=1").await?.remove(0);
    let mut known: Vec<String> = row.as_object().context("a row")?.keys().cloned().collect();
    known.sort();
    let names =
        "return [...document.querySelectorAll('#choice input')].map((box) => box.value).sort()";
    page.shows(names, json!(known)).await?;
    let titles =
        "return [...document.querySelectorAll('.titles-row th')].map((cell) => cell.textContent)";
    page.goto("columns=url,path").await?;
    page.shows(titles, json!(["url", "path"])).await?;
    page.goto("").await?;
    page.info_is("1 to 30 of 30 events").await
}

async fn conditions_are_built(page: &Page) -> Result<()> {
    page.browser.click("#show-builder").await?;
    page.browser.click(".dtsb-add").await?;
    let column = "return [...document.querySelectorAll('.dtsb-data option')].find(({textContent}) => textContent === 'url').value";
    let column = page.ask(column).await?;
    page.choose(".dtsb-data", column.as_str().context("a column")?)
        .await?;
    page.choose(".dtsb-condition", "ends").await?;
    page.browser.type_into(".dtsb-value", "/2").await?;
    page.info_is("1 to 10 of 10 events (of 30 in all)").await?;
    let address = [
        ("searchBuilder[logic]", "AND"),
        ("searchBuilder[criteria][0][origData]", "url"),
        ("searchBuilder[criteria][0][condition]", "ends"),
        ("searchBuilder[criteria][0][value1]", "/2"),
    ];
    page.address_is(&address).await?;
    // Whoever is given the address sees the same.
    page.browser.reload().await?;
    page.info_is("1 to 10 of 10 events (of 30 in all)").await?;
    page.shows(
        "return document.querySelector('.dtsb-value')?.value",
        json!("/2"),
    )
    .await?;
    page.address_is(&address).await?;
    page.browser.click("[data-clear-builder]").await?;
    page.info_is("1 to 30 of 30 events").await?;
    page.address_is(&[]).await
}

async fn events_are_grouped(page: &Page) -> Result<()> {
    page.choose("#group", "eventType").await?;
    let groups = "return [...document.querySelectorAll('tr.group')].map((row) => \
                  [row.cells[1].textContent, row.cells[2].textContent])";
    page.shows(groups, json!([["click", "20"], ["signup", "10"]]))
        .await?;
    page.choose("#group-then", "url").await?;
    page.address_is(&[("group", "eventType,url")]).await?;
    page.shows(
        "return document.querySelectorAll('tr.group').length",
        json!(3),
    )
    .await?;
    page.browser.click("button.expand").await?;
    page.shows(
        "return document.querySelectorAll('.opened tbody tr').length",
        json!(10),
    )
    .await?;
    page.browser.click("a.all-of").await?;
    page.info_is("1 to 10 of 10 events (of 30 in all)").await?;
    page.address_is(&[("eventType", "click"), ("url", "https://example.com/1")])
        .await
}

async fn an_event_is_told_in_full(page: &Page) -> Result<()> {
    let first = "document.querySelector('#events tbody tr').focus()";
    page.ask(first).await?;
    page.browser
        .type_into("#events tbody tr", "\u{e007}")
        .await?;
    page.shows("return document.querySelector('dialog').open", json!(true))
        .await?;
    let told = page.browser.text("dialog").await?;
    ensure!(
        told.contains("eventId") && told.contains("receivedAt"),
        "{told}"
    );
    page.browser.click("[data-close]").await?;
    page.shows("return document.querySelector('dialog').open", json!(false))
        .await
}

async fn what_is_filtered_is_exported(page: &Page) -> Result<()> {
    let exported = "const link = document.querySelector('a[data-export=ndjson]'); \
                    return fetch(link.href).then((answer) => answer.text()).then((text) => text.trim().split('\\n').length)";
    page.shows(exported, json!(10)).await?;
    page.browser
        .click("details.menu:not(#choice) summary")
        .await?;
    page.browser.click("a[data-export=csv]").await?;
    let note = "return document.querySelector('#export-note span').textContent";
    page.shows(note, json!("10 events are in view-data.csv."))
        .await
}

async fn what_was_tracked_is_never_markup(stack: Stack) -> Result<()> {
    let hostile = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>";
    let beacon = json!({
        "clientID": "example.com",
        "eventType": hostile,
        // The first key has quotes, so that it cannot be asked for as a property.
        "eventData": {hostile: hostile, "<s>key</s>": hostile},
        "userId": hostile,
        "url": format!("https://example.com/?{hostile}"),
        "referrer": "javascript:alert(1)",
        "deviceInfo": {"screen": hostile},
    });
    stack.track(&beacon).await?;
    stack.has_rows(1).await?;
    let page = Page::open(&stack).await?;
    page.browser.goto(&format!("{}/", page.base)).await?;
    let of_properties = "const panel = document.querySelector('#properties-panel'); \
                         return panel?.getAttribute('aria-busy') === 'false' && panel.querySelector('.row-name')?.textContent";
    page.shows(of_properties, json!(hostile)).await?;
    page.goto("").await?;
    page.info_is("1 to 1 of 1 events").await?;
    let marked_up =
        "return document.querySelectorAll('main img, main b, a[href^=\"javascript:\" i]').length";
    page.shows(marked_up, json!(0)).await?;
    page.browser.click("#events tbody td").await?;
    page.shows("return document.querySelector('dialog').open", json!(true))
        .await?;
    page.shows(marked_up, json!(0)).await?;
    let only = "[...document.querySelectorAll('dt')].find(({textContent}) => textContent === 'eventType').nextElementSibling.querySelector('a').click()";
    page.ask(only).await?;
    page.info_is("1 to 1 of 1 events").await?;
    page.shows(
        "return document.querySelector('.chip-value')?.textContent",
        json!(hostile),
    )
    .await?;
    page.shows(marked_up, json!(0)).await?;
    page.goto("group=eventType,userId").await?;
    page.shows(
        "return document.querySelector('tr.group')?.cells[1].textContent",
        json!(hostile),
    )
    .await?;
    page.browser.click("button.expand").await?;
    page.shows(
        "return document.querySelectorAll('.opened tbody tr').length",
        json!(1),
    )
    .await?;
    page.shows(marked_up, json!(0)).await?;
    ensure!(page.browser.title().await? == "Events · hgpixel");
    page.was_quiet().await
}
