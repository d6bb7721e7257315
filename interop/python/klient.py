"""A consumer on pika, and a bare AMQP connection for what pika hides."""

import contextlib
import io
import socket
import ssl
import struct
import time

import pika
import pika.frame
import pika.spec
from pika.exceptions import AMQPError

from miljo import CA, FRIST, MILJO, send

VERT = MILJO["amqp"]["host"]


def parametre(part, tls=True, passord=None, **annet):
    """Connection parameters of a part; `annet` goes to pika as it is."""
    amqp = MILJO["amqp"]
    if tls:
        kontekst = ssl.create_default_context(cafile=CA)
        annet["ssl_options"] = pika.SSLOptions(kontekst, VERT)
    return pika.ConnectionParameters(
        host=VERT,
        port=amqp["tlsPort"] if tls else amqp["port"],
        virtual_host="/",
        credentials=pika.PlainCredentials(
            part.integrasjon_id, passord or part.amqp_passord(), erase_on_connect=True
        ),
        **{"blocked_connection_timeout": FRIST, "socket_timeout": FRIST, **annet},
    )


class Levering:
    """One delivery: `metode` is basic.deliver, `egenskaper` the properties, `innhold` the body."""

    def __init__(self, metode, egenskaper, innhold):
        self.metode, self.egenskaper, self.innhold = metode, egenskaper, innhold

    @property
    def tag(self):
        return self.metode.delivery_tag

    @property
    def hoder(self):
        return self.egenskaper.headers

    @property
    def melding_id(self):
        return self.hoder["melding-id"]


