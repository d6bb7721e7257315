package interop;

import static interop.Meldinger.ping;
import static interop.Part.A;
import static interop.Part.B;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import no.ks.fiks.io.client.model.SendtMelding;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * A connection outlives the token it was opened with (fiks-io.md §8.8, §13.5). Waits out a real token beside the
 * other tests, holding one message with a prefetch of one, so that it takes none of theirs.
 */
@Execution(ExecutionMode.CONCURRENT)
class LevetidTest {

    /** Past the end of the token by more than any allowance for differing clocks. */
    private static final Duration FORBI = Duration.ofSeconds(15);

    /** When the youngest token ends that the client under test has asked for, in seconds since 1970. */
    private final AtomicLong tokenUtloper = new AtomicLong();

    @Test
    @Timeout(600)
    void connectionOlderThanItsTokenDeliversAndTakesAcks() throws Exception {
        Enerett.Las.ta();
        try (var proxy = new TcpProxy(); var b = Postkasse.apne(B, sporetKlient(proxy))) {
            var holdt = b.motta(sendPing());
            Enerett.Las.slipp();
            ventTilUtlopt();
            Enerett.Las.ta();

            var sendt = sendPing();
            holdt.svar().ack();
            var mottatt = b.motta(sendt);
            mottatt.svar().ack();
            b.passert();
            assertFalse(mottatt.melding().isResendt());
            assertEquals(List.of(), b.brudd());
            assertEquals(1, proxy.antall());
        } finally {
            Enerett.Las.slipp();
        }
    }

    private Klientbygger sporetKlient(TcpProxy proxy) {
        var leverandor = Token.leverandor(B);
        return Klientbygger.klient(B).amqpPort(proxy.port()).prefetch(1).tokenleverandor(() -> {
            var token = leverandor.get();
            tokenUtloper.set(Token.claims(token).get("exp").asLong());
            return token;
        });
    }

    private static SendtMelding sendPing() throws IOException {
        try (var a = Klientbygger.klient(A).apne()) {
            return a.sendWithoutPayload(ping(B));
        }
    }

    private void ventTilUtlopt() throws InterruptedException {
        var utlopt = Instant.ofEpochSecond(tokenUtloper.get()).plus(FORBI);
        Thread.sleep(Duration.between(Instant.now(), utlopt).toMillis());
    }
}
