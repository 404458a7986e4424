//! Segmentations from outside: every method trained, scored, shown; lookalikes; who objects or is erased. On both stores.

use std::fmt::Write;

use super::program::{Program, TEN};

const CUSTOMERS: usize = 600;

const SPECS: [(&str, &str); 3] = [
    (
        "places",
        "method = \"attributes\"\nby = [\"country\", { fact = \"attribute.age\", bands = [40] }]\nmin_size = 20",
    ),
    ("mix", "method = \"mixture\"\ncount = 3\nstarts = 2"),
    (
        "needs",
        "count = 2\nfeatures = [{ name = \"attribute.need_price\" }, { name = \"attribute.need_speed\" }]\n[service_levels]\n\
        \"attribute.need_price\" = \"self-service\"\n\"attribute.need_speed\" = \"express\"",
    ),
];

const MAPPING: &str = "[[record]]\ntarget = \"customers\"\n[record.fields]\ncustomer = \"customer_id\"\ncountry = \"country\"\n\
    [record.attributes]\nage = \"age\"\nneed_price = \"price\"\nneed_speed = \"speed\"\n";

fn profiles() -> String {
    let mut text = String::from("customer_id,country,age,price,speed\n");
    for i in 0..CUSTOMERS {
        let (price, speed) = if i % 3 == 0 { (5, 1) } else { (1, 5) };
        writeln!(text, "C{i},{},{},{price},{speed}", ["BG", "RO"][i % 2], 20 + i % 50).unwrap();
    }
    text
}

fn of_customer(program: &Program, key: &str) -> serde_json::Value {
    program.done(&["customer", key, "--json"]).json()["state"].clone()
}

#[test]
fn every_segmentation_is_trained_scored_shown_and_left() {
    for (store, program) in Program::on_both_stores() {
        program.import_company(CUSTOMERS);
        let (file, mapping) = (program.file("profiles.csv", &profiles()), program.file("mapping.toml", MAPPING));
        program.done(&["import", "customers", &file, "--mapping", &mapping]);
        for (name, text) in SPECS {
            program.file(
                &format!("data/models/{name}.toml"),
                &format!("name = \"{name}\"\nkind = \"segments\"\n{text}\n"),
            );
        }
        program.done(&["train", "places", "mix", "needs", "rfm", "segments"]);
        program.done(&["score"]);

        let listed = program.done(&["segments", "list", "--json"]).json();
        let of = |name: &str| -> Vec<&serde_json::Value> {
            listed.as_array().unwrap().iter().filter(|segment| segment["segmentation"] == name).collect()
        };
        for (name, cells) in [("places", 4), ("mix", 3), ("needs", 2), ("rfm", 125)] {
            let sizes: i64 = of(name).iter().map(|segment| segment["size"].as_i64().unwrap()).sum();
            assert_eq!((of(name).len(), sizes), (cells, CUSTOMERS as i64), "{store}: {name}");
        }
        // The grid is shown as a table, not as a line for each cell.
        let text = program.done(&["segments", "list"]).out;
        assert!(
            text.contains("frequency 5") && text.contains("recency 5") && text.lines().count() < 40,
            "{store}: {text}"
        );
        let kpis = program.done(&["kpi", "--json"]).json();
        assert_eq!(kpis["grids"][0]["lines"].as_array().unwrap().len(), 5, "{store}");
        assert!(kpis["segments"].as_array().unwrap().iter().all(|segment| segment["segmentation"] != "rfm"), "{store}");

        let young = program.done(&["segments", "show", "places/bg-age-below-40", "--json"]).json();
        assert_eq!(young["size"], (0..CUSTOMERS).filter(|i| i % 2 == 0 && i % 50 < 20).count(), "{store}");
        assert_eq!(young["criteria"].as_array().unwrap().len(), 4, "{store}: {young}");
        assert!(young["worth"]["measured"]["clients"].as_f64().unwrap() > 0.0, "{store}: {young}");
        let state = of_customer(&program, "C3");
        assert_eq!((&state["service_level"], state["segment"].is_string()), (&"self-service".into(), true), "{store}");
        assert_eq!(of_customer(&program, "C4")["service_level"], "express", "{store}");

        // Half of those who buy most often are known; the others are found.
        let keys: String = (0..CUSTOMERS).step_by(8).map(|i| format!("C{i}\n")).collect();
        let keys = program.file("keys.txt", &keys);
        let like = program.done(&["segments", "lookalike", "near", "--ids", &keys, "--size", "30", "--json"]).json();
        assert_eq!(like["size"], 30, "{store}: {like}");
        program.done(&["score"]);
        assert_eq!(program.done(&["segments", "show", "near/like", "--json"]).json()["size"], 30, "{store}");

        // Who objects is in none at once, who is erased too, and neither comes back with the next scoring.
        program.done(&[
            "import",
            "customers",
            &program.file("object.csv", "customer_id,profiling_objection\nC3,yes\n"),
        ]);
        program.done(&["erase", "C4"]);
        for scored in [false, true] {
            if scored {
                program.done_at(TEN, &["score"]);
            }
            let state = of_customer(&program, "C3");
            assert_eq!((&state["scores"], state["segment"].is_null()), (&"{}".into(), true), "{store}: {state}");
            assert!(state["service_level"].is_null() && state["stage"].is_null(), "{store}: {state}");
        }
        let sizes = program.done(&["segments", "list", "--json"]).json();
        let left = sizes.as_array().unwrap().iter().filter(|segment| segment["segmentation"] == "rfm");
        assert_eq!(left.map(|segment| segment["size"].as_i64().unwrap()).sum::<i64>(), CUSTOMERS as i64 - 2, "{store}");
    }
}