class Konsument:
    """One connection with one channel; deliveries wait in `levert` until the test asks."""

    def __init__(self, part, **annet):
        self.part = part
        self.forbindelse = pika.BlockingConnection(parametre(part, **annet))
        self.kanal = self.forbindelse.channel()
        self.levert = []

    def lytt(self, prefetch=10, ko=None, **annet):
        """qos and consume, as the clients do; returns the consumer tag."""
        self.kanal.basic_qos(prefetch_size=0, prefetch_count=prefetch, global_qos=False)
        return self.kanal.basic_consume(ko or self.part.ko, self._ta_imot, **annet)

    def _ta_imot(self, _kanal, metode, egenskaper, innhold):
        self.levert.append(Levering(metode, egenskaper, innhold))

    def motta(self, soker):
        """The first delivery that `soker` accepts; takes it out of `levert`."""
        slutt = time.monotonic() + FRIST
        while True:
            for nummer, levering in enumerate(self.levert):
                if soker(levering):
                    return self.levert.pop(nummer)
            assert time.monotonic() < slutt, f"the message never came, others did: {self.levert}"
            self.forbindelse.process_data_events(time_limit=1)

    def motta_melding(self, sendt):
        """The delivery of what `send` returned."""
        return self.motta(lambda levering: levering.melding_id == sendt["meldingId"])

    def motta_svar(self, sendt):
        """The delivery of whatever answers what `send` returned."""
        return self.motta(lambda levering: levering.hoder.get("svar-til") == sendt["meldingId"])

    def ack(self, levering, **annet):
        self.kanal.basic_ack(levering.tag, **annet)

    def passert(self):
        """Sends from the konto to itself and receives: what lay in the queue before has come as well."""
        self.ack(self.motta_melding(send(self.part, self.part, type_="passert")))

    def rundtur(self):
        """Waits for an answer from the server, which comes after whatever it sent before."""
        self.forbindelse.channel().close()

    def rundtur_paa_kanalen(self):
        """The same on the channel in use: raises what the server closed it for."""
        self.kanal.basic_qos(prefetch_count=1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(AMQPError):
            self.forbindelse.close()


def tom(part):
    """Empties the queue of whatever earlier tests left in it."""
    with Konsument(part) as konsument:
        konsument.lytt(prefetch=0)
        konsument.passert()
        for levering in konsument.levert:
            konsument.ack(levering)
        konsument.rundtur()


class Raa:
    """A bare connection on the plain port: frames in, frames out."""

    HODE = b"AMQP\x00\x00\x09\x01"

    def __init__(self):
        self.sokkel = socket.create_connection((VERT, MILJO["amqp"]["port"]), timeout=FRIST)
        self.lest = b""
        #: The bytes of the frame that was read last.
        self.ramme = b""

    def send(self, *metoder, kanal=0):
        self.send_bytes(b"".join(pika.frame.Method(kanal, metode).marshal() for metode in metoder))

    def send_bytes(self, rammer):
        self.sokkel.sendall(rammer)

    def les_bytes(self):
        """Whatever comes next, empty at the end of the connection."""
        return self.sokkel.recv(65536)

    def er_slutt(self):
        """Whether the server has hung up and said no more."""
        try:
            return self.les_bytes() == b""
        except ConnectionResetError:
            return True

    def les(self):
        """The next frame."""
        while True:
            brukt, ramme = pika.frame.decode_frame(self.lest)
            if ramme is not None:
                self.ramme, self.lest = self.lest[:brukt], self.lest[brukt:]
                return ramme
            nye = self.les_bytes()
            assert nye, "the server closed the connection without a word"
            self.lest += nye

    def les_metode(self, *typer):
        """The next method, which must be one of these; heartbeats are passed over."""
        ramme = self.les()
        while isinstance(ramme, pika.frame.Heartbeat):
            ramme = self.les()
        assert isinstance(ramme, pika.frame.Method), ramme
        assert isinstance(ramme.method, typer), ramme.method
        return ramme.method

    def logg_inn(self, part, passord=None, evner=None):
        """Header and start-ok; returns start. The answer is the caller's to read."""
        self.send_bytes(self.HODE)
        start = self.les_metode(pika.spec.Connection.Start)
        svar = f"\0{part.integrasjon_id}\0{passord or part.amqp_passord()}"
        egenskaper = {"capabilities": evner if evner is not None else {}}
        self.send(pika.spec.Connection.StartOk(egenskaper, "PLAIN", svar, "en_US"))
        return start

    def apne(self, part, heartbeat=0, frame_max=0):
        """The whole handshake and channel 1; returns tune, the server's wishes."""
        self.logg_inn(part)
        tune = self.les_metode(pika.spec.Connection.Tune)
        self.send(
            pika.spec.Connection.TuneOk(tune.channel_max, frame_max or tune.frame_max, heartbeat),
            pika.spec.Connection.Open("/"),
        )
        self.les_metode(pika.spec.Connection.OpenOk)
        self.send(pika.spec.Channel.Open(), kanal=1)
        self.les_metode(pika.spec.Channel.OpenOk)
        return tune

    def lytt(self, ko, tag=""):
        """Consumes on channel 1 without a prefetch; returns the tag."""
        self.send(pika.spec.Basic.Consume(queue=ko, consumer_tag=tag), kanal=1)
        return self.les_metode(pika.spec.Basic.ConsumeOk).consumer_tag

    def les_levering(self):
        """The next delivery without a body."""
        metode = self.les_metode(pika.spec.Basic.Deliver)
        hode = self.les()
        assert hode.body_size == 0
        return Levering(metode, hode.properties, b"")

    def motta_melding(self, sendt):
        """The delivery of what `send` returned; whatever lay before it in the queue is acked."""
        levering = self.les_levering()
        while levering.melding_id != sendt["meldingId"]:
            self.send(pika.spec.Basic.Ack(levering.tag), kanal=1)
            levering = self.les_levering()
        return levering

    def kutt(self):
        """Resets the TCP connection: no close, no goodbye."""
        self.sokkel.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sokkel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sokkel.close()


def hodetyper(ramme):
    """The type octets in the header table of a content header frame, by header name (AMQP 0-9-1 §4.2.5.5, §4.2.6.1)."""
    innhold = io.BytesIO(ramme[7:-1])
    flagg = struct.unpack(">HHQH", innhold.read(14))[3]
    for bit in (15, 14):
        if flagg >> bit & 1:
            _kort(innhold)
    assert flagg >> 13 & 1, "a delivery has a header table"
    tabell = io.BytesIO(_lang(innhold))
    typer = {}
    while navn := _kort(tabell):
        typer[navn.decode()] = tabell.read(1)
        _lang(tabell)
    return typer


def _kort(strom):
    return strom.read(int.from_bytes(strom.read(1), "big"))


def _lang(strom):
    return strom.read(int.from_bytes(strom.read(4), "big"))
