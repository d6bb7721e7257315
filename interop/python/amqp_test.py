"""A generic AMQP 0-9-1 client against the endpoint (fiks-io.md §8)."""

import socket
import time
import uuid

import pika
import pika.spec
import pytest
from pika.exceptions import ChannelClosedByBroker, ConnectionClosedByBroker, ProbableAuthenticationError

from klient import Konsument, Raa, hodetyper, parametre
from miljo import A, B, FRIST, hent, send

SERVERFEIL = "no.ks.fiks.kvittering.serverfeil.v1"
UKJENT = f"fiksio.konto.{uuid.uuid4()}"
TIDSAVBRUDD = "no.ks.fiks.kvittering.tidsavbrudd"


def konsumenter(part):
    """Consumers attached to the queue, by the katalog's account."""
    svar = hent(f"/fiks-io/katalog/api/v1/kontoer/{part.konto_id}/status", part.hoder())
    return svar.json()["antallKonsumenter"]


def kanalfeil(handling):
    """The reply code with which the server closes the channel."""
    with pytest.raises(ChannelClosedByBroker) as feil:
        handling()
    assert feil.value.reply_text
    return feil.value.reply_code


# --- delivery --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
def test_message_is_delivered_and_ack_removes_it(tls):
    with Konsument(B, tls=tls) as b:
        b.lytt()
        levering = b.motta_melding(send(A, B, b"hei"))
        assert levering.innhold == b"hei"
        b.ack(levering)
        b.passert()
    with Konsument(B, tls=tls) as b:
        b.lytt()
        b.passert()
        assert b.levert == []


def test_properties_are_those_of_the_contract():
    with Konsument(B) as b:
        tag = b.lytt()
        sendt = send(A, B, ttl=3_600_000, headere={"klientKorrelasjonsId": "sak æ", "tom": ""})
        levering = b.motta_melding(sendt)
        b.ack(levering)

    assert levering.metode.routing_key == B.ko
    assert levering.metode.exchange == ""
    assert levering.metode.consumer_tag == tag != ""
    assert levering.metode.redelivered is False
    assert levering.egenskaper.expiration == "3600000"
    assert levering.egenskaper.delivery_mode == 2
    assert levering.innhold == b""
    hoder = {navn: verdi for navn, verdi in levering.hoder.items() if navn != "avsender-navn"}
    assert hoder == {
        "melding-id": sendt["meldingId"],
        "type": "ping",
        "avsender-id": A.konto_id,
        "egendefinert-header.klientKorrelasjonsId": "sak æ",
        "egendefinert-header.tom": "",
    }


def test_every_header_is_a_long_string():
    with Raa() as b:
        b.apne(B)
        b.lytt(B.ko)
        svar_pa = str(uuid.uuid4())
        b.motta_melding(send(A, B, svarPaMelding=svar_pa, headere={"antall": "1", "ja": "true"}))
        typer = hodetyper(b.ramme)
    assert {"melding-id", "type", "avsender-id", "svar-til", "egendefinert-header.antall"} <= typer.keys()
    assert set(typer.values()) == {b"S"}


def test_feedback_headers_are_long_strings_too():
    with Raa() as a:
        a.apne(A)
        a.lytt(A.ko)
        sendt = send(A, B, type_="no.example.v1", ttl=1000, headere={"klientKorrelasjonId": "x"})
        levering = a.les_levering()
        typer = hodetyper(a.ramme)
    assert levering.hoder["type"] == TIDSAVBRUDD
    assert levering.hoder["svar-til"] == sendt["meldingId"]
    assert levering.hoder["svar-til-type"] == "no.example.v1"
    assert levering.hoder["avsender-id"] == B.konto_id
    assert levering.hoder["egendefinert-header.klientKorrelasjonId"] == "x"
    assert set(typer.values()) == {b"S"}


@pytest.mark.parametrize("frame_max", [4096, 131_072])
def test_large_body_is_split_to_the_negotiated_frame_size(frame_max):
    innhold = bytes(range(256)) * 12_000
    with Konsument(B, frame_max=frame_max) as b:
        b.lytt()
        levering = b.motta_melding(send(A, B, innhold))
        b.ack(levering)
    assert levering.innhold == innhold


def test_order_is_that_of_sending():
    sendte = [send(A, B)["meldingId"] for _ in range(20)]
    with Konsument(B) as b:
        b.lytt(prefetch=5)
        mottatte = []
        for _ in sendte:
            levering = b.motta(lambda _: True)
            mottatte.append(levering.melding_id)
            b.ack(levering)
    assert mottatte == sendte


