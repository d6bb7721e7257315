package interop;

import static interop.Meldinger.ping;
import static interop.Meldinger.ukjent;
import static interop.Part.A;
import static interop.Part.B;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.util.concurrent.UncheckedExecutionException;
import feign.FeignException;
import java.io.IOException;
import java.util.Optional;
import no.ks.fiks.io.client.model.Konto;
import no.ks.fiks.io.client.model.KontoId;
import no.ks.fiks.io.client.model.MeldingRequest;
import org.junit.jupiter.api.Test;

/** What the client looks up about a konto (fiks-io.md §4, §13.6, §15). */
@Enerett
class KatalogTest {

    @Test
    void kontoOfTheOtherOrganisationIsFoundWithAllItsFields() throws Exception {
        var konto = konto(B.kontoId()).orElseThrow();
        var organisasjon = B.organisasjon();
        assertAll(
                () -> assertEquals(B.kontoId(), konto.getKontoId()),
                () -> assertEquals(B.konto().navn(), konto.getKontoNavn()),
                () -> assertEquals(organisasjon.fiksOrgId(), konto.getFiksOrgId().getFiksOrgId()),
                () -> assertEquals(organisasjon.navn(), konto.getFiksOrgNavn()),
                () -> assertEquals(organisasjon.orgnr(), konto.getOrgNummer()),
                () -> assertTrue(konto.isGyldigAvsender()),
                () -> assertTrue(konto.isGyldigMottaker()));
    }

    @Test
    void ownKontoIsFound() throws Exception {
        assertEquals(A.kontoId(), konto(A.kontoId()).orElseThrow().getKontoId());
    }

    @Test
    void unknownKontoIsNotFound() throws Exception {
        assertEquals(Optional.empty(), konto(new KontoId(ukjent())));
    }

    @Test
    @SuppressWarnings("try")
    void numberOfConsumersIsWhatIsAttachedNow() throws Exception {
        try (var a = Klientbygger.klient(A).apne()) {
            var tidligere = konsumenter(a.getKonto(B.kontoId()));
            try (var forste = Postkasse.apne(B); var andre = Postkasse.apne(B)) {
                assertEquals(tidligere + 2, konsumenter(a.getKonto(B.kontoId())));
            }
        }
    }

    @Test
    void publishedKeyIsTheOneTheKontoOpensWith() throws Exception {
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            // The client fetches the certificate without credentials and encrypts to it.
            var sendt = a.klient().send(ping(B), "hei", "hei.txt");
            var mottatt = b.motta(sendt);
            mottatt.svar().ack();
            assertEquals(1, Innhold.filerI(mottatt.melding().getDekryptertZipStream()).size());
        }
    }

    @Test
    void keyOfAnUnknownKontoIsNotFound() throws Exception {
        var request = MeldingRequest.builder()
                .mottakerKontoId(new KontoId(ukjent()))
                .meldingType("ping")
                .build();
        try (var a = Klientbygger.klient(A).apne()) {
            var feil = assertThrows(
                    UncheckedExecutionException.class, () -> a.send(request, "hei", "hei.txt"));
            assertInstanceOf(FeignException.NotFound.class, feil.getCause());
        }
    }

    private static Optional<Konto> konto(KontoId kontoId) throws IOException {
        try (var a = Klientbygger.klient(A).apne()) {
            return a.getKonto(kontoId);
        }
    }

    private static long konsumenter(Optional<Konto> konto) {
        return konto.orElseThrow().getAntallKonsumenter();
    }
}
