//! Sending (fiks-io §3, §9): what real clients write, what they get, and what is refused.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::environment::{Answer, Caller, answer, environment, metadata, ny_konto};

/// A multipart body byte by byte, as one of the real clients writes it.
async fn raw(caller: &Caller, content_type: &str, body: Vec<u8>) -> Answer {
    answer(
        caller
            .request("POST", "/fiks-io/api/v1/send")
            .header("Content-Type", content_type)
            .body(body),
    )
    .await
}

fn dotnet(metadata: &Value, data: &str) -> Vec<u8> {
    format!(
        "--b1\r\nContent-Type: application/json; charset=utf-8\r\nContent-Disposition: form-data; name=metadata\r\n\r\n\
         {metadata}\r\n--b1\r\nContent-Disposition: form-data; name=data; filename=6f2d; filename*=utf-8''6f2d\r\n\r\n\
         {data}\r\n--b1--\r\n"
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_has_exactly_the_fields_that_strict_clients_know() {
    let environment = environment();
    let (a, b) = (ny_konto(environment, 0).await, ny_konto(environment, 1).await);
    let sender = environment.caller(0).await;
    let mut sent = metadata(&a, &b);
    sent["headere"] = json!({ "klientMeldingId": "x" });
    sent["svarPaMelding"] = Value::Null;
    sent["ttl"] = Value::Null;
    let answer = sender.send(&sent, None).await;
    assert_eq!(answer.status, 202);
    let body = answer.json();
    let mut keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    let mut expected = [
        "meldingId",
        "meldingType",
        "avsenderKontoId",
        "mottakerKontoId",
        "ttl",
        "dokumentlagerId",
        "svarPaMelding",
        "headere",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(body["ttl"], 604_800_000);
    assert_eq!(body["headere"], json!({ "klientMeldingId": "x" }));
    assert_eq!(
        (&body["dokumentlagerId"], &body["svarPaMelding"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_net_client_writes_is_understood() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let sender = environment.caller(0).await;
    let body = dotnet(&metadata(&konto, &konto), "innhold");
    let answer = raw(&sender, "multipart/form-data; boundary=\"b1\"", body).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let path = format!("/fiks-io/manuell/api/v1/kontoer/{konto}/meldinger/neste/data");
    assert_eq!(sender.call("GET", &path, None).await.text, "innhold");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_java_client_writes_is_understood() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let sender = environment.caller(0).await;
    let body = format!(
        "--httpclient_boundary_1\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\
         Content-Type: application/json; charset=UTF-8\r\n\r\n{}\r\n--httpclient_boundary_1--\r\n",
        metadata(&konto, &konto)
    );
    let content_type = "multipart/form-data; charset=ISO-8859-1; boundary=httpclient_boundary_1";
    assert_eq!(raw(&sender, content_type, body.into_bytes()).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_over_the_limit_go_to_dokumentlager_and_come_back_byte_by_byte() {
    let environment = environment();
    let (a, b) = (ny_konto(environment, 0).await, ny_konto(environment, 1).await);
    let (sender, receiver) = (environment.caller(0).await, environment.caller(1).await);
    for size in [1, 5_000_000, 5_000_001, 9_999_999] {
        let payload: Vec<u8> = (0..size)
            .map(|index| u8::try_from(index % 251).unwrap())
            .collect();
        let sent = sender.send(&metadata(&a, &b), Some(payload.clone())).await.json();
        assert_eq!(sent["dokumentlagerId"].is_string(), size > 5_000_000, "{size}");
        let queue = format!("/fiks-io/manuell/api/v1/kontoer/{b}/meldinger/neste");
        let data = receiver
            .request("GET", &format!("{queue}/data"))
            .send()
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap();
        assert!(data == payload, "{size}");
        if let Some(document) = sent["dokumentlagerId"].as_str() {
            let path = format!("/dokumentlager/nedlasting/{document}");
            let download = receiver.request("GET", &path).send().await.unwrap();
            assert_eq!(
                download.headers()["content-length"].to_str().unwrap(),
                size.to_string()
            );
            assert!(download.bytes().await.unwrap() == payload);
            // Not even the sender gets it back.
            assert_eq!(
                sender.call("GET", &path, None).await.refusal(),
                "dokument.ikke_eksponert"
            );
        }
        assert_eq!(
            receiver.call("GET", &format!("{queue}/ack"), None).await.status,
            200
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_accepted_senders_may_send_when_the_list_is_on() {
    let environment = environment();
    let (a, b) = (ny_konto(environment, 0).await, ny_konto(environment, 1).await);
    let (sender, owner) = (environment.caller(0).await, environment.caller(1).await);
    let list = format!("/fiks-io/konto/api/v1/kontoer/{b}/aksepterteAvsendere");
    assert_eq!(
        owner.call("PUT", &format!("{list}/aktiver"), None).await.status,
        204
    );
    assert_eq!(
        sender.send(&metadata(&a, &b), None).await.refusal(),
        "avsender.ikke_akseptert"
    );
    assert_eq!(
        owner
            .call("POST", &list, Some(json!({ "kontoId": a })))
            .await
            .status,
        204
    );
    assert_eq!(sender.send(&metadata(&a, &b), None).await.status, 202);
    assert_eq!(
        owner.call("DELETE", &format!("{list}/{a}"), None).await.status,
        204
    );
    assert_eq!(sender.send(&metadata(&a, &b), None).await.status, 400);
    assert_eq!(
        owner.call("PUT", &format!("{list}/deaktiver"), None).await.status,
        204
    );
    assert_eq!(sender.send(&metadata(&a, &b), None).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pre_check_tells_every_broken_rule_as_a_list() {
    let environment = environment();
    let (a, b) = (ny_konto(environment, 0).await, ny_konto(environment, 1).await);
    let (sender, owner) = (environment.caller(0).await, environment.caller(1).await);
    let check = |typ: &str| Some(json!({ "avsenderKontoId": a, "meldingsType": typ, "harPayload": false }));
    let path = format!("/fiks-io/konto/api/v1/kontoer/{b}/validerMelding");
    assert_eq!(sender.call("POST", &path, check("ping")).await.status, 204);
    owner
        .call(
            "PUT",
            &format!("/fiks-io/konto/api/v1/kontoer/{b}/deaktiver"),
            None,
        )
        .await;
    let refused = sender.call("POST", &path, check("")).await;
    assert_eq!(refused.status, 400);
    let codes: Vec<_> = refused
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["errorCode"].clone())
        .collect();
    assert_eq!(codes, ["mottaker.inaktiv", "melding.ugyldig_type"]);
    assert_eq!(
        sender.send(&metadata(&a, &b), None).await.refusal(),
        "mottaker.inaktiv"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_with_the_same_key_gets_the_first_answer_and_sends_nothing() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let sender = environment.caller(0).await;
    let send = |key: &str| {
        let form = reqwest::multipart::Part::text(metadata(&konto, &konto).to_string());
        let form = reqwest::multipart::Form::new().part("metadata", form);
        let request = sender
            .request("POST", "/fiks-io/api/v1/send")
            .header("Idempotency-Key", key.to_owned());
        answer(request.multipart(form))
    };
    let (first, repeat, other) = (send("a").await, send("a").await, send("b").await);
    assert_eq!((first.status, &first.text), (repeat.status, &repeat.text));
    assert_ne!(first.text, other.text);
    let count = format!("/fiks-io/manuell/api/v1/kontoer/{konto}/meldinger/antall");
    assert_eq!(sender.call("GET", &count, None).await.json(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_upload_is_read_to_its_end_so_that_the_sender_sees_the_refusal() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let sender = environment.caller(0).await;
    let mut refused = metadata(&konto, &konto);
    refused["ttl"] = json!(0);
    assert_eq!(
        sender.send(&refused, Some(vec![1; 60_000_000])).await.refusal(),
        "melding.ttl_for_kort"
    );
    assert_eq!(
        sender
            .with_wrong_password()
            .send(&refused, Some(vec![1; 20_000_000]))
            .await
            .status,
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_of_unknown_length_is_taken_in_chunks() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let sender = environment.caller(0).await;
    let body = dotnet(&metadata(&konto, &konto), &"innhold".repeat(20_000));
    let pieces: Vec<_> = body
        .chunks(1_000)
        .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()))
        .collect();
    let request = sender
        .request("POST", "/fiks-io/api/v1/send")
        .header("Content-Type", "multipart/form-data; boundary=b1")
        .body(reqwest::Body::wrap_stream(futures::stream::iter(pieces)));
    let sent = answer(request).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    let path = format!("/fiks-io/manuell/api/v1/kontoer/{konto}/meldinger/neste/data");
    assert_eq!(
        sender.call("GET", &path, None).await.text,
        "innhold".repeat(20_000)
    );
}

/// What a client writes byte by byte is answered with.
async fn over_tcp(caller: &Caller, request: String) -> String {
    let host = caller.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn header_names_in_any_case_and_a_host_with_port_are_understood() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let caller = environment.caller(0).await;
    for (name, id, passord) in [
        ("AUTHORIZATION", "integrasjonId", "integrasjonPassord"),
        ("authorization", "INTEGRASJONID", "INTEGRASJONPASSORD"),
        ("Authorization", "IntegrasjonId", "IntegrasjonPassord"),
    ] {
        let request = format!(
            "GET /fiks-io/katalog/api/v1/kontoer/{konto} HTTP/1.1\r\nHost: api.fiks.test.ks.no:443\r\n\
             {name}: Bearer {}\r\n{id}: {}\r\n{passord}: {}\r\nConnection: close\r\n\r\n",
            caller.token.as_deref().unwrap(),
            caller.integrasjon.as_deref().unwrap(),
            caller.passord.as_deref().unwrap(),
        );
        let answered = over_tcp(&caller, request).await;
        assert!(answered.starts_with("HTTP/1.1 200 "), "{name}: {answered}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_comes_while_the_payload_is_still_on_its_way() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let caller = environment.caller(0).await;
    let mut refused = metadata(&konto, &konto);
    refused["mottakerKontoId"] = json!(uuid::Uuid::new_v4());
    let start = dotnet(&refused, "innhold");
    let start = std::str::from_utf8(&start)
        .unwrap()
        .trim_end_matches("\r\n--b1--\r\n");
    let request = format!(
        "POST /fiks-io/api/v1/send HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         IntegrasjonId: {}\r\nIntegrasjonPassord: {}\r\n\
         Content-Type: multipart/form-data; boundary=b1\r\nContent-Length: 100000000\r\n\r\n{start}",
        caller.token.as_deref().unwrap(),
        caller.integrasjon.as_deref().unwrap(),
        caller.passord.as_deref().unwrap(),
    );
    let host = caller.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 404");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_is_never_sent_elsewhere() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let sender = environment.caller(0).await;
    let plain = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let sender = Caller {
        client: plain,
        ..sender
    };
    let body = dotnet(&metadata(&konto, &konto), "innhold");
    for path in [
        "/fiks-io/api/v1/send/",
        "//fiks-io/api/v1/send",
        "/fiks-io/api/v1/Send",
    ] {
        let request = sender
            .request("POST", path)
            .header("Content-Type", "multipart/form-data; boundary=b1")
            .body(body.clone());
        let refused = answer(request).await;
        assert_eq!(
            (refused.status, refused.refusal().as_str()),
            (404, "rute.ukjent"),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_echoed_and_nulls_are_as_good_as_nothing() {
    let environment = environment();
    let konto = ny_konto(environment, 0).await;
    let sender = environment.caller(0).await;
    let answers = uuid::Uuid::new_v4();
    let mut full = metadata(&konto, &konto);
    full["svarPaMelding"] = json!(answers);
    full["ttl"] = json!(172_800_000);
    full["headere"] = json!({ "klientMeldingId": answers, "klientKorrelasjonsId": "æ", "uten": null });
    full["ukjentFelt"] = json!(true);
    let sent = sender.send(&full, None).await.json();
    assert_eq!(
        (&sent["svarPaMelding"], &sent["ttl"]),
        (&json!(answers), &json!(172_800_000))
    );
    assert_eq!(
        sent["headere"],
        json!({ "klientMeldingId": answers, "klientKorrelasjonsId": "æ" })
    );
    assert_eq!(
        (&sent["meldingType"], &sent["avsenderKontoId"]),
        (&json!("ping"), &json!(konto))
    );
    assert_eq!(sent["mottakerKontoId"], konto.as_str());
    let mut nulls = metadata(&konto, &konto);
    for field in ["svarPaMelding", "ttl", "headere"] {
        nulls[field] = Value::Null;
    }
    for least in [metadata(&konto, &konto), nulls] {
        let sent = sender.send(&least, None).await;
        assert_eq!(sent.status, 202, "{}", sent.text);
        assert_eq!(sent.json()["headere"], json!({}));
        assert_eq!(sent.json()["ttl"], 604_800_000);
    }
    let again = sender.send(&full, None).await.json();
    assert_ne!(
        again["meldingId"], sent["meldingId"],
        "an idempotency id of the client's own makes no repeat"
    );
}
