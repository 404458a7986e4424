//! The demo: the whole loop on simulated clients, as a newcomer sees it first.

use super::program::Program;

#[test]
fn the_demo_learns_and_writes_to_more_clients_than_it_draws_at_random() {
    let program = Program::new(None);
    let said = program.done(&["demo", "--customers", "400", "--seed", "1", "--rounds", "1", "--no-serve", "--json"]);
    let round: serde_json::Value = serde_json::from_str(said.out.lines().next().unwrap()).unwrap();
    let contacts = round["ways"]["Vizavi"]["contacts"].as_i64().unwrap();
    let explorers = round["forecast"]["explorers"].as_i64().unwrap();
    assert!(contacts > 4 * explorers.max(1), "{contacts} contacts, {explorers} of them drawn at random: {round}");
}
