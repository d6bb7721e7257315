package interop;

import static interop.Meldinger.ping;
import static interop.Part.A;
import static interop.Part.B;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import no.ks.fiks.io.client.model.SendtMelding;
import org.junit.jupiter.api.Test;

/** What survives a cut TCP connection (fiks-io.md §13.4). The client by itself tries again every five seconds. */
@Enerett
class ForbindelseTest {

    @Test
    void consumerComesBackAndUnackedMessagesAreResent() throws Exception {
        try (var proxy = new TcpProxy();
                var a = Postkasse.apne(A);
                var b = Postkasse.apne(B, Klientbygger.klient(B).amqpPort(proxy.port()))) {
            var konsumenter = konsumenter(a);
            var sendte = sendTre(a);
            for (var sendt : sendte) {
                assertFalse(b.motta(sendt).melding().isResendt());
            }
            proxy.avvis(true);
            proxy.kutt();
            ventTil(() -> konsumenter(a) < konsumenter);
            var sendtUnderBrudd = a.klient().sendWithoutPayload(ping(B));
            proxy.avvis(false);

            assertEquals(List.of(true, true, true), mottaIgjen(b, sendte));
            var ny = b.motta(sendtUnderBrudd);
            ny.svar().ack();
            assertFalse(ny.melding().isResendt());
            assertTrue(proxy.antall() >= 2);
            b.passert();
            assertEquals(List.of(), b.ikkeTatte());
        }
    }

    @Test
    void consumerComesBackAfterSeveralFailedAttempts() throws Exception {
        try (var proxy = new TcpProxy();
                var a = Postkasse.apne(A);
                var b = Postkasse.apne(B, Klientbygger.klient(B).amqpPort(proxy.port()))) {
            b.passert();
            proxy.avvis(true);
            proxy.kutt();
            var sendt = a.klient().sendWithoutPayload(ping(B));
            ventTil(() -> proxy.antall() >= 2);
            proxy.avvis(false);

            b.motta(sendt).svar().ack();
            assertTrue(proxy.antall() >= 3);
        }
    }

    @Test
    void ackThatTheCutSwallowedIsNotBelieved() throws Exception {
        try (var proxy = new TcpProxy();
                var a = Postkasse.apne(A);
                var b = Postkasse.apne(B, Klientbygger.klient(B).amqpPort(proxy.port()))) {
            var sendt = a.klient().sendWithoutPayload(ping(B));
            var mottatt = b.motta(sendt);
            proxy.kutt();
            var igjen = b.motta(sendt);
            // The tag of a former connection: the client drops it, and the new delivery stays open.
            mottatt.svar().ack();
            igjen.svar().ack();

            assertTrue(igjen.melding().isResendt());
            b.passert();
            assertEquals(List.of(), b.ikkeTatte());
        }
    }

    private static long konsumenter(Postkasse a) {
        return a.klient().getKonto(B.kontoId()).orElseThrow().getAntallKonsumenter();
    }

    private static List<SendtMelding> sendTre(Postkasse a) {
        return IntStream.range(0, 3).mapToObj(nummer -> a.klient().sendWithoutPayload(ping(B))).toList();
    }

    private static List<Boolean> mottaIgjen(Postkasse b, List<SendtMelding> sendte) throws InterruptedException {
        var resendt = new ArrayList<Boolean>();
        for (var sendt : sendte) {
            var mottatt = b.motta(sendt);
            resendt.add(mottatt.melding().isResendt());
            mottatt.svar().ack();
        }
        return resendt;
    }

    private static void ventTil(BooleanSupplier tilstand) throws InterruptedException {
        var frist = System.nanoTime() + Postkasse.FRIST.toNanos();
        while (!tilstand.getAsBoolean()) {
            assertTrue(System.nanoTime() < frist, "what was waited for never came about");
            Thread.sleep(50);
        }
    }
}