# --- prefetch and answers --------------------------------------------------------------------------------


def test_prefetch_bounds_what_is_unacked():
    for _ in range(8):
        send(A, B)
    with Konsument(B) as b:
        b.lytt(prefetch=3)
        levert = [b.motta(lambda _: True) for _ in range(3)]
        b.rundtur()
        assert b.levert == []
        b.ack(levert[1])
        levert.append(b.motta(lambda _: True))
        b.rundtur()
        assert b.levert == []
        b.ack(levert[3], multiple=True)
        levert += [b.motta(lambda _: True) for _ in range(3)]
        assert len({levering.melding_id for levering in levert}) == 7
        b.ack(levert[-1], multiple=True)
        b.ack(b.motta(lambda _: True))


def test_prefetch_zero_is_no_bound():
    sendte = {send(A, B)["meldingId"] for _ in range(15)}
    with Konsument(B) as b:
        b.lytt(prefetch=0)
        levert = [b.motta(lambda _: True) for _ in sendte]
        b.ack(levert[-1], multiple=True)
        b.rundtur()
    assert {levering.melding_id for levering in levert} == sendte


@pytest.mark.parametrize("metode", ["basic_nack", "basic_reject"])
def test_refusal_with_requeue_delivers_again_first(metode):
    forste, andre = send(A, B), send(A, B)
    with Konsument(B) as b:
        b.lytt(prefetch=1)
        levering = b.motta(lambda _: True)
        assert levering.melding_id == forste["meldingId"]
        getattr(b.kanal, metode)(levering.tag, requeue=True)
        igjen = b.motta(lambda _: True)
        assert igjen.melding_id == forste["meldingId"]
        assert igjen.metode.redelivered is True
        b.ack(igjen)
        b.ack(b.motta_melding(andre))


@pytest.mark.parametrize("metode", ["basic_nack", "basic_reject"])
def test_refusal_without_requeue_removes_silently(metode):
    sendt = send(A, B)
    with Konsument(B) as b, Konsument(A) as a:
        a.lytt()
        b.lytt(prefetch=1)
        getattr(b.kanal, metode)(b.motta_melding(sendt).tag, requeue=False)
        b.passert()
        a.passert()
        assert b.levert == a.levert == []


def test_nack_may_cover_several():
    sendte = [send(A, B) for _ in range(3)]
    with Konsument(B) as b:
        b.lytt()
        siste = [b.motta_melding(sendt) for sendt in sendte][-1]
        b.kanal.basic_nack(siste.tag, multiple=True, requeue=True)
        igjen = [b.motta_melding(sendt) for sendt in sendte]
        assert all(levering.metode.redelivered for levering in igjen)
        b.ack(igjen[-1], multiple=True)
        b.rundtur()


def test_third_refusal_with_requeue_tells_the_sender():
    with Konsument(B) as b, Konsument(A) as a:
        a.lytt()
        b.lytt()
        sendt = send(A, B, type_="no.example.v1")
        for _ in range(3):
            b.kanal.basic_nack(b.motta_melding(sendt).tag, requeue=True)
        kvittering = a.motta_svar(sendt)
        a.ack(kvittering)
        b.passert()
        assert b.levert == []
    assert kvittering.hoder["type"] == SERVERFEIL
    assert kvittering.hoder["svar-til-type"] == "no.example.v1"
    assert kvittering.innhold == b""


def test_third_lost_connection_tells_the_sender():
    sendt = send(A, B)
    resendt = []
    for _ in range(3):
        with Raa() as b:
            b.apne(B)
            b.lytt(B.ko)
            resendt.append(b.motta_melding(sendt).metode.redelivered)
            b.kutt()
    assert resendt == [False, True, True]
    with Konsument(A) as a:
        a.lytt()
        kvittering = a.motta_svar(sendt)
        a.ack(kvittering)
        a.rundtur()
    assert kvittering.hoder["type"] == SERVERFEIL


def test_unknown_delivery_tag_closes_the_channel_only():
    with Konsument(B) as b:
        b.lytt()
        b.kanal.basic_ack(4711)
        assert kanalfeil(b.rundtur_paa_kanalen) == 406
        b.rundtur()


