//! `vizavi history`: check, compact, export.

use crate::cli::program::Program;

const ORDERS: &str = "customer,occurred_at,order_key,sku,quantity,amount\n\
    C-1,2026-05-01T10:00:00Z,O-1,A,1,10.00\n\
    C-2,2026-05-02T10:00:00Z,O-2,B,2,20.50\n";

fn with_orders() -> Program {
    let program = Program::new(None);
    program.done(&["import", "orders", &program.file("orders.csv", ORDERS)]);
    program
}

#[test]
fn a_changed_byte_and_a_missing_file_are_found() {
    let program = with_orders();
    let said = program.done(&["history", "check"]);
    assert!(said.out.contains("everything is as it should be"), "{}", said.out);
    let folder = program.data().join("history/order_item");
    let file = std::fs::read_dir(folder).unwrap().flatten().next().expect("a segment").path();
    let whole = std::fs::read(&file).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    std::fs::write(&file, changed).unwrap();
    let said = program.call(&["history", "check", "--json"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.json()["findings"][0]["problem"].as_str().unwrap().contains("digest"), "{}", said.out);
    std::fs::remove_file(&file).unwrap();
    let said = program.call(&["history", "check"]);
    assert!(said.code == Some(1) && said.out.contains("the file is missing"), "{}", said.out);
    std::fs::write(&file, whole).unwrap();
    program.done(&["history", "check"]);
}

#[test]
fn many_small_segments_become_one() {
    let program = with_orders();
    for day in 3..9 {
        let more = format!(
            "customer,occurred_at,order_key,sku,quantity,amount\nC-1,2026-05-0{day}T10:00:00Z,P-{day},A,1,1.00\n"
        );
        program.done(&["import", "orders", &program.file(&format!("more{day}.csv"), &more)]);
    }
    let done = program.done(&["history", "compact", "--json"]).json();
    assert_eq!((&done["outputs"], &done["rows"]), (&1.into(), &8.into()), "{done}");
    let files = std::fs::read_dir(program.data().join("history/order_item")).unwrap().count();
    assert_eq!(files, 1, "nobody reads the others");
    program.done(&["history", "check"]);
}

#[test]
fn an_export_names_customers_only_when_asked_to() {
    let program = with_orders();
    let folder = program.path("warehouse");
    let target = folder.display().to_string();
    program.done(&["history", "export", &target, "--format", "csv"]);
    let text = std::fs::read_to_string(folder.join("order_item.csv")).unwrap();
    assert!(text.starts_with("customer_id,occurred_at,source,fact_key,") && text.contains(",2050,"), "{text}");
    assert!(folder.join("claim.csv").exists(), "a type without facts has a file with its columns");
    program.done(&["history", "export", &target, "--format", "csv", "--with-external-ids", "--from", "2026-05-02"]);
    let text = std::fs::read_to_string(folder.join("order_item.csv")).unwrap();
    assert!(text.lines().count() == 2 && text.lines().nth(1).unwrap().starts_with("C-2,"), "{text}");
    let wrong = program.call(&["history", "export", &target, "--type", "weather"]);
    assert!(wrong.code == Some(2) && wrong.err.contains("order_item"), "{}", wrong.err);
}
