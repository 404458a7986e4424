use super::*;
use crate::decisions::tests::company::{Company, NOW};
use crate::decisions::{DecisionPolicy, decide_batch};
use crate::storage::{Location, Store, migrate};

#[test]
fn decisions_and_prices_are_kept_listed_by_pages_and_erased() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&Location::choose(folder.path(), None).unwrap()).unwrap();
    migrate::migrate(&store, NOW).unwrap();
    let company = Company::new(1, 60);
    let policy = DecisionPolicy { per_customer: 2, ..company.policy() };
    let result = decide_batch(&company.people, &company.resources, &policy, 1, NOW).unwrap();
    let run = CampaignRunId(5);
    let rows: Vec<DecisionRow> = (company.people.iter().zip(&result.decisions))
        .flat_map(|(person, decided)| rows(Some(run), &person.view, decided, "{\"churn\":7}").unwrap())
        .collect();
    let again: Vec<DecisionRow> =
        rows.iter().map(|row| DecisionRow { id: DecisionId(row.id.0 + 1), ..row.clone() }).collect();
    store
        .write(|conn| {
            assert_eq!(insert(conn, &rows)?, rows.len());
            assert_eq!(insert(conn, &again)?, 0, "a batch that is repeated adds nothing");
            insert_prices(conn, run, &result, NOW)
        })
        .unwrap();
    let (paged, kept, of_one) = store
        .read(|conn| {
            let mut paged: Vec<DecisionRow> = Vec::new();
            loop {
                let after = paged.last().map(|row| (row.customer_id, row.ordinal));
                let page = of_run(conn, run, after, 7)?;
                if page.is_empty() {
                    break;
                }
                paged.extend(page);
            }
            Ok((paged, prices(conn, run)?, of_customer(conn, company.people[3].view.customer_id, None, 10)?))
        })
        .unwrap();
    let mut expected = rows.clone();
    expected.sort_by_key(|row| (row.customer_id, row.ordinal));
    assert_eq!(paged, expected);
    assert_eq!(kept.unwrap(), result.prices);
    assert!(!of_one.is_empty() && of_one.iter().all(|row| row.customer_id == company.people[3].view.customer_id));
    let context: serde_json::Value = serde_json::from_str(&of_one[0].context).unwrap();
    assert!(context["churn"].is_number(), "{context}");
    // A customer who turns out to be another: in the run of both the ordinals follow on.
    let [gone, stays] = [3, 4].map(|at| company.people[at].view.customer_id);
    let own = rows.iter().filter(|row| row.customer_id == stays).count();
    let shifts = store.write(|conn| reassign(conn, gone, stays)).unwrap();
    assert_eq!(shifts, BTreeMap::from([(run, own as i32)]));
    let both = store.read(|conn| of_customer(conn, stays, None, 10)).unwrap();
    assert_eq!(both.len(), own + of_one.len());
    let nobody = CustomerId(1);
    assert_eq!(store.write(|conn| anonymise(conn, stays, nobody)).unwrap(), both.len());
    let left = store.read(|conn| of_customer(conn, nobody, None, 10)).unwrap();
    assert!(left.len() == both.len() && left.iter().all(|row| row.context == "{}"));
}
