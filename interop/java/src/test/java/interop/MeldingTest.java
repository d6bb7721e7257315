package interop;

import static interop.Meldinger.ping;
import static interop.Meldinger.til;
import static interop.Part.A;
import static interop.Part.B;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import no.ks.fiks.io.client.model.KlientKorrelasjonId;
import no.ks.fiks.io.client.model.MeldingId;
import no.ks.fiks.io.client.model.StreamPayload;
import no.ks.fiks.io.client.model.StringPayload;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sending, receiving and answering (fiks-io.md §13.1): the client at both ends, and alone with itself. */
@Enerett
class MeldingTest {

    @Test
    void pingWithoutPayloadIsDeliveredWithoutPayload() throws Exception {
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            var sendt = a.klient().sendWithoutPayload(ping(B));
            var mottatt = b.motta(sendt);
            mottatt.svar().ack();

            var melding = mottatt.melding();
            assertAll(
                    () -> assertEquals("ping", melding.getMeldingType()),
                    () -> assertEquals(A.kontoId(), melding.getAvsenderKontoId()),
                    () -> assertEquals(B.kontoId(), melding.getMottakerKontoId()),
                    () -> assertFalse(melding.isHarPayload()),
                    () -> assertFalse(melding.isResendt()),
                    () -> assertNull(melding.getSvarPaMelding()),
                    () -> assertEquals(Map.of(), melding.getHeadere()));
        }
    }

    @Test
    void answerToTheSenderEchoesWhatWasSent() throws Exception {
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            var klientMeldingId = new MeldingId(UUID.randomUUID());
            var korrelasjon = new KlientKorrelasjonId("sak 1/26");
            var sendt = a.klient().sendWithoutPayload(til(B, "ping")
                    .ttl(Duration.ofHours(3))
                    .klientMeldingId(klientMeldingId)
                    .korrelasjonsId(korrelasjon)
                    .build());
            b.motta(sendt).svar().ack();

            assertAll(
                    () -> assertEquals("ping", sendt.getMeldingType()),
                    () -> assertEquals(A.kontoId(), sendt.getAvsenderKontoId()),
                    () -> assertEquals(B.kontoId(), sendt.getMottakerKontoId()),
                    () -> assertEquals(Duration.ofHours(3), sendt.getTtl()),
                    () -> assertEquals(klientMeldingId, sendt.getKlientMeldingId()),
                    () -> assertEquals(korrelasjon, sendt.getKlientKorrelasjonId()),
                    () -> assertNull(sendt.getSvarPaMelding()));
        }
    }

    @Test
    void ttlIsSevenDaysWhenTheSenderSetsNone() throws Exception {
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            var sendt = a.klient().sendWithoutPayload(ping(B));
            var mottatt = b.motta(sendt);
            mottatt.svar().ack();

            assertEquals(Duration.ofDays(7), sendt.getTtl());
            assertEquals(Duration.ofDays(7), mottatt.melding().getTtl());
        }
    }

    @Test
    void signedAndEncryptedFilesArriveWithNamesOrderAndBytes(@TempDir Path mappe) throws Exception {
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            var sendt = a.klient().send(til(B, "ping").build(), List.of(
                    new StringPayload("<arkivmelding/>", "arkivmelding.xml"),
                    new StreamPayload(new Innhold(100_000).strom(), "vedtak om skjenkebevilling æøå.pdf"),
                    new StringPayload("{}", "a.json")));
            var mottatt = b.motta(sendt);
            // This method, unlike the stream, throws when a signature or digest is wrong.
            mottatt.melding().writeDekryptertZip(mappe.resolve("ut.zip"));
            mottatt.svar().ack();

            var filer = Innhold.filerI(Files.newInputStream(mappe.resolve("ut.zip")));
            assertEquals(
                    List.of("arkivmelding.xml", "vedtak om skjenkebevilling æøå.pdf", "a.json"),
                    List.copyOf(filer.keySet()));
            assertEquals(new Innhold(100_000).avtrykk(), filer.get("vedtak om skjenkebevilling æøå.pdf"));
            assertTrue(mottatt.melding().isHarPayload());
        }
    }

    @Test
    void payloadCanBeReadAsAStreamAndMoreThanOnce() throws Exception {
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            var sendt = a.klient().send(ping(B), "hei", "hei.txt");
            var mottatt = b.motta(sendt);
            var forste = Innhold.filerI(mottatt.melding().getDekryptertZipStream());
            var andre = Innhold.filerI(mottatt.melding().getDekryptertZipStream());
            mottatt.svar().ack();

            var hei = new ByteArrayInputStream("hei".getBytes(StandardCharsets.UTF_8));
            assertEquals(Map.of("hei.txt", Innhold.Avtrykk.av(hei)), forste);
            assertEquals(forste, andre);
        }
    }

    @Test
    void payloadIsOpenOnlyToTheKeyOfTheReceiver(@TempDir Path mappe) throws Exception {
        var feilNokkel = Klientbygger.klient(B).dekrypteringsnokkel(A.dekrypteringsnokkel());
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B, feilNokkel)) {
            var sendt = a.klient().send(ping(B), "hemmelig", "hei.txt");
            var mottatt = b.motta(sendt);
            assertThrows(
                    RuntimeException.class,
                    () -> mottatt.melding().writeDekryptertZip(mappe.resolve("ut.zip")));
            mottatt.svar().ack();
        }
    }

    @Test
    void replyCarriesWhatItAnswersAndTheCorrelation() throws Exception {
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            var sendt = a.klient().send(
                    til(B, "ping").korrelasjonsId(new KlientKorrelasjonId("sak 2/26")).build(), "hei", "hei.txt");
            var mottatt = b.motta(sendt);
            mottatt.svar().svar("pong", "hei selv", "svar.txt");
            mottatt.svar().ack();
            var svar = a.mottaSvarPa(sendt);
            svar.svar().ack();

            var hei = new ByteArrayInputStream("hei selv".getBytes(StandardCharsets.UTF_8));
            var filer = Innhold.filerI(svar.melding().getDekryptertZipStream());
            assertAll(
                    () -> assertEquals("pong", svar.melding().getMeldingType()),
                    () -> assertEquals(B.kontoId(), svar.melding().getAvsenderKontoId()),
                    () -> assertEquals("sak 2/26", svar.melding().getKlientKorrelasjonId().toString()),
                    () -> assertEquals(Map.of("svar.txt", Innhold.Avtrykk.av(hei)), filer));
        }
    }

    @Test
    void replyWithoutPayloadAndWithItsOwnIdempotencyId() throws Exception {
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            var sendt = a.klient().sendWithoutPayload(
                    til(B, "ping").korrelasjonsId(new KlientKorrelasjonId("sak 3/26")).build());
            var mottatt = b.motta(sendt);
            var klientMeldingId = new MeldingId(UUID.randomUUID());
            mottatt.svar().svar("pong", klientMeldingId);
            mottatt.svar().ack();
            var svar = a.mottaSvarPa(sendt);
            svar.svar().ack();

            assertFalse(svar.melding().isHarPayload());
            assertEquals(klientMeldingId, svar.melding().getKlientMeldingId());
            // The client replaces the headers in this overload, so nothing but its own id may come out.
            assertEquals(Map.of("klientMeldingId", klientMeldingId.toString()), svar.melding().getHeadere());
        }
    }

    @Test
    void freeTypesPass() throws Exception {
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            for (var type : List.of("pong", "no.example.skjema.v1", "Blåbær & røyk/1.0", "x".repeat(200))) {
                var sendt = a.klient().sendWithoutPayload(til(B, type).build());
                var mottatt = b.motta(sendt);
                mottatt.svar().ack();
                assertEquals(type, mottatt.melding().getMeldingType());
                assertEquals(type, sendt.getMeldingType());
            }
        }
    }

    @Test
    void kontoMayWriteToItself() throws Exception {
        try (var a = Postkasse.apne(A)) {
            var sendt = a.klient().send(ping(A), "til meg selv", "notat.txt");
            var mottatt = a.motta(sendt);
            mottatt.svar().svar("pong");
            mottatt.svar().ack();
            var svar = a.mottaSvarPa(sendt);
            svar.svar().ack();

            assertEquals(A.kontoId(), mottatt.melding().getAvsenderKontoId());
            assertEquals(1, Innhold.filerI(mottatt.melding().getDekryptertZipStream()).size());
            assertEquals("pong", svar.melding().getMeldingType());
        }
    }

    @Test
    void ownHeadersArriveAsTheyWereSent() throws Exception {
        var headere = Map.of(
                "klientMeldingId", UUID.randomUUID().toString(),
                "klientKorrelasjonId", "eldre skrivemåte",
                "klientKorrelasjonsId", "nyere skrivemåte",
                "Min-Nøkkel", "blåbærsyltetøy €",
                "lang", "y".repeat(4000),
                "tom", "");
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            var sendt = a.klient().sendWithoutPayload(til(B, "ping").headere(headere).build());
            var mottatt = b.motta(sendt);
            mottatt.svar().ack();

            assertEquals(headere, mottatt.melding().getHeadere());
            assertEquals(headere, sendt.getHeadere());
            assertEquals("eldre skrivemåte", mottatt.melding().getKlientKorrelasjonId().toString());
        }
    }

    @Test
    void sameIdempotencyIdMayBeSentTwice() throws Exception {
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            var request = til(B, "ping").klientMeldingId(new MeldingId(UUID.randomUUID())).build();
            var forste = a.klient().sendWithoutPayload(request);
            var andre = a.klient().sendWithoutPayload(request);
            b.motta(forste).svar().ack();
            b.motta(andre).svar().ack();

            assertNotEquals(forste.getMeldingId(), andre.getMeldingId());
        }
    }

    @Test
    void theHttpCallsWorkWithoutTlsToo() throws Exception {
        try (var a = Postkasse.apne(A, Klientbygger.klient(A).utenTls()); var b = Postkasse.apne(B)) {
            var sendt = a.klient().send(ping(B), "hei", "hei.txt");
            var mottatt = b.motta(sendt);
            mottatt.svar().ack();
            assertEquals(1, Innhold.filerI(mottatt.melding().getDekryptertZipStream()).size());
        }
    }
}
