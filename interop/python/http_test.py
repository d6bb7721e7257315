"""The wire form of KS' .NET sender, replayed byte for byte, and the calls it makes (fiks-io.md §3, §4, §15)."""

import http.client
import json
import ssl
import time
import urllib.parse
import uuid

import pytest
from cryptography import x509

from klient import Konsument
from miljo import A, B, CA, FRIST, MILJO, hent, metadata

SEND = "/fiks-io/api/v1/send"
FEILKROPP = [
    "timestamp", "status", "error", "errorId", "path", "originalPath", "message", "errorCode", "errorJson",
]


def multipart(metadata_json, data=None):
    """What .NET's MultipartFormDataContent writes: unquoted names, quoted boundary, no type on the data part."""
    grense = str(uuid.uuid4())
    kropp = (
        f"--{grense}\r\nContent-Type: application/json; charset=utf-8\r\n"
        "Content-Disposition: form-data; name=metadata\r\n\r\n"
    ).encode() + json.dumps(metadata_json).encode()
    if data is not None:
        navn = uuid.uuid4()
        kropp += (
            f"\r\n--{grense}\r\nContent-Disposition: form-data; name=data; "
            f"filename={navn}; filename*=utf-8''{navn}\r\n\r\n"
        ).encode() + data
    return f'multipart/form-data; boundary="{grense}"', kropp + f"\r\n--{grense}--\r\n".encode()


def send_som_dotnet(hoder, metadata_json, data=None):
    """One POST on a connection of its own; returns status, headers and JSON."""
    innholdstype, kropp = multipart(metadata_json, data)
    adresse = urllib.parse.urlsplit(MILJO["api"]["https"])
    kontekst = ssl.create_default_context(cafile=CA)
    forbindelse = http.client.HTTPSConnection(
        adresse.hostname, adresse.port, timeout=FRIST, context=kontekst
    )
    try:
        forbindelse.request("POST", SEND, kropp, {**hoder, "Content-Type": innholdstype})
        svar = forbindelse.getresponse()
        return svar.status, svar.headers, json.loads(svar.read())
    finally:
        forbindelse.close()


def dotnet_hoder(part):
    """The .NET sender writes AUTHORIZATION in capitals."""
    hoder = part.hoder()
    hoder["AUTHORIZATION"] = hoder.pop("Authorization")
    return hoder


def sjekk_feil(status, svar):
    kode, hoder, kropp = svar
    assert kode == status, kropp
    assert list(kropp) == FEILKROPP
    assert kropp["status"] == status
    assert isinstance(kropp["timestamp"], int)
    assert kropp["message"]
    uuid.UUID(kropp["errorId"])
    if status == 401:
        assert hoder["WWW-Authenticate"].startswith("Bearer")
    return kropp["message"]


@pytest.mark.parametrize("data", [None, b"x", bytes(range(256)) * 1000], ids=["none", "1 byte", "256 kB"])
def test_dotnet_multipart_is_understood(data):
    status, _, svar = send_som_dotnet(dotnet_hoder(A), metadata(A, B, ttl=172_800_000), data)
    assert status == 202
    assert svar["ttl"] == 172_800_000
    with Konsument(B) as b:
        b.lytt()
        levering = b.motta_melding(svar)
        b.ack(levering)
        b.rundtur()
    assert levering.innhold == (data or b"")
    assert levering.egenskaper.expiration == "172800000"


def test_large_payload_goes_to_dokumentlager_and_back():
    data = bytes(range(256)) * 21_000
    status, _, svar = send_som_dotnet(dotnet_hoder(A), metadata(A, B), data)
    assert status == 202
    with Konsument(B) as b:
        b.lytt()
        levering = b.motta_melding(svar)
        b.ack(levering)
        b.rundtur()
    assert levering.hoder["dokumentlager-id"] == svar["dokumentlagerId"]
    nedlasting = hent(f"/dokumentlager/nedlasting/{svar['dokumentlagerId']}", B.hoder())
    assert nedlasting.status_code == 200
    assert nedlasting.content == data
    assert nedlasting.headers.get("Content-Length") != "0"


def test_answer_has_exactly_the_contracts_fields():
    svar_pa, headere = str(uuid.uuid4()), {"klientMeldingId": str(uuid.uuid4())}
    _, _, svar = send_som_dotnet(
        dotnet_hoder(A), metadata(A, B, svarPaMelding=svar_pa, headere=headere, ukjentFelt=1)
    )
    uuid.UUID(svar.pop("meldingId"))
    assert svar == {
        "meldingType": "ping",
        "avsenderKontoId": A.konto_id,
        "mottakerKontoId": B.konto_id,
        "ttl": 604_800_000,
        "dokumentlagerId": None,
        "svarPaMelding": svar_pa,
        "headere": headere,
    }


