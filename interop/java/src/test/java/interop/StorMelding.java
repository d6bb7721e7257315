package interop;

import static interop.Meldinger.ping;
import static interop.Part.A;
import static interop.Part.B;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * One very large payload, of {@code -Dfiks.bytes} bytes. Its name keeps it out of the ordinary run, since it takes
 * minutes: {@code cargo xtask bench stor} starts it and watches the server's memory.
 */
class StorMelding {

    @Test
    @Timeout(value = 1, unit = TimeUnit.HOURS)
    void arrivesWhole(@TempDir Path mappe) throws Exception {
        var innhold = new Innhold(Long.parseLong(System.getProperty("fiks.bytes")));
        try (var a = Postkasse.apne(A); var b = Postkasse.apne(B)) {
            var sendt = a.klient().send(ping(B), innhold.strom(), "vedlegg.pdf");
            var mottatt = b.motta(sendt);
            mottatt.melding().writeDekryptertZip(mappe.resolve("ut.zip"));
            mottatt.svar().ack();

            var filer = Innhold.filerI(Files.newInputStream(mappe.resolve("ut.zip")));
            assertEquals(Map.of("vedlegg.pdf", innhold.avtrykk()), filer);
        }
    }
}
