"""What a started `fiks dev` says about itself, and the HTTP calls that the tests make beside AMQP."""

import base64
import dataclasses
import json
import os
import pathlib
import time
import uuid

import jwt
import requests
from cryptography import x509
from cryptography.hazmat.primitives import serialization

#: Seconds to wait for something that is bound to happen: only a failure waits this long.
FRIST = 60

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def _les():
    navn = os.environ.get("FIKS_DEV_JSON")
    if not navn:
        raise SystemExit("FIKS_DEV_JSON must name the dev.json of a started `fiks dev`")
    sti = pathlib.Path(navn).resolve()
    return sti.parent, json.loads(sti.read_text("utf-8"))


MAPPE, MILJO = _les()


def fil(navn):
    """A file that dev.json names; a relative name is relative to dev.json's own folder."""
    return MAPPE / navn


CA = str(fil(MILJO["tls"]["caPem"]))
HTTP = requests.Session()
HTTP.trust_env = False
HTTP.verify = CA

#: Token and when to fetch another, by konto.
_TOKENER = {}


@dataclasses.dataclass(frozen=True)
class Part:
    """One of the two who talk: an organisation, and the konto it uses."""

    navn: str
    orgnr: str
    klient: dict
    integrasjon_id: str
    passord: str
    konto_id: str

    @property
    def ko(self):
        """The queue of the konto (fiks-io.md §8.3)."""
        return f"fiksio.konto.{self.konto_id}"

    def token(self):
        """A Maskinporten token with at least half its life left."""
        token, brukes_til = _TOKENER.get(self.konto_id, (None, 0))
        if time.monotonic() > brukes_til:
            token = self._nytt_token()
            _TOKENER[self.konto_id] = token, time.monotonic() + 60
        return token

    def _nytt_token(self):
        """One grant, signed with the virksomhetssertifikat's key (auth-og-konfigurasjon.md §3.1)."""
        svar = HTTP.post(
            MILJO["maskinporten"]["tokenEndpoint"],
            data={"grant_type": GRANT, "assertion": self._grant()},
            timeout=FRIST,
        )
        assert svar.status_code == 200, svar.text
        return svar.json()["access_token"]

    def _grant(self):
        sertifikat = x509.load_pem_x509_certificate(fil(self.klient["sertifikatPem"]).read_bytes())
        der = sertifikat.public_bytes(serialization.Encoding.DER)
        na = int(time.time())
        claims = {
            "aud": MILJO["maskinporten"]["audience"],
            "iss": self.klient["clientId"],
            "scope": "ks:fiks",
            "jti": str(uuid.uuid4()),
            "iat": na,
            "exp": na + 120,
        }
        nokkel = fil(self.klient["nokkelPem"]).read_bytes()
        x5c = [base64.b64encode(der).decode()]
        return jwt.encode(claims, nokkel, "RS256", headers={"x5c": x5c, "typ": None})

    def amqp_passord(self):
        """Password and token with one space between (fiks-io.md §8.1)."""
        return f"{self.passord} {self.token()}"

    def hoder(self):
        """The three headers of an integration."""
        return {
            "Authorization": f"Bearer {self.token()}",
            "IntegrasjonId": self.integrasjon_id,
            "IntegrasjonPassord": self.passord,
        }


def _part(nummer):
    organisasjon = MILJO["organisasjoner"][nummer]
    return Part(
        navn=organisasjon["navn"],
        orgnr=organisasjon["orgnr"],
        klient=organisasjon["maskinporten"],
        integrasjon_id=organisasjon["integrasjon"]["id"],
        passord=organisasjon["integrasjon"]["passord"],
        konto_id=organisasjon["kontoer"][0]["kontoId"],
    )


#: Konto A of the first organisation, and konto B of the second.
A = _part(0)
B = _part(1)


def url(sti):
    """An address of the API, over TLS."""
    return MILJO["api"]["https"] + sti


def hent(sti, hoder=None):
    """GET with these headers, none by default."""
    return HTTP.get(url(sti), headers=hoder, timeout=FRIST)


def metadata(fra, til, type_="ping", **annet):
    """The metadata part of a send (fiks-io.md §3)."""
    return {
        "avsenderKontoId": fra.konto_id,
        "mottakerKontoId": til.konto_id,
        "meldingType": type_,
        "svarPaMelding": None,
        "ttl": None,
        "headere": None,
        **annet,
    }


def send(fra, til, innhold=None, **annet):
    """Sends a message and returns the answer's JSON."""
    deler = {"metadata": (None, json.dumps(metadata(fra, til, **annet)), "application/json")}
    if innhold is not None:
        deler["data"] = (str(uuid.uuid4()), innhold, "application/octet-stream")
    svar = HTTP.post(url("/fiks-io/api/v1/send"), headers=fra.hoder(), files=deler, timeout=FRIST)
    assert svar.status_code == 202, svar.text
    return svar.json()
