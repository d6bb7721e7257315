"""aio-pika, the asyncio client, as its users call it: a robust connection that comes back by itself."""

import asyncio
import ssl

import aio_pika
import pytest

from miljo import A, B, CA, FRIST, MILJO, send


async def forbindelse(tls=True):
    amqp = MILJO["amqp"]
    return await aio_pika.connect_robust(
        host=amqp["host"],
        port=amqp["tlsPort"] if tls else amqp["port"],
        login=B.integrasjon_id,
        password=B.amqp_passord(),
        ssl=tls,
        ssl_context=ssl.create_default_context(cafile=CA) if tls else None,
    )


async def motta(tls, svar):
    """Takes one message of konto B and answers it with the method of this name."""
    async with await forbindelse(tls) as amqp:
        kanal = await amqp.channel(publisher_confirms=False)
        await kanal.set_qos(prefetch_count=10)
        ko = await kanal.get_queue(B.ko, ensure=False)
        async with ko.iterator(timeout=FRIST) as leveringer:
            async for levering in leveringer:
                await getattr(levering, svar)()
                return levering


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
def test_message_is_delivered_and_acked(tls):
    sendt = send(A, B, b"hei", ttl=60_000)
    levering = asyncio.run(motta(tls, "ack"))
    assert levering.body == b"hei"
    assert levering.headers["melding-id"] == sendt["meldingId"]
    assert levering.routing_key == B.ko
    assert levering.expiration == 60
    assert levering.delivery_mode == aio_pika.DeliveryMode.PERSISTENT


def test_message_is_nacked_and_comes_again():
    sendt = send(A, B)
    forst, igjen = asyncio.run(motta(True, "nack")), asyncio.run(motta(True, "ack"))
    assert forst.headers["melding-id"] == igjen.headers["melding-id"] == sendt["meldingId"]
    assert not forst.redelivered
    assert igjen.redelivered
