package interop;

import static interop.Meldinger.ping;
import static interop.Meldinger.til;
import static interop.Meldinger.ukjent;
import static interop.Part.A;
import static interop.Part.B;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AuthenticationFailureException;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import no.ks.fiks.io.client.model.KontoId;
import no.ks.fiks.io.client.model.MeldingRequest;
import no.ks.fiks.io.klient.FiksIOHttpException;
import no.ks.fiks.io.klient.FiksIOUtsendingKlient;
import no.ks.fiks.io.klient.IntegrasjonAuthenticationStrategy;
import no.ks.fiks.io.klient.MeldingSpesifikasjonApiModel;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Refusals as the client shows them to its program (fiks-io.md §13.6, §15; auth-og-konfigurasjon.md §2.1–2.2). */
@Enerett
class TilgangTest {

    @Test
    void wrongPasswordIsRefusedByTheAmqpLogin() {
        var feil = assertThrows(
                RuntimeException.class, () -> Klientbygger.klient(A).passord("feil passord").apne());
        var arsak = assertInstanceOf(AuthenticationFailureException.class, feil.getCause());
        assertTrue(arsak.getMessage().contains("ACCESS_REFUSED"), arsak.getMessage());
    }

    @Test
    void tokenOfAnotherOrganisationIsRefusedByTheAmqpLogin() {
        var bygger = Klientbygger.klient(A).tokenleverandor(Token.leverandor(B));
        var feil = assertThrows(RuntimeException.class, bygger::apne);
        assertInstanceOf(AuthenticationFailureException.class, feil.getCause());
    }

    @Test
    void somethingThatIsNoTokenIsRefusedByTheAmqpLogin() {
        var bygger = Klientbygger.klient(A).tokenleverandor(() -> "ikke.et.token");
        var feil = assertThrows(RuntimeException.class, bygger::apne);
        assertInstanceOf(AuthenticationFailureException.class, feil.getCause());
    }

    @Test
    void queueOfAForeignKontoIsRefused() throws Exception {
        assertEquals(AMQP.ACCESS_REFUSED, kanalfeilVedLyttingPa(B.konto().kontoId()));
    }

    @Test
    void queueOfAnUnknownKontoIsNotFound() throws Exception {
        assertEquals(AMQP.NOT_FOUND, kanalfeilVedLyttingPa(ukjent()));
    }

    @Test
    void sendingFromAForeignKontoIsForbidden() throws Exception {
        var feil = avvistSending(Klientbygger.klient(A).kontoId(B.konto().kontoId()), ping(A));
        sjekkFeilkropp(403, feil);
    }

    @Test
    void sendingFromAnUnknownKontoIsRefused() throws Exception {
        var feil = avvistSending(Klientbygger.klient(A).kontoId(ukjent()), ping(A));
        assertTrue(feil.getStatus() == 403 || feil.getStatus() == 404, feil.getMessage());
        sjekkFeilkropp(feil.getStatus(), feil);
    }

    @Test
    void sendingToAnUnknownKontoIsNotFound() throws Exception {
        var request = MeldingRequest.builder()
                .mottakerKontoId(new KontoId(ukjent()))
                .meldingType("ping")
                .build();
        sjekkFeilkropp(404, avvistSending(Klientbygger.klient(A), request));
    }

    @Test
    void ttlBelowOneSecondIsABadRequest() throws Exception {
        var request = til(B, "ping").ttl(Duration.ofMillis(999)).build();
        sjekkFeilkropp(400, avvistSending(Klientbygger.klient(A), request));
    }

    @Test
    void refusalReachesTheSenderOfALargePayload() throws Exception {
        try (var klient = Klientbygger.klient(A).kontoId(B.konto().kontoId()).apne()) {
            var feil = assertThrows(
                    FiksIOHttpException.class,
                    () -> klient.sendAsiceInnhold(ping(A), new Innhold(20_000_000).strom()));
            sjekkFeilkropp(403, feil);
        }
    }

