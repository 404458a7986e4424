//! Bad input: exit 2, an error that names file, line, key and fix, and nothing changed.

use super::company::{OFFERS, definition};
use super::program::{Program, Said};

/// The answer is exit 2 and says all of this.
fn refused(said: &Said, parts: &[&str]) {
    assert_eq!(said.code, Some(2), "{}{}", said.out, said.err);
    assert!(said.err.starts_with("error: "), "{}", said.err);
    for part in parts {
        assert!(said.err.contains(part), "`{part}` in {}", said.err);
    }
    assert!(said.out.is_empty(), "stdout is for results: {}", said.out);
}

const ORDERS: &str = "customer_id,occurred_at,order_id,sku,quantity,amount\nC1,2011-05-01T10:00:00Z,A,s1,2,10.50\n";

const MAPPING: &str = "[defaults]\nsource = \"shop\"\n\n[[record]]\ntarget = \"orders\"\n\n[record.fields]\n\
    customer = \"customer_id\"\noccurred_at = \"occurred_at\"\norder_key = \"order_id\"\nsku = \"sku\"\n\
    quantity = \"quantity\"\namount = \"amount\"\n";

#[test]
fn a_mapping_that_names_an_unknown_column() {
    let program = Program::new(None);
    let orders = program.file("orders.csv", ORDERS);
    let mapping = program.file("shop.toml", &MAPPING.replace("= \"amount\"", "= \"turnover\""));
    let said = program.call(&["import", "orders", &orders, "--mapping", &mapping]);
    refused(&said, &["turnover", "amount"]);
    assert_nothing_known(&program, "C1");
}

#[test]
fn a_mapping_with_a_wrong_key_is_named_by_file_and_line_before_anything_is_made() {
    let program = Program::new(None);
    let orders = program.file("orders.csv", ORDERS);
    let mapping = program.file("shop.toml", &MAPPING.replace("source =", "sauce ="));
    refused(&program.call(&["import", "orders", &orders, "--mapping", &mapping]), &["shop.toml:2:", "sauce"]);
    assert!(!program.data().exists());
}

#[test]
fn a_broken_quote_costs_its_own_line() {
    let program = Program::new(None);
    let orders = program.file("orders.csv", &format!("{ORDERS}C2,\"2011-05-02,B,s1,1,3\nC3,2011-05-02,D,s1,1,3\n"));
    let report = program.done(&["import", "orders", &orders, "--json"]).json()[0].clone();
    assert_eq!((&report["accepted"], &report["rejected"]), (&2.into(), &1.into()), "{report}");
    assert_eq!(report["reasons"][0]["first_lines"], serde_json::json!([3]), "{report}");
    assert_nothing_known(&program, "C2");
}

#[test]
fn a_wrong_currency() {
    let program = Program::new(None);
    let orders = program.file("orders.csv", ORDERS);
    let mapping = program.file("shop.toml", &MAPPING.replace("source =", "currency = \"USD\"\nsource ="));
    refused(
        &program.call(&["import", "orders", &orders, "--mapping", &mapping]),
        &["shop.toml", "currency", "USD", "EUR"],
    );
    assert!(!program.data().exists());
}

#[test]
fn a_campaign_that_names_an_offer_that_does_not_exist() {
    let program = Program::new(None);
    program.done(&["import", "offers", &program.file("offers.csv", OFFERS)]);
    let folder = program.campaign("bad", &definition("").replace("ten-off", "twenty-off"));
    let said = program.call(&["campaign", "apply", &folder]);
    refused(&said, &["campaign.toml:2:", "offers[0]", "twenty-off", "there are: ten-off"]);
    assert_eq!(program.done(&["campaign", "list", "--json"]).json(), serde_json::json!([]));
}

#[test]
fn a_template_with_an_unknown_variable() {
    let program = Program::new(None);
    program.done(&["import", "offers", &program.file("offers.csv", OFFERS)]);
    let folder = program.campaign("bad", &definition(""));
    program.file("bad/templates/a/en/text.hbs", "Hello {{customer.first_name}}\n{{customer.shoe_size}}\n");
    let said = program.call(&["campaign", "apply", &folder]);
    refused(&said, &["templates/a/en/text.hbs:2:", "customer.shoe_size", "allowed here", "first_name"]);
    assert_eq!(program.done(&["campaign", "list", "--json"]).json(), serde_json::json!([]));
}

