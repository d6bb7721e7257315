package interop;

import static interop.Meldinger.ping;
import static interop.Meldinger.til;
import static interop.Part.A;
import static interop.Part.B;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * The test environment's clock is moved 48 hours while real clients are connected. It cannot be moved back, so
 * this test runs alone, after all the others.
 */
@Isolated
class KlokkeTest {

    @Test
    void messageExpiresAfterDaysInAMomentAndTheConnectionsStay() throws Exception {
        try (var a = Postkasse.apne(A)) {
            var utloper = a.klient().send(til(B, "ping").ttl(Duration.ofHours(24)).build(), "hei", "hei.txt");
            var lever = a.klient().send(til(B, "ping").ttl(Duration.ofHours(72)).build(), "hei", "hei.txt");
            flyttKlokken("PT48H");

            var kvittering = a.mottaSvarPa(utloper);
            kvittering.svar().ack();
            assertEquals("no.ks.fiks.kvittering.tidsavbrudd", kvittering.melding().getMeldingType());
            try (var b = Postkasse.apne(B)) {
                b.motta(lever).svar().ack();
                b.passert();
                assertEquals(List.of(), b.ikkeTatte());
                assertEquals(List.of(), a.brudd());
                // Tokens are exchanged with programs on the real clock, and still fit together.
                var etter = b.klient().sendWithoutPayload(ping(A));
                a.motta(etter).svar().ack();
            }
        }
    }

    private static void flyttKlokken(String fram) throws Exception {
        var uri = URI.create(Devmiljo.les().api().http() + "/testmiljo/api/v1/tid");
        var request = HttpRequest.newBuilder(uri)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"fram\":\"" + fram + "\"}"))
                .build();
        var svar = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        assumeFalse(svar.statusCode() == 404, "this server's clock cannot be moved");
        assertEquals(2, svar.statusCode() / 100, svar.body());
    }
}
