package interop;

import static interop.Meldinger.ping;
import static interop.Meldinger.til;
import static interop.Part.A;
import static interop.Part.B;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.rabbitmq.client.LongString;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import no.ks.fiks.io.client.model.KlientKorrelasjonId;
import no.ks.fiks.io.client.model.MeldingId;
import no.ks.fiks.io.client.model.MeldingRequest;
import no.ks.fiks.io.client.model.SendtMelding;
import org.junit.jupiter.api.Test;

/** The wire form of a delivery, of which the .NET client is stricter than Java (fiks-io.md §8.1–8.4, §8.7, §9). */
@Enerett
class RaaAmqpTest {

    @Test
    void deliveryHasTheContractsHeadersAsLongStringsAndNothingElse() throws Exception {
        var svarPa = new MeldingId(UUID.randomUUID());
        var request = til(B, "ping")
                .svarPaMelding(svarPa)
                .ttl(Duration.ofHours(1))
                .korrelasjonsId(new KlientKorrelasjonId("sak 5/26"))
                .build();
        try (var b = RaaAmqp.apne(B)) {
            var sendt = send(request);
            var levering = b.motta(sendt.getMeldingId().getUuid());
            b.ack(levering);

            var headere = levering.egenskaper().getHeaders();
            headere.forEach((navn, verdi) -> assertInstanceOf(LongString.class, verdi, navn));
            var ventet = Map.of(
                    "melding-id", sendt.getMeldingId().toString(),
                    "type", "ping",
                    "avsender-id", A.konto().kontoId().toString(),
                    "svar-til", svarPa.toString(),
                    "egendefinert-header.klientKorrelasjonId", "sak 5/26");
            ventet.forEach((navn, verdi) -> assertEquals(verdi, levering.header(navn), navn));
            var kjent = new HashSet<>(ventet.keySet());
            kjent.add("avsender-navn");
            assertTrue(kjent.containsAll(headere.keySet()), () -> "unknown headers in " + headere.keySet());
        }
    }

    @Test
    void envelopeAndPropertiesAreThoseTheClientsRead() throws Exception {
        try (var b = RaaAmqp.apne(B)) {
            var sendt = send(til(B, "ping").ttl(Duration.ofHours(1)).build());
            var levering = b.motta(sendt.getMeldingId().getUuid());
            b.ack(levering);

            var konvolutt = levering.innhold().getEnvelope();
            assertAll(
                    () -> assertEquals(B.ko(), konvolutt.getRoutingKey()),
                    () -> assertEquals("", konvolutt.getExchange()),
                    () -> assertFalse(konvolutt.isRedeliver()),
                    () -> assertEquals("3600000", levering.egenskaper().getExpiration()),
                    () -> assertEquals(2, levering.egenskaper().getDeliveryMode()),
                    () -> assertEquals(b.konsument(), levering.tag()),
                    () -> assertEquals(0, levering.innhold().getBody().length));
        }
    }

    @Test
    void smallPayloadIsTheBodyAndALargeOneADocument() throws Exception {
        try (var b = RaaAmqp.apne(B)) {
            var liten = mottaPayload(b, 4_900_000);
            assertNull(liten.header("dokumentlager-id"));
            assertEquals(4_900_000, liten.innhold().getBody().length);

            var stor = mottaPayload(b, 5_347_738);
            assertNotNull(UUID.fromString(stor.header("dokumentlager-id")));
            assertInstanceOf(LongString.class, stor.egenskaper().getHeaders().get("dokumentlager-id"));
            assertEquals(0, stor.innhold().getBody().length);
        }
    }

    @Test
    void feedbackNamesTheTypeItIsAbout() throws Exception {
        try (var a = RaaAmqp.apne(A)) {
            var sendt = send(til(B, "no.example.sporring.v1").ttl(Duration.ofSeconds(1)).build());
            var kvittering = a.mottaSvarPa(sendt.getMeldingId().getUuid());
            a.ack(kvittering);

            var headere = kvittering.egenskaper().getHeaders();
            headere.forEach((navn, verdi) -> assertInstanceOf(LongString.class, verdi, navn));
            assertEquals("no.ks.fiks.kvittering.tidsavbrudd", kvittering.header("type"));
            assertEquals("no.example.sporring.v1", kvittering.header("svar-til-type"));
            assertEquals(A.ko(), kvittering.innhold().getEnvelope().getRoutingKey());
            assertEquals(0, kvittering.innhold().getBody().length);
        }
    }

    @Test
    void recoveredConsumerKeepsItsTag() throws Exception {
        try (var proxy = new TcpProxy(); var b = RaaAmqp.apne(B, proxy.port())) {
            var sendt = send(ping(B)).getMeldingId().getUuid();
            var forst = b.motta(sendt);
            proxy.kutt();
            var igjen = b.motta(sendt);
            b.ack(igjen);

            assertEquals(forst.tag(), igjen.tag());
            assertTrue(igjen.innhold().getEnvelope().isRedeliver());
        }
    }

    @Test
    void serverAnnouncesWhatTheClientsRelyOn() throws Exception {
        try (var b = RaaAmqp.apne(B)) {
            var evner = assertInstanceOf(
                    Map.class, b.forbindelse().getServerProperties().get("capabilities"));
            for (var evne : Set.of("basic.nack", "consumer_cancel_notify", "authentication_failure_close")) {
                assertEquals(true, evner.get(evne), evne);
            }
        }
    }

    private static RaaAmqp.Levering mottaPayload(RaaAmqp b, long lengde) throws Exception {
        try (var a = Klientbygger.klient(A).apne()) {
            var sendt = a.sendAsiceInnhold(ping(B), new Innhold(lengde).strom());
            var levering = b.motta(sendt.getMeldingId().getUuid());
            b.ack(levering);
            return levering;
        }
    }

    private static SendtMelding send(MeldingRequest request) throws IOException {
        try (var a = Klientbygger.klient(A).apne()) {
            return a.sendWithoutPayload(request);
        }
    }
}
