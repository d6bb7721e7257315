//! What a consumer gets, and that it is gone once acknowledged.

use fiks_amqp::Outcome;
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use fiks_fiksio::ko::Broker;
use fiks_fiksio::model::melding::Tilstand;

use crate::world::{World, header, id_of};

both_engines!(
    crate::TABLES;
    a_delivery_has_the_queues_name_for_routing_key_and_no_exchange,
    payloads_are_the_same_from_memory_and_from_the_table,
    a_payload_over_the_limit_is_a_document_and_no_body,
    what_was_acknowledged_is_gone_also_after_a_restart,
    a_refused_message_is_gone_and_its_sender_hears_nothing,
    an_acknowledgement_from_who_does_not_have_the_message_counts_for_nothing,
);

async fn a_delivery_has_the_queues_name_for_routing_key_and_no_exchange(test: TestDatabase) {
    let world = World::new(test).await;
    let sent = world.send().await;
    let delivery = world.lytt(world.b).next().await;
    assert_eq!(id_of(&delivery), sent);
    assert_eq!(delivery.routing_key.as_str(), format!("fiksio.konto.{}", world.b));
    assert_eq!(Broker::konto_of(delivery.routing_key.as_str()), Some(world.b));
    assert_eq!((delivery.exchange.as_str(), delivery.redelivered), ("", false));
    assert_eq!(header(&delivery, "avsender-id"), Some(world.a.to_string()));
}

async fn payloads_are_the_same_from_memory_and_from_the_table(test: TestDatabase) {
    let world = World::new(test).await;
    for size in [0, 1, 200_000] {
        let content: Vec<u8> = (0..size).map(|place: u32| place.to_le_bytes()[0]).collect();
        world.send_bytes(content.clone()).await;
        let mut late = world.lytt(world.b);
        let from_table = late.next().await;
        late.settle(Outcome::Acknowledged, &from_table);
        world.send_bytes(content.clone()).await;
        let from_memory = late.next().await;
        late.settle(Outcome::Acknowledged, &from_memory);
        for delivery in [from_table, from_memory] {
            assert!(delivery.body == content, "{size}");
            assert_eq!(header(&delivery, "dokumentlager-id"), None);
        }
    }
}

async fn a_payload_over_the_limit_is_a_document_and_no_body(test: TestDatabase) {
    let world = World::new(test).await;
    let mut mottak = world.lytt(world.b);
    for (size, is_document) in [(5_000_000, false), (5_000_001, true)] {
        let sent = world.send_bytes(vec![7; size]).await;
        let delivery = mottak.next().await;
        mottak.settle(Outcome::Acknowledged, &delivery);
        assert_eq!(delivery.body.is_empty(), is_document);
        let document = sent.innhold.dokument().map(|id| id.to_string());
        assert_eq!(header(&delivery, "dokumentlager-id"), document);
        assert_eq!(document.is_some(), is_document);
    }
}

async fn what_was_acknowledged_is_gone_also_after_a_restart(test: TestDatabase) {
    let mut world = World::new(test).await;
    let sent = world.send_many(2).await;
    let mut mottak = world.lytt(world.b);
    let first = mottak.next().await;
    mottak.settle(Outcome::Acknowledged, &first);
    world.restart().await;
    drop(mottak);
    let left = world.lytt(world.b).next().await;
    assert_eq!((id_of(&left), left.redelivered), (sent[1], false));
    assert_eq!(world.known(sent[0]).await.unwrap().tilstand, Tilstand::Kvittert);
}

async fn a_refused_message_is_gone_and_its_sender_hears_nothing(test: TestDatabase) {
    let world = World::new(test).await;
    let sent = world.send_many(2).await;
    let mut mottak = world.lytt(world.b);
    let refused = mottak.next().await;
    mottak.settle(Outcome::Discarded, &refused);
    assert_eq!(id_of(&mottak.next().await), sent[1]);
    world.until_ended(sent[0], Tilstand::Avvist).await;
    assert_eq!(world.received_by(world.a).await, []);
}

async fn an_acknowledgement_from_who_does_not_have_the_message_counts_for_nothing(test: TestDatabase) {
    let world = World::new(test).await;
    let sent = world.send_many(2).await;
    let (mut has, mut has_not) = (world.lytt(world.b), world.lytt(world.b));
    let first = has.next().await;
    has_not.settle(Outcome::Acknowledged, &first);
    has.settle(Outcome::Requeued, &first);
    let again = has_not.next().await;
    assert_eq!((id_of(&again), again.redelivered), (sent[0], true));
}
