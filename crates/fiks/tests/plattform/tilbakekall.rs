//! What is withdrawn over HTTP while somebody consumes over AMQP (fiks-io §8.8).

use futures::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties, Consumer, ErrorKind};
use serde_json::json;

use crate::environment::{Caller, Environment, environment, metadata, ny_konto};

/// A consumer of one konto on a connection of its own.
struct Lytter {
    connection: Connection,
    channel: Channel,
    consumer: Consumer,
}

async fn lytt(environment: &Environment, caller: &Caller, konto: &str) -> Lytter {
    let [integrasjon, passord, token] =
        [&caller.integrasjon, &caller.passord, &caller.token].map(|part| part.clone().unwrap());
    let amqp = &environment.dev["amqp"];
    let (host, port) = (amqp["host"].as_str().unwrap(), &amqp["port"]);
    let uri = format!("amqp://{integrasjon}:{passord}%20{token}@{host}:{port}/%2f?heartbeat=60");
    let connection = Connection::connect(&uri, ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let consumer = consume(&channel, konto).await.unwrap();
    Lytter {
        connection,
        channel,
        consumer,
    }
}

async fn consume(channel: &Channel, konto: &str) -> lapin::Result<Consumer> {
    let (queue, options) = (format!("fiksio.konto.{konto}"), BasicConsumeOptions::default());
    channel
        .basic_consume(queue.into(), "".into(), options, FieldTable::default())
        .await
}

/// Code of the protocol error that a call ended with.
fn code<T: std::fmt::Debug>(result: lapin::Result<T>) -> u16 {
    match result.unwrap_err().kind() {
        ErrorKind::ProtocolError(error) => error.get_id(),
        other => panic!("{other:?}"),
    }
}

/// An integration of the first organisation that may receive what a konto gets.
async fn mottaker(environment: &Environment, konto: &str) -> Caller {
    let owner = environment.caller(0).await;
    let organisasjon = environment.organisasjon(0);
    let body = json!({
        "autorisertOrgnr": organisasjon["orgnr"], "navn": "Kortlivet",
        "fiksOrganisasjonUuid": organisasjon["fiksOrgId"],
    });
    let path = "/konfigurasjon/api/v1/integrasjoner";
    let made = owner.call("POST", path, Some(body)).await.json();
    let id = made["uuid"].as_str().unwrap();
    let grant = json!({ "aktor": id, "privilegium": "FIKSIO.MOTTA" });
    let grants = format!("/autorisasjon-update/api/v1/ressurs/{konto}/tilganger");
    assert_eq!(owner.call("POST", &grants, Some(grant)).await.status, 200);
    Caller {
        integrasjon: Some(id.to_owned()),
        passord: Some(nytt_passord(&owner, id).await),
        ..owner
    }
}

async fn nytt_passord(owner: &Caller, id: &str) -> String {
    let path = format!("/konfigurasjon/api/v1/integrasjoner/{id}/lagPassord");
    let answer = owner.call("POST", &path, None).await.json();
    answer["passord"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_access_closes_its_connections_at_once_and_no_others() {
    let environment = environment();
    let owner = environment.caller(0).await;
    for what in ["integrasjon", "passord", "tilgang"] {
        let konto = ny_konto(environment, 0).await;
        let user = mottaker(environment, &konto).await;
        let id = user.integrasjon.clone().unwrap();
        let mut used = lytt(environment, &user, &konto).await;
        owner.send(&metadata(&konto, &konto), None).await;
        let held = used.consumer.next().await.unwrap().unwrap();
        let mut other = lytt(environment, &owner, &konto).await;
        let count = format!("/fiks-io/manuell/api/v1/kontoer/{konto}/meldinger/antall");
        assert_eq!(user.call("GET", &count, None).await.status, 200);
        let (method, path) = match what {
            "integrasjon" => ("DELETE", format!("/konfigurasjon/api/v1/integrasjoner/{id}")),
            "passord" => (
                "POST",
                format!("/konfigurasjon/api/v1/integrasjoner/{id}/lagPassord"),
            ),
            _ => (
                "DELETE",
                format!(
                    "/autorisasjon-update/api/v1/ressurs/{konto}/tilganger?aktor={id}&privilegium=FIKSIO.MOTTA"
                ),
            ),
        };
        let answer = owner.call(method, &path, None).await;
        assert!(matches!(answer.status, 200 | 204), "{}", answer.text);
        if let Some(end) = used.consumer.next().await {
            assert_eq!(code(end), 403, "{what}");
        }
        // What it held is another's now, and the other connection never noticed.
        let again = other.consumer.next().await.unwrap().unwrap();
        assert_eq!((&again.data, again.redelivered), (&held.data, true));
        again.ack(BasicAckOptions::default()).await.unwrap();
        assert!(!used.connection.status().connected(), "{what}");
        assert!(other.connection.status().connected(), "{what}");
        let refused = user.call("GET", &count, None).await.status;
        assert_eq!(refused, if what == "tilgang" { 403 } else { 401 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_konto_cancels_its_consumers_and_leaves_the_connection() {
    let environment = environment();
    let owner = environment.caller(0).await;
    let (gone, other) = (ny_konto(environment, 0).await, ny_konto(environment, 0).await);
    let mut lytter = lytt(environment, &owner, &gone).await;
    let mut others = consume(&lytter.channel, &other).await.unwrap();
    let path = format!("/fiks-io/konto/api/v1/kontoer/{gone}");
    assert_eq!(owner.call("DELETE", &path, None).await.status, 204);
    assert!(lytter.consumer.next().await.is_none());
    owner.send(&metadata(&other, &other), None).await;
    let delivery = others.next().await.unwrap().unwrap();
    assert_eq!(delivery.routing_key.as_str(), format!("fiksio.konto.{other}"));
    assert!(lytter.channel.status().connected());
    let second = lytter.connection.create_channel().await.unwrap();
    assert_eq!(code(consume(&second, &gone).await), 404);
    assert!(lytter.connection.status().connected());
    assert_eq!(owner.send(&metadata(&other, &gone), None).await.status, 404);
}
