package interop;

import static interop.Meldinger.ping;
import static interop.Part.A;
import static interop.Part.B;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.UUID;
import no.ks.fiks.dokumentlager.klient.DokumentlagerApiImpl;
import no.ks.fiks.dokumentlager.klient.DokumentlagerKlient;
import no.ks.fiks.dokumentlager.klient.authentication.IntegrasjonAuthenticationStrategy;
import no.ks.fiks.dokumentlager.klient.exception.DokumentlagerHttpException;
import org.junit.jupiter.api.Test;

/** Who may fetch a payload from dokumentlager, seen by KS' own client (dokumentlager.md §12, fiks-io.md §9). */
@Enerett
class DokumentlagerTest {

    private static final Innhold INNHOLD = new Innhold(5_347_738);

    @Test
    void receivingOrganisationMayDownloadThePayload() throws Exception {
        var dokument = sendStorTilB();
        try (var dokumentlager = dokumentlager(B, B.organisasjon().integrasjon().passord())) {
            try (var strom = dokumentlager.download(dokument).getResult()) {
                assertEquals(INNHOLD.avtrykk(), Innhold.Avtrykk.av(strom));
            }
        }
    }

    @Test
    void anyoneElseIsForbidden() throws Exception {
        var dokument = sendStorTilB();
        try (var dokumentlager = dokumentlager(A, A.organisasjon().integrasjon().passord())) {
            assertEquals(403, avslag(dokumentlager, dokument).getStatus());
        }
    }

    @Test
    void unknownDocumentIsNotFound() throws Exception {
        try (var dokumentlager = dokumentlager(B, B.organisasjon().integrasjon().passord())) {
            assertEquals(404, avslag(dokumentlager, UUID.randomUUID()).getStatus());
        }
    }

    @Test
    void wrongPasswordShowsItsStatusAndText() throws Exception {
        // Without WWW-Authenticate in the answer this client throws a protocol error with neither.
        try (var dokumentlager = dokumentlager(B, "feil passord")) {
            var feil = avslag(dokumentlager, UUID.randomUUID());
            assertEquals(401, feil.getStatus());
            assertTrue(feil.getResponse().contains("Autentisering feilet"), feil.getResponse());
        }
    }

    private static DokumentlagerHttpException avslag(DokumentlagerKlient dokumentlager, UUID dokument) {
        return assertThrows(DokumentlagerHttpException.class, () -> dokumentlager.download(dokument));
    }

    /** Sends A to B what is too large for AMQP, and returns the id under which it lies in dokumentlager. */
    private static UUID sendStorTilB() throws Exception {
        try (var a = Klientbygger.klient(A).apne(); var b = RaaAmqp.apne(B)) {
            var sendt = a.sendAsiceInnhold(ping(B), INNHOLD.strom());
            var levering = b.motta(sendt.getMeldingId().getUuid());
            b.ack(levering);
            return UUID.fromString(levering.header("dokumentlager-id"));
        }
    }

    private static DokumentlagerKlient dokumentlager(Part part, String passord) {
        var url = Devmiljo.les().api().https().toString();
        var integrasjon = part.organisasjon().integrasjon().id();
        return DokumentlagerKlient.builder()
                .api(DokumentlagerApiImpl.builder()
                        .uploadBaseUrl(url)
                        .downloadBaseUrl(url)
                        .authenticationStrategy(
                                new IntegrasjonAuthenticationStrategy(Token.klient(part), integrasjon, passord))
                        .build())
                .build();
    }
}
