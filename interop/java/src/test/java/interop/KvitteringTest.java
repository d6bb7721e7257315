package interop;

import static interop.Meldinger.ping;
import static interop.Meldinger.til;
import static interop.Part.A;
import static interop.Part.B;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import no.ks.fiks.io.client.model.KlientKorrelasjonId;
import no.ks.fiks.io.client.model.MeldingId;
import no.ks.fiks.io.client.model.MeldingRequest;
import no.ks.fiks.io.client.model.MottattMelding;
import no.ks.fiks.io.client.model.SendtMelding;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ack, nack, and what the platform tells the sender (fiks-io.md §8.5–8.7, §13.3). */
@Enerett
class KvitteringTest {

    private static final String SERVERFEIL = "no.ks.fiks.kvittering.serverfeil.v1";
    private static final String TIDSAVBRUDD = "no.ks.fiks.kvittering.tidsavbrudd";

    @Test
    void ackedMessageIsNotDeliveredAgain() throws Exception {
        SendtMelding sendt;
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            sendt = a.klient().sendWithoutPayload(ping(B));
            b.motta(sendt).svar().ack();
            b.passert();
        }
        try (var b = Postkasse.apne(B)) {
            b.passert();
            assertEquals(List.of(), b.ikkeTatte());
        }
    }

    @Test
    void unackedMessageIsDeliveredAgainToTheNextConnectionAndMarkedResendt() throws Exception {
        try (var a = Postkasse.apne(A)) {
            SendtMelding sendt;
            try (var b = Postkasse.apne(B)) {
                sendt = a.klient().send(ping(B), "hei", "hei.txt");
                assertFalse(b.motta(sendt).melding().isResendt());
            }
            try (var b = Postkasse.apne(B)) {
                var igjen = b.motta(sendt);
                igjen.svar().ack();
                assertTrue(igjen.melding().isResendt());
                assertEquals(1, Innhold.filerI(igjen.melding().getDekryptertZipStream()).size());
            }
        }
    }

    @Test
    void clientThatHasHandledARedeliveredMessageAcksItUnseen() throws Exception {
        try (var a = Postkasse.apne(A)) {
            SendtMelding sendt;
            try (var b = Postkasse.apne(B)) {
                sendt = a.klient().sendWithoutPayload(ping(B));
                b.motta(sendt);
            }
            var kjent = Klientbygger.klient(B).erBehandlet(sendt.getMeldingId()::equals);
            try (var b = Postkasse.apne(B, kjent)) {
                b.passert();
                assertEquals(List.of(), b.ikkeTatte());
            }
            try (var b = Postkasse.apne(B)) {
                b.passert();
                assertEquals(List.of(), b.ikkeTatte());
            }
        }
    }

    @Test
    void nackRemovesTheMessageWithoutFeedback() throws Exception {
        // One at a time: that the next message comes shows that the nack before it has been handled.
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B, Klientbygger.klient(B).prefetch(1))) {
            var sendt = a.klient().sendWithoutPayload(ping(B));
            b.motta(sendt).svar().nack();
            b.passert();
            a.passert();

            assertEquals(List.of(), b.ikkeTatte());
            assertEquals(List.of(), a.ikkeTatte());
        }
    }

    @Test
    void nackWithRequeueDeliversAgainInFrontOfWhatWaits() throws Exception {
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B, Klientbygger.klient(B).prefetch(1))) {
            var forste = a.klient().sendWithoutPayload(ping(B));
            var andre = a.klient().sendWithoutPayload(ping(B));
            b.motta(forste).svar().nackWithRequeue();
            var igjen = b.motta(melding -> true);
            igjen.svar().ack();
            assertEquals(forste.getMeldingId(), igjen.melding().getMeldingId());
            assertTrue(igjen.melding().isResendt());
            b.motta(andre).svar().ack();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"klientKorrelasjonId", "klientKorrelasjonsId"})
    void thirdNackWithRequeueTellsTheSender(String skrivemate) throws Exception {
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            var sendt = a.klient().send(medKorrelasjon(skrivemate, null), "hei", "hei.txt");
            var resendt = avvisTreGanger(b, sendt);
            var kvittering = a.mottaSvarPa(sendt);
            kvittering.svar().ack();
            b.passert();

            assertEquals(List.of(false, true, true), resendt);
            assertEquals(List.of(), b.ikkeTatte());
            sjekkKvittering(SERVERFEIL, skrivemate, sendt, kvittering.melding());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"klientKorrelasjonId", "klientKorrelasjonsId"})
    void expiredMessageTellsTheSender(String skrivemate) throws Exception {
        try (var a = Postkasse.apne(A)) {
            var sendt = a.klient().send(medKorrelasjon(skrivemate, Duration.ofSeconds(1)), "hei", "hei.txt");
            var kvittering = a.mottaSvarPa(sendt);
            kvittering.svar().ack();

            sjekkKvittering(TIDSAVBRUDD, skrivemate, sendt, kvittering.melding());
        }
        try (var b = Postkasse.apne(B)) {
            b.passert();
            assertEquals(List.of(), b.ikkeTatte());
        }
    }

    @Test
    void bothSpellingsOfTheCorrelationAreCopiedWhenBothAreThere() throws Exception {
        var begge = Map.of("klientKorrelasjonId", "eldre", "klientKorrelasjonsId", "nyere");
        try (var a = Postkasse.apne(A)) {
            var sendt = a.klient().sendWithoutPayload(
                    til(B, "ping").ttl(Duration.ofSeconds(1)).headere(begge).build());
            var kvittering = a.mottaSvarPa(sendt);
            kvittering.svar().ack();

            assertEquals(begge, kvittering.melding().getHeadere());
            assertEquals(
                    new KlientKorrelasjonId("eldre"), kvittering.melding().getKlientKorrelasjonId());
        }
    }

    @Test
    void feedbackComesWithoutOwnHeadersToo() throws Exception {
        try (var a = Postkasse.apne(A)) {
            var sendt = a.klient().sendWithoutPayload(til(B, "ping").ttl(Duration.ofSeconds(1)).build());
            var kvittering = a.mottaSvarPa(sendt);
            kvittering.svar().ack();

            assertEquals(TIDSAVBRUDD, kvittering.melding().getMeldingType());
            assertEquals(Map.of(), kvittering.melding().getHeadere());
        }
    }

    @Test
    void expiryOfWhatOneWroteToOneselfIsToldToo() throws Exception {
        // Held in front, so that the message behind it is not delivered before it expires.
        try (var a = Postkasse.apne(A, Klientbygger.klient(A).prefetch(1))) {
            var foran = a.klient().sendWithoutPayload(ping(A));
            var holdt = a.motta(foran);
            var sendt = a.klient().sendWithoutPayload(til(A, "ping").ttl(Duration.ofSeconds(1)).build());
            TimeUnit.MILLISECONDS.sleep(1500);
            holdt.svar().ack();
            var kvittering = a.mottaSvarPa(sendt);
            kvittering.svar().ack();

            assertEquals(TIDSAVBRUDD, kvittering.melding().getMeldingType());
            assertEquals(A.kontoId(), kvittering.melding().getAvsenderKontoId());
        }
    }

    @Test
    void messageInHandDoesNotExpireBeforeItIsGivenBack() throws Exception {
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            var sendt = a.klient().sendWithoutPayload(til(B, "ping").ttl(Duration.ofSeconds(3)).build());
            var mottatt = b.motta(sendt);
            TimeUnit.MILLISECONDS.sleep(3500);
            a.passert();
            assertEquals(List.of(), a.ikkeTatte());

            mottatt.svar().nackWithRequeue();
            var kvittering = a.mottaSvarPa(sendt);
            kvittering.svar().ack();
            assertEquals(TIDSAVBRUDD, kvittering.melding().getMeldingType());
        }
    }

    @Test
    void feedbackThatIsRefusedMakesNoFeedback() throws Exception {
        try (var a = Postkasse.apne(A)) {
            var sendt = a.klient().sendWithoutPayload(til(B, "ping").ttl(Duration.ofSeconds(1)).build());
            for (int forsok = 0; forsok < 3; forsok++) {
                a.mottaSvarPa(sendt).svar().nackWithRequeue();
            }
            a.passert();
            assertEquals(List.of(), a.ikkeTatte());
        }
        try (var b = Postkasse.apne(B)) {
            b.passert();
            assertEquals(List.of(), b.ikkeTatte());
        }
    }

    @Test
    void handlerThatThrowsGivesTheMessageBack() throws Exception {
        try (var a = Postkasse.apne(A)) {
            var kastet = new CountDownLatch(1);
            var klient = Klientbygger.klient(B).apne();
            klient.newSubscription((melding, svar) -> {
                kastet.countDown();
                throw new IllegalStateException("as provoked by the test");
            });
            var sendt = a.klient().sendWithoutPayload(ping(B));
            assertTrue(kastet.await(Postkasse.FRIST.toSeconds(), TimeUnit.SECONDS));
            try (var b = Postkasse.apne(B)) {
                var igjen = b.motta(sendt);
                igjen.svar().ack();
                assertTrue(igjen.melding().isResendt());
            } finally {
                klient.close();
            }
        }
    }

    @Test
    void twoHundredMessagesAckedInAnyOrderByManyThreads() throws Exception {
        final int antall = 200;
        final int prefetch = 10;
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B, Klientbygger.klient(B).prefetch(prefetch))) {
            var sendte = new ArrayList<MeldingId>();
            for (int nummer = 0; nummer < antall; nummer++) {
                sendte.add(a.klient().sendWithoutPayload(ping(B)).getMeldingId());
            }
            var mottatte = kvitterIBunker(b, antall, prefetch);
            b.passert();

            assertEquals(sendte, mottatte);
            assertEquals(List.of(), b.ikkeTatte());
        }
    }

    /** Takes as many as the server hands over unacked, acks them shuffled and in parallel, and goes on. */
    private static List<MeldingId> kvitterIBunker(Postkasse b, int antall, int prefetch) throws Exception {
        var mottatte = new ArrayList<MeldingId>();
        var trader = Executors.newFixedThreadPool(8);
        try {
            while (mottatte.size() < antall) {
                var bunke = new ArrayList<Postkasse.Levering>();
                while (bunke.size() < prefetch) {
                    bunke.add(b.motta(melding -> true));
                }
                assertEquals(0, b.ikkeTatte().size(), "more than " + prefetch + " unacked");
                bunke.forEach(levering -> mottatte.add(levering.melding().getMeldingId()));
                Collections.shuffle(bunke);
                for (Future<?> ack : bunke.stream().map(l -> trader.submit(l.svar()::ack)).toList()) {
                    ack.get();
                }
            }
        } finally {
            trader.shutdown();
        }
        return mottatte;
    }

    private static List<Boolean> avvisTreGanger(Postkasse b, SendtMelding sendt) throws InterruptedException {
        var resendt = new ArrayList<Boolean>();
        for (int forsok = 0; forsok < 3; forsok++) {
            var mottatt = b.motta(sendt);
            resendt.add(mottatt.melding().isResendt());
            mottatt.svar().nackWithRequeue();
        }
        return resendt;
    }

    private static MeldingRequest medKorrelasjon(String skrivemate, Duration ttl) {
        return til(B, "no.example.sporring.v1")
                .ttl(ttl)
                .klientMeldingId(new MeldingId(Meldinger.ukjent()))
                .headere(Map.of(skrivemate, "sak 4/26", "annet", "x"))
                .build();
    }

    private static void sjekkKvittering(
            String type, String skrivemate, SendtMelding sendt, MottattMelding kvittering) {
        assertAll(
                () -> assertEquals(type, kvittering.getMeldingType()),
                () -> assertEquals(sendt.getMeldingId(), kvittering.getSvarPaMelding()),
                () -> assertNotEquals(sendt.getMeldingId(), kvittering.getMeldingId()),
                () -> assertEquals(B.kontoId(), kvittering.getAvsenderKontoId()),
                () -> assertEquals(A.kontoId(), kvittering.getMottakerKontoId()),
                () -> assertFalse(kvittering.isHarPayload()),
                () -> assertEquals(Map.of(skrivemate, "sak 4/26"), kvittering.getHeadere()));
    }
}
