use super::*;

fn parsed(query: &str) -> Params {
    Params::parse(query, 1_000).unwrap()
}

fn refused_key(query: &str) -> String {
    Params::parse(query, 1_000).unwrap_err().key
}

fn condition(column: ViewColumn, operator: &str, value: &str) -> ViewCondition {
    let operator = Operator::named(operator).unwrap();
    operator.condition(column, &[value], 1_000).unwrap()
}

#[test]
fn nothing_said_is_the_newest_hundred() {
    let params = parsed("");
    assert_eq!((params.start, params.length), (0, 100));
    assert_eq!(params.order, ViewOrder::NewestFirst);
    assert_eq!((params.draw, params.format), (None, None));
    assert_eq!(
        params,
        parsed(
            "url=&userId=&search=&clientID=&from=&to=&order=&group=&browser=&session=&_=1700000000000&columns=url,os"
        )
    );
}

#[test]
fn what_datatables_sends_is_understood() {
    let params = parsed(
        "draw=7&columns%5B0%5D%5Bdata%5D=password&columns[17][search][value]=x&columns[17][search][regex]=false\
         &columns[99][orderable]=true&search[fixed][]=&order[0][column]=5&order[0][dir]=asc\
         &order[0][name]=&start=200&length=50&search%5Bvalue%5D=caf%C3%A9+%25&search[regex]=false",
    );
    assert_eq!(params.draw, Some(7));
    assert_eq!((params.start, params.length), (200, 50));
    assert_eq!(params.order, ViewOrder::OldestFirst);
    assert_eq!(params.search.as_deref(), Some("café %"));
    let browser = condition(ViewColumn::Browser, "contains", "x");
    assert_eq!(params.conditions, [browser]);
}

#[test]
fn any_column_can_be_ordered_by() {
    use ViewDirection::{Ascending, Descending};
    let by = |query: &str| {
        let params = parsed(query);
        (params.order, params.sort)
    };
    let sort = |column, direction| (ViewOrder::NewestFirst, Some(ViewSort { column, direction }));
    let client = sort(ViewColumn::ClientId, Ascending);
    assert_eq!(by("order[0][column]=0&order[0][dir]=asc"), client);
    assert_eq!(
        by("order[0][column]=3&order[0][name]=clientID&order[0][dir]=asc"),
        client
    );
    assert_eq!(
        by("order=browser+desc"),
        sort(ViewColumn::Browser, Descending)
    );
    assert_eq!(by("order=browser"), sort(ViewColumn::Browser, Descending));
    assert_eq!(by("order[0][dir]=asc"), (ViewOrder::OldestFirst, None));
    assert_eq!(by("order=timestamp+asc"), (ViewOrder::OldestFirst, None));
}

#[test]
fn columns_filter_by_their_names() {
    let params = parsed(
        "browser=Fire&browser=Firefox&os[!contains]=win&os[contains]=x&session[between]=9..3&city[empty]=",
    );
    let session = Operator::named("between").unwrap();
    let session = session
        .condition(ViewColumn::Session, &["3", "9"], 0)
        .unwrap();
    assert_eq!(
        params.conditions,
        [
            condition(ViewColumn::Os, "!contains", "win"),
            condition(ViewColumn::Os, "contains", "x"),
            session,
            condition(ViewColumn::City, "=", ""),
            condition(ViewColumn::Browser, "=", "Firefox"),
        ]
    );
    for query in [
        "session[>=]=3",
        "session%5B%3E%3D%5D=3",
        "session[%3E%3D]=3",
    ] {
        let expected = condition(ViewColumn::Session, ">=", "3");
        assert_eq!(parsed(query).conditions, [expected], "{query}");
    }
    let expected = [condition(ViewColumn::Title, "=", "a[b]=c")];
    assert_eq!(parsed("title[=]=a[b]=c").conditions, expected);
    assert_eq!(parsed("title=a[b]=c").conditions, expected);
    let params = parsed("from=1970-01-02&to=1970-01-03");
    let day_ms = 86_400_000;
    assert_eq!(
        (params.from_ms, params.until_ms),
        (Some(day_ms), Some(3 * day_ms))
    );
}

