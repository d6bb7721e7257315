package interop;

import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import no.ks.fiks.io.client.FiksIOKlient;
import no.ks.fiks.io.client.SvarSender;
import no.ks.fiks.io.client.model.MeldingRequest;
import no.ks.fiks.io.client.model.MottattMelding;
import no.ks.fiks.io.client.model.SendtMelding;

/**
 * A client with a subscription whose messages wait here until the test asks for them, in any order. A message
 * that the test took is the test's to ack; those it never took (left by an earlier failure) are acked at closing.
 */
final class Postkasse implements AutoCloseable {

    /** Long enough for a busy machine: only a failure waits this long. */
    static final Duration FRIST = Duration.ofSeconds(60);

    record Levering(MottattMelding melding, SvarSender svar) {}

    private final Part part;
    private final FiksIOKlient klient;
    private final BlockingQueue<Levering> levert = new LinkedBlockingQueue<>();
    private final List<Levering> ikkeTatt = new ArrayList<>();
    private final List<ShutdownSignalException> brudd = new CopyOnWriteArrayList<>();

    private Postkasse(Part part, FiksIOKlient klient) {
        this.part = part;
        this.klient = klient;
        klient.newSubscription((melding, svar) -> levert.add(new Levering(melding, svar)), brudd::add);
    }

    static Postkasse apne(Part part) {
        return apne(part, Klientbygger.klient(part));
    }

    static Postkasse apne(Part part, Klientbygger bygger) {
        return new Postkasse(part, bygger.apne());
    }

    /** Empties the queue of {@code part} of whatever earlier tests left in it. */
    static void tom(Part part) throws InterruptedException {
        try (var postkasse = apne(part)) {
            postkasse.passert();
        }
    }

    FiksIOKlient klient() {
        return klient;
    }

    /** The times that the subscription was lost so far. */
    List<ShutdownSignalException> brudd() {
        return brudd;
    }

    Levering motta(SendtMelding sendt) throws InterruptedException {
        return motta(melding -> melding.getMeldingId().equals(sendt.getMeldingId()));
    }

    /** What answers {@code sendt}: a reply from the other side, or the platform's feedback. */
    Levering mottaSvarPa(SendtMelding sendt) throws InterruptedException {
        return motta(melding -> sendt.getMeldingId().equals(melding.getSvarPaMelding()));
    }

    Levering motta(Predicate<MottattMelding> soker) throws InterruptedException {
        var frist = Instant.now().plus(FRIST);
        var funnet = blantIkkeTatte(soker);
        while (funnet == null) {
            funnet = neste(frist, soker);
        }
        return funnet;
    }

    /**
     * Sends a message from the konto to itself, receives and acks it. A queue is first in, first out: what was
     * put into it before has now been handed over too.
     */
    void passert() throws InterruptedException {
        var sendt = klient.sendWithoutPayload(MeldingRequest.builder()
                .mottakerKontoId(part.kontoId())
                .meldingType("passert")
                .build());
        motta(sendt).svar().ack();
    }

    /** The messages handed over but not taken. */
    List<MottattMelding> ikkeTatte() {
        levert.drainTo(ikkeTatt);
        return ikkeTatt.stream().map(Levering::melding).toList();
    }

    private Levering blantIkkeTatte(Predicate<MottattMelding> soker) {
        var funnet = ikkeTatt.stream().filter(levering -> soker.test(levering.melding())).findFirst();
        funnet.ifPresent(ikkeTatt::remove);
        return funnet.orElse(null);
    }

    private Levering neste(Instant frist, Predicate<MottattMelding> soker) throws InterruptedException {
        var levering = levert.poll(Duration.between(Instant.now(), frist).toMillis(), TimeUnit.MILLISECONDS);
        if (levering == null) {
            var andre = ikkeTatte().stream().map(m -> m.getMeldingType() + " " + m.getMeldingId()).toList();
            throw new AssertionError("the expected message never came to konto " + part.konto().navn()
                    + "; others that did: " + andre + "; subscription lost: " + brudd);
        }
        if (soker.test(levering.melding())) {
            return levering;
        }
        ikkeTatt.add(levering);
        return null;
    }

    @Override
    public void close() {
        levert.drainTo(ikkeTatt);
        ikkeTatt.forEach(Postkasse::kvitter);
        try {
            klient.close();
        } catch (IOException e) {
            throw new AssertionError("the client cannot close its connection", e);
        }
    }

    private static void kvitter(Levering levering) {
        try {
            levering.svar().ack();
        } catch (RuntimeException e) {
            // The connection is gone, which the test itself brought about: the message goes back to the queue.
        }
    }
}