def test_second_ack_of_the_same_delivery_closes_the_channel():
    with Konsument(B) as b:
        b.lytt()
        levering = b.motta_melding(send(A, B))
        b.ack(levering)
        b.ack(levering)
        assert kanalfeil(b.rundtur_paa_kanalen) == 406


# --- consumers -------------------------------------------------------------------------------------------


def test_cancelled_consumer_gets_nothing_more_but_may_still_answer():
    with Konsument(B) as b, Konsument(B) as andre:
        tag = b.lytt()
        holdt = b.motta_melding(send(A, B))
        b.kanal.basic_cancel(tag)
        sendt = send(A, B)
        andre.lytt()
        andre.ack(andre.motta_melding(sendt))
        b.rundtur()
        assert b.levert == []
        b.ack(holdt)
        b.rundtur()
        andre.passert()
        assert andre.levert == []


def test_consumer_may_choose_its_tag_and_use_it_again_after_a_reconnect():
    sendt = send(A, B)
    with Raa() as b:
        b.apne(B)
        assert b.lytt(B.ko, "min-konsument") == "min-konsument"
        assert b.motta_melding(sendt).metode.consumer_tag == "min-konsument"
        b.kutt()
    with Konsument(B) as b:
        assert b.lytt(consumer_tag="min-konsument") == "min-konsument"
        igjen = b.motta_melding(sendt)
        assert igjen.metode.consumer_tag == "min-konsument"
        assert igjen.metode.redelivered is True
        b.ack(igjen)
        b.rundtur()


def test_tag_in_use_on_the_channel_is_not_allowed():
    with Raa() as b:
        b.apne(B)
        b.lytt(B.ko, "opptatt")
        b.send(pika.spec.Basic.Consume(queue=B.ko, consumer_tag="opptatt"), kanal=1)
        assert b.les_metode(pika.spec.Connection.Close).reply_code == 530


def test_closing_the_channel_gives_unacked_messages_back():
    with Konsument(B) as b:
        b.lytt()
        sendt = send(A, B)
        b.motta_melding(sendt)
        b.kanal.close()
        b.kanal = b.forbindelse.channel()
        b.lytt()
        igjen = b.motta_melding(sendt)
        assert igjen.metode.redelivered is True
        b.ack(igjen)
        b.rundtur()


def test_closing_the_connection_gives_unacked_messages_back():
    with Konsument(B) as b:
        b.lytt()
        sendt = send(A, B)
        b.motta_melding(sendt)
    with Konsument(B) as b:
        b.lytt()
        igjen = b.motta_melding(sendt)
        assert igjen.metode.redelivered is True
        b.ack(igjen)
        b.rundtur()


def test_two_consumers_share_a_queue_and_are_counted():
    tidligere = konsumenter(B)
    with Konsument(B) as en, Konsument(B) as to:
        en.lytt(prefetch=1)
        to.lytt(prefetch=1)
        assert konsumenter(B) == tidligere + 2
        sendte = {send(A, B)["meldingId"] for _ in range(2)}
        levert = [konsument.motta(lambda _: True) for konsument in (en, to)]
        assert {levering.melding_id for levering in levert} == sendte
        en.ack(levert[0])
        to.ack(levert[1])
        en.rundtur()
        to.rundtur()
    assert konsumenter(B) == tidligere


def test_two_channels_of_one_connection_may_consume():
    with Konsument(B) as b:
        b.lytt(prefetch=1)
        forste_kanal, b.kanal = b.kanal, b.forbindelse.channel()
        b.lytt(prefetch=1)
        for _ in range(2):
            send(A, B)
        levert = [b.motta(lambda _: True) for _ in range(2)]
        assert len({levering.metode.consumer_tag for levering in levert}) == 2
        # Tags count per channel: each channel's first delivery is number one.
        assert [levering.tag for levering in levert] == [1, 1]
        forste_kanal.basic_ack(1)
        b.kanal.basic_ack(1)
        b.rundtur()


def test_unknown_queue_is_not_found_and_the_connection_lives_on():
    with Konsument(B) as b:
        assert kanalfeil(lambda: b.lytt(ko=UKJENT)) == 404
        b.kanal = b.forbindelse.channel()
        b.lytt()
        b.passert()


def test_foreign_queue_is_refused_and_the_connection_lives_on():
    with Konsument(A) as a:
        assert kanalfeil(lambda: a.lytt(ko=B.ko)) == 403
        a.kanal = a.forbindelse.channel()
        a.lytt()
        a.passert()


