package interop;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/** What a started {@code fiks dev} says about itself in the file named by {@code FIKS_DEV_JSON}. */
public record Devmiljo(
        int versjon,
        Api api,
        Amqp amqp,
        Maskinporten maskinporten,
        Tls tls,
        List<Organisasjon> organisasjoner) {

    public record Api(URI http, URI https) {}

    public record Amqp(String host, int port, int tlsPort) {}

    public record Maskinporten(String issuer, String tokenEndpoint, String audience) {}

    public record Tls(String caPem, String truststore, String truststorePassord) {}

    public record Organisasjon(
            String navn,
            String orgnr,
            UUID fiksOrgId,
            Maskinportenklient maskinporten,
            Integrasjon integrasjon,
            List<Konto> kontoer) {}

    public record Maskinportenklient(
            String clientId,
            String keystore,
            String keystorePassord,
            String alias,
            String nokkelPem,
            String sertifikatPem) {}

    public record Integrasjon(UUID id, String passord) {}

    public record Konto(UUID kontoId, String navn, String privatNokkelPem, String offentligNokkelPem) {}

    private static final String NAVN = "FIKS_DEV_JSON";

    private static Devmiljo lest;

    /** Read once for the whole run. */
    public static synchronized Devmiljo les() {
        if (lest == null) {
            lest = lesFil(sti());
        }
        return lest;
    }

    /** The file itself, from the system property or the environment variable {@code FIKS_DEV_JSON}. */
    public static Path sti() {
        var verdi = System.getProperty(NAVN, System.getenv(NAVN));
        if (verdi == null || verdi.isBlank()) {
            throw new IllegalStateException(NAVN + " must name the dev.json of a started `fiks dev`");
        }
        return Path.of(verdi).toAbsolutePath();
    }

    /** A file that dev.json names; a relative name is relative to dev.json's own folder. */
    public Path fil(String navn) {
        return sti().resolveSibling(navn);
    }

    private static Devmiljo lesFil(Path sti) {
        try {
            return new ObjectMapper()
                    .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .readValue(sti.toFile(), Devmiljo.class);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + sti, e);
        }
    }
}
