package interop;

import static interop.Meldinger.ping;
import static interop.Meldinger.til;
import static interop.Part.A;
import static interop.Part.B;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import no.ks.fiks.io.client.model.StreamPayload;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Java opens and verifies what Rust packs, and the other way round (fiks-io.md §11, §13.2). */
@Enerett
@EnabledIfEnvironmentVariable(
        named = FiksCli.NAVN,
        matches = ".+",
        disabledReason = "FIKS_BIN does not name a fiks binary: Rust and Java were not run against each other")
class RustTest {

    @TempDir
    private Path mappe;

    @BeforeEach
    void tomKoen() throws Exception {
        Postkasse.tom(B);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 100_000, 5_347_738})
    void javaOpensAndVerifiesWhatRustSends(long lengde) throws Exception {
        var fil = new Innhold(lengde).skriv(mappe.resolve("vedlegg.pdf"));
        var notat = Files.writeString(mappe.resolve("notat æøå.txt"), "hei");
        try (var b = Postkasse.apne(B)) {
            FiksCli.send(A, B, "no.example.rust.v1", List.of(fil, notat));
            var mottatt = b.motta(melding -> melding.getMeldingType().equals("no.example.rust.v1"));
            mottatt.melding().writeDekryptertZip(mappe.resolve("ut.zip"));
            mottatt.svar().ack();

            assertEquals(A.kontoId(), mottatt.melding().getAvsenderKontoId());
            var filer = Innhold.filerI(Files.newInputStream(mappe.resolve("ut.zip")));
            assertEquals(List.of("vedlegg.pdf", "notat æøå.txt"), List.copyOf(filer.keySet()));
            assertEquals(new Innhold(lengde).avtrykk(), filer.get("vedlegg.pdf"));
            assertEquals(Innhold.Avtrykk.avFil(notat), filer.get("notat æøå.txt"));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 100_000, 5_347_738})
    void rustOpensAndVerifiesWhatJavaSends(long lengde) throws Exception {
        var ut = Files.createDirectory(mappe.resolve("ut"));
        try (var a = Klientbygger.klient(A).apne(); var rust = FiksCli.lytt(B, ut)) {
            a.send(til(B, "no.example.java.v1").build(), List.of(
                    new StreamPayload(new Innhold(lengde).strom(), "vedlegg.pdf"),
                    new StreamPayload(new Innhold(3).strom(), "notat æøå.txt")));
            rust.ventPaSlutt();

            var ventet = Map.of(
                    "vedlegg.pdf", new Innhold(lengde).avtrykk(),
                    "notat æøå.txt", new Innhold(3).avtrykk());
            assertEquals(ventet, filerUnder(ut));
        }
    }

    @Test
    void rustAcksWhatItHasTaken() throws Exception {
        var ut = Files.createDirectory(mappe.resolve("ut"));
        try (var a = Klientbygger.klient(A).apne(); var rust = FiksCli.lytt(B, ut)) {
            a.send(ping(B), "hei", "hei.txt");
            rust.ventPaSlutt();
        }
        try (var b = Postkasse.apne(B)) {
            b.passert();
            assertEquals(List.of(), b.ikkeTatte());
        }
    }

    @Test
    void javaReceivesARustMessageWithoutPayload() throws Exception {
        try (var b = Postkasse.apne(B)) {
            FiksCli.send(A, B, "no.example.rust.ping", List.of());
            var mottatt = b.motta(melding -> melding.getMeldingType().equals("no.example.rust.ping"));
            mottatt.svar().ack();
            assertFalse(mottatt.melding().isHarPayload());
        }
    }

    /** The files below a folder by their last name. */
    private static Map<String, Innhold.Avtrykk> filerUnder(Path mappe) throws IOException {
        var filer = new TreeMap<String, Innhold.Avtrykk>();
        try (var stier = Files.walk(mappe)) {
            stier.filter(Files::isRegularFile)
                    .forEach(fil -> filer.put(fil.getFileName().toString(), Innhold.Avtrykk.avFil(fil)));
        }
        return filer;
    }
}