@pytest.mark.parametrize("ko", ["", "x", "fiksio.konto.", "fiksio.konto.ikke-en-uuid"])
def test_queue_name_that_is_no_kontos_is_not_found(ko):
    with Konsument(A) as a:
        assert kanalfeil(lambda: a.kanal.basic_consume(ko, lambda *_: None)) in {403, 404}


# --- what the endpoint does not do -----------------------------------------------------------------------


def test_publishing_is_refused():
    with Konsument(A) as a:
        a.kanal.basic_publish("", A.ko, b"hei")
        assert kanalfeil(a.rundtur_paa_kanalen) == 403
        a.kanal = a.forbindelse.channel()
        a.lytt()
        a.passert()
        assert a.levert == []


def test_passive_declare_tells_about_the_queue():
    send(A, B)
    with Konsument(B) as b:
        svar = b.kanal.queue_declare(B.ko, passive=True).method
    assert svar.queue == B.ko
    assert svar.message_count == 1


@pytest.mark.parametrize(("ko", "kode"), [(B.ko, 403), (UKJENT, 404)], ids=["foreign", "unknown"])
def test_passive_declare_of_what_is_not_ones_own_is_refused(ko, kode):
    with Konsument(A) as a:
        assert kanalfeil(lambda: a.kanal.queue_declare(ko, passive=True)) == kode


@pytest.mark.parametrize(
    "handling",
    [
        lambda kanal: kanal.queue_declare(A.ko, durable=True),
        lambda kanal: kanal.queue_declare("egen"),
        lambda kanal: kanal.queue_delete(A.ko),
        lambda kanal: kanal.queue_purge(A.ko),
        lambda kanal: kanal.queue_bind(A.ko, "amq.topic", "#"),
        lambda kanal: kanal.exchange_declare("egen"),
        lambda kanal: kanal.exchange_delete("amq.topic"),
    ],
    ids=["declare own", "declare new", "delete", "purge", "bind", "exchange declare", "exchange delete"],
)
def test_topology_is_not_the_clients_to_change(handling):
    with Konsument(A) as a:
        assert kanalfeil(lambda: handling(a.kanal)) == 403
        a.kanal = a.forbindelse.channel()
        a.lytt()
        a.passert()


@pytest.mark.parametrize(
    "metode",
    [
        pika.spec.Basic.Get(queue=A.ko),
        pika.spec.Tx.Select(),
        pika.spec.Confirm.Select(),
    ],
    ids=["get", "tx", "confirm"],
)
def test_what_is_not_implemented_says_so(metode):
    with Raa() as a:
        a.apne(A)
        a.send(metode, kanal=1)
        svar = a.les_metode(pika.spec.Connection.Close)
        assert svar.reply_code == 540
        assert svar.reply_text.startswith("NOT_IMPLEMENTED")


# --- connecting and disconnecting ------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
def test_wrong_password_is_refused_with_a_close(tls):
    with pytest.raises((ProbableAuthenticationError, ConnectionClosedByBroker)) as feil:
        pika.BlockingConnection(parametre(A, tls=tls, passord=f"feil {A.token()}"))
    assert "403" in str(feil.value)
    assert "ACCESS_REFUSED" in str(feil.value)


@pytest.mark.parametrize(
    "passord",
    [
        lambda: A.passord,
        lambda: f"{A.passord} ",
        lambda: f"{A.passord} ikke.et.token",
        lambda: f"{A.passord} {B.token()}",
        lambda: A.token(),
        lambda: f"{B.passord} {A.token()}",
        lambda: "",
    ],
    ids=["no token", "empty token", "garbage", "another's token", "token alone", "another's password", "empty"],
)
def test_incomplete_credentials_are_refused(passord):
    with Raa() as a:
        a.send_bytes(Raa.HODE)
        a.les_metode(pika.spec.Connection.Start)
        svar = f"\0{A.integrasjon_id}\0{passord()}"
        evner = {"capabilities": {"authentication_failure_close": True}}
        a.send(pika.spec.Connection.StartOk(evner, "PLAIN", svar, "en_US"))
        slutt = a.les_metode(pika.spec.Connection.Close)
        assert slutt.reply_code == 403
        assert slutt.reply_text.startswith("ACCESS_REFUSED")


def test_client_that_knows_no_failure_close_is_hung_up_on():
    with Raa() as a:
        a.logg_inn(A, passord="feil")
        assert a.er_slutt()


