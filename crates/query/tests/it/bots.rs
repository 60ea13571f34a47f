//! The page of bots: what was marked, and what people say against it.

use hgpixel_store::{Enriched, Message, NewEvent, Role, Site};
use uuid::Uuid;

use crate::support::{Answer, Ask, Pages, event, get, post};

const AGENT: &str = "GPTBot/1.2 (\"<b>\" & more)";

/// A bot's visit.
fn bot(site: &Site, index: i64, agent: &str, reason: &str, name: &str) -> NewEvent {
    let mut bot = NewEvent {
        event: event(site, index),
        enriched: Enriched {
            bot_reason: reason.into(),
            bot_name: name.into(),
            ..Enriched::default()
        },
    };
    bot.event.user_agent = agent.into();
    bot
}

async fn store(pages: &Pages, rows: Vec<NewEvent>) {
    let message = Message {
        id: Uuid::new_v4(),
        rows,
        ..Message::default()
    };
    let mut writer = pages.store.writer("test").await.unwrap();
    writer.append(&[message]).await.unwrap();
}

/// A person, and three bots of two reasons.
async fn shop(pages: &Pages) -> Site {
    let site = pages.add_site("shop").await;
    store(
        pages,
        vec![
            bot(&site, 1, "Mozilla/5.0 (X11) Firefox/143.0", "", ""),
            bot(&site, 2, AGENT, "ai_crawler", "GPTBot"),
            bot(&site, 3, AGENT, "ai_crawler", "GPTBot"),
            bot(&site, 4, "", "empty_agent", ""),
        ],
    )
    .await;
    site
}

fn form(path: &str, fields: &[(&str, &str)]) -> Ask {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    post(path).form(&form.finish()).own()
}

/// The page's text without its markup, a space between pieces.
fn text(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut text = String::new();
    for piece in answer.body.split('<').skip(1) {
        text.push_str(piece.split_once('>').map_or("", |(_, text)| text));
        text.push(' ');
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn look(pages: &Pages, cookie: &str, query: &str) -> Answer {
    let path = format!("/sites/shop/bots{query}");
    get(&path).page().cookie(cookie).send(pages).await
}

fn check(page: &str, expected: &[&str]) {
    for part in expected {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[tokio::test]
async fn it_says_what_was_marked_and_why() {
    let pages = Pages::start().await;
    let site = shop(&pages).await;
    let viewer = pages.user_of("v@example.com", &site, Role::Viewer).await;
    let answer = look(&pages, &viewer, "").await;
    let page = text(&answer);
    check(
        &page,
        &[
            "People, who count 1 visit 1 event",
            "Bots, who are left out 3 visits 3 events",
            "No user agent Every browser sends one; this one did not. Last seen 59 minutes ago 1 1",
            "GPTBot OpenAI: trains AI models · last seen 59 minutes ago 2 2",
            "GPTBot/1.2 (&#34;&#60;b&#62;&#34; &#38; more)",
            "None: what was seen stands.",
        ],
    );
    // Whoever may only look has nothing to press.
    assert!(!page.contains("These are people"), "{page}");
    assert!(!answer.body.contains("action=\"/sites/shop/bots"), "{page}");

    let page = text(&look(&pages, &viewer, "?agents=people&days=7d").await);
    check(&page, &["Mozilla/5.0 (X11) Firefox/143.0 Last seen"]);
    assert!(!page.contains("GPTBot/1.2"), "{page}");
    // What the address says wrongly is as if it had not been said.
    let page = text(&look(&pages, &viewer, "?agents=x&days=y").await);
    check(&page, &["GPTBot/1.2"]);
}

#[tokio::test]
async fn a_site_without_bots_says_so() {
    let pages = Pages::start().await;
    let site = pages.add_site("shop").await;
    let viewer = pages.user_of("v@example.com", &site, Role::Viewer).await;
    let page = text(&look(&pages, &viewer, "").await);
    check(
        &page,
        &["Nothing was marked", "There are none in these days."],
    );
}

#[tokio::test]
async fn what_an_editor_says_changes_the_figures_and_can_be_taken_back() {
    let pages = Pages::start().await;
    let site = shop(&pages).await;
    let editor = pages.user_of("e@example.com", &site, Role::Editor).await;
    // What is remembered of before must not be told after.
    check(
        &text(&look(&pages, &editor, "").await),
        &["People, who count 1 visit ", "These are people : GPTBot"],
    );
    let name = [("about", "name"), ("subject", "GPTBot"), ("days", "91d")];
    let mut restore = name.to_vec();
    restore.push(("verdict", "people"));
    let answer = form("/sites/shop/bots", &restore)
        .cookie(&editor)
        .send(&pages)
        .await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let location = "/sites/shop/bots?days=91d&agents=bots&done=wholly";
    assert_eq!(answer.header("location"), location);
    let page = text(&look(&pages, &editor, "?done=wholly").await);
    check(
        &page,
        &[
            "Done. The figures follow",
            "People, who count 3 visits",
            "Bots, who are left out 1 visit ",
            "Verdicts in force GPTBot Anna (user 1), just now ; 2 visits in these days people Take back",
        ],
    );

    let teach = [
        ("about", "user_agent"),
        ("subject", AGENT),
        ("verdict", "bot"),
    ];
    form("/sites/shop/bots", &teach)
        .cookie(&editor)
        .send(&pages)
        .await;
    check(
        &text(&look(&pages, &editor, "").await),
        &[
            "People, who count 1 visit ",
            "Take back the verdict on GPTBot/1.2",
        ],
    );

    for fields in [&name[..2], &teach[..2]] {
        let answer = form("/sites/shop/bots/forget", fields)
            .cookie(&editor)
            .send(&pages)
            .await;
        check(answer.header("location"), &["done=wholly"]);
    }
    let answer = form("/sites/shop/bots/forget", &name[..2])
        .cookie(&editor)
        .send(&pages)
        .await;
    check(answer.header("location"), &["done=gone"]);
    check(
        &text(&look(&pages, &editor, "").await),
        &[
            "People, who count 1 visit ",
            "Bots, who are left out 3 visits",
            "None: what was seen stands.",
        ],
    );
}

#[tokio::test]
async fn what_makes_no_sense_is_said_on_the_page() {
    let pages = Pages::start().await;
    let site = shop(&pages).await;
    let editor = pages.user_of("e@example.com", &site, Role::Editor).await;
    let send = async |about: &str, subject: &str, verdict: &str| {
        let fields = [("about", about), ("subject", subject), ("verdict", verdict)];
        form("/sites/shop/bots", &fields)
            .cookie(&editor)
            .send(&pages)
            .await
    };
    for (answer, problem) in [
        (
            send("name", "GPTBot", "bot").await,
            "teach a user agent instead",
        ),
        (send("name", "", "people").await, "may not be empty"),
        (
            send("user_agent", &"x".repeat(600), "bot").await,
            "at most 512 bytes",
        ),
        (send("user_agent", "x", "maybe").await, "`people` or `bot`"),
    ] {
        assert_eq!(answer.status, 422, "{answer:?}");
        check(&answer.body, &[problem, "role=\"alert\""]);
    }
}