def test_headers_of_the_answer_are_an_object_when_none_were_sent():
    _, _, svar = send_som_dotnet(dotnet_hoder(A), metadata(A, B))
    assert svar["headere"] == {}


@pytest.mark.parametrize(
    ("status", "endring"),
    [
        (400, {"ttl": 999}),
        (400, {"meldingType": None}),
        (400, {"mottakerKontoId": "ikke-en-uuid"}),
        (403, {"avsenderKontoId": B.konto_id}),
        (404, {"mottakerKontoId": str(uuid.uuid4())}),
    ],
    ids=["short ttl", "no type", "no uuid", "foreign sender", "unknown receiver"],
)
@pytest.mark.parametrize("data", [None, bytes(2_000_000)], ids=["none", "2 MB"])
def test_refusals_have_the_common_error_body(status, endring, data):
    svar = send_som_dotnet(dotnet_hoder(A), metadata(A, B) | endring, data)
    assert sjekk_feil(status, svar)


def test_wrong_token_and_wrong_password_are_told_apart():
    uten_token = dotnet_hoder(A) | {"AUTHORIZATION": "Bearer ikke.et.token"}
    tekst = sjekk_feil(401, send_som_dotnet(uten_token, metadata(A, B)))
    assert tekst.startswith("Klarte ikke å validere access_token")

    feil_passord = dotnet_hoder(A) | {"IntegrasjonPassord": "feil"}
    tekst = sjekk_feil(401, send_som_dotnet(feil_passord, metadata(A, B)))
    assert tekst.startswith(f"Autentisering feilet for integrasjon med id {A.integrasjon_id}")


def test_refusal_does_not_tell_which_part_of_the_credentials_was_wrong():
    tekster = set()
    for endring in (
        {"IntegrasjonPassord": "feil"},
        {"AUTHORIZATION": f"Bearer {B.token()}"},
    ):
        tekster.add(sjekk_feil(401, send_som_dotnet(dotnet_hoder(A) | endring, metadata(A, B))))
    ukjent = str(uuid.uuid4())
    tekst = sjekk_feil(401, send_som_dotnet(dotnet_hoder(A) | {"IntegrasjonId": ukjent}, metadata(A, B)))
    tekster.add(tekst.replace(ukjent, A.integrasjon_id))
    assert len(tekster) == 1


def test_status_has_no_nulls_where_the_clients_unbox():
    svar = hent(f"/fiks-io/katalog/api/v1/kontoer/{B.konto_id}/status", A.hoder())
    assert svar.status_code == 200
    status = svar.json()
    assert status["gyldigAvsender"] is True
    assert status["gyldigMottaker"] is True
    assert status["antallKonsumenter"] == 0
    assert isinstance(status["antallUavhentedeMeldinger"], int)


def vent_til_uavhentede(antall):
    """An ack has no answer: the number may trail it."""
    slutt = time.monotonic() + FRIST
    status = {}
    while status.get("antallUavhentedeMeldinger") != antall:
        assert time.monotonic() < slutt, status
        status = hent(f"/fiks-io/katalog/api/v1/kontoer/{B.konto_id}/status", A.hoder()).json()


def test_waiting_messages_are_counted_held_or_not():
    vent_til_uavhentede(0)
    svar = [send_som_dotnet(dotnet_hoder(A), metadata(A, B))[2] for _ in range(3)]
    vent_til_uavhentede(3)
    with Konsument(B) as b:
        b.lytt(prefetch=1)
        holdt = b.motta_melding(svar[0])
        vent_til_uavhentede(3)
        b.ack(holdt)
        b.motta_melding(svar[1])
        vent_til_uavhentede(2)


def test_public_key_is_one_certificate_given_to_anyone():
    svar = hent(f"/fiks-io/katalog/api/v1/kontoer/{B.konto_id}/offentligNokkel")
    assert svar.status_code == 200
    nokkel = svar.json()
    sertifikat = x509.load_pem_x509_certificate(nokkel["nokkel"].encode())
    assert sertifikat.public_key().key_size >= 2048
    assert nokkel.get("validFrom", "") is not None
    assert nokkel.get("validTo", "") is not None


@pytest.mark.parametrize(
    "sti",
    ["kontoer/{}/offentligNokkel", "kontoer/{}", "kontoer/{}/status"],
)
def test_unknown_konto_is_not_found(sti):
    assert hent("/fiks-io/katalog/api/v1/" + sti.format(uuid.uuid4()), A.hoder()).status_code == 404


@pytest.mark.parametrize("sti", ["kontoer/{}", "kontoer/{}/status"])
def test_katalog_asks_for_credentials(sti):
    svar = hent("/fiks-io/katalog/api/v1/" + sti.format(B.konto_id))
    assert svar.status_code == 401
    assert svar.headers["WWW-Authenticate"].startswith("Bearer")