def test_unknown_integration_is_refused():
    with Raa() as a:
        a.send_bytes(Raa.HODE)
        a.les_metode(pika.spec.Connection.Start)
        svar = f"\0{uuid.uuid4()}\0{A.amqp_passord()}"
        evner = {"capabilities": {"authentication_failure_close": True}}
        a.send(pika.spec.Connection.StartOk(evner, "PLAIN", svar, "en_US"))
        assert a.les_metode(pika.spec.Connection.Close).reply_code == 403


def test_server_announces_what_the_clients_rely_on():
    with Raa() as a:
        start = a.logg_inn(A)
        a.les_metode(pika.spec.Connection.Tune)
    evner = start.server_properties["capabilities"]
    for evne in ("basic.nack", "consumer_cancel_notify", "authentication_failure_close"):
        assert evner[evne] is True
    assert b"PLAIN" in start.mechanisms.split()


def test_server_offers_a_heartbeat_and_room_for_the_clients_channels():
    with Raa() as a:
        tune = a.apne(A)
    assert 0 < tune.heartbeat <= 60
    assert tune.channel_max in {0, 2047}
    assert tune.frame_max >= 4096


def test_client_that_falls_silent_is_given_up_and_its_messages_go_back():
    sendt = send(A, B)
    with Raa() as b:
        b.apne(B, heartbeat=2)
        b.lytt(B.ko)
        b.motta_melding(sendt)
        with Konsument(B) as neste:
            neste.lytt()
            igjen = neste.motta_melding(sendt)
            neste.ack(igjen)
            neste.rundtur()
    assert igjen.metode.redelivered is True


def test_server_sends_heartbeats_as_negotiated():
    with Raa() as a:
        a.apne(A, heartbeat=2)
        slutt = time.monotonic() + FRIST
        for _ in range(2):
            a.send_bytes(pika.frame.Heartbeat().marshal())
            assert isinstance(a.les(), pika.frame.Heartbeat)
        assert time.monotonic() < slutt


def test_heartbeat_zero_switches_heartbeats_off():
    with Raa() as a:
        a.apne(A, heartbeat=0)
        a.sokkel.settimeout(3)
        with pytest.raises(socket.timeout):
            a.les_bytes()
        a.send(pika.spec.Channel.Open(), kanal=2)
        a.les_metode(pika.spec.Channel.OpenOk)


def test_another_protocol_is_answered_with_the_right_header():
    with Raa() as a:
        a.send_bytes(b"AMQP\x00\x01\x00\x00")
        assert a.les_bytes() == Raa.HODE
        assert a.er_slutt()


def test_unknown_vhost_is_not_allowed():
    with Raa() as a:
        a.logg_inn(A)
        tune = a.les_metode(pika.spec.Connection.Tune)
        a.send(
            pika.spec.Connection.TuneOk(tune.channel_max, tune.frame_max, 0),
            pika.spec.Connection.Open("annen"),
        )
        assert a.les_metode(pika.spec.Connection.Close).reply_code == 530


def test_client_closes_with_an_answer():
    with Raa() as a:
        a.apne(A)
        a.send(pika.spec.Connection.Close(200, "ferdig", 0, 0))
        a.les_metode(pika.spec.Connection.CloseOk)
        assert a.er_slutt()


def test_frame_on_a_channel_that_is_not_open_is_a_channel_error():
    with Raa() as a:
        a.apne(A)
        a.send(pika.spec.Basic.Qos(0, 1, False), kanal=7)
        assert a.les_metode(pika.spec.Connection.Close).reply_code == 504


def test_bytes_that_are_no_frame_are_a_frame_error():
    with Raa() as a:
        a.apne(A)
        a.send_bytes(b"\x01\x00\x01\x00\x00\x00\x04" + b"\x00\x3c\x00\x0a" + b"\x00")
        assert a.les_metode(pika.spec.Connection.Close).reply_code in {501, 502}


def test_frame_beyond_the_negotiated_size_is_a_frame_error():
    with Raa() as a:
        a.apne(A, frame_max=4096)
        a.send_bytes(b"\x01\x00\x01\x00\x00\x20\x00" + bytes(0x2000) + b"\xce")
        assert a.les_metode(pika.spec.Connection.Close).reply_code == 501


def test_renewed_secret_is_accepted():
    with Konsument(B) as b:
        b.lytt()
        b.forbindelse.update_secret(B.amqp_passord(), "token renewed")
        b.passert()