#[test]
fn templates_that_could_not_be_sent_are_refused_when_they_are_applied() {
    let program = Program::new(None);
    program.done(&["import", "offers", &program.file("offers.csv", OFFERS)]);
    let body = "x".repeat(10 * 1024 * 1024);
    let deep = format!("<mjml><mj-body><mj-raw>{}", "<div>".repeat(5_000));
    let blocks = "{{#if offer}}".repeat(5_000) + &"{{/if}}".repeat(5_000);
    for (case, files, parts) in [
        ("helper", &[("a/en/text.hbs", "{{shout offer.name}}")][..], &["a/en/text.hbs:1", "no helper `shout`"][..]),
        (
            "circle",
            &[("a/en/text.hbs", "Hi\n{{> one}}\n"), ("parts/one.hbs", "{{> two}}\n"), ("parts/two.hbs", "{{> one}}\n")],
            &["includes itself"],
        ),
        ("large", &[("a/en/text.hbs", &body)], &["a/en/text.hbs", "256 KB"]),
        ("locale", &[("a/xx/text.hbs", "Bonjour")], &["a/xx/text.hbs", "`xx` is not known", "`pt-BR`"]),
        ("tag", &[("a/pt_br/text.hbs", "Bom dia")], &["a/pt_br/text.hbs: locale", "write `pt-BR`"]),
        ("forms", &[("a/ja/text.hbs", "{{plural 2 \"a\" \"b\"}}")], &["a/ja/text.hbs:1", "1 form of the word: other"]),
        ("deep", &[("a/en/text.hbs", &blocks)], &["a/en/text.hbs:1", "deeper than 32"]),
        ("mjml", &[("a/en/html.hbs", ""), ("a/en/mjml.hbs", &deep)], &["mjml"]),
        ("kind", &[("a/en/text.hbs", "{{money offer.name}}")], &["a/en/text.hbs:1", "money", "minor units"]),
        ("header", &[("a/en/subject.hbs", "Hello\n{{customer.name}}")], &["a/en/subject.hbs", "line break"]),
        ("link", &[("a/en/html.hbs", "<a href=\"{{offer.url}}\">x</a>")], &["a/en/html.hbs:1", "url helper"]),
        ("endless", &[("a/en/text.hbs", "{{#*inline \"x\"}}{{> x}}{{/inline}}")], &["a/en/text.hbs:1", "inline"]),
    ] {
        let folder = program.campaign(case, &definition(""));
        for (path, text) in files {
            program.file(&format!("{case}/templates/{path}"), text);
        }
        let said = program.call(&["campaign", "apply", &folder]);
        refused(&said, parts);
        assert!(said.err.len() < 8_192, "{case}: the error is short");
    }
    assert_eq!(program.done(&["campaign", "list", "--json"]).json(), serde_json::json!([]));
}

#[test]
fn addresses_that_no_message_could_go_to_are_refused_where_they_come_in() {
    let program = Program::new(None);
    let customers = "external_id,email\nC1,\"eve@shop.example\r\nBcc: all@shop.example\"\nC2,anna@b\u{fc}cher.example\nC3,\"\"\"anna b\"\"@shop.example\"\nC4,a@@b\n";
    let said = program.call(&["import", "customers", &program.file("customers.csv", customers)]);
    assert!(!format!("{}{}", said.out, said.err).contains("all@shop.example"), "{}{}", said.out, said.err);
    assert_nothing_known(&program, "C1");
    assert_nothing_known(&program, "C4");
    for (key, sender) in [
        ("sender", "sender = \"Shop <a@b.c>\\r\\nBcc: x@y.z\""),
        ("mail.return_path", "[mail]\nreturn_path = \"a+b@c.d\""),
    ] {
        let program = Program::new(None);
        program.file("data/vizavi.toml", &format!("{sender}\n"));
        program.call(&["import", "offers", &program.file("offers.csv", OFFERS)]);
        let said = program.call(&["campaign", "apply", &program.campaign("c", &definition(""))]);
        refused(&said, &[key]);
    }
}

#[test]
fn a_database_that_is_down_is_said_without_its_password() {
    let program = Program::new(Some("postgres://vizavi:open-sesame@127.0.0.1:1/x".into()));
    for arguments in [&["migrate"][..], &["campaign", "list"], &["work", "--once"]] {
        let said = program.call(arguments);
        refused(&said, &["PostgreSQL does not answer", "DATABASE_URL"]);
        assert!(!said.err.contains("sesame"));
    }
    let other = Program::new(Some("mysql://localhost/x".into()));
    refused(&other.call(&["migrate"]), &["DATABASE_URL", "postgres://"]);
}

#[test]
fn what_the_command_line_names_and_nobody_knows() {
    let program = Program::new(None);
    refused(&program.call(&["campaign", "list"]), &["no workspace", "--data"]);
    assert!(!program.data().exists(), "a mistyped folder is not made");
    refused(&program.call(&["import", "shoes", "x.csv"]), &["`shoes` cannot be imported", "customers"]);
    refused(&program.call(&["import", "orders", "absent.csv"]), &["absent.csv", "no such file"]);
    program.done(&["migrate"]);
    refused(&program.call(&["campaign", "plan", "spring"]), &["no campaign `spring`"]);
    refused(&program.call(&["train", "oracle"]), &["no model `oracle`", "churn"]);
    refused(&program.call(&["models", "show", "churn"]), &["has not been trained", "vizavi train churn"]);
    refused(&program.call(&["segments", "show", "s9"]), &["no segment `s9`"]);
    refused(&program.call(&["customer", "C1"]), &["C1"]);
    assert_eq!(program.call(&["kustomer"]).code, Some(2));
    assert_eq!(program.call(&["train", "--fast"]).code, Some(2));
}

fn assert_nothing_known(program: &Program, customer: &str) {
    let said = program.call(&["customer", customer]);
    assert_eq!(said.code, Some(2), "nothing was imported: {}", said.out);
}