    @Test
    void wrongPasswordIsUnauthorizedOverHttpAlsoWithALargePayload() throws Exception {
        try (var klient = utsending("feil passord")) {
            var utenPayload = assertThrows(
                    FiksIOHttpException.class, () -> klient.send(spesifikasjon(), Optional.empty()));
            var medPayload = assertThrows(
                    FiksIOHttpException.class,
                    () -> klient.send(spesifikasjon(), Optional.of(new Innhold(20_000_000).strom())));
            assertAll(sjekkAutentiseringFeilet(utenPayload), sjekkAutentiseringFeilet(medPayload));
        }
    }

    @Test
    void standAloneSenderReadsTheAnswer() throws Exception {
        // This client refuses an answer with any field it does not know.
        try (var klient = utsending(A.organisasjon().integrasjon().passord()); var b = Postkasse.apne(B)) {
            var svar = klient.send(spesifikasjon(), Optional.of(new Innhold(10).strom()));
            b.motta(melding -> melding.getMeldingId().getUuid().equals(svar.getMeldingId())).svar().ack();
            assertEquals(Duration.ofDays(7).toMillis(), svar.getTtl());
        }
    }

    /** The reply code with which the server closes the channel when A subscribes to the konto. */
    private static int kanalfeilVedLyttingPa(UUID kontoId) throws IOException {
        try (var klient = Klientbygger.klient(A).kontoId(kontoId).apne()) {
            var feil = assertThrows(RuntimeException.class, () -> klient.newSubscription((melding, svar) -> {}));
            var signal = assertInstanceOf(ShutdownSignalException.class, feil.getCause().getCause());
            assertFalse(signal.isHardError(), "the channel is closed, not the connection");
            return assertInstanceOf(AMQP.Channel.Close.class, signal.getReason()).getReplyCode();
        }
    }

    private static FiksIOHttpException avvistSending(Klientbygger bygger, MeldingRequest request)
            throws IOException {
        try (var klient = bygger.apne()) {
            return assertThrows(FiksIOHttpException.class, () -> klient.sendWithoutPayload(request));
        }
    }

    private static void sjekkFeilkropp(int status, FiksIOHttpException feil) throws IOException {
        var kropp = new ObjectMapper().readTree(feil.getResponse());
        assertAll(
                () -> assertEquals(status, feil.getStatus(), feil.getMessage()),
                () -> assertEquals(status, kropp.path("status").asInt()),
                () -> assertTrue(kropp.path("timestamp").isIntegralNumber(), "epoch milliseconds"),
                () -> UUID.fromString(kropp.path("errorId").asText()),
                () -> assertEquals("/fiks-io/api/v1/send", kropp.path("path").asText()),
                () -> assertFalse(kropp.path("message").asText().isBlank()),
                () -> assertFalse(kropp.path("error").asText().isBlank()));
    }

    private static Executable sjekkAutentiseringFeilet(FiksIOHttpException feil) {
        var begynnelse = "Autentisering feilet for integrasjon med id " + A.organisasjon().integrasjon().id();
        return () -> {
            sjekkFeilkropp(401, feil);
            var tekst = new ObjectMapper().readTree(feil.getResponse()).path("message").asText();
            assertTrue(tekst.startsWith(begynnelse), tekst);
        };
    }

    private static FiksIOUtsendingKlient utsending(String passord) {
        var api = Devmiljo.les().api().https();
        return FiksIOUtsendingKlient.builder()
                .withScheme(api.getScheme())
                .withHostName(api.getHost())
                .withPortNumber(api.getPort())
                .withAuthenticationStrategy(new IntegrasjonAuthenticationStrategy(
                        Token.leverandor(A), A.organisasjon().integrasjon().id(), passord))
                .build();
    }

    private static MeldingSpesifikasjonApiModel spesifikasjon() {
        return MeldingSpesifikasjonApiModel.builder()
                .avsenderKontoId(A.konto().kontoId())
                .mottakerKontoId(B.konto().kontoId())
                .meldingType("ping")
                .build();
    }
}
