use std::fs;

use proptest::prelude::*;
use tempfile::NamedTempFile;

use super::*;

mod writer;

use writer::{Value, database, map, text};

/// A database with one network, `192.0.2.0/24` or `2001:db8::/32`, that holds `record`.
fn with_record(ip_version: u16, record: &Value) -> GeoDatabase {
    let (prefix, bits): (&[u8], usize) = match ip_version {
        4 => (&[192, 0, 2], 24),
        _ => (&[0x20, 0x01, 0x0d, 0xb8], 32),
    };
    open(&database(ip_version, prefix, bits, record))
}

fn open(bytes: &[u8]) -> GeoDatabase {
    try_open(bytes).unwrap()
}

fn try_open(bytes: &[u8]) -> Result<GeoDatabase, GeoError> {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    GeoDatabase::open(file.path())
}

/// "NZ", or "-".
fn check(database: &GeoDatabase, ip: &str, expected: &str) {
    let country = database.country(ip.parse().unwrap());
    assert_eq!(
        country.map_or("-".into(), |country| country.to_string()),
        expected,
        "of {ip}"
    );
}

fn nested(code: &str) -> Value {
    map([(
        "country",
        map([
            ("iso_code", text(code)),
            ("names", map([("en", text("somewhere"))])),
        ]),
    )])
}

#[test]
fn the_nested_schema_in_ipv4() {
    let database = with_record(4, &nested("NZ"));
    check(&database, "192.0.2.0", "NZ");
    check(&database, "192.0.2.255", "NZ");
    check(&database, "192.0.3.0", "-");
    check(&database, "127.0.0.1", "-");
    check(&database, "::ffff:192.0.2.1", "NZ");
    check(&database, "2001:db8::1", "-");
}

#[test]
fn the_nested_schema_in_ipv6() {
    let database = with_record(6, &nested("FR"));
    check(&database, "2001:db8::1", "FR");
    check(&database, "2001:db9::1", "-");
    check(&database, "192.0.2.1", "-");
}

#[test]
fn the_flat_schemas() {
    check(
        &with_record(4, &map([("country_code", text("de"))])),
        "192.0.2.1",
        "DE",
    );
    check(
        &with_record(6, &map([("country_code", text("DE"))])),
        "2001:db8::1",
        "DE",
    );
    check(
        &with_record(4, &map([("country", text("US"))])),
        "192.0.2.1",
        "US",
    );
}

#[test]
fn a_registered_country_serves_when_there_is_no_other() {
    let registered = ("registered_country", map([("iso_code", text("GB"))]));
    check(
        &with_record(4, &map([registered.clone()])),
        "192.0.2.1",
        "GB",
    );
    let both = map([registered, ("country", map([("iso_code", text("FK"))]))]);
    check(&with_record(4, &both), "192.0.2.1", "FK");
}

#[test]
fn a_code_that_is_none_is_no_country() {
    for code in ["", "A", "USA", "1A", "É", "--"] {
        check(
            &with_record(4, &map([("country_code", text(code))])),
            "192.0.2.1",
            "-",
        );
    }
    check(&with_record(4, &text("US")), "192.0.2.1", "-");
}

fn named(name: &str) -> Value {
    map([("names", map([("de", text("Irgendwo")), ("en", text(name))]))])
}

#[test]
fn places_of_the_nested_schema() {
    let record = map([
        ("city", named("Portland")),
        ("country", map([("iso_code", text("US"))])),
        (
            "location",
            map([("time_zone", text("America/Los_Angeles"))]),
        ),
        (
            "subdivisions",
            Value::List(vec![named("Oregon"), named("Multnomah")]),
        ),
    ]);
    let place = with_record(4, &record).place("192.0.2.1".parse().unwrap());
    assert_eq!(place, expected_place());
}

#[test]
fn places_of_the_flat_schema() {
    let record = map([
        ("city", text("Portland")),
        ("country_code", text("US")),
        ("postcode", text("")),
        ("state1", text("Oregon")),
    ]);
    let place = with_record(4, &record).place("192.0.2.1".parse().unwrap());
    assert_eq!(place, expected_place());
}

fn expected_place() -> Place {
    Place {
        country: "US".parse().ok(),
        region: Some("Oregon".into()),
        city: Some("Portland".into()),
    }
}

#[test]
fn an_unknown_address_is_nowhere() {
    let database = with_record(4, &nested("NZ"));
    assert_eq!(
        database.place("10.0.0.1".parse().unwrap()),
        Place::default()
    );
}

#[test]
fn long_names_are_cut_and_empty_ones_left_out() {
    let record = map([("city", text(&"é".repeat(100))), ("state1", text(""))]);
    let place = with_record(4, &record).place("192.0.2.1".parse().unwrap());
    assert_eq!(
        place,
        Place {
            city: Some("é".repeat(50)),
            ..Place::default()
        }
    );
}

#[test]
fn what_is_no_database_is_refused_with_its_path() {
    let error = try_open(b"not a database").unwrap_err();
    assert!(
        error.to_string().starts_with("open the geo database /"),
        "{error}"
    );
    let missing = GeoDatabase::open(Path::new("/nonexistent/geo.mmdb")).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "open the geo database /nonexistent/geo.mmdb"
    );
}

proptest! {
    #[test]
    fn damage_never_panics(position: prop::sample::Index, byte: u8, ip: u32) {
        let mut bytes = database(4, &[192, 0, 2], 24, &nested("NZ"));
        let position = position.index(bytes.len());
        bytes[position] = byte;
        if let Ok(database) = try_open(&bytes) {
            database.place(IpAddr::V4(ip.into()));
            database.place(IpAddr::V4([192, 0, 2, 1].into()));
        }
    }

    #[test]
    fn a_country_is_two_letters(text in "\\PC{0,4}") {
        let letters = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
        prop_assert_eq!(text.parse::<Country>().is_ok(), letters);
    }
}
