package interop;

import static interop.Meldinger.ping;
import static interop.Part.A;
import static interop.Part.B;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Payloads on either side of 5 MB, where dokumentlager takes over (fiks-io.md §9), and beyond the 64 MiB that the
 * client accepts over AMQP.
 */
@Enerett
class StorrelseTest {

    /** 4.9 MB lies below the limit however a megabyte is counted, and 5.1 MiB above it. */
    private static final String UNDER = "4900000";

    private static final String OVER = "5347738";
    private static final String STOR = "70000000";

    @ParameterizedTest
    @ValueSource(strings = {"1", UNDER, OVER, STOR})
    void bytesArriveUntouched(String lengde) throws Exception {
        var innhold = new Innhold(Long.parseLong(lengde));
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            var sendt = a.klient().sendAsiceInnhold(ping(B), innhold.strom());
            var mottatt = b.motta(sendt);
            try (var strom = mottatt.melding().getKryptertStream()) {
                assertEquals(innhold.avtrykk(), Innhold.Avtrykk.av(strom));
            }
            assertTrue(mottatt.melding().isHarPayload());
            mottatt.svar().ack();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", UNDER, OVER, STOR})
    void signedAndEncryptedFileArrivesWhole(String lengde, @TempDir Path mappe) throws Exception {
        var innhold = new Innhold(Long.parseLong(lengde));
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            var sendt = a.klient().send(ping(B), innhold.strom(), "vedlegg.pdf");
            var mottatt = b.motta(sendt);
            mottatt.melding().writeDekryptertZip(mappe.resolve("ut.zip"));
            mottatt.svar().ack();

            var filer = Innhold.filerI(Files.newInputStream(mappe.resolve("ut.zip")));
            assertEquals(Map.of("vedlegg.pdf", innhold.avtrykk()), filer);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", OVER})
    void replyArrivesWhole(String lengde) throws Exception {
        var innhold = new Innhold(Long.parseLong(lengde));
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            var sendt = a.klient().sendWithoutPayload(ping(B));
            var mottatt = b.motta(sendt);
            mottatt.svar().svar("pong", innhold.strom(), "svar.pdf");
            mottatt.svar().ack();
            var svar = a.mottaSvarPa(sendt);
            var filer = Innhold.filerI(svar.melding().getDekryptertZipStream());
            svar.svar().ack();

            assertEquals(Map.of("svar.pdf", innhold.avtrykk()), filer);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", OVER})
    void kontoReceivesItsOwnPayload(String lengde) throws Exception {
        var innhold = new Innhold(Long.parseLong(lengde));
        try (var a = Postkasse.apne(A)) {
            var sendt = a.klient().send(ping(A), innhold.strom(), "notat.pdf");
            var mottatt = a.motta(sendt);
            var filer = Innhold.filerI(mottatt.melding().getDekryptertZipStream());
            mottatt.svar().ack();

            assertEquals(Map.of("notat.pdf", innhold.avtrykk()), filer);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {OVER})
    void payloadInDokumentlagerStaysUntilAckedAndBeyond(String lengde) throws Exception {
        var innhold = new Innhold(Long.parseLong(lengde));
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            var sendt = a.klient().sendAsiceInnhold(ping(B), innhold.strom());
            var mottatt = b.motta(sendt);
            mottatt.svar().ack();
            b.passert();

            // Clients may ack first and read afterwards: the document lives for the ttl and 24 hours more.
            try (var strom = mottatt.melding().getKryptertStream()) {
                assertEquals(innhold.avtrykk(), Innhold.Avtrykk.av(strom));
            }
        }
    }
}