#[test]
fn groups_have_an_order_of_their_own() {
    let group = |query: &str| parsed(query).group.unwrap();
    assert_eq!(
        group("group=eventType,browser&order=visitors+asc"),
        Grouping {
            by: vec![ViewColumn::EventType, ViewColumn::Browser],
            order: ViewGroupOrder::Visitors,
            direction: ViewDirection::Ascending,
        }
    );
    assert_eq!(group("group=timestamp").order, ViewGroupOrder::Events);
    for query in [
        "group=password",
        "group=eventId",
        "group=os,os",
        "group=os,city,url",
    ] {
        assert_eq!(refused_key(query), "group", "{query}");
    }
    assert_eq!(refused_key("group=os&order=os"), "order");
    assert_eq!(refused_key("order=events"), "order");
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    for query in [
        "brwoser=x",
        "brwoser[contains]=x",
        "orders=x",
        "search2=x",
        "a]=1",
        "[=1",
        "os[contains=1",
    ] {
        let error = Params::parse(query, 0).unwrap_err().to_string();
        assert!(error.contains("userAgent, deviceInfo"), "{query}: {error}");
    }
}

#[test]
fn limits_hold_at_the_limit_and_not_beyond() {
    assert_eq!(parsed("length=1").length, 1);
    assert_eq!(parsed("length=1000").length, 1_000);
    for query in [
        "length=0",
        "length=1001",
        "length=-1",
        "length=",
        "length=1e2",
        "length=99999999999",
    ] {
        assert_eq!(refused_key(query), "length", "{query}");
    }
    assert_eq!(parsed("start=9223372036854775807").start, i64::MAX as u64);
    for query in ["start=-1", "start=9223372036854775808", "start=a", "start="] {
        assert_eq!(refused_key(query), "start", "{query}");
    }
    let search = "x".repeat(VIEW_SEARCH_BYTES_MAX);
    assert!(parsed(&format!("search={search}")).search.is_some());
    assert_eq!(refused_key(&format!("search={search}x")), "search");
    assert_eq!(
        refused_key(&format!("search[value]={search}x")),
        "search[value]"
    );
}

#[test]
fn what_makes_no_sense_is_named() {
    assert_eq!(refused_key("draw=<script>"), "draw");
    assert_eq!(refused_key("format=xml"), "format");
    assert_eq!(refused_key("search[regex]=true"), "search[regex]");
    assert_eq!(refused_key("order[0][dir]=sideways"), "order[0][dir]");
    assert_eq!(refused_key("order[0][column]=999"), "order[0][column]");
    assert_eq!(refused_key("order[0][column]=-1"), "order[0][column]");
    assert_eq!(refused_key("url=%00"), "url");
    assert_eq!(refused_key("userId=a%00b"), "userId");
    assert_eq!(refused_key("clientID=a%20b"), "clientID");
    assert_eq!(refused_key("browser[regex]=a"), "browser[regex]");
    assert_eq!(refused_key("browser[=][=]=a"), "browser[=][=]");
    assert_eq!(refused_key("session=a"), "session");
    assert_eq!(
        refused_key("timestamp[contains]=2026"),
        "timestamp[contains]"
    );
    assert_eq!(
        refused_key("columns[0][search][regex]=true"),
        "columns[0][search][regex]"
    );
    assert_eq!(
        refused_key("columns[99][search][value]=a"),
        "columns[99][search][value]"
    );
    assert_eq!(refused_key("from=yesterday"), "from");
    assert_eq!(
        refused_key("searchBuilder[criteria][50][logic]=OR"),
        "searchBuilder"
    );
}

#[test]
fn of_a_key_that_comes_twice_the_last_one_counts() {
    assert_eq!(parsed("length=5&length=6").length, 6);
}
